"""An autoencoder of images, judged as the generator of a game is, and by what it reconstructs."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from saddlepoint.baselines import Autoencoder, Density, ThroughDensity
from saddlepoint.core import generator
from saddlepoint.data.stream import SampleStream
from saddlepoint.tasks.image import JUDGED, ImageTask
from saddlepoint.tasks.judging import field_norms
from saddlepoint.tasks.trained import ImageGenerator

#: Images whose codes the density is fitted to, and that are encoded together.
FITTED, TOGETHER = 10_000, 256


class BaselineTask:
    """Measures a game of one player, an autoencoder of images; called generator, as its decoder is handed over.

    Args:
        images: judges, draws and hands over the decoder, behind a density of its codes where the model is drawn from
            by one.
        model: the player.
        stream: gives the batches, from images uint8 (N, C, H, W); its seed decides which of them are looked at.
    """

    def __init__(self, images: ImageTask, model: Autoencoder, stream: SampleStream) -> None:
        self.images, self.model, self.stream = images, model, stream
        chosen = torch.randperm(len(stream.samples), generator=generator(stream.seed, "judged"))
        self._judged, self._fitted = stream.samples[chosen[:JUDGED]], stream.samples[chosen[:FITTED]]
        self._labels = () if stream.labels is None else (stream.labels[chosen[:JUDGED]],)

    @property
    def density(self) -> Density | None:
        """What codes are drawn from; None where it is the prior."""
        network = self.images.trained.network
        return network.density if isinstance(network, ThroughDensity) else None

    @property
    def trained(self) -> ImageGenerator:
        """What is handed over, its density fitted to the codes of the model as it is now."""
        self._fit()
        return self.images.trained

    def monitors(self) -> dict[str, float]:
        """`diversity` and the norm of the gradient as for a game, and the model's own, on a batch that never changes.

        A density is fitted to that batch alone, for want of time.
        """
        watched = self.images.watched
        with torch.no_grad(), self.images.game.untouched():
            if self.density is not None:
                self.density.fit(self.model.codes(watched.value.real), self.stream.seed)
            own = self.model.monitors(watched.value.real)
        return {"diversity": self.images.diversity(), **own, **field_norms(self.images.game, watched)}

    def metrics(self) -> dict[str, float]:
        """The distance of samples from images as for a game, and `reconstruction`.

        That is the root mean square error, in [0, 1] units, on images of the data.
        """
        self._fit()
        return {**self.images.metrics(), "reconstruction": self._error()}

    def snapshot(self, path: Path) -> None:
        """A grid of images from latents that never change."""
        self._fit()
        self.images.snapshot(path)

    def deliver(self, folder: Path) -> None:
        """The decoder, with the density of its codes, its configuration and model card."""
        self._fit()
        self.images.deliver(folder)

    def _fit(self) -> None:
        if self.density is not None:
            codes = torch.cat([self._evaluated(part, self.model.codes) for part in self._fitted.split(TOGETHER)])
            self.density.fit(codes, self.stream.seed)

    def _error(self) -> float:
        squares, count = 0.0, 0
        for part, *labels in zip(*(tensor.split(TOGETHER) for tensor in (self._judged, *self._labels)), strict=True):
            decoded = self.images.trained.finished(self._evaluated(part, self.model.reconstructed, *labels))
            squares += float((decoded.double() - part.double()).div(255).square().sum())
            count += part.numel()
        return float((squares / count) ** 0.5)

    @torch.no_grad()
    def _evaluated(self, images: Tensor, what: Any, *labels: Tensor) -> Tensor:
        """What the model makes of images in evaluation mode, on the CPU."""
        training = self.model.training
        self.model.eval()
        try:
            made: Tensor = what(
                self.stream.prepared(images), *(tensor.to(self.stream.device) for tensor in labels)
            ).cpu()
        finally:
            self.model.train(training)
        return made
