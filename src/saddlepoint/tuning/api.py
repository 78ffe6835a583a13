"""Search settings of a recipe in Python; the command line calls this."""

import json
import math
import multiprocessing
import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from saddlepoint.comparison import DEATHS, nameless_main, terminable
from saddlepoint.configuration import ConfigurationError
from saddlepoint.data.dataset import Dataset, OnProgress, quiet
from saddlepoint.measures import Measure, measure
from saddlepoint.report.tuning import write_tuning
from saddlepoint.runs.api import configured
from saddlepoint.runs.planning import planned
from saddlepoint.runs.progress import err, work_here
from saddlepoint.runs.rates import BELOW, edge_of
from saddlepoint.runs.run import RUNS, Run
from saddlepoint.storage import RunFolder, free_name, plain_name, started_with, write_atomically
from saddlepoint.tasks import Config, FittedConfig, task_of
from saddlepoint.training import Budget, RunFailed
from saddlepoint.tuning.space import any_rates, space_of, with_values
from saddlepoint.tuning.study import Study, claimed, measured_by, opened, optuna, place_of, play

#: Trials that the minutes are parted into where nobody says how long one is, and those that are played without minutes.
AIM = 20
#: Share of the recipe's budget that a trial has where neither minutes nor samples are given.
SHARE = 0.1


@dataclass(frozen=True)
class Tuned:
    """What came of a search.

    Attributes:
        folder: where everything lies; the same call with it goes on after an interruption.
        plain: all of it, as `tuning.json` has it.
        files: the page, the figure, the table, the data and the best configuration, by name.
    """

    folder: Path
    plain: Mapping[str, Any]
    files: Mapping[str, Path]

    @property
    def best(self) -> Config:
        """The recipe with the settings that were found, on its own budget: `saddlepoint.train(tuned.best)`."""
        return configured(self.files["best"])

    @property
    def trials(self) -> list[dict[str, Any]]:
        """A row a trial, in the order in which they were begun."""
        return list(self.plain["trials"])


def study_of(
    what: str | Path | Config,
    *,
    data: str | None = None,
    samples: int | None = None,
    minutes: float | None = None,
    trials: int | None = None,
    seeds: int = 1,
    measure: str | None = None,
    worst: bool = False,
    over: Sequence[str] = (),
    rate_test: bool = False,
    jobs: int | None = None,
    storage: str | None = None,
    settings: Mapping[str, object] | None = None,
    assignments: Sequence[str] = (),
    progress: OnProgress = quiet,
) -> Study:
    """What `tune` plays, from what it is told; probes this machine where minutes shall become samples.

    Raises:
        ConfigurationError: unknown names, or nothing to search.
    """
    recipe = configured(what, data=data, settings=settings, assignments=assignments)
    if isinstance(recipe, FittedConfig) or not recipe.players:
        raise ConfigurationError(f"{recipe.recipe} has no game whose settings could be searched: name another recipe")
    if recipe.only_reading is not None:
        raise ConfigurationError(
            f"the privacy of one run covers no trials: {recipe.only_reading}; search on public data of the same kind"
        )
    if measure is not None:
        _known(measure)
    length = samples or _length(recipe, minutes, seeds, jobs, progress)
    if trials is None and minutes is None and not rate_test:
        trials = AIM
    space = space_of(recipe, over) if over or not rate_test else {}
    if rate_test:
        space |= any_rates(recipe)
        trials = trials or (1 + len(BELOW) if minutes is None else None)
    return Study(
        on=recipe.recipe,
        recipe=recipe,
        space=space,
        samples=length,
        seeds=seeds,
        measure=measure,
        worst=worst,
        rate_test=rate_test,
        storage=storage,
        trials=trials,
    )


