"""What is wrong with a command's words, as far as names alone show it: told before a training library is imported."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from saddlepoint.cli.declared import brought, declared
from saddlepoint.configuration.errors import ConfigurationError, nearest

#: What asks for help, which the command itself writes.
HELP = {"--help", "-h", "--help-all"}
#: Endings of a configuration.
SAVED = (".yaml", ".yml")
#: What a recipe says of itself; the command says that it can't be set.
FIXED = {"schema_version", "task", "game", "recipe"}
#: Lengths that any recipe takes, whatever its settings, as whole numbers or others.
BUDGET = {"samples", "evaluations", "minutes", "hours", "epochs"}
#: Commands whose first word is a recipe, and whose further flags are its settings.
OF_RECIPES = ("train", "plan", "tune")
MISSING = "RECIPE|CONFIG is missing: name one, as in: saddle train digits; see saddle list recipes"
#: A path of a file system, with no pattern, address or part of a file in it.
_PATH = re.compile(r"(~|\.{1,2})?/[^*?\[\]:#]*")
#: A name of ours, and no word that stands for a value of another kind.
_NAME = re.compile(r"(?!(?:none|auto|true|false)$)[a-z][a-z0-9-]*")


def check(command: str, given: Mapping[str, Any], flags: Sequence[str]) -> None:
    """Refuse names that there are not, and folders that are not there.

    Args:
        command: its name.
        given: its parameters.
        flags: further words, which it does not declare.

    Raises:
        ConfigurationError: says what to type.
    """
    for one in declared()["commands"][command]["parameters"]:
        path = given.get(one["name"])
        if one.get("metavar") == "RUN" and isinstance(path, Path) and "option" not in one and not path.exists():
            raise ConfigurationError(
                f"there is no {path}: give a run folder, as in: saddle {command} runs/digits; "
                f"saddle runs lists those that there are"
            )
    if command == "runs" and not given["folder"].is_dir():
        raise ConfigurationError(f"there is no folder {given['folder']}: name the one that holds your runs")
    if command == "list":
        _check_list(given)
    for key, value in (("game", given.get("game")), *(("method", name) for name in _methods(given))):
        _check_name(key, value)
    if command not in OF_RECIPES:
        return
    data = given.get("data")
    if data is not None and not given.get("dry_run") and _PATH.fullmatch(data) and not Path(data).expanduser().exists():
        raise ConfigurationError(
            f"{data} does not exist: give the path of a file or folder, or a known data set; see saddle list data"
        )
    words = list(given.get("words") or [*filter(None, [given.get("recipe")]), *flags])
    if not words and given.get("source") is None:
        raise ConfigurationError(MISSING)
    if words and not words[0].startswith("-"):  # else a recipe may stand behind flags with values
        _check_recipe(words[0], [*pairs(words[1:]), *_assigned(given.get("sets") or ())])


def _check_list(given: Mapping[str, Any]) -> None:
    from saddlepoint.cli.known import KINDS

    kind = given.get("kind")
    if kind is not None and kind not in (*KINDS, "settings"):
        raise ConfigurationError(f"there is no kind {kind!r}: {nearest(kind, [*KINDS, 'settings'])}")
    if kind == "settings" and given.get("recipe") is not None:
        _check_recipe(given["recipe"], [])


def _check_recipe(name: str, settings: Sequence[tuple[str, str, str | None]]) -> None:
    recipes = declared()["recipes"]
    if name not in recipes:
        if brought() or ":" in name or Path(name).exists():
            return
        if name.endswith(SAVED):
            raise ConfigurationError(f"there is no {name}: give a configuration, as runs/digits/config.yaml")
        raise ConfigurationError(f"there is no recipe {name!r}, and no such configuration: {nearest(name, recipes)}")
    own = recipes[name]["settings"]
    anywhere = {key for recipe in recipes.values() for key in recipe["settings"]}
    for typed, key, value in settings:
        head = key.partition(".")[0]
        if typed.startswith("--"):
            if not {head, head.removeprefix("no_")} & (anywhere | BUDGET):
                near = nearest(head, own).replace("_", "-")
                raise ConfigurationError(f"there is no flag {typed}: {near}")
        elif not {head} & {*own, *BUDGET, *FIXED}:
            raise ConfigurationError(f"{name} has no setting {head!r}: {nearest(head, own)}")
        if key in BUDGET and not re.search(r"\d|none|null", value or ""):
            had = f", not {value!r}" if value else ""
            raise ConfigurationError(f"{typed} takes a number{had}, as in --samples 50000 or --minutes 10")
        _check_name(key, value)


def _methods(given: Mapping[str, Any]) -> list[str]:
    """Names of methods that a command of several is given, where they have no arguments."""
    named = ",".join(text for key in ("method", "methods") if isinstance(text := given.get(key), str))
    return [] if "[" in named else named.split(",")


def _check_name(key: str, value: str | None) -> None:
    kind, names = declared()["names"].get(key, ("", ()))
    if names and value is not None and _NAME.fullmatch(value) and value not in names and not brought():
        raise ConfigurationError(f"no {kind} is called {value!r}: {nearest(value, names)}")


def pairs(words: Sequence[str]) -> Iterator[tuple[str, str, str | None]]:
    """Flags as they are typed, the settings that they stand for, and their values where there are any.

    >>> list(pairs(["--batch-size", "8", "--method=lead", "--no-conditional"]))
    [('--batch-size', 'batch_size', '8'), ('--method', 'method', 'lead'), ('--no-conditional', 'no_conditional', None)]
    """
    for place, word in enumerate(words):
        if not word.startswith("--"):
            continue
        flag, equals, value = word.partition("=")
        after = words[place + 1] if place + 1 < len(words) else "--"
        yield flag, flag[2:].replace("-", "_"), value if equals else None if after.startswith("--") else after


def _assigned(sets: Sequence[str]) -> Iterator[tuple[str, str, str | None]]:
    for text in sets:
        key, equals, value = text.partition("=")
        if equals:
            yield key.strip(), key.strip(), value.strip()
