"""How the field is computed: in bfloat16, with channels last, in parts. It stays the same field."""

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from playing import built as assembled_of
from playing import play
from saddlepoint.components.adversary import AdversarialLosses, Adversary, of_latents
from saddlepoint.components.precision import MixedPrecision
from saddlepoint.configuration import ConfigurationError, assign
from saddlepoint.core import Batch, Game, Point
from saddlepoint.data.rows import in_parts
from saddlepoint.data.stream import SampleBatch
from saddlepoint.losses import AdversarialLoss, relativistic
from saddlepoint.penalties import R1, R2, GradientPenalty
from saddlepoint.runs.assembly import Assembly
from saddlepoint.tasks import Config, model_at, recipe_named
from tiers import quick

CONVOLUTIONAL = (
    *("generator.network={name: convolutional-generator, width: 8, output: tanh}", "data.size=16", "device=cpu"),
    *("discriminator.network={name: convolutional-discriminator, width: 8}", "batch_size=24"),
)


def config_of(*sets: str) -> Config:
    return assign(recipe_named("digits"), ["conditional=false", *CONVOLUTIONAL, *sets])


def built(*sets: str) -> Assembly:
    return assembled_of(config_of(*sets))


def field(*sets: str) -> Point:
    assembled = built(*sets)
    return assembled.game.field(assembled.batches.next())


def distance(a: Point, b: Point, name: str) -> float:
    return float((a - b).only(name).norm() / a.only(name).norm())


PENALTIES = {
    "none": ["penalties=none"],
    "r1 and r2": [],
    "gradient-penalty": ["penalties.gradient-penalty=on", "loss=wasserstein"],
    "augmented": ["augmentation.kind=adaptive", "augmentation.strength=0.7"],
    "regularised": ["regularisers.path-length=on", "regularisers.feature-matching=on"],
    "conditional": ["conditional=true", "auxiliary=1"],
}


@pytest.mark.parametrize("sets", PENALTIES.values(), ids=PENALTIES)
def test_the_field_in_bfloat16_is_the_field_to_a_few_percent(sets: list[str]) -> None:
    """bfloat16 has 8 bits, a relative error of 2⁻⁹ an operation, which adds up over two networks there and back.

    Measured: .012 to .022 for the discriminator, .03 to .08 for the generator, whose gradient passes both; the
    penalties' double backward adds nothing to it.
    """
    exact, lower = field(*sets), field(*sets, "precision=bfloat16")
    for name, tolerance in {"discriminator": 0.04, "generator": 0.12}.items():
        assert 1e-6 < distance(exact, lower, name) < tolerance, name
    assert {t.dtype for t in lower.tensors} == {torch.float32}


def test_the_layers_are_in_bfloat16_and_what_they_say_is_not() -> None:
    seen: dict[str, torch.dtype] = {}
    layer = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    layer[0].register_forward_hook(lambda _m, _i, output: seen.update(inside=output.dtype))

    def losses(players: dict[str, nn.Module], batch: Tensor, _names: list[str]) -> dict[str, Tensor]:
        said = players["one"](batch)
        seen["outside"] = said.dtype
        return {"one": said.sum()}

    MixedPrecision(losses, torch.bfloat16)({"one": layer}, torch.randn(3, 2), ["one"])
    assert seen == {"inside": torch.bfloat16, "outside": torch.float32}


def test_a_penalty_s_double_backward_is_right_in_bfloat16() -> None:
    """Powers of two lose nothing in bfloat16: a linear discriminator pays (γ/2)‖w‖², and its gradient is γ w."""
    discriminator, maker = nn.Linear(2, 1, bias=False), nn.Linear(1, 2)
    nn.init.constant_(discriminator.weight, 0.5)

    class Squeezed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = discriminator

        def forward(self, x: Tensor) -> Tensor:
            return self.layer(x).squeeze(1)

    players = {"generator": maker, "discriminator": Squeezed()}
    batch = SampleBatch(torch.randn(4, 2), torch.randn(4, 1), torch.rand(4, 1))
    for penalties in ([R1(4.0)], [R2(4.0)], [R1(3.0), R2(1.0)], [GradientPenalty(1.0)]):
        whole, none = (
            MixedPrecision(AdversarialLosses(of_latents, Adversary(relativistic(), some)), torch.bfloat16)
            for some in (penalties, [])
        )
        added = whole(players, batch, ["discriminator"])["discriminator"]
        added = added - none(players, batch, ["discriminator"])["discriminator"]
        (gradient,) = torch.autograd.grad(added, discriminator.weight)
        if isinstance(penalties[0], GradientPenalty):  # (‖w‖ − 1)² at ‖w‖ = √½
            assert float(added.detach()) == pytest.approx((0.5**0.5 - 1) ** 2, rel=1e-2)
        else:
            assert float(added.detach()) == pytest.approx(1.0, abs=1e-6)
            assert gradient.flatten().tolist() == pytest.approx([2.0, 2.0], abs=1e-2)


def test_channels_last_is_the_same_field_to_rounding() -> None:
    exact, other = field(), field("channels_last=true")
    for name in exact.names:
        assert distance(exact, other, name) < 1e-5, name
    weights = [p for p in built("channels_last=true").game.point.tensors if p.dim() == 4 and p.shape[1] > 1]
    assert weights
    assert all(w.is_contiguous(memory_format=torch.channels_last) for w in weights)


