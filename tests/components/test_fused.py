"""Optimizers in PyTorch's fused form: chosen where it exists and nothing else was asked, the same steps in float64."""

import pytest
import torch

from saddlepoint.components.registries import OPTIMIZER_REGISTRY
from saddlepoint.runs.assembly import fused


@pytest.mark.parametrize("name", ["Adam", "AdamW", "SGD", "Adagrad"])
def test_the_fused_form_makes_the_same_steps(name):
    moved = []
    for spec in ({"name": name, "lr": 2e-4}, fused({"name": name, "lr": 2e-4})):
        source = torch.Generator().manual_seed(0)
        parameter = torch.nn.Parameter(torch.randn(200, generator=source, dtype=torch.float64))
        optimizer = OPTIMIZER_REGISTRY.build(spec, params=[parameter])
        scale = 10.0 ** torch.randint(-12, 1, (200,), generator=source)  # also gradients below ε
        for _ in range(20):
            parameter.grad = scale * torch.randn(200, generator=source, dtype=torch.float64)
            optimizer.step()
        assert optimizer.param_groups[0]["fused"] is (spec.get("fused"))
        moved.append(parameter.detach())
    torch.testing.assert_close(*moved, rtol=0, atol=1e-15)


def test_what_was_asked_for_and_what_has_no_such_form_stay():
    for spec in (
        {"name": "Adam", "fused": False},
        {"name": "Adam", "foreach": True},
        {"name": "RMSprop"},
        {"name": "by-shape"},
    ):
        assert fused(spec) == spec
