"""Modes of 2-D Gaussians reached over several seeds, as PacGAN's tables count them.

    python bench/gaussians.py grid --seeds 10
    python bench/gaussians.py ring grid --seeds 10 --jobs 2 --out runs/gaussians
    python bench/gaussians.py grid-pacgan --seeds 2 --samples 400000 --set discriminator.network.packing=2

Each seed has its own data, start and noise. Interrupted, the same command goes on; finished seeds are not played again.
"""

import argparse
import json
import statistics
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from saddlepoint.configuration import assign
from saddlepoint.runs import Run, configured
from saddlepoint.tasks import recipes

PUBLISHED = {
    "ring": "PacGAN2: modes 7.9 ± .1, high quality 95.6 ± 2.0 %",
    "grid": "PacGAN4: modes 24.8 ± .2, high quality 93.6 ± .6 %, reverse KL .04 ± .01",
}


def play(recipe: str, seed: int, sets: list[str], out: Path) -> dict[str, float]:
    config = assign(configured(recipe, settings={"seed": seed, "threads": 1}), sets)
    run = Run.begin(config, out / f"{recipe}-{seed}").train(report=False)
    found = {name: float(number) for name, number in run.metrics.items()}
    return {**found, "seconds": float(run.storage.read_identity()["seconds"])}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="+", choices=[n for n in recipes() if n.startswith(("ring", "grid"))])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--samples", type=int)
    parser.add_argument("--set", action="append", default=[], dest="sets", metavar="KEY=VALUE")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("runs/gaussians"))
    given = parser.parse_args()
    sets = [*given.sets, *([f"budget.samples={given.samples}"] if given.samples else [])]
    with ProcessPoolExecutor(given.jobs) as pool:
        for recipe in given.recipes:
            futures = [pool.submit(play, recipe, seed, sets, given.out) for seed in range(given.seeds)]
            rows = []
            for seed, future in enumerate(futures):
                rows.append(future.result())
                print(json.dumps({"recipe": recipe, "seed": seed, **rows[-1]}), flush=True)
            print(f"{recipe}, {len(rows)} seeds, mean ± standard error (worst):")
            for name, worst in (("modes", min), ("high_quality", min), ("reverse_kl", max)):
                found = [row[name] for row in rows]
                error = statistics.stdev(found) / len(found) ** 0.5 if len(found) > 1 else 0.0
                print(f"  {name:13} {statistics.fmean(found):.4f} ± {error:.4f} ({worst(found):.4f})")
            if recipe in PUBLISHED:
                print(f"  published     {PUBLISHED[recipe]}")


if __name__ == "__main__":
    main()
