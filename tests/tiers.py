"""Which cases of a test are played by default, where all of them would take too long."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest


def quick(cases: Mapping[str, Any] | Iterable[str], *names: str) -> list[Any]:
    """Parameters of a test, of which those named are played by default, and the others among the slow tests.

    Args:
        cases: values by name, or names that are values.
        names: of those that stand for all.
    """
    values: Mapping[str, Any] = cases if isinstance(cases, Mapping) else {name: name for name in cases}
    assert values.keys() >= set(names), f"no such cases: {set(names) - values.keys()}"
    return [
        pytest.param(value, id=name, marks=() if name in names else pytest.mark.slow) for name, value in values.items()
    ]


def crossed(rows: Iterable[str], columns: Iterable[str], *quick: str) -> list[Any]:
    """Each row with each column, of which those with a row or a column that is named are played by default."""
    columns = list(columns)
    return [
        pytest.param(row, column, marks=() if {row, column} & {*quick} else pytest.mark.slow)
        for row in rows
        for column in columns
    ]
