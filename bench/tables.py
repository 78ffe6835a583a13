"""A table's generators beside each other, at equal CPU time, by a neutral judge: real rows, ours, and public ones.

    python bench/tables.py --data adult.csv --target income --seconds 60 --seeds 3
    python bench/tables.py --data diabetes --target target --models game,vae,sdv-ctgan,sdv-tvae,sdv-copula,arf

`--data` is a CSV file, or wine, breast_cancer or diabetes of scikit-learn. What is iterated gets `--seconds` of CPU
time on one thread, coding of the columns included: a short run and a longer one tell its pace. What is fitted at once
(copulas, independent columns, forests) takes what it takes. SDV's models and `arf` (arfpy) run where they are
installed. All learn from the same four fifths of the rows. Every table goes through one judge: SDMetrics' quality where
it is installed; our `columns` and `pairs`, which follow its definitions; boosted trees that tell made rows from
training rows; and what models trained on `--rows` made rows are worth on the fifth held out. `real` are as many
training rows, `seconds` CPU time of training.
"""

import argparse
import math
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import torch

from saddlepoint.data.tables import TableData, read_frame
from saddlepoint.metrics import detection_auc
from saddlepoint.metrics.table_models import utility
from saddlepoint.runs import Run, configured
from saddlepoint.tasks.tables import TASK
from saddlepoint.tasks.tables.evaluation import likenesses, metric_columns

#: Our models: their recipes.
OURS = {"game": "table", "vae": "table-vae", "copula": "table-copula", "independent": "table-independent"}
#: SDV's: classes of `sdv.single_table`, and whether they train by epochs.
SDV = {
    "sdv-ctgan": ("CTGANSynthesizer", True),
    "sdv-tvae": ("TVAESynthesizer", True),
    "sdv-copulagan": ("CopulaGANSynthesizer", True),
    "sdv-copula": ("GaussianCopulaSynthesizer", False),
}
#: Lengths of the two runs that tell a pace: samples of ours, epochs of others.
PACED, EPOCHS = (20_000, 60_000), (1, 3)
#: Makes a frame of n rows.
Maker = Callable[[int], pandas.DataFrame]


def ours(name: str, data: Path, seed: int, samples: int | None, given: argparse.Namespace, out: Path) -> Maker:
    """One of our models after its training."""
    sets = [f"seed={seed}", "threads=1", f"data.target={given.target}", *given.set]
    if samples is not None:
        # Scores and pictures on the way are no part of what is measured.
        looks = [f"every.{what}={10**9}" for what in ("record", "snapshot", "checkpoint")]
        sets += [f"budget.samples={samples}", *looks, *given.trained]
    config = configured(OURS[name], data=str(data), assignments=sets)
    run = Run.begin(config, out).train(report=False)
    return lambda n: run.sample(n, seed=seed)


def of_sdv(name: str, frame: pandas.DataFrame, seed: int, epochs: int | None) -> Maker:
    """One of SDV's models after its training."""
    from sdv import single_table  # type: ignore[import-not-found]
    from sdv.metadata import Metadata  # type: ignore[import-not-found]

    np.random.seed(seed)  # noqa: NPY002 - it draws from the global one
    torch.manual_seed(seed)
    kinds = {name: "numerical" if pandas.api.types.is_numeric_dtype(frame[name]) else "categorical" for name in frame}
    columns = {name: {"sdtype": kind} for name, kind in kinds.items()}
    metadata = Metadata.load_from_dict({"tables": {"rows": {"columns": columns}}})
    more = {} if epochs is None else {"epochs": epochs, "enable_gpu": False}
    model = getattr(single_table, SDV[name][0])(metadata, **more)
    model.fit({"rows": frame})

    def made(n: int) -> pandas.DataFrame:
        rows = model.sample(n)
        return rows["rows"] if isinstance(rows, dict) else rows

    return made


def of_forest(frame: pandas.DataFrame, seed: int) -> Maker:
    """An adversarial random forest (Watson et al. 2023) after its fit."""
    from arfpy import arf  # type: ignore[import-not-found]

    np.random.seed(seed)  # noqa: NPY002 - it draws from the global one
    vars(np).setdefault("in1d", np.isin)  # which arfpy 0.1 calls, and NumPy 2.4 no longer has
    model = arf.arf(x=frame, random_state=seed, verbose=False)
    model.forde()
    return lambda n: model.forge(n=n)


def on_budget(train: Callable[[int, Path], Maker], lengths: tuple[int, int], seconds: float, place: Path) -> int:
    """The length of a training that takes so many seconds of CPU time, by two short ones."""

    def spent(length: int) -> float:
        begin = time.process_time()
        train(length, place / f"pace-{length}")
        shutil.rmtree(place / f"pace-{length}", ignore_errors=True)
        return time.process_time() - begin

    short, long = lengths
    spent(short)  # imports, and what else is done once
    first = spent(short)
    # Early steps are looked at more often: a fifth of the time tells the pace of the rest.
    while (more := spent(long) - first) < seconds / 5:
        long *= 2
    return max(1, math.floor(short + (seconds - first) * (long - short) / more))


