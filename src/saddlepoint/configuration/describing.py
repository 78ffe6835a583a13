"""Settings in words: every key with its value, what it means, and what it may be."""

import inspect
import re
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic.fields import FieldInfo

from saddlepoint.configuration.choice import Registry
from saddlepoint.configuration.settings import NamedChoices, Settings, settings_in


@dataclass(frozen=True)
class Described:
    """One setting.

    Attributes:
        key: as it is typed, with dots.
        value: what it is now, as YAML has it.
        kind: what it may be.
        text: what it means; empty where nothing is said.
        choices: the names or words that it may be, where they are few.
        depth: dots in the key.
    """

    key: str
    value: Any
    kind: str
    text: str
    choices: tuple[str, ...] = ()

    @property
    def depth(self) -> int:
        """Dots in the key."""
        return self.key.count(".")


def described(settings: Settings) -> list[Described]:
    """All settings that there are, those of inner settings and of choices after the ones that hold them."""
    return list(_of_settings(type(settings), settings.plain(), ""))


def _of_settings(kind: type[Settings], values: Mapping[str, Any], prefix: str) -> Iterator[Described]:
    for name, field in kind.model_fields.items():
        key, value = prefix + name, values.get(name)
        mark = next((m for m in field.metadata if isinstance(m, Registry | NamedChoices)), None)
        inner = settings_in(field.annotation)
        if isinstance(mark, Registry):
            chosen = None if value is None else value["name"]
            yield Described(key, chosen, _a(mark.kind), _text(kind, name), tuple(mark.names))
            if value is not None:
                yield from _of_choice(mark, value, key)
        elif isinstance(mark, NamedChoices):
            names = ", ".join(value) if value else None
            words = f"{mark.registry.kind} names with their arguments"
            yield Described(key, names, words, _text(kind, name), tuple(mark.registry.names))
            for member, arguments in (value or {}).items():
                yield from _of_choice(mark.registry, {"name": member, **arguments}, f"{key}.{member}")
        elif inner is not None:
            shown = None if value is None else "…"
            yield Described(key, shown, "settings" + _none(field), _text(kind, name))
            if isinstance(value, Mapping):
                yield from _of_settings(inner, value, f"{key}.")
        else:
            words = _words(field.annotation) + _bounds(field)
            yield Described(key, value, words, _text(kind, name), _choices(field.annotation))


def _of_choice(registry: Registry[Any], spec: Mapping[str, Any], key: str) -> Iterator[Described]:
    texts = argument_texts(registry.entry(spec["name"]))
    for name, parameter in registry.parameters(spec["name"]).items():
        value = spec.get(name)
        if isinstance(value, Mapping) and "name" in value:
            names = tuple(registry.names)
            yield Described(f"{key}.{name}", value["name"], _a(registry.kind), texts.get(name, ""), names)
            yield from _of_choice(registry, value, f"{key}.{name}")
        else:
            annotation = parameter.annotation
            yield Described(f"{key}.{name}", value, _words(annotation), texts.get(name, ""), _choices(annotation))


def argument_texts(entry: Any) -> dict[str, str]:
    """What a constructor's docstring says of its arguments, by name; of its class's and of its bases'.

    >>> def scaled(width: int) -> int:
    ...     '''Scale.
    ...
    ...     Args:
    ...         width: of a layer,
    ...             in units.
    ...     '''
    >>> argument_texts(scaled)
    {'width': 'of a layer, in units.'}
    """
    found: dict[str, str] = {}
    for source in reversed(inspect.getmro(entry) if inspect.isclass(entry) else (entry,)):
        section = re.search(
            r"^(?:Args|Attributes):\n((?:[ ]+.*\n?|\n)*)", inspect.cleandoc(source.__doc__ or ""), re.MULTILINE
        )
        if section is None:
            continue
        for names, text in re.findall(r"^[ ]{4}([\w, ]+): (.*(?:\n[ ]{5,}.*)*)", section[1], re.MULTILINE):
            for name in names.split(","):
                found[name.strip()] = " ".join(text.split())
    return found


def explained(settings: Settings) -> str:
    """The settings as YAML, each with what it means as a comment above it."""
    texts = {d.key: (d.text, d.kind) for d in described(settings)}
    lines: list[str] = []

    def write(value: Any, key: str, indent: str) -> None:
        for name, part in value.items():
            own = f"{key}{name}"
            text, kind = texts.get(own, ("", ""))
            if text:
                lines.append(f"{indent}# {' '.join(text.split())}{f' ({kind})' if kind else ''}")
            if isinstance(part, Mapping) and part:
                lines.append(f"{indent}{name}:")
                write(part, f"{own}.", indent + "  ")
            else:
                plain = yaml.safe_dump(part, default_flow_style=True, allow_unicode=True, width=10_000)
                lines.append(f"{indent}{name}: {plain.partition(chr(10))[0]}")

    write(settings.plain(), "", "")
    return "\n".join(lines) + "\n"


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _text(kind: type[Settings], name: str) -> str:
    """What a field's docstring says, or that of the base's field whose type or default it changes."""
    bases = (base for base in inspect.getmro(kind) if issubclass(base, Settings) and name in base.model_fields)
    return " ".join(next((text for base in bases if (text := base.model_fields[name].description)), "").split())


def _none(field: FieldInfo) -> str:
    return ", or none" if type(None) in typing.get_args(field.annotation) else ""


def _bounds(field: FieldInfo) -> str:
    signs = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    told = [
        f"{words} {getattr(mark, sign):g}"
        for mark in field.metadata
        for sign, words in signs.items()
        if getattr(mark, sign, None) is not None
    ]
    return f", {', '.join(told)}" if told else ""


def _choices(annotation: Any) -> tuple[str, ...]:
    """What a type leaves to choose from, as it is typed; empty where it is open.

    >>> _choices(bool), _choices(typing.Literal["a", "b"] | None), _choices(int)
    (('true', 'false'), ('a', 'b', 'none'), ())
    """
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        inner = [_choices(a) for a in arguments if a is not type(None)]
        none = ("none",) if type(None) in arguments else ()
        return (*(word for words in inner for word in words), *none) if all(inner) else ()
    if origin is typing.Literal:
        return tuple(map(str, arguments))
    return ("true", "false") if annotation is bool else ()


def _words(annotation: Any) -> str:
    """A type as people say it.

    >>> _words(int | None), _words(typing.Literal["a", "b"]), _words(tuple[float, float])
    ('a whole number, or none', "'a' or 'b'", 'a list')
    """
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return ", or ".join(_words(a) for a in arguments if a is not type(None)) + (
            ", or none" if type(None) in arguments else ""
        )
    if origin is typing.Literal:
        return " or ".join(repr(a) for a in arguments)
    if origin is typing.Annotated:
        return _words(arguments[0])
    if origin in (tuple, list) or annotation in (tuple, list):
        return "a list"
    if origin is dict or annotation is dict:
        return "names and values"
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
    return words.get(annotation, getattr(annotation, "__name__", "any value"))
