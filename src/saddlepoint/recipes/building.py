"""What all tasks build alike: players, losses, the method with its average, and the training of them."""

import platform
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from importlib.metadata import version
from operator import methodcaller
from typing import Any, Protocol

import numpy
import torch
from torch import nn

from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import Batches, Game, Method, Outcome, rng, seed_for
from saddlepoint.core.game import JointLoss
from saddlepoint.core.randomness import seeded
from saddlepoint.data import DataError
from saddlepoint.data.collection import OnRead
from saddlepoint.data.stream import Stream
from saddlepoint.dynamics import DualityGap, duality_gap
from saddlepoint.methods import Averaged
from saddlepoint.networks import Costs, costs
from saddlepoint.penalties import Penalty, clip_parameters
from saddlepoint.components.citing import citations
from saddlepoint.recipes.configuration import AdversarialConfig, Choice, Config
from saddlepoint.components.registries import (
    LOSS_REGISTRY,
    METHOD_REGISTRY,
    NETWORK_REGISTRY,
    OPTIMIZER_REGISTRY,
    PENALTY_REGISTRY,
    REGULARISER_REGISTRY,
)
from saddlepoint.storage import RunFolder
from saddlepoint.tasks.adversarial import AdversarialLosses
from saddlepoint.components.augmented import Augmented
from saddlepoint.components.precision import MixedPrecision
from saddlepoint.training import Observer, OptimizerSchedule, Probe, Stage, Stopping, Training

#: Of the data, this share judges the players' replies and is not among those on which replies are sought.
HELD_OUT = 0.1


class Data(Protocol):
    """What a run says of its data."""

    @property
    def name(self) -> str:
        """What to call them."""

    @property
    def source(self) -> str:
        """Where they came from, a sentence."""

    @property
    def fingerprint(self) -> str:
        """Hex digits that change with the data."""

    @property
    def kind(self) -> str:
        """What they are, in the plural."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample."""

    @property
    def classes(self) -> Sequence[str]:
        """Names of the classes; () where there are none."""

    @property
    def notes(self) -> Sequence[str]:
        """What was skipped or converted, a sentence each."""

    def __len__(self) -> int: ...


@dataclass(frozen=True)
class Assembled:
    """Everything that a training needs, at its start."""

    config: Config
    data: Data
    game: Game
    method: Method
    stream: Stream
    task: Probe
    stages: tuple[Stage, ...] = ()

    @cached_property
    def batches(self) -> Batches:
        """The stream's, from the beginning."""
        return Batches(self.stream)

    def training(self, folder: RunFolder, observer: Observer) -> Training:
        """The training of this game in a folder that was created."""
        config = self.config
        return Training(
            self.game,
            self.method,
            self.batches,
            self.task,
            folder,
            config.budget,
            config.every,
            len(self.data),
            observer,
            OptimizerSchedule(self.game, config.schedules),
            self._stopping(),
            self.stages,
        )

    def _stopping(self) -> Stopping | None:
        until = self.config.until
        if until is None:
            return None
        looked_at = Batches(self.stream)
        return Stopping(
            until,
            self.game,
            self.method,
            [looked_at.next() for _ in range(until.batches)],
            lambda: self.duality_gap().total,
        )

    def duality_gap(self, size: int = 1024, steps: int = 200) -> DualityGap:
        """The duality gap where the game is, replies sought on nine tenths of the data and judged on the others.

        Args:
            size: samples of the batch that judges, at most.
            steps: of each search.
        """
        order = torch.randperm(len(self.data), generator=rng(self.config.seed, "held out"))
        cut = max(1, int(HELD_OUT * len(order)))
        seed = seed_for(self.config.seed, "held out")
        held = self.stream.part(order[:cut], batch_size=min(size, cut), seed=seed)
        others = self.stream.part(order[cut:]) if cut < len(order) else held
        return duality_gap(self.game, Batches(others), held(0), steps)

    def identity(self) -> dict[str, Any]:
        """What `run.json` says of a run that begins: recipe, versions, device, data, sizes, what to cite."""
        data = self.data
        return {
            "recipe": self.config.recipe,
            "versions": {
                "saddlepoint": version("saddlepoint"),
                "torch": torch.__version__,
                "numpy": numpy.__version__,
                "python": platform.python_version(),
            },
            "device": str(self.game.point.tensors[0].device),
            "threads": torch.get_num_threads(),
            "dataset": {
                "name": data.name,
                "source": data.source,
                "fingerprint": data.fingerprint,
                data.kind: len(data),
                "shape": list(data.shape),
                "classes": list(data.classes),
                "notes": list(data.notes),
            },
            "parameters": self.parameters,
            "citations": citations(self.config),
            "usage": self.config.usage,
            "state": "running",
            "outcome": Outcome.RUNNING.value,
            "message": Outcome.RUNNING.sentence,
            "ended": None,
        }

    @property
    def parameters(self) -> dict[str, int]:
        """Numbers of trained parameters, by player."""
        return {name: sum(t.numel() for t in self.game.point[name]) for name in self.game.names}


def changed(identity: Mapping[str, Any], data: Data) -> str | None:
    """In words, that data are not those that the run of a `run.json` began with; None where they are."""
    before = identity.get("dataset", {})
    if before.get("fingerprint") in (None, data.fingerprint):
        return None

    def told(count: int, shape: Sequence[int], classes: Sequence[str]) -> str:
        return f"{count:,} {data.kind} of {'x'.join(map(str, shape))}" + (f" in {len(classes)} classes" * bool(classes))

    then, now = told(before[data.kind], before["shape"], before["classes"]), told(len(data), data.shape, data.classes)
    what = f"{then} then, {now} now" if then != now else f"{now} as before, but others"
    return f"the data changed since this run began ({what})"