SAMPLEWISE = {
    "r1 and r2": [],
    "classes": ["conditional=true", "auxiliary=1"],
    "gradient-penalty": ["penalties.gradient-penalty=on"],
    "augmented and scheduled": [
        *("augmentation.kind=diffaugment", "augmentation.schedule={start: 0.5, end: 1.0, samples: 10}"),
        "adversary.penalty_schedule={start: 0.5, end: 1.0, samples: 10}",
    ],
    "packs": ["discriminator.network.packing=2"],
    "a regulariser that is turned off": ["adversary.regularisers={feature-matching: {weight: 0}}"],
}


@pytest.mark.parametrize("parts", [2, 4])
@pytest.mark.parametrize("sets", SAMPLEWISE.values(), ids=SAMPLEWISE)
def test_parts_of_a_batch_have_the_field_of_the_whole(sets: list[str], parts: int) -> None:
    exact, other = field(*sets), field(*sets, f"accumulate={parts}")
    for name in exact.names:
        assert distance(exact, other, name) < 1e-6 * 3, name


class BatchCentred(nn.Module):
    """Logits over their mean over the batch, which no layer of it says."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.layer = nn.Linear(math.prod(shape), 1)

    def forward(self, images: Tensor) -> Tensor:
        logits = self.layer(images.flatten(1))[:, 0]
        return logits - logits.mean()


def variance_of_logits() -> AdversarialLoss:
    """No mean over samples, which it does not say."""
    return AdversarialLoss(lambda r, f: f.mean() - r.mean() + (r - r.mean()).square().mean(), lambda r, f: -f.mean())


def squared_means() -> AdversarialLoss:
    """A mean over samples for the discriminator, and none for the generator."""
    return AdversarialLoss(lambda r, f: f.mean() - r.mean(), lambda r, f: f.mean().square())


def least_squares() -> AdversarialLoss:
    """A mean over samples."""
    return AdversarialLoss(
        lambda r, f: (r - 1).square().mean() + f.square().mean(), lambda r, f: (f - 1).square().mean()
    )


@pytest.mark.parametrize(
    ("name", "role"),
    [("variance_of_logits", "discriminator"), ("squared_means", "generator"), ("least_squares", None)],
)
def test_losses_named_from_outside_are_measured_before_batches_come_in_parts(name: str, role: str | None) -> None:
    sets = f"loss={__name__}:{name}", "conditional=false"
    assert built(*sets)
    if role is None:
        assert built(*sets, "accumulate=2")
        return
    with pytest.raises(ConfigurationError, match=rf"the {role}'s loss of a batch is not the mean .* accumulate=1"):
        built(*sets, "accumulate=2")


def test_networks_named_from_outside_are_measured_before_batches_come_in_parts() -> None:
    sets = f"discriminator.network={__name__}:BatchCentred", "conditional=false", "penalties={}"
    assert built(*sets)
    with pytest.raises(ConfigurationError, match="what the discriminator makes of a sample depends on the others"):
        built(*sets, "accumulate=2")


def test_parts_of_unequal_size_count_by_their_samples() -> None:
    """L = E (w − x)², F = 2 (w − x̄), whatever the parts."""
    w = nn.Linear(1, 1, bias=False).double()
    batch = SampleBatch(*(torch.arange(5, dtype=torch.float64)[:, None] for _ in range(3)))

    def loss(players: dict[str, nn.Module], value: SampleBatch, _names: list[str]) -> dict[str, Tensor]:
        return {"one": (players["one"].weight - value.real).square().mean()}

    sgd = {"one": torch.optim.SGD(w.parameters(), lr=0.1)}
    for size in (1, 2, 3, 4, 5, 7):
        game = Game({"one": w}, loss, sgd, parts=lambda value, size=size: in_parts(value, size))
        assert float(game.field(Batch(batch)).tensors[0]) == pytest.approx(2 * (float(w.weight.detach()) - 2))
        assert float(game.loss_values["one"]) == pytest.approx((float(w.weight.detach()) - 2) ** 2 + 2)
        assert game.evaluations == 1


def test_parts_hold_one_graph_at_a_time() -> None:
    """The largest input that any layer sees is a part."""
    seen = []
    assembled = built("accumulate=4")
    for player in assembled.game.players.values():
        player.register_forward_pre_hook(lambda _m, inputs: seen.append(len(inputs[0])))
    assembled.game.field(assembled.batches.next())
    assert set(seen) == {6}


@pytest.mark.parametrize("option", quick(["precision=bfloat16", "channels_last=true", "accumulate=2"], "accumulate=2"))
def test_runs_resume_exactly_and_deliver_plain_weights(option: str, tmp_path: Path) -> None:
    def played(folder: Path, samples: int) -> Assembly:
        return play(config_of(option, f"budget.samples={samples}"), folder)[0]

    straight = played(tmp_path / "straight", 96)
    played(tmp_path / "halves", 48)
    assert torch.equal(straight.game.point.flat(), played(tmp_path / "halves", 96).game.point.flat())
    trained = model_at(tmp_path / "straight")
    assert all(p.dtype == torch.float32 for p in trained.network.parameters())
    assert trained.sample(2).shape == (2, 1, 16, 16)


def test_mistakes_are_named() -> None:
    with pytest.raises(ConfigurationError, match="accumulate=7 equal parts: give --batch-size 70"):
        assign(recipe_named("digits"), ["accumulate=7"])
    with pytest.raises(ConfigurationError, match=r"precision: Input should be 'float32' or 'bfloat16'"):
        assign(recipe_named("digits"), ["precision=float16"])
