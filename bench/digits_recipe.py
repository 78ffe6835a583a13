"""How the default recipe for handwritten digits was found: one row a variant, at an equal budget of CPU time.

    python bench/digits_recipe.py                       every variant, 50 CPU seconds each
    python bench/digits_recipe.py modern classic --cpu 120 --out grids/

Columns: samples seen; ms of CPU time a step of 64 samples; Fréchet distance in 8x8 pixels (floor: one half of the
data against the other); precision and recall, shares inside the other set's 5-nearest-neighbour balls; share of
samples of which a support vector classifier is sure; smallest and largest class, in shares of 1.
"""

import argparse
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.neighbors import NearestNeighbors
from sklearn.svm import SVC
from torch import Tensor, nn
from torch.nn.functional import interpolate

from saddlepoint.components.adversary import AdversarialLosses, Adversary, of_latents
from saddlepoint.core import Batches, Game
from saddlepoint.data.stream import Distribution, SampleStream, draw_latent
from saddlepoint.losses import LOSSES
from saddlepoint.methods import Alternating, Averaged
from saddlepoint.metrics import frechet_distance
from saddlepoint.networks import ConvolutionalDiscriminator, ConvolutionalGenerator, MLPDiscriminator, MLPGenerator
from saddlepoint.networks.output import Output
from saddlepoint.penalties import R1, R2
from saddlepoint.tasks.pictures import image_grid

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Variant:
    side: int = 16
    convolutional: bool = False
    widths: tuple[int, ...] = (256, 256)
    width: int = 16
    output: Output = "tanh"
    loss: str = "relativistic"
    r1: float = 1.0
    r2: float = 1.0
    lr: float = 1e-3
    betas: tuple[float, float] = (0.0, 0.99)
    latent: int = 64
    distribution: Distribution = "normal"
    low: float = -1.0
    batch: int = 64
    half_life: float = 10_000
    same_batch: bool = True


MODERN = Variant()
VARIANTS = {
    "modern": MODERN,
    "no tanh": replace(MODERN, output="none"),
    "8x8": replace(MODERN, side=8),
    "28x28": replace(MODERN, side=28),
    "512-512": replace(MODERN, widths=(512, 512)),
    "256-256-256": replace(MODERN, widths=(256, 256, 256)),
    "gamma .1": replace(MODERN, r1=0.1, r2=0.1),
    "gamma 10": replace(MODERN, r1=10.0, r2=10.0),
    "latent 16": replace(MODERN, latent=16),
    "lr 3e-3": replace(MODERN, lr=3e-3),
    "batch 256, lr 2e-3": replace(MODERN, batch=256, lr=2e-3),
    "half-life 50k": replace(MODERN, half_life=50_000),
    "fresh batch": replace(MODERN, same_batch=False),
    "non-saturating + R1": replace(MODERN, loss="non-saturating", r2=0.0),
    "convolutional 16": replace(MODERN, convolutional=True),
    "classic": Variant(
        side=28, widths=(128, 128), output="sigmoid", loss="non-saturating", r1=0, r2=0, lr=1e-4,
        betas=(0.9, 0.999), latent=100, distribution="uniform", low=0.0, half_life=1e-9,
    ),
}  # fmt: skip


def players(variant: Variant) -> dict[str, nn.Module]:
    shape = (1, variant.side, variant.side)
    if variant.convolutional:
        return {
            "generator": ConvolutionalGenerator(shape, variant.latent, variant.width, output=variant.output),
            "discriminator": ConvolutionalDiscriminator(shape, variant.width),
        }
    return {
        "generator": MLPGenerator(shape, variant.latent, variant.widths, output=variant.output),
        "discriminator": MLPDiscriminator(shape, variant.widths),
    }


def digits(side: int) -> tuple[Tensor, NDArray[np.int64]]:
    """uint8 (1797, 1, side, side) and labels."""
    data = load_digits()
    images = torch.tensor(data.images / 16, dtype=torch.float32)[:, None]
    if side != images.shape[-1]:
        images = interpolate(images, (side, side), mode="bicubic", antialias=True)
    # Shuffled: the writers of the second half are not those of the first.
    order = np.random.default_rng(0).permutation(len(images))
    return images.clamp(0, 1).mul(255).round().to(torch.uint8)[torch.from_numpy(order)], data.target[order]


