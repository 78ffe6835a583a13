"""Which number orders generators as they are to be ordered? Chains of known order, five sets, every candidate.

    python bench/yardstick.py --data FOLDER --sets tiles,emojis,cifar,fashion,photographs --out runs/yardstick

The sets are those of bench/images.py. One half of the images is the reference, the other half, as it is, the best
generator of every chain. Worse and worse ones are

    training    the live weights of a run of `images` as it was before, after 6,000, 3,000, 1,500, 500 and 0 samples
    blur        Gaussian, σ .4, .8, 1.4, 2.5 pixels at 32x32
    noise       Gaussian, of deviation 4, 10, 20, 45 levels
    grey        the saturation at .8, .5, .2, 0, or for grey images the contrast at .9, .75, .5, .3
    puzzle      each image cut into 2x2, 4x4, 8x8 squares, which change their places
    dropped     every second class (sub-folder) is met more rarely by a factor of .6, .3, .1, 0
    copies      no more than 400, 150, 50, 10 different images

A candidate scores for each pair of one chain that it puts into the right order; a tie is half. `step` is the distance
of the mildest fault over the floor (the other half as it is): 1 is blind, below 1 wrong. Prints a table a set, and all
sets together; a chain that a candidate can't see is what the line beside its number says.
"""

import argparse
from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations
from pathlib import Path
from statistics import mean

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, pad

from images import SETS, Cell, configuration, read
from saddlepoint.configuration import assign
from saddlepoint.core import rng
from saddlepoint.data import ImageData
from saddlepoint.evaluation.fidelity import coarse_pixels, in_channels
from saddlepoint.extractors import load_extractor
from saddlepoint.metrics import Moments, frechet_from_moments, patch_moments
from saddlepoint.runs.assembly import assemble

Score = Callable[[Tensor], float]
SHOWN = (0, 500, 1_500, 3_000, 6_000)
#: Images compared.
COUNT = 400


def frechet(features: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Score]:
    """The Fréchet distance in features, one row an image."""

    def of(real: Tensor) -> Score:
        moments = Moments.of(features(real))
        return lambda made: frechet_from_moments(moments, Moments.of(features(made)))

    return of


def patches(real: Tensor) -> Score:
    """Fréchet distance of 8x8 patches at full size."""
    moments = patch_moments(real)
    return lambda made: frechet_from_moments(moments, patch_moments(made))


def octaves(images: Tensor) -> Iterator[Tensor]:
    """The images, averaged by two again and again down to 8 pixels or so."""
    while True:
        yield images
        if min(images.shape[2:]) < 16:
            return
        images = avg_pool2d(images.float(), 2).round().byte()


def patch_octaves(real: Tensor) -> Score:
    """The mean over octaves of the Fréchet distance of 8x8 patches, each over the variance of the real ones."""
    moments = [patch_moments(level) for level in octaves(real)]

    def score(made: Tensor) -> float:
        return mean(
            frechet_from_moments(m, patch_moments(level)) / float(m.cov.trace())
            for m, level in zip(moments, octaves(made), strict=True)
        )

    return score


@cache
def extracted(name: str) -> Callable[[Tensor], Tensor]:
    """Features of an extractor; each set of images is read once."""
    return cache(load_extractor(name).__call__)


CANDIDATES: dict[str, Callable[[], Callable[[Tensor], Score]]] = {
    "pixels": lambda: frechet(coarse_pixels),
    "patches": lambda: patches,
    "patches, octaves": lambda: patch_octaves,
    "texture": lambda: frechet(extracted("texture")),
    "imagenet": lambda: frechet(extracted("imagenet")),
}


def blurred(images: Tensor, sigma: float) -> Tensor:
    """By a Gaussian of σ pixels at 32x32."""
    sigma = sigma * images.shape[-1] / 32
    radius = max(1, round(3 * sigma))
    weights = torch.exp(-0.5 * (torch.arange(-radius, radius + 1) / sigma) ** 2)
    weights = weights / weights.sum()
    x = images.float().flatten(0, 1)[:, None]
    x = conv2d(pad(x, (radius, radius, 0, 0), mode="replicate"), weights.view(1, 1, 1, -1))
    x = conv2d(pad(x, (0, 0, radius, radius), mode="replicate"), weights.view(1, 1, -1, 1))
    return x.view(images.shape).clamp(0, 255).round().byte()


def noisy(images: Tensor, levels: float) -> Tensor:
    noise = torch.randn(images.shape, generator=rng(0, "noise"))
    return (images.float() + levels * noise).clamp(0, 255).round().byte()


def faded(images: Tensor, share: float) -> Tensor:
    """Less saturation; of grey images less contrast, at shares that are nearer to 1."""
    x = images.float()
    middle = x.mean(1, keepdim=True) if images.shape[1] == 3 else x.mean((1, 2, 3), keepdim=True)
    return (middle + share * (x - middle)).round().byte()


