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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", choices=["mnist", "fashion-mnist"])
    parser.add_argument("--data", type=Path, help="folder of the IDX files; downloaded where none is given")
    parser.add_argument("--images", type=int, nargs="+", default=[2048, 10_000])
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    read = load_extractor(suited_to(given.dataset))
    path = None if given.data is None else str(given.data)
    seen = {}
    for split in ("train", "test"):
        images = load_images(given.dataset, path=path, split=split).images
        order = torch.randperm(len(images), generator=rng(given.seed, "floor", split))
        seen[split] = read(images[order[: max(given.images)]])
    for n in given.images:
        value = frechet_distance(seen["train"][:n], seen["test"][:n])
        print(f"{given.dataset}: {n:,} training against {n:,} test images in {read.name} features: {value:.4f}")


if __name__ == "__main__":
    main()
