"""A hundred images of some digits: from a run on other digits, with and without frozen layers, and from scratch.

    python bench/warm_start.py --seeds 3 --out runs/warm-start

The first run sees the digits 0 to 6; a hundred images of 7, 8 and 9 are what the others are trained on. Judged is by
the images of 7, 8 and 9 that nobody was trained on: the Fréchet distance of pixels averaged to 8x8, of the averaged
weights' samples, after each of several numbers of samples. The same command goes on where it was stopped.
"""

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import saddlepoint as sp
from saddlepoint.core import rng
from saddlepoint.metrics import frechet_distance
from verdicts import digits

#: Samples of the run on the other digits, and of those on a hundred images, where they are judged.
SOURCE, PLACES = 60_000, (3_200, 6_400, 12_800)
IMAGES, DRAWN = 100, 1_000
WAYS: dict[str, dict[str, Any] | None] = {
    "from scratch": None,
    "warm": {},
    "warm, freeze 1": {"discriminator.freeze": 1},
}
COMMON: dict[str, Any] = {"conditional": False, "score.samples": 256, "every.record": 640, "every.checkpoint": 3_200}


def features(images: Tensor) -> Any:
    """8x8 averages in [0, 1], (n, 64)."""
    return torch.nn.functional.avg_pool2d(images.double() / 255, 2).flatten(1).numpy()


def main() -> None:
    """Train all, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("runs/warm-start"))
    given = parser.parse_args()
    images, labels = digits()
    found: dict[str, list[list[float]]] = {way: [] for way in WAYS}
    for seed in range(given.seeds):
        late = torch.nonzero(labels >= 7)[:, 0]
        late = late[torch.randperm(len(late), generator=rng(seed, "hundred"))]
        few, unseen = images[late[:IMAGES]], features(images[late[IMAGES:]])
        source = given.out / f"source-{seed}"
        common: dict[str, Any] = {"seed": seed, "device": "cpu", "progress": False}
        sp.train("digits", images[labels < 7], samples=SOURCE, out=source, settings=COMMON, **common)
        floor = frechet_distance(features(few), unseen)
        for way, settings in WAYS.items():
            row, folder = [], given.out / f"{way.replace(' ', '-').replace(',', '')}-{seed}"
            file = folder / "warm_start.json"
            if file.exists():
                found[way].append(json.loads(file.read_text()))
                continue
            for samples in PLACES:
                run = sp.train(
                    *("digits", few),
                    samples=samples,
                    out=folder,
                    settings={**COMMON, **(settings or {})},
                    start=None if settings is None else source,
                    keep_schedules=True,
                    **common,
                )
                row.append(frechet_distance(features(run.sample(DRAWN, seed=1)), unseen))
            file.write_text(json.dumps(row))
            found[way].append(row)
        print(f"seed {seed}: the hundred images themselves {floor:.3f}", flush=True)
    print(f"{'':<16}" + "".join(f"{places:>18,}" for places in PLACES))
    for way, rows in found.items():
        cells = [
            f"{statistics.mean(c):.3f} ± {statistics.stdev(c) if len(c) > 1 else 0:.3f}"
            for c in zip(*rows, strict=True)
        ]
        print(f"{way:<16}" + "".join(f"{cell:>18}" for cell in cells))


if __name__ == "__main__":
    main()
