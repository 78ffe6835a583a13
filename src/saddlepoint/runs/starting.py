"""A warm start: what a run takes of another one, by name, also where sizes, classes or data are others.

It is taken once, and what came of it is kept as a checkpoint of the run's own, in `start/`: from there the run begins,
begins again, and goes back to, whatever becomes of the other run.
"""

import copy
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import Point
from saddlepoint.data.dataset import Dataset
from saddlepoint.disk import without_links
from saddlepoint.methods import Averaged
from saddlepoint.runs.assembly import Assembly, assemble
from saddlepoint.storage import Checkpoint, RunFolder
from saddlepoint.tasks import Config
from saddlepoint.training import Start
from saddlepoint.training.state import check_memory, check_optimizer, read_state, save_state

C = TypeVar("C", bound=Config)
#: Names of parameters that a sentence lists.
LISTED = 6


@dataclass
class Taken:
    """What was taken of another run, and what was not.

    Attributes:
        source: its folder.
        samples: seen by it at that checkpoint.
        kept: names of parameters and buffers, as `generator/blocks.0.weight`.
        by_class: of those of which the part of the classes that both runs have was taken.
        new: of those that begin as in a run without a start, as the other one has none of that name and shape.
        left: of the other run's that have no place here.
        memories: what else was taken, in words.
    """

    source: str
    samples: int
    kept: list[str] = field(default_factory=list)
    by_class: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    memories: list[str] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """As `run.json` has it."""
        return dict(vars(self))

    def sentences(self) -> Iterator[str]:
        """The same for people."""
        counted = Counter(name.partition("/")[0] for name in (*self.kept, *self.by_class))
        players = " and ".join(f"{n} tensors of the {name}" for name, n in counted.items())
        also = f", {', '.join(self.memories)}" if self.memories else ""
        yield f"begins from {self.source} at {self.samples:,} samples: kept are {players}{also}"
        for names, what in (
            (self.by_class, "kept for the classes that both have"),
            (self.new, "new, as that run has none of this name and shape"),
            (self.left, "left out, as there is no place for it here"),
        ):
            if names:
                yield f"{what}: {', '.join(names[:LISTED])}{f' and {len(names) - LISTED} more' * (len(names) > LISTED)}"


@dataclass(frozen=True)
class Classes:
    """Names of classes there and here, by which parts of tensors are matched."""

    there: Sequence[str]
    here: Sequence[str]

    def matched(self, source: Tensor, target: Tensor) -> Tensor | None:
        """The target with the rows, or columns, of classes that both have taken from the source; None where it is none.

        One side may differ, by as many as there are more or fewer classes; they stand at its end.
        """
        if source.ndim != target.ndim or len(self.there) == len(self.here) or not self.there or not self.here:
            return None
        sides = [d for d in range(target.ndim) if source.shape[d] != target.shape[d]]
        if len(sides) != 1:
            return None
        side = sides[0]
        before = target.shape[side] - len(self.here)
        if before < 0 or source.shape[side] - len(self.there) != before:
            return None
        both = [name for name in self.here if name in self.there]
        into = [*range(before), *(before + list(self.here).index(name) for name in both)]
        out = [*range(before), *(before + list(self.there).index(name) for name in both)]
        found = target.clone()
        chosen = source.index_select(side, torch.tensor(out, device=source.device)).to(found)
        return found.index_copy(side, torch.tensor(into, device=found.device), chosen)


def resolved(config: C) -> C:
    """The configuration with the whole path of the run that it begins from and the samples of the checkpoint.

    The average has no warm-up then: what is taken over has warmed up, and this run's own samples would soon replace it.
    """
    start = config.start
    if start is None:
        return config
    path = without_links(Path(start.run).expanduser())
    samples = start.samples
    if samples is None and path.is_dir():
        samples = max((checkpoint.samples for checkpoint in RunFolder(path).checkpoints.whole()), default=None)
    changed: dict[str, Any] = {"start": start.model_copy(update={"run": str(path), "samples": samples})}
    if config.average is not None and start.take != "everything":
        changed["average"] = config.average.model_copy(update={"warm_up": None})
    return config.model_copy(update=changed)


@dataclass(frozen=True)
class Prepared:
    """The game where a run begins, and what of it was taken of another run."""

    assembly: Assembly
    position: int
    taken: Taken

    def save(self, folder: RunFolder) -> None:
        """Keep it in the run's folder, from where the run begins."""
        game, method, batches = self.assembly.game, self.assembly.method, self.assembly.batches
        batches.position = self.position
        progress = {"steps": 0, "seconds": 0.0, "unrecorded": {}, "sums": {}, "count": 0}
        folder.start.save(self.position, lambda path: save_state(path, game, method, batches, progress))


