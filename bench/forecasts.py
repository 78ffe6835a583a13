"""Continuations of given rows: the game, the VAE and a Gaussian copula beside persistence and the seasonal naive rule.

    python bench/forecasts.py --data seattle-temps.csv --season 24

The last fifth of the rows is not trained on. From there come rows to begin with, half a window each, and as many that
follow, which judge. `error` is the mean absolute error of the median of the continuations, `crps` their continuous
ranked probability score, E|X − y| − E|X − X'|/2, which is the error where there is one; both over the deviation of
each column in the training rows. `within` is the share of real values from the 10th to the 90th percentile, .8 where
that is right. The same command goes on.
"""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas
import torch
from numpy.typing import NDArray
from scipy.stats import norm

from saddlepoint.configuration import assign
from saddlepoint.runs import Run
from saddlepoint.tasks import recipe_named
from saddlepoint.tasks.series import TASK
from saddlepoint.tasks.series.model import WindowGenerator
from saddlepoint.tasks.series.settings import SeriesConfig

Numbers = NDArray[np.float64]
#: Of rows that are given, and a seed: continuations (n, rows, columns).
Forecast = Callable[[pandas.DataFrame, int], Numbers]


def generated(recipe: str, data: Path, given: argparse.Namespace) -> Forecast:
    """Continuations by the network of a recipe."""
    sets = ["threads=1", f"seed={given.seed}", f"data.window={2 * given.season}", *given.set]
    config = assign(recipe_named(recipe).with_data(str(data)), sets)
    if given.samples is not None:
        config = assign(config, [f"budget.samples={given.samples}"])
        if config.schedules.rate is not None:
            config = assign(config, [f"schedules.rate.samples={given.samples}"])
    run = Run.begin(config, given.out / recipe).train()
    model = run.model
    assert isinstance(model, WindowGenerator)

    def forecast(rows: pandas.DataFrame, seed: int) -> Numbers:
        drawn = model.draw(given.continuations, seed, None, model.Options(begin=rows, steps=given.season))
        return drawn.windows[:, -given.season :]

    return forecast


def copula(windows: Numbers, steps: int, n: int) -> Callable[[Numbers, int], Numbers]:
    """Continuations by a Gaussian copula of all steps and columns of windows (N, T, C), given the first of them."""
    flat = windows.reshape(len(windows), -1)
    ordered = np.sort(flat, 0)
    levels = (np.arange(len(flat)) + 0.5) / len(flat)
    scores = norm.ppf((flat.argsort(0).argsort(0) + 0.5) / len(flat))
    joint = np.cov(scores.T) + 1e-4 * np.eye(flat.shape[1])
    known = steps * windows.shape[2]
    slope = np.linalg.solve(joint[:known, :known], joint[:known, known:]).T
    rest = np.linalg.cholesky(joint[known:, known:] - slope @ joint[:known, known:])

    def forecast(values: Numbers, seed: int) -> Numbers:
        own = values.reshape(-1)
        ranks = [np.interp(value, ordered[:, at], levels) for at, value in enumerate(own)]
        drawn = np.random.default_rng(seed).standard_normal((n, len(rest)))
        shares = norm.cdf(slope @ norm.ppf(ranks) + drawn @ rest.T)
        made = [np.interp(shares[:, at], levels, ordered[:, known + at]) for at in range(len(rest))]
        return np.stack(made, 1).reshape(n, -1, windows.shape[2])

    return forecast


def judged(made: Numbers, real: Numbers, scale: Numbers) -> dict[str, float]:
    """Of continuations (n, T, C) and what came (T, C)."""
    ordered, n = np.sort(made, 0), len(made)
    spread = np.tensordot(2 * np.arange(n) - n + 1, ordered, 1) / n**2  # E|X − X'| / 2
    error = np.abs(np.median(made, 0) - real) / scale
    crps = (np.abs(made - real).mean(0) - spread) / scale
    low, high = np.quantile(made, (0.1, 0.9), 0)
    return {"error": error.mean(), "crps": crps.mean(), "within": ((real >= low) & (real <= high)).mean()}


def main() -> None:
    """Split, train, continue, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a CSV file of one series, its rows in order")
    parser.add_argument("--season", type=int, default=24, help="rows of a season: given, and made")
    parser.add_argument("--samples", type=int, help="windows that each training sees; by default the recipe's")
    parser.add_argument("--begins", type=int, default=60, help="places at which a series is continued")
    parser.add_argument("--continuations", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], help="settings of the game and the VAE")
    parser.add_argument("--out", type=Path, default=Path("runs/forecasts"))
    given = parser.parse_args()
    frame, season = pandas.read_csv(given.data), given.season
    rows = int(0.8 * len(frame))
    given.out.mkdir(parents=True, exist_ok=True)
    train, test = given.out / "train.csv", frame[rows:].reset_index(drop=True)
    frame[:rows].to_csv(train, index=False)
    config = assign(recipe_named("series").with_data(str(train)), [f"data.window={2 * season}", *given.set])
    assert isinstance(config, SeriesConfig)
    data = TASK.read(config)
    names = [column.name for column in data.learnt]
    fitted = copula(data.windows, season, given.continuations)
    forecasts: Mapping[str, Forecast] = {
        "game": generated("series", train, given),
        "VAE": generated("series-vae", train, given),
        "Gaussian copula": lambda rows, seed: fitted(rows[names].to_numpy(np.float64), seed),
        "persistence": lambda rows, _: rows[names].to_numpy(np.float64)[None, -1:].repeat(season, 1),
        "seasonal naive": lambda rows, _: rows[names].to_numpy(np.float64)[None],
    }
    scale = data.values.std(0)
    starts = np.linspace(0, len(test) - 2 * season, given.begins).astype(int)
    print("| continuations | error | crps | within |\n|---|---|---|---|")
    for name, forecast in forecasts.items():
        found = []
        for number, start in enumerate(starts):
            begun, real = test[start : start + season], test[start + season : start + 2 * season]
            found.append(judged(forecast(begun, number), real[names].to_numpy(np.float64), scale))
        means = pandas.DataFrame(found).mean()
        within = f"{means['within']:.2f}" if name not in ("persistence", "seasonal naive") else ""
        print(f"| {name} | {means['error']:.3f} | {means['crps']:.3f} | {within} |", flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
