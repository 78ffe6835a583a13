"""Arithmetic on the columns of a table, read from text: `round(rate * nights, 2)`."""

import ast
import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saddlepoint.data.images import DataError

Numbers = NDArray[np.float64]
#: Signs as people type them, and as they are read.
_SIGNS = {"≤": "<=", "≥": ">=", "×": "*", "·": "*", "÷": "/", "−": "-", "≠": "!=", "→": "->"}
_PLAIN_NAME = re.compile(r"[^\W\d]\w*")
_PLACEHOLDER = "column_{}_"
#: Decimals of a rounding, and how deep an expression may be nested.
LARGEST, DEEPEST = 30, 200


def written(name: str) -> str:
    """A column's name as it stands in an expression: in backticks where it is no plain word.

    >>> written("rate"), written("check in")
    ('rate', '`check in`')
    """
    return name if _PLAIN_NAME.fullmatch(name) else f"`{name}`"


def plain_signs(text: str) -> str:
    """A text with the signs of a keyboard."""
    for sign, plain in _SIGNS.items():
        text = text.replace(sign, plain)
    return text.strip()


def known_column(name: str, names: Sequence[str]) -> str:
    """A column's name as the table has it; backticks and spaces around it don't count.

    Raises:
        DataError: there is no such column; names the nearest.
    """
    bare = name.strip().strip("`")
    for known in (name.strip(), bare):
        if known in names:
            return known
    near = difflib.get_close_matches(bare, names, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"the table has {', '.join(names)}"
    raise DataError(f"there is no column {bare!r}: {hint}")


# --- functions -----------------------------------------------------------------------------------------


def _calendar(days: Numbers, unit: str) -> Numbers:
    """A part of the date that lies so many days after 1970-01-01."""
    present = np.isfinite(days)
    moments = np.round(np.where(present, days, 0.0) * 86_400).astype("datetime64[s]")
    months = moments.astype("datetime64[M]")
    parts: dict[str, Callable[[], Any]] = {
        "year": lambda: months.astype("datetime64[Y]").astype(np.int64) + 1970,
        "month": lambda: months.astype(np.int64) % 12 + 1,
        "day": lambda: (moments.astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.int64) + 1,
        "weekday": lambda: (moments.astype("datetime64[D]").astype(np.int64) + 3) % 7,
        "hour": lambda: moments.astype(np.int64) // 3600 % 24,
    }
    return np.where(present, parts[unit]().astype(np.float64), np.nan)


def _part(unit: str) -> Callable[..., Numbers]:
    return lambda days: _calendar(days, unit)


def _years(first: Numbers, last: Numbers) -> Numbers:
    """Full years from one date to another: an age."""
    a, b = ({unit: _calendar(days, unit) for unit in ("year", "month", "day")} for days in (first, last))
    early = (b["month"] < a["month"]) | ((b["month"] == a["month"]) & (b["day"] < a["day"]))
    return b["year"] - a["year"] - np.where(np.isnan(a["year"] + b["year"]), np.nan, early)


def _scaled(function: Callable[[Numbers], Numbers]) -> Callable[..., Numbers]:
    """A rounding to so many decimals; fewer than none rounds to tens, hundreds …"""

    def rounded(values: Numbers, places: Any = 0) -> Numbers:
        scale = 10.0 ** np.asarray(places)
        # A sum of decimals lies a hair beside the number it stands for: 0.29 · 100 is 28.999999999999996.
        return function(np.round(values * scale, 7)) / scale

    return rounded


def _decimals(places: Any) -> int:
    found = float(np.max(places))
    if not -LARGEST <= found <= LARGEST:
        raise DataError(f"round(…) to {found:g} decimals: give a whole number from -{LARGEST} to {LARGEST}")
    return int(found)


#: What an expression may call. Dates are days since 1970-01-01.
FUNCTIONS: Mapping[str, Callable[..., Numbers]] = {
    "round": lambda values, places=0: np.asarray(np.round(values, _decimals(places)), dtype=np.float64),
    "floor": _scaled(np.floor),
    "ceil": _scaled(np.ceil),
    "abs": np.abs,
    "min": lambda *values: np.minimum.reduce(np.broadcast_arrays(*values)),
    "max": lambda *values: np.maximum.reduce(np.broadcast_arrays(*values)),
    "years": _years,
    **{unit: _part(unit) for unit in ("year", "month", "day", "weekday", "hour")},
}
_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
}
#: Parts of a syntax tree that are arithmetic.
_ARITHMETIC = (ast.Name, ast.BinOp, ast.UnaryOp, ast.UAdd, ast.USub, ast.Load, *_OPERATORS)