def data_again(folder: RunFolder, config: Config, reading: OnRead | None = None) -> tuple[Data, str | None]:
    """The data of a run that began before, and in words how they changed since; None where they did not.

    Raises:
        ConfigurationError: they can't be read.
    """
    try:
        data = config.load(reading)
    except DataError as error:
        raise ConfigurationError(
            f"{error}; where the data were moved, say whereto with: "
            f"saddle train {shlex.quote(str(folder.config))} --data PATH --out {shlex.quote(str(folder.path))}"
        ) from error
    return data, changed(folder.read_identity(), data)


def adversarial_game(
    config: AdversarialConfig,
    shape: tuple[int, ...],
    device: torch.device,
    *,
    classes: int = 0,
    low: float = -1.0,
    high: float = 1.0,
    augmented: Augmented | None = None,
) -> Game:
    """The game of generator and discriminator that a configuration describes, for samples of a shape.

    Args:
        config: all that is chosen.
        shape: of one sample.
        device: where the players are.
        classes: that the networks are given, 0 for none.
        low, high: black and white, where samples are images.
        augmented: what the discriminator sees them through.

    Raises:
        ConfigurationError: networks that do not fit the samples.
    """
    players = {role: network.to(device) for role, network in networks(config, shape, classes).items()}
    losses = AdversarialLosses(
        LOSS_REGISTRY.build(config.loss),
        penalties_of(config, low, high),
        augmented,
        regularisers=[REGULARISER_REGISTRY.build({"name": name, **spec}) for name, spec in config.regularisers.items()],
        auxiliary=config.auxiliary,
    )
    losses.keep_memories_in(players)
    return game_of(config, players, losses)


def game_of(config: Config, players: Mapping[str, nn.Module], losses: JointLoss) -> Game:
    """The game of players, on their device, and a joint loss, moved and computed as a configuration says."""
    roles = config.players
    if config.channels_last:
        for module in players.values():
            module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizers = {
        role: OPTIMIZER_REGISTRY.build(player.optimizer, params=players[role].parameters())
        for role, player in roles.items()
    }
    for role, player in roles.items():
        if player.clip is not None:
            parameters = list(players[role].parameters())
            optimizers[role].register_step_post_hook(partial(_clip, parameters, player.clip))
    return Game(
        players,
        losses if config.precision == "float32" else MixedPrecision(losses, getattr(torch, config.precision)),
        optimizers,
        compiled=config.compiled,
        parts=None if config.accumulate == 1 else methodcaller("parts", config.batch_size // config.accumulate),
    )


def penalties_of(config: AdversarialConfig, low: float, high: float) -> list[Penalty]:
    """Those that a configuration names, for images whose black and white are low and high."""
    return [PENALTY_REGISTRY.build({"name": n, **spec}, low=low, high=high) for n, spec in config.penalties.items()]


def networks(config: Config, shape: tuple[int, ...], classes: int) -> dict[str, nn.Module]:
    """A run's networks by role, as its seed begins with them, for samples of a shape.

    Raises:
        ConfigurationError: networks that do not fit the samples.
    """
    return {
        role: network(config, role, spec, shape=shape, classes=classes if role in config.class_conditional else 0)
        for role, spec in config.networks.items()
    }


def _clip(parameters: list[nn.Parameter], bound: float, *_: Any) -> None:
    clip_parameters(parameters, bound)


def iteration(config: Config) -> Method:
    """The method, with the average that the run hands over around it."""
    method = METHOD_REGISTRY.build(config.method)
    if config.average is None:
        return method
    return Averaged(method, half_life=config.average.half_life, warm_up=config.average.warm_up)


def model_card(config: Config, data: Data) -> Mapping[str, Any]:
    """The facts that go with a generator."""
    return {
        "recipe": config.recipe,
        "data": f"{data.name} ({len(data):,} {data.kind}, fingerprint {data.fingerprint}); {data.source}",
        "method": config.method["name"],
        "loss": config.objective,
        "seed": config.seed,
    }


def network_costs(config: Config, shape: tuple[int, ...], classes: int) -> dict[str, Costs]:
    """What a run's networks cost for samples of a shape, by role; nothing is computed. Raises as `networks`."""
    with torch.device("meta"):
        n = config.packing
        made = networks(config, shape, classes)
        labels = (torch.zeros(n, dtype=torch.int64),) if classes else ()
        inputs = {"generator": torch.empty(n, config.latent.size)}
        return {
            role: costs(
                network, inputs.get(role, torch.empty(n, *shape)), *(labels if role in config.class_conditional else ())
            )
            for role, network in made.items()
        }


def network(config: Config, role: str, spec: Choice, **supplied: Any) -> nn.Module:
    """One network as the run's seed begins with it; what its constructor takes is supplied, the latent's size too.

    Raises:
        ConfigurationError: a network that does not fit.
    """
    with seeded(seed_for(config.seed, role, "initialisation")):
        try:
            return NETWORK_REGISTRY.build(spec, latent=config.latent.size, **supplied)
        except ConfigurationError as error:
            raise ConfigurationError(f"{role}: {error}") from error


def pick_device(name: str) -> torch.device:
    """`auto` is the first GPU where there is one. Raises ConfigurationError where the device can't be used."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ConfigurationError(f"the device {name!r} can't be used here: take --device cpu") from error
    return device
