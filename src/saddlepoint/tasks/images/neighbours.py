"""Generated images beside the training images nearest to them: what copying looks like."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saddlepoint.data import ImageData
from saddlepoint.evaluation.feature_sets import Seen
from saddlepoint.metrics import nearest_neighbours
from saddlepoint.tasks.images.model import ImageGenerator
from saddlepoint.tasks.pictures import image_grid

#: Pixels between a generated image and its neighbours, and between the two halves of the picture.
NARROW, WIDE = 10, 28


@dataclass(frozen=True)
class Neighbourhood:
    """Some generated images with their nearest training images.

    Attributes:
        generated: uint8 (n, C, H, W).
        nearest: uint8 (n, k, C, H, W), the nearest first.
        distances: (n, k), Euclidean in the extractor's features.
    """

    generated: Tensor
    nearest: Tensor
    distances: NDArray[np.float64]


def neighbourhoods(
    trained: ImageGenerator,
    generated: Seen,
    train: ImageData,
    train_seen: Seen,
    *,
    n: int,
    k: int,
    most: int,
    seed: int,
) -> tuple[Neighbourhood, Neighbourhood]:
    """Of the first `most` generated images those n that lie nearest to a training image, and the first n.

    Args:
        trained: what made the images, from latents of the seed.
        generated: as the extractor saw them.
        train: the training images, and as the extractor saw them.
        train_seen: see train.
        n: rows of each.
        k: neighbours of each.
        most: how many generated images are looked through.
        seed: of the latents.
    """
    found = nearest_neighbours(generated.features[:most], train_seen.features, min(k, len(train_seen)))
    latents, labels = trained.latents(len(found.distances), seed), trained.labels(len(found.distances))

    def at(rows: Tensor) -> Neighbourhood:
        images = trained.render(latents[rows], None if labels is None else labels[rows])
        indices = train_seen.order[torch.from_numpy(found.indices)[rows]]
        nearest = torch.stack([train.images[own] for own in indices])
        return Neighbourhood(images, nearest, found.distances[rows.numpy()])

    closest = torch.from_numpy(np.argsort(found.distances[:, 0], kind="stable")[:n])
    return at(closest), at(torch.arange(min(n, len(latents))))


def neighbourhood_picture(closest: Neighbourhood, first: Neighbourhood) -> NDArray[np.uint8]:
    """Left the closest, right the first ones; in each row a generated image, then its nearest training images.

    Returns:
        uint8 (H, W, 3).
    """
    left, right = _rows(closest), _rows(first)
    return np.hstack([left, _space(len(left), WIDE), right])


def _rows(shown: Neighbourhood) -> NDArray[np.uint8]:
    made = image_grid(shown.generated, columns=1)
    near = image_grid(shown.nearest.flatten(0, 1), columns=shown.nearest.shape[1])
    return np.hstack([made, _space(len(made), NARROW), near])


def _space(height: int, width: int) -> NDArray[np.uint8]:
    return np.full((height, width, 3), 255, np.uint8)
