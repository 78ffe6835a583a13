"""A choice: one of several named things, with the arguments that its constructor takes."""

import dataclasses
import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

import pydantic

from saddlepoint.configuration.errors import ConfigurationError, nearest
from saddlepoint.configuration.outside import installed, is_outside, load_outside

T = TypeVar("T")
Spec = dict[str, Any]


class Registry(Generic[T]):
    """Named constructors of one kind of thing. A spec `{"name": …, argument: value}` chooses one.

    Signatures are the schema: an argument's name, type and default are the constructor's own.

    Args:
        kind: what these are, for messages.
        entries: constructors by name.
        supplied: arguments that the program gives at `build`, hidden from the configuration.
        base: the class that things of other packages have to be of; None takes none from outside.
        own_scales: where another one is chosen, an argument keeps its value only if both have the same default for it:
            the rate of one optimizer says nothing of another's. Otherwise all arguments are kept that both take.

    Others than the entries are named `package.module:Name`, or come from installed entry points of the group
    `saddlepoint.KINDS`, as `saddlepoint.networks`. What the program gives to one entry only, its class lists as
    `supplied`.
    """

    def __init__(
        self,
        kind: str,
        entries: Mapping[str, Callable[..., T]],
        supplied: Iterable[str] = (),
        base: type[T] | None = None,
        *,
        own_scales: bool = False,
    ) -> None:
        self.kind, self.base = kind, base
        self.entries = dict(entries)
        self.supplied = frozenset(supplied)
        self.own_scales = own_scales
        self._schemas: dict[Callable[..., T], _Schema] = {}

    @property
    def names(self) -> list[str]:
        """All names, in the order of registration; those of installed entry points last."""
        own = list(self.entries)
        return own if self.base is None else [*own, *(name for name in installed(self._group) if name not in own)]

    @property
    def _group(self) -> str:
        """Of entry points."""
        word = self.kind.replace(" ", "_")
        return f"saddlepoint.{word.removesuffix('s')}{'es' if word.endswith('s') else 's'}"

    def entry(self, name: str) -> Callable[..., T]:
        """The constructor of a name that `_named` gave."""
        if name in self.entries:
            return self.entries[name]
        found = load_outside(self.kind, name)[1] if is_outside(name) else installed(self._group)[name].load()
        made = found if inspect.isclass(found) else _returned(found)
        if not (inspect.isclass(made) and self.base is not None and issubclass(made, self.base)):
            base = "none" if self.base is None else self.base.__name__
            raise ConfigurationError(
                f"{name} is no {self.kind}: expected is a subclass of {base}, or a function that is annotated to "
                f"return one"
            )
        constructor: Callable[..., T] = found
        return constructor

    def summary(self, name: str) -> str:
        """The first line of the entry's docstring."""
        return (inspect.getdoc(self.entry(name)) or "").partition("\n")[0]

    def resolve(self, spec: str | Mapping[str, Any]) -> Spec:
        """The whole spec: name, then every argument, checked and with defaults filled in.

        Raises:
            ConfigurationError: an unknown name or argument, or a value of the wrong type.
        """
        if not isinstance(spec, str | Mapping):
            raise ConfigurationError(f"a {self.kind} is chosen by its name, not by {spec!r}: {', '.join(self.names)}")
        spec = {"name": spec} if isinstance(spec, str) else dict(spec)
        name = self._named(spec.pop("name", None))
        schema = self._schema(name)
        for key in spec:
            if key not in schema.parameters:
                raise ConfigurationError(
                    f"{self.kind} {name!r} has no argument {key!r}: {nearest(key, schema.parameters)}"
                )
        resolved: Spec = {"name": name}
        checked = self._check(name, schema, spec)
        for key, parameter in schema.parameters.items():
            resolved[key] = (
                self.resolve(spec.get(key, self._default_spec(parameter))) if key in schema.nested else checked[key]
            )
        return resolved

    def build(self, spec: str | Mapping[str, Any], **supplied: Any) -> T:
        """Construct what the spec chooses. Errors of the constructor (ValueError) name the thing."""
        resolved = self.resolve(spec)
        name = resolved.pop("name")
        nested = self._schema(name).nested
        arguments = {k: self._inner(k, name, v, supplied) if k in nested else v for k, v in resolved.items()}
        accepted = inspect.signature(self.entry(name)).parameters
        for key in self._hidden(name) - supplied.keys():
            if key in accepted and accepted[key].default is inspect.Parameter.empty:
                raise ConfigurationError(f"{self.kind} {name!r} needs {key!r}, which there is not here: take another")
        try:
            return self.entry(name)(**arguments, **{k: v for k, v in supplied.items() if k in accepted})
        except ValueError as error:
            raise ConfigurationError(f"{self.kind} {name!r}: {error}") from error

    def spec_of(self, built: T) -> Spec:
        """The spec that makes a thing equal to one that was built, from the arguments that it keeps as attributes.

        Raises:
            ConfigurationError: it is of no class that can be named, or keeps an argument under another name.
        """
        outside = f"{type(built).__module__}:{type(built).__qualname__}"
        name = next((name for name, entry in self.entries.items() if entry is type(built)), outside)
        spec: Spec = {"name": self._named(name)}
        schema = self._schema(spec["name"])
        for key in schema.parameters:
            if not hasattr(built, key):
                raise ConfigurationError(
                    f"{self.kind} {name} keeps no {key!r}: choose it by its name in place of an object"
                )
            value = getattr(built, key)
            spec[key] = self.spec_of(value) if key in schema.nested else value
        return self.resolve(spec)

    def switch(self, spec: Mapping[str, Any], value: Any) -> Spec:
        """Another choice in the place of this one; arguments that both take are kept, but see `own_scales`."""
        if not isinstance(value, str):
            return self.resolve(value)
        name = self._named(value)
        before, after = (self.parameters(n) if n else {} for n in (spec.get("name"), name))
        kept = {
            k: v
            for k, v in spec.items()
            if k in after and not (self.own_scales and k in before and before[k].default != after[k].default)
        }
        return self.resolve({"name": name, **kept})

    def assign(self, spec: Mapping[str, Any], keys: list[str], value: Any) -> Spec:
        """The spec with one argument, or one of a nested choice, replaced."""
        key, *rest = keys
        if key == "name":
            return self.switch(spec, value)
        schema = self._schema(spec["name"])
        if key not in schema.parameters:
            raise ConfigurationError(
                f"{self.kind} {spec['name']!r} has no argument {key!r}: {nearest(key, schema.parameters)}"
            )
        if key in schema.nested:
            inner = self.assign(spec[key], rest, value) if rest else self.switch(spec[key], value)
            return {**spec, key: inner}
        if rest:
            raise ConfigurationError(f"{key!r} of {self.kind} {spec['name']!r} has no parts: drop '.{rest[0]}'")
        return self.resolve({**spec, key: value})

    # --- inside ---------------------------------------------------------------------------------------

    def _named(self, name: Any) -> str:
        if not isinstance(name, str):
            raise ConfigurationError(f"a {self.kind} needs a name: {', '.join(self.names)}")
        if is_outside(name):
            self.entry(name)
            return name
        for known in self.names:
            if known.lower() == name.lower():
                return known
        raise ConfigurationError(f"no {self.kind} is called {name!r}: {nearest(name, self.names)}")

    def parameters(self, name: str) -> Mapping[str, inspect.Parameter]:
        """What may be chosen of an entry: its constructor's arguments, with their types and defaults."""
        return self._schema(name).parameters

    def _schema(self, name: str) -> "_Schema":
        """What an entry takes, found out once: a configuration asks hundreds of times."""
        entry = self.entry(name)
        if entry not in self._schemas:
            hints = typing.get_type_hints(entry.__init__ if inspect.isclass(entry) else entry)
            factories, hidden = _factories(entry), self._hidden(name)
            parameters = {
                key: parameter.replace(
                    annotation=hints.get(key, Any),
                    default=parameter.default if factories.get(key, MISSING) is MISSING else factories[key],
                )
                for key, parameter in inspect.signature(entry).parameters.items()
                if key not in hidden and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
            }
            nested = frozenset(key for key, parameter in parameters.items() if self._is_nested(parameter))
            fields: Any = {
                key: (p.annotation, ... if p.default is inspect.Parameter.empty else p.default)
                for key, p in parameters.items()
                if key not in nested
            }
            model = pydantic.create_model(
                name.replace("-", "_"),
                __config__=pydantic.ConfigDict(arbitrary_types_allowed=True, allow_inf_nan=False),
                **fields,
            )
            self._schemas[entry] = _Schema(parameters, nested, model)
        return self._schemas[entry]

    def _hidden(self, name: str) -> frozenset[str]:
        """Arguments that the program gives: those of the registry, and those that a class lists as its `supplied`."""
        return self.supplied | frozenset(getattr(self.entry(name), "supplied", ()))

    def takes(self, name: str, argument: str) -> bool:
        """Whether an entry takes an argument, supplied ones too."""
        return argument in inspect.signature(self.entry(name)).parameters

    def _is_nested(self, parameter: inspect.Parameter) -> bool:
        """Whether an argument takes another thing of this kind (a wrapper's base)."""
        annotation = _made_by(parameter.annotation) or parameter.annotation
        return inspect.isclass(annotation) and any(
            inspect.isclass(e) and issubclass(e, annotation) for e in self.entries.values()
        )

    def _inner(self, key: str, name: str, spec: Mapping[str, Any], supplied: Mapping[str, Any]) -> Any:
        """A nested choice: built, or where the argument is a function that makes one, that function.

        What the program gives, the function has from here on; its caller may give other values.
        """
        if _made_by(self.parameters(name)[key].annotation) is None:
            return self.build(spec)
        return partial(self.build, spec, **supplied)

    def _default_spec(self, parameter: inspect.Parameter) -> str:
        for name, entry in self.entries.items():
            if parameter.default is entry:
                return name
        raise ConfigurationError(f"give {parameter.name!r}: one of {', '.join(self.names)}")

    def _check(self, name: str, schema: "_Schema", given: Spec) -> Spec:
        """The arguments that are no choices themselves, checked and with defaults."""
        own = schema.model.model_fields
        try:
            checked = schema.model(**{k: v for k, v in given.items() if k in own})
        except pydantic.ValidationError as error:
            raise ConfigurationError(f"{self.kind} {name!r}: {explain(error)}") from error
        return {key: getattr(checked, key) for key in own}


