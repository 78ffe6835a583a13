"""Packs of samples that are judged as one, from the stream to the run: there are N/m logits."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from playing import built, play
from saddlepoint.configuration import ConfigurationError, assign
from saddlepoint.data.stream import SampleStream
from saddlepoint.penalties import R1, R2, DiscriminatorPass, GradientPenalty, LeCam, Penalty, ZeroCentred
from saddlepoint.tasks import recipe_named


class Packed(nn.Module):
    """D(x_1, …, x_m) = ½ Σ_j a_j ‖x_j‖² over a pack."""

    def __init__(self, factors: Tensor) -> None:
        super().__init__()
        self.factors = factors

    def forward(self, samples: Tensor) -> Tensor:
        packs = samples.reshape(-1, len(self.factors), samples.shape[1])
        return (packs.square().sum(2) * self.factors).sum(1) / 2


def seen_by(discriminator: Packed) -> DiscriminatorPass:
    source = torch.Generator().manual_seed(0)
    real, generated = (torch.randn(6, 3, generator=source, dtype=torch.float64).requires_grad_() for _ in range(2))
    mix = torch.rand(3, 1, generator=source, dtype=torch.float64).repeat_interleave(2, 0)
    return DiscriminatorPass(discriminator, real, generated, discriminator(real), discriminator(generated), mix)


@pytest.mark.parametrize("penalty", [R1(2.0), R2(2.0), ZeroCentred(1.0)], ids=lambda p: type(p).__name__)
def test_the_norm_is_that_of_the_gradient_in_a_whole_pack(penalty: Penalty) -> None:
    """∇D = (a_1 x_1, a_2 x_2), so ‖∇D‖² = Σ a_j² ‖x_j‖², and E is the mean over three packs."""
    seen = seen_by(Packed(torch.tensor([1.0, 3.0], dtype=torch.float64)))
    at = {R1: seen.real, R2: seen.generated, ZeroCentred: torch.lerp(seen.real, seen.generated, seen.mix)}
    squares = at[type(penalty)].detach().square().sum(1).reshape(3, 2)
    assert float(penalty(seen).detach()) == pytest.approx(float((squares[:, 0] + 9 * squares[:, 1]).mean()))


def test_a_linear_discriminator_of_packs_with_slope_1_pays_no_gradient_penalty() -> None:
    """D(x_1, x_2) = 0.6 x_1 + 0.8 x_2 is 1-Lipschitz in the pack, and neither part alone has slope 1."""

    def discriminator(x: Tensor) -> Tensor:
        return x.reshape(-1, 2) @ torch.tensor([0.6, 0.8])

    x = torch.randn(8, 1)
    seen = DiscriminatorPass(discriminator, x, x.clone(), discriminator(x), discriminator(x), torch.zeros(8, 1))
    assert float(GradientPenalty()(seen).detach()) == pytest.approx(0, abs=1e-9)


def test_lecam_s_half_life_counts_samples_and_not_packs() -> None:
    """100 samples are a half-life: of 4 and then of 1, the older weighs ½ of the newer, so that α = (4 + 2 · 1) / 3."""
    penalty, samples = LeCam(half_life=100), torch.zeros(100, 1)
    for level in (4.0, 1.0):
        logits = torch.full((50,), level)
        penalty.memory.observe(
            DiscriminatorPass(lambda x: x[::2, 0], samples, samples, logits, logits, torch.zeros(100, 1))
        )
    assert float(penalty.memory.real) == pytest.approx(2.0)


def test_a_pack_lies_on_one_segment() -> None:
    stream = SampleStream(torch.zeros(30, 2), 12, 0, 2, "normal", packing=3)
    mix = stream(0).value.mix.reshape(4, 3)
    assert (mix == mix[:, :1]).all()
    assert len(mix[:, 0].unique()) == 4


def test_batches_of_another_size_are_whole_packs() -> None:
    stream = SampleStream(torch.zeros(30, 2), 12, 0, 2, "normal", packing=3)
    assert [stream.part(batch_size=n)(0).size for n in (2, 3, 10, 30)] == [3, 3, 9, 30]
    assert stream.in_packs(29) == 27
    with pytest.raises(ValueError, match="batches of 10 are no whole packs of 3: give a multiple of 3"):
        SampleStream(torch.zeros(30, 2), 10, 0, 2, "normal", packing=3)


TINY = ("batch_size=24", "budget.samples=96", "device=cpu", "every.checkpoint=48")
RUNS = {
    "points": ("grid", ["data.points=100"]),
    "images": ("digits", ["conditional=false", "data.size=8", "generator.network.widths=[12]"]),
    "discriminator": (
        "grid",
        ["data.points=100", "loss=wasserstein", "penalties=none", "penalties.gradient-penalty=on"],
    ),
    "convolutional": (
        "digits",
        ["conditional=false", "data.size=8", "discriminator.network=convolutional-discriminator"],
    ),
}


@pytest.mark.parametrize("packing", [2, pytest.param(3, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("recipe", "sets"), RUNS.values(), ids=RUNS)
def test_runs_of_packs_go_through(recipe: str, sets: list[str], packing: int, tmp_path: Path) -> None:
    config = assign(recipe_named(recipe), [*TINY, *sets, f"discriminator.network.packing={packing}"])
    assembled, result = play(config, tmp_path)
    assert result.exit_code == 0
    monitors = assembled.setup.probe.monitors(
        assembled.game
    )  # on 100 points, or 256 images, of which 3 divides neither
    assert 0 <= monitors["discriminator_auc"] <= 1
    assert monitors["discriminator_gradient_norm"] > 0


def test_adaptive_augmentation_counts_samples_and_not_packs() -> None:
    sets = [
        "conditional=false",
        "augmentation.kind=adaptive",
        "augmentation.target=0.5",
        "augmentation.strength=0.5",
        "data.size=8",
    ]
    steps = []
    for packing in (1, 2):
        config = assign(recipe_named("digits"), [*sets, f"discriminator.network.packing={packing}", "device=cpu"])
        assembled = built(config)
        last = list(assembled.game.players["discriminator"].body.children())[-1]
        with torch.no_grad():
            last.weight.zero_()
            last.bias.fill_(1.0)  # sure of everything, so that the strength rises by as much as it may
        assembled.game.field(assembled.batches.next())
        assembled.game.end_step()
        steps.append(float(assembled.game.players["discriminator"].augmented.strength) - 0.5)
    assert steps[0] != 0
    assert steps[0] == pytest.approx(steps[1])


def test_batches_that_are_no_whole_packs_are_refused_with_a_size_that_is() -> None:
    with pytest.raises(ConfigurationError, match="equal parts of whole packs of 3: give --batch-size 66"):
        assign(recipe_named("digits"), ["discriminator.network.packing=3"])


@pytest.mark.parametrize("packing", [0, -2])
def test_a_pack_of_none_is_refused(packing: int) -> None:
    with pytest.raises(ConfigurationError, match="at least 1"):
        assign(recipe_named("ring-pacgan"), [f"discriminator.network.packing={packing}"])