def tune(
    what: str | Path | Config,
    data: object = None,
    *,
    minutes: float | None = None,
    trials: int | None = None,
    samples: int | None = None,
    seeds: int = 1,
    measure: str | None = None,
    worst: bool = False,
    over: Sequence[str] = (),
    rate_test: bool = False,
    jobs: int | None = None,
    storage: str | None = None,
    settings: Mapping[str, object] | None = None,
    assignments: Sequence[str] = (),
    out: str | Path | None = None,
    progress: bool | OnProgress = True,
) -> Tuned:
    """Search settings of a recipe, and hand over the best ones as a configuration.

    The first trial is the recipe as it is. Trials are drawn by Optuna's TPE and end early where the game is in trouble
    or the score is worse than most others' at the same place. The same call with the same folder goes on; what a killed
    process left is played to its end.

    Args:
        what: a recipe, a `config.yaml` or a configuration.
        data: a name or path, or what the task takes; such data are known to this process alone, so that `jobs` is 1.
        minutes: after which no more is played.
        trials: that are begun at most; neither is 20.
        samples: that each run of a trial sees; None shares the minutes among 20 trials, or is a tenth of the recipe's.
        seeds: runs of each trial, with seeds from the recipe's own on.
        measure: what counts; None is the recipe's score.
        worst: whether the worst seed counts, in place of the mean.
        over: what is searched: groups (`rates`, `penalties`, `betas`, `average`, `method`, `width`), or settings as
            "KEY=LOW..HIGH" or "KEY=A|B|C"; nothing is all groups, with `rate_test` the rates alone.
        rate_test: whether the game itself proposes the first trials after the recipe's own: a short run's modes say
            from what rates on each player overshoots, and a few below are tried (`runs.rates`). Without `trials` or
            `minutes` these are all.
        jobs: processes at once; None is one a core.
        storage: URL of a database, as "postgresql://…", on which several machines work; None is a file in the folder.
        settings: of the recipe, by key.
        assignments: further ones, as "key=value".
        out: the folder; None takes a free name below `runs/`.
        progress: whether a bar is shown, or what is told how far it is.

    Raises:
        ConfigurationError: unknown names, nothing to search, or the folder holds another study.
        KeyboardInterrupt: it was interrupted; the same call goes on.
    """
    place = str(data) if isinstance(data, str | Path) else None
    with work_here(progress is True) as shown:
        tell = progress if callable(progress) else shown
        given = samples
        before = None if out is None else _before(Path(out))
        if before is not None and samples is None:
            samples = before.samples  # what the first call found by its probe
        adopted: Dataset | None = None
        base = configured(what, data=place, settings=settings, assignments=assignments)
        if data is not None and place is None:
            probe = Run.begin(base, RUNS / ".unused", data=data)
            assert probe.config is not None
            base, adopted, jobs = probe.config, probe.read_data(), 1
        study = study_of(
            base,
            samples=samples,
            minutes=minutes,
            trials=trials,
            seeds=seeds,
            measure=measure,
            worst=worst,
            over=over,
            rate_test=rate_test,
            jobs=jobs,
            storage=storage,
            progress=tell,
        )
        folder = Path(out) if out is not None else _free(study, sampled=given is not None)
        if out is None and given is None and (before := _before(folder)) is not None:
            study = study.model_copy(update={"samples": before.samples})
        return _searched(study, folder, minutes, jobs, adopted, tell)


def _searched(
    study: Study,
    folder: Path,
    minutes: float | None,
    jobs: int | None,
    data: Dataset | None,
    tell: OnProgress,
) -> Tuned:
    optuna()
    held = RunFolder(folder)
    with held.held():
        if held.config.exists():
            _agree(study, folder)
        held.write_config(study.plain())
        held.write_identity(name=folder.name, recipe=study.on, state="running")
        begun, before = time.monotonic(), float(held.read_identity().get("seconds", 0.0))
        edge = edge_of(study.recipe, study.samples, folder, data) if study.rate_test else None
        record = opened(study, folder)
        if edge is not None:
            for values in ({}, *edge.tried):
                inside = {key: study.space[key].within(value) for key, value in values.items()}
                record.enqueue_trial(study.defaults | inside, skip_if_exists=True)
        deadline = None if minutes is None else time.time() + max(0.0, 60 * minutes - before)
        try:
            wanted = jobs or _cores(study)
            if wanted == 1:
                _in_turn(record, study, folder, deadline, data, tell)
            else:
                _in_processes(record, study, folder, deadline, wanted, tell)
        finally:
            held.write_identity(seconds=before + time.monotonic() - begun, state="ended")
        plain = told(record, study, folder) | ({} if edge is None else {"edge": edge.plain()})
        return Tuned(folder, plain, write_tuning(plain, folder) | {"best": _best(plain, study, folder)})


def _in_turn(
    record: Any, study: Study, folder: Path, deadline: float | None, data: Dataset | None, tell: OnProgress
) -> None:
    def stops() -> bool:
        return deadline is not None and time.time() > deadline

    while not stops():
        with claimed(record, study, folder) as trial:
            if trial is None:
                return
            share = _Share(record, study, deadline, tell)
            if not play(record, trial, study, folder, stops, share, data) and not stops():
                raise KeyboardInterrupt(f"what is finished is saved in {folder}: the same call goes on")
            _forget(record, folder)


