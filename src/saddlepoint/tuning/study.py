"""A study and its trials: each a point of the space, played by several seeds; whatever is finished is kept at once."""

import contextlib
import math
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import Field, SerializeAsAny, field_validator

from saddlepoint.configuration import ConfigurationError, Settings
from saddlepoint.core import Outcome, seed_for
from saddlepoint.data.dataset import Dataset
from saddlepoint.measures import Measure, measure
from saddlepoint.runs import Run
from saddlepoint.storage import RunFolder
from saddlepoint.tasks import Config, read_config
from saddlepoint.training import Budget, Observer, RunFailed
from saddlepoint.training.observer import Progress
from saddlepoint.tuning.space import Axis, default_of, with_values

#: Trials before the first one is pruned, and those of the sampler that are drawn at random.
FIRST = 5
#: The study's name in its storage.
NAME = "saddlepoint"


class Study(Settings):
    """The whole study; `config.yaml` in its folder is this."""

    on: str
    """The recipe."""
    recipe: SerializeAsAny[Config]
    """Complete, as it is without the search."""
    space: dict[str, Axis]
    """What is searched, by setting."""
    samples: int = Field(ge=1)
    """That each run of a trial sees."""
    seeds: int = Field(default=1, ge=1)
    """Runs of a trial, by the seeds from the recipe's own on."""
    measure: str | None = None
    """What is to be good at the end: a score, a check, or what `evaluate` measures; none is the recipe's score."""
    worst: bool = False
    """Whether the worst of the seeds counts, in place of their mean."""
    storage: str | None = None
    """URL of a database, so that several machines work on one study; none is a file in the folder."""
    rate_test: bool = False
    """Whether the first trials are rates that the game itself proposes."""
    trials: int | None = Field(default=None, ge=1)
    """That are begun at most; not part of what decides a trial."""

    @field_validator("recipe", mode="before")
    @classmethod
    def _of_its_task(cls, recipe: Any) -> Any:
        return read_config(recipe) if isinstance(recipe, Mapping) else recipe

    def differences(self, other: "Study") -> list[str]:
        """What of two studies is not the same, but for how long they go on and where they are kept."""
        mine, theirs = self.plain(), other.plain()
        return [key for key in mine if key not in ("trials", "storage") and mine[key] != theirs[key]]

    def config(self, values: Mapping[str, Any], seed: int) -> Config:
        """One run of a trial. Raises ConfigurationError where the values do not fit together."""
        config = with_values(self.recipe, values).on_budget(Budget(samples=self.samples))
        return config.model_copy(update={"seed": self.recipe.seed + seed, "on_trouble": "stop"})

    @property
    def defaults(self) -> dict[str, Any]:
        """The recipe's own values, with which the first trial is played."""
        return {key: default_of(self.recipe, key, axis) for key, axis in self.space.items()}


class Pruned(Exception):
    """A trial is not worth going on with."""


def optuna() -> Any:
    """The library. Raises ConfigurationError where it is not installed."""
    try:
        import optuna as library
    except ImportError as error:
        raise ConfigurationError("settings are searched by Optuna: pip install 'saddlepoint[tune]'") from error
    library.logging.set_verbosity(library.logging.ERROR)
    return library


def opened(study: Study, folder: Path) -> Any:
    """The study's record, made where there is none: a journal in the folder, or the database that is named.

    Args:
        study: what is played.
        folder: of the study.
    """
    library = optuna()
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", library.exceptions.ExperimentalWarning)
        if study.storage is not None:
            storage = study.storage
        else:
            path = str(folder / "study.journal")
            storage = library.storages.JournalStorage(JournalFileBackend(path, JournalFileOpenLock(path)))
        try:
            record = library.create_study(
                study_name=NAME if study.storage is None else f"{NAME}-{folder.name}",
                storage=storage,
                load_if_exists=True,
                direction="minimize",
                pruner=library.pruners.PercentilePruner(50.0, n_startup_trials=FIRST, n_min_trials=3),
            )
        except (MemoryError, OSError, KeyboardInterrupt):
            raise
        except Exception as error:  # of any driver
            if study.storage is None:
                said = f"{folder / 'study.journal'} can't be read ({_line(error)}): give another folder with --out"
            else:
                said = f"--storage can't be used ({_line(error)}): expected a URL of a database, as sqlite:///study.db"
            raise ConfigurationError(said) from error
        return record


