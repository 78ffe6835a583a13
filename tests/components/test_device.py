"""Where a run computes, and what is told where a device can't."""

import pytest
import torch

from saddlepoint.components.device import missing_operation, pick_device
from saddlepoint.configuration import ConfigurationError


def test_auto_is_the_accelerator_that_torch_names(monkeypatch):
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    assert pick_device("auto") == torch.device("cpu")
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    for kind in ("cuda", "mps", "xpu"):
        found = torch.device(kind)
        monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda found=found: found)
        assert pick_device("auto").type == kind


@pytest.mark.parametrize("name", ["meta", "cuda:99", "vulkan", "gpu", "xpu", "", "cpu:x"])
def test_a_device_that_is_not_here_is_refused_with_those_that_are(name):
    with pytest.raises(ConfigurationError, match="take --device cpu"):
        pick_device(name)


def test_all_accelerators_are_named(monkeypatch):
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device("xpu"))
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: 2)
    with pytest.raises(ConfigurationError, match="cpu, or xpu, or xpu:1"):
        pick_device("vulkan")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "The operator 'aten::_linalg_eigh' is not currently implemented for the MPS device. If you want …",
            "the operation aten::_linalg_eigh for mps: give --device cpu (or set PYTORCH_ENABLE_MPS_FALLBACK=1",
        ),
        (
            "Could not run 'aten::searchsorted.Tensor' with arguments from the 'XPU' backend. This could be …",
            "the operation aten::searchsorted.Tensor for xpu: give --device cpu",
        ),
        (
            "Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64.",
            "numbers of type float64 for mps: give --device cpu",
        ),
    ],
)
def test_an_operation_that_a_device_lacks_is_told_with_the_remedy(said, told):
    assert told in missing_operation(NotImplementedError(said))
