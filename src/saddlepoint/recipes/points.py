"""Mixtures of Gaussians in the plane: the smallest data on which mode coverage can be counted."""

from collections.abc import Callable
from typing import Literal, Self

from pydantic import Field

from saddlepoint.configuration import ConfigurationError
from saddlepoint.data import points as mixtures
from saddlepoint.data.points import Mixture, PointData
from saddlepoint.data.stream import SampleStream
from saddlepoint.recipes.building import Assembled, adversarial_game, iteration, model_card, pick_device
from saddlepoint.recipes.configuration import AdversarialRun, Average, DataSettings, LatentSettings, Player, Reading
from saddlepoint.tasks.points import PointTask
from saddlepoint.tasks.trained import Latent, PointGenerator
from saddlepoint.train import Budget, Intervals, Schedule, Schedules, schedules

_MIXTURES: dict[str, Callable[[], Mixture]] = {"ring": mixtures.ring, "grid": mixtures.grid}


class Points(DataSettings):
    """Which mixture, and how many points of it are the data."""

    mixture: Literal["ring", "grid"]
    points: int = Field(default=100_000, ge=1)

    def named(self, data: str) -> Self:
        """The other mixture."""
        if data not in _MIXTURES:
            raise ConfigurationError(f"points are made here, of a mixture: --data {data} must be ring or grid")
        return self.read({**self.model_dump(), "mixture": data})


class PointRun(AdversarialRun):
    """A run that generates points in the plane."""

    data: Points

    def load(self, reading: Reading | None = None) -> PointData:  # noqa: ARG002
        """Draw the data."""
        return _MIXTURES[self.data.mixture]().points(self.data.points, self.seed)

    def outline(self) -> tuple[tuple[int, ...], int]:
        """Points of the plane."""
        return (2,), 0

    def build(self, data: PointData) -> Assembled:
        """The game of a generator and a discriminator of points."""
        mixture = data.mixture
        device = pick_device(self.device)
        game = adversarial_game(self, data.shape, device)
        stream = SampleStream(
            data.samples,
            self.batch_size,
            self.seed,
            self.latent.size,
            self.latent.distribution,
            device=device,
            penalty=schedules.of(self.schedules.penalty),
            packing=self.packing,
        )
        trained = PointGenerator(
            game.players["generator"],
            self.generator.network,
            data.shape,
            Latent(self.latent.size, self.latent.distribution),
            1.25 * float(mixture.centres.abs().max()),
        )
        task = PointTask(game, trained, mixture, stream, model_card(self, data))
        return Assembled(self, data, game, iteration(self), stream, task)


def _points(recipe: str, mixture: Literal["ring", "grid"], average: Average) -> PointRun:
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
    return PointRun(
        recipe=recipe,
        threads=1,
        data=Points(mixture=mixture),
        latent=LatentSettings(size=2),
        generator=Player(network=generator, optimizer={**adam, "lr": 4e-3}),
        discriminator=Player(
            network={"name": "mlp-discriminator", "widths": (128, 128, 128)}, optimizer={**adam, "lr": 1e-3}
        ),
        loss={"name": "relativistic"},
        penalties={"r1": {"weight": 0.1}, "r2": {"weight": 0.1}},
        method={"name": "lookahead", "base": "alternating", "k": 10},
        average=average,
        schedules=Schedules(
            rate=Schedule(start=1.0, end=0.02, samples=16_000_000),
            penalty=Schedule(start=1.0, end=0.005, samples=4_000_000),
        ),
        batch_size=800,
        budget=Budget(samples=16_000_000),
        every=Intervals(record=160_000, snapshot=800_000, checkpoint=800_000),
    )


def ring() -> PointRun:
    """Eight Gaussians on a circle; about eight minutes on one core."""
    return _points("ring", "ring", Average(half_life=400_000, warm_up=0.05))


def grid() -> PointRun:
    """Twenty-five Gaussians on a grid; about eight minutes on one core."""
    # Four times the ring's: the slow sway that is left at the end is then within the average.
    return _points("grid", "grid", Average(half_life=1_600_000, warm_up=0.1))


def _pacgan(recipe: str, mixture: Literal["ring", "grid"]) -> PointRun:
    """The protocol of Lin et al. 2018, arXiv 1712.04086, at a length of two million samples (20 epochs)."""
    adam = {"name": "Adam", "lr": 1e-4, "betas": (0.8, 0.999)}
    generator = {
        "name": "mlp-generator",
        "widths": (400, 400, 400, 400),
        "activation": "relu",
        "normalisation": "batch",
    }
    return PointRun(
        recipe=recipe,
        threads=1,
        data=Points(mixture=mixture),
        latent=LatentSettings(size=2),
        generator=Player(network=generator, optimizer=adam),
        discriminator=Player(network={"name": "maxout-discriminator"}, optimizer=adam),
        loss={"name": "non-saturating"},
        method={"name": "alternating"},
        batch_size=100,
        budget=Budget(samples=2_000_000),
        every=Intervals(record=20_000, snapshot=200_000, checkpoint=200_000),
    )


def ring_pacgan() -> PointRun:
    """Eight Gaussians as PacGAN's authors set them; --set discriminator.network.packing=2 packs."""
    return _pacgan("ring-pacgan", "ring")


def grid_pacgan() -> PointRun:
    """Twenty-five Gaussians as PacGAN's authors set them; --set discriminator.network.packing=2 packs."""
    return _pacgan("grid-pacgan", "grid")
