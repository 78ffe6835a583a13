"""A game beside its baselines: same data, budget and measures, several seeds."""

import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from saddlepoint.comparison.entry import OnBudget
from saddlepoint.configuration import ConfigurationError, assign
from saddlepoint.core import Outcome
from saddlepoint.data.dataset import Dataset, quiet
from saddlepoint.measures import declared
from saddlepoint.runs import Run
from saddlepoint.runs.api import configured
from saddlepoint.storage import plain_name, write_atomically
from saddlepoint.tasks import Config, Model, Subject, task_of
from saddlepoint.training import Budget

#: What the game itself is called in the table.
GAME = "game"
#: Told the number of the entry that goes on, what it is called, and how much of it is done.
OnEntry = Callable[[int, str, float], None]


@dataclass(frozen=True)
class BaselineEntry:
    """One line of the table and one seed of it.

    Attributes:
        on: the recipe.
        label: `game`, or the baseline's name.
        seed: added to the recipe's.
        config: what is trained; of a baseline that is fitted at once, that of the game beside it.
        fit: fits a model to data; None where the configuration is trained.
    """

    on: str
    label: str
    seed: int
    config: Config
    fit: Callable[[Any, Any], Model] | None = None

    def folder(self, home: Path) -> Path:
        """Where it is trained."""
        return home / plain_name(self.on) / f"{self.label}-{self.seed}"


def entries_for(
    on: Sequence[str],
    *,
    budget: Budget | None = None,
    seeds: int = 1,
    sets: Sequence[str] = (),
    data: str | None = None,
) -> list[BaselineEntry]:
    """The runs that are asked for, each recipe's game and baselines after one another.

    Args:
        on: recipes.
        budget: of each run; None is the recipe's, so that all see equally many samples.
        seeds: runs of each.
        sets: assignments to the recipe, which its baselines inherit; after `NAME.` to the baseline of that name alone.
        data: of the recipes, as the command line names them; None is their own.

    Raises:
        ConfigurationError: an unknown recipe, one twice, one without baselines, or settings that do not fit.
    """
    found = []
    asked = {} if budget is None else {key: value for key, value in budget.model_dump().items() if value is not None}
    for name in on:
        if list(on).count(name) > 1:
            raise ConfigurationError(f"{name} is given twice: each recipe stands in the table once")
        game = configured(name, data=data, settings=asked)
        labels = list(task_of(game).baselines(game))
        if not labels:
            raise ConfigurationError(f"{name} has no baselines to be set beside")
        own = {label: [s.removeprefix(f"{label}.") for s in sets if s.startswith(f"{label}.")] for label in labels}
        ours = [s for s in sets if not s.startswith(tuple(f"{label}." for label in labels))]
        game = configured(game, assignments=ours)
        for seed in range(seeds):
            seeded = game.model_copy(update={"seed": game.seed + seed})
            found.append(BaselineEntry(name, GAME, seed, seeded))
            for label, baseline in task_of(seeded).baselines(seeded).items():
                if isinstance(baseline, Config):
                    found.append(BaselineEntry(name, label, seed, assign(baseline, own[label])))
                else:
                    found.append(BaselineEntry(name, label, seed, seeded, baseline))
    return found


def compare_baselines(
    entries: Sequence[BaselineEntry], home: Path, *, options: Mapping[str, object] | None = None, tell: OnEntry
) -> dict[str, Any]:
    """Train all that is not trained yet, one after another, and measure what they handed over.

    Args:
        entries: from `entries_for`.
        home: folder of all runs.
        options: of the tasks' evaluations, by name.
        tell: is told how far it is.

    Returns:
        Plain data: `rows`, a recipe and label each, with means over the seeds and their standard deviations (`spread`),
        None where there is no such number; `measures` by name; `runs`; `notes`; `pictures`, paths by recipe and label.

    Raises:
        ConfigurationError: the folder holds another comparison, the data are not there, or networks do not fit them.
        KeyboardInterrupt: a signal stopped it; the same call goes on from here.
    """
    runs: list[dict[str, Any]] = []
    measures: dict[str, Any] = {}
    notes: dict[str, None] = {}
    pictures: dict[str, dict[str, str]] = {}
    for on in dict.fromkeys(entry.on for entry in entries):
        first = next(entry.config for entry in entries if entry.on == on)
        data: Dataset = task_of(first).read(first)
        for seed in sorted({entry.seed for entry in entries}):
            models: dict[str, Model] = {}
            own = [entry for entry in entries if (entry.on, entry.seed) == (on, seed)]
            for entry in own:
                number = entries.index(entry)
                tell(number, entry.label, 0.0)
                facts, model = _trained(entry, home, data, partial(tell, number, entry.label))
                runs.append({"on": on, "label": entry.label, "seed": seed, **facts})
                if model is not None:
                    models[entry.label] = model
                tell(number, entry.label, 1.0)
            numbers, told, drawn = _measured(own[0].config, models, data, options or {}, pictured=seed == 0)
            measures |= declared(number for found in numbers.values() for number in found)
            notes |= dict.fromkeys(told)
            for label, found in numbers.items():
                values = {number.name: _finite(float(number)) for number in found}
                run = next((r for r in runs if (r["on"], r["label"], r["seed"]) == (on, label, seed)), None)
                if run is None:  # a floor, which nobody trained
                    run = {"on": on, "label": label, "seed": seed, "failed": False}
                    runs.append(run)
                run["values"] = values
            if drawn:
                pictures[on] = {label: str(_keep(home, on, label, picture)) for label, picture in drawn.items()}
    return {
        "rows": list(_rows(runs)),
        "measures": measures,
        "runs": runs,
        "notes": list(notes),
        "pictures": pictures,
    }


