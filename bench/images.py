"""Which settings make the best samples of a set of images, at an equal budget of processor time.

    python bench/images.py --data FOLDER --sets tiles,emojis,cifar,fashion,photographs --samples 50000 --seeds 0,1
    python bench/images.py --data FOLDER --sets cifar --variants "recipe; tutorial" --samples 250000
    python bench/images.py --data FOLDER --sets tiles --limit 100 --variants "recipe; DiffAugment 1"
    python bench/images.py --sets PATH/TO/IMAGES --size 48

FOLDER holds `dcss_tiles`, `emoji_pairs`, `cifar10_6k`, `fashion_mnist` and `mnist`; `photographs` are crops of the two
photographs that come with scikit-learn, and need nothing. Any other name is the path of a folder of images.

Each variant is the recipe `images` as it is for these images, but for what it sets. `before` is that recipe in version
0.2, `tutorial` the DCGAN of tutorials. The budget is the processor time that `before` takes for --samples: a variant
trains for as many samples as fit, by the median ratio of its steps to steps of `before` that are timed in turn with
them, on one thread, so that it matters little what else the machine does.

Columns: samples seen; cost of a sample, in samples of `before`; CPU seconds; Fréchet distance, precision and recall
(k = 3) in the features of the extractor imagenet (pip install 'saddlepoint[features]'), and the Fréchet distance of 8x8
patches, of what the run hands over, as many generated images as real ones, 1,000 at most; the least and the greatest
discriminator loss of all records (a run that blows up shows here). The floor is one half of the images against the
other. With --limit the game is shown so many of the images only, and judged by all. Images are kept in --out: the same
command goes on, and prints the table again.
"""

import argparse
import json
import math
import statistics
import time
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from saddlepoint.configuration import assign
from saddlepoint.core import rng
from saddlepoint.data import ImageData
from saddlepoint.evaluation.fidelity import in_channels
from saddlepoint.extractors import Extractor, load_extractor
from saddlepoint.metrics import frechet_distance, frechet_from_moments, patch_moments, precision_recall
from saddlepoint.runs.assembly import assemble
from saddlepoint.runs.run import Run
from saddlepoint.tasks import Config, recipe_named, task_of
from saddlepoint.tasks.images.model import ImageGenerator
from saddlepoint.tasks.pictures import image_grid
from saddlepoint.tasks.probe import write_picture

