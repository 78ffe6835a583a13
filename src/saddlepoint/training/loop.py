"""The loop: step, record, look, save, until the budget is spent."""

import errno
import math
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from saddlepoint.core import Batches, Game, Method, Outcome, Step
from saddlepoint.core.ranks import as_on_the_first, rank, together
from saddlepoint.measures import Number, declared, values
from saddlepoint.storage import Checkpoint, NoCheckpoint, RunFolder, append_record, trim_records, write_atomically
from saddlepoint.training.budget import Budget, Intervals, crossed
from saddlepoint.training.engine import Engine, EngineName
from saddlepoint.training.interruption import Interruption, interruption
from saddlepoint.training.observer import Observer, Progress
from saddlepoint.training.probe import Probe
from saddlepoint.training.processes import agreed, leads, tell, told
from saddlepoint.training.schedules import OptimizerSchedule
from saddlepoint.training.state import load_state, overflowed, save_state
from saddlepoint.training.stopping import Stopping
from saddlepoint.training.trouble import Examiner, Trouble

#: Seconds of training after which there is a new picture in any case.
PICTURE = 15.0
#: Pictures of one session that the clock asked for; more are thinned out.
CLOCKED = 400
#: Seconds between two looks at what is being compiled.
COMPILING = 0.05
#: Seconds between two looks at what other processes ask for.
ASKED = 0.25


class RunFailed(RuntimeError):
    """The run can't go on for a reason outside of the game, such as a full disk; says what is intact."""

    #: Of the command line.
    exit_code = 1


@dataclass(frozen=True)
class Result:
    """What came of it.

    Attributes:
        outcome: `stopped` where the budget was spent or a signal came, `converged` or `cycling` where the run was to
            end once it has settled, `non-finite` where the game failed.
        message: why, in a sentence.
        progress: where the run stands.
        metrics: of the answer, at the end, by name; those that are finite.
        checks: of the answer, at the end, by name: what the metrics may be blind to.
        live: metrics of the live parameters, where the answer is an average of them.
        signal: the number of the signal that stopped it, or None.
        products: with the game's Jacobian that methods of second order took.
        trouble: why the game was played no further, where that is what ended it.
        times: seconds by the clock of this session: `steps` of the method, `data` that they drew, `compiling`, while
            steps waited for their graph, and `looks`, all else: scores, pictures, records, checkpoints, what is handed
            over.
    """

    outcome: Outcome
    message: str
    progress: Progress
    metrics: dict[str, Number] = field(default_factory=dict)
    checks: dict[str, float] = field(default_factory=dict)
    live: dict[str, float] = field(default_factory=dict)
    signal: int | None = None
    products: int = 0
    trouble: Trouble | None = None
    times: Mapping[str, float] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0 done, 1 failed, 128 + number by a signal."""
        if self.signal is not None:
            return 128 + self.signal
        return int(self.trouble is not None or self.outcome in (Outcome.NON_FINITE, Outcome.DIVERGED))


@dataclass(frozen=True)
class Stage:
    """A part of a run whose end is worth keeping, after so many samples.

    Attributes:
        samples: seen when it ends.
        deliver: writes what it ended with, the players at the answer, below the folder of what the run hands over.
        then: what begins when it ends.
    """

    samples: int
    deliver: Callable[[Path], None]
    then: str


def _named(checkpoint: Checkpoint) -> str:
    """A checkpoint within the run's folder, which each process may know by another path."""
    return f"{checkpoint.path.parent.name}/{checkpoint.path.name}"


