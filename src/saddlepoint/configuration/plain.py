"""Plain data of texts that anybody may have written: JSON and YAML without what makes readers hang or grow."""

import json
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

#: Lists and mappings inside one another.
DEPTH = 32


if TYPE_CHECKING:
    _Yaml = yaml.SafeLoader
elif yaml.__with_libyaml__:

    class _Yaml(Composer, yaml.cyaml.CParser, SafeConstructor, Resolver):
        """Events of libyaml, which reads several times as fast; nodes by Python's composer, which can be counted."""

        def __init__(self, text: str) -> None:
            yaml.cyaml.CParser.__init__(self, text)
            for part in (Composer, SafeConstructor, Resolver):
                part.__init__(self)

else:
    _Yaml = yaml.SafeLoader


class _Loader(_Yaml):
    """YAML of plain data: dates stay the texts that they are, and nothing is named once and used twice.

    A few lines of such names ("billion laughs") stand for more than any memory holds.
    """

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise ValueError("it holds an alias (*name): write the value itself")
        self.depth += 1
        if self.depth > DEPTH:
            raise ValueError(f"it is nested more than {DEPTH} deep")
        try:
            node: yaml.Node | None = super().compose_node(parent, index)
        finally:
            self.depth -= 1
        return node


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def from_yaml(text: str) -> Any:
    """Plain data of YAML.

    Raises:
        ValueError: it is none, has aliases, or is nested too deep.

    >>> from_yaml("born: 2001-02-03")
    {'born': '2001-02-03'}
    """
    try:
        return yaml.load(text, _Loader)
    except (yaml.YAMLError, RecursionError, OverflowError) as error:
        raise ValueError(str(error)) from error


def from_json(text: str | bytes) -> Any:
    """Plain data of JSON, all numbers finite and of 64 bits.

    Raises:
        ValueError: it is none, holds another number, or is nested too deep.

    >>> from_json('{"a": [1, null]}')
    {'a': [1, None]}
    """
    try:
        found = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    for value in _leaves(found):
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"it holds the number {value}")
        if isinstance(value, int) and not -(2**63) <= value < 2**64:
            raise ValueError("it holds a whole number of more than 64 bits")
    return found


def _leaves(value: Any) -> Iterator[Any]:
    """All values that hold no others. Raises ValueError where they lie too deep."""
    level = [value]
    for _ in range(DEPTH + 1):
        inner: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                inner += each.values()
            elif isinstance(each, list):
                inner += each
            else:
                yield each
        level = inner
    if level:
        raise ValueError(f"it is nested more than {DEPTH} deep")
