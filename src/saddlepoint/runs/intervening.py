"""Other settings for a run in trouble: candidates, rehearsed from a checkpoint on the same batches, the best one kept.

An intervention is written to `run.json` before it acts, and everything after it is a function of it and of the
checkpoint that it goes on from. So a run that is killed in the middle of one comes to the same end.
"""

import copy
import math
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, TypeVar

from torch import nn

from saddlepoint.configuration import ConfigurationError, assign
from saddlepoint.core import Outcome
from saddlepoint.data.dataset import Dataset, OnProgress
from saddlepoint.report.verdicts import Evidence, Finding, settings_of
from saddlepoint.report.verdicts.suspects import suspects, undo
from saddlepoint.runs.assembly import assemble
from saddlepoint.storage import Checkpoint, RunFolder, read_records, trim_records
from saddlepoint.tasks import Config, recipe_named
from saddlepoint.tasks.config import flat
from saddlepoint.training import Observer, Training

C = TypeVar("C", bound=Config)
#: Of one run, at most.
INTERVENTIONS = 3
#: Steps that each candidate is played for.
REHEARSED = 180
#: Looks over the last part of a rehearsal, of which the mean counts.
LOOKS = 3
#: How far one may move a rate or a weight at most, but for the recipe's own value.
FURTHEST = 10.0
#: Methods that may be taken in the place of the run's own, moves in a row of one player, and augmentation, at most.
METHODS, MOST_MOVES, MOST_AUGMENTATION = ("extragradient", "lookahead", "optimistic"), 5, 0.8
#: As it is: played beside the candidates, never taken.
UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Intervention:
    """Settings that changed while a run went on.

    Attributes:
        at: samples seen when the trouble was acted on.
        to: samples from where the run goes on; `at` where it did not go back.
        why: the trouble.
        settings: what changed, as `key=value`.
        tried: what each candidate came to in its rehearsal: the score of the live weights, less is better; None where
            it was not finite.
        seconds: of training that were spent until then, the rehearsals and what is taken away among them.
        undone: whether everything after `to` was taken away.
    """

    at: int
    to: int
    why: str
    settings: tuple[str, ...]
    tried: Mapping[str, float | None]
    seconds: float = 0.0
    undone: bool = False


def interventions_of(folder: RunFolder) -> list[Intervention]:
    """Those that a run's folder tells of, in their order."""
    found = folder.read_identity().get("interventions", [])
    return [Intervention(**{**one, "settings": tuple(one["settings"])}) for one in found]


def with_interventions(config: C, found: Sequence[Intervention]) -> C:
    """The configuration as the run goes on with it. Raises ConfigurationError for what no intervention changes."""
    for intervention in found:
        if not all(map(_may_change, intervention.settings)):
            raise ConfigurationError(f"run.json tells of a change that no run makes: {intervention.settings}")
        config = assign(config, intervention.settings)
    return config


def _may_change(setting: str) -> bool:
    """Whether a setting is one that interventions change, within their bounds: a rate, the weight of a penalty, how
    often each player moves, augmentation, the method."""
    key, _, value = setting.partition("=")
    if key.endswith("optimizer.lr") or (key.startswith("penalties.") and key.endswith(".weight")):
        return True
    if key == "method":
        return value in METHODS
    if key in ("method.counts", "method.base.counts"):
        moves = value.strip("[]").split(",")
        return all(one.strip().isdecimal() and 1 <= int(one) <= MOST_MOVES for one in moves)
    if key == "augmentation.strength":
        return value.replace(".", "", 1).isdecimal() and float(value) <= MOST_AUGMENTATION
    return setting == "augmentation.kind=diffaugment"


