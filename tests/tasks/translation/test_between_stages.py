"""Networks between two stages of a run, and pictures of what they make."""

import numpy as np
import pytest
import torch

from saddlepoint.networks import SuperResolver
from saddlepoint.tasks.translation.interpolation import interpolated
from saddlepoint.tasks.translation.model import ImageTranslator
from saddlepoint.tasks.translation.pictures import ACROSS, beside_each_other


def translator(seed: int, width: int = 4) -> ImageTranslator:
    torch.manual_seed(seed)
    spec = {"name": "super-resolver", "width": width, "blocks": 1}
    network = SuperResolver((1, 8, 8), (1, 16, 16), width=width, blocks=1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return ImageTranslator(network, spec, (1, 16, 16), (1, 8, 8), (-1.0, 1.0))


def test_between_two_networks_parameters_are_on_the_line_and_both_are_left_alone() -> None:
    first, second = translator(0), translator(1)
    before = [{k: v.clone() for k, v in each.network.state_dict().items()} for each in (first, second)]
    between = interpolated(first, second, 0.3).network.state_dict()
    for key, value in between.items():
        torch.testing.assert_close(value, 0.7 * before[0][key] + 0.3 * before[1][key])
    for each, kept in zip((first, second), before, strict=True):
        assert all(torch.equal(v, kept[k]) for k, v in each.network.state_dict().items())
    with torch.no_grad():
        interpolated(first, second, 1.0).network.body.last.bias.add_(1.0)
        interpolated(first, second, 0.0).network.body.last.bias.add_(1.0)
    assert torch.equal(second.network.body.last.bias, before[1]["body.last.bias"])
    assert torch.equal(first.network.body.last.bias, before[0]["body.last.bias"])


def test_networks_that_differ_in_more_are_refused() -> None:
    with pytest.raises(ValueError, match="different parameters"):
        interpolated(translator(0), translator(0, width=5), 0.5)
    with pytest.raises(ValueError, match="from 0"):
        interpolated(translator(0), translator(1), -0.1)
    with pytest.raises(ValueError, match=r"strength is 1.5: give a number from 0"):
        interpolated(translator(0), translator(1), 1.5)


def test_pictures_show_small_grey_inputs_beside_large_coloured_targets() -> None:
    small = torch.tensor([[0, 50], [100, 150]], dtype=torch.uint8).repeat_interleave(8, 0).repeat_interleave(8, 1)
    large = small.repeat_interleave(2, 0).repeat_interleave(2, 1)
    one, three = small.expand(ACROSS, 1, 16, 16), large.expand(ACROSS, 3, 32, 32)
    assert np.array_equal(beside_each_other([one, three, three]), beside_each_other([three, three, three]))
