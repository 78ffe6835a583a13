"""How made rows keep rules: a reversible change of the table, after which what is learnt can't break them.

A column that follows from others is left out and computed. One that another bounds is coded by its distance from the
bound, or by its place between two. Columns that stand together become one column of their combinations. A column that
is missing exactly somewhere loses its missing values and gets them back. What no such change can hold, and keys, are
`checks`: rows that break them are drawn again.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from saddlepoint.core import seed_for
from saddlepoint.data.images import DataError
from saddlepoint.data.tables.columns import CategoryColumn, Cells, Column, NumberColumn, ScaledColumn, column_from
from saddlepoint.data.tables.expressions import Expression, Numbers
from saddlepoint.data.tables.numbers import NumberSpelling
from saddlepoint.data.tables.rules import (
    Combination,
    Formula,
    Inequality,
    Mask,
    Missing,
    Rule,
    Unique,
    finely,
    joint_codes,
    numbers_of,
    read_rule,
    settled,
    step_of,
    unit_of,
)
from saddlepoint.data.tables.table import TableData

#: Combinations up to so many become one column; of more, rows whose combination is not there are given one that is.
JOINED = 128


@dataclass(frozen=True)
class Step(ABC):
    """One change of a table, and back."""

    kind: ClassVar[str]

    @property
    @abstractmethod
    def makes(self) -> tuple[str, ...]:
        """The columns that its way back makes or changes."""

    @abstractmethod
    def encode(self, table: TableData, source: np.random.Generator) -> TableData:
        """What is learnt."""

    @abstractmethod
    def decode(self, table: TableData, source: np.random.Generator) -> TableData:
        """Columns as they were."""

    @abstractmethod
    def plain(self) -> dict[str, Any]:
        """As JSON has it, beside the kind."""


@dataclass(frozen=True)
class Derived(Step):
    """A column that is computed from others.

    Attributes:
        column: as it was.
        rule: what it is.
        kept: whether it is learnt none the less, for rows in which something that it needs is missing.
    """

    column: Column
    rule: Formula
    kept: bool

    kind = "derived"

    @property
    def makes(self) -> tuple[str, ...]:
        """The target."""
        return (self.column.name,)

    @staticmethod
    def fit(table: TableData, rule: Formula, elsewhere: Mask | None, column: Column) -> "Derived":
        """Left out where it is missing exactly where what it needs is, or where a rule of its own says."""
        absent = table.cells[rule.target].absent
        needed = np.isnan(rule.expression.value({name: numbers_of(table, name) for name in rule.expression.columns}))
        expected = needed if elsewhere is None else needed | elsewhere
        return Derived(finely(column), rule, bool((absent != expected).any() or len(column.absent) > 1))

    def encode(self, table: TableData, source: np.random.Generator) -> TableData:  # noqa: ARG002
        """Without it."""
        return table if self.kept else _without(table, self.makes)

    def decode(self, table: TableData, source: np.random.Generator) -> TableData:  # noqa: ARG002
        """Computed."""
        expression = self.rule.expression
        values = expression.value({name: numbers_of(table, name) for name in expression.columns})
        values = _placed(self.column, np.broadcast_to(values, len(table)).copy())
        if not self.kept:
            return _with(table, self.column, Cells(values))
        own = table.cells[self.column.name]
        found = np.where(np.isnan(values) | own.absent, own.values, values)
        return _with(table, self.column, Cells(found, own.marks))

    def plain(self) -> dict[str, Any]:
        """Column, rule, whether it is kept."""
        expression = self.rule.expression
        return {
            "column": self.column.plain(),
            "expression": expression.text,
            "of": list(expression.columns),
            "kept": self.kept,
        }

    @staticmethod
    def from_plain(plain: Mapping[str, Any]) -> "Derived":
        """What `plain` gave."""
        column, expression = column_from(plain["column"]), Expression.read(plain["expression"], plain["of"])
        return Derived(column, Formula(column.name, expression), plain["kept"])


@dataclass(frozen=True)
class Bounded(Step):
    """A column that others bound: its distance from the bound, or its place between two, from 0 to 1.

    Attributes:
        column: as it was.
        coded: as it is learnt.
        rules: inequalities, each with whether the column is their right side.
        low, high: what stands for a bound in rows that lack it; None where there is no such bound.
    """

    column: Column
    coded: NumberColumn
    rules: tuple[tuple[Inequality, bool], ...]
    low: float | None
    high: float | None

    kind = "bounded"

    @property
    def makes(self) -> tuple[str, ...]:
        """The column."""
        return (self.column.name,)

    @staticmethod
    def fit(table: TableData, column: Column, rules: Sequence[tuple[Inequality, bool]]) -> "Bounded":
        """Find what stands for missing bounds, and the range of what is learnt."""
        name, sides = column.name, tuple(rules)
        draft = Bounded(column, NumberColumn(name), sides, None, None)
        low, high = draft._bounds(table)
        steps = {step_of(table.column(other)) for rule, _ in rules for other in rule.columns}
        simple = all((rule.left if right else rule.right).column is not None for rule, right in rules)
        places: tuple[int, ...] = ()
        if simple and 0.0 not in steps and (low is None or high is None):
            decimals = max(round(max(0.0, -float(np.log10(step)))) for step in steps)
            whole = all(abs(step * 10**decimals - round(step * 10**decimals)) < 1e-9 for step in steps)
            places = ((0, 0) if decimals == 0 else (0, decimals)) if whole else ()
        middle = tuple(
            None if b is None else float(np.nanmedian(b)) if (~np.isnan(b)).any() else 0.0 for b in (low, high)
        )
        draft = replace(draft, low=middle[0], high=middle[1])
        found = draft._coded(table)
        present = found[~np.isnan(found)]
        ends = (float(present.min()), float(present.max())) if len(present) else (0.0, 0.0)
        spelling = NumberSpelling(places=places, whole=places == (0, 0))
        coded = NumberColumn(name, "", column.absent, column.words, "", "", *ends, spelling)
        return replace(draft, coded=coded)

    def _bounds(self, table: TableData) -> tuple[Numbers | None, Numbers | None]:
        """The greatest of the lower bounds and the least of the upper ones; NaN where there is none."""
        numbers = {
            name: numbers_of(table, name) for rule, _ in self.rules for name in rule.columns if name != self.column.name
        }
        sides: list[Numbers | None] = []
        for lower, joined in ((True, np.fmax), (False, np.fmin)):
            own = [
                np.broadcast_to((rule.left if right else rule.right).value(numbers), len(table))
                for rule, right in self.rules
                if right is lower
            ]
            sides.append(joined.reduce(own) if own else None)
        return sides[0], sides[1]

    def _base(self, table: TableData) -> tuple[Numbers | None, Numbers | None]:
        """The bounds with what stands for missing ones."""
        low, high = self._bounds(table)
        if low is not None and high is not None and self.low is not None and self.high is not None:
            width = max(self.high - self.low, 1e-9)
            low = np.where(np.isnan(low), np.where(np.isnan(high), self.low, high - width), low)
            return low, np.where(np.isnan(high), low + width, high)
        filled = (
            None if bound is None else np.where(np.isnan(bound), 0.0 if middle is None else middle, bound)
            for bound, middle in ((low, self.low), (high, self.high))
        )
        return next(filled), next(filled)

    def _coded(self, table: TableData) -> Numbers:
        values = numbers_of(table, self.column.name)
        low, high = self._base(table)
        if low is not None and high is not None:
            return np.asarray((values - low) / np.where(high > low, high - low, 1.0))
        if low is not None:
            return np.asarray(values - low)
        assert high is not None
        return np.asarray(high - values)

    def encode(self, table: TableData, source: np.random.Generator) -> TableData:  # noqa: ARG002
        """The distance in place of the column."""
        values = self._coded(table)
        if self.coded.spelling.places:
            values = np.round(values, self.coded.spelling.places[1])
        return _with(table, self.coded, Cells(values, table.cells[self.column.name].marks))

    def decode(self, table: TableData, source: np.random.Generator) -> TableData:  # noqa: ARG002
        """The column, within its bounds as they are written."""
        own = table.cells[self.column.name]
        low, high = self._base(table)
        if low is not None and high is not None:
            values = low + own.values * (high - low)
        elif low is not None:
            values = low + own.values
        else:
            assert high is not None
            values = high - own.values
        values = settled(self.column, _clipped(self.column, _placed(self.column, values)))
        bounds = self._bounds(table)
        for lower, bound in zip((True, False), bounds, strict=True):
            if bound is not None:
                strict = any(rule.strict for rule, right in self.rules if right is lower)
                values = _moved(self.column, values, bound, lower=lower, strict=strict)
        return _with(table, self.column, Cells(values, own.marks))

    def plain(self) -> dict[str, Any]:
        """Columns, rules, and what stands for missing bounds."""
        return {
            "column": self.column.plain(),
            "coded": self.coded.plain(),
            "rules": [[rule.text, right, list(rule.columns)] for rule, right in self.rules],
            "low": self.low,
            "high": self.high,
        }

    @staticmethod
    def from_plain(plain: Mapping[str, Any]) -> "Bounded":
        """What `plain` gave."""
        coded = column_from(plain["coded"])
        assert isinstance(coded, NumberColumn)
        rules = []
        for text, right, names in plain["rules"]:
            rule = read_rule(text, names)[0]
            assert isinstance(rule, Inequality)
            rules.append((rule, right))
        return Bounded(column_from(plain["column"]), coded, tuple(rules), plain["low"], plain["high"])


@dataclass(frozen=True, eq=False)
class Joined(Step):
    """Columns that stand together: one column of their combinations, or, where those are many, repaired ones.

    Attributes:
        columns: as they were.
        values: of every combination, float64 (combinations, columns); of categories their codes.
        marks: which word stands where there is no number, int8 (combinations, columns).
        counts: how often each is there, the most frequent first.
    """

    columns: tuple[Column, ...]
    values: Numbers
    marks: NDArray[np.int8]
    counts: NDArray[np.int64]

    kind = "joined"

    @property
    def makes(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(column.name for column in self.columns)

    @property
    def whole(self) -> bool:
        """Whether they become one column."""
        return len(self.counts) <= JOINED

    @cached_property
    def coded(self) -> CategoryColumn:
        """The column of combinations."""
        texts = [column.texts(cells) for column, cells in zip(self.columns, self._cells(), strict=True)]
        names = tuple(" | ".join(map(str, parts)) for parts in zip(*texts, strict=True))
        if len(set(names)) < len(names):
            names = tuple(f"{name} ({number})" for number, name in enumerate(names))
        return CategoryColumn(", ".join(self.makes), categories=names)

    @staticmethod
    def fit(table: TableData, names: Sequence[str], columns: Sequence[Column]) -> "Joined":
        """Find the combinations, but those that fewer than `table.rare` rows have.

        Raises:
            DataError: most rows have such a combination.
        """
        codes = joint_codes([table], names)[0]
        _, first, counts = np.unique(codes, return_index=True, return_counts=True)
        order = np.lexsort((first, -counts))
        if not set(names) <= set(table.released):
            order = order[counts[order] >= table.rare]
        if 2 * counts[order].sum() < len(table):
            raise DataError(
                f"of {len(counts):,} combinations of {', '.join(names)} only {len(order):,} have at least {table.rare} "
                f"rows, and fewer are not given away: say that these may be, with "
                f"--set 'data.release=[{', '.join(names)}]', or leave the rule out"
            )
        rows = first[order]
        own: list[Column] = []
        values, marks = [], []
        for column in columns:
            cells = table.cells[column.name].take(rows)
            marks.append(np.zeros(len(rows), np.int8) if cells.marks is None else cells.marks)
            if isinstance(column, CategoryColumn) and len(order) < len(counts):
                # Categories that no combination has are not known any more.
                there = np.unique(cells.values[cells.values >= 0])
                own.append(replace(column, categories=tuple(column.categories[code] for code in there)))
                values.append(np.where(cells.values < 0, -1.0, np.searchsorted(there, cells.values)))
            else:
                own.append(column)
                values.append(cells.values.astype(np.float64))
        return Joined(tuple(own), np.stack(values, 1), np.stack(marks, 1), counts[order])

    def _cells(self, chosen: NDArray[Any] | None = None) -> list[Cells]:
        """The values of combinations, column by column."""
        found = []
        for at, column in enumerate(self.columns):
            values = self.values[:, at] if chosen is None else self.values[chosen, at]
            marks = self.marks[:, at] if chosen is None else self.marks[chosen, at]
            own = values.astype(np.int32) if isinstance(column, CategoryColumn) else values
            found.append(Cells(own, marks if len(column.absent) > 1 else None))
        return found

    @cached_property
    def table(self) -> TableData:
        """The combinations as a table."""
        cells = dict(zip(self.makes, self._cells(), strict=True))
        return TableData("combinations", self.columns, cells, "")

    def _known(self, table: TableData) -> NDArray[np.int64]:
        """Which combination each row has; −1 where none that is known."""
        own, known = joint_codes([table, self.table], self.makes)
        order = np.argsort(known)
        places = np.searchsorted(known[order], own).clip(max=len(known) - 1)
        return np.where(known[order[places]] == own, order[places], -1)

    def encode(self, table: TableData, source: np.random.Generator) -> TableData:
        """One column in their place."""
        chosen = self._repaired(table, source)
        if not self.whole:
            return self._put(table, chosen)
        at = [column.name for column in table.columns].index(self.makes[0])
        rest = _without(table, self.makes)
        return _with(rest, self.coded, Cells(chosen.astype(np.int32)), at)

    def decode(self, table: TableData, source: np.random.Generator) -> TableData:
        """The columns of each combination; of many, of those that are there."""
        if self.whole:
            chosen: NDArray[Any] = table.cells[self.coded.name].values
            table = _without(table, (self.coded.name,))
        else:
            chosen = self._repaired(table, source)
        return self._put(table, chosen)

    def _put(self, table: TableData, chosen: NDArray[Any]) -> TableData:
        for column, cells in zip(self.columns, self._cells(chosen), strict=True):
            table = _with(table, column, cells)
        return table

    def _drawn(self, n: int, source: np.random.Generator) -> NDArray[np.int64]:
        """Combinations as often as they are there."""
        ends = self.counts.cumsum()
        places = np.searchsorted(ends, source.random(n) * ends[-1], side="right")
        return np.asarray(places.clip(max=len(ends) - 1), dtype=np.int64)

    def _repaired(self, table: TableData, source: np.random.Generator) -> NDArray[np.int64]:
        """A known combination for each row: its own, or one with the same value of the coarsest column."""
        chosen, free = self._known(table), self._drawn(len(table), source)
        uniform = source.random(len(table))
        # From the finest column to the coarsest: the coarsest that fits decides, which most of the row depends on.
        sizes = [len(np.unique(self.values[:, at])) for at in range(len(self.columns))]
        anchor = self.makes[int(np.argmin(sizes))]
        own, known = joint_codes([table, self.table], [anchor])
        lost = np.flatnonzero(chosen < 0)
        order = np.argsort(known, kind="stable")
        ordered, ends = known[order], self.counts[order].cumsum()
        for code in np.unique(own[lost]):
            rows = lost[own[lost] == code]
            start, stop = np.searchsorted(ordered, code), np.searchsorted(ordered, code, side="right")
            if start == stop:
                chosen[rows] = free[rows]
                continue
            before = ends[start - 1] if start else 0
            drawn = before + uniform[rows] * (ends[stop - 1] - before)
            chosen[rows] = order[
                np.searchsorted(ends[start:stop], drawn, side="right").clip(max=stop - start - 1) + start
            ]
        return chosen

    def plain(self) -> dict[str, Any]:
        """Columns and combinations."""
        values = [[None if np.isnan(value) else float(value) for value in row] for row in self.values]
        return {
            "columns": [column.plain() for column in self.columns],
            "values": values,
            "marks": self.marks.tolist(),
            "counts": self.counts.tolist(),
        }

    @staticmethod
    def from_plain(plain: Mapping[str, Any]) -> "Joined":
        """What `plain` gave."""
        values = np.array([[np.nan if v is None else v for v in row] for row in plain["values"]], dtype=np.float64)
        marks = np.array(plain["marks"], dtype=np.int8)
        return Joined(tuple(map(column_from, plain["columns"])), values, marks, np.array(plain["counts"], np.int64))


@dataclass(frozen=True)
class Filled(Step):
    """A column that is missing exactly somewhere: learnt as if it were there, with values of other rows.

    Attributes:
        rule: where it is missing.
        absent, words: what then stands there; see `Column`.
    """

    rule: Missing
    absent: tuple[str, ...]
    words: tuple[str, ...] = ()

    kind = "filled"

    @property
    def makes(self) -> tuple[str, ...]:
        """The column that is missing."""
        return (self.rule.target,)

    def encode(self, table: TableData, source: np.random.Generator) -> TableData:
        """Without missing values."""
        name = self.rule.target
        if name not in table.cells:
            return table
        cells, column = table.cells[name], table.column(name)
        absent, present = np.flatnonzero(cells.absent), np.flatnonzero(~cells.absent)
        values = cells.values.copy()
        if len(present):
            values[absent] = values[present[source.integers(0, len(present), len(absent))]]
        return _with(table, column, Cells(values))

    def decode(self, table: TableData, source: np.random.Generator) -> TableData:  # noqa: ARG002
        """With them, where the rule says."""
        name = self.rule.target
        cells, column, where = table.cells[name], table.column(name), self.rule.where(table)
        values = cells.values.copy()
        values[where] = -1 if isinstance(column, CategoryColumn) else np.nan
        return _with(table, replace(column, absent=self.absent, words=self.words), Cells(values, cells.marks))

    def plain(self) -> dict[str, Any]:
        """The rule."""
        rule = self.rule
        own = {"target": rule.target, "by": rule.by, "values": list(rule.values), "other": rule.other}
        return {**own, "absent": list(self.absent), "words": list(self.words)}

    @staticmethod
    def from_plain(plain: Mapping[str, Any]) -> "Filled":
        """What `plain` gave."""
        rule = Missing(plain["target"], plain["by"], tuple(plain["values"]), plain["other"])
        return Filled(rule, tuple(plain["absent"]), tuple(plain["words"]))


_STEPS: Mapping[str, Any] = {step.kind: step for step in (Derived, Bounded, Joined, Filled)}


@dataclass(frozen=True, eq=False)
class Enforcement:
    """All rules of a table, as steps from the table to what is learnt and back.

    Attributes:
        names: of the table's columns, in its order; () where there are no rules.
        steps: in the order of the way back.
        checks: rules by which rows are drawn again.
        rules: all of them.
    """

    names: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    checks: tuple[Rule, ...] = ()
    rules: tuple[Rule, ...] = ()

    @staticmethod
    def of(table: TableData, columns: Sequence[Column] | None = None, first: Sequence[str] = ()) -> "Enforcement":
        """Of a table's rules.

        Args:
            table: training rows, which keep them.
            columns: the table's, as they may be stored: their ranges may be coarser; None takes its own.
            first: columns that are made before the others, and so are bounded by none of them.
        """
        if not table.rules:
            return Enforcement()
        return _Planner(table, columns or table.columns, first).plan()

    @property
    def changed(self) -> frozenset[str]:
        """Columns that are not learnt as they are."""
        return frozenset(name for step in self.steps for name in step.makes)

    def encode(self, table: TableData, seed: int = 0) -> TableData:
        """What is learnt."""
        for number, step in reversed(list(enumerate(self.steps))):
            table = step.encode(table, np.random.default_rng(seed_for(seed, number, "rules")))
        released = {*table.released, *self._released(table.released)}
        return replace(table, rules=(), released=tuple(sorted(released)))

    def _released(self, names: Sequence[str]) -> list[str]:
        """Learnt columns of which everything may be given away, as it may of those that they stand for."""
        joined = [step for step in self.steps if isinstance(step, Joined) and step.whole]
        return [step.coded.name for step in joined if set(step.makes) <= set(names)]

    def decode(self, table: TableData, seed: int = 0, fixed: Mapping[str, Cells] | None = None) -> TableData:
        """The table of what was learnt; columns that are fixed are set as soon as they are made."""
        if not self.names:
            return table
        table = _as_written(table)
        table = _fixed(table, fixed)
        for number, step in enumerate(self.steps):
            table = step.decode(table, np.random.default_rng(seed_for(seed, number, "rules")))
            table = _fixed(table, fixed, step.makes)
        columns = tuple(table.column(name) for name in self.names)
        return replace(table, columns=columns, cells={name: table.cells[name] for name in self.names})

    def kept(self, table: TableData) -> Mask:
        """Which of its rows keep what is checked, but for keys."""
        found = np.ones(len(table), dtype=bool)
        for rule in self.checks:
            if not isinstance(rule, Unique):
                found &= rule.holds(table, table)
        return found

    def within(self, table: TableData) -> Mask:
        """Which rows have computed columns within the training range: a high rate for many nights is not."""
        found = np.ones(len(table), dtype=bool)
        for step in self.steps:
            if isinstance(step, Derived) and isinstance(step.column, ScaledColumn):
                values = table.cells[step.column.name].values
                found &= np.isnan(values) | (values >= step.column.low) & (values <= step.column.high)
        return found

    @property
    def keys(self) -> tuple[Unique, ...]:
        """Rules about several rows."""
        return tuple(rule for rule in self.checks if isinstance(rule, Unique))

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "names": list(self.names),
            "steps": [{"kind": step.kind, **step.plain()} for step in self.steps],
            "checks": [self.rules.index(rule) for rule in self.checks],
            "rules": [[rule.text, list(rule.columns)] for rule in self.rules],
        }

    @staticmethod
    def from_plain(plain: Mapping[str, Any]) -> "Enforcement":
        """What `plain` gave."""
        rules = tuple(read_rule(text, names)[0] for text, names in plain["rules"])
        return Enforcement(
            tuple(plain["names"]),
            tuple(_STEPS[step["kind"]].from_plain(step) for step in plain["steps"]),
            tuple(rules[place] for place in plain["checks"]),
            rules,
        )


class _Planner:
    """Finds an order in which every column is made after all that it depends on."""

    def __init__(self, table: TableData, columns: Sequence[Column], first: Sequence[str]) -> None:
        self.table = table
        # Categories are those of the table, whose codes combinations have.
        self.columns = {column.name: column if column.numeric else table.column(column.name) for column in columns}
        self.names = [column.name for column in table.columns]
        self.first = set(first)
        self.groups = self._groups([rule for rule in table.rules if isinstance(rule, Combination)])
        self.formulas: dict[str, Formula] = {}
        self.missing: dict[str, Missing] = {}
        self.checks: list[Rule] = [rule for rule in table.rules if isinstance(rule, Unique)]
        grouped = {name for group in self.groups for name in group}
        for rule in table.rules:
            if isinstance(rule, Formula):
                if rule.target in grouped or rule.target in self.formulas or rule.target in self.first:
                    self.checks.append(rule)
                else:
                    self.formulas[rule.target] = rule
            elif isinstance(rule, Missing):
                if rule.target in grouped or rule.target in self.missing or rule.target in self.first:
                    self.checks.append(rule)
                else:
                    self.missing[rule.target] = rule
        self.inequalities = [rule for rule in table.rules if isinstance(rule, Inequality)]

    def _groups(self, rules: Sequence[Combination]) -> list[list[str]]:
        """Columns of combinations that have one in common are one combination."""
        groups: list[set[str]] = []
        for rule in rules:
            own = {name for name in rule.names if self.table.column(name).kind not in ("constant", "identifier")}
            for group in [group for group in groups if group & own]:
                own |= group
                groups.remove(group)
            if len(own) > 1:
                groups.append(own)
        return [sorted(group, key=self.names.index) for group in groups]

    def plan(self) -> Enforcement:
        """The steps."""
        placed: list[str] = []
        steps: list[Step] = []
        left = list(self.names)
        while left:
            name = self._next(left, placed)
            group = next((group for group in self.groups if name in group), [name])
            steps += self._made(name, group, placed)
            placed += group
            left = [other for other in left if other not in group]
        bounded = {rule for step in steps if isinstance(step, Bounded) for rule, _ in step.rules}
        self.checks += [rule for rule in self.inequalities if rule not in bounded]
        # Numbers are rounded when they are written: what a step made is looked at once more.
        sure = [rule for rule in self.table.rules if not isinstance(rule, Combination | Unique)]
        checks = tuple(dict.fromkeys((*self.checks, *sure)))
        return Enforcement(tuple(self.names), tuple(steps), checks, self.table.rules)

    def _next(self, left: Sequence[str], placed: Sequence[str]) -> str:
        """What is given, then what follows from what is there, then what others need, then the others."""
        needed = {name for formula in self.formulas.values() for name in formula.expression.columns}

        def rank(name: str) -> tuple[bool, bool, bool]:
            return name not in self.first, name not in self.formulas, name not in needed

        ready = [name for name in left if self._needs(name) <= set(placed)]
        if not ready:  # formulas in a circle: one of them is looked at only
            name = next(name for name in left if name in self.formulas or name in self.missing)
            found: Rule = self.formulas.pop(name) if name in self.formulas else self.missing.pop(name)
            self.checks.append(found)
            return self._next(left, placed)
        return min(ready, key=lambda name: (rank(name), self.names.index(name)))

    def _needs(self, name: str) -> set[str]:
        group = next((set(group) for group in self.groups if name in group), {name})
        needs: set[str] = set()
        for own in group:
            if own in self.formulas:
                needs |= set(self.formulas[own].expression.columns)
            if own in self.missing:
                needs.add(self.missing[own].by)
        return needs - group

    def _made(self, name: str, group: Sequence[str], placed: Sequence[str]) -> list[Step]:
        if len(group) > 1:
            return [Joined.fit(self.table, group, [self.columns[name] for name in group])]
        steps: list[Step] = []
        gaps = self.missing.get(name)
        if name in self.formulas:
            where = None if gaps is None else gaps.where(self.table)
            steps.append(Derived.fit(self.table, self.formulas[name], where, self.columns[name]))
            if gaps is not None:
                steps.append(Filled(gaps, self.columns[name].absent, self.columns[name].words))
            return steps
        if gaps is not None:
            steps.append(Filled(gaps, self.columns[name].absent, self.columns[name].words))
        bounds = [
            (rule, right)
            for rule in self.inequalities
            for own, other, right in ((rule.left, rule.right, False), (rule.right, rule.left, True))
            if own.column == name and set(other.columns) <= set(placed) and name not in self.first
        ]
        if bounds:
            steps.append(Bounded.fit(self.table, self.columns[name], bounds))
        return steps


# --- columns of a table ---------------------------------------------------------------------------------


def _with(table: TableData, column: Column, cells: Cells, at: int | None = None) -> TableData:
    """The table with a column put in, in the place of that of its name where there is one."""
    columns = list(table.columns)
    places = [place for place, own in enumerate(columns) if own.name == column.name]
    if places:
        columns[places[0]] = column
    else:
        columns.insert(len(columns) if at is None else at, column)
    return replace(table, columns=tuple(columns), cells={**table.cells, column.name: cells})


def _without(table: TableData, names: Sequence[str]) -> TableData:
    columns = tuple(column for column in table.columns if column.name not in names)
    return replace(table, columns=columns, cells={column.name: table.cells[column.name] for column in columns})


def _fixed(table: TableData, fixed: Mapping[str, Cells] | None, among: Sequence[str] | None = None) -> TableData:
    """The table with those columns set that are given, where it has them."""
    for name, cells in (fixed or {}).items():
        if name in table.cells and (among is None or name in among):
            table = replace(table, cells={**table.cells, name: cells})
    return table


def _as_written(table: TableData) -> TableData:
    """Numbers as they are once they were written: what follows from them follows from that."""
    cells = dict(table.cells)
    for column in table.columns:
        if column.numeric:
            own = cells[column.name]
            cells[column.name] = Cells(settled(column, own.values), own.marks)
    return replace(table, cells=cells)


def _placed(column: Column, numbers: Numbers) -> Numbers:
    """Numbers of a rule as the column holds them, rounded as it writes them."""
    return settled(column, numbers * unit_of(column))


def _clipped(column: Column, values: Numbers) -> Numbers:
    """No further than the column runs."""
    return values.clip(getattr(column, "low", -np.inf), getattr(column, "high", np.inf))


def _moved(column: Column, values: Numbers, bound: Numbers, *, lower: bool, strict: bool) -> Numbers:
    """Values on the right side of a bound, and as the column writes them.

    Args:
        column: what writes them.
        values: of it, in its own unit, as they are written.
        bound: in the unit of rules; NaN bounds nothing.
        lower: whether values are to be above.
        strict: whether they are to differ.
    """
    sign, unit = (1.0 if lower else -1.0), unit_of(column)
    step = step_of(column)

    def wrong(found: Numbers) -> Mask:
        distance = sign * (found / unit - bound)
        return np.asarray((distance <= 0) if strict else (distance < 0))

    off = np.flatnonzero(wrong(values))
    moved = values.copy()
    moved[off] = _placed(column, bound[off])
    for _ in range(2):  # rounded to the wrong side, or equal where it has to differ
        still = np.flatnonzero(wrong(moved))
        nudge = step if step else 1e-9 * np.maximum(1.0, np.abs(bound[still]))
        moved[still] = _placed(column, moved[still] / unit + sign * nudge)
    return moved