def _sampler(study: Study, number: int) -> Any:
    """What draws a trial: by its number alone, so that a search that was killed goes on as it would have gone."""
    library = optuna()
    # Of several machines, each of which sees the others' trials a moment later.
    others = os.getpid() if study.storage is not None else 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", library.exceptions.ExperimentalWarning)
        return library.samplers.TPESampler(
            seed=seed_for(study.recipe.seed, "trials", number, others) % 2**32,
            n_startup_trials=FIRST,
            constant_liar=True,
            multivariate=True,
        )


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


@contextmanager
def claimed(record: Any, study: Study, folder: Path) -> Iterator[Any]:
    """A trial for this process alone: one that a dead process left, or a new one; None where all are begun.

    Yields:
        Optuna's trial, its number that of its folder.
    """
    library, held = optuna(), None
    running = library.trial.TrialState.RUNNING
    with FileLock(folder / ".ask"):
        trial = None
        for left in record.get_trials(deepcopy=False, states=(running,)):
            if left.user_attrs.get("folder") == str(folder) and (held := _hold(folder, left.number)) is not None:
                trial = library.trial.Trial(record, left._trial_id)
                break
        if trial is None:
            begun = record.get_trials(deepcopy=False)
            if not begun:
                record.enqueue_trial(study.defaults)
            states = library.trial.TrialState
            of_use = sum(one.state not in (states.FAIL, states.WAITING) for one in begun)
            if study.trials is None or of_use < study.trials:
                record.sampler = _sampler(study, len(begun))
                trial = record.ask()
                trial.set_user_attr("folder", str(folder))
                for key, axis in study.space.items():
                    axis.suggest(trial, key)
                held = _hold(folder, trial.number)
    try:
        yield trial
    finally:
        if held is not None:
            held.release()