#: By name, what is below FOLDER, and pixels a side; None are made here.
SETS: dict[str, tuple[str | None, int]] = {
    "tiles": ("dcss_tiles", 32),
    "tiles16": ("dcss_tiles", 16),
    "emojis16": ("emoji_pairs/train", 16),
    "emojis": ("emoji_pairs/train", 32),
    "emojis64": ("emoji_pairs/train", 64),
    "cifar": ("cifar10_6k/train", 32),
    "cifar16": ("cifar10_6k/train", 16),
    "fashion": ("fashion_mnist", 28),
    "mnist": ("mnist", 28),
    "photographs16": (None, 16),
    "photographs": (None, 32),
    "photographs64": (None, 64),
}
ADAM_OF_PROJECTED = "{name: Adam, lr: 1e-3, betas: [0.0, 0.99]}"
ADAM = "{name: Adam, lr: 2e-4, betas: [0.5, 0.999]}"
RELATIVISTIC = ["loss=relativistic", "penalties.r1.weight=1", "penalties.r2.weight=1"]
BATCH_NORM = ["generator.network={name: dcgan-generator, width: 32, output: tanh}"]
GENTLE = ["penalties.r1.weight=0.1", "penalties.r2.weight=0.1"]
VARIANTS: dict[str, list[str]] = {
    "recipe": [],
    "before": [
        *RELATIVISTIC,
        "generator.network={name: convolutional-generator, width: 32, output: tanh}",
        "discriminator.network={name: convolutional-discriminator, width: 32}",
        "optimizer={name: Adam, lr: 2e-3, betas: [0.0, 0.99]}",
        "average={half_life: 10000}",
        "batch_size=64",
        "latent.size=64",
        "augmentation=none",
    ],
    "tutorial": [
        "loss=non-saturating",
        "penalties={}",
        "generator.network={name: dcgan-generator, width: 64, output: tanh}",
        "discriminator.network={name: dcgan-discriminator, width: 64}",
        f"optimizer={ADAM}",
        # A half-life of one sample hands over the live weights.
        "average={half_life: 1}",
        "batch_size=128",
        "latent.size=100",
        "augmentation=none",
    ],
    "gamma 1": ["penalties.r1.weight=1", "penalties.r2.weight=1"],
    "gamma .1": ["penalties.r1.weight=0.1", "penalties.r2.weight=0.1"],
    "gamma .03": ["penalties.r1.weight=0.03", "penalties.r2.weight=0.03"],
    "gamma .01": ["penalties.r1.weight=0.01", "penalties.r2.weight=0.01"],
    "width 16": ["generator.network.width=16", "discriminator.network.width=16"],
    "width 24": ["generator.network.width=24", "discriminator.network.width=24"],
    "width 48": ["generator.network.width=48", "discriminator.network.width=48"],
    "batch 32": ["batch_size=32"],
    "batch 128": ["batch_size=128"],
    "rate 1e-3": ["optimizer.lr=1e-3"],
    "rate 4e-3": ["optimizer.lr=4e-3"],
    "DiffAugment 1": ["augmentation.kind=diffaugment", "augmentation.strength=1"],
    "gamma .1, DiffAugment .5": [*GENTLE, "augmentation.kind=diffaugment", "augmentation.strength=0.5"],
    "DiffAugment .5": ["augmentation.kind=diffaugment", "augmentation.strength=0.5"],
    "DiffAugment .2": ["augmentation.kind=diffaugment", "augmentation.strength=0.2"],
    "adaptive": [
        *("augmentation.kind=adaptive", "augmentation.strength=0", "augmentation.target=0.6"),
        "augmentation.span=50000",
    ],
    "latents 128": ["latent.size=128"],
    "DCGAN generator": BATCH_NORM,
    "DCGAN generator .1": [*BATCH_NORM, *GENTLE],
    "DCGAN generator .1, batch 32": [*BATCH_NORM, *GENTLE, "batch_size=32"],
    "DCGAN generator .1, batch 16": [*BATCH_NORM, *GENTLE, "batch_size=16"],
    "DCGAN generator .1, rate 4e-3": [*BATCH_NORM, *GENTLE, "optimizer.lr=4e-3"],
    "DCGAN generator .02": [*BATCH_NORM, "penalties.r1.weight=0.02", "penalties.r2.weight=0.02"],
    "projected": [
        "generator.network={name: dcgan-generator, width: 32, output: tanh}",
        "discriminator.network={name: projected-discriminator, least: 32}",
        *("loss=hinge", "penalties={}", "augmentation.kind=diffaugment", "augmentation.strength=1"),
        f"optimizer={ADAM_OF_PROJECTED}",
    ],
    "residual": [
        "generator.network={name: residual-generator, width: 16, widest: 64, depth: 1, output: tanh}",
        "discriminator.network={name: residual-discriminator, width: 16, widest: 64, depth: 1}",
        "optimizer.lr=1e-3",
    ],
    "Lookahead": ["method={name: lookahead, base: alternating}"],
}
#: Images compared, at most; steps of each that are timed.
COMPARED, TIMED = 1000, 8


@dataclass(frozen=True)
class Cell:
    """One run: of what, how, for how long."""

    images: str
    size: int | None
    variant: str
    samples: int
    seed: int
    limit: int | None

    @property
    def name(self) -> str:
        """Of its folder."""
        few = f"-{self.limit}" if self.limit else ""
        variant = self.variant.replace(" ", "-").replace(",", "")
        side = f"-at-{self.size}" if self.size else ""
        return f"{Path(self.images).name}{side}{few}-{self.samples}-{variant}-{self.seed}"


