"""A table's generators beside each other: real rows, the game, the VAE, a Gaussian copula, independent columns.

    python bench/tables.py --data adult.csv --target income --samples 2500000

The game and the VAE each train for so many samples, to which the game's rates fall, or so many minutes, or as long as
their recipes say, on one thread, one after the other, on the same four fifths of the rows. Every row of the printed
table is judged alike: columns and pairs against training rows, what models trained on it are worth on the fifth held
out, and copies. `real` are the held-out rows themselves, but in the utility, where it is as many training rows. The
same command goes on.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from saddlepoint.recipes import RECIPES, TableConfig
from saddlepoint.tasks.table import RowGenerator
from saddlepoint.tasks.trained import Sampler

from saddlepoint.autoencoders import Copula
from saddlepoint.configuration import assign
from saddlepoint.data.tables import CategoryColumn, Cells, TableData
from saddlepoint.evaluation import evaluate_tables
from saddlepoint.storage import RunFolder
from saddlepoint.training import NoObserver

SHOWN = ("columns", "pairs", "utility_f1", "utility_auc", "utility_r2", "detection", "nearer_to_training", "copies")
RUNS = {"game": "table", "VAE": "table-vae"}


def train(name: str, given: argparse.Namespace) -> RowGenerator:
    """The generator after its training."""
    torch.set_num_threads(1)
    sets = ["threads=1", f"seed={given.seed}"]
    if given.minutes is not None:
        sets += ["budget.samples=none", f"budget.minutes={given.minutes}"]
    if given.samples is not None:
        sets += [f"budget.samples={given.samples}"]
    config = assign(RECIPES[RUNS[name]]().with_data(given.data), [*sets, *given.set])
    if given.samples is not None and config.schedules.rate is not None:
        config = assign(config, [f"schedules.rate.samples={given.samples}"])
    folder = RunFolder(given.out / RUNS[name])
    folder.create()
    folder.write_config(config.plain())
    result = config.build(config.load()).training(folder, NoObserver()).run()
    print(f"{name}: {result.progress.samples:,} rows seen in {result.progress.seconds:.0f} s", flush=True)
    generator = Sampler.load(folder.path)
    assert isinstance(generator, RowGenerator)
    return generator


def copula(table: TableData, independent: bool, seed: int) -> Callable[[int, int], TableData]:
    """Rows of a copula of a table; a code is a number like any other."""
    values = [table.cells[column.name].values.astype(np.float64) for column in table.columns]
    fitted = Copula(torch.from_numpy(np.stack(values, 1)), independent, seed)

    def make(n: int, own: int) -> TableData:
        drawn = fitted.draw(n, own).numpy()
        cells = {
            column.name: Cells(drawn[:, at].astype(np.int32) if isinstance(column, CategoryColumn) else drawn[:, at])
            for at, column in enumerate(table.columns)
        }
        return TableData("copula", table.columns, cells, "Drawn.", table.separator)

    return make


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="a CSV or Parquet file")
    parser.add_argument("--target", help="the column to predict")
    parser.add_argument("--minutes", type=float, help="of each training")
    parser.add_argument("--samples", type=int, help="of each training")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], help="settings of the game and the VAE")
    parser.add_argument("--out", type=Path, default=Path("runs/tables"))
    given = parser.parse_args()
    config = RECIPES["table"]().with_data(given.data)
    assert isinstance(config, TableConfig)
    data = config.data
    table, held_out = data.load(), data.load_test()
    makers: dict[str, RowGenerator | Callable[[int, int], TableData]] = {name: train(name, given) for name in RUNS}
    makers |= {"copula": copula(table, False, given.seed), "independent": copula(table, True, given.seed)}
    found = evaluate_tables(makers, table, held_out, given.target, seed=given.seed)
    for note in found.notes:
        print(f"note: {note}")
    values = found.by_weights()
    shown = [key for key in SHOWN if any(key in own for own in values.values())]
    print(f"| rows | {' | '.join(shown)} |\n|{'---|' * (len(shown) + 1)}")
    for name, own in values.items():
        cells = " | ".join(f"{own[key].value:.4f}" if key in own else "" for key in shown)
        print(f"| {'real' if name.startswith('floor') else name} | {cells} |")


if __name__ == "__main__":
    main()
