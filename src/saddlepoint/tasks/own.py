"""A game of a Python caller's own: players, losses, optimizers and batches are given; the rest is as for every task."""

import copy
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor, nn

from saddlepoint.components.networks import Networks
from saddlepoint.configuration import ConfigurationError, Settings
from saddlepoint.core import Batch, Batches, Game, rng
from saddlepoint.core.game import Players
from saddlepoint.data.dataset import OnProgress, quiet
from saddlepoint.evaluation.evaluation import Evaluation
from saddlepoint.measures import MEASURES, Measure, Number
from saddlepoint.storage import write_atomically
from saddlepoint.tasks.config import Config, DataSettings
from saddlepoint.tasks.model import Sampler
from saddlepoint.tasks.pictures import scatter
from saddlepoint.tasks.probe import Probe, gradient_norms, write_picture
from saddlepoint.tasks.setup import Setup
from saddlepoint.tasks.task import EvaluationOptions, Subject, Task
from saddlepoint.training import Budget, Intervals

#: Players ↦ numbers by name, the first one the score; lower is better unless a `Number` says otherwise.
Metrics = Callable[[Players], Mapping[str, float] | Sequence[Number]]
#: (players, n, source of randomness) ↦ n samples.
SampleFrom = Callable[[Players, int, torch.Generator], Tensor]
#: Samples in a snapshot.
SHOWN = 1024
GIVE = "give the game again, as in saddlepoint.train(game, data=batches, out=folder)"


@dataclass(frozen=True, eq=False)
class OwnGame:
    """A game, its batches, and what is to be measured and drawn of it.

    Attributes:
        game: players, losses and optimizers.
        batches: of the losses.
        metrics: measures the players, at every checkpoint; None measures the losses alone.
        sample: draws samples; None draws none.
    """

    game: Game
    batches: Batches
    metrics: Metrics | None = None
    sample: SampleFrom | None = None

    kind = "batches"
    name = "a game of your own"
    source = "Given in Python."
    classes: ClassVar[tuple[str, ...]] = ()
    counts: ClassVar[Mapping[str, int]] = {}
    described: ClassVar[tuple[tuple[str, ...], ...]] = ()
    notes: ClassVar[tuple[str, ...]] = ()
    shape: ClassVar[tuple[int, ...]] = ()

    @classmethod
    def of(
        cls, game: Game, data: object, metrics: Metrics | None = None, sample: SampleFrom | None = None
    ) -> "OwnGame":
        """A game on batches, or on an iterator of what its losses are given, each counted as one sample.

        Raises:
            ConfigurationError: the data are neither.
        """
        if isinstance(data, Batches):
            return cls(game, data, metrics, sample)
        if data is None:
            return cls(game, Batches.none(), metrics, sample)
        if isinstance(data, Iterable) and not isinstance(data, str | bytes | Tensor | np.ndarray):
            return cls(game, Batches.of(data), metrics, sample)
        raise ConfigurationError(
            f"a game of your own takes batches, not {type(data).__name__}: give "
            f"data=saddlepoint.Batches.of(iterator, size=64)"
        )

    @property
    def size(self) -> str:
        """What is played, for people."""
        return f"for {', '.join(self.game.names)}"

    @property
    def fingerprint(self) -> str:
        """16 hex digits of a SHA-256 over the names and shapes of all parameters: of a game, not of its data."""
        shapes = [(n, k, tuple(p.shape)) for n, m in self.game.players.items() for k, p in m.named_parameters()]
        return hashlib.sha256(repr(shapes).encode()).hexdigest()[:16]

    def __len__(self) -> int:
        return 1


class OwnData(DataSettings):
    """Batches that a Python caller gives."""

    def with_source(self, data: str) -> "OwnData":
        """There are none of a name."""
        raise ConfigurationError(f"a game of your own takes no data by name ({data}): {GIVE}")


