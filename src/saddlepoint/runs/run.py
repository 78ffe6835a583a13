"""One run, from its configuration to what came of it: the folder is the truth, the object a view of it."""

import copy
import math
import shlex
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

import saddlepoint.report as pages
from saddlepoint.components.device import pick_device
from saddlepoint.configuration import ConfigurationError, nearest
from saddlepoint.configuration.outside import read_from_file
from saddlepoint.core import Outcome
from saddlepoint.core.ranks import by_itself, rank, world
from saddlepoint.data import DataError
from saddlepoint.data.dataset import Dataset, OnProgress, quiet
from saddlepoint.evaluation.evaluation import Evaluation
from saddlepoint.measures import Number, values
from saddlepoint.measures.number import read_numbers
from saddlepoint.report import Finding, Verdict, verdicts
from saddlepoint.runs.assembly import Assembly, assemble
from saddlepoint.runs.choosing import chosen_by_size, race
from saddlepoint.runs.exporting import Exported, export
from saddlepoint.runs.intervening import (
    INTERVENTIONS,
    carry_out,
    intervene,
    interventions_of,
    told_of,
    with_interventions,
)
from saddlepoint.runs.planning import Planned, planned, stages_of
from saddlepoint.runs.rates import Edge, edge_of
from saddlepoint.runs.starting import prepare, resolved
from saddlepoint.runs.watching import Examination
from saddlepoint.storage import (
    NoCheckpoint,
    RunFolder,
    append_evaluation,
    free_name,
    read_records,
    shortage,
    started_with,
)
from saddlepoint.tasks import (
    AutoConfig,
    Config,
    Converter,
    FittedConfig,
    Model,
    Sampler,
    Subject,
    model_at,
    read_config,
    task_of,
    write_picture,
)
from saddlepoint.tasks.judge import chosen, with_chosen
from saddlepoint.tasks.registry import AnyTask, check_reads_back, task_of_model
from saddlepoint.tasks.task import WEIGHTS
from saddlepoint.tracking import Following, Tracker, tracker_named
from saddlepoint.training import Observer, Observers, Result, RunFailed, RunInfo
from saddlepoint.training.processes import leads, tell, told
from saddlepoint.training.state import load_state

if TYPE_CHECKING:
    from saddlepoint.runs.judging import Judged

#: Where runs go that are given no folder.
RUNS = Path("runs")
#: What is asked of, or trained on, in messages.
GIVE_DATA = "give them again with data="