def crops(out: Path, size: int, count: int = 5000) -> Path:
    """Squares of scikit-learn's two photographs, a tenth to a half of their height, as arrays in a file."""
    from sklearn.datasets import load_sample_images

    path = out / f"photographs-{size}.npz"
    if not path.exists():
        source = np.random.default_rng(0)
        found = []
        photographs = [torch.from_numpy(each).permute(2, 0, 1) for each in load_sample_images().images]
        for number in range(count):
            image = photographs[number % 2].float()
            side = int(source.integers(64, 200))
            top, left = (int(source.integers(0, extent - side)) for extent in image.shape[1:])
            part = image[None, :, top : top + side, left : left + side]
            found.append(interpolate(part, (size, size), mode="bicubic", antialias=True).clamp(0, 255).round().byte())
        out.mkdir(parents=True, exist_ok=True)
        labels = np.arange(count) % 2
        np.savez(path, images=torch.cat(found).permute(0, 2, 3, 1).numpy(), labels=labels)
    return path


def source_of(cell: Cell, root: Path | None, out: Path) -> list[str]:
    """The path of a cell's images, and settings that say how they are read."""
    below, size = SETS.get(cell.images, (cell.images, cell.size or 32))
    if cell.images in SETS and below is not None:
        if root is None:
            raise SystemExit(f"{cell.images} needs --data FOLDER, which holds {below}")
        return [str(root / below), f"data.size={size}"]
    if below is None:
        return [str(crops(out, size)), f"data.size={size}"]
    return [below, f"data.size={size}"]


def configuration(cell: Cell, root: Path | None, out: Path, sets: list[str]) -> Config:
    """Of a cell, before its budget is known."""
    path, *read = source_of(cell, root, out)
    common = ["threads=1", f"seed={cell.seed}", *read, *([f"data.limit={cell.limit}"] if cell.limit else [])]
    return assign(recipe_named("images").with_data(path), [*common, *sets, *VARIANTS[cell.variant]])


def read(config: Config) -> ImageData:
    data: ImageData = task_of(config).read(config)
    return data


def cost(config: Config, reference: Config, data: ImageData) -> float:
    """Processor time of a sample, in samples of the reference."""
    mine, other = assemble(config, data), assemble(reference, data)
    found = []
    for _ in range(TIMED):
        seconds = []
        for assembled in (other, mine):
            begun, position = time.process_time(), assembled.batches.position
            assembled.method.step(assembled.game, assembled.batches)
            seconds.append((time.process_time() - begun) / (assembled.batches.position - position))
        found.append(seconds[1] / seconds[0])
    return statistics.median(found[1:])


def play(cell: Cell, root: Path | None, out: Path, sets: list[str]) -> dict[str, Any]:
    """Train a cell where that is not done; its images lie in `images.npz`, the rest is returned."""
    place = out / cell.name
    kept = place / "facts.json"
    if kept.exists():
        facts: dict[str, Any] = json.loads(kept.read_text())
        return facts
    config = configuration(cell, root, out, sets)
    reference = configuration(replace(cell, variant="before"), root, out, sets)
    each = cost(config, reference, read(config)) if cell.variant != "before" else 1.0
    samples = max(1, round(cell.samples / each / 500)) * 500
    rare = [f"every.{name}={samples}" for name in ("checkpoint", "snapshot")]
    config = assign(config, [f"budget.samples={samples}", f"every.record={max(1000, samples // 10)}", *rare])
    run = Run.begin(config, place / "run")
    begun = time.process_time()
    trained = run.train(report=False).model
    assert isinstance(trained, ImageGenerator)
    records = [json.loads(line) for line in run.folder.joinpath("metrics.jsonl").read_text().splitlines()]
    losses = [float(record["losses"]["discriminator"]) for record in records]
    images = trained.render(trained.latents(COMPARED, seed=0))
    np.savez_compressed(place / "images.npz", images=images.numpy())
    write_picture(out / f"{cell.name}.png", image_grid(images[:100], columns=10))
    facts = {
        "samples": samples,
        "cost": each,
        "seconds": time.process_time() - begun,
        "losses": losses,
    }
    kept.write_text(json.dumps(facts) + "\n")
    return facts


