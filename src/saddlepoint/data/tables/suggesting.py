"""Rules that all rows of a table keep and that are no accident: what a user may want to declare.

Each candidate is found in a sample, must hold in every row, and must be broken often where one of its columns is
shuffled: what holds for any rows, as an age below a salary, is no rule.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations, permutations

import numpy as np
from numpy.typing import NDArray

from saddlepoint.core import seed_for
from saddlepoint.data.images import DataError
from saddlepoint.data.tables.columns import CategoryColumn, Column, NumberColumn, ScaledColumn
from saddlepoint.data.tables.expressions import FUNCTIONS, Expression, Numbers, written
from saddlepoint.data.tables.rules import (
    Combination,
    Formula,
    Inequality,
    Mask,
    Missing,
    Rule,
    Unique,
    as_numbers,
    finely,
    is_date,
    joint_codes,
    numbers_of,
    step_of,
    truths_of,
)
from saddlepoint.data.tables.table import TableData

Codes = NDArray[np.int64]
#: Rows in which candidates are looked for, and the fewest that tell anything.
SEARCHED, FEWEST = 2_000, 50
#: Rows in which candidates are looked at, at most.
MOST = 200_000
#: Rows that shuffling has to break, and the share of them that it has to break of an inequality.
BROKEN, SHARE = 10, 0.05
#: Columns of numbers among which formulas are looked for, at most; among fewer also sums with a product in them.
WIDE, NARROW = 40, 12
#: Terms of a sum, at most.
TERMS = 12
#: Different values of a column that is combined with others, at most.
VALUES = 5_000


def suggested_rules(table: TableData) -> tuple[Rule, ...]:
    """Rules that all rows keep, formulas first; none of a table of fewer than fifty rows."""
    if len(table) < FEWEST:
        return ()
    if len(table) > MOST:
        table = table.take(np.sort(np.random.default_rng(0).permutation(len(table))[:MOST]))
    search = _Search(table)
    formulas = search.formulas()
    hot = search.one_hot()
    grouped = {name for rule in hot for name in rule.columns}
    found = [
        *formulas,
        *search.inequalities(formulas),
        *hot,
        *search.combinations(grouped | {rule.target for rule in formulas}),
        *search.missing(grouped | {rule.target for rule in formulas}),
        *search.keys(grouped | {rule.target for rule in formulas}),
    ]
    return tuple(found)


class _Search:
    """Looks at a table, columns that hold a few whole numbers taken for numbers."""

    def __init__(self, table: TableData) -> None:
        self.original = table
        numeric = [column.name for column in table.columns if _is_numeric(column)]
        self.table = as_numbers(table, numeric)
        rows = np.random.default_rng(seed_for(0, "suggestions")).permutation(len(table))[:SEARCHED]
        self.sample = self.table.take(np.sort(rows))
        self.numbers = {
            name: values
            for name in numeric
            if len(np.unique((values := numbers_of(self.sample, name))[~np.isnan(values)])) > 1
        }

    def _sure(self, rule: Rule) -> bool:
        """Whether every row keeps it."""
        return bool(rule.holds(self.table, self.table).all())

    # --- formulas -----------------------------------------------------------------------------------------

    def formulas(self) -> list[Formula]:
        """Each column at most once, so that none follows from itself."""
        names = [*self.numbers][:WIDE]
        found: list[Formula] = []
        done: set[str] = set()
        for target in reversed(names):
            others = [name for name in self.numbers if name != target and name not in done][:WIDE]
            for text in self._candidates(target, others):
                rule = Formula(target, Expression.read(text, list(self.numbers)))
                if self._sure(rule) and self._broken(rule):
                    found.append(rule)
                    done.add(target)
                    break
        return found[::-1]

    def _broken(self, rule: Formula) -> bool:
        """Whether shuffling the target breaks it in half of the rows."""
        order = np.random.default_rng(0).permutation(len(self.sample))
        cells = {**self.sample.cells, rule.target: self.sample.cells[rule.target].take(order)}
        return bool((~rule.holds(replace(self.sample, cells=cells), self.sample)).mean() > 0.25)

    def _candidates(self, target: str, others: Sequence[str]) -> Iterator[str]:
        """Expressions that may be it, the simplest first."""
        column = self.table.column(target)
        t, step = self.numbers[target], step_of(finely(column))
        present = ~np.isnan(t)
        spread = float(np.ptp(t[present]))
        if spread == 0 or present.sum() < FEWEST:
            return
        dates = [name for name in others if is_date(self.table.column(name))]
        yield from self._calendar(t, step, dates)
        if step > 0.3 * spread or _is_binary(t):
            return
        yield from self._pairs(t, others)
        for name in others:
            yield from self._linear(target, [name], None)
        yield from self._linear(target, others, None)
        plain = [name for name in others if name not in dates]
        if is_date(column):
            return
        yield from self._products(t, step, plain)
        if len(plain) <= NARROW:
            for pair in combinations([name for name in plain if not _is_binary(self.numbers[name])], 2):
                yield from self._linear(target, plain, pair)

    def _calendar(self, t: Numbers, step: float, dates: Sequence[str]) -> Iterator[str]:
        if step != 1.0:
            return
        for name in dates:
            for part in ("year", "month", "day", "weekday", "hour"):
                found = FUNCTIONS[part](self.numbers[name])
                for sign, form in ((1, "{part}{rest}"), (-1, "{shift:.0f} - {part}")):
                    off = t - sign * found
                    off = off[~np.isnan(off)]
                    if len(off) >= FEWEST and np.ptp(off) == 0 and (sign == 1 or off[0] > 0):
                        rest = f" {'+' if off[0] > 0 else '-'} {abs(off[0]):.0f}" if off[0] else ""
                        yield form.format(part=f"{part}({written(name)})", rest=rest, shift=off[0])
        for first, last in permutations(dates, 2):
            off = t - FUNCTIONS["years"](self.numbers[first], self.numbers[last])
            if (np.nan_to_num(off) == 0).all() and (~np.isnan(off)).sum() >= FEWEST:
                yield f"years({written(first)}, {written(last)})"

    def _pairs(self, t: Numbers, others: Sequence[str]) -> Iterator[str]:
        """a + b and a - b, without any rounding."""
        for a, b in permutations(others, 2):
            for sign in "+-":
                if sign == "+" and a > b:
                    continue
                off = t - (self.numbers[a] + self.numbers[b] * (1 if sign == "+" else -1))
                known = off[~np.isnan(off)]
                dates = [is_date(self.table.column(name)) for name in (a, b)]
                if dates[1] and (sign == "+" or not dates[0]):
                    continue
                if len(known) >= FEWEST and np.abs(known).max() <= 4e-9 * max(1.0, float(np.nanmax(np.abs(t)))):
                    yield f"{written(a)} {sign} {written(b)}"

    def _linear(self, target: str, others: Sequence[str], product: tuple[str, str] | None) -> Iterator[str]:
        """A weighted sum of as few columns as do, and a product among them where one is given."""
        t, column = self.numbers[target], self.table.column(target)
        texts = {name: written(name) for name in others}
        values = {name: self.numbers[name] for name in others}
        if product is not None:
            label = " * ".join(map(written, product))
            texts[label], values[label] = label, self.numbers[product[0]] * self.numbers[product[1]]
        known = [name for name in texts if np.isnan(values[name]).mean() < 0.5]
        rows = ~np.isnan(t)
        for name in known:
            rows &= ~np.isnan(values[name])
        if rows.sum() < max(FEWEST, 4 * len(known)) or not known:
            return
        y = t[rows]
        x = np.stack([values[name][rows] for name in known], 1)
        step = step_of(finely(column))
        slack = 0.5 * step + 4e-9 * float(np.abs(y).max())
        kept = _fewest(x, y, slack)
        if kept is None or not 0 < len(kept) <= TERMS:
            return
        if product is not None and known.index(label) not in kept:
            return
        names = [known[place] for place in kept]
        weights, _ = _solved(x[:, kept], y)
        dated = sum(
            w for w, name in zip(weights, names, strict=True) if name in others and is_date(self.table.column(name))
        )
        if abs(dated - is_date(column)) > 1e-6:
            return
        for digits in range(8):
            rounded = np.round(weights, digits)
            left = y - x[:, kept] @ rounded
            if not rounded.all() or np.ptp(left) > 2.04 * slack + 1e-12:
                continue
            least, most, near = float(left.min()), float(left.max()), slack - step / 2
            ends = {
                "": (most - step / 2 - near, least + step / 2 + near),
                "floor": (most, least + step * (1 - 1e-6)),
                "ceil": (most - step * (1 - 1e-6), least),
            }
            forms = ends if 0 < step <= 1 else [""]
            constants = {form: _simplest(*ends[form]) for form in forms if ends[form][0] <= ends[form][1]}
            for form, constant in sorted(constants.items(), key=lambda pair: (len(_short(abs(pair[1]))), pair[1] != 0)):
                text = _sum([texts[name] for name in names], rounded, constant, digits)
                places = round(-np.log10(step)) if step else 0
                yield f"{form}({text}{f', {places}' if places else ''})" if form else text
            if constants:
                return

    def _products(self, t: Numbers, step: float, names: Sequence[str]) -> Iterator[str]:
        """c · a · b, c · a / b, and prices with a share more or less."""
        factors = {written(name): self.numbers[name] for name in names}
        shares = {
            f"({sign.format(written(name))})": value
            for name in names
            for sign, value in (
                ("1 - {}", 1 - self.numbers[name]),
                ("1 + {}", 1 + self.numbers[name]),
                ("1 - {} / 100", 1 - self.numbers[name] / 100),
                ("1 + {} / 100", 1 + self.numbers[name] / 100),
            )
        }
        for (a, x), (b, y) in combinations(factors.items(), 2):
            yield from _scaled(t, x * y, step, f"{a} * {b}")
        for (a, x), (b, y) in permutations(factors.items(), 2):
            with np.errstate(all="ignore"):
                yield from _scaled(t, np.where(y != 0, x / y, np.nan), step, f"{a} / {b}")
        for a, x in factors.items():
            for b, y in shares.items():
                if a not in b:
                    yield from _scaled(t, x * y, step, f"{a} * {b}", own=True)
        if len(names) <= 2 * NARROW:
            for (a, x), (b, y) in combinations(factors.items(), 2):
                for c, z in factors.items():
                    for sign, off in (("+", t - x * y - z), ("-", t - x * y + z)):
                        known = np.abs(off[~np.isnan(off)])
                        if len(known) >= FEWEST and known.max() <= 0.5 * step + 4e-9 * np.nanmax(np.abs(t)):
                            yield f"{a} * {b} {sign} {c}"
            for (a, x), (b, y) in combinations(factors.items(), 2):
                pair = x * y
                for c, z in (*factors.items(), *shares.items()):
                    if a not in c and b not in c:
                        yield from _scaled(t, pair * z, step, f"{a} * {b} * {c}", own=True)

    # --- inequalities ---------------------------------------------------------------------------------------

    def inequalities(self, formulas: Sequence[Formula]) -> list[Inequality]:
        """Those from which the others follow."""
        implied = {
            frozenset((rule.target, name))
            for rule in formulas
            for name in rule.expression.columns
            if not is_date(self.table.column(rule.target))
        }
        names = list(self.numbers)
        below: dict[tuple[str, str], Inequality] = {}
        for a, b in permutations(names, 2):
            if self.table.column(a).kind != self.table.column(b).kind:
                continue
            x, y = self.numbers[a], self.numbers[b]
            if _is_binary(x) or _is_binary(y):
                continue
            both = ~np.isnan(x) & ~np.isnan(y)
            if both.sum() < FEWEST or (x[both] > y[both]).any() or (x[both] == y[both]).all():
                continue
            ordered = np.sort(y[both])
            share = float(np.searchsorted(ordered, x[both], side="left").mean() / len(ordered))
            if share < SHARE or share * both.sum() < BROKEN:
                continue
            strict = self._differ(a, b)
            sides = [Expression.read(written(name), names) for name in (a, b)]
            rule = Inequality(sides[0], sides[1], strict)
            if self._sure(rule):
                below[a, b] = rule
        longer = {(a, c) for a, b in below for b2, c in below if b == b2}
        return [rule for pair, rule in below.items() if pair not in longer and frozenset(pair) not in implied]

    def _differ(self, a: str, b: str) -> bool:
        """Whether two columns are never equal, though their least distance is frequent."""
        step = max(step_of(self.table.column(a)), step_of(self.table.column(b)))
        off = numbers_of(self.table, b) - numbers_of(self.table, a)
        off = off[~np.isnan(off)]
        return bool(step and not (off == 0).any() and (np.abs(off - step) < step / 2).sum() >= BROKEN)

    # --- categories -------------------------------------------------------------------------------------------

    def one_hot(self) -> list[Combination]:
        """Groups of yes and no with one yes at most, by the beginning of their names, or all of them."""
        truths: dict[str, Numbers] = {}
        for column in self.original.columns:
            try:
                if column.kind != "identifier" and _maybe_binary(column):
                    truths[column.name] = truths_of(self.original, column.name)
            except DataError:
                continue
        groups: dict[str, list[str]] = {}
        for name in truths:
            cut = max(name.rfind(sign) for sign in "_.=-: ")
            if cut > 0:
                groups.setdefault(name[:cut], []).append(name)
        found: list[Combination] = []
        for names in (*groups.values(), [name for name in truths if all(name not in g for g in groups.values())]):
            own = [name for name in names if np.nanmax(truths[name], initial=0) == 1]
            if len(own) < 2:
                continue
            values = np.stack([truths[name] for name in own], 1)
            known = values[~np.isnan(values).any(1)]
            sums = known.sum(1)
            if not len(known) or sums.max() != 1:
                continue
            # Pairs that would both be yes in the same row by chance.
            shares = known.mean(0)
            chance = (shares.sum() ** 2 - (shares**2).sum()) / 2 * len(known)
            form = "one_hot" if sums.min() == 1 else "at_most_one"
            rule = Combination(tuple(own), 0, form)
            if chance >= BROKEN and (len(own) > 2 or form == "one_hot") and self._sure_of(rule):
                found.append(rule)
        return found

    def _sure_of(self, rule: Rule) -> bool:
        return bool(rule.holds(self.original, self.original).all())

    def combinations(self, without: set[str]) -> list[Combination]:
        """What decides what, without what follows; and pairs of which half are never there."""
        names = [
            column.name
            for column in self.original.columns
            if column.name not in without and column.kind not in ("constant", "identifier")
        ]
        sample = self.original.take(np.arange(min(len(self.original), 10 * SEARCHED)))
        order = np.random.default_rng(0).permutation(len(sample))
        codes: dict[str, tuple[Codes, int]] = {}
        for name in names:
            own = joint_codes([sample], [name])[0]
            count = len(np.unique(own))
            if 1 < count <= min(VALUES, 0.3 * len(sample)):
                codes[name] = own, count
        decided: dict[tuple[str, str], None] = {}
        mixed: list[Combination] = []
        for a, b in permutations(codes, 2):
            (x, many), (y, few) = codes[a], codes[b]
            if many < few or sample.cells[b].absent.mean() > 0.5:
                continue
            pairs = len(np.unique(x * (few + 1) + y))
            chance = len(np.unique(x * (few + 1) + y[order]))
            if _undecided(x, y, known := ~sample.cells[a].absent) == 0:
                shuffled = y.copy()
                shuffled[known] = np.random.default_rng(0).permutation(y[known])
                accident = _undecided(x, shuffled, known) < max(BROKEN, SHARE * known.sum())
                mutual = many == few and (b, a) in decided
                if not accident and not mutual and self._sure_of(Combination((a, b), 1)):
                    decided[a, b] = None
            elif a < b and 2 * pairs <= chance and pairs * 5 <= len(sample) and min(many, few) > 2:
                mixed.append(Combination((a, b)))
        longer = {(a, c) for a, b in decided for b2, c in decided if b == b2}
        kept = [pair for pair in decided if pair not in longer]
        arrows = [Combination(pair, 1) for pair in kept]
        arrowed = {frozenset(pair) for pair in decided}
        return [*arrows, *(rule for rule in mixed if frozenset(rule.names) not in arrowed)]

    def missing(self, without: set[str]) -> list[Missing]:
        """Where a column is missing exactly where another says so."""
        table, found = self.original, list[Missing]()
        gaps = {
            column.name: table.cells[column.name].absent
            for column in table.columns
            if column.kind not in ("constant", "identifier")
        }
        for place, (name, own) in enumerate(gaps.items()):
            if name in without or min(own.sum(), (~own).sum()) < BROKEN:
                continue
            rule = next(self._deciding(name, own), None)
            if rule is None:
                same = next((o for o in list(gaps)[:place] if o not in without and (gaps[o] == own).all()), None)
                rule = None if same is None else Missing(name, same)
            if rule is not None and self._sure_of(rule):
                found.append(rule)
        return found

    def _deciding(self, name: str, gone: Mask) -> Iterator[Missing]:
        """Columns of a few categories, each of which has all missing, or none."""
        for column in self.original.columns:
            if column.name == name or not isinstance(column, CategoryColumn) or len(column.categories) > 50:
                continue
            cells = self.original.cells[column.name]
            if cells.absent.any():
                continue
            counts = np.bincount(cells.values, minlength=len(column.categories))
            missing = np.bincount(cells.values[gone], minlength=len(column.categories))
            if ((missing == 0) | (missing == counts)).all() and counts[counts > 0].min() >= 3:
                values = tuple(
                    text for text, m, c in zip(column.categories, missing, counts, strict=True) if m and m == c
                )
                yield Missing(name, column.name, values)

    def keys(self, without: set[str]) -> list[Unique]:
        """Pairs of columns that name a row, though neither does alone."""
        table, found = self.original, list[Unique]()
        order = np.random.default_rng(0).permutation(len(table))
        codes = {}
        for column in table.columns:
            if column.name not in without and column.kind not in ("constant", "identifier"):
                own = joint_codes([table], [column.name])[0]
                if 1 < len(np.unique(own)) <= 0.5 * len(table) and not table.cells[column.name].absent.any():
                    codes[column.name] = own
        n = len(table)
        for a, b in combinations(codes, 2):
            x, y = codes[a], codes[b]
            if len(np.unique(x[: SEARCHED // 4] * n + y[: SEARCHED // 4])) < len(x[: SEARCHED // 4]):
                continue
            if len(np.unique(x * n + y)) == n and n - len(np.unique(x * n + y[order])) >= BROKEN:
                found.append(Unique((a, b)))
        return found


def _is_numeric(column: Column) -> bool:
    if column.numeric:
        return isinstance(column, ScaledColumn)
    if not isinstance(column, CategoryColumn) or column.stored == "bool":
        return False
    try:
        return all(np.isfinite(float(text)) for text in column.categories)
    except ValueError:
        return False


def _maybe_binary(column: Column) -> bool:
    if isinstance(column, CategoryColumn):
        return len(column.categories) <= 2
    return isinstance(column, NumberColumn) and (column.low, column.high) == (0.0, 1.0)


def _is_binary(values: Numbers) -> bool:
    return bool(np.isin(values[~np.isnan(values)], (0.0, 1.0)).all())


def _undecided(x: Codes, y: Codes, rows: Mask) -> int:
    """Rows whose y is not the most frequent one beside their x."""
    pairs, counts = np.unique(x[rows] * (int(y.max()) + 1) + y[rows], return_counts=True)
    most = np.zeros(int(x.max()) + 1, dtype=np.int64)
    np.maximum.at(most, pairs // (int(y.max()) + 1), counts)
    return int(rows.sum() - most.sum())


def _solved(x: Numbers, y: Numbers) -> tuple[Numbers, float]:
    """Weights and a constant of least squares."""
    centre, spread = x.mean(0), x.std(0)
    spread = np.where(spread > 0, spread, 1.0)
    weights = np.linalg.lstsq((x - centre) / spread, y - y.mean(), rcond=None)[0] / spread
    return weights, float(y.mean() - centre @ weights)


def _fewest(x: Numbers, y: Numbers, slack: float) -> list[int] | None:
    """Which columns do for y = w·x + c up to a slack; None where all together don't."""

    def fits(places: Sequence[int]) -> bool:
        if not places:
            return bool(np.ptp(y) <= 2 * slack)
        weights, rest = _solved(x[:, places], y)
        off = y - x[:, places] @ weights - rest
        return float(np.abs(off).max()) <= 2.0 * slack + 1e-9 * float(np.abs(y - y.mean()).max())

    kept = [place for place in range(x.shape[1]) if x[:, place].std() > 0]
    if not fits(kept):
        return None
    weights, _ = _solved(x[:, kept], y)
    weight = dict(zip(kept, np.abs(weights) * x[:, kept].std(0), strict=True))
    for place in sorted(kept, key=lambda place: (weight[place], -place)):
        less = [other for other in kept if other != place]
        if fits(less):
            kept = less
    return kept