def told_of(found: Intervention) -> str:
    """What was done, in a sentence or two."""
    where = f"back to {found.to:,} samples" if found.to < found.at else f"on from {found.to:,} samples"
    scores = {name: "not finite" if value is None else f"{value:.4g}" for name, value in found.tried.items()}
    mine = " ".join(found.settings)
    others = ", ".join(f"{name} {value}" for name, value in scores.items() if name != mine)
    return (
        f"{found.why}: {where} with {mine}. Rehearsed for {REHEARSED} steps on the same batches it came to "
        f"{scores[mine]} (less is better); {others}"
    )


def carry_out(folder: RunFolder) -> None:
    """Take away what came after the point that the last intervention goes on from; again where that was cut short."""
    found = interventions_of(folder)
    if not found or found[-1].undone:
        return
    for checkpoint in folder.checkpoints.whole():
        if checkpoint.samples > found[-1].to:
            shutil.rmtree(checkpoint.path)
    steps = [r.get("steps", 0) for r in read_records(folder.records) if r.get("samples", 0) <= found[-1].to]
    trim_records(folder.records, max(steps, default=-1))
    _write(folder, [*found[:-1], Intervention(**{**asdict(found[-1]), "undone": True})])


def intervene(
    folder: RunFolder,
    config: Config,
    data: Dataset,
    networks: Mapping[str, nn.Module],
    trouble: str,
    findings: Sequence[Finding],
    at: int,
    seconds: float,
    *,
    back: bool,
    tell: OnProgress,
) -> Intervention | None:
    """Find other settings for a run in trouble, and write them down; nothing else is changed yet.

    Args:
        folder: of the run.
        config: as it was played so far.
        data: as read.
        networks: modules of the caller's, by role; they are not touched.
        trouble: in a sentence.
        findings: what is the matter; their advice is among the candidates.
        at: samples seen.
        seconds: spent until then.
        back: go back to the last sound checkpoint or to the beginning, and not on from the newest one.
        tell: is told how far it is.

    Returns:
        What is done; None where no candidate stayed finite, or there is nothing to go on from.
    """
    before, begun = interventions_of(folder), time.monotonic()
    start = sound_start(folder, at, back, not networks, before)
    if start is None:
        return None
    evidence = Evidence(read_records(folder.records), config.plain(), folder.read_identity(), folder.path)
    trials = {UNCHANGED: (), **_live(config, candidates(evidence, config, findings))}
    tried: dict[str, float | None] = {}
    for place, (name, settings) in enumerate(trials.items()):
        tell(f"rehearsing {name}", place, len(trials))
        tried[name] = rehearsed(assign(config, settings), data, networks, start, REHEARSED)
    finite = {name: value for name, value in tried.items() if value is not None and name != UNCHANGED}
    if not finite:
        return None
    best = min(finite, key=lambda name: finite[name])
    found = Intervention(at, 0 if start == "beginning" else start.samples, trouble, trials[best], tried)
    found = replace(found, seconds=round(seconds + time.monotonic() - begun, 3))
    _write(folder, [*before, found])
    return found


def rehearsed(
    config: Config,
    data: Dataset,
    networks: Mapping[str, nn.Module],
    start: Checkpoint | Literal["beginning"],
    steps: int,
) -> float | None:
    """Play on for some steps, by the run's own batches and noise, and keep nothing of it.

    Args:
        config: with the settings that are tried.
        data, networks: of the run; they are not touched.
        start: a checkpoint, or the beginning.
        steps: how many.

    Returns:
        The mean score of the live weights over the last part, less is better; 0 where nothing is measured; None where
        it did not stay finite.
    """
    assembly = assemble(config, data, copy.deepcopy(dict(networks)))
    with tempfile.TemporaryDirectory() as place:
        folder = RunFolder(Path(place))
        folder.create()
        training = assembly.training(folder, Observer())
        if start != "beginning":
            try:
                training.load(start)
            except ValueError:  # what the method remembers is of another one
                return None
        return played_on(training, steps)