class _Share:
    """Tells how far a search is, by its trials or by its minutes."""

    def __init__(self, record: Any, study: Study, deadline: float | None, tell: OnProgress) -> None:
        self.record, self.study, self.deadline, self.tell = record, study, deadline, tell
        self.done, self.best = _state(record)
        self.begun = time.time()

    def __call__(self, share: float) -> None:
        best = "" if self.best is None else f", best {self.best:.4g}"
        if self.study.trials is not None:
            self.tell(f"trial {self.done + 1}{best}", self.done + share, self.study.trials)
        elif self.deadline is not None:
            whole = max(1e-9, self.deadline - self.begun)
            self.tell(
                f"trial {self.done + 1}{best}",
                self.done + share,
                (self.done + share) / max(1e-3, (time.time() - self.begun) / whole),
            )


def _state(record: Any) -> tuple[int, float | None]:
    """How many trials are finished, and the least value."""
    trials = record.get_trials(deepcopy=False)
    values = [one.value for one in trials if one.state.name == "COMPLETE"]
    return sum(one.state.is_finished() for one in trials), min(values, default=None)


def _in_processes(record: Any, study: Study, folder: Path, deadline: float | None, jobs: int, tell: OnProgress) -> None:
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    workers: list[Any] = []
    deaths = 0

    def begin() -> Any:
        worker = context.Process(target=_work, args=(str(folder), deadline, stop))
        with nameless_main():
            worker.start()
        return worker

    with terminable():
        try:
            workers += [begin() for _ in range(jobs)]
            share = _Share(record, study, deadline, tell)
            while any(worker.is_alive() for worker in workers):
                time.sleep(0.3)
                before, share = share.done, _Share(record, study, deadline, tell)
                share(0.0)
                deaths = 0 if share.done > before else deaths
                # One that was killed, perhaps for want of memory: another takes up what it left.
                for worker in [worker for worker in workers if (worker.exitcode or 0) < 0 and deaths < DEATHS - 1]:
                    deaths += 1
                    workers.remove(worker)
                    workers.append(begin())
                    err.print("note: a process died, perhaps for want of memory: another takes up its trial")
        except BaseException:
            stop.set()  # those at work save and leave
            raise
        finally:
            for worker in workers:
                worker.join()
    if any(worker.exitcode for worker in workers):
        raise RunFailed("a process died, perhaps for want of memory: the same command goes on, with --jobs 1 if so")


def _work(path: str, deadline: float | None, stop: Any) -> None:
    """One process: trial after trial."""
    if os.name == "posix":
        os.setpgrp()  # Ctrl-C of the terminal reaches the parent alone, which tells
    threading.Thread(target=_follow, args=(stop,), daemon=True).start()
    import torch

    torch.set_num_threads(1)
    folder = Path(path)
    study = Study.read(RunFolder(folder).read_config())
    record = opened(study, folder)

    def stops() -> bool:
        return bool(stop.is_set()) or (deadline is not None and time.time() > deadline)

    while not stops():
        with claimed(record, study, folder) as trial:
            if trial is None or not play(record, trial, study, folder, stops, _nobody):
                return
            _forget(record, folder)


def _nobody(_share: float) -> None:
    """Told by the parent, from what is written."""