def pixels(images: Tensor) -> Array:
    """uint8 images at 8x8, flat, in [0, 1]."""
    images = images.double() / 255
    if images.shape[-1] != 8:
        images = interpolate(images, (8, 8), mode="bicubic", antialias=True)
    return images.clamp(0, 1).flatten(1).numpy()


def coverage(of: Array, by: Array) -> float:
    """Share of samples inside the 5-nearest-neighbour ball of some sample of the other set."""
    radii = NearestNeighbors(n_neighbors=6).fit(by).kneighbors(by)[0][:, 5]
    distances = torch.cdist(torch.from_numpy(of), torch.from_numpy(by)).numpy()
    return float((distances <= radii).any(1).mean())


def judge(generated: Array, real: Array, labels: NDArray[np.int64]) -> str:
    classifier = SVC(C=10, gamma=1 / (64 * real.var())).fit(real, labels)
    decisions = np.sort(classifier.decision_function(generated), axis=1)
    shares = np.bincount(classifier.predict(generated), minlength=10) / len(generated)
    numbers = (
        coverage(generated, real),
        coverage(real, generated),
        (decisions[:, -1] - decisions[:, -2] > 0.9).mean(),
        shares.min(),
        shares.max(),
    )
    return f"{frechet_distance(generated, real):8.3f} " + " ".join(f"{number:6.3f}" for number in numbers)


def train(variant: Variant, images: Tensor, cpu: float, seed: int) -> tuple[Tensor, int, float]:
    """As many samples as there is data, samples seen, CPU milliseconds a step."""
    torch.manual_seed(seed)
    penalties = [kind(weight) for kind, weight in ((R1, variant.r1), (R2, variant.r2)) if weight > 0]
    game = Game(
        nets := players(variant),
        AdversarialLosses(of_latents, Adversary(LOSSES[variant.loss](), penalties)),
        {n: torch.optim.Adam(net.parameters(), lr=variant.lr, betas=variant.betas) for n, net in nets.items()},
    )
    method = Averaged(Alternating(same_batch=variant.same_batch), half_life=variant.half_life)
    stream = SampleStream(
        images, variant.batch, seed, variant.latent, variant.distribution, variant.low, 1.0, torch.device("cpu")
    )
    batches, steps, start = Batches(stream), 0, time.process_time()
    while time.process_time() - start < cpu:
        step = method.step(game, batches)
        if step.outcome != "running":
            raise RuntimeError(f"{step}")
        steps += 1
    spent = time.process_time() - start
    latent = draw_latent(len(images), variant.latent, variant.distribution, torch.Generator().manual_seed(1))
    with game.excursion(), torch.no_grad():
        game.point.copy_(method.answer(game))
        made = (nets["generator"](latent) - variant.low) / (1 - variant.low)
    return made.clamp(0, 1).mul(255).round().to(torch.uint8), batches.position, spent / steps * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("variants", nargs="*", help=f"of {list(VARIANTS)}")
    parser.add_argument("--cpu", type=float, default=50.0, help="CPU seconds a variant")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="folder for 8x8 grids of samples")
    given = parser.parse_args()
    if unknown := set(given.variants) - set(VARIANTS):
        parser.error(f"no variant is called {unknown.pop()!r}: take some of {list(VARIANTS)}")
    torch.set_num_threads(given.threads)
    print(f"{os.cpu_count()} cores, torch {torch.__version__}, {given.threads} thread(s), seed {given.seed}")
    print(f"{'variant':22} {'samples':>9} {'ms':>7} {'frechet':>8} {'prec':>6} {'recall':>6} {'sure':>6} min    max")
    for side in (8, 16, 28):
        images, labels = digits(side)
        real, half = pixels(images), len(images) // 2
        print(f"{f'floor at {side}x{side}':22} {'':17} {judge(real[:half], real[half:], labels[half:])}")
    for name in given.variants or VARIANTS:
        images, labels = digits(VARIANTS[name].side)
        made, samples, cost = train(VARIANTS[name], images, given.cpu, given.seed)
        print(f"{name:22} {samples:9,} {cost:7.1f} {judge(pixels(made), pixels(images), labels)}", flush=True)
        if given.out is not None:
            given.out.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image_grid(made[:64], columns=8)).save(given.out / f"{name.replace(' ', '_')}.png")


if __name__ == "__main__":
    main()