def puzzle(images: Tensor, parts: int) -> Tensor:
    """Squares of each image in another order, one for each image."""
    n, channels, height, width = images.shape
    side = (height // parts, width // parts)
    x = images[:, :, : parts * side[0], : parts * side[1]]
    squares = x.unfold(2, side[0], side[0]).unfold(3, side[1], side[1]).flatten(2, 3)
    order = torch.rand(n, parts * parts, generator=rng(0, "puzzle")).argsort(1)
    squares = squares.gather(2, order[:, None, :, None, None].expand_as(squares))
    x = squares.view(n, channels, parts, parts, *side).permute(0, 1, 2, 4, 3, 5).reshape(n, channels, *x.shape[2:])
    out = images.clone()
    out[:, :, : x.shape[2], : x.shape[3]] = x
    return out


def chains(data: ImageData, run: list[Tensor], other: Tensor) -> dict[str, list[Tensor]]:
    """Generators of known order, the best first; `other` says which images are the best ones."""
    best = data.images[other[:COUNT]]
    found = {"training": [best, *reversed(run)]}
    found["blur"] = [best, *(blurred(best, sigma) for sigma in (0.4, 0.8, 1.4, 2.5))]
    found["noise"] = [best, *(noisy(best, levels) for levels in (4, 10, 20, 45))]
    shares = (0.8, 0.5, 0.2, 0.0) if best.shape[1] == 3 else (0.9, 0.75, 0.5, 0.3)
    found["grey"] = [best, *(faded(best, share) for share in shares)]
    found["puzzle"] = [best, *(puzzle(best, parts) for parts in (2, 4, 8))]
    if data.labels is not None:
        odd = data.labels[other] % 2 == 1
        weights = [torch.where(odd, share, 1.0) for share in (0.6, 0.3, 0.1, 0.0)]
        drawn = [other[w.multinomial(COUNT, replacement=True, generator=rng(0, "dropped"))] for w in weights]
        same = torch.ones(len(other)).multinomial(COUNT, replacement=True, generator=rng(0, "dropped"))
        found["dropped"] = [data.images[other[same]], *(data.images[each] for each in drawn)]
    few = [other[torch.randint(n, (COUNT,), generator=rng(0, n, "copies"))] for n in (400, 150, 50, 10)]
    found["copies"] = [best, *(data.images[each] for each in few)]
    return found


def run_of(cell: Cell, root: Path, out: Path) -> list[Tensor]:
    """What the live weights make after `SHOWN` samples, early to late."""
    kept = out / f"{cell.images}.pt"
    if not kept.exists():
        config = assign(configuration(cell, root, out, []), [f"budget.samples={SHOWN[-1]}"])
        torch.set_num_threads(1)
        assembled = assemble(config, read(config))
        made = []
        for samples in SHOWN:
            while assembled.batches.position < samples:
                assembled.method.step(assembled.game, assembled.batches)
            made.append(assembled.setup.model.made(COUNT, seed=0))
        out.mkdir(parents=True, exist_ok=True)
        torch.save(made, kept)
    loaded: list[Tensor] = torch.load(kept, weights_only=True)
    return loaded


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of the sets")
    parser.add_argument("--sets", default="tiles,emojis,cifar,fashion,photographs", help=f"of {list(SETS)}")
    parser.add_argument("--candidates", default=",".join(CANDIDATES).replace(", ", "; "), help="separated by commas")
    parser.add_argument("--out", type=Path, default=Path("runs/yardstick"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    names = [name.replace("; ", ", ") for name in given.candidates.split(",")]
    total: dict[str, dict[str, list[float]]] = {name: {} for name in names}
    steps: dict[str, dict[str, list[float]]] = {name: {} for name in names}
    for images in given.sets.split(","):
        cell = Cell(images, None, "before", 0, 0, None)
        data = read(configuration(cell, given.data, given.out, []))
        order = torch.randperm(len(data), generator=rng(0, "judged"))
        real, other = data.images[order[: len(order) // 2][:COUNT]], order[len(order) // 2 :]
        made = [in_channels(each, real.shape[1]) for each in run_of(cell, given.data, given.out)]
        ordered = chains(data, made, other)
        print(f"\n{images}, {len(real)} against {len(ordered['blur'][0])}: share of pairs in order (step)")
        for name in names:
            score = CANDIDATES[name]()(real)
            cells = []
            for chain, generators in ordered.items():
                values = [score(each) for each in generators]
                right = mean(float(a < b) + 0.5 * (a == b) for a, b in combinations(values, 2))
                step = values[1] / values[0] if values[0] > 0 else float("nan")
                total[name].setdefault(chain, []).append(right)
                steps[name].setdefault(chain, []).append(step)
                cells.append(f"{chain} {right:.2f} ({step:.3g})")
            print(f"  {name:20} {'  '.join(cells)}", flush=True)
    print("\nall sets: share of pairs in order")
    print(f"  {'':20} " + " ".join(f"{chain:>9}" for chain in next(iter(total.values()))) + "   all  worst")
    for name, found in total.items():
        means = {chain: mean(values) for chain, values in found.items()}
        print(
            f"  {name:20} "
            + " ".join(f"{value:9.3f}" for value in means.values())
            + f" {mean(means.values()):6.3f} {min(means.values()):6.3f}"
        )


if __name__ == "__main__":
    main()
