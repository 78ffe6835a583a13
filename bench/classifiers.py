"""Trains the small classifiers whose weights the package carries.

    python bench/classifiers.py mnist --data FOLDER --out src/saddlepoint/extractors/weights/digits.safetensors
    python bench/classifiers.py fashion-mnist --data FOLDER \
        --out src/saddlepoint/extractors/weights/fashion.safetensors

FOLDER holds the four IDX files; without --data they are downloaded. The test images are read once, at the end, by
the rounded weights that are kept; nothing is chosen by them. The same seed on the same machine, with the same number
of threads, gives the same weights.
"""

import argparse
import shlex
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import track
from torch import Tensor
from torch.nn.functional import affine_grid, cross_entropy, grid_sample
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from saddlepoint.core import rng
from saddlepoint.core.randomness import seeded
from saddlepoint.data import fashion_mnist, mnist
from saddlepoint.extractors.classifier import SmallClassifier


@dataclass(frozen=True)
class Augmentation:
    """Largest rotation (radians), change of scale and shift (halves of a side), side of the square cut out (pixels)."""

    rotation: float
    scale: float
    shift: float
    cut: int
    flip: bool


AUGMENTATIONS = {
    "mnist": Augmentation(rotation=0.2, scale=0.1, shift=0.14, cut=0, flip=False),
    "fashion-mnist": Augmentation(rotation=0.0, scale=0.05, shift=0.07, cut=8, flip=True),
}
READERS = {"mnist": mnist, "fashion-mnist": fashion_mnist}
BATCH, RATE, DECAY = 128, 0.1, 5e-4


def augmented(images: Tensor, how: Augmentation, source: torch.Generator) -> Tensor:
    """Each image (float, N 1 H W) under a rotation, scale, shift and perhaps flip of its own, with a square cut out."""
    n, _, h, w = images.shape
    draw = torch.rand(7, n, generator=source)
    angle, scale, x, y = (draw[:4] * 2 - 1) * torch.tensor([[how.rotation], [how.scale], [how.shift], [how.shift]])
    cos, sin = torch.cos(angle) * (1 + scale), torch.sin(angle) * (1 + scale)
    mirror = torch.where(draw[4] < 0.5, -1.0, 1.0) if how.flip else torch.ones(n)
    theta = torch.stack([torch.stack([mirror * cos, -sin, x], 1), torch.stack([mirror * sin, cos, y], 1)], 1)
    images = grid_sample(images, affine_grid(theta, [n, 1, h, w], align_corners=False), align_corners=False)
    if how.cut:
        top, left = (draw[5:] * (h - how.cut + 1)).long()
        row, column = torch.arange(h), torch.arange(w)
        rows = (row >= top[:, None]) & (row < top[:, None] + how.cut)
        columns = (column >= left[:, None]) & (column < left[:, None] + how.cut)
        images = images.masked_fill((rows[:, :, None] & columns[:, None, :])[:, None], 0.0)
    return images


def batches(
    images: Tensor, labels: Tensor, epochs: int, seed: int, how: Augmentation
) -> Iterator[tuple[Tensor, Tensor]]:
    for epoch in range(epochs):
        source = rng(seed, epoch, "classifier")
        for chosen in torch.randperm(len(images), generator=source).split(BATCH)[: len(images) // BATCH]:
            yield augmented(images[chosen].float() / 255, how, source), labels[chosen]


def fit(
    network: SmallClassifier, stream: Iterable[tuple[Tensor, Tensor]], steps: int, decay: float = 0.995
) -> SmallClassifier:
    """The network trained on so many batches, images in [0, 1] with labels, ready to read with.

    SGD with one cycle of the learning rate; the weights are averaged over the last 1/(1 − decay) steps or so. No
    label smoothing: it draws the features of a class together (Müller, Kornblith, Hinton 2019, arXiv 1906.02629),
    and these features shall tell how diverse a class is.
    """
    network.train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)
    optimizer = torch.optim.SGD(network.parameters(), lr=RATE, momentum=0.9, weight_decay=DECAY, nesterov=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps, pct_start=0.25)
    for x, y in track(stream, "training", total=steps, console=Console(stderr=True)):
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(x.contiguous(memory_format=torch.channels_last))
        cross_entropy(logits.float(), y).backward()
        optimizer.step()
        schedule.step()
        average.update_parameters(network)
    kept = average.module
    assert isinstance(kept, SmallClassifier)
    kept.eval().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    return kept


def train(images: Tensor, labels: Tensor, epochs: int, seed: int, how: Augmentation) -> SmallClassifier:
    with seeded(seed):
        network = SmallClassifier(int(labels.max()) + 1)
    return fit(network, batches(images, labels, epochs, seed, how), epochs * (len(images) // BATCH))


def accuracy(network: SmallClassifier, images: Tensor, labels: Tensor) -> float:
    with torch.no_grad():
        guesses = torch.cat([network(part.float() / 255).argmax(1) for part in images.split(500)])
    return float((guesses == labels).double().mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", choices=READERS)
    parser.add_argument("--data", type=Path, help="folder of the IDX files; downloaded where none is given")
    parser.add_argument("--out", type=Path, required=True, help="the .safetensors file to write")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    read = READERS[given.dataset]
    training, test = read(given.data, "train"), read(given.data, "test")
    assert training.labels is not None
    assert test.labels is not None
    start = time.perf_counter()
    network = train(training.images, training.labels, given.epochs, given.seed, AUGMENTATIONS[given.dataset])
    seconds = time.perf_counter() - start
    # The folder and the file's name are this machine's; what was run is the rest.
    command = ["python", "bench/classifiers.py", given.dataset, "--epochs", given.epochs, "--seed", given.seed]
    about = {
        "data": training.name,
        "classes": training.classes,
        "train_fingerprint": training.fingerprint,
        "test_fingerprint": test.fingerprint,
        "command": shlex.join([*map(str, command), "--threads", str(given.threads)]),
        "seed": given.seed,
        "torch": torch.__version__,
    }
    network.save(given.out, about)
    reached = accuracy(SmallClassifier.load(given.out), test.images, test.labels)
    network.save(given.out, {**about, "test_accuracy": reached})
    size = given.out.stat().st_size
    print(f"{given.dataset}: test accuracy {reached:.2%}, {seconds:.0f} s, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
