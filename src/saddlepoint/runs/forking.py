"""Futures of a run: from one of its checkpoints on under other settings, each on the same batches and noise."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import saddlepoint.report as pages
from saddlepoint.configuration import ConfigurationError, assign, assign_values
from saddlepoint.data.dataset import OnProgress
from saddlepoint.disk import without_links
from saddlepoint.runs.progress import work_here
from saddlepoint.runs.run import RUNS, Run
from saddlepoint.storage import alone_with_runs, free_name, plain_name, started_with
from saddlepoint.tasks import Config, FittedConfig
from saddlepoint.training import Budget, Observer, RunFailed, Start
from saddlepoint.training.observer import Progress

#: The future in which nothing is changed.
UNCHANGED = "unchanged"
#: Samples of a future where nothing is said, as a share of the run's budget.
SHARE = 0.1
#: Settings of one future: by key, or as `key=value`.
Settings = Mapping[str, object] | Sequence[str] | str


@dataclass(frozen=True)
class Forked:
    """What came of a run's futures.

    Attributes:
        folder: where everything lies; the same call with it goes on after an interruption.
        runs: each future by its settings, a run that can be gone on with; the first one is unchanged.
        plain: all of it, as `fork.json` has it.
        files: the page, the picture and the data, by ending.
    """

    folder: Path
    runs: Mapping[str, Run]
    plain: Mapping[str, Any]
    files: Mapping[str, Path]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A row a future: settings, measures, verdicts."""
        return list(self.plain["rows"])


def fork(
    run: Run | str | Path,
    *futures: Settings,
    samples: int | None = None,
    at: int | None = None,
    out: str | Path | None = None,
    progress: bool | OnProgress = True,
) -> Forked:
    """Play a run on from a checkpoint under several settings, on the same batches and noise, and compare.

    Each future is a run of its own, that can be gone on with, and needs the first one no more. What an optimizer or the
    method remembers is taken over where it fits the settings.

    Args:
        run: a run, or its folder.
        futures: settings of one each, as {"lr": 1e-4}, ["lr=1e-4", "method=extragradient"] or "lr=1e-4"; one without
            changes is played in any case.
        samples: that each future sees from there; None is a tenth of the run's budget.
        at: samples seen at the checkpoint; None is the newest one.
        out: the folder; None takes a free name below `runs/`.
        progress: whether a bar is shown, or what is told how far it is.

    Raises:
        ConfigurationError: no such run, checkpoint or setting.
        RunBusy: another process fills the folder.
        ValueError: the folder holds files of somebody else's.
        KeyboardInterrupt: it was interrupted; the same call goes on.
    """
    source = run if isinstance(run, Run) else Run.open(run)
    if source.config is None or isinstance(source.config, FittedConfig):
        raise ConfigurationError(f"{source.path} has no game to go on with: give the folder of a run that was trained")
    whole = {checkpoint.samples: checkpoint for checkpoint in source.storage.checkpoints.whole()}
    begun = at if at is not None else max(whole, default=None)
    if begun is None or begun not in whole:
        there = ", ".join(f"{position:,}" for position in whole) or "none"
        where = "" if at is None else f" at {at:,} samples"
        raise ConfigurationError(f"{source.path} has no whole checkpoint{where}; it has {there}")
    length = samples or max(1, round(SHARE * (source.config.length or begun or 1)))
    configs = {UNCHANGED: _future(source, (), begun, length)}
    for settings in futures:
        configs[_label(settings)] = _future(source, settings, begun, length)
    folder = Path(out) if out is not None else _free(source, configs)
    runs: dict[str, Run] = {}
    places = [folder / plain_name(label) for label in configs]
    with alone_with_runs(folder, places), work_here(progress is True) as shown:
        tell = progress if callable(progress) else shown
        for number, (label, config) in enumerate(configs.items()):
            follower = _Follower(partial(_further, tell, label, number, len(configs)), begun, length)
            future = source.like(config, folder / plain_name(label), [follower])
            with suppress(RunFailed):  # it ended in values that are not finite in an earlier session
                future.train()
            if future.result is not None and future.result.signal is not None:
                raise KeyboardInterrupt(f"what is finished is saved in {folder}: the same call goes on")
            runs[label] = future
            tell(label, number + 1, len(configs))
    plain = {
        "run": str(source.path),
        "recipe": source.config.recipe,
        "at": begun,
        "samples": length,
        "rows": [_row(label, future) for label, future in runs.items()],
        "measures": runs[UNCHANGED].storage.read_identity().get("measures", {}),
        "command": started_with(),
    }
    return Forked(folder, runs, plain, pages.write_fork(plain, folder))


def _label(settings: Settings) -> str:
    """The settings in words, by which a future and its folder are called."""
    if isinstance(settings, Mapping):
        return " ".join(f"{key}={value}" for key, value in settings.items())
    return settings if isinstance(settings, str) else " ".join(settings)


def _future(source: Run, settings: Settings, begun: int, length: int) -> Config:
    """The configuration of a run that goes on from there under other settings. Raises ConfigurationError."""
    config = source.played
    if isinstance(settings, Mapping):
        config = assign_values(config, settings)
    else:
        config = assign(config, shlex.split(settings) if isinstance(settings, str) else settings)
    return config.model_copy(
        update={
            "budget": Budget(samples=begun + length),
            "plan": config.plan.model_copy(update={"keep": True, "samples": config.length}),
            "start": Start(run=str(without_links(source.path)), samples=begun, take="everything"),
            "until": None,
        }
    )


def _free(source: Run, configs: Mapping[str, Config]) -> Path:
    """The folder of these futures, or the first name not taken."""
    number, first = 1, configs[UNCHANGED]
    while True:
        path = RUNS / f"fork-{plain_name(source.path.name)}{f'-{number}' * (number > 1)}"
        same = free_name(path, plain_name(UNCHANGED), lambda found: first.begins_as(type(first).read(found)))
        if same.name == plain_name(UNCHANGED):
            return path
        number += 1


def _row(label: str, run: Run) -> dict[str, Any]:
    """What came of one future, as plain data."""
    identity, history = run.storage.read_identity(), run.history
    picture = run.storage.samples / "latest.png"
    return {
        "settings": label,
        "folder": run.path.name,
        "outcome": identity.get("outcome"),
        "message": identity.get("message"),
        "samples": identity.get("samples"),
        "seconds": identity.get("seconds"),
        "evaluations": identity.get("evaluations"),
        "metrics": identity.get("metrics", {}),
        "verdicts": [{"question": v.question, "level": v.level, "answer": v.answer} for v in run.verdicts()],
        "curves": {
            name: [[r["samples"], r["metrics"][name]] for r in history if r.get("metrics", {}).get(name) is not None]
            for name in identity.get("metrics", {})
        },
        "picture": str(picture.relative_to(run.path.parent)) if picture.exists() else None,
    }


def _further(tell: OnProgress, label: str, number: int, of: int, share: float) -> None:
    tell(label, number + share, of)


class _Follower(Observer):
    """Tells the share of a future that is played."""

    def __init__(self, tell: Callable[[float], None], begun: int, length: int) -> None:
        self.tell, self.begun, self.length = tell, begun, length

    def stepped(self, progress: Progress) -> None:
        """Tell it."""
        self.tell(min(1.0, max(0, progress.samples - self.begun) / self.length))
