"""What models make of generated rows: whether they tell them from real ones, and whether they learn from them."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from saddlepoint.metrics.tables import Columns, TableColumn, _check_columns, constant

Array = NDArray[Any]
#: Categories of a column that a model is given, at most; the others are one more.
SHOWN = 30
#: Deviations from the mean beyond which numbers are not told apart: models reckon in float32, and square.
FAR = 1e9
Answer = Literal["classes", "numbers"]


class _Standard:
    """Numbers standardised, whatever their unit: (x − mean)/deviation of those that it is made by, the median of none.

    By the median where those do not vary, in the unit of the greatest of them.
    """

    def __init__(self, values: Array) -> None:
        present = values[~np.isnan(values)]
        # A power of two, exact, so that no square overflows or vanishes.
        self._exponent = -int(np.frexp(np.abs(present).max(initial=0.0))[1])
        present = np.ldexp(present, self._exponent)
        self._middle = float(np.median(present)) if len(present) else 0.0
        varies = len(present) and not constant(present)
        self._mean, self._deviation = (float(present.mean()), float(present.std())) if varies else (self._middle, 1.0)

    def __call__(self, values: Array) -> Array:
        """Values of any array, to ±1e9."""
        with np.errstate(over="ignore"):
            values = np.ldexp(values, self._exponent)
            standard = (np.where(np.isnan(values), self._middle, values) - self._mean) / self._deviation
        return np.clip(standard, -FAR, FAR)


class Encoding:
    """Columns as a matrix: numbers standardised, the median where there is none, and whether there is; categories 0, 1.

    Args:
        columns: by which means, deviations and the categories that are shown are fixed.
    """

    def __init__(self, columns: Columns) -> None:
        self._numbers: dict[str, _Standard] = {}
        self._shown: dict[str, Array] = {}
        for column in columns:
            if column.numeric:
                self._numbers[column.name] = _Standard(column.values)
            else:
                values, counts = np.unique(column.values, return_counts=True)
                self._shown[column.name] = values[np.argsort(-counts, kind="stable")[:SHOWN]]

    def __call__(self, columns: Columns) -> NDArray[np.float32]:
        """The matrix, (N, features)."""
        parts: list[Array] = []
        for column in columns:
            if column.numeric:
                parts.append(self._numbers[column.name](column.values)[:, None])
                parts.append(np.isnan(column.values)[:, None])
            else:
                parts.append(column.values[:, None] == self._shown[column.name])
        return np.concatenate(parts, axis=1).astype(np.float32)


def detection_auc(real: Columns, generated: Columns, seed: int = 0) -> float:
    """Area under the ROC curve of gradient-boosted trees that tell generated from real rows, on rows held out.

    ½: they can't; 1: they always can. The mean over three folds.

    Raises:
        ValueError: fewer than three rows of one kind, or different columns.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold

    _check_columns(real, generated)
    n = min(len(real[0].values), len(generated[0].values))
    if n < 3:
        raise ValueError(f"{n} rows of a kind can't be parted into three folds: give at least 3")
    real, generated = [c.first(n) for c in real], [c.first(n) for c in generated]
    encoding = Encoding(real)
    x, y = np.concatenate([encoding(real), encoding(generated)]), np.repeat([0, 1], n)
    found = []
    for train, test in StratifiedKFold(3, shuffle=True, random_state=seed).split(x, y):
        model = HistGradientBoostingClassifier(max_iter=60, random_state=seed).fit(x[train], y[train])
        found.append(roc_auc_score(y[test], model.predict_proba(x[test])[:, 1]))
    return float(np.mean(found))


@dataclass(frozen=True)
class Utility:
    """How well models that were trained on some rows answer on others.

    Attributes:
        answer: whether the target is a class or a number.
        f1: of classes, mean over models: of the rarer of two, else the mean over classes; NaN for numbers.
        auc: of classes, mean over models, one against the rest; NaN for numbers.
        r2: of numbers, mean over models, the share of variance explained, not below −1; NaN for classes.
        by_model: the first that applies, of each model.
    """

    answer: Answer
    f1: float
    auc: float
    r2: float
    by_model: Mapping[str, float]


