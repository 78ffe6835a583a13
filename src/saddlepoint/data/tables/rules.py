"""Rules that the rows of a table keep: `check_in <= check_out`, `total = rate * nights`, `city -> country` …

A rule is read from a text or a mapping, says which rows keep it, and is checked against the rows that are there. How
made rows are given the shape in which they can't break it, `saddlepoint.data.tables.enforcing` says.
"""

import ast
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from saddlepoint.data.images import DataError
from saddlepoint.data.tables.columns import (
    CategoryColumn,
    Cells,
    Column,
    DateColumn,
    DurationColumn,
    NumberColumn,
    ScaledColumn,
    TimeColumn,
    declared,
)
from saddlepoint.data.tables.expressions import (
    Expression,
    Numbers,
    known_column,
    mask,
    parsed,
    plain_signs,
    shortened,
    written,
)
from saddlepoint.data.tables.grain import Grain
from saddlepoint.data.tables.numbers import NumberSpelling
from saddlepoint.data.tables.table import TableData

Mask = NDArray[np.bool_]
#: Seconds of a day: in rules dates are days.
DAY = 86_400
#: Relative error of sums and products of numbers as they are written.
ROUNDING = 1e-9
#: What a rule may look like, for messages.
FORMS = (
    "a <= b, c = a * b, c = round(a * b, 2), city -> country, combination(a, b), unique(a, b), one_hot(a, b, c), "
    "at_most_one(a, b, c), missing(a) where missing(b), missing(a) where b = VALUE"
)
_TRUE, _FALSE = ("1", "1.0", "true", "yes", "t", "y"), ("0", "0.0", "false", "no", "f", "n")


@dataclass(frozen=True)
class Rule(ABC):
    """Something that every row keeps."""

    kind: ClassVar[str]

    @property
    @abstractmethod
    def text(self) -> str:
        """As it is written; `read_rule` reads it again."""

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """That it is about."""

    @abstractmethod
    def holds(self, table: TableData, like: TableData) -> Mask:
        """Which rows keep it, (N,); rows that lack a value that it needs do.

        Args:
            table: the rows.
            like: rows that say what may be combined, for rules that are not about a single row.
        """

    def numeric(self) -> tuple[str, ...]:
        """Columns whose values it takes as numbers."""
        return ()


@dataclass(frozen=True)
class Formula(Rule):
    """A column that follows from others: total = round(rate * nights, 2)."""

    target: str
    expression: Expression

    kind = "formula"

    @property
    def text(self) -> str:
        """target = expression."""
        return f"{written(self.target)} = {self.expression.text}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The target is the first."""
        return (self.target, *self.expression.columns)

    def numeric(self) -> tuple[str, ...]:
        """All."""
        return self.columns

    def holds(self, table: TableData, like: TableData) -> Mask:  # noqa: ARG002
        """Up to the rounding that the column's decimals, or the expression, say."""
        numbers = {name: numbers_of(table, name) for name in self.columns}
        found, column = numbers[self.target], table.column(self.target)
        rounding = self.expression.rounding
        inner = self.expression if rounding is None else rounding[1]
        off = found - inner.value(numbers)
        slack = ROUNDING * np.maximum(1.0, np.abs(found))
        if rounding is not None and rounding[0] != "round":
            step = 10.0 ** -rounding[2]
            low, high = ((-step, 0.0) if rounding[0] == "floor" else (0.0, step)) if step else (0.0, 0.0)
            kept = (off >= low - slack) & (off <= high + slack)
            kept &= np.abs(off) < step * (1 - ROUNDING) + slack
        else:
            step = step_of(finely(column)) if rounding is None else 10.0 ** -rounding[2]
            kept = np.abs(off) <= step / 2 + slack
        return np.asarray(kept | np.isnan(off))