class Training:
    """One game, one method, one folder.

    Args:
        game: the players, where they start.
        method: the iteration.
        batches: a pure function of the position, so that a resumed run sees the same data.
        probe: what to measure and to hand over.
        folder: the run's folder, created.
        budget: when to stop.
        every: when to record, look and save.
        epoch: samples in the data set.
        observer: who watches.
        optimizer_schedule: sets rates by the samples seen, where they are scheduled.
        stopping: ends the run once it has converged, or goes round.
        stages: parts of the run whose ends are kept, before any checkpoint that lies beyond them.
        examiner: looks at every record, and may end the run.
        start: the checkpoint that it begins from; None begins with the game as it is.
        engine: what plays the steps, from `run` on.
        cache: the folder of compiled graphs; None keeps them in the run's.
        spent: seconds that were spent before, also on what was taken away since: no checkpoint counts fewer.
    """

    def __init__(
        self,
        game: Game,
        method: Method,
        batches: Batches,
        probe: Probe,
        folder: RunFolder,
        budget: Budget,
        every: Intervals,
        epoch: int,
        observer: Observer,
        optimizer_schedule: OptimizerSchedule | None = None,
        stopping: Stopping | None = None,
        stages: Sequence[Stage] = (),
        examiner: Examiner | None = None,
        start: Checkpoint | None = None,
        spent: float = 0.0,
        engine: EngineName = "eager",
        cache: Path | None = None,
    ) -> None:
        self.engine = Engine(engine, game, method, folder, cache or folder.path / "compiled", observer.said)
        self.examiner, self.start = examiner, start
        self.optimizer_schedule, self.stopping, self.stages = optimizer_schedule, stopping, tuple(stages)
        self.game, self.method, self.batches, self.probe = game, method, batches, probe
        self.folder, self.budget, self.every, self.observer = folder, budget, every, observer
        self.epoch = epoch
        self.steps = 0
        self._unrecorded: dict[str, dict[str, float]] = {}
        self._measures: dict[str, Any] = {}
        self._seconds_before = spent
        self._started = time.monotonic()
        self._stepping = self._compiling = 0.0
        self._loss_mean = LossMean()
        self._saved_at = -1
        self._trouble: Trouble | None = None
        self._drawn = self._started
        self._clocked: list[Path] = []
        self._together = False
        self._begun_from: str | None = None
        self._failure: Result | None = None
        self._heeded = self._started

    def run(self) -> Result:
        """Continue from the newest whole checkpoint, or begin, and go on until something ends it.

        Raises:
            RunFailed: the disk is full, or a checkpoint does not belong to this configuration.
        """
        self._together = True
        try:
            if not leads():
                return self._follow()
            with self._timed_as_compiling():
                self.engine.begin(self.batches)
            self._restore()
            tell(self._begun_from)
            self._level()
            with interruption() as interrupted:
                result = self._finish(self._play(interrupted))
                return replace(result, times=self._times())
        except OSError as error:
            raise RunFailed(self._disk_trouble(error)) from error
        finally:
            self.engine.end()

    def _play(self, interrupted: Interruption) -> Result:
        if not self.game.names:
            metrics, checks = self._judged()
            self._unrecorded = {"metrics": values(metrics), "checks": checks}
            trim_records(self.folder.records, -1)
            self._record()
            return self._result(Outcome.CONVERGED, "fitted at once, without steps")
        while True:
            self._heed(interrupted)
            progress, ending = self.progress(), self._ending()
            number, _ = agreed(interrupted.signal or 0, int(ending is not None))
            if number:
                return self._result(
                    Outcome.STOPPED, f"stopped by {interrupted.name or signal.Signals(number).name}", number
                )
            if ending is not None:
                return ending

            with self._timed_as_compiling():
                if not (ready := self.engine.ready(self.batches)):
                    time.sleep(COMPILING)
            if not ready:
                continue
            before = self.batches.position
            step = self.step()
            if step.outcome is not Outcome.RUNNING:
                return self._result(step.outcome, self._explain(step, self.steps + 1))
            self.observer.stepped(progress)

            after = self.batches.position
            self._end_stages(before, after)
            saving, scoring = crossed(before, after, self.every.checkpoint), self.every.scores(before, after)
            if scoring:
                if (failure := self._overflow()) is not None:
                    self._failure = failure
                    continue
                metrics, checks = self._judged()
                self._unrecorded = {"metrics": values(metrics), "checks": checks}
                if live := self._live():
                    self._unrecorded["live"] = live
                if saving and self.stopping is not None:
                    self._unrecorded["metrics"] |= self.stopping.look(metrics)
            if self.every.records(before, after, self.epoch) or (scoring and self.every.record is not None):
                self._record()
            if self.every.pictures(before, after):
                self._snapshot()
            elif time.monotonic() - self._drawn >= PICTURE:
                # By the clock, so on no grid: a picture reads the run and moves nothing in it.
                self._thin_out(self._snapshot())
            if saving:
                self._save(metrics)
                with self._timed_as_compiling():
                    self.engine.consider(self.batches, self._seconds_left())

    def _ending(self) -> Result | None:
        """The end, where one of its reasons is there."""
        progress = self.progress()
        if self._failure is not None:
            return self._failure
        if (spent := self.budget.spent(progress.samples, progress.seconds, progress.evaluations)) is not None:
            return self._result(Outcome.STOPPED, f"the budget of {spent} is spent{self._unreached()}")
        if self._trouble is not None:
            outcome = Outcome.DIVERGED if self._trouble.name == "diverges" else Outcome.STOPPED
            return replace(self._result(outcome, self._trouble.why), trouble=self._trouble)
        if self.stopping is not None and (verdict := self.stopping.verdict()) is not None:
            return self._result(*verdict)
        return None

    def _level(self) -> None:
        """All ranks begin with the parameters of the first: networks of a caller's own may have begun anyhow."""
        with together():
            as_on_the_first(self.game.players.values())

    def _follow(self) -> Result:
        """Play along with the first process, which decides, looks and writes, from where it begins."""
        begun_from = told()
        if begun_from is not None:
            checkpoints = {_named(c): c for c in (*self.folder.checkpoints.whole(), *self.folder.start.whole())}
            if begun_from not in checkpoints:
                raise RunFailed(
                    f"rank {rank()} does not see {self.folder.path / begun_from}, from which rank 0 goes on: the "
                    f"run's folder has to be on a disk that all processes share"
                )
            self.load(checkpoints[begun_from])
        self._level()
        if not self.game.names:
            return self._result(Outcome.CONVERGED, "")
        with interruption() as interrupted:
            while True:
                number, ending = agreed(interrupted.signal or 0, 0)
                if number or ending:
                    return self._result(Outcome.STOPPED, "the first process ended it", number or None)
                step = self.step()
                if step.outcome is not Outcome.RUNNING:  # of the mean over ranks, and so of all
                    return self._result(step.outcome, "")

    def _heed(self, interrupted: Interruption) -> None:
        """Do what other processes ask for through the folder. Numbers of the run do not depend on it."""
        if time.monotonic() - self._heeded < ASKED:
            return
        self._heeded = time.monotonic()
        for what in self.folder.asked():
            if what == "stop":
                interrupted.ask()
            elif self.steps and self._overflow() is None:
                metrics, _ = self._judged()
                self._save(metrics)
                self._snapshot()

    # --- phases, each also for a probe of what it takes ---------------------------------------------------

    def load(self, checkpoint: Checkpoint) -> dict[str, Any]:
        """Put the game where a checkpoint has it, at the rates of this configuration; the progress that it holds.

        Raises:
            ValueError: the checkpoint is not one of this game.
        """
        state = load_state(checkpoint.path, self.game, self.method, self.batches)
        self.engine.loaded()
        if self.optimizer_schedule is not None:  # a checkpoint has those that it was saved with
            self.optimizer_schedule.begin()
        return state

    def step(self) -> Step:
        """One step of the method, at the rates of where it is."""
        if self.optimizer_schedule is not None:
            self.optimizer_schedule.set(self.batches.position)
        began = time.perf_counter()
        with together() if self._together else nullcontext():
            step = self.engine.step(self.batches)
        self._stepping += time.perf_counter() - began
        if step.outcome is Outcome.RUNNING:
            self.steps += 1
            self._loss_mean.add(self.game.loss_values)
        return step

    def look(self, what: Literal["references", "checkpoint", "snapshot", "record"]) -> None:
        """What is done once at the start, or at an interval: score and save, draw, or record."""
        if what == "references":
            self._look_round()
        elif what == "checkpoint":
            self._overflow()
            self._saved_at = -1
            metrics, _ = self._judged()
            self._live()
            self._save(metrics)
        elif what == "snapshot":
            self._snapshot()
        else:
            self._record()

    def _restore(self) -> None:
        damaged: list[str] = []
        try:
            checkpoint = self.folder.checkpoints.newest(damaged.append)
        except NoCheckpoint:
            for fault in damaged:
                self.observer.said(f"{fault}; none is left, the run begins again")
            trim_records(self.folder.records, -1)
            self._look_round()
            if self.start is not None:  # now, as what is held against it is the untrained model
                self.load(self.start)
                self._begun_from = _named(self.start)
            self._snapshot()
            self._save([])
            return
        for fault in damaged:
            self.observer.said(f"{fault}; continuing from the one at {checkpoint.samples:,} samples")
        try:
            state = self.load(checkpoint)
            if self.batches.position != checkpoint.samples:
                raise ValueError(f"the checkpoint {checkpoint.path} is of {self.batches.position:,} samples")
            if self.stopping is not None:
                self.stopping.rule.load_state_dict(state.get("looks", []))
        except ValueError as error:
            raise RunFailed(
                f"{error}. Move it away, and the one before is taken; or begin again in another folder with --out"
            ) from error
        self._begun_from = _named(checkpoint)
        self.steps, self._unrecorded = state["steps"], state["unrecorded"]
        self._seconds_before = max(self._seconds_before, state["seconds"])
        self._loss_mean = LossMean(state["sums"], state["count"])
        self._saved_at = self.steps
        trim_records(self.folder.records, self.steps)

    def _record(self) -> None:
        progress = self.progress()
        record: dict[str, Any] = {
            "samples": progress.samples,
            "steps": progress.steps,
            "evaluations": progress.evaluations,
            "seconds": round(progress.seconds, 3),
            "losses": _jsonable(self._loss_mean.means()),
            "monitors": _jsonable(self.probe.monitors()),
            "movement": _jsonable(self.probe.movement()),
            **{group: _jsonable(found) for group, found in {"metrics": {}, **self._unrecorded}.items()},
        }
        if self.examiner is not None:
            told, self._trouble = self.examiner.examine(record)
            record |= told
        append_record(self.folder.records, record)
        self._loss_mean, self._unrecorded = LossMean(), {}
        self.observer.recorded(record)

    def _look_round(self) -> None:
        """Keep what verdicts are held against: numbers of what is known, and what the data say of themselves."""
        with self._at_answer(), self.game.untouched():
            references = {name: _jsonable(found) for name, found in self.probe.references().items()}
            self.folder.exhibits.mkdir(exist_ok=True)
            self.probe.exhibit(self.folder.exhibits)
        self.folder.write_identity(references=references, examined=_jsonable(self.probe.examined()))

    def _live(self) -> dict[str, float]:
        """Metrics of the live parameters; nothing where these are the answer."""
        if self.method.answer(self.game) is self.game.point:
            return {}
        with self.game.untouched():
            return values(self.probe.score())

    def _judged(self) -> tuple[Sequence[Number], dict[str, float]]:
        with self._at_answer():
            metrics, checks = self.probe.score(), self.probe.checks()
        if (measures := declared(metrics)) != self._measures:  # once a session: a running run has a report, too
            self.folder.write_identity(measures=measures)
            self._measures = measures
        return metrics, checks

    def _end_stages(self, before: int, after: int) -> None:
        for stage in self.stages:
            if before < stage.samples <= after and self._overflow() is None:
                with self._at_answer():
                    stage.deliver(self.folder.generator)

    def _snapshot(self) -> Path:
        path = self.folder.samples / f"{self.batches.position:012d}.png"
        with self._at_answer():
            self.probe.snapshot(path)
        for file in path.parent.glob(f"{path.stem}.*"):
            write_atomically(file.with_stem("latest"), file.read_bytes())
        self.observer.snapshot(path)
        self._drawn = time.monotonic()
        return path

    def _thin_out(self, path: Path) -> None:
        """Keep every other picture of those that the clock asked for, where they are many."""
        self._clocked.append(path)
        if len(self._clocked) > CLOCKED:
            for one in self._clocked[1::2]:
                for file in one.parent.glob(f"{one.stem}.*"):
                    file.unlink()
            del self._clocked[1::2]

    def _save(self, metrics: Sequence[Number]) -> None:
        if self._saved_at == self.steps:
            return
        progress = {
            "steps": self.steps,
            "seconds": self.progress().seconds,
            "unrecorded": self._unrecorded,
            "sums": self._loss_mean.sums,
            "count": self._loss_mean.count,
        }
        if self.stopping is not None:
            progress["looks"] = self.stopping.rule.state_dict()
        badness = metrics[0].badness if metrics else math.nan
        saved = self.folder.checkpoints.save(
            self.batches.position,
            lambda path: save_state(path, self.game, self.method, self.batches, progress),
            badness if math.isfinite(badness) else None,
        )
        self.observer.checkpointed(saved.path)
        self._saved_at = self.steps

    def _finish(self, result: Result) -> Result:
        """Keep what there is. A state that is not finite is never saved: the checkpoint before it stays."""
        if result.trouble is not None and result.trouble.turns:
            return result
        if (failure := self._overflow()) is not None:
            return result if result.outcome is Outcome.NON_FINITE else failure
        metrics, checks = self._judged()
        result.metrics.update({number.name: number for number in metrics if math.isfinite(number)})
        result.checks.update(checks)
        result.live.update(self._live())
        self._save(metrics)
        self._snapshot()
        with self._at_answer():
            self.probe.deliver(self.folder.generator)
            self.folder.exhibits.mkdir(exist_ok=True)
            self.probe.exhibit(self.folder.exhibits)
        if self.method.answer(self.game) is not self.game.point:
            with self.game.untouched():
                self.probe.snapshot(self.folder.exhibits / "live.png")
        return result

    # --- words and numbers ----------------------------------------------------------------------------

    def progress(self) -> Progress:
        """Where the run is now."""
        seconds = self._seconds_before + time.monotonic() - self._started
        return Progress(self.batches.position, self.steps, self.game.evaluations, seconds)

    def _seconds_left(self) -> float:
        """Until the budget is spent, at the pace of this run; infinity where nobody can tell."""
        progress = self.progress()
        share = self.budget.share(progress.samples, progress.seconds, progress.evaluations)
        return progress.seconds * (1 / share - 1) if share > 0 else math.inf

    def _times(self) -> dict[str, float]:
        data = min(self.batches.seconds, self._stepping)
        return {
            "steps": self._stepping - data,
            "data": data,
            "compiling": self._compiling,
            "looks": max(0.0, time.monotonic() - self._started - self._stepping - self._compiling),
        }

    def _result(self, outcome: Outcome, message: str, signal: int | None = None) -> Result:
        return Result(outcome, message, self.progress(), signal=signal, products=self.game.products)

    def _overflow(self) -> Result | None:
        """The end of a run whose losses were still finite, but not where the last step led."""
        player = overflowed(self.game, self.method)
        if player is None:
            return None
        step = Step(Outcome.NON_FINITE, player, "last step")
        return self._result(step.outcome, self._explain(step, self.steps))

    def _unreached(self) -> str:
        late = next((stage for stage in self.stages if stage.samples > self.batches.position), None)
        return "" if late is None else f"; {late.then} begins at {late.samples:,} samples: a larger budget goes on"

    def _explain(self, step: Step, number: int) -> str:
        kept = (
            "the last finite state is kept"
            if overflowed(self.game, self.method) is None
            else "where it led is not finite either and is not saved: the last checkpoint is the last finite state"
        )
        return (
            f"the {step.cause} of the {step.player} was not finite at {self.batches.position:,} samples "
            f"(step {number:,}); {kept}. First thing to try, in a new folder: a quarter of the "
            f"{step.player}'s rate, --set {step.player}.optimizer.lr=…"
        )

    def _disk_trouble(self, error: OSError) -> str:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        reason = "the disk is full" if full else f"{error.strerror or error}"
        remedy = "Make room" if full or error.errno == errno.EFBIG else "Look after that folder and its disk"
        try:
            last = f"the last whole checkpoint, at {self.folder.checkpoints.newest().samples:,} samples, is intact"
        except (NoCheckpoint, OSError):
            last = "no checkpoint was written yet"
        return f"can't write to {self.folder.path}: {reason}; {last}. {remedy}; the same command then continues"

    @contextmanager
    def _timed_as_compiling(self) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self._compiling += time.perf_counter() - began

    @contextmanager
    def _at_answer(self) -> Iterator[None]:
        answer = self.method.answer(self.game)
        if answer is self.game.point:
            yield
            return
        with self.game.untouched(), self.game.excursion():
            self.game.recalibrate_batch_norm(answer, self.batches)
            yield


class LossMean:
    """The mean of each player's loss since the last record, summed where the losses live, so nothing waits."""

    def __init__(self, sums: dict[str, Tensor] | None = None, count: int = 0) -> None:
        self.sums = dict(sums or {})
        self.count = count

    @torch.no_grad()
    def add(self, losses: dict[str, Tensor]) -> None:
        """Add one step's losses."""
        for name, loss in losses.items():
            self.sums[name] = self.sums[name] + loss if name in self.sums else loss
        self.count += 1

    def means(self) -> dict[str, float]:
        """The means; empty before the first step."""
        return {name: float(total) / self.count for name, total in self.sums.items()}


def _jsonable(values: Mapping[str, float]) -> dict[str, float | None]:
    """NaN and infinity are not JSON: None stands for them."""
    return {name: value if math.isfinite(value) else None for name, value in values.items()}
