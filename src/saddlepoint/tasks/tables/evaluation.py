"""The evaluation of models of rows: how alike, how telling, how useful, how private."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from pydantic import Field

from saddlepoint.data.dataset import OnProgress, quiet
from saddlepoint.data.tables import CategoryColumn, TableData
from saddlepoint.data.tables.columns import IdentifierColumn
from saddlepoint.data.tables.identifiers import IdentifierPattern
from saddlepoint.data.tables.reading import keys_of
from saddlepoint.data.tables.rules import Rule, as_numbers
from saddlepoint.data.tables.suggesting import suggested_rules
from saddlepoint.evaluation.evaluation import Evaluation
from saddlepoint.measures import Measure, Number, Protocol, measure, numbers
from saddlepoint.metrics import (
    Risk,
    TableColumn,
    attacks,
    column_similarities,
    detection_auc,
    pair_similarities,
    privacy,
    utility,
)
from saddlepoint.tasks.tables.privacy import recoded
from saddlepoint.tasks.task import EvaluationOptions, Subject

#: Made and real rows that are compared, at most; models are trained on as many.
ROWS = 20_000
#: The fewest, and seconds that a row and column of a model took, on Adult on a 2 GHz core.
FEWEST, SECONDS = 1_000, 4e-5
#: A target of more categories is not predicted.
PREDICTED = 50
#: Pairs of columns whose likeness is kept, the least alike.
PAIRS = 2_000
#: Gives n rows of a seed.
Maker = Callable[[int, int], TableData]


class TableEvaluationOptions(EvaluationOptions):
    """What may be said of an evaluation of rows."""

    samples: int | None = Field(default=None, ge=50)
    """Made and real rows that are compared; none are 20,000, or as many as were trained on, fewer after a short run:
    an evaluation is to cost a quarter of it, at most."""
    target: str | None = None
    """The column that models are to predict; none takes `data.target` of the run."""


def affordable(subject: Subject[Any, TableData, Any]) -> int:
    """Rows to compare, so that it takes a quarter of the time that the training took, at most; 1,000 in any case."""
    if subject.seconds is None:
        return ROWS
    rows = subject.seconds / 4 / ((len(subject.models) + 1) * SECONDS * len(subject.data.columns))
    return int(np.clip(rows, FEWEST, ROWS))


def metric_columns(table: TableData, like: TableData | None = None) -> list[TableColumn]:
    """The columns that metrics compare: all but constants and identifiers.

    Args:
        table: whose columns.
        like: the table that it is compared with, whose categories give the codes; None takes the table's own.
    """
    found = []
    for column in (like or table).columns:
        if column.kind in ("constant", "identifier"):
            continue
        cells = table.cells[column.name]
        own = table.column(column.name)
        if isinstance(column, CategoryColumn) and isinstance(own, CategoryColumn) and own is not column:
            cells = recoded(own, cells, column.categories)
        found.append(TableColumn(column.name, cells.values))
    return found


def likenesses(real: list[TableColumn], made: list[TableColumn]) -> dict[str, float]:
    """`columns` and `pairs`: how alike the distributions of columns are, and of pairs of columns."""
    return {number.name: number.value for number in _likenesses(real, made)}


def _likenesses(real: list[TableColumn], made: list[TableColumn], protocol: Protocol | None = None) -> list[Number]:
    """The same as numbers, with the likeness of each column and of each pair beside their means.

    The detail of `columns` is `{"columns": {name: likeness}}`, that of `pairs` is `{"pairs": [[name, name, likeness]],
    "left_out": how many}`, the least alike first; the least alike `PAIRS` are kept.
    """
    by_column, by_pair = column_similarities(real, made), pair_similarities(real, made)
    columns = float(np.mean(list(by_column.values())))
    worst = sorted(by_pair, key=by_pair.__getitem__)
    kept = {
        "pairs": [[*pair, by_pair[pair]] for pair in worst[:PAIRS]],
        "left_out": max(0, len(worst) - PAIRS),
    }
    return [
        Number(measure("columns"), columns, detail={"columns": by_column}, protocol=protocol),
        Number(measure("pairs"), float(np.mean(list(by_pair.values()) or [columns])), detail=kept, protocol=protocol),
    ]


def kept_rules(rules: Sequence[Rule], train: TableData, table: TableData, protocol: Protocol) -> list[Number]:
    """`rules`, the share of rows that keep all of them; and of each its own."""
    if not rules:
        return []
    numeric = [name for rule in rules for name in rule.numeric()]
    own, like = (as_numbers(one, numeric) for one in (table, train))
    kept = {rule.text: rule.holds(own, like) for rule in rules}
    whole = numbers({"rules": float(np.logical_and.reduce(list(kept.values())).mean())}, protocol=protocol)
    measures = {text: Measure(f"rule: {text}", "share of rows that keep this rule", "higher") for text in kept}
    return [*whole, *(Number(measures[text], float(rows.mean()), protocol=protocol) for text, rows in kept.items())]


def evaluate_tables(
    makers: Mapping[str, Maker],
    train: TableData,
    held_out: TableData | None,
    target: str | None = None,
    *,
    samples: int = ROWS,
    seed: int = 0,
    report: OnProgress = quiet,
) -> Evaluation:
    """Every number of every model, and of real rows that it never saw: the floor.

    `columns`, `pairs`: how alike, against training rows. `detection`: AUC of trees that tell generated from training
    rows. `utility_f1`, `utility_auc` or `utility_r2`: models trained on generated rows, right about held-out ones; the
    floor is trained on as many real rows. `nearer_to_training`, `copies`: see `metrics.Privacy`. `rules`: the share of
    rows that keep the rules that were declared, or else those that all training rows keep.

    Args:
        makers: what makes rows, by weights or by name, given their number and a seed.
        train: rows that they were trained on.
        held_out: rows that they never saw; what needs them is left out where there are none.
        target: the column that models are to predict.
        samples: made rows.
        seed: of rows, models and folds.
        report: told how far it is.

    Raises:
        DataError: there is no such target.
    """
    n, notes = min(samples, len(train)), []
    rows = np.sort(np.random.default_rng(seed).permutation(len(train))[:n])
    real = metric_columns(train.take(rows))
    if held_out is None:
        notes.append("utility and privacy are left out: no rows are held out; train with --set data.held_out=0.2")
    elif target is None:
        notes.append("utility is left out: say which column is to be predicted with --target NAME")
    if target is not None:
        column = train.column(target)
        if isinstance(column, CategoryColumn) and len(column.categories) > PREDICTED:
            notes.append(
                f"utility is left out: {target} has {len(column.categories):,} categories; at most {PREDICTED} are "
                f"supported"
            )
            target = None
    if n < min(ROWS, len(train)):
        notes.append(f"{n:,} rows are compared: --samples {min(ROWS, len(train))} compares more, and takes longer")
    basis = Protocol("columns", "", "", train.name, train.fingerprint, "train", len(rows), n, n, seed, weights="")
    measured: list[Number] = []
    rules = train.rules or suggested_rules(train)
    if rules and not train.rules:
        notes.append("rules are those that all training rows keep; to have made rows keep them: --set data.rules=found")
    floor: dict[str, TableData] = {} if held_out is None else {"floor: held out": held_out}
    made = {name: make(n, seed) for name, make in makers.items()}
    whole = None if held_out is None else metric_columns(train)
    for name, table in {**made, **floor}.items():
        report(f"{name}: comparing", 0, 1)
        own, is_floor = metric_columns(table, train), name in floor
        protocol = replace(basis, weights=name, n_generated=len(table))
        found = {"detection": detection_auc(real, own, seed)}
        predicted: dict[str, float] = {}
        if held_out is not None and whole is not None:
            test = metric_columns(held_out)
            if target is not None:
                useful = utility(real if is_floor else own, test, target, like=real, seed=seed)
                scores = {"utility_f1": useful.f1, "utility_auc": useful.auc, "utility_r2": useful.r2}
                predicted = {key: value for key, value in scores.items() if not np.isnan(value)}
            seen = privacy(whole, test, own)
            if not is_floor:
                found["nearer_to_training"] = seen.nearer_to_training
                found["nearest_distance"] = seen.distance
            else:
                found["nearest_distance"] = seen.real_distance
            found["copies"] = seen.copies
            measured += _risks(whole, test, own, protocol, seed, is_floor=is_floor)
        measured += _likenesses(real, own, protocol)
        measured += _copied(train, table, protocol)
        measured += numbers(found, protocol=protocol)
        measured += kept_rules(rules, train, table, protocol)
        measured += numbers(predicted, settings={"target": target}, protocol=protocol)
    return Evaluation(measured, notes)


def _copied(train: TableData, made: TableData, protocol: Protocol) -> list[Number]:
    """`copied_values`, of columns that are not learnt; nothing where there are none, or their values are not known."""
    shares = {}
    for column in train.columns:
        known, cells = train.cells[column.name].keys, made.cells[column.name]
        if not isinstance(column, IdentifierColumn) or known is None:
            continue
        if isinstance(column.pattern, IdentifierPattern) and column.pattern.repeats:  # nobody's own
            continue
        keys = keys_of(made.column(column.name).texts(cells)) if cells.keys is None else cells.keys
        shares[column.name] = float(np.isin(keys, known[known > 0]).mean())
    if not shares:
        return []
    value = float(np.mean(list(shares.values())))
    return [Number(measure("copied_values"), value, detail={"columns": shares}, protocol=protocol)]


def _risks(
    train: list[TableColumn],
    held_out: list[TableColumn],
    made: list[TableColumn],
    protocol: Protocol,
    seed: int,
    *,
    is_floor: bool,
) -> list[Number]:
    """The risks of `metrics.attacks`, with those of their parts; of the floor half of the held-out rows are as made."""
    if is_floor:
        half = len(held_out[0].values) // 2
        made = [column.first(half) for column in held_out]
        held_out = [TableColumn(column.name, column.values[half:]) for column in held_out]
    if (
        min(len(made[0].values), len(held_out[0].values)) == 0
        or (risks := attacks(train, held_out, made, seed=seed)) is None
    ):
        return []
    found = []
    for name in ("singling_out", "linkability", "inference"):
        risk: Risk = getattr(risks, name)
        detail = {"attack": risk.attack, "control": risk.control, "attacks": risk.attacks, "parts": dict(risk.parts)}
        if risk.attacks:
            value = max(0.0, risk.value)
            found.append(Number(measure(name), value, interval=risk.interval, detail=detail, protocol=protocol))
    return found