class OwnConfig(Config):
    """How a game of one's own is played."""

    task: Literal["own"] = "own"
    game: Literal["own"] = "own"
    data: OwnData = OwnData()

    @property
    def objective(self) -> str:
        """The losses, which are not known."""
        return "losses of your own"

    @property
    def bibtex(self) -> list[str]:
        """None is known."""
        return []


class OwnPlayers(nn.ModuleDict):
    """All players, as one network, with the way to draw from them."""

    def __init__(self, players: Mapping[str, nn.Module], sample: SampleFrom | None) -> None:
        super().__init__(dict(players))
        self.sample = sample

    def __deepcopy__(self, memo: dict[int, Any]) -> "OwnPlayers":
        # The networks alone: a function may hold what can't be copied, as an iterator.
        return OwnPlayers({name: copy.deepcopy(player, memo) for name, player in self.items()}, self.sample)


class OwnOptions(Settings):
    """Nothing is to be chosen."""


@dataclass
class OwnModel(Sampler):
    """All players of a game of one's own; samples are drawn by the function that was given with it."""

    kind = "own"
    title = "the players of a game of your own"
    Options = OwnOptions
    default_out = "samples.npz"

    @classmethod
    def of(cls, game: OwnGame) -> "OwnModel":
        """Of a game's players."""
        return cls(OwnPlayers(game.game.players, game.sample), {"name": "own", "of": "torch.nn:ModuleDict"}, ())

    def description(self) -> dict[str, Any]:
        """Nothing more."""
        return {}

    @classmethod
    def described(
        cls,
        network: nn.Module | None,
        spec: Mapping[str, Any],
        shape: tuple[int, ...],
        description: Mapping[str, Any],  # noqa: ARG003
    ) -> "OwnModel":
        """The players that are given again."""
        if not isinstance(network, nn.ModuleDict):
            raise ConfigurationError(f"the players are networks of your own: {GIVE}")
        return cls(network if isinstance(network, OwnPlayers) else OwnPlayers(dict(network.items()), None), spec, shape)

    def usage(self) -> tuple[str, str]:
        """No command draws of it."""
        return "saddle report {}", "run = sp.train(game, data=batches, out=folder); run.sample(64)"

    def draw(self, n: int, seed: int, label: str | None, options: Any) -> Tensor:  # noqa: ARG002
        """n samples by the function that was given with the game.

        Raises:
            ConfigurationError: none was given.
        """
        network = self.network
        if not isinstance(network, OwnPlayers) or network.sample is None:
            raise ConfigurationError(
                "the game came without a way to draw: give saddlepoint.training(…, sample=function)"
            )
        with self.evaluating():
            return network.sample(dict(network.items()), n, rng(seed, "sample")).detach().cpu()

    def _write(self, drawn: Tensor, path: Path) -> None:
        with path.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, samples=drawn.numpy())

    formats: ClassVar = {".npz": _write}


class OwnProbe(Probe[OwnModel]):
    """Calls the functions that were given with a game."""

    def __init__(self, given: OwnGame, watched: Batch) -> None:
        super().__init__(watched)
        self.given = given

    def monitors(self, game: Game) -> dict[str, float]:
        """`…_gradient_norm` of each player, on the first batch."""
        return gradient_norms(game, self.watched)

    def score(self, model: OwnModel) -> Sequence[Number]:
        """What the given function measures; nothing without one."""
        if self.given.metrics is None:
            return ()
        with model.evaluating():
            found = self.given.metrics(dict(model.network.named_children()))
        if not isinstance(found, Mapping):
            return found
        return [Number(MEASURES.get(name, Measure(name, "of your own", "lower")), v) for name, v in found.items()]

    def snapshot(self, model: OwnModel, path: Path) -> None:
        """Samples: points of the plane, or images, as a picture; other ones as an array beside it."""
        if self.given.sample is None:
            return
        samples = model.sample(SHOWN, seed=0).detach().cpu()
        if samples.dim() == 2 and samples.shape[1] == 2:
            write_picture(path, scatter(samples.float(), 1.25 * max(float(samples.abs().max()), 1e-6), 512))
            return

        def write(file: Path) -> None:
            with file.open("wb") as stream:
                np.save(stream, samples.numpy(), allow_pickle=False)

        write_atomically(path.with_suffix(".npy"), write)