@dataclass(frozen=True)
class Expression:
    """Numbers computed from the columns of a row.

    Attributes:
        text: as it is written.
        columns: that it needs.

    >>> round_trip = Expression.read("round(rate * nights, 2)", ["rate", "nights"])
    >>> round_trip.value({"rate": np.array([9.99]), "nights": np.array([3.0])})
    array([29.97])
    """

    text: str
    columns: tuple[str, ...]

    @staticmethod
    def read(text: str, names: Sequence[str]) -> "Expression":
        """An expression of columns of these names; the longest name that stands in a place is meant.

        Raises:
            DataError: it can't be read, or names no column or function.
        """
        masked, columns = mask(plain_signs(text), names)
        expression = Expression(text.strip(), tuple(columns))
        _check(expression._tree(masked, columns), columns, text, names)
        try:  # functions that are given too few or too many numbers
            expression.value(dict.fromkeys(columns, np.ones(1)))
        except (TypeError, ValueError, ArithmeticError) as error:
            raise DataError(f"{shortened(text)!r} can't be computed ({error}): see what its functions take") from error
        return expression

    def _tree(self, masked: str, columns: Sequence[str]) -> ast.expr:  # noqa: ARG002
        return parsed(
            masked,
            f"{shortened(self.text)!r} is no expression: write columns, numbers, + - * / and round(…), names that are "
            f"no plain words in backticks",
        )

    @cached_property
    def tree(self) -> ast.expr:
        """Its syntax, columns as placeholders."""
        masked, _ = mask(plain_signs(self.text), self.columns)
        return self._tree(masked, self.columns)

    @property
    def column(self) -> str | None:
        """The column's name where it is nothing but a column."""
        return self.columns[0] if isinstance(self.tree, ast.Name) else None

    @property
    def rounding(self) -> "tuple[str, Expression, int] | None":
        """The outermost rounding: its function, what is rounded, and to how many decimals; None where there is none."""
        tree = self.tree
        if not (isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.args):
            return None
        if tree.func.id not in ("round", "floor", "ceil"):
            return None
        places = _decimals(self._value(tree.args[1], {})) if len(tree.args) > 1 else 0
        inner = ast.unparse(tree.args[0])
        for number, column in reversed(list(enumerate(self.columns))):
            inner = inner.replace(_PLACEHOLDER.format(number), f"`{column}`")
        return tree.func.id, Expression.read(inner, self.columns), places

    def value(self, numbers: Mapping[str, Numbers]) -> Numbers:
        """Of every row; NaN where a column has none, or where the arithmetic has no answer."""
        with np.errstate(all="ignore"):
            found = np.asarray(self._value(self.tree, numbers), dtype=np.float64)
        return np.where(np.isfinite(found), found, np.nan)

    def _value(self, node: ast.expr, numbers: Mapping[str, Numbers]) -> Any:
        if isinstance(node, ast.Constant):
            return _literal(node.value)
        if isinstance(node, ast.Name):
            return numbers[self.columns[int(node.id.split("_")[1])]]
        if isinstance(node, ast.UnaryOp):
            inner = self._value(node.operand, numbers)
            return -inner if isinstance(node.op, ast.USub) else inner
        if isinstance(node, ast.BinOp):
            left, right = (self._value(side, numbers) for side in (node.left, node.right))
            return _OPERATORS[type(node.op)](left, right)
        assert isinstance(node, ast.Call)
        assert isinstance(node.func, ast.Name)
        return FUNCTIONS[node.func.id](*(self._value(argument, numbers) for argument in node.args))


def _literal(value: Any) -> float:
    """A number, or the days of a date in quotes."""
    if isinstance(value, str):
        return float(np.datetime64(value, "s").astype(np.int64)) / 86_400
    return float(value)


def parsed(text: str, refusal: str) -> ast.expr:
    """The syntax of a text. Raises DataError with the refusal where it has none, or is nested too deep."""
    try:
        found = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise DataError(refusal) from error
    level: list[ast.AST] = [found]
    for _ in range(DEEPEST):
        level = [inner for each in level for inner in ast.iter_child_nodes(each)]
        if not level:
            return found
    raise DataError(f"{refusal}; at most {DEEPEST} deep")


def shortened(text: str) -> str:
    """The beginning of a text, for messages."""
    return text if len(text) <= 200 else f"{text[:200]} …"


def mask(text: str, names: Sequence[str]) -> tuple[str, list[str]]:
    """A text in which every column is `column_0_`, `column_1_` …, and the names of those."""
    found: list[str] = []

    def placed(match: re.Match[str]) -> str:
        name = match.group("quoted") or match.group("bare")
        if name not in names:
            raise DataError(f"there is no column {name!r}: the table has {', '.join(names)}")
        if name not in found:
            found.append(name)
        return _PLACEHOLDER.format(found.index(name))

    longest = sorted((name for name in names if name), key=len, reverse=True)
    # A word before an opening bracket is a function, whatever columns are called.
    bare = "|".join(rf"(?<!\w){re.escape(name)}(?!\w)(?!\s*\()" for name in longest) or r"(?!)"
    # Strings in quotes are dates and hold no names.
    parts = re.split(r"('[^']*'|\"[^\"]*\")", text)
    pattern = re.compile(rf"`(?P<quoted>[^`]*)`|(?P<bare>{bare})")
    parts[::2] = [pattern.sub(placed, part) for part in parts[::2]]
    return "".join(parts), found


def _check(node: ast.expr, columns: Sequence[str], text: str, names: Sequence[str]) -> None:
    """Raise DataError for anything but arithmetic."""
    known = {_PLACEHOLDER.format(number) for number in range(len(columns))}
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and part.id not in known:
            if part.id in FUNCTIONS:
                continue
            known_column(part.id, [*names, *FUNCTIONS])
        elif isinstance(part, ast.Constant):
            try:
                _literal(part.value)
            except (TypeError, ValueError, OverflowError) as error:
                raise DataError(
                    f"{shortened(str(part.value))!r} in {shortened(text)!r} is no number, and no date as '2024-01-31'"
                ) from error
        elif isinstance(part, ast.Call):
            if not isinstance(part.func, ast.Name) or part.func.id not in FUNCTIONS or part.keywords:
                raise DataError(f"{text!r} calls what there is not: the functions are {', '.join(FUNCTIONS)}")
        elif not isinstance(part, _ARITHMETIC):
            raise DataError(f"{text!r} is no arithmetic of columns: write columns, numbers, + - * / and round(…)")
