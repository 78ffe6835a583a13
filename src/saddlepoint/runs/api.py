"""Train, load and evaluate in Python: the same recipes, settings, defaults and messages as on the command line."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from torch import nn

from saddlepoint.components.registries import METHOD_REGISTRY
from saddlepoint.configuration import ConfigurationError, assign_values, assigned, nearest
from saddlepoint.configuration.outside import is_outside, read_from_file
from saddlepoint.core import Game, Method
from saddlepoint.evaluation.evaluation import Evaluation
from saddlepoint.runs.fitting import fitting
from saddlepoint.runs.hub import SCHEME, pull
from saddlepoint.runs.progress import progress_here, work_here
from saddlepoint.runs.run import Run
from saddlepoint.storage.folder import read_config as read_yaml
from saddlepoint.tasks import Config, read_config, recipe_named, recipes
from saddlepoint.tasks.own import OwnGame, OwnPlayers, own_config
from saddlepoint.tasks.registry import is_recipe
from saddlepoint.tracking import Tracker
from saddlepoint.training import Budget, Observer
from saddlepoint.training.plan import lengths
from saddlepoint.training.processes import joined, leads

#: A network of the caller's, or the name of one.
NetworkLike: TypeAlias = nn.Module | str | Mapping[str, Any]
#: Words of the budget, which are settings of their own.
BUDGET = ("samples", "minutes", "epochs", "evaluations")
#: The same as minutes, sixty times as many.
HOURS = "hours"
#: The setting that leaves a recipe's lengths as they are.
KEEP = "keep_schedules"
#: The settings that are found by the game itself where they are `auto`, and the word.
RATES, AUTO = ("lr", "optimizer.lr"), "auto"


def configured(
    what: str | Path | Config,
    *,
    data: str | None = None,
    settings: Mapping[str, object] | None = None,
    assignments: Sequence[str] = (),
    trust: bool = False,
) -> Config:
    """A complete configuration: a recipe or a saved one, then the data, then settings in their order.

    Lengths are still those of the recipe's own budget: a run scales them to its own as it begins (`Config.planned`),
    but for those that were given here.

    Args:
        what: a recipe's name, `package.module:recipe`, a `config.yaml`, a run's folder, or a configuration.
        data: name or path of the data.
        settings: by key, nested ones with dots; `samples`, `minutes`, `hours`, `epochs` and `evaluations` are those of
            the budget.
        assignments: further settings, as `key=value`.
        trust: whether code outside of Saddlepoint that a saved configuration names may be imported.

    Raises:
        ConfigurationError: an unknown name or setting, whose nearest is named, or values that do not fit.
    """
    config = starting_point(what, trust)
    values = [*(settings or {}).items(), *assigned(assignments)]
    if config.by_model:
        for key, value in values:
            config = of_model(config, value) if key == "model" else config
        values = [(key, value) for key, value in values if key != "model"]
    budget: dict[str, object] = {}
    early, late = list[tuple[str, Any]](), list[tuple[str, Any]]()
    for key, value in values:
        if (word := key.removeprefix("budget.")) in BUDGET:
            budget[word] = None if value == "none" else value
        elif key == HOURS:
            budget["minutes"] = 60 * float(value) if isinstance(value, int | float) else value
        elif key == KEEP:
            late.append(("plan.keep", value))
        elif key.endswith(RATES) and value == AUTO:
            if key not in RATES or "lr" not in config.aliases:
                raise ConfigurationError(f"rates are found for all players of a game at once: --lr {AUTO}")
            late.append(("plan.auto_rates", True))
        else:
            (early if key == "data" or key.startswith("data.") else late).append((key, value))
    if budget:
        # What is given replaces the recipe's budget; a time alone is no number of samples too.
        config = config.on_budget(type(config.budget).read(budget))
    if data is not None:
        config = config.with_data(data)
    config = assign_values(config, [*early, *late])
    given = tuple(dict.fromkeys((*config.plan.given, *_given_lengths(config, late))))
    return config.model_copy(update={"plan": config.plan.model_copy(update={"given": given})})


def of_model(config: Config, word: object) -> Config:
    """The recipe of a model on the data of another. Raises ConfigurationError where there is no such model."""
    if str(word) not in config.by_model:
        raise ConfigurationError(f"there is no model {str(word)!r}: {nearest(str(word), config.by_model)}")
    recipe = recipe_named(config.by_model[str(word)])
    return recipe.model_copy(update={"data": config.data, "seed": config.seed, "device": config.device})


def _given_lengths(config: Config, values: Sequence[tuple[str, Any]]) -> list[str]:
    """The keys of lengths that are given: by themselves, or inside of a value with parts."""
    known = list(lengths(type(config)))
    found = []
    for key, value in values:
        head, dot, tail = key.partition(".")
        for place in config.aliases.get(head, (head,)):
            whole = place + dot + tail
            for length in known:
                if length == whole or (length.startswith(f"{whole}.") and _holds(value, length[len(whole) + 1 :])):
                    found.append(length)
    return found


def _holds(value: Any, key: str) -> bool:
    """Whether plain data or settings have something at a key."""
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else getattr(value, part, None)
    return value is not None


def starting_point(what: str | Path | Config, trust: bool = False) -> Config:
    """A recipe, or a configuration that was saved. Raises ConfigurationError where there is neither."""
    if isinstance(what, Config):
        return what
    if isinstance(what, str) and (is_outside(what) or is_recipe(what)):
        return recipe_named(what)
    path = Path(what)
    if path.suffix in (".yaml", ".yml") or path.exists():
        file = path / "config.yaml" if path.is_dir() else path
        if path.exists() and (not file.exists() or file.suffix not in (".yaml", ".yml")):
            raise ConfigurationError(fitting(path))
        with read_from_file(trust):
            return read_config(read_yaml(file), str(file))
    raise ConfigurationError(
        f"there is no recipe {str(what)!r}, and no such configuration: {nearest(str(what), recipes())}"
    )


def train(
    what: str | Path | Config | Game,
    data: object = None,
    *,
    out: str | Path | None = None,
    method: str | Method | Mapping[str, object] | None = None,
    samples: int | None = None,
    minutes: float | None = None,
    epochs: float | None = None,
    keep_schedules: bool = False,
    seed: int | None = None,
    device: str | None = None,
    generator: NetworkLike | None = None,
    discriminator: NetworkLike | None = None,
    start: "str | Path | Run | Mapping[str, object] | None" = None,
    settings: Mapping[str, object] | None = None,
    observers: Sequence[Observer] = (),
    track: str | Tracker | Sequence[str | Tracker] = (),
    progress: bool = True,
    **more: Any,
) -> Run:
    """Train a recipe, or a game of your own, and return the run. The same call on the same folder continues it.

    Args:
        what: a recipe's name (`saddlepoint.recipes()`), a `config.yaml`, a run's folder, a `Config`, or a `Game`.
        data: a name or path, or what the task takes: an array, a tensor, a DataFrame, a torch Dataset; for a game of
            your own, `Batches` or an iterator of batches.
        out: the run's folder; None takes a free name below `runs/`.
        method: the iteration, by its name or as an object.
        samples: seen before the run ends; stages, schedules, the average and intervals are scaled in proportion.
        minutes: that the run takes: a probe of this machine, as it begins, turns them into samples.
        epochs: times that all data are seen, in place of samples.
        keep_schedules: leave stages, schedules, the average and intervals as the recipe has them.
        seed: of everything random.
        device: auto, cpu, cuda …
        generator: a module, or a network's name with its arguments.
        discriminator: a module, or a network's name with its arguments.
        start: a run to take the players from, its folder, or {"run": folder, "take": "optimizers"}.
        settings: any setting by its key, as {"optimizer.lr": 5e-4}.
        observers: told how it goes.
        track: trackers: tensorboard, trackio, wandb, mlflow, an entry point's name, or a `Tracker`; one or several.
        progress: whether a bar is shown; in a notebook the newest picture, without a terminal a line a record.
        more: further settings of the top level; of a game of your own `metrics` (players ↦ numbers by name), `sample`
            ((players, n, source) ↦ samples), `average` (a half-life in samples), `every` and `evaluations`.

    Returns:
        The run, ended: `run.outcome`, `run.metrics`, `run.sample(…)`.

    Raises:
        ConfigurationError: an unknown name or setting, data of another kind, or networks that do not fit.
        RunFailed: the disk is full.
        KeyboardInterrupt: the run was interrupted; it is saved, and the same call continues it.
    """
    with joined():
        watching = [*observers, *progress_here(progress)] if leads() else []
        chosen = METHOD_REGISTRY.spec_of(method) if isinstance(method, Method) else method
        if isinstance(what, Game):
            run = _own_run(what, data, chosen, out, Budget(samples=samples, minutes=minutes), seed, more, watching)
        else:
            networks = {"generator": generator, "discriminator": discriminator}
            modules = {role: network for role, network in networks.items() if isinstance(network, nn.Module)}
            named: dict[str, object] = {"samples": samples, "minutes": minutes, "epochs": epochs}
            named |= {KEEP: keep_schedules or None, "seed": seed, "device": device, "method": chosen}
            named["start"] = (
                str(start.path if isinstance(start, Run) else start) if isinstance(start, str | Path | Run) else start
            )
            named |= {f"{role}.network": name for role, name in networks.items() if role not in modules}
            # Of these none is what the recipe says; of a setting it is a value.
            given = {**{key: v for key, v in named.items() if v is not None}, **more, **(settings or {})}
            place = str(data) if isinstance(data, str | Path) else None
            config = configured(what, data=place, settings=given)
            run = Run.begin(config, out, data=None if place is not None else data, networks=modules, observers=watching)
        if leads():
            run.track([track] if isinstance(track, str | Tracker) else track)
        run.train()
    if run.result is not None and run.result.signal is not None:
        raise KeyboardInterrupt(f"the run is saved in {run.path}: the same call continues it")
    return run


def load(path: str | Path, *, networks: Mapping[str, nn.Module] | None = None, trust: bool = False) -> Run:
    """A run, from its folder or from its `generator/` folder alone.

    Args:
        path: the folder, or a model of the Hugging Face Hub: hf://user/name, hf://user/name@revision.
        networks: modules that it was trained with, where they were yours, by role.
        trust: whether code outside of Saddlepoint that the folder names may be imported.

    Raises:
        ValueError: nothing trained is there, or its files are damaged; says what to do.
    """
    if isinstance(path, str) and path.startswith(SCHEME):
        path = pull(path)
    run = Run.open(path, networks=networks, trust=trust)
    if run.config is None or run.storage.generator.is_dir():
        _ = run.model  # damaged files are found now, not at the first use
    for note in run.notes:
        warnings.warn(note, stacklevel=2)
    return run


def evaluate(run: Run | str | Path, data: object = None, *, progress: bool = True, **options: Any) -> Evaluation:
    """Measure how good a run's result is, each number with its protocol; kept in the run's `evaluation.json`.

    Args:
        run: a run, or its folder.
        data: other data of the same kind, a name, a path or what the task takes; None takes the run's own.
        progress: whether a bar is shown; in a notebook the newest picture, without a terminal a line a record.
        options: of the task, as `samples`, `seed`, `weights`; `saddle evaluate RUN --help` lists them.

    Raises:
        ConfigurationError: no such option, or nothing that can be measured.
    """
    run = run if isinstance(run, Run) else load(run)
    with work_here(progress) as tell:
        return run.evaluate(data, progress=tell, **options)


def _own_run(
    game: Game,
    data: object,
    method: Any,
    out: str | Path | None,
    budget: Budget,
    seed: int | None,
    more: Mapping[str, Any],
    observers: Sequence[Observer],
) -> Run:
    known = ("metrics", "sample", "average", "every", "evaluations")
    for key in more:
        if key not in known:
            raise ConfigurationError(f"a game of your own has no setting {key!r}: {nearest(key, known)}")
    own = OwnGame.of(game, data, more.get("metrics"), more.get("sample"))
    budget = budget.model_copy(update={"evaluations": more.get("evaluations")})
    config = own_config(
        method or "alternating", average=more.get("average"), budget=budget, every=more.get("every"), seed=seed
    )
    players = OwnPlayers(game.players, own.sample)
    return Run.begin(config, out, data=own, networks={"generator": players}, observers=observers)
