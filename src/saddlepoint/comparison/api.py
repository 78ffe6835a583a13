"""Compare in Python: methods on one game, or games beside their baselines."""

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from saddlepoint import __version__
from saddlepoint.comparison.baselines import BaselineEntry, compare_baselines, differences, entries_for
from saddlepoint.comparison.running import run as play
from saddlepoint.comparison.settings import Comparison, configured
from saddlepoint.configuration import ConfigurationError
from saddlepoint.report import write_report
from saddlepoint.report.baselines import write_baselines
from saddlepoint.report.comparison import write_comparison
from saddlepoint.runs.progress import work_here
from saddlepoint.runs.run import RUNS
from saddlepoint.storage import alone_with_runs, free_name, plain_name, started_with
from saddlepoint.training import Budget

#: Starts of each method where nothing is said.
SEEDS = 5
#: Told what goes on, how much is done, and of how much.
OnWork = Callable[[str, float, float], None]


@dataclass(frozen=True)
class Compared:
    """What came of a comparison.

    Attributes:
        folder: where everything lies; the same call with it goes on after an interruption.
        plain: all of it, as `comparison.json` or `baselines.json` has it.
        files: the table's page, its figure and its data, by ending.
    """

    folder: Path
    plain: Mapping[str, Any]
    files: Mapping[str, Path]

    @property
    def standings(self) -> list[dict[str, Any]]:
        """A row a method, best first; or a row a model and floor, in the order of training."""
        return list(self.plain["standings"] if "standings" in self.plain else self.plain["rows"])


def compare(
    what: str | Sequence[str],
    *,
    methods: str | Sequence[str] | None = None,
    baselines: bool = False,
    data: str | None = None,
    seeds: int | None = None,
    samples: int | None = None,
    minutes: float | None = None,
    evaluations: int | None = None,
    lr: float | None = None,
    search: int = 0,
    settings: Mapping[str, object] | Sequence[str] = (),
    options: Mapping[str, object] | None = None,
    out: str | Path | None = None,
    jobs: int | None = None,
    progress: bool | OnWork = True,
) -> Compared:
    """Compare methods on one game at equal cost, or put recipes beside their baselines.

    Args:
        what: an analytic game or a recipe; with `baselines`, one recipe or several.
        methods: names, with parameters in brackets: "alternating,lookahead[k=5]", or a list of such.
        baselines: put recipes beside what needs no adversary, in place of methods.
        data: of the recipes; None is their own.
        seeds: starts of each; None is 5, or 1 with `baselines`.
        samples, minutes, evaluations: the budget of each run; none given is 2,000 evaluations of an analytic game, or
            the recipe's own.
        lr: step size of all methods.
        search: step sizes that each method tries; 0 tries none.
        settings: of the game or the recipe, by key; with `baselines` after `NAME.` of one of them.
        options: of the evaluation, with `baselines`.
        out: the folder; None takes a free name below `runs/`.
        jobs: processes at once; None is one a core.
        progress: whether a bar is shown, or what is told how far it is.

    Raises:
        ConfigurationError: unknown names, or things that do not fit together.
        RunBusy: another process is at work in this folder.
        ValueError: the folder holds files of somebody else's.
        KeyboardInterrupt: it was interrupted; the same call goes on.
    """
    given = Budget(evaluations=evaluations, samples=samples, minutes=minutes)
    budget = None if given == Budget() else given
    sets = [f"{k}={v}" for k, v in settings.items()] if isinstance(settings, Mapping) else list(settings)
    recipes = [what] if isinstance(what, str) else list(what)
    with work_here(progress is True) as shown:
        tell = progress if callable(progress) else shown
        if baselines:
            entries = entries_for(recipes, budget=budget, seeds=seeds or 1, sets=sets, data=data)
            return _beside(entries, recipes, out, options or {}, tell)
        if methods is None:
            raise ConfigurationError("nothing to compare: name methods, or ask for baselines")
        if len(recipes) > 1 or options:
            raise ConfigurationError("methods are compared on one game, by its own metric: give one, without options")
        wanted = methods if isinstance(methods, str) else ",".join(methods)
        comparison = configured(
            recipes[0], wanted, seeds=seeds or SEEDS, budget=budget, lr=lr, search=search, sets=sets, data=data
        )
        return _methods(comparison, out, jobs, tell)


def _methods(comparison: Comparison, out: str | Path | None, jobs: int | None, tell: OnWork) -> Compared:
    def same(found: Mapping[str, Any]) -> bool:
        return not comparison.differences(Comparison.read(found))

    folder = Path(out) if out is not None else free_name(RUNS, f"compare-{plain_name(comparison.on)}", same)
    what = f"playing on {comparison.on}"
    found = play(comparison, folder, jobs=jobs, progress=lambda done, of: tell(what, done, of))
    plain = {**found, "command": started_with(), "versions": versions()}
    return Compared(folder, plain, write_comparison(plain, folder))


def _beside(
    entries: Sequence[BaselineEntry],
    recipes: Sequence[str],
    out: str | Path | None,
    options: Mapping[str, object],
    tell: OnWork,
) -> Compared:
    name = f"baselines-{'-'.join(plain_name(recipe) for recipe in recipes)}"
    folder = Path(out) if out is not None else _free(name, entries)
    if told := differences(entries, folder):
        more = "; …" if len(told) > 3 else ""
        raise ConfigurationError(
            f"{folder} holds another comparison ({'; '.join(told[:3])}{more}): give another folder with --out"
        )
    of = len(entries)
    with alone_with_runs(folder, [entry.folder(folder) for entry in entries]):
        found = compare_baselines(
            entries, folder, options=options, tell=lambda number, label, share: tell(label, number + share, of)
        )
        for entry in entries:
            if entry.fit is None:
                write_report(entry.folder(folder))
        plain = {**found, "command": started_with(), "versions": versions()}
        return Compared(folder, plain, write_baselines(plain, folder))


def versions() -> dict[str, str]:
    """Of what the numbers depend on."""
    return {"saddlepoint": __version__, "torch": torch.__version__, "python": platform.python_version()}


def _free(name: str, entries: Sequence[BaselineEntry]) -> Path:
    """The folder of this comparison, or the first name not taken."""
    number = 1
    while True:
        path = RUNS / (name if number == 1 else f"{name}-{number}")
        if not path.exists() or not differences(entries, path):
            return path
        number += 1
