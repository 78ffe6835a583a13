"""Recipes of points: what was measured to reach all modes, and the protocol of others to the letter."""

from typing import Literal

from saddlepoint.components.settings import AdversarySettings, Latent, Player
from saddlepoint.tasks.config import Average
from saddlepoint.tasks.points.settings import PointConfig, PointSource
from saddlepoint.training import Budget, Intervals, Schedule, Schedules


def _points(recipe: str, mixture: Literal["ring", "grid"], average: Average) -> PointConfig:
    """What was measured to reach all modes with few points between them (LOG.md).

    Relativistic pairing spreads the generator over the modes while the penalties are strong. They fade early, so that
    walls about the modes can become steep. A generator with batch norm at a high rate learns steep jumps from mode to
    mode, which leave few points between; the falling rates then bring the points to the middle of their modes. What
    so high a rate shakes, Lookahead brings to rest: with it all seeds kept all modes. Large batches keep the modes'
    shapes: of 200, 25 modes have eight points each, too few to tell how wide a mode is.
    """
    adam = {"name": "Adam", "betas": (0.0, 0.99)}
    generator = {
        "name": "mlp-generator",
        "widths": (128, 128, 128, 128),
        "activation": "relu",
        "normalisation": "batch",
    }
    return PointConfig(
        recipe=recipe,
        threads=1,
        data=PointSource(mixture=mixture),
        latent=Latent(size=2),
        generator=Player(network=generator, optimizer={**adam, "lr": 4e-3}),
        discriminator=Player(
            network={"name": "mlp-discriminator", "widths": (128, 128, 128)}, optimizer={**adam, "lr": 1e-3}
        ),
        adversary=AdversarySettings(
            loss={"name": "relativistic"},
            penalties={"r1": {"weight": 0.1}, "r2": {"weight": 0.1}},
            penalty_schedule=Schedule(start=1.0, end=0.005, samples=4_000_000),
        ),
        method={"name": "lookahead", "base": "alternating", "k": 10},
        average=average,
        schedules=Schedules(rate=Schedule(start=1.0, end=0.02, samples=16_000_000)),
        batch_size=800,
        budget=Budget(samples=16_000_000),
        every=Intervals(record=160_000, snapshot=800_000, checkpoint=800_000),
    )


def ring() -> PointConfig:
    """Eight Gaussians on a circle; about eight minutes on one core."""
    return _points("ring", "ring", Average(half_life=400_000, warm_up=0.05))


def grid() -> PointConfig:
    """Twenty-five Gaussians on a grid; about eight minutes on one core."""
    # Four times the ring's: the slow sway that is left at the end is then within the average.
    return _points("grid", "grid", Average(half_life=1_600_000, warm_up=0.1))


def _pacgan(recipe: str, mixture: Literal["ring", "grid"]) -> PointConfig:
    """The protocol of Lin et al. 2018, arXiv 1712.04086, at a length of two million samples (20 epochs)."""
    adam = {"name": "Adam", "lr": 1e-4, "betas": (0.8, 0.999)}
    generator = {
        "name": "mlp-generator",
        "widths": (400, 400, 400, 400),
        "activation": "relu",
        "normalisation": "batch",
    }
    return PointConfig(
        recipe=recipe,
        threads=1,
        data=PointSource(mixture=mixture),
        latent=Latent(size=2),
        generator=Player(network=generator, optimizer=adam),
        discriminator=Player(network={"name": "maxout-discriminator"}, optimizer=adam),
        adversary=AdversarySettings(loss={"name": "non-saturating"}),
        method={"name": "alternating"},
        batch_size=100,
        budget=Budget(samples=2_000_000),
        every=Intervals(record=20_000, snapshot=200_000, checkpoint=200_000),
    )


def ring_pacgan() -> PointConfig:
    """Eight Gaussians as PacGAN's authors set them; --set discriminator.network.packing=2 packs."""
    return _pacgan("ring-pacgan", "ring")


def grid_pacgan() -> PointConfig:
    """Twenty-five Gaussians as PacGAN's authors set them; --set discriminator.network.packing=2 packs."""
    return _pacgan("grid-pacgan", "grid")


RECIPES = {"ring": ring, "grid": grid, "ring-pacgan": ring_pacgan, "grid-pacgan": grid_pacgan}
