"""What a run will do, before it does it: its stages, and by a short probe its samples, time and memory."""

import copy
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

from torch import nn

from saddlepoint.configuration import assign_values
from saddlepoint.core.ranks import world
from saddlepoint.data.dataset import Dataset, OnProgress
from saddlepoint.runs.assembly import Assembly, assemble
from saddlepoint.storage import RunFolder
from saddlepoint.tasks import AdversarialConfig, Config
from saddlepoint.training import Budget, Intervals, Observer, Pace, StageInfo, measured, scaled
from saddlepoint.training.pace import shared

C = TypeVar("C", bound=Config)
#: Seconds that steps of a stage are timed: where minutes become samples, at most; and where a time is only told.
FOR_MINUTES, TO_TELL = 4.0, 0.4
#: A run of fewer steps is over before its time is known.
SHORT = 64
#: Share of a run's minutes that scores, checkpoints and pictures may take: their intervals are widened to it.
LOOKS = 0.25


@dataclass(frozen=True)
class Planned:
    """A run as it begins: its configuration, with all lengths, and what it takes on this machine.

    Attributes:
        config: with the samples that fill its budget.
        assembly: at the start.
        stages: in their order.
        pace: as measured; None where nothing was.
    """

    config: Config
    assembly: Assembly
    stages: tuple[StageInfo, ...]
    pace: Pace | None

    def rated(self, rates: Mapping[str, float], data: Dataset, networks: Mapping[str, nn.Module]) -> "Planned":
        """The same with other rates, by setting."""
        return _with_stages(assign_values(self.config, rates), data, networks, self.pace)

    @property
    def seconds(self) -> float | None:
        """Expected for the whole run; None where it is not known."""
        if self.pace is None or not self.stages or self.stages[-1].end is None:
            return None
        ends = [stage.end or 0 for stage in self.stages]
        return self.pace.steps(ends) + self.pace.looks(ends[-1], self.config.every)


def planned(config: Config, data: Dataset, networks: Mapping[str, nn.Module], tell: OnProgress) -> Planned:
    """The plan of a run that begins; a time or evaluations become samples.

    Args:
        config: its lengths as stated for `config.length`; its budget as asked for.
        data: as read.
        networks: modules of the caller's, by role; they are not touched.
        tell: is told of the probe.

    Raises:
        ConfigurationError: things do not fit together.
    """
    budget = config.budget
    if budget.epochs is not None:
        assembly = assemble(config, data, copy.deepcopy(networks))
        samples = max(1, round(budget.epochs * len(assembly.setup.data)))
        budget = budget.model_copy(update={"samples": samples, "epochs": None})
        config = _asked(config.model_copy(update={"budget": budget}), epochs=config.budget.epochs)
    config = config.planned(budget.samples)
    open_ended = budget.samples is None and config.length is not None and not config.plan.keep
    steps = (budget.samples or config.length or 0) / config.batch_size
    if not open_ended and steps < SHORT:
        return _with_stages(config, data, networks, None)
    probed = assemble(config, data, copy.deepcopy(dict(networks)))
    if probed.setup.game is not None:  # a caller's own, which is his to move
        return _with_stages(config, data, networks, None)
    tell("measuring this machine", 0, 0)
    seconds: float | None = TO_TELL
    if open_ended:
        seconds = None if budget.minutes is None else min(FOR_MINUTES, 60 * budget.minutes / 20)
    pace, ends = _pace(probed, seconds), _ends(probed)
    del probed
    if open_ended:
        config = _filled(config, pace, ends)
    return _with_stages(config, data, networks, None if seconds is None else pace)


def stages_of(assembly: Assembly) -> tuple[StageInfo, ...]:
    """The stages of a run, each with the samples seen when it ends; None where that is open."""
    config, first = assembly.config, assembly.setup.stage
    if not assembly.game.names:  # fitted at once
        return ()
    end = config.budget.samples or (config.length if config.budget.minutes is None else None)
    if first is None or not first.samples:
        plays = isinstance(config, AdversarialConfig) and config.objective == config.adversary.loss["name"]
        return (StageInfo("game" if plays else config.objective, end),)
    if end is not None and first.samples >= end:
        return (StageInfo(first.name, end),)
    return StageInfo(first.name, first.samples), StageInfo("adversary", end)


def _with_stages(config: Config, data: Dataset, networks: Mapping[str, nn.Module], pace: Pace | None) -> Planned:
    assembly = assemble(config, data, networks)
    return Planned(config, assembly, stages_of(assembly), pace)


def _pace(assembly: Assembly, seconds: float | None) -> Pace:
    starts = (0, *_ends(assembly)[:-1])
    with tempfile.TemporaryDirectory(prefix="saddlepoint-") as place:
        folder = RunFolder(Path(place))
        folder.create()
        return shared(measured(assembly.training(folder, Observer()), starts, seconds), world())


def _ends(assembly: Assembly) -> Sequence[int]:
    """Samples at which the stages end, of a run of the plan's length."""
    length, stage = assembly.config.length or 1, assembly.setup.stage
    return (stage.samples, length) if stage is not None and 0 < stage.samples < length else (length,)


def _filled(config: C, pace: Pace, ends: Sequence[int]) -> C:
    """The configuration with the samples that its minutes or evaluations are enough for."""
    budget = config.budget
    if budget.minutes is None:
        return config.planned(pace.samples(ends, evaluations=budget.evaluations))
    whole = 60 * budget.minutes
    looks = pace.looks(ends[-1], config.every)
    allowed = min(looks, LOOKS * whole)
    samples = pace.samples(ends, seconds=whole - allowed)
    found = config.planned(samples)
    if looks > allowed and "every" not in config.plan.given:
        found = found.model_copy(update={"every": _wider(found.every, pace, samples, allowed)})
    evaluations = budget.evaluations
    found = found.model_copy(update={"budget": Budget(samples=samples, evaluations=evaluations)})
    return _asked(found, minutes=budget.minutes)


def _wider(every: Intervals, pace: Pace, samples: int, allowed: float) -> Intervals:
    """Intervals so wide that looks take the seconds that are allowed, and no wider than the run."""
    for doublings in range(12):
        wider = scaled(every, Fraction(2**doublings))
        if pace.looks(samples, wider) <= allowed or wider.checkpoint >= samples:
            return wider
    return wider


def _asked(config: C, **plan: float | None) -> C:
    return config.model_copy(update={"plan": config.plan.model_copy(update=plan)})
