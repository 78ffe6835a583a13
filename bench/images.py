"""Which settings make the best samples of a folder of images, at an equal budget of processor time.

    python bench/images.py --data FOLDER --cpu 240 --out runs/images-compared
    python bench/images.py --data FOLDER --cpu 1200 --variants recipe,classes
    python bench/images.py --data FOLDER --limit 500 --variants recipe,DiffAugment,adaptive

FOLDER has sub-folders, whose names teach a small classifier, in whose features the samples are judged; only `classes`
tells the game. Each variant is the recipe `images` but for what it sets, and trains on one thread for as many samples
as its first steps say the budget pays for. Columns: samples seen; CPU milliseconds a step; Fréchet distance, precision
and recall in the classifier's features, as many generated images as real ones, averaged weights; Fréchet distance of
averaged pixels and of 8x8 patches. The floor is one half of the images against the other. With --limit the game is
shown so many of the images only, and judged by all. Writes VARIANT.png. The same command goes on.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from classifiers import BATCH, Augmentation, accuracy, augmented, fit
from saddlepoint.configuration import assign
from saddlepoint.core import rng
from saddlepoint.core.randomness import seeded
from saddlepoint.data import ImageData
from saddlepoint.extractors import Extractor, SmallClassifier, load_extractor
from saddlepoint.extractors.classifier import SIDE
from saddlepoint.metrics import frechet_distance, frechet_from_moments, patch_moments, precision_recall
from saddlepoint.runs.assembly import assemble
from saddlepoint.runs.run import Run
from saddlepoint.storage import RunFolder
from saddlepoint.tasks import Config, read_config, recipe_named, task_of
from saddlepoint.tasks.images.model import ImageGenerator
from saddlepoint.tasks.pictures import image_grid
from saddlepoint.tasks.probe import write_picture

VARIANTS: dict[str, list[str]] = {
    "recipe": [],
    "gamma .1": ["penalties.r1.weight=0.1", "penalties.r2.weight=0.1"],
    "gamma .01": ["penalties.r1.weight=0.01", "penalties.r2.weight=0.01"],
    "width 16": ["generator.network.width=16", "discriminator.network.width=16"],
    "rate 1e-3": ["optimizer.lr=1e-3"],
    "DiffAugment": ["augmentation.kind=diffaugment", "augmentation.strength=0.5"],
    "adaptive": [
        *("augmentation.kind=adaptive", "augmentation.strength=0", "augmentation.target=0.6"),
        "augmentation.span=50000",
    ],
    "latents 128": ["latent.size=128"],
    "half-life 40k": ["average.half_life=40000"],
    "residual": [
        "generator.network={name: residual-generator, width: 16, widest: 64, depth: 1, output: tanh}",
        "discriminator.network={name: residual-discriminator, width: 16, widest: 64, depth: 1}",
        "optimizer.lr=1e-3",
    ],
    "classes": ["conditional=true"],
}
#: The classifier sees small rotations, shifts and changes of scale.
SEEN = Augmentation(rotation=0.1, scale=0.1, shift=0.14, cut=0, flip=True)
#: Steps of the classifier; most images that are compared; steps that are timed.
STEPS, COMPARED, TIMED = 1500, 5000, 20


def configuration(data: str, size: int, sets: list[str]) -> Config:
    common = ["threads=1", f"data.size={size}", "every.checkpoint=50000", "every.snapshot=50000"]
    return assign(recipe_named("images").with_data(data), [*common, *sets])


def read(config: Config) -> ImageData:
    data: ImageData = task_of(config).read(config)
    return data


def judge_of(data: ImageData, seed: int = 0) -> Extractor:
    """The classifier of the folder's classes, trained here; prints how much of them it knows."""
    seen = data.resized(SIDE)
    assert seen.labels is not None
    images, labels = seen.images, seen.labels

    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        for step in range(STEPS):
            source = rng(seed, step, "classifier")
            chosen = torch.randint(len(images), (BATCH,), generator=source)
            yield augmented(images[chosen].float() / 255, SEEN, source), labels[chosen]

    with seeded(seed):
        network = SmallClassifier(len(data.classes), channels=images.shape[1])
    network = fit(network, batches(), STEPS)
    print(f"the judge is right about {accuracy(network, images, labels):.1%} of the images that taught it")
    return Extractor(network.body, SIDE, channels=None, head=network.head, name="judge")


def cost(config: Config, data: ImageData) -> float:
    """CPU seconds a sample, over the first steps but for the very first ones."""
    assembled = assemble(config, data)
    for step in range(2 * TIMED):
        if step == TIMED:
            begun, position = time.process_time(), assembled.batches.position
        assembled.method.step(assembled.game, assembled.batches)
    return (time.process_time() - begun) / (assembled.batches.position - position)


def row(name: str, generated: Tensor, real: Tensor, judge: Extractor, spent: str) -> str:
    made, true = judge(generated), judge(real)
    found = precision_recall(true, made, k=5)
    pixels = load_extractor("pixels")
    coarse = frechet_distance(pixels(real), pixels(generated))
    close = frechet_from_moments(patch_moments(real), patch_moments(generated))
    numbers = (frechet_distance(true, made), found.precision, found.recall, coarse, close)
    return f"| {name} | {spent} | " + " | ".join(f"{number:.3g}" for number in numbers) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="a folder with sub-folders of images")
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--cpu", type=float, default=240.0, help="seconds a variant")
    parser.add_argument("--variants", default=",".join(VARIANTS), help=f"of {list(VARIANTS)}")
    parser.add_argument("--limit", type=int, help="images that the game is shown; all where none is given")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="of all")
    parser.add_argument("--out", type=Path, default=Path("runs/images-compared"))
    given = parser.parse_args()
    names = given.variants.split(",")
    if unknown := set(names) - set(VARIANTS):
        parser.error(f"no variant is called {unknown.pop()!r}: take some of {list(VARIANTS)}")
    torch.set_num_threads(1)
    data = read(configuration(given.data, given.size, given.set))
    judge = judge_of(data)
    order = torch.randperm(len(data), generator=rng(0, "judged"))
    real, half = data.images[order[:COMPARED]], data.images[order].chunk(2)
    print("| | samples | ms a step | Fréchet | precision | recall | of pixels | of patches |\n|---|" + "---|" * 7)
    print(row("floor", half[0], half[1], judge, " | "), flush=True)
    for name in names:
        limit = [f"data.limit={given.limit}"] if given.limit else []
        config = configuration(given.data, given.size, [*given.set, *VARIANTS[name], *limit])
        each = cost(config, read(config))
        config = assign(config, [f"budget.samples={max(1, round(given.cpu / each / 1000)) * 1000}"])
        home = RunFolder(given.out / name.replace(" ", "-"))
        if home.config.exists():
            config = read_config(home.read_config())
        trained = Run.begin(config, home.path).train(report=False).model
        assert isinstance(trained, ImageGenerator)
        # Classes as often as the folder has them.
        labels = data.labels[order[:COMPARED]] if trained.classes and data.labels is not None else None
        images = trained.render(trained.latents(len(real), seed=0), labels)
        write_picture(given.out / f"{home.path.name}.png", image_grid(images[:100], columns=10))
        print(row(name, images, real, judge, f"{config.budget.samples:,} | {each * 64e3:.0f}"), flush=True)


if __name__ == "__main__":
    main()
