"""Attacks on generated rows: what who holds them finds out about the people behind the training rows.

Written by Giomi, Boenisch, Wehmeyer, Tasnádi 2023, "A Unified Framework for Quantifying Privacy Risk in Synthetic
Data", PoPETs 2023, arXiv 2211.10459, whose own library, anonymeter, needs NumPy below 1.27. The same attack is made on
training rows, at the rate r, and on as many rows that the generator never saw, at the rate c; what goes beyond what can
be said of anybody is the risk (r − c)/(1 − c).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from saddlepoint.metrics.table_privacy import column_distances, spans_of
from saddlepoint.metrics.tables import Columns, TableColumn, _check_columns

#: The quantile of the normal distribution of intervals of 95 %.
Z = 1.959964
#: Attacks of a kind, generated rows that an attacker looks through, and predicates that are tried for one that is kept.
ATTACKS, LOOKED, TRIES = 400, 10_000, 10
#: Columns of a predicate; numbers are guessed right within a share of themselves.
COLUMNS_OF_A_PREDICATE, TOLERANCE = 3, 0.05
_FEWEST = 20
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Risk:
    """How much more an attack finds out about training rows than about others.

    Attributes:
        value: the risk; 0 where training rows are in no more danger than others, below by chance.
        error: half of the interval of 95 %.
        attack, control: rates of success on training rows and on others.
        attacks: how many were made on each; 0 where none could be.
        parts: risks of the parts that the value is of, as columns.
    """

    value: float
    error: float
    attack: float
    control: float
    attacks: int
    parts: Mapping[str, float] = field(default_factory=dict)

    @property
    def interval(self) -> tuple[float, float]:
        """Of 95 %, within [0, 1]."""
        return tuple(float(np.clip(self.value + sign * self.error, 0, 1)) for sign in (-1, 1))  # type: ignore[return-value]


def risk_of(attack: int, control: int, n: int, n_control: int | None = None) -> Risk:
    """The risk of an attack that succeeded `attack` times of n, and `control` times of n on rows never seen.

    Rates are the centres of Wilson's intervals.

    >>> risk = risk_of(60, 10, 100)
    >>> round(risk.value, 3), [round(end, 3) for end in risk.interval]
    (0.544, [0.433, 0.655])
    """
    (rate, error), (base, base_error) = _wilson(attack, n), _wilson(control, n if n_control is None else n_control)
    return _risk(rate, error, base, base_error, n)


def _risk(rate: float, error: float, base: float, base_error: float, n: int) -> Risk:
    spread = math.hypot(error / (1 - base), base_error * (1 - rate) / (1 - base) ** 2)
    return Risk((rate - base) / (1 - base), spread, rate, base, n)


def _wilson(successes: int, n: int) -> tuple[float, float]:
    if n == 0:
        return 0.0, 1.0
    rate, below = successes / n, 1 + Z**2 / n
    deviation = math.sqrt(rate * (1 - rate) / n + (Z / (2 * n)) ** 2)
    return (rate + Z**2 / (2 * n)) / below, Z / below * deviation


@dataclass(frozen=True)
class Attacks:
    """What three attacks found: see `attacks`."""

    singling_out: Risk
    linkability: Risk
    inference: Risk


def attacks(
    train: Columns, held_out: Columns, generated: Columns, *, n: int = ATTACKS, seed: int = 0
) -> Attacks | None:
    """Single people out, link their attributes, infer one from the others, with generated rows alone.

    `singling_out`: a predicate that exactly one generated row fulfils (an extreme or unique value; or values of three
    columns) is fulfilled by exactly one real row. `linkability`: of someone of whom one knows half of the columns here
    and half there, the nearest generated row to both is the same. `inference`: what the nearest generated row by all
    other columns has in one column is right, a number within 5 %; the mean over columns.

    Args:
        train: rows that the generator was trained on.
        held_out: rows that it never saw.
        generated: what it made; the first 10,000 are looked at.
        n: attacks of each kind, at most.
        seed: of what is attacked.

    Returns:
        None where there are fewer than two columns or 20 rows of a kind.

    Raises:
        ValueError: different columns.
    """
    _check_columns(train, held_out)
    _check_columns(train, generated)
    size = min(len(train[0].values), len(held_out[0].values))
    made = [column.first(LOOKED) for column in generated]
    if len(train) < 2 or min(size, len(made[0].values)) < _FEWEST:
        return None
    rng = np.random.default_rng(seed)
    # As many of both, as a row is the only one of its kind the sooner, the fewer there are.
    real, others = (_some(columns, size, rng) for columns in (train, held_out))
    singled = _singling_out(real, others, made, n, rng)
    targets, controls = (_some(columns, min(n, size), rng) for columns in (real, others))
    spans = spans_of(train)
    found = [_nearest(these, made, spans) for these in (targets, controls)]
    hits = [int((halves[0] == halves[1]).sum()) for halves, _ in found]
    linked = risk_of(hits[0], hits[1], len(targets[0].values))
    return Attacks(singled, linked, _inference(targets, controls, made, found[0][1], found[1][1]))


def _some(columns: Columns, n: int, rng: np.random.Generator) -> list[TableColumn]:
    rows = rng.permutation(len(columns[0].values))[:n]
    return [TableColumn(column.name, column.values[rows]) for column in columns]


# --- singling out ---------------------------------------------------------------------------------------


def _singling_out(real: Columns, others: Columns, made: Columns, n: int, rng: np.random.Generator) -> Risk:
    """The greater of the risks of predicates on one column and on several."""
    risks = {}
    for name, predicates in (("one column", _univariate(made, n, rng)), ("three columns", _multivariate(made, n, rng))):
        hits = [sum(int(_fulfilled(own, each).sum() == 1) for each in predicates) for own in (real, others)]
        risks[name] = risk_of(hits[0], hits[1], len(predicates))
    worst = max(risks.values(), key=lambda risk: (risk.attacks > 0, risk.value))
    parts = {name: risk.value for name, risk in risks.items() if risk.attacks}
    return Risk(worst.value, worst.error, worst.attack, worst.control, worst.attacks, parts)


#: Of a predicate: the column's place, a comparison, a value.
_Term = tuple[int, str, float]


def _fulfilled(columns: Columns, predicate: Sequence[_Term]) -> Mask:
    good = np.ones(len(columns[0].values), dtype=bool)
    for place, sign, value in predicate:
        values = columns[place].values
        if sign == "nan":
            good &= np.isnan(values)
        else:
            good &= values == value if sign == "=" else values <= value if sign == "<" else values >= value
    return good


def _univariate(made: Columns, n: int, rng: np.random.Generator) -> list[list[_Term]]:
    """Extremes of numbers, and values that one generated row has."""
    found: list[list[_Term]] = []
    for place, column in enumerate(made):
        values = column.values[~np.isnan(column.values)] if column.numeric else column.values
        if not len(values):
            continue
        if column.numeric:
            found += [[(place, "<", float(values.min()))], [(place, ">", float(values.max()))]]
            if np.isnan(column.values).sum() == 1:
                found.append([(place, "nan", 0.0)])
        different, counts = np.unique(values, return_counts=True)
        found += [[(place, "=", float(value))] for value in rng.permutation(different[counts == 1])[:n]]
    kept = [predicate for predicate in found if _fulfilled(made, predicate).sum() == 1]
    return [kept[place] for place in rng.permutation(len(kept))[:n]]


def _multivariate(made: Columns, n: int, rng: np.random.Generator) -> list[list[_Term]]:
    """Of a generated row categories, and on which side of its value beyond the median numbers lie."""
    middles = [float(np.nanmedian(c.values)) if c.numeric and not np.isnan(c.values).all() else 0.0 for c in made]
    found: list[list[_Term]] = []
    wide = min(COLUMNS_OF_A_PREDICATE, len(made))
    for _ in range(TRIES * n):
        row, predicate = int(rng.integers(len(made[0].values))), list[_Term]()
        for place in map(int, rng.permutation(len(made))[:wide]):
            value = float(made[place].values[row])
            if not made[place].numeric:
                predicate.append((place, "=", value))
            elif np.isnan(value):
                predicate.append((place, "nan", 0.0))
            else:
                predicate.append((place, ">" if value >= middles[place] else "<", value))
        if _fulfilled(made, predicate).sum() == 1:
            found.append(predicate)
            if len(found) == n:
                break
    return found


# --- neighbours -----------------------------------------------------------------------------------------


def _nearest(
    targets: Columns, made: Columns, spans: Sequence[float]
) -> tuple[list[NDArray[np.int64]], list[NDArray[np.int64]]]:
    """Of each target the generated row nearest by each half of the columns; and by all but each column."""
    halves: list[list[NDArray[np.int64]]] = [[], []]
    without: list[list[NDArray[np.int64]]] = [[] for _ in made]
    step = max(1, (1 << 22) // max(1, len(made) * len(made[0].values) // 4))
    for start in range(0, len(targets[0].values), step):
        part = [TableColumn(c.name, c.values[start : start + step]) for c in targets]
        each = [column_distances(a, b, span) for a, b, span in zip(part, made, spans, strict=True)]
        sums = [np.sum(each[half::2], axis=0) for half in (0, 1)]
        whole = sums[0] + sums[1]
        for half, total in enumerate(sums):
            halves[half].append(total.argmin(1))
        for place, own in enumerate(each):
            without[place].append((whole - own).argmin(1))
    return [np.concatenate(parts) for parts in halves], [np.concatenate(parts) for parts in without]


def _inference(
    targets: Columns,
    controls: Columns,
    made: Columns,
    guesses: Sequence[NDArray[np.int64]],
    control_guesses: Sequence[NDArray[np.int64]],
) -> Risk:
    risks, errors, n = {}, [], len(targets[0].values)
    for place, column in enumerate(made):
        rights = [
            int(_right(known[place].values, column.values[guess[place]], numeric=column.numeric).sum())
            for known, guess in ((targets, guesses), (controls, control_guesses))
        ]
        risks[column.name] = risk_of(rights[0], rights[1], n)
        errors.append([_wilson(right, n)[1] for right in rights])
    # Of mean rates: the mean of risks would be that of columns of which nearly everything is known anyway. Errors are
    # not divided, as the guesses of a row's columns hang together.
    rate, base = (float(np.mean([getattr(risk, key) for risk in risks.values()])) for key in ("attack", "control"))
    error, base_error = map(float, np.mean(errors, axis=0))
    found = _risk(rate, error, base, base_error, n)
    return replace(found, parts={name: risk.value for name, risk in risks.items()})


def _right(known: NDArray[np.float64], guessed: NDArray[np.float64], *, numeric: bool) -> Mask:
    if not numeric:
        equal: Mask = known == guessed
        return equal
    with np.errstate(invalid="ignore"):
        near: Mask = np.abs(known - guessed) <= TOLERANCE * np.abs(known)
    both: Mask = np.isnan(known) & np.isnan(guessed)
    return near | both