@dataclass(frozen=True)
class Inequality(Rule):
    """left <= right, or left < right."""

    left: Expression
    right: Expression
    strict: bool

    kind = "inequality"

    @property
    def text(self) -> str:
        """left <= right."""
        return f"{self.left.text} {'<' if self.strict else '<='} {self.right.text}"

    @property
    def columns(self) -> tuple[str, ...]:
        """Those on the left first."""
        return tuple(dict.fromkeys((*self.left.columns, *self.right.columns)))

    def numeric(self) -> tuple[str, ...]:
        """All."""
        return self.columns

    def holds(self, table: TableData, like: TableData) -> Mask:  # noqa: ARG002
        """Where one side has no value, it does."""
        numbers = {name: numbers_of(table, name) for name in self.columns}
        left, right = self.left.value(numbers), self.right.value(numbers)
        computed = self.left.column is None or self.right.column is None
        slack = ROUNDING * np.maximum(1.0, np.maximum(np.abs(left), np.abs(right))) if computed else 0.0
        broken = left >= right if self.strict else left > right + slack
        return np.asarray(~broken)


@dataclass(frozen=True)
class Combination(Rule):
    """Values of columns that stand together: only what is there together in the data.

    Attributes:
        names: the columns.
        decides: how many of them, the first, say what the others are; 0 for none.
        form: the function that it is written as; "" for an arrow.
    """

    names: tuple[str, ...]
    decides: int = 0
    form: str = "combination"

    kind = "combination"

    @property
    def text(self) -> str:
        """city -> country, or combination(a, b)."""
        parts = [written(name) for name in self.names]
        if self.decides:
            return f"{', '.join(parts[: self.decides])} -> {', '.join(parts[self.decides :])}"
        return f"{self.form}({', '.join(parts)})"

    @property
    def columns(self) -> tuple[str, ...]:
        """All."""
        return self.names

    def holds(self, table: TableData, like: TableData) -> Mask:
        """What is there among the rows that it is like; of an arrow, what the first columns say there."""
        if self.form in ("one_hot", "at_most_one"):
            truths = np.stack([truths_of(table, name) for name in self.names], 1)
            ones = np.nansum(truths, 1)
            known = ~np.isnan(truths).any(1)
            kept = (ones == 1) if self.form == "one_hot" else (ones <= 1)
            return np.asarray(np.where(known, kept, np.isnan(truths).all(1)))
        both = joint_codes([table, like], self.names)
        if not self.decides:
            return np.asarray(np.isin(both[0], both[1]))
        heads = joint_codes([table, like], self.names[: self.decides])
        # The first combination of each head among the rows that it is like.
        order = np.unique(heads[1], return_index=True)
        places = np.searchsorted(order[0], heads[0]).clip(max=len(order[0]) - 1)
        known = order[0][places] == heads[0]
        given = ~np.any([table.cells[name].absent for name in self.names[: self.decides]], axis=0)
        return np.asarray(~known | ~given | (both[0] == both[1][order[1][places]]))


@dataclass(frozen=True)
class Unique(Rule):
    """No two rows have the same values of these columns."""

    names: tuple[str, ...]

    kind = "unique"

    @property
    def text(self) -> str:
        """unique(a, b)."""
        return f"unique({', '.join(map(written, self.names))})"

    @property
    def columns(self) -> tuple[str, ...]:
        """The key."""
        return self.names

    def holds(self, table: TableData, like: TableData) -> Mask:  # noqa: ARG002
        """The first row of each key does."""
        if any(table.column(name).kind == "identifier" for name in self.names):
            return np.ones(len(table), dtype=bool)  # made anew in every row
        kept = np.zeros(len(table), dtype=bool)
        kept[np.unique(joint_codes([table], self.names)[0], return_index=True)[1]] = True
        return kept