@cache
def judge() -> Extractor:
    return load_extractor("imagenet")


class Real:
    """Real images of a set, read once."""

    def __init__(self, images: Tensor) -> None:
        order = torch.randperm(len(images), generator=rng(0, "judged"))
        self.images = images[order[:COMPARED]]
        self.features = judge()(self.images)
        self.patches = patch_moments(self.images)
        rest = images[order[len(self.images) :]][:COMPARED]
        # Where there are few, halves stand for the whole, and the floor is too high.
        self.floor = self.score(rest) if len(rest) == COMPARED else Real(self.images[::2]).score(self.images[1::2])

    def score(self, made: Tensor) -> dict[str, float]:
        """Distances of generated images from these."""
        features = judge()(in_channels(made, self.images.shape[1]))
        found = precision_recall(self.features, features, k=3)
        return {
            "frechet": frechet_distance(self.features, features),
            "precision": found.precision,
            "recall": found.recall,
            "patches": frechet_from_moments(self.patches, patch_moments(in_channels(made, self.images.shape[1]))),
        }


def spread(values: list[float]) -> str:
    """The mean, and how far the farthest seed lies from it."""
    mean = statistics.mean(values)
    off = max(abs(value - mean) for value in values)
    return f"{mean:.3g}" if len(values) == 1 else f"{mean:.3g} ± {off:.2g}"


def row(name: str, found: list[dict[str, float]], spent: str, worst: str) -> str:
    cells = [spread([each[key] for each in found]) for key in ("frechet", "precision", "recall", "patches")]
    return f"| {name} | {spent} | {' | '.join(cells)} | {worst} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the folder of the sets")
    parser.add_argument("--sets", default=",".join(SETS), help=f"of {list(SETS)}, or paths")
    parser.add_argument("--size", type=int, help="pixels a side, of paths")
    parser.add_argument("--samples", type=int, default=50_000, help="of `before`, whose processor time each has")
    parser.add_argument("--variants", default="recipe; before; tutorial", help=f"by semicolons, of {list(VARIANTS)}")
    parser.add_argument("--limit", type=int, help="images that the game is shown; all where none is given")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="of all")
    parser.add_argument("--out", type=Path, default=Path("runs/images-compared"))
    given = parser.parse_args()
    names = [name.strip() for name in given.variants.split(";")]
    if unknown := set(names) - set(VARIANTS):
        parser.error(f"no variant is called {unknown.pop()!r}: take some of {list(VARIANTS)}")
    torch.set_num_threads(1)
    print("| | samples | cost | CPU s | Fréchet | precision | recall | patches | loss D |\n|---|" + "---|" * 8)
    for images in given.sets.split(","):
        size = None if images in SETS else given.size
        whole = Cell(images, size, "recipe", given.samples, 0, None)
        real = Real(read(configuration(whole, given.data, given.out, [])).images)
        print(row(f"{images}: floor", [real.floor], " | | ", ""), flush=True)
        for name in names:
            found, facts = [], []
            for seed in map(int, given.seeds.split(",")):
                cell = Cell(images, size, name, given.samples, seed, given.limit)
                facts.append(play(cell, given.data, given.out, given.set))
                made: NDArray[np.uint8] = np.load(given.out / cell.name / "images.npz")["images"]
                found.append(real.score(torch.from_numpy(made)))
            samples, each, seconds = (statistics.mean(f[key] for f in facts) for key in ("samples", "cost", "seconds"))
            spent = f"{samples:,.0f} | {each:.2f} | {seconds:.0f}"
            losses = [loss for fact in facts for loss in fact["losses"]]
            worst = f"{min(losses):.2g} … {max(losses):.2g}" if all(map(math.isfinite, losses)) else "not finite"
            print(row(f"{images}: {name}", found, spent, worst), flush=True)


if __name__ == "__main__":
    main()