def utility(train: Columns, test: Columns, target: str, *, like: Columns | None = None, seed: int = 0) -> Utility:
    """Train on one table, test on another: how much a generated table is worth to who wants to predict a column.

    Logistic regression, a decision tree, a random forest and boosted trees (ridge in the first's place for numbers);
    each says the class alone that its table has, if it has but one.

    Args:
        train: rows to learn from.
        test: real rows to be right about.
        target: the column to predict; rows of the test without it are left out.
        like: real rows, by which features are standardised; None takes `train`.
        seed: of the models.

    Raises:
        ValueError: there is no such column, none of its values is known, or no other column is there.
    """
    _check_columns(train, test)
    names = [column.name for column in test]
    if target not in names:
        raise ValueError(f"there is no column {target!r} to predict: the columns are {', '.join(names)}")
    if len(names) < 2:
        raise ValueError(f"column {target!r} is the only one: give others to predict it from")
    at = names.index(target)
    answer: Answer = "numbers" if test[at].numeric else "classes"
    encoding = Encoding([c for c in (like or train) if c.name != target])
    (x, y), (held, wanted) = (_known(table, at, encoding) for table in (train, test))
    if not len(y) or not len(wanted):
        raise ValueError(f"column {target!r} has no value in any row: give another to predict")
    f1s, aucs, r2s = {}, {}, {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a model that has not converged is judged as it is
        for name, make in (_CLASSIFIERS if answer == "classes" else _REGRESSORS).items():
            if answer == "numbers":  # in the unit of those learnt from: trees take a variance below 1e-16 for none
                unit = _Standard(y)
                r2s[name] = _r2(unit(wanted), make(seed).fit(x, unit(y)).predict(held))
            else:
                f1s[name], aucs[name] = _classified(make, seed, x, y, held, wanted)
    f1, auc, r2 = (float(np.mean(list(own.values()))) if own else float("nan") for own in (f1s, aucs, r2s))
    return Utility(answer, f1, auc, r2, f1s or r2s)


def _known(table: Columns, at: int, encoding: Encoding) -> tuple[Array, Array]:
    values = table[at].values
    known = ~np.isnan(values) if table[at].numeric else values >= 0
    features = encoding([TableColumn(c.name, c.values[known]) for place, c in enumerate(table) if place != at])
    return features, values[known]


def _r2(wanted: Array, said: Array) -> float:
    if constant(wanted):
        return 0.0
    return float(max(-1.0, 1 - ((wanted - said) ** 2).sum() / ((wanted - wanted.mean()) ** 2).sum()))


def _classified(
    make: Callable[[int], Any], seed: int, x: Array, y: Array, held: Array, wanted: Array
) -> tuple[float, float]:
    from sklearn.metrics import f1_score, roc_auc_score

    classes, counts = np.unique(wanted, return_counts=True)
    learnt = np.unique(y)
    shares = np.ones((len(held), 1)) if len(learnt) < 2 else make(seed).fit(x, y).predict_proba(held)
    said = learnt[shares.argmax(1)]
    if len(classes) == 2:
        rare = classes[counts.argmin()]
        f1 = f1_score(wanted == rare, said == rare, zero_division=0.0)
    else:
        f1 = f1_score(wanted, said, average="macro", labels=classes, zero_division=0.0)
    of = {label: shares[:, place] for place, label in enumerate(learnt)}
    aucs = [
        roc_auc_score(wanted == label, of.get(label, np.zeros(len(held))))
        for label in classes
        if 0 < (wanted == label).sum() < len(wanted)
    ]
    return float(f1), float(np.mean(aucs)) if aucs else 0.5


def _linear(seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=300, random_state=seed)


def _ridge(seed: int) -> Any:  # noqa: ARG001
    from sklearn.linear_model import Ridge

    return Ridge()


def _tree(regression: bool) -> Callable[[int], Any]:
    def make(seed: int) -> Any:
        from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

        kind = DecisionTreeRegressor if regression else DecisionTreeClassifier
        return kind(max_depth=10, min_samples_leaf=5, random_state=seed)

    return make


def _forest(regression: bool) -> Callable[[int], Any]:
    def make(seed: int) -> Any:
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        kind = RandomForestRegressor if regression else RandomForestClassifier
        return kind(n_estimators=50, min_samples_leaf=3, random_state=seed)

    return make


def _boosted(regression: bool) -> Callable[[int], Any]:
    def make(seed: int) -> Any:
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        kind = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
        return kind(max_iter=80, random_state=seed)

    return make


_CLASSIFIERS: dict[str, Callable[[int], Any]] = {
    "logistic": _linear,
    "tree": _tree(False),
    "forest": _forest(False),
    "boosted": _boosted(False),
}
_REGRESSORS: dict[str, Callable[[int], Any]] = {
    "ridge": _ridge,
    "tree": _tree(True),
    "forest": _forest(True),
    "boosted": _boosted(True),
}
