"""How much each player could still gain alone: the duality gap."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.optim import Optimizer

from saddlepoint.core import Batch, Batches, Game, NonFinite, Point, rng


@dataclass(frozen=True)
class DualityGap:
    """What came of it.

    Attributes:
        gains: by player, L_p(z) − min L_p(z_p', z_−p), its other players where they are.
    """

    gains: Mapping[str, float]

    @property
    def total(self) -> float:
        """The sum over players, the Nikaido-Isoda function at z: 0 at an equilibrium, above it elsewhere."""
        return sum(self.gains.values())


def duality_gap(
    game: Game,
    batches: Batches,
    held_out: Batch,
    steps: int = 200,
    optimizer: Callable[[str, list[Tensor]], Optimizer] | None = None,
    perturbation: float = 1e-3,
    seed: int = 0,
) -> DualityGap:
    """The duality gap at the game's point, each player's best reply sought by an optimizer.

        Σ_p [ L_p(z) − min_{z_p'} L_p(z_p', z_−p) ]

    On (μ/2)x² + σxy − (μ/2)y² it is (μ² + σ²)/(2μ) · (x² + y²). A search that ends early says too little, so the number
    is a lower bound but for what the held-out batch differs from the others; to stay is a reply too, so no gain is
    below 0. On a game whose best reply is infinitely good (x·y) the number grows with the steps.

    Moves and counts nothing, and puts the batches back.

    Args:
        game: where it is.
        batches: what replies are sought on.
        held_out: what replies and the point itself are judged on; large, and not among the batches.
        steps: of each search.
        optimizer: (player, parameters) ↦ the searcher; None takes a copy of the player's own, moments included.
        perturbation: standard deviation of the noise added to a reply's start, so that it leaves a stationary point
            that is no minimum.
        seed: of that noise.

    Raises:
        ValueError: steps or perturbation below 0.
        NonFinite: a search diverged; a smaller rate helps.

    Papers: Grnarova, Levy, Lucchi, Perraudin, Goodfellow, Hofmann, Krause 2019, "A domain agnostic measure for
    monitoring and evaluating GANs", arXiv 1811.05512; Sidheekh, Aimen, Madan, Krishnan 2021, "On duality gap as a
    measure for monitoring GAN training", arXiv 2103.12685 (the perturbed start).

    >>> from saddlepoint.games import quadratic
    >>> game = quadratic(mu=0.5, sigma=1.0).play(lambda player, p: torch.optim.SGD(p, lr=1.0))
    >>> round(duality_gap(game, Batches.none(), Batch(None), steps=60).total, 6)
    2.5
    """
    if steps < 0 or perturbation < 0:
        raise ValueError(f"steps is {steps} and perturbation {perturbation}: give numbers of at least 0")
    position = batches.position
    gains = {}
    try:
        for name in game.names:
            with game.rehearsal():
                if optimizer is not None:
                    game.optimizers[name] = optimizer(name, game.point[name])
                before = _loss(game, held_out, name)
                own = game.point.only(name)
                own.add_(_noise(own, seed, name), alpha=perturbation)
                for _ in range(steps):
                    game.move(game.field(batches.next(), only=(name,)))
                gains[name] = max(0.0, before - _loss(game, held_out, name))
    finally:
        batches.position = position
    return DualityGap(gains)


def _loss(game: Game, batch: Batch, name: str) -> float:
    loss = game.losses_at(batch, {}, (name,))[name].detach()
    if not loss.isfinite():
        raise NonFinite(name, "loss")
    return float(loss)


def _noise(point: Point, seed: int, name: str) -> Point:
    flat = point.flat()
    return point.unflat(torch.randn(flat.shape, generator=rng(seed, name, "gap")).to(flat))
