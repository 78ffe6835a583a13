"""From a configuration and its data to a game that can be played: all that no task has of its own."""

import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy
import torch
from torch import Tensor, nn

from saddlepoint.cache import cache_folder
from saddlepoint.components.citing import citations
from saddlepoint.components.device import pick_device
from saddlepoint.components.networks import Choice, Networks
from saddlepoint.components.precision import MixedPrecision
from saddlepoint.components.registries import METHOD_REGISTRY, OPTIMIZER_REGISTRY
from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import Batches, Game, Method, Outcome, rng, seed_for
from saddlepoint.core.ranks import as_on_the_first, by_itself, together, total, world
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.rows import in_parts
from saddlepoint.data.shared import Shared
from saddlepoint.dynamics import DualityGap, duality_gap
from saddlepoint.methods import Averaged
from saddlepoint.networks import Costs, costs, coupled_layers, couples
from saddlepoint.storage import RunFolder
from saddlepoint.tasks import Config, Setup, recipe_named, task_of
from saddlepoint.training import Examiner, Observer, OptimizerSchedule, Stage, Stopping, Training
from saddlepoint.training.engine import check_compiled

#: Of the data, this share judges the players' replies and is not among those on which replies are sought.
HELD_OUT = 0.1
#: Share of a field's norm by which it may differ from the mean over parts, in single precision.
ROUNDING = 1e-4


