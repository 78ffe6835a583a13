"""What two sets of real images differ by in our classifiers' features: no generator can be asked for less.

    python bench/floors.py mnist --data FOLDER
    python bench/floors.py fashion-mnist --data FOLDER --images 2048

FOLDER holds the four IDX files. The first training images of an order of the seed against as many test images; a
distance depends on how many are compared, so the number belongs to the value.
"""

import argparse
from pathlib import Path

import torch

from saddlepoint.core import rng
from saddlepoint.data import load_images
from saddlepoint.extractors import load_extractor, suited_to
from saddlepoint.metrics import frechet_distance


def floor(dataset: str, path: str | None, n: int, seed: int) -> float:
    """The distance of so many training images from as many test images."""
    read = load_extractor(suited_to(dataset))
    seen = []
    for split in ("train", "test"):
        images = load_images(dataset, path=path, split=split).images
        order = torch.randperm(len(images), generator=rng(seed, "floor", split))
        seen.append(read(images[order[:n]]))
    return frechet_distance(*seen)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", choices=["mnist", "fashion-mnist"])
    parser.add_argument("--data", type=Path, help="folder of the IDX files; downloaded where none is given")
    parser.add_argument("--images", type=int, nargs="+", default=[2048, 10_000])
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    path = None if given.data is None else str(given.data)
    for n in given.images:
        value = floor(given.dataset, path, n, given.seed)
        print(f"{given.dataset}: {n:,} training against {n:,} test images in its features: {value:.4f}")


if __name__ == "__main__":
    main()
