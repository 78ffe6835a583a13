"""Windows as networks see them: columns made alike and independent, values or steps, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saddlepoint.data.tables import CategoryColumn, Column, NumberColumn
from saddlepoint.data.tables.columns import column_from
from saddlepoint.tasks.series.context import NOTHING, Context, Facts
from saddlepoint.tasks.series.data import SeriesData, moves

Numbers = NDArray[np.float64]
Representation = Literal["steps", "levels"]
#: A positive column whose greatest value is so many times its least is learnt by its logarithm.
RATIO = 10.0
#: Directions whose variance is so small a share of the columns' own follow from the others, but for rounding.
FOLLOWS = 1e-9
#: Share of the rows that one value has, which then is a state; of columns that have more values than so many.
ATOM, FEW = 0.2, 8
#: Share of the steps at which a column's value stays as it is, of those at which it would not by chance, from which
#: holding is learnt; of columns that have at most so many values, no others are made.
HOLDS, LEVELS = 0.2, 20


@dataclass(frozen=True, eq=False)
class SeriesCoding:
    """u = W (l(x) − μ), l a logarithm of some columns, W whitening; of steps, first u_1, then (u_t − u_{t−1})/s.

    W are the principal directions of the standardised columns, each over its deviation, so that what is small, as the
    gap between a day's highest and lowest price, is as large to a network as what is large. A direction that does not
    vary is left out: a column that equals another does so exactly in what is made. s are the deviations of steps, so
    that all numbers are about as large as a standard normal one.

    States are flags of −1 and 1 behind these numbers, at every step: columns of two values, which u leaves out, and for
    a column with one value that a share of `ATOM` of the rows has, as 0 of light, whether it has that value. What is
    made has it where the flag is above 0. So a switch is one number that turns, and a value that holds stays as it is.
    A number that stays as it is in a share of `HOLDS` of the steps more than by chance, as a set point or the price of
    a quiet market does, has a flag of whether it holds: what is made then has the value of the step before. Of a column
    of at most `LEVELS` values no others are made. Columns of more categories, which u leaves out, too, have a flag for
    each behind them: the greatest one is made.

    What is told of a whole window stands behind all this, the same numbers at every step.

    Attributes:
        columns: as they are written, constants too.
        binary: bool (C,), of the learnt ones those of two values.
        choices: int64 (C,), how many categories a column of more than two has; 0 of others. C' are neither.
        frequent: bool (C,), those with a value that many rows have.
        value: (C,), that value; of a binary column the greater of the two; else 0.
        holds: bool (C,), numbers that hold.
        levels: the values of each column that has few, ascending; () of others.
        logarithmic: bool (C',).
        mean: μ, (C',).
        mixing: W, (r, C').
        unmixing: its right inverse, (C', r).
        scale: s, (r,).
        representation: what networks see.
        context: what is told of a window, and how.
        layout: names of all columns in the order in which they are written.
    """

    columns: tuple[Column, ...]
    binary: NDArray[np.bool_]
    choices: NDArray[np.int64]
    frequent: NDArray[np.bool_]
    value: Numbers
    holds: NDArray[np.bool_]
    levels: tuple[tuple[float, ...], ...]
    logarithmic: NDArray[np.bool_]
    mean: Numbers
    mixing: Numbers
    unmixing: Numbers
    scale: Numbers
    representation: Representation
    context: Context = NOTHING
    layout: tuple[str, ...] = ()

    @classmethod
    def fit(cls, data: SeriesData, representation: Representation) -> "SeriesCoding":
        """By the rows that lie in a window."""
        windows = data.windows
        rows = data.values[np.unique(data.starts[:, None] + np.arange(data.window))]
        binary, choices, frequent, value = _states(rows, data.learnt)
        numbers = ~binary & (choices == 0)
        stays, chance = _holding(windows, frequent, value).mean((0, 1)), _repeats(rows)
        holds = numbers & (stays - chance >= HOLDS * (1 - chance))
        found = [np.unique(own) if number else np.zeros(0) for number, own in zip(numbers, rows.T, strict=True)]
        levels = tuple(tuple(own.tolist()) if len(own) <= LEVELS else () for own in found)
        states = binary, choices, frequent, value, holds, levels
        rows, windows = rows[:, numbers], windows[..., numbers]
        low, high = rows.min(0), rows.max(0)
        logarithmic = (low > 0) & (high > RATIO * low)
        rows, windows = (_logarithms(values, logarithmic) for values in (rows, windows))
        mean, deviation = rows.mean(0), rows.std(0)
        deviation = np.where(deviation > 0, deviation, 1.0)
        if not rows.shape[1]:
            none = np.zeros((0, 0))
            arrays = (logarithmic, mean, none, none, mean)
            return cls(data.columns, *states, *arrays, representation, data.context, data.layout)
        values, vectors = np.linalg.eigh(np.cov((rows - mean).T / deviation[:, None]).reshape(len(mean), -1))
        kept = values > FOLLOWS * max(values.max(), 1e-300)
        values, vectors = values[kept][::-1], vectors[:, kept][:, ::-1]
        # A direction and its opposite are one: the greatest entry is positive, on every machine.
        vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(0), np.arange(vectors.shape[1])])
        mixing = (vectors / np.sqrt(values)).T / deviation
        unmixing = deviation[:, None] * vectors * np.sqrt(values)
        scale = np.diff((windows - mean) @ mixing.T, axis=1).std((0, 1))
        scale = np.where(scale > 0, scale, 1.0)
        arrays = (logarithmic, mean, mixing, unmixing, scale)
        return cls(data.columns, *states, *arrays, representation, data.context, data.layout)

    @cached_property
    def learnt(self) -> tuple[Column, ...]:
        """The columns that are not constant."""
        return tuple(column for column in self.columns if moves(column))

    @property
    def numbers(self) -> NDArray[np.bool_]:
        """Which of them u is of, (C,)."""
        return np.logical_not(self.binary | (self.choices > 0))

    @property
    def size(self) -> int:
        """Numbers a step."""
        return len(self.mixing) + self.flags + self.context.size

    @property
    def written(self) -> tuple[Column, ...]:
        """All columns that are written, in the file's order."""
        places = {name: place for place, name in enumerate(self.layout)}
        return tuple(sorted((*self.columns, *self.context.columns), key=lambda column: places.get(column.name, 0)))

    @property
    def states(self) -> tuple[int, ...]:
        """Of them those of states, in groups: 1 for a flag, and how many categories a column has."""
        alone = int((self.binary | self.frequent).sum() + self.holds.sum())
        return (*([1] * alone), *self.choices[self.choices > 0].tolist())

    @property
    def flags(self) -> int:
        """How many they are."""
        return sum(self.states)

    @property
    def moves(self) -> tuple[float, ...]:
        """By how much a number of each moves what it stands for: s, and 0 of a flag and of what is told."""
        return (*self.scale.tolist(), *([0.0] * (self.flags + self.context.size)))

    def code(self, windows: Numbers, told: Facts | None = None) -> Tensor:
        """(N, steps, C) → float32 (N, steps, size); `told` of each window is needed where the context has a size."""
        flags = np.where(windows == self.value, 1.0, -1.0)[..., self.binary | self.frequent]
        holding = np.where(_holding(windows, self.frequent, self.value), 1.0, -1.0)[..., self.holds]
        holding = np.concatenate([np.full_like(holding[:, :1], -1.0), holding], 1)[:, : windows.shape[1]]
        chosen = [
            np.where(windows[..., place, None] == np.arange(self.choices[place]), 1.0, -1.0)
            for place in np.flatnonzero(self.choices)
        ]
        levels = (_logarithms(windows[..., self.numbers], self.logarithmic) - self.mean) @ self.mixing.T
        if self.representation == "steps":
            levels = np.concatenate([levels[:, :1], np.diff(levels, axis=1) / self.scale], 1)
        context = np.zeros((len(windows), 0)) if told is None else self.context.code(told)
        held = np.broadcast_to(context[:, None], (*windows.shape[:2], context.shape[1]))
        return torch.from_numpy(np.concatenate([levels, flags, holding, *chosen, held], 2).astype(np.float32))

    def begun(self, windows: Numbers, told: Facts) -> tuple[Tensor, Tensor]:
        """The first rows of windows as networks see them, and which of these numbers are known, bool.

        Args:
            windows: (N, b, C).
            told: of each window; moments None and attributes NaN where they are not known.
        """
        calendar, n = self.context.calendar, len(windows)
        moments = told.moments
        if calendar is not None and moments is None:
            moments = np.full(n, calendar.first)
        codes = self.code(windows, Facts(moments, np.nan_to_num(told.attributes)))
        seen = np.full((n, calendar.size if calendar else 0), told.moments is not None)
        sizes = [len(c.categories) if isinstance(c, CategoryColumn) else 1 for c in self.context.attributes]
        seen = np.concatenate([seen, ~np.isnan(told.attributes).repeat(sizes, axis=1)], 1)
        known = np.ones(codes.shape, dtype=bool)
        known[..., codes.shape[2] - seen.shape[1] :] = seen[:, None]
        return codes, torch.from_numpy(known)

    def told(self, outputs: Tensor) -> Facts:
        """(N, steps, size) → what is told of each window."""
        codes = outputs[..., self.size - self.context.size :].double().mean(1)
        return self.context.read(codes.numpy())

    def decode(self, outputs: Tensor) -> Numbers:
        """(N, steps, size) → float64 (N, steps, C), within each column's range."""
        numbers = outputs.double().numpy()[..., : self.size - self.context.size]
        states = self.binary | self.frequent
        ends = np.cumsum([len(self.mixing), states.sum(), self.holds.sum()])
        levels, flags, holding, chosen = np.split(numbers, ends, axis=2)
        if self.representation == "steps":
            levels = np.cumsum(np.concatenate([levels[:, :1], levels[:, 1:] * self.scale], 1), 1)
        values = levels @ self.unmixing.T + self.mean
        bounds = np.array([_bounds(column) for column in self.learnt]).T
        ends = bounds[:, self.numbers]
        low, high = (_logarithms(end, self.logarithmic) for end in ends)
        values = values.clip(low, high)
        # The ends are what they are: the exponential of a logarithm may miss them by the last digit.
        values = np.where(self.logarithmic, np.exp(np.where(self.logarithmic, values, 0.0)), values).clip(*ends)
        whole = np.broadcast_to(bounds[0], (*values.shape[:2], len(self.binary))).copy()
        whole[..., self.numbers] = values
        for at, levels_of in enumerate(self.levels):
            if levels_of:
                known = np.array(levels_of)
                whole[..., at] = known[np.searchsorted((known[1:] + known[:-1]) / 2, whole[..., at])]
        whole[..., self.holds] = _held(whole[..., self.holds], holding > 0)
        whole[..., states] = np.where(flags > 0, self.value[states], whole[..., states])
        for place in np.flatnonzero(self.choices):
            own, chosen = np.split(chosen, [self.choices[place]], axis=2)
            whole[..., place] = own.argmax(2)
        return whole

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        arrays = {name: getattr(self, name).tolist() for name in _ARRAYS}
        return {
            "columns": [column.plain() for column in self.columns],
            **arrays,
            "levels": [list(own) for own in self.levels],
            "representation": self.representation,
            "context": self.context.plain(),
            "layout": list(self.layout),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "SeriesCoding":
        """What `plain` gave. Raises KeyError, TypeError or ValueError where it is none."""
        arrays = {name: np.array(plain[name]) for name in _ARRAYS}
        columns = tuple(column_from(column) for column in plain["columns"])
        context, layout = Context.from_plain(plain["context"]), tuple(str(name) for name in plain["layout"])
        levels = tuple(tuple(float(value) for value in own) for own in plain["levels"])
        return cls(
            columns, **arrays, levels=levels, representation=plain["representation"], context=context, layout=layout
        )


_ARRAYS = ("binary", "choices", "frequent", "value", "holds", "logarithmic", "mean", "mixing", "unmixing", "scale")


def _states(
    rows: Numbers, columns: Sequence[Column]
) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.bool_], Numbers]:
    """Of columns of rows (N, C): which have two values, how many categories, which a frequent value, and that value."""
    binary, choices, frequent, value = [], [], [], []
    for column, own in zip(columns, rows.T, strict=True):
        found, counts = np.unique(own, return_counts=True)
        categories = len(column.categories) if isinstance(column, CategoryColumn) else 0
        binary.append(len(found) == 2 and categories <= 2)
        choices.append(0 if binary[-1] else categories)
        frequent.append(not categories and len(found) > FEW and counts.max() >= ATOM * len(own))
        value.append(found[-1] if binary[-1] else found[counts.argmax()] if frequent[-1] else 0.0)
    return np.array(binary), np.array(choices), np.array(frequent), np.array(value)


def _holding(windows: Numbers, frequent: NDArray[np.bool_], value: Numbers) -> NDArray[np.bool_]:
    """Which steps (N, T − 1, C) of windows leave a column as it is; a frequent value is a state of its own."""
    same = windows[:, 1:] == windows[:, :-1]
    return np.asarray(same & ~(frequent & (windows[:, 1:] == value)))


def _repeats(rows: Numbers) -> Numbers:
    """How likely two rows (N, C) drawn at random have one value, (C,)."""
    return np.array([((np.unique(own, return_counts=True)[1] / len(own)) ** 2).sum() for own in rows.T])


def _held(values: Numbers, holding: NDArray[np.bool_]) -> Numbers:
    """Values (N, T, C), each that of the step before where it holds."""
    steps = np.arange(values.shape[1])[:, None]
    since = np.maximum.accumulate(np.where(holding, 0, steps), axis=1)
    return np.take_along_axis(values, since, 1)


def _bounds(column: Column) -> tuple[float, float]:
    """The least and the greatest value, of categories the codes."""
    return (column.low, column.high) if isinstance(column, NumberColumn) else (0.0, 1.0)


def _logarithms(values: Numbers, logarithmic: NDArray[np.bool_]) -> Numbers:
    return np.where(logarithmic, np.log(np.where(logarithmic, values, 1.0)), values)