def _hold(folder: Path, number: int) -> FileLock | None:
    """The lock of a trial; None where another process has it."""
    place = place_of(folder, number)
    place.mkdir(parents=True, exist_ok=True)
    lock = FileLock(place / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    return lock


def place_of(folder: Path, number: int) -> Path:
    """Where the runs of a trial lie."""
    return folder / "trials" / f"{number:04d}"


def play(
    record: Any,
    trial: Any,
    study: Study,
    folder: Path,
    stops: Callable[[], bool],
    tell: Callable[[float], None],
    data: Dataset | None = None,
) -> bool:
    """Play a trial, or what is left of it, and write down what came of it.

    Args:
        record: of the study.
        trial: Optuna's.
        study: what is played.
        folder: of the study.
        stops: whether to save and leave.
        tell: is told the share that is done.
        data: of a Python caller, or read before; None reads those that the recipe names.

    Returns:
        Whether it is finished.
    """
    state = optuna().trial.TrialState
    values = {key: axis.suggest(trial, key) for key, axis in study.space.items()}
    badness: list[float] = []
    begun = time.monotonic()
    spent = float(trial.user_attrs.get("seconds", 0.0))
    try:
        for seed in range(study.seeds):
            try:
                config = study.config(values, seed)
                follower = _Follower(trial, study, seed, stops, lambda share, n=seed: tell((n + share) / study.seeds))  # type: ignore[misc]
                run = Run.begin(config, place_of(folder, trial.number) / f"seed-{seed}", observers=[follower])
            except ConfigurationError as error:
                raise Pruned(str(error)) from error
            if data is not None:
                run.with_data(data)
            if run.storage.read_identity().get("state") != "ended":
                try:
                    run.train(report=False)
                except RunFailed as error:
                    raise Pruned(str(error)) from error
                except ConfigurationError as error:
                    raise Pruned(str(error)) from error
                if run.result is not None and run.result.signal is not None:
                    return False
            if run.outcome in (Outcome.NON_FINITE, Outcome.DIVERGED) or run.storage.read_identity().get("trouble"):
                raise Pruned(run.message)
            badness.append(value_of(run, study.measure))
            if not math.isfinite(badness[-1]):
                raise Pruned(f"{study.measure or 'the score'} is not finite")
            tell((seed + 1) / study.seeds)
    except Pruned as why:
        trial.set_user_attr("why", str(why))
        trial.set_user_attr("seconds", spent + time.monotonic() - begun)
        record.tell(trial.number, state=state.PRUNED)
        return True
    finally:
        with contextlib.suppress(Exception):
            trial.set_user_attr("seconds", spent + time.monotonic() - begun)
    trial.set_user_attr("badness", badness)
    record.tell(trial.number, max(badness) if study.worst else sum(badness) / len(badness))
    return True


def measured_by(run: Run, name: str | None) -> Measure:
    """What is asked for, of a run that ended."""
    if name is None:
        return next(iter(run.metrics.values())).measure
    found = run.metrics.get(name)
    return found.measure if found is not None else measure(name)


def value_of(run: Run, name: str | None) -> float:
    """A measure of a run that ended, less is better: its score, a check, or what `evaluate` measures.

    Raises:
        ConfigurationError: it has none of that name.
    """
    identity = run.storage.read_identity()
    if name is None:
        score = next(iter(run.metrics.values()), None)
        return math.inf if score is None else score.badness
    if name in run.metrics:
        return run.metrics[name].badness
    checks = identity.get("checks", {})
    if name in checks:
        return measured_by(run, name).badness(float(checks[name]))
    evaluation = run.evaluate()
    found = next((number for number in evaluation.numbers if number.name == name), None)
    if found is None:
        known = [*run.metrics, *checks, *(number.name for number in evaluation.numbers)]
        raise ConfigurationError(
            f"there is no measure {name!r} of {run.path}: it has {', '.join(dict.fromkeys(known))}"
        )
    return found.badness


class _Follower(Observer):
    """Reports the learning curve of a trial's first run, and ends what is not worth going on with."""

    def __init__(
        self, trial: Any, study: Study, seed: int, stops: Callable[[], bool], tell: Callable[[float], None]
    ) -> None:
        self.trial, self.study, self.seed, self.stops, self.tell = trial, study, seed, stops, tell
        kept = trial.study.get_trials(deepcopy=False)[trial.number].intermediate_values
        self.reported = max(kept, default=-1)

    def stepped(self, progress: Progress) -> None:
        """Tell how far it is; leave where that is asked for."""
        self.tell(min(1.0, progress.samples / self.study.samples))
        if self.stops():
            if threading.current_thread() is not threading.main_thread():
                raise KeyboardInterrupt
            signal.raise_signal(signal.SIGTERM)  # the loop ends after this step, and saves

    def recorded(self, record: Mapping[str, Any]) -> None:
        """Report a score, and see whether others were better at that place."""
        name = self.study.measure
        scores = {**record.get("metrics", {}), **record.get("checks", {})}
        if self.seed or not record.get("metrics") or int(record["samples"]) <= self.reported:
            return
        key = next(iter(record["metrics"])) if name is None or name not in scores else name
        if scores[key] is None:
            return
        badness = self._measure(key).badness(float(scores[key]))
        if math.isfinite(badness):
            self.trial.report(badness, int(record["samples"]))
            if self.trial.should_prune():
                raise Pruned(f"{key} {scores[key]:.4g} at {record['samples']:,} samples: worse than most")

    def _measure(self, name: str) -> Measure:
        declared = RunFolder(self.folder).read_identity().get("measures", {})
        return Measure.read(name, declared.get(name)) if name in declared else measure(name)

    def planned(self, info: Any) -> None:
        """Note where the run lies."""
        self.folder = info.folder
