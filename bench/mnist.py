"""MNIST against time: the default recipe and the classical one, judged alike in our digit classifier's features.

    python bench/mnist.py --data FOLDER --minutes 30 --out runs/mnist-compared

Each run has one thread; both go at once, so that they share the machine's noise. Prints the Fréchet distance (2,048
generated against 2,048 training images, averaged weights where there is an average) at each checkpoint, when the
default first passes the classical recipe's last value, and the floor, other training images against the same. The same
command goes on.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch

from saddlepoint.configuration import assign
from saddlepoint.core import rng
from saddlepoint.extractors import load_extractor
from saddlepoint.metrics import frechet_distance
from saddlepoint.runs.run import Run
from saddlepoint.tasks import recipe_named, task_of

JUDGED = 2048
SETS = {
    "mnist": ["every.checkpoint=25000"],
    "classic": ["data.size=none", "every.checkpoint=200000", "every.record=50000"],
}


def play(name: str, data: str, minutes: float, out: Path) -> list[tuple[float, int, float]]:
    """(seconds, samples, Fréchet distance) at every checkpoint."""
    torch.set_num_threads(1)
    common = ["threads=1", "budget.samples=none", f"budget.minutes={minutes}", "score.features=digits"]
    config = assign(recipe_named(name).with_data(data), [*SETS[name], *common, f"score.samples={JUDGED}"])
    run = Run.begin(config, out / name).train(report=False)
    rows = [
        (record["seconds"], record["samples"], record["metrics"]["frechet_digits"])
        for record in run.history
        if record["metrics"].get("frechet_digits") is not None
    ]
    about = run.storage.read_identity()
    return [*rows, (about["seconds"], about["samples"], float(run.metrics["frechet_digits"]))]


def floor(data: str) -> float:
    """Training images against others of them, as many as the runs compare."""
    config = recipe_named("mnist").with_data(data)
    images = task_of(config).read(config).images
    order = torch.randperm(len(images), generator=rng(0, "floor"))
    read = load_extractor("digits")
    return frechet_distance(read(images[order[:JUDGED]]), read(images[order[JUDGED : 2 * JUDGED]]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="mnist", help="a folder with the four IDX files, or the download")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--out", type=Path, default=Path("runs/mnist-compared"))
    given = parser.parse_args()
    with ProcessPoolExecutor(len(SETS)) as pool:
        futures = {name: pool.submit(play, name, given.data, given.minutes, given.out) for name in SETS}
        curves = {name: future.result() for name, future in futures.items()}
    for name, curve in curves.items():
        print(f"{name}: seconds, samples, Fréchet")
        for seconds, samples, value in curve:
            print(f"  {seconds:8.1f} {samples:10,} {value:8.3f}")
    last = curves["classic"][-1]
    passed = next((row for row in curves["mnist"] if row[2] <= last[2]), None)
    print(f"floor at {JUDGED} images: {floor(given.data):.3f}")
    if passed is not None:
        print(
            f"the default passes the classical {last[2]:.3f} at {passed[0]:.1f} s, "
            f"{passed[0] / last[0]:.3f} of its time"
        )


if __name__ == "__main__":
    main()
