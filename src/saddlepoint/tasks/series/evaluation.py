"""The evaluation of a generator of windows: TimeGAN's two scores, and how alike values and movements are."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from statistics import fmean, stdev

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from saddlepoint.data import DataError
from saddlepoint.data.dataset import OnProgress, quiet
from saddlepoint.evaluation.evaluation import Evaluation
from saddlepoint.measures import Number, Protocol, measure, numbers
from saddlepoint.metrics import (
    TableColumn,
    autocorrelation_difference,
    cross_correlation_difference,
    detection_auc,
    discriminative_scores,
    marginal_similarities,
    predictive_scores,
    unit_range,
)
from saddlepoint.tasks.series.data import SeriesData
from saddlepoint.tasks.task import EvaluationOptions

Windows = NDArray[np.float64]
#: Windows that are compared, at most; trainings of each post-hoc network.
WINDOWS, TRAININGS = 10_000, 3
#: Windows of each kind that boosted trees are shown.
TREES = 1500
#: Gives n windows (n, steps, columns) of a seed.
Maker = Callable[[int, int], Windows]


class SeriesEvaluationOptions(EvaluationOptions):
    """What may be said of an evaluation of windows."""

    samples: int | None = Field(default=None, ge=50)
    """Made and real windows that are compared; none are 10,000, or as many as were trained on."""
    trainings: int = Field(default=TRAININGS, ge=1)
    """Of each network that scores; their spread is the scores' error."""


def evaluate_series(
    makers: Mapping[str, Maker],
    train: SeriesData,
    test: SeriesData | None,
    *,
    samples: int = WINDOWS,
    trainings: int = TRAININGS,
    seed: int = 0,
    report: OnProgress = quiet,
) -> Evaluation:
    """Every number of every model, and of real windows: the floor.

    `discriminative`, `predictive`: see `metrics`; the mean of some trainings, its `error` their standard deviation.
    `detection`: AUC of boosted trees that see all of a window. `columns`, `correlation`, `autocorrelation`,
    `step_autocorrelation`: likeness of values, and differences of correlations. Real windows are those trained on,
    but the forecaster is judged on those held out where there are some.

    The floor's windows are the held-out ones. Where there are none, as in TimeGAN's protocol, one half of the windows,
    drawn at random, is held against the other, and the forecaster is trained on the very windows that judge it.

    Args:
        makers: what makes windows, by weights or by name, given their number and a seed.
        train: windows that they were trained on.
        test: windows that they never saw.
        samples: made windows.
        trainings: of each post-hoc network.
        seed: of windows, networks and splits.
        report: told how far it is.

    Raises:
        DataError: fewer than 20 windows.
    """
    if len(train) < 20:
        raise DataError(f"{train.name} has {len(train)} windows: an evaluation needs at least 20")
    order = np.random.default_rng(seed).permutation(len(train))
    real = train.windows[order[:samples]]
    n = len(real)
    sets = {name: (make(n, seed), real, real) for name, make in makers.items()}
    notes = []
    if test is None or len(test) < 20:
        notes.append(
            "no windows are held out, as in TimeGAN's protocol: copies of training windows would go unnoticed; "
            "--set data.held_out=0.2 holds some out"
        )
        half = n // 2
        sets["floor: other half"] = real[:half], real[half:], real
        judged = real
    else:
        judged = test.windows[np.random.default_rng(seed).permutation(len(test))[:samples]]
        sets["floor: held out"] = judged, real, real
    basis = Protocol("windows", "", "", train.name, train.fingerprint, "train", n, n, n, seed, weights="")
    measured: list[Number] = []
    for name, (made, against, learnt) in sets.items():
        taught = learnt if name.startswith("floor") else made
        protocol = replace(basis, weights=name, n_real=len(against), n_generated=len(made))
        settings = {"trainings": trainings}
        scaled = unit_range(real, against, made, taught, judged)[1:]
        for metric, score in {
            "discriminative": partial(discriminative_scores, scaled[0], scaled[1]),
            "predictive": partial(predictive_scores, scaled[2], scaled[3]),
        }.items():
            report(f"{name}: {metric}", 0, 1)
            found = score(trainings=trainings, seed=seed)
            spread = stdev(found) if trainings > 1 else None
            measured.append(Number(measure(metric), fmean(found), spread, settings=settings, protocol=protocol))
        report(f"{name}: comparing", 0, 1)
        measured += numbers(_alike(against, made, seed), protocol=protocol)
    return Evaluation(measured, notes)


def _alike(real: Windows, made: Windows, seed: int) -> dict[str, float]:
    found = {
        "detection": detection_auc(_flat(real), _flat(made), seed),
        "columns": fmean(marginal_similarities(real, made)),
        "correlation": cross_correlation_difference(real, made),
    }
    # A correlation in time takes three steps, or it has one pair a window.
    if real.shape[1] >= 3:
        found["autocorrelation"] = autocorrelation_difference(real, made)
    if real.shape[1] >= 4:
        found["step_autocorrelation"] = autocorrelation_difference(np.diff(real, axis=1), np.diff(made, axis=1))
    return found


def _flat(windows: Windows) -> list[TableColumn]:
    """The first windows, each a row."""
    rows = windows[:TREES].reshape(min(len(windows), TREES), -1)
    return [TableColumn(str(place), np.ascontiguousarray(column)) for place, column in enumerate(rows.T)]