class _Schema(NamedTuple):
    """Arguments of a constructor, those of them that are choices of the same kind, and what checks the others."""

    parameters: Mapping[str, inspect.Parameter]
    nested: frozenset[str]
    model: type[pydantic.BaseModel]


def _made_by(annotation: Any) -> Any:
    """What a `Callable[..., X]` makes; None for any other annotation."""
    return typing.get_args(annotation)[1] if typing.get_origin(annotation) is Callable else None


def _returned(function: Any) -> Any:
    """What a function says that it returns; None where it says nothing."""
    try:
        return typing.get_type_hints(function).get("return")
    except (TypeError, NameError):
        return None


def _factories(entry: Any) -> dict[str, Any]:
    """Default factories of a dataclass's fields, which its signature shows only as a marker."""
    return {f.name: f.default_factory for f in dataclasses.fields(entry)} if dataclasses.is_dataclass(entry) else {}


def explain(error: pydantic.ValidationError) -> str:
    """The first complaint of pydantic in one sentence."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"] if isinstance(part, str)) or "it"
    if first["type"] == "missing":
        return f"give {where!r}"
    if first["type"] == "value_error":
        return str(first["ctx"]["error"])
    return f"{where}: {first['msg'].removeprefix('Value error, ')} (given: {first['input']!r})"