def trained(
    name: str, given: argparse.Namespace, data: Path, frame: pandas.DataFrame
) -> Callable[[int, Path], tuple[Maker, float]]:
    """Trains a model with a seed, in a folder, and says how long it took; the first call finds its length."""
    length: list[int] = []

    def train(seed: int, place: Path) -> tuple[Maker, float]:
        steps = name != "arf" and (SDV[name][1] if name in SDV else OURS[name] in ("table", "table-vae"))

        def once(much: int | None, folder: Path) -> Maker:
            if name == "arf":
                return of_forest(frame, seed)
            return of_sdv(name, frame, seed, much) if name in SDV else ours(name, data, seed, much, given, folder)

        if steps and not length:
            length.append(on_budget(once, EPOCHS if name in SDV else PACED, given.seconds, place))
            print(f"{name}: {length[0]:,} {'epochs' if name in SDV else 'rows'}", flush=True)
        begin = time.process_time()
        maker = once(length[0] if steps else None, place / "run")
        return maker, time.process_time() - begin

    return train


def judged(
    made: pandas.DataFrame, frame: pandas.DataFrame, train: TableData, target: str, seed: int, n: int, *, real: bool
) -> dict[str, float]:
    """What the judge says of rows."""
    kinds: Mapping[str, Any] = {c.name: c.kind for c in train.columns}
    table = read_frame(made[list(frame)].head(n), kinds=kinds)
    rows = np.random.default_rng(seed).permutation(len(train))[:n]
    own, base = metric_columns(table, train), metric_columns(train.take(rows))
    assert train.held_out is not None
    found = {"columns": 0.0, "pairs": 0.0} | likenesses(base, own)
    found["detection"] = 0.5 if real else detection_auc(base, own, seed)
    useful = utility(own, metric_columns(train.held_out), target, like=base, seed=seed)
    scores = {"F1": useful.f1, "AUC": useful.auc, "R2": useful.r2}
    found |= {name: value for name, value in scores.items() if not math.isnan(value)}
    if find_spec("sdmetrics") is not None:
        from sdmetrics.reports.single_table import QualityReport  # type: ignore[import-not-found]

        numeric = [c for c in frame if pandas.api.types.is_numeric_dtype(frame[c])]
        columns = {c: {"sdtype": "numerical" if c in numeric else "categorical"} for c in frame}
        made = made.astype({c: "float64" if c in numeric else "object" for c in frame})
        report = QualityReport()
        report.generate(frame.iloc[rows], made.head(n), {"columns": columns}, verbose=False)
        found["SDMetrics"] = report.get_score()
    return found


def main() -> None:
    """Train and judge all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="a CSV file; wine, breast_cancer or diabetes")
    parser.add_argument("--target", required=True, help="the column to predict")
    parser.add_argument("--models", default=",".join(OURS), help=f"of {', '.join([*OURS, *SDV, 'arf'])}")
    parser.add_argument("--seconds", type=float, default=60, help="of CPU time, of each training")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=5000, help="that are judged")
    parser.add_argument("--first", type=int, help="of the file, so many rows at random")
    parser.add_argument("--set", action="append", default=[], help="settings of our models")
    parser.add_argument("--trained", action="append", default=[], help="settings of the game and the VAE")
    given = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as home:
        compare(given, Path(home))


def compare(given: argparse.Namespace, home: Path) -> None:
    """Print the table, a line a model as it is done."""
    whole = _frame(given.data)
    if given.first is not None:
        whole = whole.sample(min(given.first, len(whole)), random_state=0)
    data = home / "rows.csv"
    whole.to_csv(data, index=False)
    train = TASK.read(configured("table", data=str(data), assignments=[f"data.target={given.target}"]))  # type: ignore[arg-type]
    frame = train.frame()
    for name in frame.columns[[str(kind) in ("category", "string", "str", "bool") for kind in frame.dtypes]]:
        frame[name] = frame[name].astype(object)
    order = ("seconds", "SDMetrics", "columns", "pairs", "detection", "F1", "AUC", "R2")
    print(f"{len(train):,} training rows, {len(train.held_out or ()):,} held out, {given.seconds:g} s", flush=True)
    header = False
    for name in ("real", *given.models.split(",")):
        found: list[dict[str, float]] = []
        make = None if name == "real" else trained(name, given, data, frame)
        for seed in range(given.seeds):
            spent, n = 0.0, min(given.rows, len(train))
            if make is None:
                made = frame.sample(n, random_state=100 + seed)
            else:
                maker, spent = make(seed, home / f"{name}-{seed}")
                made = maker(n)
            own = judged(made, frame, train, given.target, seed, n, real=make is None)
            found.append({"seconds": spent} | own)
        shown = [key for key in order if key in found[0]]
        if not header:
            print(f"| rows | {' | '.join(shown)} |\n|{'---|' * (len(shown) + 1)}")
            header = True
        print(f"| {name} | {' | '.join(_cell([one[key] for one in found], key) for key in shown)} |", flush=True)


def _cell(values: list[float], key: str) -> str:
    spread = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
    return f"{statistics.fmean(values):.0f}" if key == "seconds" else f"{statistics.fmean(values):.3f}{spread}"


def _frame(data: str) -> pandas.DataFrame:
    if data not in ("wine", "breast_cancer", "diabetes"):
        return pandas.read_csv(data, skipinitialspace=True)
    from sklearn import datasets

    found: pandas.DataFrame = getattr(datasets, f"load_{data}")(as_frame=True).frame
    return found if data == "diabetes" else found.assign(target=found["target"].map(lambda kind: f"kind {kind}"))


if __name__ == "__main__":
    main()
