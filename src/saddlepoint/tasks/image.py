"""Image generation: the task that judges a game of images, draws its pictures and hands over its generator."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from saddlepoint.core import Game, generator
from saddlepoint.data.stream import SampleBatch, SampleStream
from saddlepoint.metrics import frechet_distance
from saddlepoint.tasks.judging import card_of, field_norms, separation, watched, write_picture
from saddlepoint.tasks.trained import ImageGenerator

#: Images that monitors look at: enough for a share to ±3 %, and cheap.
MONITORED = 256
#: Images that the pixel Fréchet distance compares, and the side to which it averages them.
JUDGED, SIDE = 2048, 8


class ImageTask:
    """Measures a game of a generator and a discriminator of images.

    Args:
        game: the players.
        trained: the generator with its description; shares its network with the game.
        stream: gives the batches, from images uint8 (N, C, H, W); its seed decides which of them are looked at.
        card: the model card's facts.
    """

    def __init__(self, game: Game, trained: ImageGenerator, stream: SampleStream, card: Mapping[str, Any]) -> None:
        self.game, self.trained, self.card = game, trained, dict(card)
        images = stream.samples
        chosen = torch.randperm(len(images), generator=generator(stream.seed, "judged"))
        self._watched = watched(stream, chosen[:MONITORED], trained)
        self._features = features(images[chosen[:JUDGED]])
        self._real_spread = spread(images[chosen[:MONITORED]])

    def monitors(self) -> dict[str, float]:
        """Numbers that tell a healthy game from a failing one, on batches that never change.

        `separation`: how often the discriminator ranks a real image above a generated one (½: it can't tell;
        1: it always can). `diversity`: mean distance between generated images over that between real ones (1:
        as diverse; 0: collapsed). `…_field`: norm of each player's gradient.
        """
        value: SampleBatch = self._watched.value
        generated = self.trained.render(value.latent, value.labels)
        return {
            "separation": separation(self.game, value),
            "diversity": spread(generated) / max(self._real_spread, 1e-9),
            **field_norms(self.game, self._watched),
        }

    def metrics(self) -> dict[str, float]:
        """`pixel_frechet`: the Fréchet distance of images averaged to at most 8x8 pixels, in [0, 1] units."""
        generated = self.trained.sample(len(self._features), seed=1)
        return {"pixel_frechet": frechet_distance(self._features.numpy(), features(generated).numpy())}

    def snapshot(self, path: Path) -> None:
        """A grid of images from latents that never change, a column a class where there are classes."""
        columns = len(self.trained.classes) or 8
        write_picture(path, self.trained.picture(self.trained.sample(columns * 8, seed=0), columns=columns))

    def deliver(self, folder: Path) -> None:
        """The generator with its configuration and model card."""
        self.trained.save(folder, card_of(self.card))


def features(images: Tensor) -> Tensor:
    """Images (uint8, N C H W) averaged to at most 8x8 pixels, flat, in [0, 1]."""
    side = (min(SIDE, images.shape[2]), min(SIDE, images.shape[3]))
    return adaptive_avg_pool2d(images.double() / 255, side).flatten(1)


def spread(images: Tensor) -> float:
    """Mean Euclidean distance between pairs of different images (uint8, N C H W)."""
    if len(images) < 2:
        return 0.0
    return float(torch.pdist(images.flatten(1).float() / 255).mean())