@dataclass(frozen=True)
class Missing(Rule):
    """A column has no value exactly where another has none, or has one of some values.

    Attributes:
        target: the column.
        by: the other one.
        values: of the other, as the file has them; () means that it has none.
        other: whether it is all values but those.
    """

    target: str
    by: str
    values: tuple[str, ...] = ()
    other: bool = False

    kind = "missing"

    @property
    def text(self) -> str:
        """missing(a) where b = VALUE."""
        sign = "!=" if self.other else "="
        told = f"{written(self.by)} {sign} {', '.join(self.values)}" if self.values else f"missing({written(self.by)})"
        if self.other and not self.values:
            told = f"present({written(self.by)})"
        return f"missing({written(self.target)}) where {told}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The one that is missing first."""
        return (self.target, self.by)

    def where(self, table: TableData) -> Mask:
        """The rows in which it is to be missing."""
        cells, column = table.cells[self.by], table.column(self.by)
        if not self.values:
            found = cells.absent
        elif isinstance(column, CategoryColumn):
            codes = [column.categories.index(value) for value in self.values if value in column.categories]
            found = np.isin(cells.values, codes)
        else:
            texts = np.array(column.texts(cells), dtype=str)
            found = np.isin(np.char.lower(texts), [value.lower() for value in self.values]) & ~cells.absent
        return np.asarray(~found if self.other else found)

    def holds(self, table: TableData, like: TableData) -> Mask:  # noqa: ARG002
        """Missing there and nowhere else."""
        return np.asarray(table.cells[self.target].absent == self.where(table))


# --- values ---------------------------------------------------------------------------------------------


def is_date(column: Column) -> bool:
    """Whether it holds dates."""
    return isinstance(column, DateColumn)


def unit_of(column: Column) -> float:
    """What a column's values are divided by to be the numbers of rules: seconds become days."""
    return float(DAY) if isinstance(column, DateColumn | TimeColumn | DurationColumn) else 1.0


def numbers_of(table: TableData, name: str) -> Numbers:
    """A column's numbers as they are written, float64 (N,), NaN where there is none; dates are days."""
    column, cells = table.column(name), table.cells[name]
    return settled(column, cells.values) / unit_of(column)


def settled(column: Column, values: Numbers) -> Numbers:
    """Numbers as they are read again once the column has written them."""
    assert isinstance(column, ScaledColumn)
    present = ~np.isnan(values)
    made = np.full(len(values), np.nan)
    made[present] = column.rounded(values[present]) + 0.0
    if isinstance(column, NumberColumn) and step_of(column) == 0:
        digits = column.spelling.significant - 1
        with np.errstate(all="ignore"):
            places = digits - np.floor(np.log10(np.abs(made)))
        scale = 10.0 ** np.where(np.isfinite(places), places, 0).clip(-300, 300)
        made = np.where(np.isfinite(places), np.rint(made * scale) / scale, made)
    return made


def finely(column: Column) -> Column:
    """The column with the steps that its spelling has, not the coarser ones that its values happen to have."""
    if isinstance(column, NumberColumn):
        return replace(column, step=0.0)
    if isinstance(column, DateColumn | TimeColumn | DurationColumn):
        step = column.grain.step
        if column.grain.months or (step and step % DAY == 0):
            return replace(column, grain=Grain(float(DAY)))
        return replace(column, grain=Grain(60.0)) if step and step % 60 == 0 else column
    return column


def step_of(column: Column) -> float:
    """The distance of two neighbouring numbers as they are written, of what is timed in days; 0 where there is none."""
    if isinstance(column, DateColumn | TimeColumn | DurationColumn):
        return (31.0 * DAY if column.grain.months else column.grain.step) / DAY
    if isinstance(column, NumberColumn):
        if column.step:
            return column.step
        spelling = column.spelling
        if spelling.whole or spelling.truths:
            return 1.0
        return float(10.0 ** -spelling.places[1]) if spelling.places and not spelling.exponent else 0.0
    return 0.0


