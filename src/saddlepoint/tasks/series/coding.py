"""Windows as networks see them: columns made alike and independent, values or steps, and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saddlepoint.data.tables import Column, NumberColumn
from saddlepoint.data.tables.columns import column_from
from saddlepoint.tasks.series.data import SeriesData

Numbers = NDArray[np.float64]
Representation = Literal["steps", "levels"]
#: A positive column whose greatest value is so many times its least is learnt by its logarithm.
RATIO = 10.0
#: Directions whose variance is so small a share of the columns' own follow from the others, but for rounding.
FOLLOWS = 1e-9


@dataclass(frozen=True, eq=False)
class SeriesCoding:
    """u = W (l(x) − μ), l a logarithm of some columns, W whitening; of steps, first u_1, then (u_t − u_{t−1})/s.

    W are the principal directions of the standardised columns, each over its deviation, so that what is small, as the
    gap between a day's highest and lowest price, is as large to a network as what is large. A direction that does not
    vary is left out: a column that equals another does so exactly in what is made. s are the deviations of steps, so
    that all numbers are about as large as a standard normal one.

    Attributes:
        columns: as they are written, constants too.
        logarithmic: bool (C,), of the learnt ones.
        mean: μ, (C,).
        mixing: W, (r, C).
        unmixing: its right inverse, (C, r).
        scale: s, (r,).
        representation: what networks see.
    """

    columns: tuple[Column, ...]
    logarithmic: NDArray[np.bool_]
    mean: Numbers
    mixing: Numbers
    unmixing: Numbers
    scale: Numbers
    representation: Representation

    @classmethod
    def fit(cls, data: SeriesData, representation: Representation) -> "SeriesCoding":
        """By the rows that lie in a window."""
        windows = data.windows
        rows = data.values[np.unique(data.starts[:, None] + np.arange(data.window))]
        low, high = rows.min(0), rows.max(0)
        logarithmic = (low > 0) & (high > RATIO * low)
        rows, windows = (_logarithms(values, logarithmic) for values in (rows, windows))
        mean, deviation = rows.mean(0), rows.std(0)
        deviation = np.where(deviation > 0, deviation, 1.0)
        values, vectors = np.linalg.eigh(np.cov((rows - mean).T / deviation[:, None]).reshape(len(mean), -1))
        kept = values > FOLLOWS * max(values.max(), 1e-300)
        values, vectors = values[kept][::-1], vectors[:, kept][:, ::-1]
        # A direction and its opposite are one: the greatest entry is positive, on every machine.
        vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(0), np.arange(vectors.shape[1])])
        mixing = (vectors / np.sqrt(values)).T / deviation
        unmixing = deviation[:, None] * vectors * np.sqrt(values)
        scale = np.diff((windows - mean) @ mixing.T, axis=1).std((0, 1))
        return cls(data.columns, logarithmic, mean, mixing, unmixing, np.where(scale > 0, scale, 1.0), representation)

    @cached_property
    def learnt(self) -> tuple[NumberColumn, ...]:
        """The columns that are not constant."""
        return tuple(column for column in self.columns if isinstance(column, NumberColumn))

    @property
    def size(self) -> int:
        """Numbers a step."""
        return len(self.mixing)

    def code(self, windows: Numbers) -> Tensor:
        """(N, steps, C) → float32 (N, steps, r)."""
        levels = (_logarithms(windows, self.logarithmic) - self.mean) @ self.mixing.T
        if self.representation == "steps":
            levels = np.concatenate([levels[:, :1], np.diff(levels, axis=1) / self.scale], 1)
        return torch.from_numpy(levels.astype(np.float32))

    def decode(self, outputs: Tensor) -> Numbers:
        """(N, steps, r) → float64 (N, steps, C), within each column's range."""
        levels = outputs.double().numpy()
        if self.representation == "steps":
            levels = np.cumsum(np.concatenate([levels[:, :1], levels[:, 1:] * self.scale], 1), 1)
        values = levels @ self.unmixing.T + self.mean
        ends = np.array([(column.low, column.high) for column in self.learnt]).T
        low, high = (_logarithms(end, self.logarithmic) for end in ends)
        values = values.clip(low, high)
        # The ends are what they are: the exponential of a logarithm may miss them by the last digit.
        return np.where(self.logarithmic, np.exp(np.where(self.logarithmic, values, 0.0)), values).clip(*ends)

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        arrays = {name: getattr(self, name).tolist() for name in _ARRAYS}
        return {
            "columns": [column.plain() for column in self.columns],
            **arrays,
            "representation": self.representation,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "SeriesCoding":
        """What `plain` gave. Raises KeyError, TypeError or ValueError where it is none."""
        arrays = {name: np.array(plain[name]) for name in _ARRAYS}
        columns = tuple(column_from(column) for column in plain["columns"])
        return cls(columns, **arrays, representation=plain["representation"])


_ARRAYS = ("logarithmic", "mean", "mixing", "unmixing", "scale")


def _logarithms(values: Numbers, logarithmic: NDArray[np.bool_]) -> Numbers:
    return np.where(logarithmic, np.log(np.where(logarithmic, values, 1.0)), values)
