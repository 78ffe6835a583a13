"""Image generation: the task that judges a game of images, draws its pictures and hands over its generator."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from saddlepoint.core import Game, rng
from saddlepoint.data.stream import SampleBatch, SampleStream
from saddlepoint.extractors import Extractor
from saddlepoint.measures import Measure, Number, measure
from saddlepoint.metrics import Moments, frechet_from_moments, squared_mmd
from saddlepoint.tasks.judging import card_of, discriminator_auc, gradient_norms, watched, write_picture
from saddlepoint.tasks.pictures import CLASSES
from saddlepoint.tasks.trained import ImageGenerator

#: Images that monitors look at: enough for a share to ±3 %, and cheap.
MONITORED = 256
#: Images that the metric compares where nothing else is said, and the side to which `pixel_frechet` averages them.
JUDGED, SIDE = 2048, 8
Metric = Literal["frechet", "kernel"]


class ImageTask:
    """Measures a game of a generator and a discriminator of images.

    Args:
        game: the players.
        trained: the generator with its description; shares its network with the game.
        stream: gives the batches, from images uint8 (N, C, H, W); its seed decides which of them are looked at.
        card: the model card's facts.
        judge: gives the features in which the metric is taken; None takes coarse pixels.
        judged: images of each kind that the metric compares.
        metric: `frechet`, the Fréchet distance; `kernel`, the squared kernel distance without bias.
        images: uint8 (N, C, H, W), where the stream's samples are what these are pictures of.
    """

    def __init__(
        self,
        game: Game,
        trained: ImageGenerator,
        stream: SampleStream,
        card: Mapping[str, Any],
        judge: Extractor | None = None,
        judged: int = JUDGED,
        metric: Metric = "frechet",
        images: Tensor | None = None,
    ) -> None:
        self.game, self.trained, self.card = game, trained, dict(card)
        self.judge, self.metric = judge, metric
        images = stream.samples if images is None else images
        chosen = torch.randperm(len(images), generator=rng(stream.seed, "judged"))
        self.watched = watched(stream, chosen[:MONITORED], trained)
        self._images, self._judged = images, chosen[:judged]
        self._real_spread = spread(images[chosen[:MONITORED]])

    def monitors(self) -> dict[str, float]:
        """Numbers that tell a healthy game from a failing one, on batches that never change.

        `discriminator_auc`: how often the discriminator ranks a real sample above a generated one (½: it can't tell;
        1: it always can). `diversity`: mean distance between generated images over that between real ones (1:
        as diverse; 0: collapsed). `…_gradient_norm`: norm of each player's gradient.
        """
        value: SampleBatch = self.watched.value
        return {
            "discriminator_auc": discriminator_auc(self.game, value),
            "diversity": self.diversity(),
            **gradient_norms(self.game, self.watched),
        }

    def diversity(self) -> float:
        """The mean distance between generated images over that between real ones."""
        value: SampleBatch = self.watched.value
        return spread(self.trained.render(value.latent, value.labels)) / max(self._real_spread, 1e-9)

    def metrics(self) -> list[Number]:
        """The distance of generated from real images, as many of each.

        `pixel_…`: of images averaged to at most 8x8 pixels, in [0, 1] units. `frechet_…`, `kernel_…`: in the features
        of the extractor of that name.
        """
        generated = self._read(self.trained.sample(len(self._judged), seed=1))
        if self.metric == "kernel":
            return [Number(self._measure, squared_mmd(self._real, generated))]
        return [Number(self._measure, frechet_from_moments(self._real_moments, Moments.of(generated)))]

    @property
    def _measure(self) -> Measure:
        return measure(f"pixel_{self.metric}") if self.judge is None else measure(self.metric).of(self.judge.name)

    @cached_property
    def _real(self) -> Tensor:
        return self._read(self._images[self._judged])

    @cached_property
    def _real_moments(self) -> Moments:
        return Moments.of(self._real)

    def _read(self, images: Tensor) -> Tensor:
        return features(images) if self.judge is None else self.judge(images)

    def snapshot(self, path: Path) -> None:
        """A grid of images from latents that never change, a column a class where there are some and not too many."""
        classes = len(self.trained.classes)
        columns = classes if 0 < classes <= CLASSES else 8
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