def played_on(training: Training, steps: int) -> float | None:
    """The mean score of the live weights over the last half of so many steps; see `rehearsed`."""
    scores = []
    for step in range(1, steps + 1):
        if training.step().outcome is not Outcome.RUNNING:
            return None
        if step > steps // 2 and step % max(1, steps // (2 * LOOKS)) == 0:
            scores.append(_score(training))
    return sum(scores) / len(scores) if all(map(math.isfinite, scores)) else None


def _score(training: Training) -> float:
    with training.game.untouched():
        numbers = training.probe.score()
    return numbers[0].badness if numbers else 0.0


def sound_start(
    folder: RunFolder, at: int, back: bool, begins: bool, before: Sequence[Intervention]
) -> Checkpoint | Literal["beginning"] | None:
    """Where to go on from.

    The newest checkpoint; or, to go back, the newest of before the trouble at which the game was found sound, and of
    before where the last intervention went back to; else the beginning, where the networks can be made anew.
    """
    whole = [checkpoint for checkpoint in folder.checkpoints.whole() if checkpoint.samples <= at]
    if not back:
        return whole[-1] if whole else None
    judged = {int(r["samples"]): r["troubles"] for r in read_records(folder.records) if "troubles" in r}
    began = at
    for position in sorted(judged, reverse=True):
        if not judged[position]:
            break
        began = position
    latest = min(began, before[-1].to) if before else began
    sound = [c for c in whole if c.samples < latest and any(position <= c.samples for position in judged)]
    if sound:
        return sound[-1]
    if taken_over := folder.start.whole():
        return taken_over[0]
    return "beginning" if begins else next(iter(whole), None)


def candidates(evidence: Evidence, config: C, findings: Sequence[Finding]) -> dict[str, tuple[str, ...]]:
    """Settings to try, by a name each: what is advised, and the dials of the game that may act on what is the matter.

    Args:
        evidence: of the run.
        config: as it is played.
        findings: what is the matter; their advice comes first.
    """
    remedies = [remedy for finding in findings for remedy in finding.remedies]
    remedies += [remedy for suspect in suspects(evidence) for remedy in undo(evidence, [suspect])[1]]
    remedies += [*evidence.rates(0.25), *evidence.penalty(0.1), *evidence.penalty(10.0)]
    remedies += [evidence.rate("generator", 0.5), evidence.rate("discriminator", 0.5)]
    names = {finding.name for finding in findings}
    if names & {"discriminator-lost", "discriminator-weak", "penalty-rules", "collapse"}:
        remedies += evidence.moves("discriminator")
    if names & {"discriminator-wins", "overfits"}:
        remedies += [*evidence.moves("generator"), *evidence.augmentation(0.5)]
    if names & {"circles", "collapse", "diverges", "discriminator-lost"}:
        remedies += evidence.method("extragradient")
    found: dict[str, tuple[str, ...]] = {}
    for remedy in remedies:
        settings = settings_of(remedy.command)
        try:
            changed = assign(config, settings)
        except (ConfigurationError, ValueError):
            continue
        if changed != config:
            found.setdefault(" ".join(settings), settings)
    return found


def _live(config: C, found: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Those that a run may go on with, within the bounds of interventions."""
    return {
        name: settings
        for name, settings in found.items()
        if all(map(_may_change, settings)) and _within(assign(config, settings), config)
    }


def _within(changed: Config, config: Config) -> bool:
    """Whether every number that changed stays near where it is, or is the recipe's own."""
    before, after = flat(config.plain()), flat(changed.plain())
    recipe = flat(recipe_named(config.recipe).plain())
    moved = {key: value for key, value in after.items() if value != before.get(key)}
    furthest = FURTHEST * (1 + 1e-9)
    return all(
        value == recipe.get(key)
        or not isinstance(before.get(key), float)
        or (before[key] and 1 / furthest <= value / before[key] <= furthest)
        for key, value in moved.items()
    )


def _write(folder: RunFolder, found: Sequence[Intervention]) -> None:
    folder.write_identity(interventions=[asdict(one) for one in found])
