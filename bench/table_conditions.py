"""Whether conditions that combine drift: means of made rows under conditions beside those of real rows.

    python bench/table_conditions.py --data adult.csv --samples 300000 \\
        --where "sex=Female & income=>50K" --where "age=30..40 & education=Bachelors|Masters & sex=Male"

A game is trained on one thread. For each combination of conditions the mean of every column of numbers, and the share
of every column's most frequent category, are found among real rows, among rows that are made under the conditions, and
among rows of the same game that fulfil them though none were asked for. Differences from the real rows are in standard
deviations of the column, of all real rows. What `asked` has beyond `by chance` is what conditions distort; both have
the game's own error, which `none` shows alone.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saddlepoint.configuration import assign
from saddlepoint.data.tables import CategoryColumn, TableData
from saddlepoint.data.tables.conditions import Condition, wanted_of
from saddlepoint.runs import Run
from saddlepoint.tasks import recipe_named
from saddlepoint.tasks.tables import TASK
from saddlepoint.tasks.tables.model import RowSampler
from saddlepoint.tasks.tables.settings import TableConfig


def features(table: TableData) -> dict[str, NDArray[Any]]:
    """Numbers of every column that is learnt: values, or 1 where it has its most frequent category."""
    found = {}
    for column in table.columns:
        values = table.cells[column.name].values
        if isinstance(column, CategoryColumn):
            found[column.name] = (values == 0).astype(np.float64)
        elif column.numeric:
            found[column.name] = values
    return found


def fulfilling(table: TableData, texts: list[str]) -> TableData:
    """Rows that fulfil all conditions."""
    kept = np.ones(len(table), dtype=bool)
    for wanted in wanted_of(texts):
        kept &= Condition.of(wanted, table.columns).fulfilled(table)
    return table.take(np.flatnonzero(kept))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="a CSV or Parquet file")
    parser.add_argument("--samples", type=int, default=300_000, help="of the training")
    parser.add_argument("--rows", type=int, default=4_000, help="made for each combination")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--where", action="append", required=True, help="conditions, & between them")
    parser.add_argument("--out", type=Path, default=Path("runs/conditions"))
    given = parser.parse_args()
    sets = ["threads=1", f"seed={given.seed}", f"budget.samples={given.samples}", "data.rare=0"]
    config = assign(recipe_named("table").with_data(given.data), [*sets, f"schedules.rate.samples={given.samples}"])
    model = Run.begin(config, given.out).train().model
    assert isinstance(model, RowSampler)
    assert isinstance(config, TableConfig)
    real = TASK.read(config)
    spread = {name: float(np.nanstd(values)) or 1.0 for name, values in features(real).items()}

    def apart(rows: TableData, truth: TableData) -> str:
        own, known = features(rows), features(truth)
        off = [abs(float(np.nanmean(own[name]) - np.nanmean(known[name]))) / spread[name] for name in spread]
        return f"{np.mean(off):.3f} ({max(off):.2f} at {list(spread)[int(np.argmax(off))]})"

    many = model.rows(20 * given.rows, given.seed + 1)
    print("| conditions | real rows | asked | by chance | rows by chance |\n|---|---|---|---|---|")
    print(f"| none | {len(real):,} | {apart(many, real)} | | |")
    for combination in given.where:
        texts = [text.strip() for text in combination.split("&")]
        truth, chance = fulfilling(real, texts), fulfilling(many, texts)
        asked = model.rows(given.rows, given.seed + 2, texts)
        by_chance = apart(chance, truth) if len(chance) >= 50 else "too few"
        told = combination.replace("|", "\\|")
        print(f"| {told} | {len(truth):,} | {apart(asked, truth)} | {by_chance} | {len(chance):,} |", flush=True)


if __name__ == "__main__":
    main()
