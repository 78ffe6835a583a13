"""A constant in the discriminator, its last bias, that a loss does not determine changes nothing anywhere."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from saddlepoint.augment import DiffAugment
from saddlepoint.components.adversary import AdversarialLosses, Adversary, DiscriminatorInput, of_latents
from saddlepoint.components.augmented import Augmented
from saddlepoint.core import Batch, Batches, Game
from saddlepoint.data.stream import SampleBatch
from saddlepoint.losses import LOSSES
from saddlepoint.measures import Number
from saddlepoint.methods import METHODS, Ridge
from saddlepoint.networks import ConvolutionalDiscriminator, ConvolutionalGenerator
from saddlepoint.penalties import PENALTIES, Consistency, Penalty
from saddlepoint.report.verdicts import examine
from saddlepoint.tasks.probe import Probe, area_under_curve, logits_of
from tiers import quick

SHAPE = (1, 8, 8)
#: They depend on differences of logits only.
INVARIANT = [name for name in LOSSES if name in ("wasserstein", "relativistic", "relativistic-average")]
ALL_PENALTIES: dict[str, Callable[[], Penalty]] = {
    **PENALTIES,
    "consistency": lambda: Consistency(augment=DiffAugment()),
}


def draw(position: int) -> Batch:
    source = torch.Generator().manual_seed(position)
    real = torch.rand(6, *SHAPE, generator=source, dtype=torch.float64)
    latent = torch.randn(6, 3, generator=source, dtype=torch.float64)
    mix = torch.rand(6, 1, 1, 1, generator=source, dtype=torch.float64)
    looks = torch.rand(6, DiffAugment().draws, generator=source, dtype=torch.float64)
    return Batch(SampleBatch(real, latent, mix, augmentation=looks), 6, seed=position)


def made(loss: str, constant: float, penalty: str | None = None) -> Game:
    """A game that differs from that of the constant 0 in the last bias alone."""
    torch.manual_seed(0)
    players: dict[str, nn.Module] = {
        "generator": ConvolutionalGenerator(SHAPE, 3, width=2).double(),
        "discriminator": ConvolutionalDiscriminator(SHAPE, width=2).double(),
    }
    last = [p for n, p in players["discriminator"].named_parameters() if n.endswith("bias")][-1]
    assert last.shape == (1,)
    with torch.no_grad():
        last += constant
    augmented = Augmented(DiffAugment(), strength=0.3, target=0.1, span=100)
    penalties = [ALL_PENALTIES[penalty]()] if penalty else []
    adversary = Adversary(LOSSES[loss](), penalties, augmented=augmented)
    adversary.attach(players)
    players["discriminator"].double()
    optimizers = {n: torch.optim.SGD(p.parameters(), lr=0.02) for n, p in players.items()}
    return Game(players, AdversarialLosses(of_latents, adversary), optimizers)


class Looks(Probe[Any]):
    """The monitors of every task."""

    def __init__(self) -> None:
        super().__init__(draw(1_000), lambda players, batch, names: of_latents(players, batch, names))

    def score(self, model: Any) -> list[Number]:
        return []

    def snapshot(self, model: Any, path: Path) -> None: ...


def played(game: Game, method: Any, steps: int) -> tuple[Tensor, list[dict[str, Any]]]:
    """Where the game ends but for the last bias, and the records as the loop writes them."""
    batches, probe, records = Batches(draw), Looks(), []
    for step in range(steps):
        method.step(game, batches)
        losses = {name: float(value) for name, value in game.loss_values.items()}
        records.append({"samples": 6 * (step + 1), "losses": losses, "monitors": probe.monitors(game)})
    strength = game.players["discriminator"].get_buffer("augmented.strength")
    others = [p for p in game.point.tensors if p.shape != (1,)]
    return torch.cat([strength.reshape(1), *(p.detach().reshape(-1) for p in others)]), records


def same(one: tuple[Tensor, list[dict[str, Any]]], other: tuple[Tensor, list[dict[str, Any]]]) -> None:
    torch.testing.assert_close(one[0], other[0], rtol=1e-8, atol=1e-9)
    for mine, theirs in zip(one[1], other[1], strict=True):
        for kind in ("losses", "monitors"):
            assert mine[kind] == pytest.approx(theirs[kind], rel=1e-7, abs=1e-9)


def without_level(ended: tuple[Tensor, list[dict[str, Any]]], constant: float) -> tuple[Tensor, list[dict[str, Any]]]:
    """Wasserstein's L_G = −E D(G) has the constant in its value, and in nothing that is made of it."""
    for record in ended[1]:
        record["losses"]["generator"] += constant
    return ended