def truths_of(table: TableData, name: str) -> Numbers:
    """1 where a column says yes, 0 where no, NaN where it has no value, (N,).

    Raises:
        DataError: it says something else.
    """
    column, cells = table.column(name), table.cells[name]
    texts = getattr(column, "categories", None) or ((column.text,) if column.kind == "constant" else None)  # type: ignore[attr-defined]
    if texts is not None:
        words = [1.0 if t.lower() in _TRUE else 0.0 if t.lower() in _FALSE else np.nan for t in texts]
        if not np.isnan(words).any():
            found = np.array(words)[np.maximum(cells.values, 0)]
            return np.asarray(np.where(cells.absent, np.nan, found))
    elif column.numeric and np.isin(cells.values[~cells.absent], (0.0, 1.0)).all():
        return cells.values
    raise DataError(f"column {name!r} is {column.described}: a one-hot group has columns of 0 and 1, or False and True")


def joint_codes(tables: Sequence[TableData], names: Sequence[str]) -> list[NDArray[np.int64]]:
    """A number for every row that is the same where all of some columns are, in all of the tables."""
    sizes = [len(table) for table in tables]
    joint = np.zeros(sum(sizes), dtype=np.int64)
    for name in names:
        alike = len({table.column(name) for table in tables}) == 1
        keys = np.concatenate([_keys(table, name, alike=alike) for table in tables])
        own = np.unique(keys, return_inverse=True)[1].astype(np.int64)
        joint = np.unique(joint * (sum(sizes) + 1) + own, return_inverse=True)[1].astype(np.int64)
    return np.split(joint, np.cumsum(sizes)[:-1])


def _keys(table: TableData, name: str, *, alike: bool) -> NDArray[Any]:
    """Texts or numbers that tell a column's values apart; codes where all tables have the same column."""
    column, cells = table.column(name), table.cells[name]
    if alike and isinstance(column, CategoryColumn):
        return cells.values
    if isinstance(column, ScaledColumn):
        values = settled(column, cells.values)
        marks = np.zeros(len(cells)) if cells.marks is None else cells.marks.astype(np.float64)
        # Words in the place of numbers are no numbers, and each is its own.
        return np.where(np.isnan(values), 1e300 * (1 + marks), values)
    return np.array(column.texts(cells), dtype=str)


def as_numbers(table: TableData, names: Sequence[str]) -> TableData:
    """The table in which columns that rules take as numbers are such: a few whole numbers are else categories.

    Raises:
        DataError: one of them holds something else.
    """
    columns, cells = list(table.columns), dict(table.cells)
    for place, column in enumerate(columns):
        if column.name not in names or column.numeric:
            continue
        try:
            texts = column.categories if isinstance(column, CategoryColumn) else (column.text,)  # type: ignore[attr-defined]
            values = np.array([float(text) for text in texts])
        except (AttributeError, ValueError) as error:
            raise DataError(
                f"column {column.name!r} is {column.described}: a rule that computes or compares needs numbers or "
                f"dates; where it holds some, say so with {declared(column.name, 'number')}"
            ) from error
        own = cells[column.name]
        points = [len(text.partition(".")[2]) for text in texts]
        columns[place] = NumberColumn(
            column.name,
            column.pad,
            column.absent,
            column.words,
            column.stored,
            column.dtype,
            float(values.min()),
            float(values.max()),
            NumberSpelling(places=(min(points), max(points)), whole=max(points) == 0),
            of=column.of,
            before=column.before,
            after=column.after,
            digits=column.digits,
            header=column.header,
        )
        cells[column.name] = Cells(np.where(own.absent, np.nan, values[np.maximum(own.values, 0)]), own.marks)
    return replace(table, columns=tuple(columns), cells=cells)


# --- reading --------------------------------------------------------------------------------------------


