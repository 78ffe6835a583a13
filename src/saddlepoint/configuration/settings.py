"""Frozen, strict settings, and assignments `a.b.c=value` on them."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar, get_args, get_origin

import pydantic

from saddlepoint.configuration.choice import Registry, explain
from saddlepoint.configuration.errors import ConfigurationError, nearest
from saddlepoint.configuration.plain import from_yaml

S = TypeVar("S", bound="Settings")
#: Letters of a value that a message repeats.
SHOWN = 80


@dataclass(frozen=True)
class NamedChoices:
    """Marks a mapping {name: arguments} of choices from one registry, as penalties are."""

    registry: Registry[Any]

    def resolve(self, value: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Check every member and fill in its defaults."""
        if not isinstance(value, Mapping):
            raise ConfigurationError(
                f"expected names and their arguments, as in {{{self.registry.names[0]}: {{}}}}, not {value!r}"
            )
        resolved = (self._member(name, arguments) for name, arguments in value.items())
        return {spec.pop("name"): spec for spec in resolved}

    def _member(self, name: str, arguments: Any) -> dict[str, Any]:
        if arguments is None or arguments is True or arguments == "on":
            arguments = {}
        if not isinstance(arguments, Mapping):
            raise ConfigurationError(
                f"{self.registry.kind} {name!r} takes arguments by name, not {arguments!r}: write {name}.NAME=value, "
                f"or {name}=none to drop it"
            )
        return self.registry.resolve({"name": name, **arguments})

    def assign(self, value: Mapping[str, Any], keys: list[str], new: Any) -> dict[str, Any]:
        """Set an argument of a member (which is added where it is missing), or remove one by `none`."""
        name, *rest = keys
        members = dict(value)
        spec = self._member(name, members.get(name))
        if rest:
            spec = self.registry.assign(spec, rest, new)
        elif new in (None, False, "none", "off"):
            members.pop(spec["name"], None)
            return members
        elif new is not True and new != "on":
            spec = self._member(name, new)
        members[spec.pop("name")] = spec
        return members