def prepare(folder: RunFolder, config: Config, data: Dataset, networks: Mapping[str, nn.Module]) -> Prepared | None:
    """What a run begins from, where it is to begin from another one and did not yet; nothing is written.

    Args:
        folder: of the run.
        config: with a start, or without: then nothing is done.
        data: as read.
        networks: modules of the caller's, by role; they are not touched.

    Raises:
        ConfigurationError: there is no such run or checkpoint, or nothing of it fits a player.
    """
    if config.start is None or folder.start.whole():
        return None
    source = RunFolder(Path(config.start.run))
    checkpoint = _checkpoint(source, config.start)
    assembly = assemble(config, data, copy.deepcopy(dict(networks)))
    there = source.read_identity().get("dataset", {}).get("classes", ())
    taken = Taken(str(source.path), checkpoint.samples)
    try:
        _take(checkpoint, assembly, Classes(there, assembly.setup.data.classes), taken)
    except (KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"the checkpoint {checkpoint.path} is none that a run saved ({error})") from error
    for name in assembly.game.names:
        if not any(one.startswith(f"{name}/") for one in (*taken.kept, *taken.by_class)):
            raise ConfigurationError(
                f"nothing of the {name} in {source.path} fits the one here: begin with the networks of that run, as in "
                f"saddle train {source.config} --from {source.path}"
            )
    if config.start.take == "everything":
        taken.memories.append("the position among the batches")
    return Prepared(assembly, checkpoint.samples if config.start.take == "everything" else 0, taken)


def _checkpoint(source: RunFolder, start: Start) -> Checkpoint:
    if not source.config.exists():
        raise ConfigurationError(f"{source.path} holds no run to begin from: give the folder of one with --from")
    source.check_inside()
    whole = source.checkpoints.whole()
    found = [checkpoint for checkpoint in whole if start.samples in (None, checkpoint.samples)]
    if not found:
        there = ", ".join(f"{checkpoint.samples:,}" for checkpoint in whole) or "none"
        wanted = "" if start.samples is None else f" at {start.samples:,} samples"
        raise ConfigurationError(f"{source.path} has no whole checkpoint{wanted} to begin from; it has {there}")
    return found[-1]


def _take(checkpoint: Checkpoint, assembly: Assembly, classes: Classes, taken: Taken) -> None:
    """Put what fits of a checkpoint into a game that has not begun, and note it."""
    game, method, start = assembly.game, assembly.method, assembly.config.start
    assert start is not None
    weights, state = read_state(checkpoint.path, game.device)
    for player, module in game.players.items():
        own = module.state_dict()
        for key, value in own.items():
            name = f"{player}/{key}"
            source = weights.get(name)
            if source is not None and source.shape == value.shape:
                own[key] = source
                taken.kept.append(name)
            elif source is not None and (part := classes.matched(source, value)) is not None:
                own[key] = part
                taken.by_class.append(name)
            else:
                taken.new.append(name)
        module.load_state_dict(own)
    here = {f"{player}/{key}" for player, module in game.players.items() for key in module.state_dict()}
    taken.left += [name for name in weights if name not in here]
    whole = {player: state["names"][player] == game.parameter_names[player] for player in game.names}
    if start.take != "players":
        for player, optimizer in game.optimizers.items():
            own_groups = [{k: v for k, v in group.items() if k != "params"} for group in optimizer.param_groups]
            with suppress(ValueError):
                check_optimizer(state["optimizers"][player], optimizer, player)
                if whole[player] and not taken.by_class:
                    optimizer.load_state_dict(state["optimizers"][player])
                    for group, mine in zip(optimizer.param_groups, own_groups, strict=True):
                        group.update(mine)  # rates and betas are those of this run
                    taken.memories.append(f"the memory of the {player}'s optimizer")
    if start.take == "everything" and all(whole.values()):
        with suppress(ValueError):
            check_memory(state["method"], game, "the method's memory")
            method.load_state_dict(state["method"])
            taken.memories.append("the method's memory")
            return
    mean = state["method"].get("mean")
    if isinstance(method, Averaged) and isinstance(mean, Mapping):
        method.mean = _average(mean, state["names"], assembly, classes)
        taken.memories.append("the average")


def _average(
    mean: Mapping[str, Any], names: Mapping[str, Sequence[str]], assembly: Assembly, classes: Classes
) -> Point:
    """The average of the other run where it has one of a parameter, else the parameter as it begins."""
    found: dict[str, list[Tensor]] = {}
    game = assembly.game
    for player in game.names:
        theirs = dict(zip(names.get(player, ()), mean.get(player, ()), strict=False))
        found[player] = []
        for name, value in zip(game.parameter_names[player], game.point[player], strict=True):
            source = theirs.get(name)
            fits = source is not None and source.shape == value.shape
            part = source if fits or source is None else classes.matched(source, value.detach())
            found[player].append((value if part is None else part).detach().clone())
    return Point(found)