def read_rules(given: Sequence[str | Mapping[str, Any]], names: Sequence[str]) -> tuple[Rule, ...]:
    """Rules as texts or mappings have them; several texts may stand in one, between semicolons.

    Raises:
        DataError: one can't be read, or names a column that there is not.
    """
    found: list[Rule] = []
    for one in given:
        if isinstance(one, Mapping):
            found += _of_mapping(one, names)
        else:
            for text in filter(None, (part.strip() for part in str(one).split(";"))):
                found += read_rule(text, names)
    return tuple(dict.fromkeys(found))


def read_rule(text: str, names: Sequence[str]) -> list[Rule]:
    """The rule that a text is; two of a <= b <= c. Raises DataError as `read_rules`."""
    plain = plain_signs(text)
    if match := re.fullmatch(r"(unique|one_hot|at_most_one|combination)\s*\((.*)\)", plain):
        return [_group(match[1], _listed(match[2], names), text)]
    if match := re.fullmatch(r"missing\s*\((.*?)\)\s*(?:exactly\s+)?(?:where|if|when)\s+(.*)", plain):
        return [_missing(match[1], match[2], names, text)]
    if "->" in plain:
        heads, _, others = plain.partition("->")
        known = [_listed(side, names) for side in (heads, others)]
        return [Combination((*known[0], *known[1]), len(known[0]))]
    if re.fullmatch(r"\w+\s*\(.*\)", plain):
        raise DataError(f"the rule {text!r} can't be read: write one of {FORMS}")
    return _comparison(plain, names, text)


def _comparison(plain: str, names: Sequence[str], text: str) -> list[Rule]:
    """a <= b < c, or a = b * c."""
    masked, columns = mask(re.sub(r"(?<![<>=!])=(?!=)", "==", plain), names)
    tree = parsed(masked, f"the rule {shortened(text)!r} can't be read: write one of {FORMS}")
    if not isinstance(tree, ast.Compare):
        raise DataError(f"the rule {text!r} compares nothing: write one of {FORMS}")

    def side(node: ast.expr) -> Expression:
        source = ast.unparse(node)
        for number, column in reversed(list(enumerate(columns))):
            source = source.replace(f"column_{number}_", written(column))
        return Expression.read(source, names)

    sides, found = [side(node) for node in (tree.left, *tree.comparators)], list[Rule]()
    for left, sign, right in zip(sides, tree.ops, sides[1:], strict=False):
        if not left.columns and not right.columns:
            raise DataError(f"the rule {text!r} names no column: write one of {FORMS}")
        if isinstance(sign, ast.Eq):
            left, right = (left, right) if left.column else (right, left)
            if left.column is None:
                raise DataError(f"the rule {text!r} has no column alone on one side: write COLUMN = EXPRESSION")
            if left.column in right.columns:
                raise DataError(f"the rule {text!r} has {left.column!r} on both sides: write COLUMN = EXPRESSION")
            found.append(Formula(left.column, right))
        elif isinstance(sign, ast.Lt | ast.LtE):
            found.append(Inequality(left, right, isinstance(sign, ast.Lt)))
        elif isinstance(sign, ast.Gt | ast.GtE):
            found.append(Inequality(right, left, isinstance(sign, ast.Gt)))
        else:
            raise DataError(f"the rule {text!r} can't be read: write one of {FORMS}")
    return found


def _listed(text: str, names: Sequence[str]) -> tuple[str, ...]:
    """Columns between commas; a name that has a comma stands in backticks."""
    parts = re.findall(r"`[^`]*`|[^,`]+", text)
    found = tuple(known_column(part, names) for part in parts if part.strip())
    if not found:
        raise DataError(f"{text!r} names no column: the table has {', '.join(names)}")
    return found


def _group(form: str, names: tuple[str, ...], text: str) -> Rule:
    if len(set(names)) < len(names) or (form != "unique" and len(names) < 2):
        raise DataError(f"the rule {text!r} needs two different columns or more")
    return Unique(names) if form == "unique" else Combination(names, 0, form)