def _simplest(low: float, high: float) -> float:
    """The number of the fewest digits from low to high."""
    for digits in range(10):
        short = round((low + high) / 2, digits)
        for value in (0.0, short):
            if low - 1e-12 <= value <= high + 1e-12:
                return value
    return (low + high) / 2


def _sum(texts: Iterable[str], weights: Numbers, constant: float, digits: int) -> str:
    """a + 2 * b - c + 3, what is added first."""
    made = ""
    for weight, text in sorted(zip(weights, texts, strict=True), key=lambda pair: pair[0] < 0):
        size = abs(round(float(weight), digits))
        term = text if size == 1 else f"{_short(size)} * {text}"
        made += (f" {'-' if weight < 0 else '+'} " if made else ("-" if weight < 0 else "")) + term
    if made.startswith("-") and constant > 0:
        return f"{_short(constant)} - {made[1:]}"
    return made + (f" {'-' if constant < 0 else '+'} {_short(abs(constant))}" if constant else "")


def _short(value: float) -> str:
    return f"{value:.10g}"


def _scaled(t: Numbers, product: Numbers, step: float, text: str, own: bool = False) -> Iterator[str]:
    """c · product where that is t up to its rounding; only c = 1 where `own`."""
    rows = ~np.isnan(t) & ~np.isnan(product)
    if rows.sum() < FEWEST:
        return
    y, x = t[rows], product[rows]
    square = float(x @ x)
    if square == 0 or np.ptp(x) == 0:
        return
    scale = 1.0 if own else float(x @ y) / square
    slack = 0.5 * step * 1.000001 + 4e-9 * float(np.abs(y).max())
    if scale == 0 or np.abs(y - scale * x).max() > 2 * slack + 1e-9:
        if step and scale > 0:  # rounded downwards or upwards
            for form, low, high in (("floor", 0.0, step), ("ceil", -step, 0.0)):
                off = x - y
                if ((off >= low - 1e-9) & (off <= high + 1e-9)).all() and step <= 1:
                    places = round(-np.log10(step))
                    yield f"{form}({text}{f', {places}' if places else ''})"
        return
    for digits in range(8):
        short = float(f"{scale:.{digits + 1}g}")
        if np.abs(y - short * x).max() <= slack:
            yield text if short == 1 else f"{_short(short)} * {text}"
            return
