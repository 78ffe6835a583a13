"""Memory and time of a large table: read, coded, sampled from, decoded and written.

    python bench/tables_memory.py --rows 1000000 --categories 100000

Makes a CSV file of eight columns (integers, decimals, skewed numbers, a date, two short and one long column of
categories, words among numbers) in a temporary folder, and runs each stage after the other in a fresh process. Prints
the file's size, and the peak of resident memory and seconds up to the end of each stage.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

CHUNK = 100_000


def write(path: Path, rows: int, categories: int) -> None:
    """The file, in pieces."""
    import pandas

    rng = np.random.default_rng(0)
    for start in range(0, rows, CHUNK):
        n = min(CHUNK, rows - start)
        frame = pandas.DataFrame(
            {
                "age": rng.integers(17, 90, n),
                "height": rng.normal(170, 10, n).round(1),
                "income": np.exp(rng.normal(10, 1.5, n)).round(2),
                "day": pandas.Timestamp("2000-01-01") + pandas.to_timedelta(rng.integers(0, 9000, n), unit="D"),
                "answer": rng.choice(["no", "yes"], n, p=[0.9, 0.1]),
                "region": rng.integers(0, 40, n).astype(str),
                "product": [f"p{v}" for v in np.minimum(rng.zipf(1.2, n) % (4 * categories), categories - 1)],
                "score": np.where(rng.random(n) < 0.05, "unknown", rng.integers(0, 500, n).astype(str)),
            }
        )
        # So that each category is there.
        own = np.arange(start, start + n)
        frame["product"] = np.where(own < categories, [f"p{v}" for v in own], frame["product"])
        frame.to_csv(path, index=False, header=start == 0, mode="w" if start == 0 else "a")


def stages(path: Path, out: Path) -> None:
    """All stages, in this process; says how much memory it ever held after each."""
    import torch

    from saddlepoint.data.tables import read_table
    from saddlepoint.tasks.tables.coding import TableCoding
    from saddlepoint.tasks.tables.stream import TableStream

    torch.set_num_threads(1)
    begin = time.perf_counter()

    def say(what: str) -> None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e9
        print(f"| {what} | {peak:.2f} | {time.perf_counter() - begin:.0f} |", flush=True)

    say("libraries loaded")
    table = read_table(path)
    say(f"read: {len(table):,} rows, {max(len(getattr(c, 'categories', ())) for c in table.columns):,} categories")
    coding, rows = TableCoding.fit(table)
    say(f"coded: {len(coding.layout.heads)} numbers a row, {coding.layout.width} wide")
    stream = TableStream(rows, coding.layout, 500, 0, 64, "normal")
    for position in range(0, 50_000, 500):
        stream(position)
    say("100 batches of 500 drawn")
    coding.decode(rows).write(out)
    say("decoded and written")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--categories", type=int, default=100_000)
    parser.add_argument("--here", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.here is not None:
        stages(given.here, given.here.with_suffix(".out"))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.csv"
        write(path, given.rows, given.categories)
        print(f"a file of {path.stat().st_size / 1e6:.0f} MB\n| stage | peak GB | seconds |\n|---|---|---|", flush=True)
        subprocess.run([sys.executable, __file__, "--here", str(path)], check=True)


if __name__ == "__main__":
    main()