class Own(Task[OwnConfig, OwnGame, OwnModel]):
    """A game of one's own."""

    name = "own"
    configs: ClassVar = {"own": OwnConfig}
    models = (OwnModel,)
    recipes: ClassVar = {}

    def read(self, config: OwnConfig, progress: OnProgress = quiet) -> OwnGame:  # noqa: ARG002
        """There is nothing to read."""
        raise ConfigurationError(f"this run is of a game of your own: {GIVE}")

    def adopt(self, config: OwnConfig, given: object) -> OwnGame:  # noqa: ARG002
        """The game that is given."""
        if not isinstance(given, OwnGame):
            raise ConfigurationError(f"this run is of a game of your own, not of {type(given).__name__}: {GIVE}")
        return given

    def build(self, config: OwnConfig, data: OwnGame, make: Networks) -> Setup[OwnModel]:  # noqa: ARG002
        """The game as it was given."""
        source = _Source(data.batches)
        return Setup(
            data,
            data.game.players,
            data.game.losses,  # type: ignore[arg-type]
            source,
            OwnModel.of(data),
            OwnProbe(data, source(0)),
            game=data.game,
        )

    def evaluate(
        self,
        subject: Subject[OwnConfig, OwnGame, OwnModel],
        options: EvaluationOptions,  # noqa: ARG002
        progress: OnProgress = quiet,  # noqa: ARG002
    ) -> Evaluation:
        """What the given function measures of the newest checkpoint's players."""
        if subject.data.metrics is None:
            raise ConfigurationError("the game came without measures: give saddlepoint.training(…, metrics=function)")
        return Evaluation(tuple(OwnProbe(subject.data, Batch(None)).score(next(iter(subject.models.values())))))


def own_config(
    method: Mapping[str, Any] | str,
    *,
    average: float | None,
    budget: Budget,
    every: Intervals | None,
    seed: int | None,
) -> OwnConfig:
    """The configuration of a game of one's own.

    Args:
        method: its choice in the registry of methods.
        average: half-life, in samples, of the average that is handed over; None hands over the players as they are.
        budget: when the run ends.
        every: samples between records, pictures and checkpoints; None takes the usual ones.
        seed: of what the run itself draws; None is 0.

    Raises:
        ConfigurationError: an unknown method, or no budget.
    """
    if budget == Budget():
        raise ConfigurationError("the run has no end: give samples=, minutes= or evaluations=")
    chosen = {
        "recipe": "own",
        "plan": {"keep": True},  # its lengths are those of nobody's recipe: no budget scales them
        "method": method,
        "average": None if average is None else {"half_life": average, "warm_up": 0.1},
        "budget": budget.model_dump(),
        "every": (every or Intervals()).model_dump(),
        "seed": seed or 0,
    }
    return OwnConfig.read(chosen)


@dataclass
class _Source:
    """Batches by their position, where they are a function of it; an iterator's are drawn up to it in their order."""

    batches: Batches
    first: Batch | None = None
    at: int = 0

    def __call__(self, position: int) -> Batch:
        if position == 0 and self.first is not None:
            return self.first
        while self.batches.sequential and self.at < position:  # a run that goes on
            self.at += self.batches.draw(self.at).size
        batch = self.batches.draw(position)
        self.at = max(self.at, position + batch.size)
        if position == 0:
            self.first = batch
        return batch

    def part(self, *_: Any, **__: Any) -> "_Source":
        raise ConfigurationError(
            "the batches of a game of your own can't be parted: watch something other than the gap"
        )


TASK = Own()