def _follow(stop: Any) -> None:
    """Save and leave where the parent is gone."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        stop.set()


def _forget(record: Any, folder: Path) -> None:
    """Take the checkpoints of finished trials away, but for those of the best: a study may have hundreds."""
    import shutil

    trials = record.get_trials(deepcopy=False)
    complete = [one for one in trials if one.state.name == "COMPLETE"]
    best = min(complete, key=lambda one: one.value, default=None)
    for one in trials:
        if one.state.is_finished() and (best is None or one.number != best.number):
            for place in place_of(folder, one.number).glob("seed-*/checkpoints"):
                shutil.rmtree(place, ignore_errors=True)


def told(record: Any, study: Study, folder: Path) -> dict[str, Any]:
    """What came of all trials, as plain data."""
    library = optuna()
    trials = record.get_trials(deepcopy=False)
    complete = [one for one in trials if one.state.name == "COMPLETE"]
    best = min(complete, key=lambda one: one.value, default=None)
    importance: dict[str, float] = {}
    if len(complete) > max(3, len(study.space) // 2) and len({one.value for one in complete}) > 1:
        try:
            evaluator = library.importance.FanovaImportanceEvaluator(seed=0)
            importance = dict(library.importance.get_param_importances(record, evaluator=evaluator))
        except (RuntimeError, ValueError):  # of too few, or of values that are all alike
            importance = {}
    declared = _measure_of(study, folder, best)
    return {
        "on": study.on,
        "samples": study.samples,
        "seeds": study.seeds,
        "worst": study.worst,
        "measure": {"name": declared.name, **declared.plain()},
        "space": {key: axis.plain() for key, axis in study.space.items()},
        "defaults": study.defaults,
        "best": None if best is None else best.number,
        "trials": [
            {
                "number": one.number,
                "state": {"COMPLETE": "done", "PRUNED": "ended early"}.get(one.state.name, "not finished"),
                "value": None if one.state.name != "COMPLETE" else _value(declared, one.value),
                "badness": one.value if one.state.name == "COMPLETE" else None,
                "by_seed": [_value(declared, v) for v in one.user_attrs.get("badness", [])],
                "settings": dict(one.params),
                "seconds": one.user_attrs.get("seconds"),
                "why": one.user_attrs.get("why"),
                "curve": [[step, _value(declared, v)] for step, v in sorted(one.intermediate_values.items())],
            }
            for one in trials
        ],
        "importance": importance,
        "seconds": RunFolder(folder).read_identity().get("seconds"),
        "command": started_with(),
    }


def _measure_of(study: Study, folder: Path, best: Any) -> Measure:
    if best is None:
        return Measure(study.measure or "score", "", "lower")
    return measured_by(Run.open(place_of(folder, best.number) / "seed-0"), study.measure)


def _value(declared: Measure, badness: float) -> float | None:
    """The measure's own number of a badness; of one with a right value how far it is off."""
    if not math.isfinite(badness):
        return None
    return -badness if declared.direction == "higher" else badness


def _best(plain: Mapping[str, Any], study: Study, folder: Path) -> Path:
    """Write the configuration to train with: the recipe on its own budget, with the settings that were found."""
    path = folder / "best.yaml"
    found = {} if plain["best"] is None else plain["trials"][plain["best"]]["settings"]
    config = with_values(study.recipe, found)
    text = yaml.safe_dump(config.plain(), sort_keys=False, allow_unicode=True)
    write_atomically(path, text)
    write_atomically(folder / "tuning.json", json.dumps(plain, allow_nan=False, indent=1) + "\n")
    return path


def _known(name: str) -> None:
    try:
        measure(name)
    except ValueError as error:
        raise ConfigurationError(f"there is no measure {name!r}: see saddle list metrics") from error


def _length(recipe: Config, minutes: float | None, seeds: int, jobs: int | None, tell: OnProgress) -> int:
    """Samples of a run where nobody says: the minutes shared among trials, and no more than the recipe's own."""
    whole = recipe.length or recipe.budget.samples
    if minutes is None:
        return max(recipe.batch_size, round(SHARE * (whole or 100_000)))
    share = minutes * (jobs or _available()) / (AIM * seeds)
    asked = recipe.on_budget(Budget(minutes=share))
    found = planned(asked, task_of(recipe).read(asked, tell), {}, tell).config.budget.samples or recipe.batch_size
    return min(found, whole or found)


def _available() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _cores(study: Study) -> int:
    return max(1, min(_available(), study.trials or _available()))


def _before(folder: Path) -> Study | None:
    """The study that a folder holds."""
    try:
        return Study.read(RunFolder(folder).read_config())
    except ValueError:
        return None


def _agree(study: Study, folder: Path) -> None:
    before = _before(folder)
    if before is None:
        raise ConfigurationError(f"{folder} holds no study: give another folder with --out")
    if differences := study.differences(before):
        raise ConfigurationError(
            f"{folder} holds another study ({', '.join(differences)} differ): give another folder with --out"
        )


def _free(study: Study, *, sampled: bool) -> Path:
    def same(found: Mapping[str, Any]) -> bool:
        before = Study.read(found)
        mine = study if sampled else study.model_copy(update={"samples": before.samples})
        return not mine.differences(before)

    return free_name(RUNS, f"tune-{plain_name(study.on)}", same)
