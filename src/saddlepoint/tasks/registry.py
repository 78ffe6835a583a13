"""All tasks, by name: the one place that knows where each lives. Others come from installed entry points."""

from collections.abc import Callable, Mapping
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import yaml
from torch import nn

from saddlepoint.configuration import ConfigurationError, from_yaml, nearest
from saddlepoint.configuration.outside import installed, is_outside, load_outside
from saddlepoint.tasks.config import Config, check_version, flat
from saddlepoint.tasks.model import Model, load_model
from saddlepoint.tasks.task import Task

AnyTask = Task[Any, Any, Any]
#: In which other distributions name tasks of their own.
GROUP = "saddlepoint.tasks"
#: Where each task lives; imported when it is first asked for.
TASKS = {
    "images": "saddlepoint.tasks.images:TASK",
    "points": "saddlepoint.tasks.points:TASK",
    "tables": "saddlepoint.tasks.tables:TASK",
    "series": "saddlepoint.tasks.series:TASK",
    "audio": "saddlepoint.tasks.audio:TASK",
    "vocoder": "saddlepoint.tasks.vocoder:TASK",
    "text": "saddlepoint.tasks.text:TASK",
    "translation": "saddlepoint.tasks.translation:TASK",
    "enhancement": "saddlepoint.tasks.enhancement:TASK",
    "own": "saddlepoint.tasks.own:TASK",
}


#: Tasks whose module was named by the user in this process, by their names.
_named: dict[str, AnyTask] = {}


def task_named(name: str) -> AnyTask:
    """The task of a name.

    Raises:
        ConfigurationError: there is none, or it lives in code that nobody named.
    """
    if name in _named:
        return _named[name]
    entry = installed(GROUP).get(name)
    if name not in TASKS and entry is None:
        raise ConfigurationError(
            f"there is no task {name!r}: {nearest(name, [*TASKS, *installed(GROUP)])}; a task that is not installed "
            f"is named by its recipe, as package.module:recipe"
        )
    task = resolve_name(TASKS[name]) if entry is None or name in TASKS else entry.load()
    if not isinstance(task, Task):
        raise ConfigurationError(f"the entry point {name!r} of {GROUP} is no Task, but {type(task).__name__}")
    return task


def tasks() -> Mapping[str, AnyTask]:
    """All tasks that there are, by name."""
    return {name: task_named(name) for name in (*TASKS, *installed(GROUP), *_named)}


def recipes() -> Mapping[str, Config]:
    """All recipes, complete, by name."""
    return {name: recipe() for task in tasks().values() for name, recipe in task.recipes.items()}


def recipe_named(name: str) -> Config:
    """A recipe by its name, or by `package.module:recipe`.

    Raises:
        ConfigurationError: there is none.
    """
    if is_outside(name):
        return _outside_recipe(name)
    if (recipe := _found(name)) is None:
        raise ConfigurationError(f"there is no recipe {name!r}: {nearest(name, recipes())}")
    return recipe()


def is_recipe(name: str) -> bool:
    """Whether a recipe of the installed ones, or of a named task, has this name."""
    return _found(name) is not None


def _found(name: str) -> Callable[[], Config] | None:
    # Task by task, so that those behind it are not imported.
    for task in (*TASKS, *installed(GROUP), *_named):
        if (recipe := task_named(task).recipes.get(name)) is not None:
            return recipe
    return None


def _outside_recipe(name: str) -> Config:
    """The configuration that a function of a module returns; its module brings the task as `TASK`."""
    module, recipe = load_outside("recipe", name)
    task = getattr(module, "TASK", None)
    if not isinstance(task, Task):
        raise ConfigurationError(f"{name}: its module has no TASK, an instance of a subclass of saddlepoint.tasks.Task")
    _named[task.name] = task
    config = recipe() if callable(recipe) else recipe
    if not isinstance(config, Config):
        raise ConfigurationError(f"{name} returns {type(config).__name__}: a recipe returns a Config")
    return config.model_copy(update={"recipe": name})


def read_config(data: Mapping[str, Any], source: str = "the configuration") -> Config:
    """The configuration that plain data, a `config.yaml`, describe; its task and game tell the class.

    Raises:
        ConfigurationError: another version's, an unknown task or game, or settings that do not fit.
    """
    named, game = data.get("task"), data.get("game")
    check_version(data, source)
    recipe = data.get("recipe")
    if isinstance(recipe, str) and is_outside(recipe) and named not in (*TASKS, *installed(GROUP), *_named):
        _outside_recipe(recipe)
    kinds = task_named(str(named)).configs
    if game not in kinds:
        raise ConfigurationError(f"{source}: {named} know no game {game!r}: {nearest(str(game), kinds)}")
    config: Config = kinds[str(game)].read(data)
    return config


def check_reads_back(config: Config) -> None:
    """Raise ConfigurationError where a configuration that is saved would read back as another one, or not at all."""
    try:
        again = read_config(from_yaml(yaml.safe_dump(config.plain(), allow_unicode=True)), "what would be saved")
    except ValueError as error:
        raise ConfigurationError(f"these settings can't be saved and read again: {error}") from error
    mine, theirs = flat(config.plain()), flat(again.plain())
    for key in {**mine, **theirs}:
        if mine.get(key) != theirs.get(key):
            raise ConfigurationError(
                f"{key}={mine.get(key)} would be read back as {theirs.get(key)} once it is saved: give another value"
            )


def task_of(config: Config) -> AnyTask:
    """The task of a configuration."""
    return task_named(config.task)


def task_of_model(model: Model) -> AnyTask:
    """The task that a model was trained by. Raises ConfigurationError where none that is known makes such models."""
    for task in tasks().values():
        if type(model) in task.models:
            return task
    raise ConfigurationError(f"no task that is known makes {model.title}")


def kind_of(kind: str) -> type[Model]:
    """The class of a model by its kind. Raises ConfigurationError where there is none."""
    kinds = {model.kind: model for task in tasks().values() for model in task.models}
    if kind not in kinds:
        raise ConfigurationError(f"no installed task makes {kind!r}: {nearest(kind, kinds)}")
    return kinds[kind]


def model_at(path: Path, networks: Mapping[str, nn.Module] | None = None) -> Model:
    """What a run handed over, from its folder or from its `generator/` alone; raises as `load_model`."""
    return load_model(path, kind_of, networks)
