"""Stacked MNIST, the cell D = ½ G of Unrolled's protocol: modes of 1,000 and KL to uniform, against time.

    python bench/stacked_mnist.py --data FOLDER --minutes 60 --threads 1
    python bench/stacked_mnist.py --samples 400000 --looks 2 --set discriminator.network.packing=3 --out runs/packed

At each look the averaged generator is read by our digit classifier, channel by channel: 2,560 images on the way, 25,600
at the end, as published. Beside each number stands what as many draws from equal modes give on average. Interrupted,
the same command goes on; more minutes or samples continue a run that is done.
"""

import argparse
import json
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.stats import binom

from saddlepoint.configuration import assign
from saddlepoint.extractors import load_extractor
from saddlepoint.metrics import mode_coverage
from saddlepoint.runs.run import Run
from saddlepoint.storage import append_record, read_records
from saddlepoint.tasks import Config, recipe_named
from saddlepoint.tasks.images.model import ImageGenerator

CLASSES = 1000
#: Images read on the way, and at the end.
FEW, ALL = 2_560, 25_600
PUBLISHED = (
    "DCGAN 628 ± 141 modes, KL 2.58; Unrolled, 10 steps 817 ± 38, 1.43 (Metz et al. 2017); "
    "PacDCGAN3 866.6 ± 12, .90 (Lin et al. 2018); at 64,000,000 samples, 500,000 steps of 128, by PacGAN's settings"
)


@dataclass(frozen=True)
class Look:
    """What was found after so many samples."""

    limit: float
    samples: int
    seconds: float
    n: int
    modes: int
    kl: float


def perfect(n: int) -> tuple[float, float]:
    """Modes and KL(p̂ ‖ uniform) that n draws from equal modes give on average."""
    counts = np.arange(1, n + 1)
    chances = binom.pmf(counts, n, 1 / CLASSES)
    divergence = CLASSES * float((chances * counts / n * np.log(CLASSES * counts / n)).sum())
    return CLASSES * (1 - (1 - 1 / CLASSES) ** n), divergence


def judged(run: Run, n: int) -> tuple[int, float]:
    """Modes and KL of n images of the generator that a run handed over."""
    trained, read = run.model, load_extractor("stacked-digits")
    assert isinstance(trained, ImageGenerator)
    latents = trained.latents(n, seed=1)
    labels = torch.cat([read.logits(trained.render(part)).argmax(1) for part in latents.split(1024)])
    found = mode_coverage(labels, CLASSES)
    return found.modes, found.kl_to_uniform


def play(config: Config, key: str, limits: list[float], folder: Path) -> Look:
    """The looks at a run on its way to the last limit of its budget."""
    path = folder / "looks.jsonl"
    kept = {(row["limit"], row["n"]): Look(**row) for row in read_records(path)}
    looks: list[Look] = []
    for limit in limits:
        n = ALL if limit == limits[-1] else FEW
        look = kept.get((limit, n))
        if look is None:
            run = Run.begin(assign(config, [f"budget.{key}={limit}"]), folder).train(report=False)
            if run.outcome != "stopped" or (run.result is not None and run.result.signal is not None):
                raise SystemExit(f"{folder}: {run.outcome}: {run.message}")
            modes, kl = judged(run, n)
            about = run.storage.read_identity()
            look = Look(limit, about["samples"], round(about["seconds"], 1), n, modes, round(kl, 4))
            append_record(path, asdict(look))
        looks.append(look)
        most, least = perfect(n)
        length = f"{look.samples:10,} samples, {look.seconds:8.1f} s"
        found = f"{look.modes:4d} modes ({most:.0f}), KL {look.kl:.4f} ({least:.4f}) of {n:,} images"
        print(f"seed {config.seed}: {length}: {found}", flush=True)
    return looks[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="a folder with MNIST's four IDX files; the download where none is given")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, help="of training, a seed")
    length.add_argument("--samples", type=int, help="of training, a seed; the recipe's own where neither is given")
    parser.add_argument("--looks", type=int, default=6)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], dest="sets", metavar="KEY=VALUE")
    parser.add_argument("--out", type=Path, default=Path("runs/stacked-mnist"))
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    recipe = recipe_named("stacked-mnist")
    if given.data is not None:
        recipe = recipe.with_data(given.data)
    config = assign(recipe, [f"threads={given.threads}", *given.sets])
    key, whole = ("minutes", given.minutes) if given.minutes else ("samples", given.samples or config.budget.samples)
    if given.minutes:
        config = assign(config, ["budget.samples=none"])
    assert whole is not None
    limits = [whole * look / given.looks for look in range(1, given.looks + 1)]
    if key == "samples":
        limits = [round(limit) for limit in limits]
    ends = [
        play(assign(config, [f"seed={seed}"]), key, limits, given.out / f"seed-{seed}") for seed in range(given.seeds)
    ]
    print(json.dumps([asdict(end) for end in ends]))
    for name in ("modes", "kl"):
        values = [getattr(end, name) for end in ends]
        error = f" ± {statistics.stdev(values) / len(values) ** 0.5:.4f}" if len(values) > 1 else ""
        print(f"{name:6} {statistics.fmean(values):.4f}{error} (mean and standard error of {len(values)} seeds)")
    print(f"at {ends[0].samples:,} samples, {ends[0].samples // config.batch_size:,} steps of {config.batch_size}")
    print(f"published: {PUBLISHED}")


if __name__ == "__main__":
    main()