@dataclass(frozen=True)
class Assembly:
    """A run's game, its method and its batches, where they begin."""

    config: Config
    setup: Setup[Any]
    game: Game
    method: Method

    @cached_property
    def batches(self) -> Batches:
        """The stream's, from the beginning; where ranks play together, this one's share of them."""
        if world() == 1:
            return Batches(self.setup.batches)
        return Batches(Shared(self.setup.batches, self.config.packing, self.config.accumulate))

    def training(
        self, folder: RunFolder, observer: Observer, examiner: Examiner | None = None, spent: float = 0.0
    ) -> Training:
        """The training of this game in a folder that was created.

        Args:
            folder: of the run.
            observer: is told how it goes.
            examiner: looks at every record.
            spent: seconds of training until settings were changed last.
        """
        config, setup = self.config, self.setup
        return Training(
            self.game,
            self.method,
            self.batches,
            _Looks(self),
            folder,
            config.budget,
            config.every,
            len(setup.data),
            observer,
            OptimizerSchedule(self.game, config.schedules),
            self._stopping(),
            self._stages(),
            examiner,
            next(iter(folder.start.whole()), None),
            spent,
            config.engine,
            cache_folder() / "compiled",
        )

    def deliver(self, folder: Path, **facts: Any) -> None:
        """Write the model, and further ones below it; the players stand at the point that is handed over."""
        known = {**self._facts(), **facts}
        self.setup.model.save(folder, known)
        for name, other in self.setup.others.items():
            other.save(folder / name, known)

    def _stages(self) -> tuple[Stage, ...]:
        stage = self.setup.stage
        if stage is None or not stage.samples:
            return ()

        def keep(folder: Path) -> None:
            facts = {**self._facts(), "stage": f"{stage.name}, without the adversary"}
            self.setup.model.save(folder / stage.name, facts)

        return (Stage(stage.samples, keep, "the adversary"),)

    def _stopping(self) -> Stopping | None:
        until = self.config.until
        if until is None:
            return None
        looked_at = Batches(self.setup.batches)
        return Stopping(
            until,
            self.game,
            self.method,
            [looked_at.next() for _ in range(until.batches)],
            lambda: self.duality_gap().total,
        )

    def check_engine(self) -> None:
        """Refuse a game that the engine can't play, while nothing is written. Raises ConfigurationError."""
        if self.config.engine == "compiled" and self.game.names:
            check_compiled(self.game, self.method, self.batches, cache_folder() / "compiled")

    def check_shares(self) -> None:
        """Refuse a game whose field by shares is not that of the whole batch, by measuring on a small one.

        All ranks have to call it. Raises ConfigurationError, with who it is.
        """
        if world() == 1 or not self.game.names:
            return
        pack, own = self.config.packing, self.setup.game is not None
        # Shares of different sizes; far on, where no first stage is left in which a player rests.
        whole = self.setup.batches if own else self.setup.batches.part(batch_size=pack * (2 * world() + 1))
        position = 0 if own else 10**9
        with together():
            as_on_the_first(self.game.players.values())
        with self.game.untouched():
            with by_itself():
                field = self.game.field(whole(position), base=False)
            with together():
                shared = self.game.field(Shared(whole, pack)(position), base=False)
        rounding = ROUNDING if field.tensors[0].device.type == "cpu" else 100 * ROUNDING
        for role in field.names:
            one, other = field.only(role).flat(), shared.only(role).flat()
            with together():  # decided by all, or some would wait for the others
                wrong = float(total(((one - other).norm() > rounding * one.norm()).float())) > 0
            if wrong:
                raise ConfigurationError(
                    f"the {role}'s gradient of a batch is not the mean over the shares of {world()} processes: its "
                    f"loss or its network looks at a batch as a whole, or draws noise that is not of a sample. Give "
                    f"the loss as a mean over samples, mark such a layer (N, …) -> (N, …) with couples_samples = True, "
                    f"or take one process"
                )

    def duality_gap(self, size: int = 1024, steps: int = 200) -> DualityGap:
        """The duality gap where the game is, replies sought on nine tenths of the data and judged on the others.

        Args:
            size: samples of the batch that judges, at most.
            steps: of each search.
        """
        order = torch.randperm(len(self.setup.data), generator=rng(self.config.seed, "held out"))
        cut = max(1, int(HELD_OUT * len(order)))
        seed = seed_for(self.config.seed, "held out")
        held = self.setup.batches.part(order[:cut], batch_size=min(size, cut), seed=seed)
        others = self.setup.batches.part(order[cut:]) if cut < len(order) else held
        return duality_gap(self.game, Batches(others), held(0), steps)

    def identity(self) -> dict[str, Any]:
        """What `run.json` says of a run that begins: recipe, versions, device, data, sizes, what to cite."""
        data = self.setup.data
        return {
            "recipe": self.config.recipe,
            "task": self.config.task,
            "versions": {
                "saddlepoint": version("saddlepoint"),
                "torch": torch.__version__,
                "numpy": numpy.__version__,
                "python": platform.python_version(),
            },
            "device": str(self.game.device),
            "threads": torch.get_num_threads(),
            "dataset": {
                "name": data.name,
                "source": data.source,
                "fingerprint": data.fingerprint,
                "kind": data.kind,
                data.kind: len(data),
                "shape": list(data.shape),
                "classes": list(data.classes),
                "notes": list(data.notes),
            },
            "changed": _changed(self.config),
            "parameters": {name: sum(t.numel() for t in self.game.point[name]) for name in self.game.names},
            "citations": citations(
                METHOD_REGISTRY.build(self.config.method) if self.game.names else None,
                self.config.bibtex,
                averaged=self.config.average is not None,
            ),
            "stages": [] if self.setup.stage is None else [self.setup.stage.name],
            "usage": self.setup.model.usage()[0],
            "state": "running",
            "outcome": Outcome.RUNNING.value,
            "message": Outcome.RUNNING.sentence,
            "ended": None,
        }

    def costs(self) -> dict[str, Costs]:
        """Parameters and operations a sample, by player, counted on one batch: no task says shapes."""
        if not self.game.names:  # fitted at once
            return {}
        seen: dict[str, tuple[Any, ...]] = {}

        def remember(role: str, _module: nn.Module, inputs: tuple[Any, ...]) -> None:
            seen.setdefault(role, tuple(x.detach() if isinstance(x, Tensor) else x for x in inputs))

        players = self.setup.players
        hooks = [player.register_forward_pre_hook(partial(remember, role)) for role, player in players.items()]
        try:
            # Far on, where no first stage is left in which a player rests.
            batch = self.setup.batches.part(batch_size=2 * self.config.packing)(10**9)
            with self.game.untouched():
                self.game.field(batch, base=False)
        finally:
            for hook in hooks:
                hook.remove()
        return {role: costs(players[role], *inputs) for role, inputs in seen.items()}

    def _facts(self) -> Mapping[str, Any]:
        """What goes with a model, for its card."""
        config, data = self.config, self.setup.data
        return {
            "recipe": config.recipe,
            "data": f"{data.name} ({len(data):,} {data.kind}, fingerprint {data.fingerprint}); {data.source}",
            **({"method": config.method["name"], "loss": config.objective} if self.game.names else {}),
            "seed": config.seed,
        }


