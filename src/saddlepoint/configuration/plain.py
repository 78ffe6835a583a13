"""Plain data of texts that anybody may have written: JSON and YAML without what makes readers hang or grow."""

import json
import math
from collections.abc import Iterator
from typing import Any

import yaml
from yaml.composer import Composer

#: Lists and mappings inside one another.
DEPTH = 32


class _Composer(Composer):
    """Nodes of plain data: nothing is named once and used twice, and depth is counted.

    A few lines of such names ("billion laughs") stand for more than any memory holds.
    """

    depth = 0
    #: Of the parser that it stands beside.
    check_event: Any

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


#: What plain scalars are: dates stay the texts that they are.
_RESOLVERS = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _Loader(_Composer, yaml.SafeLoader):
    """YAML of plain data."""

    yaml_implicit_resolvers = _RESOLVERS


def _quick() -> Any:
    """The same with the events of libyaml, which are read several times as fast; `_Loader` where there is none."""
    if not yaml.__with_libyaml__:
        return _Loader

    class Quick(_Composer, yaml.CSafeLoader):
        yaml_implicit_resolvers = _RESOLVERS

        def __init__(self, text: str) -> None:
            yaml.CSafeLoader.__init__(self, text)
            Composer.__init__(self)

    return Quick


_Quick = _quick()


def from_yaml(text: str) -> Any:
    """Plain data of YAML.

    Raises:
        ValueError: it is none, has aliases, or is nested too deep.

    >>> from_yaml("born: 2001-02-03")
    {'born': '2001-02-03'}
    """
    try:
        try:
            return yaml.load(text, _Quick)
        except (yaml.YAMLError, UnicodeError):  # libyaml takes no halves of surrogate pairs, which file names may hold
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
        if type(value) is float:
            if not math.isfinite(value):
                raise ValueError(f"it holds the number {value}")
        elif type(value) is int and not -(2**63) <= value < 2**64:
            raise ValueError("it holds a whole number of more than 64 bits")
    return found


def _leaves(value: Any) -> Iterator[Any]:
    """All values that hold no others. Raises ValueError where they lie too deep."""
    level = [value]
    for _ in range(DEPTH + 1):
        inner: list[Any] = []
        for each in level:
            if type(each) is dict:
                inner += each.values()
            elif type(each) is list:
                inner += each
            else:
                yield each
        level = inner
    if level:
        raise ValueError(f"it is nested more than {DEPTH} deep")