class Settings(pydantic.BaseModel):
    """The base of every configuration: frozen, and an unknown key is an error.

    A field annotated with a `Registry` is a choice; one with `NamedChoices`, a mapping of choices.
    """

    model_config = pydantic.ConfigDict(
        frozen=True,
        extra="forbid",
        arbitrary_types_allowed=True,
        use_attribute_docstrings=True,
        # Neither JSON nor a budget has them; a setting that shall not act is None.
        allow_inf_nan=False,
    )

    #: A short key that stands for several places.
    aliases: ClassVar[dict[str, tuple[str, ...]]] = {}
    #: Keys that say what the settings are of, and are not assigned to.
    fixed: ClassVar[tuple[str, ...]] = ()

    @pydantic.model_validator(mode="before")
    @classmethod
    def _resolve_choices(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        for key in data:
            if key not in cls.model_fields:
                raise ConfigurationError(f"there is no setting {key!r}: {nearest(str(key), cls.model_fields)}")
        resolved = dict(data)
        for key, field in cls.model_fields.items():
            for mark in field.metadata:
                if isinstance(mark, Registry | NamedChoices) and resolved.get(key) is not None:
                    resolved[key] = mark.resolve(resolved[key])
        return resolved

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """Validate plain data. Raises ConfigurationError with one sentence."""
        try:
            return cls.model_validate(data)
        except pydantic.ValidationError as error:
            raise ConfigurationError(explain(error)) from error

    def plain(self) -> dict[str, Any]:
        """Plain data, as YAML and JSON take it."""
        return self.model_dump(mode="json")


def parse_value(text: str) -> Any:
    """The value of an assignment: YAML, with `a,b` for a list and 1e-3 for a number; a mark alone is itself.

    >>> parse_value("1e-3"), parse_value("0,0.99"), parse_value("adam"), parse_value("[[1, 0], [0, 2]]")
    (0.001, [0, 0.99], 'adam', [[1, 0], [0, 2]])
    >>> parse_value(","), parse_value("|"), parse_value(" ")
    (',', '|', ' ')
    """
    if len(text) == 1 and not text.isalnum() and text != "~":
        return text
    try:
        value = from_yaml(text)
    except ValueError as error:
        shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
        raise ConfigurationError(f"the value {shown!r} can't be read: quote it, or write a list as [a, b]") from error
    if isinstance(value, str):
        if "," in value:
            return [parse_value(part) for part in value.split(",")]
        try:
            return float(value)
        except ValueError:
            return value
    return value


def assign(settings: S, assignments: Sequence[str]) -> S:
    """A copy of the settings with `key=value` assignments made, in order, and all checked again.

    Where a choice becomes another one, what was assigned to its arguments before is assigned again, if it has them.

    Raises:
        ConfigurationError: no '=', an unknown key (the nearest known one is named), or a bad value.
    """
    return _assigned(settings, assigned(assignments))


def assigned(assignments: Sequence[str]) -> list[tuple[str, Any]]:
    """The keys and values of `key=value` assignments, in order. Raises ConfigurationError where there is no '='.

    >>> assigned(["lr=1e-3"])
    [('lr', 0.001)]
    """
    parted = [(assignment, *assignment.partition("=")) for assignment in assignments]
    for assignment, _, equals, _ in parted:
        if not equals:
            raise ConfigurationError(f"{assignment!r} is not an assignment: write key=value")
    return [(path.strip(), parse_value(text)) for _, path, _, text in parted]


def assign_values(settings: S, values: Mapping[str, Any] | Sequence[tuple[str, Any]]) -> S:
    """A copy of the settings with values by their keys, in order, and all checked again; see `assign`.

    >>> class Size(Settings):
    ...     width: int = 1
    >>> assign_values(Size(), {"width": 3}).width
    3
    """
    return _assigned(settings, list(values.items()) if isinstance(values, Mapping) else values)


def _assigned(settings: S, values: Sequence[tuple[str, Any]]) -> S:
    data = settings.model_dump()
    given: list[tuple[list[str], Any, str]] = []
    for path, value in values:
        head, dot, tail = path.partition(".")
        if head in settings.fixed:
            raise ConfigurationError(f"{head} can't be set: name another recipe in place of this one")
        for place in settings.aliases.get(head, (head,)):
            keys = (place + dot + tail).split(".")
            _assign(type(settings), data, keys, value, path)
            for earlier in given:
                if len(earlier[0]) > len(keys) and earlier[0][: len(keys)] == keys and isinstance(value, str):
                    with suppress(ConfigurationError):
                        _assign(type(settings), data, *earlier)
            given.append((keys, value, path))
    return type(settings).read(data)


def _assign(model: type[Settings], data: dict[str, Any], keys: list[str], value: Any, path: str) -> None:
    key, *rest = keys
    if key not in model.model_fields:
        known = [*model.model_fields, *model.aliases]
        raise ConfigurationError(f"there is no setting {path!r}: {nearest(key, known)}")
    field = model.model_fields[key]
    mark = next((m for m in field.metadata if isinstance(m, Registry | NamedChoices)), None)
    inner = settings_in(field.annotation)
    if isinstance(mark, Registry):
        chosen = data.get(key) or {}
        if rest and not chosen:
            raise ConfigurationError(f"no {mark.kind} is chosen yet: give {key} before {path}")
        data[key] = mark.assign(chosen, rest, value) if rest else mark.switch(chosen, value)
    elif isinstance(mark, NamedChoices):
        data[key] = mark.assign(data[key], rest, value) if rest else mark.resolve({} if value == "none" else value)
    elif inner is not None and rest:
        data[key] = dict(data[key]) if isinstance(data[key], Mapping) else {}
        _assign(inner, data[key], rest, value, path)
    elif rest and get_origin(field.annotation) is dict:
        # The rest is the entry's name, dots and all; `none` takes the entry out.
        kept = {k: v for k, v in (data[key] or {}).items() if k != ".".join(rest)}
        data[key] = kept if value == "none" else {**kept, ".".join(rest): value}
    elif rest:
        raise ConfigurationError(f"{key!r} has no parts: write {key}=value, not {path}=value")
    elif inner is not None and value in (True, False, "on", "off"):
        # A part that may be left out: with its defaults, or not at all.
        data[key] = {} if value in (True, "on") else None
    else:
        data[key] = None if value == "none" else value


def settings_in(annotation: Any) -> type[Settings] | None:
    """The settings class in `X` or `X | None`."""
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, Settings):
            return candidate
    return None
