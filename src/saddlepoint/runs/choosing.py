"""Runs whose model is chosen before they begin: by the size of the data, or by a race."""

import shutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from saddlepoint.tasks import AutoConfig, Config
from saddlepoint.training import Observers

if TYPE_CHECKING:
    from saddlepoint.runs.run import Run


def chosen_by_size(config: AutoConfig, data: Any) -> tuple[Config, dict[str, Any]]:
    """The configuration that a size asks for, and what `run.json` says of the choice."""
    chosen, why = config.by_size(data)
    return chosen, {"asked": config.plain(), "recipe": chosen.recipe, "why": why}


def race(run: "Run", config: AutoConfig, observer: Observers) -> "Run":
    """Train all candidates below the run's folder, judge them, and move the best one's run into the folder itself.

    The same call goes on where it was interrupted.

    Returns:
        The run of the best, in the folder.

    Raises:
        KeyboardInterrupt: a signal stopped one of them.
    """
    home, data = run.path / "race", run.read_data(observer.progressed)
    run.storage.write_config(config.plain())
    run.storage.write_identity(recipe=config.recipe, state="running")
    runs: dict[str, Run] = {}
    for name, candidate in config.candidates().items():
        entry = type(run)(home / name, candidate, data=data)
        if entry.storage.read_identity().get("state") != "ended":
            observer.said(f"race: {name} ({candidate.recipe})")
            entry.train(report=False)
            if entry.result is not None and entry.result.signal is not None:
                raise KeyboardInterrupt
        runs[name] = entry
    merits = config.merits({name: entry.model for name, entry in runs.items()}, data)
    best = max(merits, key=lambda name: merits[name]["merit"])
    why = f"{best} won the race of {config.race:g} minutes: {'; '.join(map(_told, merits, merits.values()))}"
    observer.said(why)
    winner = runs[best]
    winner.storage.write_identity(
        name=run.path.name,
        chosen={
            "asked": config.plain(),
            "recipe": config.candidates()[best].recipe,
            "why": why,
            "merits": {name: dict(found) for name, found in merits.items()},
        },
    )
    for place in sorted((home / best).iterdir(), key=lambda place: place.name == "config.yaml"):
        if place.name != ".lock":
            target = run.path / place.name
            shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)
            shutil.move(place, target)
    shutil.rmtree(home)
    return winner


def _told(name: str, found: Mapping[str, float]) -> str:
    return f"{name} {', '.join(f'{key} {value:.3f}' for key, value in found.items())}"