@dataclass(frozen=True)
class _Looks:
    """A task's probe and model as the loop asks for them."""

    assembly: Assembly

    def monitors(self) -> dict[str, float]:
        return self.assembly.setup.probe.monitors(self.assembly.game)

    def movement(self) -> dict[str, float]:
        return self.assembly.setup.probe.movement(self.assembly.game)

    def score(self) -> Any:
        self.assembly.setup.at_answer()
        return self.assembly.setup.probe.score(self.assembly.setup.model)

    def checks(self) -> dict[str, float]:
        self.assembly.setup.at_answer()
        return self.assembly.setup.probe.checks(self.assembly.setup.model)

    def references(self) -> dict[str, dict[str, float]]:
        self.assembly.setup.at_answer()
        probe, model = self.assembly.setup.probe, self.assembly.setup.model
        untrained = {"untrained": probe.judged(model)} if self.assembly.game.names else {}
        return untrained | probe.references(model)

    def exhibit(self, folder: Path) -> None:
        self.assembly.setup.at_answer()
        self.assembly.setup.probe.exhibit(self.assembly.setup.model, folder)

    def examined(self) -> dict[str, float]:
        return self.assembly.setup.probe.examined()

    def snapshot(self, path: Path) -> None:
        self.assembly.setup.at_answer()
        self.assembly.setup.probe.snapshot(self.assembly.setup.model, path)

    def deliver(self, folder: Path) -> None:
        self.assembly.setup.at_answer()
        self.assembly.deliver(folder)


def assemble(config: Config, data: Dataset, networks: Mapping[str, nn.Module] | None = None) -> Assembly:
    """Players, optimizers, losses and the method that a configuration describes, on data.

    Args:
        config: all that is chosen.
        data: as its task reads them.
        networks: modules of the caller's, by role.

    Raises:
        ConfigurationError: things that do not fit together.
    """
    make = Networks(config.seed, pick_device(config.device), networks, config.latent_size)
    setup = task_of(config).build(config, data, make)
    for role, player in config.players.items():
        _freeze(setup.players[role], player.freeze, role)
    game = setup.game or _game(config, setup)
    method = METHOD_REGISTRY.build(config.method)
    if config.average is not None:
        method = Averaged(method, half_life=config.average.half_life, warm_up=config.average.warm_up)
    if networks and setup.game is None:
        _check_own(networks, setup, game)
    if config.accumulate > 1 and setup.game is None:
        _check_parts(config, setup, game)
    return Assembly(config, setup, game, method)


def _changed(config: Config) -> dict[str, Any]:
    """What a run sets otherwise than its recipe would for this length, by dotted names: the recipe's own values."""
    try:
        recipe = recipe_named(config.recipe)
    except (ConfigurationError, ValueError):
        return {}
    as_long = recipe if config.plan.keep else recipe.planned(config.length)
    return dict(_differing(config.plain(), as_long.plain()))