@pytest.mark.parametrize("penalty", [None, *ALL_PENALTIES])
@pytest.mark.parametrize("loss", INVARIANT)
def test_fields_penalties_strength_monitors_records_and_health(loss: str, penalty: str | None) -> None:
    constants = (0.0, 5.0, -50.0)
    ends = [played(made(loss, constant, penalty), METHODS["alternating"](), 9) for constant in constants]
    assert ends[0][0][0] != 0.3  # the strength was fed back
    titles = [[(finding.level, finding.title) for finding in examine(records)] for _, records in ends]
    assert titles[0] == titles[1] == titles[2]
    for constant, shifted in zip(constants, ends, strict=True):
        same(ends[0], without_level(shifted, constant) if loss == "wasserstein" else shifted)


@pytest.mark.parametrize("name", quick(list(METHODS), "extragradient", "lookahead", "gap-aware", "consensus"))
def test_every_method(name: str) -> None:
    def make() -> Any:
        return Ridge(damping=1.0) if name == "ridge" else METHODS[name]()

    same(*(played(made("relativistic", constant, "r1"), make(), 4) for constant in (0.0, 7.0)))


@pytest.mark.parametrize("loss", LOSSES)
def test_of_every_loss_the_statistics_that_are_fed_back_or_judged(loss: str) -> None:
    """A loss that does determine the constant moves it; its statistics ask for differences all the same."""
    batch = draw(0)
    found = []
    for constant in (0.0, 5.0, -50.0):
        game = made(loss, constant)
        monitors = Looks().of_samples(game)
        with torch.no_grad():
            given = of_latents(game.players, batch.value, game.names).inputs[0]
            augmented = game.players["discriminator"].get_submodule("augmented")
            assert isinstance(augmented, Augmented)
            augmented.observe(given.discriminator(given.real), given.discriminator(given.generated), 6)
        found.append({**monitors, "strength": float(augmented.strength)})
    assert found[1] == pytest.approx(found[0])
    assert found[2] == pytest.approx(found[0])


def test_of_equal_logits_the_ranking_is_a_coin_s_and_not_always_wrong() -> None:
    def auc(real: list[float], generated: list[float]) -> float:
        given = DiscriminatorInput(lambda x: x[:, 0], *(torch.tensor(x)[:, None] for x in (real, generated)))
        return area_under_curve(*logits_of(given))

    assert auc([3.0, 3.0], [3.0, 3.0, 3.0]) == 0.5
    assert auc([1.0, 2.0], [1.0, 0.0]) == (0.5 + 1 + 1 + 1) / 4
    assert auc([1.0, 2.0], [3.0]) == 0.0
    assert auc([4.0, float("inf")], [3.0, -float("inf")]) == 1.0


def test_a_discriminator_whose_loss_is_zero_has_not_rested() -> None:
    """Margins that all samples keep: the hinge loss is 0, and the discriminator always right."""
    game = made("hinge", 0.0)
    game.loss_values["discriminator"] = torch.zeros(())
    assert "discriminator_auc" in Looks().monitors(game)
    METHODS["simultaneous"]().step(game, Batches(lambda p: Batch(draw(p).value, 6, p, frozenset({"discriminator"}))))
    assert game.rested == {"discriminator"}
    assert "discriminator_auc" not in Looks().monitors(game)
