"""In which states of learnt columns the rows lie that are asked for."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saddlepoint.data.tables import CategoryColumn, Cells, Column, TableData
from saddlepoint.data.tables.conditions import Condition, Mask
from saddlepoint.data.tables.rules import step_of, unit_of
from saddlepoint.tasks.tables.coding import ChoiceCoding, NumberCoding
from saddlepoint.tasks.tables.modes import DEVIATION, MEANS, WITHIN
from saddlepoint.tasks.tables.ruled import RuledCoding


@dataclass(frozen=True, eq=False)
class States:
    """States of a learnt column in which a condition may be fulfilled.

    Attributes:
        column: as it is learnt.
        labels: of them, int64 (k,).
        weights: how often each is fulfilled or may be among the training rows, float64 (k,).
        share: of all training rows.
        codes: of categories that fulfil it; None of numbers.
    """

    column: str
    labels: Tensor
    weights: Tensor
    share: float
    codes: NDArray[np.int64] | None

    def draw(self, n: int, source: torch.Generator) -> Tensor:
        """n labels, as often as the training rows have them."""
        return self.labels[torch.multinomial(self.weights, n, replacement=True, generator=source)]


def states_of(condition: Condition, ruled: RuledCoding) -> States | None:
    """The states of the learnt column; None where it has none, or all may fulfil it."""
    name = ruled.learnt(condition.column.name)
    if name is None:
        return None
    at = 0
    for column, coding in zip(ruled.coding.columns, ruled.coding.codings, strict=True):
        if column.name == name:
            break
        at += len(coding.heads)
    if not coding.heads or coding.heads[-1] == 1:
        return None
    first = ruled.layout.label(at + len(coding.heads) - 1, 0)
    shares = np.array(ruled.shares[first : first + coding.heads[-1]], dtype=np.float64)
    codes: NDArray[np.int64] | None = None
    weights: NDArray[np.float64]
    if isinstance(coding, ChoiceCoding):
        codes = _codes(condition, column, ruled)
        states = np.where(codes < coding.own, codes, coding.own + (codes - coding.own) % max(1, coding.shared))
        known, counts = codes >= 0, np.array(coding.counts, dtype=np.float64)
        weights = np.bincount(states[known], counts[codes[known]], len(shares)).astype(np.float64)
        if not known.all():  # a state for each word that stands where there is no value
            weights[coding.own + coding.shared :] = shares[coding.own + coding.shared :]
    elif isinstance(coding, NumberCoding):
        weights = shares * _may(condition, coding)
    else:
        return None
    chosen = np.flatnonzero(weights > 0)
    if not len(chosen) or (codes is None and len(chosen) == len(shares)):
        return None
    share = float(weights.sum() / max(1.0, shares.sum()))
    return States(name, torch.from_numpy(first + chosen), torch.from_numpy(weights[chosen]), share, codes)


def _codes(condition: Condition, column: Column, ruled: RuledCoding) -> NDArray[np.int64]:
    """Categories of a learnt column that fulfil a condition; −1 is a missing one."""
    step = ruled.joined(condition.column.name)
    if step is not None:
        return np.flatnonzero(condition.fulfilled(step.table))
    assert isinstance(column, CategoryColumn)
    codes = np.arange(-1, len(column.categories))
    table = TableData("values", (column,), {column.name: Cells(codes.astype(np.int32))}, "")
    return codes[condition.fulfilled(table)]


def _may(condition: Condition, coding: NumberCoding) -> Mask:
    """Of words, frequent numbers and modes, which may fulfil it."""
    values = np.array([*[np.nan] * coding.words, *coding.atoms])
    column = condition.column
    table = TableData("values", (column,), {column.name: Cells(values)}, "")
    modes = []
    for mean in MEANS[: coding.modes]:
        low, high = coding.quantiles.back(mean + WITHIN * DEVIATION * np.array([-1, 1]))
        # What is made is no further out than the column runs, and is rounded when it is written.
        slack = 0.01 * (high - low) + step_of(column) * unit_of(column)
        ends = np.array([low, high]).clip(coding.low, coding.high)
        modes.append(condition.overlaps(*(ends + slack * np.array([-1, 1]))))
    fixed = condition.fulfilled(table) if len(values) else np.zeros(0, dtype=bool)
    return np.concatenate([fixed, np.array(modes, dtype=bool)])


def forced(table: TableData, states: States, coding: Any, uniform: NDArray[np.float64]) -> TableData:
    """The learnt table where categories that share a state are some that were asked for: the state tells no more."""
    if states.codes is None or not isinstance(coding, ChoiceCoding):
        return table
    values = table.cells[states.column].values
    off = np.flatnonzero(~np.isin(values, states.codes))
    codes = states.codes[states.codes >= coding.own]
    if not len(off) or not coding.shared or not len(codes):
        return table
    counts = np.array(coding.counts, dtype=np.float64)
    for bucket in np.unique((values[off] - coding.own) % coding.shared):
        rows = off[(values[off] - coding.own) % coding.shared == bucket]
        members = codes[(codes - coding.own) % coding.shared == bucket]
        if len(members):
            ends = np.maximum(counts[members], 1e-9).cumsum()
            places = np.searchsorted(ends, uniform[rows] * ends[-1], side="right").clip(max=len(members) - 1)
            values[rows] = members[places]
    return table