class Run:
    """One training: what it is made of, its folder, and what came of it.

    Made by `Run.begin`, which is what `saddlepoint.training` calls, or by `Run.open`, which is `saddlepoint.load`.

    Attributes:
        path: the run's folder, or a `generator/` folder alone.
        config: None where a generator came alone.
        result: what ended the last call of `train`; None before.
    """

    def __init__(
        self,
        path: Path,
        config: Config | None,
        *,
        data: Dataset | None = None,
        networks: Mapping[str, nn.Module] | None = None,
        observers: Sequence[Observer] = (),
    ) -> None:
        self.path, self.config = path, config
        self.storage = RunFolder(path)
        self.result: Result | None = None
        self._data, self._networks, self._observers = data, dict(networks or {}), tuple(observers)
        self._model: Model | None = None
        self._chosen: dict[str, Any] = {}
        self._told = 0
        self._trackers: list[Following] = []

    # --- from where ---------------------------------------------------------------------------------------

    @classmethod
    def begin(
        cls,
        config: Config,
        out: str | Path | None = None,
        *,
        data: object = None,
        networks: Mapping[str, nn.Module] | None = None,
        observers: Sequence[Observer] = (),
    ) -> Self:
        """A new run, or the one in `out` where all that decides its numbers is equal; nothing is written yet.

        Args:
            config: all that is chosen.
            out: the run's folder; None takes a free name below `runs/`, or that of the same run there.
            data: of a Python caller, in place of what the configuration names: what the task takes.
            networks: of a Python caller, by role.
            observers: told how it goes.

        Raises:
            ConfigurationError: the folder holds another run, or the task does not take such data.
        """
        task = task_of(config)
        pick_device(config.device)  # one that is missing is told before data are read
        adopted: Dataset | None = None
        if data is not None:
            adopted = task.adopt(config, data)
            config = _with_given(config, data, f" {adopted.fingerprint}")
        if config.players:
            for role, network in (networks or {}).items():
                config = _with_own(config, role, network)
        config = resolved(config)
        check_reads_back(config)
        if out is not None:
            path = Path(out)
        else:  # who follows is told
            path = free_name(RUNS, config.recipe, _is_run(config)) if leads() else RUNS / config.recipe
        run = cls(path, config, data=adopted, networks=networks, observers=observers)
        if leads():  # who follows is told
            run._agree()
        return run

    @classmethod
    def open(cls, path: str | Path, *, networks: Mapping[str, nn.Module] | None = None, trust: bool = False) -> Self:
        """A run's folder, or a `generator/` folder alone; reads, never writes.

        Args:
            path: the folder.
            networks: modules that the run was trained with, where they are the caller's, by role.
            trust: whether code outside of Saddlepoint that the folder names may be imported.

        Raises:
            ConfigurationError: the folder names code that is not trusted.
            ValueError: there is neither, or its files are damaged.
        """
        path = Path(path)
        folder, config = RunFolder(path), None
        with read_from_file(trust):
            if folder.config.exists():
                plain = folder.read_config()
                if "kind" not in plain or "recipe" in plain:
                    folder.check_inside()
                    config = read_config(plain, str(folder.config))
        run = cls(path, config, networks=networks)
        if config is None:
            run._model = model_at(path, networks)
        return run

    def with_data(self, data: Dataset) -> None:
        """Take data that were read before, or that a Python caller gave, in place of reading them."""
        self._data = data

    def like(self, config: Config, out: Path, observers: Sequence[Observer] = ()) -> Self:
        """Another run, in another folder, on this one's data and with its networks, as far as it has the same.

        Raises:
            ConfigurationError: the folder holds another run.
        """
        data = self.read_data() if config.data == self._configured().data else None
        run = type(self)(out, config, data=data, networks=self._networks, observers=observers)
        run._agree()
        return run

    # --- training -----------------------------------------------------------------------------------------

    def watch(self, observer: Observer) -> None:
        """Tell one more how it goes."""
        self._observers = (*self._observers, observer)

    def track(self, names: Sequence[str | Tracker]) -> None:
        """Tell trackers how it goes, by name or as they are.

        Raises:
            ConfigurationError: there is no such tracker, or its library is not installed.
        """
        for one in names:
            name = one if isinstance(one, str) else type(one).__name__
            tracker = tracker_named(one) if isinstance(one, str) else one
            self._trackers.append(Following(name, tracker, lambda text: Observers(self._observers).said(text)))
        self._observers = (*self._observers, *self._trackers[len(self._trackers) - len(names) :])

    def train(self, *, report: bool = True) -> Self:
        """Play to the end of the budget, from the newest checkpoint where there is one.

        Holds the folder's lock, and sets and restores the threads. A signal or Ctrl-C saves, and `result.signal` says
        which came.

        Args:
            report: write curves and the report at the end.

        Raises:
            ConfigurationError: data changed since the run began, or things do not fit.
            RunBusy: another process trains in the folder.
            RunFailed: the disk is full, or the run ended in values that are not finite before.
        """
        if not leads():
            return self._follow()
        with by_itself():
            self._lead(report)
        return self

    def _lead(self, report: bool) -> None:
        """Train as `train` does; where ranks play together, as the first of them."""
        observer = Observers(self._observers)
        if isinstance(chosen := self._configured(), AutoConfig):
            self._agree()
            if chosen.race is not None and isinstance(self.config, AutoConfig):
                if world() > 1:
                    raise ConfigurationError("a race is of one process: name a recipe, or leave --processes out")
                self._race(chosen, observer, report)
                return
            if isinstance(self.config, AutoConfig):
                self.config, self._chosen = chosen_by_size(chosen, self.read_data(observer.progressed))
                observer.said(self._chosen["why"])
        config = self._configured()
        with self.storage.held():
            continued = self._agree()
            if continued and (over := self._over()) is not None:
                observer.said(over)
                tell(0)
                return
            threads = torch.get_num_threads()
            torch.set_num_threads(config.threads or threads)
            try:
                self._play(observer, continued, report)
            finally:
                torch.set_num_threads(threads)
                for tracker in self._trackers:
                    tracker.close()

    def _follow(self) -> Self:
        """Play along as one of the others: what is played, from where and how long is told by the first process."""
        heard = told()
        if isinstance(heard, int):
            self._told = heard
            return self
        self.path = Path(heard["path"])
        self.storage = RunFolder(self.path)
        threads = torch.get_num_threads()
        with read_from_file(trust=True):  # it was read, or given, by the first process
            self.config = read_config(heard["config"])
        torch.set_num_threads(self.config.threads or threads)
        try:
            data = self.read_data()
            while not isinstance(heard, int):
                with read_from_file(trust=True):
                    played = read_config(heard["config"])
                if data.fingerprint != heard["data"]:
                    raise RunFailed(
                        f"rank {rank()} reads other data than rank 0 (fingerprint {data.fingerprint}, and there "
                        f"{heard['data']}): give all processes the same --data"
                    )
                with by_itself():  # whose checks evaluate fields
                    assembly = assemble(played, data, self._networks)
                assembly.check_shares()
                self.result = assembly.training(self.storage, Observers(())).run()
                heard = told()
            self._told = heard
        finally:
            torch.set_num_threads(threads)
        return self

    @property
    def exit_code(self) -> int:
        """Of the last call of `train`: 0 done, 1 failed, 128 + number by a signal; on all ranks that of the first."""
        if not leads():
            return self._told
        return 0 if self.result is None else self.result.exit_code

    def _tell(self, config: Config, data: Dataset) -> None:
        tell({"path": str(self.path.absolute()), "config": config.plain(), "data": data.fingerprint})

    def _rated(self, plan: Planned, data: Dataset, observer: Observers) -> tuple[Planned, Edge]:
        """The plan with rates that the game itself proposes; nothing of the short run is kept."""
        observer.progressed("finding rates", 0, 0)
        asked, samples = self._configured(), plan.config.budget.samples or plan.config.length
        if samples is None:
            raise ConfigurationError("rates are found by a tenth of the run: give --samples or --minutes")
        if world() > 1:
            raise ConfigurationError("rates are found by one process: run `saddle tune RECIPE --rate-test` before")
        with tempfile.TemporaryDirectory() as place:
            edge = edge_of(asked, samples, Path(place), data, self._networks)
        observer.said(edge.told)
        return plan.rated(edge.chosen, data, self._networks), edge

    def _race(self, config: AutoConfig, observer: Observers, report: bool) -> None:
        with self.storage.held():
            best = race(self, config, observer)
            self.config, self.result, self._model = best.config, best.result, None
            if report:
                pages.write_report(self.path)

    def _play(self, observer: Observers, continued: bool, report: bool) -> None:
        config = self._configured()
        data = self.read_data(observer.progressed)
        if continued and (what := changed(self.storage.read_identity(), data)) is not None:
            raise ConfigurationError(f"{what}: restore them, or begin a new run with --out")
        observer.started(RunInfo(config, data, self.path, continued))
        edge: Edge | None = None
        try:
            if continued:
                carry_out(self.storage)
                config = self.played
                assembly = assemble(config, data, self._networks)
                plan = Planned(config, assembly, stages_of(assembly), None)
            else:
                plan = planned(config, data, self._networks, observer.progressed)
                if config.plan.auto_rates:
                    plan, edge = self._rated(plan, data, observer)
                assembly, self.config = plan.assembly, plan.config
                config = plan.config
                assembly.check_engine()
            observer.planned(self._info(plan, data, continued=continued))
            identity = {"name": self.path.name, "command": started_with(), **assembly.identity()}
            if continued:
                for note in (*self.notes, *_versions_differ(self.storage.read_identity(), identity)):
                    observer.said(f"note: {note}")
            else:
                identity |= {"started": _now(), "plan": _told(plan)}
                identity |= {"chosen": self._chosen} if self._chosen else {}
                identity |= {} if edge is None else {"rates": edge.plain()}
            if (prepared := prepare(self.storage, config, data, self._networks)) is not None:
                identity["warm_start"] = prepared.taken.plain()
                for sentence in prepared.taken.sentences():
                    observer.said(sentence)
            # In this order: whoever finds the configuration and the identity knows the rest for a run's.
            self.storage.write_config(self._configured().plain())
            self.storage.write_identity(**identity, trouble=None)
            self.storage.create()
            if prepared is not None:
                prepared.save(self.storage)
            self.result = self._watched(assembly, data, observer)
        except RunFailed as failure:
            self._failed(failure)
            raise
        except (MemoryError, RuntimeError, ValueError) as error:
            if (short := shortage(error)) is None:
                raise
            told = RunFailed(
                f"{short}. Give --batch-size {max(1, config.batch_size // 4)} or smaller networks (narrower layers); "
                f"--accumulate 4 keeps the batch and takes a quarter of the memory"
            )
            self._failed(told)
            raise told from error
        self._model = None
        self._end(self.result, report)
        tell(self.result.exit_code)
        observer.ended(self.result)

    def _watched(self, assembly: Assembly, data: Dataset, observer: Observers) -> Result:
        """Play; where the game is in trouble and the policy says so, go on with other settings, a few times."""
        helpless = assembly.setup.game is not None  # a caller's own game: its settings are nobody's to change
        while True:
            config, before = assembly.config, interventions_of(self.storage)
            turns = config.on_trouble in ("rollback", "adapt") and len(before) < INTERVENTIONS and not helpless
            changed_at = before[-1].to if before else None
            examination = Examination(
                self.storage, config.plain(), config.on_trouble, observer, changed_at=changed_at, turns=turns
            )
            spent = before[-1].seconds if before else 0.0
            self._tell(config, data)
            assembly.check_shares()
            result = assembly.training(self.storage, observer, examination, spent).run()
            in_trouble = result.trouble is not None or result.outcome is Outcome.NON_FINITE
            if not (turns and in_trouble):
                return result
            found = intervene(
                self.storage,
                config,
                data,
                self._networks,
                result.message,
                examination.found,
                result.progress.samples,
                result.progress.seconds,
                back=config.on_trouble == "rollback",
                tell=observer.progressed,
            )
            if found is None:
                if result.trouble is None:
                    return result
                helpless = True  # nothing helps: it ends where it is
            else:
                observer.said(told_of(found))
                carry_out(self.storage)
            assembly = assemble(self.played, data, self._networks)
            self.storage.write_identity(changed=assembly.identity()["changed"])

    @property
    def networks(self) -> Mapping[str, nn.Module]:
        """Modules that are a caller's own, by role; those that the configuration describes are not among them."""
        return self._networks

    @property
    def played(self) -> Config:
        """The configuration as the run is played now, after all interventions."""
        return with_interventions(self._configured(), interventions_of(self.storage))

    def _failed(self, failure: RunFailed) -> None:
        with suppress(OSError):  # a full disk takes this note no more than it took the checkpoint
            if self.storage.identity.exists():
                self.storage.write_identity(state="ended", outcome="stopped", message=str(failure), ended=_now())

    def _info(self, plan: Planned, data: Dataset, *, continued: bool) -> RunInfo:
        """What observers are told; a run that goes on is expected to take as long as it was when it began."""
        told = self.storage.read_identity().get("plan", {}) if continued else _told(plan)
        return RunInfo(
            plan.config,
            data,
            self.path,
            continued,
            plan.stages,
            told.get("seconds"),
            told.get("memory_bytes"),
            tuple(plan.assembly.setup.data.notes[len(data.notes) :]),
        )

    def _end(self, result: Result, report: bool) -> None:
        progress = result.progress
        before = self.storage.read_identity().get("times")  # of the sessions before
        earlier = before if isinstance(before, Mapping) else {}
        times = {
            name: own + (past if isinstance(past := earlier.get(name), int | float) else 0.0)
            for name, own in result.times.items()
        }
        self.storage.write_identity(
            state="ended",
            outcome=result.outcome.value,
            message=result.message,
            ended=_now(),
            samples=progress.samples,
            steps=progress.steps,
            evaluations=progress.evaluations,
            seconds=round(progress.seconds, 3),
            times={name: round(own, 3) for name, own in times.items()},
            metrics=values(result.metrics.values()),
            checks=_finite(result.checks),
            live=_finite(result.live),
            trouble=None if result.trouble is None else result.trouble.name,
        )
        if report:
            pages.write_report(self.path)

    def _agree(self) -> bool:
        """Whether the folder already holds this run. Raises ConfigurationError where it holds another one."""
        config = self._configured()
        self.storage.check()
        if not self.storage.config.exists():
            return False
        with read_from_file():
            before = read_config(self.storage.read_config(), str(self.storage.config))
        if isinstance(config, AutoConfig) and not isinstance(before, AutoConfig):
            if self.storage.read_identity().get("chosen", {}).get("asked") != config.plain():
                raise ConfigurationError(f"{self.path} holds another run: give another folder with --out")
            self.config = before
            return True
        config = self.config = config.continuing(before)
        differences = config.differences(before)
        if [found.partition(":")[0] for found in differences] == ["data.path"]:
            with suppress(DataError):
                if changed(self.storage.read_identity(), self.read_data()) is None:  # they were moved
                    self.storage.write_config(config.plain())
                    return True
        if differences:
            more = "; …" if len(differences) > 3 else ""
            raise ConfigurationError(
                f"{self.path} holds another run ({'; '.join(differences[:3])}{more}): give another folder with --out, "
                f"or continue this one with: saddle train {self.storage.config} --out {self.path}"
            )
        return True

    def _over(self) -> str | None:
        """That nothing is left to do, in a sentence. Raises RunFailed where the run failed before."""
        config, identity = self._configured(), self.storage.read_identity()
        if identity.get("state") != "ended":
            return None
        in_trouble = identity.get("trouble") is not None and config.on_trouble in ("warn", "stop")
        if identity.get("outcome") == Outcome.NON_FINITE or in_trouble:
            raise RunFailed(f"this run ended before: {identity.get('message')}")
        if isinstance(config, FittedConfig):
            return f"Nothing to do: {identity.get('message')}, in {self.path}"
        if config.until is not None and identity.get("outcome") in (Outcome.CONVERGED, Outcome.CYCLING):
            return f"Nothing to do: {identity.get('message')}, in {self.path}"
        spent = config.budget.spent(
            int(identity.get("samples", 0)), float(identity.get("seconds", 0.0)), int(identity.get("evaluations", 0))
        )
        if spent is None:
            return None
        return (
            f"Nothing to do: the budget of {spent} is spent in {self.path}. To go on:  saddle train "
            f"{shlex.quote(str(self.storage.config))} --out {shlex.quote(str(self.path))} "
            f"--samples {2 * int(identity.get('samples', 1))}"
        )

    # --- what it is made of -------------------------------------------------------------------------------

    @property
    def task(self) -> AnyTask:
        """Its kind of data. Raises ConfigurationError where a generator came alone."""
        return task_of(self._configured())

    def read_data(self, progress: OnProgress = quiet) -> Dataset:
        """The data that it is trained on, read once.

        Raises:
            ConfigurationError: they can't be read, or a Python caller gave them and has to give them again.
        """
        if self._data is None:
            config = self._configured()
            if config.data.given is not None:
                raise ConfigurationError(
                    f"{self.path} was trained on data that were given in Python ({config.data.given}): {GIVE_DATA}, "
                    f"or on the command line with --data"
                )
            try:
                progress("reading the data", 0, 0)  # a folder is looked through before its size is known
                self._data = self.task.read(config, progress)
            except DataError as error:
                if not self.storage.config.exists():
                    raise
                raise ConfigurationError(
                    f"{error}; where the data were moved, say whereto with: saddle train "
                    f"{shlex.quote(str(self.storage.config))} --data PATH --out {shlex.quote(str(self.path))}"
                ) from error
        return self._data

    @property
    def data(self) -> Any:
        """The data that it is trained on, of the task's own class; see `read_data`."""
        return self.read_data()

    @property
    def changed(self) -> str | None:
        """In words, that the data are not those that the run began with; None where they are."""
        return changed(self.storage.read_identity(), self.data)

    def assembly(self) -> Assembly:
        """Players, method and batches, where the run begins, with the settings that it has now."""
        return assemble(self.played, self.data, self._networks)

    def at_checkpoint(self) -> tuple[Assembly, int]:
        """The same where the newest checkpoint is, and the samples that it has seen.

        Raises:
            NoCheckpoint: there is none.
            ConfigurationError: the data changed, and the networks do not fit them.
        """
        checkpoint = self.storage.checkpoints.newest()
        try:
            assembly = self.assembly()
            load_state(checkpoint.path, assembly.game, assembly.method, assembly.batches)
        except ValueError as error:
            if (other := self.changed) is None:
                raise
            raise ConfigurationError(
                f"{other}, and the networks do not fit them: restore them, or take {self.storage.generator} in place "
                f"of the run"
            ) from error
        return assembly, checkpoint.samples

    # --- what came of it ------------------------------------------------------------------------------------

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.path

    @property
    def outcome(self) -> Outcome | None:
        """How it ended, or that it is running; None where a generator came alone."""
        found = self.storage.read_identity().get("outcome")
        return Outcome(found) if found in list(Outcome) else None

    @property
    def message(self) -> str:
        """Why it ended, a sentence."""
        return str(self.storage.read_identity().get("message", ""))

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be known of the folder before it is used: files that somebody edited since they were written."""
        edited = [self.storage.config] if self.config is not None and self.storage.edited else []
        if self._model is not None and self._model.folder is not None:
            edited += [self._model.folder / name for name in self._model.edited]
        return tuple(f"{file} was edited since it was written" for file in edited)

    @property
    def metrics(self) -> Mapping[str, Number]:
        """The measures of what was handed over, at the end, by name; the first is the score."""
        return read_numbers(self.storage.read_identity())

    @property
    def history(self) -> list[dict[str, Any]]:
        """All records, as `metrics.jsonl` has them."""
        return read_records(self.storage.records)

    def findings(self) -> list[Finding]:
        """What is found of the run, the gravest first."""
        return pages.examine_run(self.path)

    def verdicts(self) -> tuple[Verdict, ...]:
        """Whether the game is sound, the result good, and the run done: an answer each, with what it is drawn from."""
        return verdicts(**pages.evidence_of(self.path))

    def report(self) -> Path:
        """Write the report page anew; gives its path."""
        return pages.write_report(self.path)

    # --- what it is used for --------------------------------------------------------------------------------

    @property
    def model(self) -> Model:
        """What was handed over. Raises ValueError where nothing was yet."""
        if self._model is None:
            # Copies: what is handed over is not what goes on training.
            self._model = model_at(self.path, copy.deepcopy(self._networks))
        return self._model

    def sample(
        self,
        n: int,
        seed: int = 0,
        label: str | int | None = None,
        *,
        weights: Literal["average", "live"] | None = None,
        resample: int | None = None,
        reject: bool = False,
        **options: object,
    ) -> Any:
        """Draw n samples in the task's own type; see `Sampler.sample`.

        Args:
            n: how many.
            seed: another one, other samples.
            label: of one class alone.
            weights: see `weighted`; None is what was handed over.
            resample: each is chosen among so many candidates by the judge, see `judge`.
            reject: candidates are taken or rejected by the judge.
            options: of the model, by name.

        Raises:
            ConfigurationError: what was trained draws no samples, or there is no such class, option, weights or judge.
        """
        model = self.model if weights is None else self.weighted(weights)
        model = chosen(model, self.path, resample, reject=reject)
        if not isinstance(model, Sampler):
            raise ConfigurationError(f"{self.path} holds {model.title}, which draws no samples: use run.apply(given)")
        return model.sample(n, seed, label, **options)

    def judge(
        self, samples: int | None = None, *, fresh: bool = False, seed: int = 0, progress: OnProgress = quiet
    ) -> "Judged":
        """Make a judge of what was handed over and keep it beside that; `sample` and `evaluate` choose by it.

        Args:
            samples, fresh, seed, progress: see `saddlepoint.runs.judging.fit_judge`.

        Raises:
            ConfigurationError: no discriminator, or none that can judge single samples; says why.
        """
        from saddlepoint.runs.judging import fit_judge, keep_judge

        found = fit_judge(self, samples, fresh=fresh, seed=seed, progress=progress)
        keep_judge(self, found)
        return found

    def weighted(self, weights: str) -> Model:
        """The model of the newest checkpoint with its averaged weights, or with those that training goes on with.

        Raises:
            ConfigurationError: no such weights, a run that keeps no average, or no checkpoint.
        """
        if weights not in WEIGHTS:
            raise ConfigurationError(f"there are no weights {weights!r}: {nearest(weights, WEIGHTS)}")
        models, _ = self.models((weights,))
        return models[weights]

    def apply(self, given: Any, **options: object) -> Any:
        """Convert arrays by what was trained; see the `apply` of the task's model.

        Raises:
            ConfigurationError: what was trained converts nothing.
        """
        model = self.model
        if not isinstance(model, Converter):
            raise ConfigurationError(f"{self.path} holds {model.title}, which converts nothing: use run.sample(n)")
        return model.apply(given, **options)

    def export(self, path: str | Path) -> Exported:
        """Write what was trained for other programs, and check it: `.onnx`, `.pt2`, or a folder of safetensors.

        Raises:
            ConfigurationError: no such format, a library that is not there, or a model that is no graph of tensors.
        """
        return export(self.model, Path(path))

    def models(self, weights: Sequence[str] | None = None) -> tuple[Mapping[str, Model], int | None]:
        """Models of the newest checkpoint by weights, with the samples that they have seen.

        The average has batch-norm statistics of its own. Where there is no checkpoint: what was handed over, as
        `delivered`.

        Args:
            weights: those that are demanded; None takes what there is.

        Raises:
            ConfigurationError: weights are demanded that the run does not keep.
        """
        try:
            if self.config is None or isinstance(self.config, FittedConfig):
                raise NoCheckpoint
            assembly, samples = self.at_checkpoint()
        except NoCheckpoint:
            if weights is not None:
                raise ConfigurationError(
                    f"{self.path} has no checkpoint to take weights from: leave --weights out"
                ) from None
            return {"delivered": self.model}, None
        setup, game = assembly.setup, assembly.game
        setup.at_answer()
        found: dict[str, Model] = {"live": copy.deepcopy(setup.model)}
        answer = assembly.method.answer(game)
        if answer is not game.point:
            game.recalibrate_batch_norm(answer, assembly.batches)
            setup.at_answer()
            found = {"average": setup.model, **found}
        for name in weights or ():
            if name not in found:
                raise ConfigurationError(f"{self.path} keeps no average of its weights: take --weights live")
        wanted = weights or self.task.weights
        return {name: model for name, model in found.items() if name in wanted} or found, samples

    def stages(self) -> Mapping[str, Model]:
        """What earlier stages ended with, by name."""
        if self.config is None:
            return {}
        named = self.storage.read_identity().get("stages", [])
        folders = {name: self.storage.generator / name for name in named}
        return {name: model_at(folder, self._networks) for name, folder in folders.items() if folder.is_dir()}

    def evaluate(
        self, data: object = None, *, pictures: bool = False, progress: OnProgress = quiet, **options: object
    ) -> Evaluation:
        """Measure what was trained, keep the numbers in the run's `evaluation.json`, and write the report anew.

        Args:
            data: other data of the same kind in place of the run's own: a path, or what the task adopts.
            pictures: whether pictures are wanted; `Evaluation.pictures` then draws them.
            progress: told how far it is.
            options: of the task's `Options`, by name.

        Raises:
            ConfigurationError: no such option, or nothing that can be measured.
        """
        progress("reading the data", 0, 1)
        subject, settings, seen, notes = self._subject(data, pictures, options, progress)
        found: Evaluation = task_of(subject.config).evaluate(subject, settings, progress)  # type: ignore[arg-type]
        found = found.with_notes(notes)
        if pictures and self.storage.config.exists():
            self.storage.exhibits.mkdir(exist_ok=True)
            drawn = {name: picture() for name, picture in found.pictures.items()}
            for name, picture in drawn.items():
                write_picture(self.storage.exhibits / f"evaluated-{name}.png", picture)
            found = replace(found, pictures={name: partial(_same, picture) for name, picture in drawn.items()})
        record = {"evaluated": _now(), "samples": seen, **found.plain()}
        append_evaluation(self.storage.evaluations, record)
        if self.storage.config.exists() and self.storage.records.exists():
            pages.write_report(self.path)
        return found

    def _subject(
        self, data: object, pictures: bool, options: Mapping[str, object], progress: OnProgress
    ) -> tuple[Subject[Any, Any, Any], Any, int | None, tuple[str, ...]]:
        config = self.config
        if config is None:
            if not isinstance(data, str | Path):
                raise ConfigurationError(
                    "a generator alone does not say what it was trained on: give the run folder, or its data with "
                    "--data NAME|PATH"
                )
            config = task_of_model(self.model).config_for(self.model, str(data))
        task = task_of(config)
        settings = task.Options.read(options)
        pick_device(settings.device)
        notes: tuple[str, ...] = ()
        other = data is not None and self.config is not None
        if other and config.data.given is not None and self._data is None:
            # The data of a Python caller, given again.
            self._data = _given_data(task, config, data, progress)
            other = False
        own: Dataset | None = None
        if self.config is not None:
            own = self.read_data(progress)
            if not other and (what := self.changed) is not None:
                notes = (f"{what}: they are not those that the generator was trained on",)
        models, seen = self.models(settings.weights)
        models = with_chosen(models, self.path, settings.resample, reject=settings.reject)
        if other:
            config = config.with_data(str(data)) if isinstance(data, str | Path) else _with_given(config, data)
        given = _given_data(task, config, data, progress) if other or own is None else own
        subject = Subject(
            config,
            models,
            self.stages(),
            given,
            lambda: task.held_out(config, given, progress),
            pictures,
            other,
            self.storage.read_identity().get("seconds"),
        )
        return subject, settings, seen, notes

    def _configured(self) -> Config:
        if self.config is None:
            raise ConfigurationError(f"{self.path} is a generator alone, without its run: give the run folder")
        return self.config

    def _repr_html_(self) -> str:
        """For a notebook: how it ended, its score, and its last picture."""
        from saddlepoint.runs.notebook import shown

        return shown(self)

    def __repr__(self) -> str:
        score = next(iter(self.metrics.values()), None)
        told = "" if score is None else f", {score.measure.name} {score.value:.4g}"
        return f"<Run {self.path}: {self.outcome or 'not begun'}{told}>"


def task_for(run: Run) -> AnyTask:
    """The task of a run, or of a generator that came alone."""
    return task_of_model(run.model) if run.config is None else task_of(run.config)


def changed(identity: Mapping[str, Any], data: Dataset) -> str | None:
    """In words, that data are not those that the run of a `run.json` began with; None where they are."""
    before = identity.get("dataset", {})
    if before.get("fingerprint") in (None, data.fingerprint):
        return None

    def told(count: int, shape: Sequence[int], classes: Sequence[str]) -> str:
        return f"{count:,} {data.kind} of {'x'.join(map(str, shape))}" + (f" in {len(classes)} classes" * bool(classes))

    try:
        then = told(before[data.kind], before["shape"], before["classes"])
    except KeyError:
        then = f"others ({before.get('name', 'without a name')})"
    now = told(len(data), data.shape, data.classes)
    what = f"{then} then, {now} now" if then != now else f"{now} as before, but others"
    return f"the data changed since this run began ({what})"


def _versions_differ(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """In words, what a run goes on with other versions of than it was made with so far, and what that may change."""
    earlier, found = before.get("versions", {}), []
    for name, version in now["versions"].items():
        if (then := earlier.get(name)) is not None and then != version:
            found.append(f"{name} {then} before, {version} now")
    if not found:
        return []
    return [
        f"the run goes on with other versions ({'; '.join(found)}): its numbers may differ in their last digits from "
        f"those of a run of one version, and a change of saddlepoint may change more"
    ]


def _given_data(task: AnyTask, config: Config, data: object, progress: OnProgress) -> Any:
    """Other data for a run: read where they are a path or a name, adopted otherwise."""
    if data is None or isinstance(data, str | Path):
        return task.read(config if data is None else config.with_data(str(data)), progress)
    return task.adopt(config, data)


def _with_given(config: Config, data: object, more: str = "") -> Config:
    """The configuration on data of a Python caller's, named by their type."""
    given = f"{type(data).__name__}{more}"
    return config.model_copy(update={"data": config.data.model_copy(update={"given": given})})


def _with_own(config: Config, role: str, network: nn.Module) -> Config:
    """The configuration with a network of the caller's in a role. Raises ConfigurationError for an unknown role."""
    if role not in config.players:
        raise ConfigurationError(f"{config.recipe} has no {role}: its players are {', '.join(config.players)}")
    place = f"{type(network).__module__}:{type(network).__qualname__}"
    player = config.players[role].model_copy(update={"network": {"name": "own", "of": place}})
    return config.model_copy(update={role: player})


def _told(plan: Planned) -> dict[str, Any]:
    """What `run.json` says of a plan."""
    pace = plan.pace
    return {
        "stages": [{"name": stage.name, "end": stage.end} for stage in plan.stages],
        "seconds": None if plan.seconds is None else round(plan.seconds, 1),
        "memory_bytes": None if pace is None else pace.memory,
    }


def _is_run(config: Config) -> Any:
    def same(found: Mapping[str, Any]) -> bool:
        with read_from_file():
            return config.begins_as(read_config(found))

    return same


def _same(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return picture


def _finite(found: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in found.items() if math.isfinite(value)}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
