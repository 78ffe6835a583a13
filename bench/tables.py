"""A table's generators beside each other: real rows, the game, the VAE, a Gaussian copula, independent columns.

    python bench/tables.py --data adult.csv --target income --samples 2500000

The game and the VAE each train for so many samples, to which the game's rates fall, or so many minutes, or as long as
their recipes say, on one thread, one after the other, on the same four fifths of the rows. Every row of the printed
table is judged alike: columns and pairs against training rows, what models trained on it are worth on the fifth held
out, and copies. `real` are the held-out rows themselves, but in the utility, where it is as many training rows. The
same command goes on.
"""

import argparse
from pathlib import Path

from saddlepoint.configuration import assign
from saddlepoint.runs import Run
from saddlepoint.tasks import recipe_named
from saddlepoint.tasks.tables import TASK
from saddlepoint.tasks.tables.copula import apart, joined
from saddlepoint.tasks.tables.evaluation import evaluate_tables
from saddlepoint.tasks.tables.model import RowSampler
from saddlepoint.tasks.tables.settings import TableConfig

SHOWN = ("columns", "pairs", "utility_f1", "utility_auc", "utility_r2", "detection", "nearer_to_training", "copies")
RUNS = {"game": "table", "VAE": "table-vae"}


def train(name: str, given: argparse.Namespace) -> RowSampler:
    """The generator after its training."""
    sets = ["threads=1", f"seed={given.seed}"]
    if given.minutes is not None:
        sets += ["budget.samples=none", f"budget.minutes={given.minutes}"]
    if given.samples is not None:
        sets += [f"budget.samples={given.samples}"]
    config = assign(recipe_named(RUNS[name]).with_data(given.data), [*sets, *given.set])
    if given.samples is not None and config.schedules.rate is not None:
        config = assign(config, [f"schedules.rate.samples={given.samples}"])
    run = Run.begin(config, given.out / RUNS[name]).train()
    identity = run.storage.read_identity()
    print(f"{name}: {identity['samples']:,} rows seen in {identity['seconds']:.0f} s", flush=True)
    assert isinstance(run.model, RowSampler)
    return run.model


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
    config = recipe_named("table").with_data(given.data).model_copy(update={"seed": given.seed})
    assert isinstance(config, TableConfig)
    table = TASK.read(config)
    models = {name: train(name, given) for name in RUNS}
    models |= {"copula": joined(config, table), "independent": apart(config, table)}
    makers = {name: model.rows for name, model in models.items()}
    found = evaluate_tables(makers, table, table.held_out, given.target, seed=given.seed)
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
