"""Commands and recipes as data, kept in `declared.json`: a command line is checked before what computes is imported.

`python -m saddlepoint.cli.catalogue` writes the file; a test holds it against what the commands and recipes are.
"""

import inspect
import json
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

#: Where it is kept.
FILE = Path(__file__).with_name("declared.json")
#: Types of parameters; with `| None` where nothing may be given.
TYPES: dict[str, Any] = {
    "bool": bool,
    "float": float,
    "int": int,
    "str": str,
    "Path": Path,
    "list[str]": list[str],
    "list[Path]": list[Path],
}
#: What an option or an argument may say of itself, besides its words.
SAID = ("metavar", "help", "min", "max", "envvar", "hidden")


@cache
def declared() -> dict[str, Any]:
    """`commands` with their help and parameters, `recipes` with their summaries and settings, `names` by setting."""
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


@cache
def brought() -> bool:
    """Whether an installed distribution brings names of its own, which the file can't know."""
    folders = [Path(place) for place in sys.path if place.endswith("-packages")]
    return any(
        b"[saddlepoint." in file.read_bytes()
        for folder in folders
        for file in folder.glob("*.dist-info/entry_points.txt")
    )


def declaration(function: Callable[..., Any]) -> dict[str, Any]:
    """A command's docstring and parameters, in what JSON can say."""
    told = []
    for parameter in inspect.signature(function, eval_str=True).parameters.values():
        if parameter.annotation is typer.Context:
            continue
        annotation, info = get_args(parameter.annotation)
        kinds = [name for name, kind in TYPES.items() if kind in (annotation, *get_args(annotation)[:1])]
        if isinstance(info, typer.models.OptionInfo):
            words = [word for word in (info.default, *(info.param_decls or ())) if isinstance(word, str)]
            one: dict[str, Any] = {"name": parameter.name, "type": kinds[-1], "option": words}
        else:
            one = {"name": parameter.name, "type": kinds[-1]}
        if parameter.default is not parameter.empty:
            one["default"] = str(parameter.default) if isinstance(parameter.default, Path) else parameter.default
        told.append(one | {key: getattr(info, key) for key in SAID if getattr(info, key)})
        if info.min == 0:
            told[-1]["min"] = 0
    return {"help": inspect.getdoc(function), "parameters": told}


def as_function(made: dict[str, Any]) -> Callable[..., None]:
    """A function of these parameters that does nothing."""

    def command(**given: Any) -> None:
        """Stand for a command whose module is not imported."""

    parameters = []
    for one in made["parameters"]:
        kind = TYPES[one["type"]]
        said = {key: one[key] for key in SAID if key in one}
        info = typer.Option(*one["option"], **said) if "option" in one else typer.Argument(**said)
        default = one.get("default", inspect.Parameter.empty)
        if default is None:
            kind = kind | None
        elif kind is Path and isinstance(default, str):
            default = Path(default)
        parameters.append(
            inspect.Parameter(
                one["name"], inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, info]
            )
        )
    command.__doc__ = made["help"]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    return command
