"""Advice that is tried: what the verdicts propose, played on from the last sound checkpoint on the same batches."""

import copy
import math
import shlex
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from saddlepoint.configuration import ConfigurationError, assign
from saddlepoint.data.dataset import Dataset, OnProgress, quiet
from saddlepoint.report import evidence_of, examine_run
from saddlepoint.report.verdicts import Evidence
from saddlepoint.runs.assembly import assemble
from saddlepoint.runs.intervening import UNCHANGED, candidates, interventions_of, played_on, sound_start
from saddlepoint.runs.run import Run
from saddlepoint.runs.starting import prepare
from saddlepoint.storage import Checkpoint, RunFolder
from saddlepoint.tasks import Config, FittedConfig
from saddlepoint.training import Observer, Start

#: Steps that each candidate is played for.
STEPS = 300
#: Settings that change what is handed over or read, and nothing of the steps.
NOT_PLAYED = ("average", "data", "budget")


@dataclass(frozen=True)
class Rehearsal:
    """What came of trying the advice on a run.

    Attributes:
        seen: samples that the run had seen.
        at: samples at the checkpoint that all begin from; 0 is the beginning.
        steps: that each was played for.
        measure: the name of the score.
        tried: the score of the live weights over the last half by settings, as a shell takes them, less is better;
            None where it was not finite, or where the settings do not fit the checkpoint.
    """

    seen: int
    at: int
    steps: int
    measure: str
    tried: Mapping[str, float | None]

    @property
    def best(self) -> str:
        """The settings that came out best, or `unchanged`."""
        finite = {name: value for name, value in self.tried.items() if value is not None}
        return min(finite, key=lambda name: finite[name], default=UNCHANGED)


def rehearse(
    run: Run | str | Path, *, samples: int | None = None, at: int | None = None, progress: OnProgress = quiet
) -> Rehearsal:
    """Try what the verdicts on a run advise, and the dials that runs in trouble turn; keep what came of it.

    Each candidate is played from the same checkpoint on the same batches and noise. `run.json` keeps the scores, and
    verdicts name what measured best first for as long as the run does not go on.

    Args:
        run: a run, or its folder.
        samples: that each candidate sees in batches of the run's size; None is 300 batches.
        at: samples seen at the checkpoint; None is the last one at which the game was found sound, or the beginning.
        progress: is told how far it is.

    Raises:
        ConfigurationError: no such run or checkpoint, nothing to try, or networks of a caller's that are not given.
    """
    source = run if isinstance(run, Run) else Run.open(run)
    if source.config is None or isinstance(source.config, FittedConfig):
        raise ConfigurationError(f"{source.path} has no game to go on with: give the folder of a run that was trained")
    evidence, config = Evidence(**evidence_of(source.path)), source.played
    steps = STEPS if samples is None else max(2, math.ceil(samples / config.batch_size))
    trials: dict[str, tuple[str, ...]] = {UNCHANGED: ()}
    for settings in candidates(evidence, config, examine_run(source.path)).values():
        if settings and not all(one.startswith(NOT_PLAYED) for one in settings):
            trials[shlex.join(settings)] = settings
    if len(trials) == 1:
        raise ConfigurationError(f"nothing that is advised for {source.path} changes how it is played")
    with source.storage.held():
        start = _from(source, at)
        data = source.read_data(progress)
        tried: dict[str, float | None] = {}
        for number, (name, settings) in enumerate(trials.items()):
            progress(f"rehearsing {name}", number, len(trials))
            tried[name] = _played(assign(config, settings), data, source, start, steps)
        found = Rehearsal(
            evidence.samples, 0 if start == "beginning" else start.samples, steps, evidence.score or "score", tried
        )
        source.storage.write_identity(rehearsed=asdict(found))
    return found


def _from(source: Run, at: int | None) -> Checkpoint | Literal["beginning"]:
    whole = source.storage.checkpoints.whole()
    if at is None:
        seen = max((checkpoint.samples for checkpoint in whole), default=0)
        begins = not any(player.network["name"] == "own" for player in source.played.players.values())
        found = sound_start(source.storage, seen, True, begins, interventions_of(source.storage))
        if found is not None:
            return found
    chosen = [checkpoint for checkpoint in whole if checkpoint.samples == at]
    if not chosen:
        there = ", ".join(f"{checkpoint.samples:,}" for checkpoint in whole) or "none"
        raise ConfigurationError(
            f"{source.path} has no whole checkpoint{f' at {at:,} samples' if at else ''}; it has {there}"
        )
    return chosen[-1]


def _played(
    config: Config, data: Dataset, source: Run, start: Checkpoint | Literal["beginning"], steps: int
) -> float | None:
    """The score of one candidate; None where it failed."""
    # A recipe's network may be tried in the place of the caller's own.
    networks = {role: one for role, one in source.networks.items() if config.players[role].network["name"] == "own"}
    with tempfile.TemporaryDirectory() as place:
        folder = RunFolder(Path(place))
        folder.create()
        if start == "beginning":
            return played_on(assemble(config, data, copy.deepcopy(networks)).training(folder, Observer()), steps)
        begun = Start(run=str(source.path.absolute()), samples=start.samples, take="everything")
        try:
            prepared = prepare(folder, config.model_copy(update={"start": begun}), data, networks)
        except ConfigurationError:  # networks of other shapes
            return None
        assert prepared is not None
        prepared.assembly.batches.position = prepared.position
        return played_on(prepared.assembly.training(folder, Observer()), steps)