def _missing(target: str, where: str, names: Sequence[str], text: str) -> Rule:
    own = known_column(target, names)
    if match := re.fullmatch(r"(missing|present)\s*\((.*)\)", where):
        return Missing(own, known_column(match[2], names), (), match[1] == "present")
    for name in sorted(names, key=len, reverse=True):
        if match := re.fullmatch(rf"`?{re.escape(name)}`?\s*(!=|==?|\bin\b|\bnot in\b)\s*(.*)", where):
            listed = match[2].strip().strip("()[]")
            values = tuple(part.strip().strip("'\"") for part in listed.split(","))
            return Missing(own, name, values, match[1] in ("!=", "not in"))
    raise DataError(f"the rule {text!r} can't be read: write missing(a) where missing(b), or where b = VALUE")


def _of_mapping(given: Mapping[str, Any], names: Sequence[str]) -> list[Rule]:
    """{unique: [a, b]}, {missing: a, where: {b: [x, y]}}, {total: rate * nights} …"""
    rest = dict(given)
    if "missing" in rest and "where" in rest and len(rest) == 2:
        own, where = known_column(str(rest["missing"]), names), rest["where"]
        if isinstance(where, str):
            return [_missing(own, where, names, str(given))]
        by, values = next(iter(where.items()))
        if by == "missing":
            return [Missing(own, known_column(str(values), names))]
        listed = [values] if isinstance(values, str | int | float | bool) else list(values)
        return [Missing(own, known_column(str(by), names), tuple(map(str, listed)))]
    if len(rest) != 1:
        raise DataError(f"the rule {dict(given)} can't be read: write one of {FORMS}")
    key, value = next(iter(rest.items()))
    if key in ("unique", "one_hot", "at_most_one", "combination"):
        listed = [value] if isinstance(value, str) else list(value)
        return [_group(key, tuple(known_column(str(name), names) for name in listed), str(dict(given)))]
    if key in ("inequality", "increasing"):
        sides = [written(known_column(str(name), names)) for name in value]
        return read_rule((" <= " if key == "inequality" else " < ").join(sides), names)
    if key == "rule":
        return read_rule(str(value), names)
    target = known_column(str(key), names)
    return [Formula(target, Expression.read(str(value), names))]


def with_rules(table: TableData, given: Sequence[str | Mapping[str, Any]]) -> TableData:
    """The table with rules that all of its rows keep.

    Raises:
        DataError: a rule can't be read, or rows break it; says how many and which.
    """
    rules = read_rules(given, [column.name for column in table.columns])
    for rule in rules:
        for name in rule.columns:
            kind = table.column(name).kind
            if kind == "identifier" and not isinstance(rule, Unique):
                raise DataError(
                    f"the rule {rule.text!r}: column {name!r} is taken for an identifier and is not learnt; where it "
                    f"is none, say so with {declared(name, 'number')}, or date, or category"
                )
    table = as_numbers(table, [name for rule in rules for name in rule.numeric()])
    for rule in rules:
        broken = np.flatnonzero(~rule.holds(table, table))
        if len(broken):
            raise DataError(_told_broken(rule, table, broken))
    return replace(table, rules=rules)


def keeps(table: TableData, text: str) -> bool:
    """Whether all rows of a table keep a rule."""
    try:
        with_rules(table, [text])
    except DataError:
        return False
    return True


def _told_broken(rule: Rule, table: TableData, broken: NDArray[Any]) -> str:
    row = table.take(broken[:1])
    texts = [f"{name} = {column_text(row, name) or 'no value'}" for name in rule.columns]
    share = len(broken) / len(table)
    return (
        f"the rule {rule.text!r} does not hold: {len(broken):,} of {len(table):,} rows break it "
        f"({max(share, 0.0001):.2%}), as row {broken[0] + 1:,} with {', '.join(texts)}. Mend or leave out those rows, "
        f"or leave the rule out"
    )


def column_text(table: TableData, name: str) -> str:
    """The text of a column in the first row."""
    return str(table.column(name).texts(table.cells[name])[0])