def differences(entries: Sequence[BaselineEntry], home: Path) -> list[str]:
    """`run: key: here / there` for what a folder holds of another comparison; its budget counts too."""
    found = []
    for entry in entries:
        run = Run.open(entry.folder(home)) if (entry.folder(home) / "config.yaml").exists() else None
        if run is not None and run.config is not None:
            config = entry.config.continuing(run.config)
            told = config.differences(run.config)
            if config.budget != run.config.budget:
                told.append(f"budget: {config.budget} here, {run.config.budget} there")
            found += [f"{entry.on} {entry.label}: {difference}" for difference in told]
    return found


def _trained(
    entry: BaselineEntry, home: Path, data: Dataset, watch: Callable[[float], None]
) -> tuple[dict[str, Any], Model | None]:
    """What a run says of itself, and what it handed over; None where it failed."""
    if entry.fit is not None:
        return {"failed": False}, entry.fit(entry.config, data)
    run = Run(entry.folder(home), entry.config, data=data, observers=[OnBudget(entry.config.budget, watch)])
    # One that was interrupted, or ended by a full disk, goes on; one whose budget is spent says so and is left alone.
    if run.storage.read_identity().get("outcome") not in (Outcome.NON_FINITE, Outcome.DIVERGED):
        run.train()
        if run.result is not None and run.result.signal is not None:
            raise KeyboardInterrupt
    identity = run.storage.read_identity()
    keys = ("seconds", "samples", "evaluations", "outcome", "message")
    failed = identity.get("outcome") in (Outcome.NON_FINITE, Outcome.DIVERGED)
    return {"failed": failed, **{key: identity.get(key) for key in keys}}, None if failed else run.model


def _measured(
    config: Config, models: Mapping[str, Model], data: Dataset, options: Mapping[str, object], *, pictured: bool
) -> tuple[dict[str, list[Any]], Sequence[str], Mapping[str, Any]]:
    """Numbers by label, the first of each measure; notes; and a picture of each model where it draws one."""
    if not models:
        return {}, (), {}
    task = task_of(config)
    settings = task.Options.read({"seed": 1, **options})
    subject = Subject(config, models, {}, data, lambda: task.held_out(config, data))
    found = task.evaluate(subject, settings, quiet)
    by_label = {label: list(numbers.values()) for label, numbers in found.by_weights().items()}
    drawn = {label: picture for label, m in models.items() if (picture := m.shown()) is not None} if pictured else {}
    return by_label, found.notes, drawn


def _keep(home: Path, on: str, label: str, picture: Any) -> Path:
    path = home / plain_name(on) / f"{label}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, partial(Image.fromarray(np.asarray(picture)).save, format="PNG"))
    return path


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _rows(runs: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for on, label in dict.fromkeys((run["on"], run["label"]) for run in runs):
        own = [run for run in runs if (run["on"], run["label"]) == (on, label)]
        well = [run for run in own if not run["failed"]]
        names = dict.fromkeys(name for run in well for name in run.get("values", {}))
        values = {name: [v for run in well if (v := run["values"].get(name)) is not None] for name in names}
        for name in ("seconds", "samples", "evaluations"):
            values[name] = [float(run[name]) for run in well if run.get(name) is not None]
        yield {
            "on": on,
            "label": label,
            "seeds": len(own),
            "failures": len(own) - len(well),
            "values": {name: statistics.fmean(found) if found else None for name, found in values.items()},
            "spread": {name: statistics.stdev(found) for name, found in values.items() if len(found) > 1},
        }
