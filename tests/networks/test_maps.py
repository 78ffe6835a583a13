"""Discriminators that judge patches and pixels: what a logit sees, scales, layers, and losses of maps."""

import pytest
import torch
from torch import nn

from saddlepoint.components.precision import MixedPrecision
from saddlepoint.losses import LOSSES
from saddlepoint.networks import DiscriminatorOutput, PatchDiscriminator, UNetDiscriminator


@pytest.mark.parametrize(("depth", "sees"), [(1, 16), (2, 34), (3, 70), (4, 142)])
def test_a_patch_is_as_large_as_its_paper_has_it(depth: int, sees: int) -> None:
    """Isola et al. 2017, appendix 6.1.2: 16x16, 34x34 and 70x70."""
    side = 2 * sees
    judge = PatchDiscriminator((1, side, side), width=2, depth=depth).double()
    image = torch.randn(1, 1, side, side, dtype=torch.float64, requires_grad=True)
    logits = judge(image)
    middle = logits.shape[1] // 2
    (gradient,) = torch.autograd.grad(logits[0, middle, middle], image)
    rows = gradient[0, 0].abs().amax(1).nonzero()
    assert int(rows.max() - rows.min()) + 1 == sees


@pytest.mark.parametrize("size", [(24, 24), (28, 28), (65, 97)])
def test_patches_of_any_size_and_pixels_of_any_size(size: tuple[int, int]) -> None:
    images = torch.randn(2, 3, *size)
    assert UNetDiscriminator((3, *size), width=2)(images).shape == (2, *size)
    height, width = (side // 8 - 2 for side in size)
    assert PatchDiscriminator((3, *size), width=2)(images).shape == (2, height, width)


def test_every_scale_has_the_same_weight_in_a_mean_over_logits() -> None:
    """The second map is that of the same network on the halved image, each logit repeated."""
    torch.manual_seed(0)
    judge = PatchDiscriminator((1, 64, 64), width=2, scales=2)
    coarse = PatchDiscriminator((1, 32, 32), width=2)
    coarse.scales.load_state_dict({f"0{key[1:]}": p for key, p in judge.scales.state_dict().items() if key[0] == "1"})
    images = torch.randn(3, 1, 64, 64)
    logits, own = judge(images), coarse(torch.nn.functional.avg_pool2d(images, 2))
    assert (logits.shape, own.shape) == ((3, 2, 6, 6), (3, 2, 2))
    torch.testing.assert_close(logits[:, 1], own.repeat_interleave(3, 1).repeat_interleave(3, 2))
    torch.testing.assert_close(logits[:, 1].mean(), own.mean())


@pytest.mark.parametrize(
    ("judge", "layers"),
    [
        (PatchDiscriminator((2, 32, 32), width=2, depth=2, scales=2), 2 * 3),
        (UNetDiscriminator((2, 32, 32), width=2, depth=2), 1 + 2 + 2 + 1),
    ],
    ids=["patch", "unet"],
)
def test_layers_are_told_one_a_sample_and_lead_back_to_it(judge: nn.Module, layers: int) -> None:
    images = torch.randn(3, 2, 32, 32, requires_grad=True)
    seen = judge.eval()(images, None, True)
    torch.testing.assert_close(seen.logits, judge(images))
    assert len(seen.layers) == layers
    for layer in seen.layers:
        (gradient,) = torch.autograd.grad(layer[1].sum(), images, retain_graph=True)
        assert (gradient.flatten(1).abs().amax(1) > 0).tolist() == [False, True, False]


def test_layers_come_out_of_lowered_precision_as_logits_do() -> None:
    judge, kinds = PatchDiscriminator((1, 32, 32), width=2, depth=1), []

    def losses(players: dict[str, nn.Module], batch: torch.Tensor, _names: list[str]) -> dict[str, torch.Tensor]:
        seen: DiscriminatorOutput = players["one"](batch, None, True)
        kinds.extend(part.dtype for part in (seen.logits, seen.features, *seen.layers))
        return {"one": seen.logits.sum()}

    MixedPrecision(losses, torch.bfloat16)({"one": judge}, torch.randn(2, 1, 32, 32), ["one"])
    assert kinds == [torch.float32] * 4


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_of_maps_is_that_of_all_their_logits(name: str) -> None:
    loss = LOSSES[name]()
    real, generated = torch.randn(2, 4, 3, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for player in (loss.discriminator, loss.generator):
        torch.testing.assert_close(player(real, generated), player(real.flatten(), generated.flatten()))


@pytest.mark.parametrize(
    ("dials", "message"),
    [
        ({"depth": 0}, "at least 1"),
        ({"scales": 0}, "at least 1"),
        ({"width": 0}, "at least 1"),
        ({"width": 64, "widest": 32}, "at most widest"),
        ({"depth": 4}, "32x32 images are too small for a depth of 4 on 1 scales: give sides of at least 48"),
        ({"scales": 3}, "at least 96"),
    ],
)
def test_what_does_not_fit_is_refused(dials: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PatchDiscriminator((1, 32, 32), **dials)
    if "scales" not in dials and dials != {"depth": 4}:
        with pytest.raises(ValueError, match=r"at least 1|at most widest"):
            UNetDiscriminator((1, 32, 32), **dials)
