"""What a recipe can do in so many hours on this machine: told by a probe of a few seconds, before it is trained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saddlepoint.configuration import ConfigurationError
from saddlepoint.data.dataset import Dataset, OnProgress, quiet
from saddlepoint.measures import Measure
from saddlepoint.runs.api import configured
from saddlepoint.runs.planning import planned
from saddlepoint.runs.run import RUNS
from saddlepoint.storage import RunFolder, read_records
from saddlepoint.tasks import Config, FittedConfig, task_of
from saddlepoint.training import Budget
from saddlepoint.tuning.space import FACTORS, GROUPS, resized

#: Earlier runs that are looked at.
RUNS_READ = 200


@dataclass(frozen=True)
class Plan:
    """What is foretold, as plain data, and the configuration that would be trained.

    Attributes:
        config: with all lengths for the hours.
        plain: `recipe`, `hours`, `device`, `batch_size`, `samples`, `steps`, `stages` (name, samples at its end,
            seconds), `looks_seconds`, `seconds`, `memory_bytes`; `sizes`, a row each of networks of half, whole and
            double width: parameters, samples that the hours are enough for, memory; `score`: the measure, that of real
            and of untrained samples, and what earlier runs of the recipe on these data came to at so many samples.
    """

    config: Config
    plain: Mapping[str, Any]


def plan(
    what: str | Path | Config,
    data: str | None = None,
    *,
    hours: float,
    settings: Mapping[str, object] | None = None,
    assignments: Sequence[str] = (),
    runs: Path = RUNS,
    progress: OnProgress = quiet,
) -> Plan:
    """Probe this machine for a few seconds and tell what a recipe can do in so many hours; nothing is written.

    Args:
        what: a recipe, a `config.yaml` or a configuration.
        data: a name or path; None is the recipe's own.
        hours: that the run may take.
        settings: by key, `device` among them.
        assignments: further ones, as "key=value".
        runs: where earlier runs are looked for.
        progress: is told how far it is.

    Raises:
        ConfigurationError: unknown names, or a model that is fitted at once.
    """
    if hours <= 0:
        raise ConfigurationError(f"hours is {hours:g}: give a time above 0")
    recipe = configured(what, data=data, settings=settings, assignments=assignments)
    if isinstance(recipe, FittedConfig) or not recipe.players:
        raise ConfigurationError(f"{recipe.recipe} has no game to plan: name a recipe that is trained")
    asked = recipe.on_budget(Budget(minutes=60 * hours))
    read = task_of(recipe).read(recipe, progress)
    factors = FACTORS if GROUPS["width"](recipe) else (1.0,)
    sizes, own = [], None
    for number, factor in enumerate(factors):  # in this order: what a process held at most only grows
        progress(f"networks of {factor:g} times the width", number, len(factors))
        found = planned(resized(asked, factor), read, {}, quiet)
        parameters = {
            name: sum(t.numel() for t in found.assembly.game.point[name]) for name in found.assembly.game.names
        }
        memory = None if found.pace is None else found.pace.memory
        sizes.append(
            {
                "factor": factor,
                "parameters": parameters,
                "samples": found.config.budget.samples,
                "memory_bytes": memory,
            }
        )
        if factor == 1.0:
            own = found
    assert own is not None
    config, samples = own.config, own.config.budget.samples or 0
    begin, stages = 0, []
    for place, stage in enumerate(own.stages):
        end = samples if stage.end is None else stage.end
        cost = None if own.pace is None else own.pace.seconds[place] * (end - begin)
        stages.append({"name": stage.name, "end": end, "seconds": cost})
        begin = end
    probe, model = own.assembly.setup.probe, own.assembly.setup.model
    score = next(iter(probe.score(model)), None)
    measure = None if score is None else score.measure
    real = {} if measure is None else probe.references(model).get("real", {})
    plain = {
        "recipe": config.recipe,
        "hours": hours,
        "device": str(own.assembly.game.device),
        "batch_size": config.batch_size,
        "samples": samples,
        "steps": -(-samples // config.batch_size),
        "recipe_samples": recipe.budget.samples,
        "stages": stages,
        "looks_seconds": None if own.pace is None else own.pace.looks(samples, config.every),
        "seconds": own.seconds,
        "memory_bytes": None if own.pace is None else own.pace.memory,
        "sizes": sizes,
        "score": None
        if score is None or measure is None
        else {
            "measure": {"name": measure.name, **measure.plain()},
            "real": real.get(measure.name),
            "untrained": float(score),
            "earlier": _earlier(runs, config, read, samples, measure),
        },
    }
    return Plan(config, plain)


def _earlier(runs: Path, config: Config, data: Dataset, samples: int, measure: Measure) -> list[dict[str, Any]]:
    """What runs of the same recipe on the same data had come to after so many samples, or at their end before."""
    found = []
    places = (
        sorted(runs.glob("*/run.json"), key=lambda place: -place.stat().st_mtime)[:RUNS_READ] if runs.is_dir() else []
    )
    for place in places:
        folder = RunFolder(place.parent)
        identity = folder.read_identity()
        if identity.get("recipe") != config.recipe or "warm_start" in identity:
            continue
        if identity.get("dataset", {}).get("fingerprint") != data.fingerprint:
            continue
        try:
            records = [*read_records(folder.records), *([identity] if identity.get("state") == "ended" else [])]
            scored = [r for r in records if (r.get("metrics") or {}).get(measure.name) is not None]
            until = [r for r in scored if r["samples"] <= 1.05 * samples]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if until:
            last = until[-1]
            found.append({"run": str(place.parent), "samples": last["samples"], "score": last["metrics"][measure.name]})
    return found