def _differing(own: Mapping[str, Any], recipe: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """What differs of nested mappings, a choice of another name as a whole: dotted names, and the recipe's values."""
    for key in {**recipe, **own}:
        name, mine, theirs = f"{above}{key}", own.get(key), recipe.get(key)
        if isinstance(mine, Mapping) and isinstance(theirs, Mapping) and mine.get("name") == theirs.get("name"):
            yield from _differing(mine, theirs, f"{name}.")
        elif mine != theirs:
            yield name, theirs


def _game(config: Config, setup: Setup[Any]) -> Game:
    if config.channels_last:
        for module in setup.players.values():
            module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if config.accumulate > 1:
        for role, module in setup.players.items():
            if layers := coupled_layers(module):
                raise ConfigurationError(
                    f"the {role}'s layers {', '.join(layers[:3])} look at a batch as a whole, which accumulate="
                    f"{config.accumulate} parts change: give accumulate=1, or a network without such layers"
                )
    if config.engine != "eager" and world() > 1:
        raise ConfigurationError(f"engine={config.engine} is for one process: leave it out with {world()} processes")
    return Game(
        setup.players,
        setup.losses
        if config.precision == "float32"
        else MixedPrecision(setup.losses, getattr(torch, config.precision)),
        _optimizers(config, setup.players),
        parts=None if config.accumulate == 1 else partial(in_parts, size=config.batch_size // config.accumulate),
        bounds={role: player.clip for role, player in config.players.items() if player.clip is not None},
    )


def _optimizers(config: Config, players: Mapping[str, nn.Module]) -> dict[str, torch.optim.Optimizer]:
    optimizers = {}
    for role, player in config.players.items():
        names = {p: name for name, p in players[role].named_parameters() if p.requires_grad}
        parameters = list(names)
        try:
            optimizers[role] = OPTIMIZER_REGISTRY.build(fused(player.optimizer), params=parameters, names=names)
        except ConfigurationError as error:
            raise ConfigurationError(f"{error} (the {role})") from error
    return optimizers


def fused(choice: Choice) -> Choice:
    """The optimizer in PyTorch's fused form where it has one and nothing else was asked for: one pass over memory."""
    own = OPTIMIZER_REGISTRY.parameters(choice["name"])
    asked = any(choice.get(key) for key in ("foreach", "capturable", "differentiable"))
    if "fused" not in own or choice.get("fused") is not None or asked:
        return choice
    return {**choice, "fused": True}


def _freeze(network: nn.Module, layers: int, role: str) -> None:
    """Leave the parameters of the first layers that have weights as they are. Raises ConfigurationError."""
    found = [module for module in network.modules() if any(p.ndim > 1 for p in module.parameters(recurse=False))]
    if layers >= len(found) > 0:
        raise ConfigurationError(
            f"{role}.freeze={layers}: its network has {len(found)} layers with weights, and at least one has to learn"
        )
    for module in found[:layers]:
        module.requires_grad_(requires_grad=False)


def _check_parts(config: Config, setup: Setup[Any], game: Game) -> None:
    """Refuse what does not come in parts, whatever it says of itself, by measuring on a small batch.

    A network of which a sample depends on the others, by its derivative; and whatever makes the field of a batch
    another one than the mean over its halves. Where the field draws numbers of its own, halves draw others, and
    nothing is compared. Raises ConfigurationError.
    """
    seen: dict[str, tuple[Any, ...]] = {}

    def remember(role: str, _module: nn.Module, inputs: tuple[Any, ...]) -> None:
        seen.setdefault(role, inputs)

    half = 2 * config.packing
    # Far on, where no first stage is left in which a player rests.
    batch = setup.batches.part(batch_size=2 * half)(10**9)
    whole = Game(setup.players, setup.losses, game.optimizers)
    parted = Game(setup.players, setup.losses, game.optimizers, parts=partial(in_parts, size=half))
    hooks = [player.register_forward_pre_hook(partial(remember, role)) for role, player in setup.players.items()]
    with whole.untouched():
        try:
            field = whole.field(batch, base=False)
        finally:
            for hook in hooks:
                hook.remove()
        for role, inputs in seen.items():
            if couples(setup.players[role], inputs, config.packing if role == "discriminator" else 1):
                raise ConfigurationError(
                    f"what the {role} makes of a sample depends on the others of its batch, which accumulate="
                    f"{config.accumulate} parts change: give accumulate=1, or a network in which it doesn't"
                )
        drawn = replace(batch, seed=(batch.seed or 0) + 1)
        if not torch.equal(field.flat(), whole.field(drawn, base=False).flat()):
            return
        halves = parted.field(batch, base=False)
    on_cpu = field.tensors[0].device.type == "cpu"
    for role in field.names:
        own, other = field.only(role).flat(), halves.only(role).flat()
        # GPUs round convolutions and products to 10 bits.
        if float((own - other).norm()) > (ROUNDING if on_cpu else 100 * ROUNDING) * float(own.norm()):
            raise ConfigurationError(
                f"the {role}'s loss of a batch is not the mean of the losses of its halves, so that accumulate="
                f"{config.accumulate} parts change it: give accumulate=1, or a loss and penalties that are means over "
                f"samples"
            )


def _check_own(networks: Mapping[str, nn.Module], setup: Setup[Any], game: Game) -> None:
    """Say what a network of the caller's got and gave where a batch does not go through. Raises ConfigurationError."""
    got: dict[str, list[tuple[int, ...]]] = {}

    def remember(role: str, _module: nn.Module, inputs: tuple[Any, ...], _output: Any = None) -> None:
        got[role] = [tuple(x.shape) for x in inputs if isinstance(x, Tensor)]

    hooks = [
        setup.players[role].register_forward_pre_hook(partial(remember, role))
        for role in networks
        if role in setup.players
    ]
    try:
        with game.untouched():
            game.field(setup.batches(0), base=False)
    except Exception as error:  # of the caller's own code, whatever it is
        given = "; ".join(f"the {role} is given {', '.join(map(str, shapes))}" for role, shapes in got.items())
        raise ConfigurationError(
            f"a batch does not go through the networks that were given ({given or 'none was called'}): "
            f"{type(error).__name__}: {error}. Expected are generator(latent[, labels]) -> samples of "
            f"{tuple(setup.data.shape)} and discriminator(samples[, labels]) -> logits (n,)"
        ) from error
    finally:
        for hook in hooks:
            hook.remove()
