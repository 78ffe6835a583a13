"""Generators of windows beside each other: real ones, the game, the VAE, a Gaussian copula, columns apart.

    python bench/series.py --data stock_data.csv

By default as Yoon, Jarrett and van der Schaar (2019) have it: windows of 24 rows, nothing held out, scores of networks
trained afterwards, mean and standard deviation over three trainings of each. `real` holds one half of the windows
against the other, and trains the forecaster on the very windows that judge it. The copula joins all steps and columns
of a window; `columns apart` takes every column from a real window of its own. The same command goes on.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from saddlepoint.configuration import assign
from saddlepoint.runs import Run
from saddlepoint.tasks import recipe_named
from saddlepoint.tasks.series import TASK
from saddlepoint.tasks.series.data import SeriesData
from saddlepoint.tasks.series.evaluation import Maker, Windows, evaluate_series
from saddlepoint.tasks.series.model import WindowGenerator
from saddlepoint.tasks.series.settings import SeriesConfig
from saddlepoint.tasks.tables.copula import Copula

SHOWN = (
    *("discriminative", "predictive", "detection", "columns"),
    *("correlation", "autocorrelation", "step_autocorrelation"),
)
RUNS = {"game": "series", "VAE": "series-vae"}


def train(name: str, given: argparse.Namespace) -> Maker:
    """Windows of the generator after the recipe's budget, or so many samples, to which the rates then fall."""
    config = assign(recipe_named(RUNS[name]).with_data(given.data), ["threads=1", f"seed={given.seed}", *given.set])
    if given.samples is not None:
        config = assign(config, [f"budget.samples={given.samples}"])
        if config.schedules.rate is not None:
            config = assign(config, [f"schedules.rate.samples={given.samples}"])
    run = Run.begin(config, given.out / RUNS[name]).train()
    identity = run.storage.read_identity()
    print(f"{name}: {identity['samples']:,} windows seen in {identity['seconds']:.0f} s", flush=True)
    assert isinstance(run.model, WindowGenerator)
    return run.model.windows


def copula(data: SeriesData, seed: int) -> Maker:
    """Windows of a Gaussian copula of all steps and columns."""
    fitted = Copula.fit(torch.from_numpy(data.windows.reshape(len(data), -1)), seed=seed)
    return lambda n, own: fitted.draw(n, own).numpy().reshape(n, *data.shape)


def apart(data: SeriesData) -> Maker:
    """Real windows' columns, put together at random."""

    def make(n: int, own: int) -> Windows:
        rng = np.random.default_rng(own)
        return np.stack([data.windows[rng.integers(0, len(data), n), :, c] for c in range(data.shape[1])], 2)

    return make


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="a CSV or Parquet file, its rows in the order of time")
    parser.add_argument("--samples", type=int, help="windows that each training sees; by default the recipe's")
    parser.add_argument("--trainings", type=int, default=3, help="of each network that scores")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], help="settings of the game and the VAE")
    parser.add_argument("--out", type=Path, default=Path("runs/series-bench"))
    given = parser.parse_args()
    sets = [setting for setting in given.set if setting.startswith("data.")]
    config = assign(recipe_named("series").with_data(given.data), sets)
    assert isinstance(config, SeriesConfig)
    train_on = TASK.read(config)
    held_out = train_on.held_out
    makers = {name: train(name, given) for name in RUNS}
    makers |= {"Gaussian copula": copula(train_on, given.seed), "columns apart": apart(train_on)}
    found = evaluate_series(makers, train_on, held_out, trainings=given.trainings, seed=given.seed)
    for note in found.notes:
        print(f"note: {note}")
    cells = {
        weights: {
            key: f"{number.value:.3f}" + (f" ± {number.error:.3f}" if number.error is not None else "")
            for key, number in own.items()
        }
        for weights, own in found.by_weights().items()
    }
    print(f"| windows | {' | '.join(SHOWN)} |\n|{'---|' * (len(SHOWN) + 1)}")
    for name in sorted(cells, key=lambda name: not name.startswith("floor")):
        row = " | ".join(cells[name].get(key, "") for key in SHOWN)
        print(f"| {'real' if name.startswith('floor') else name} | {row} |")


if __name__ == "__main__":
    main()
