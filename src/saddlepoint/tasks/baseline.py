"""An autoencoder of images, judged as the generator of a game is, and by what it reconstructs."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from saddlepoint.autoencoders import Autoencoder, ThroughDensity
from saddlepoint.core import rng
from saddlepoint.data.stream import SampleStream
from saddlepoint.measures import Number, numbers
from saddlepoint.tasks.image import JUDGED, ImageTask
from saddlepoint.tasks.judging import gradient_norms
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
        chosen = torch.randperm(len(stream.samples), generator=rng(stream.seed, "judged"))
        self._judged, self._fitted = stream.part(chosen[:JUDGED]), stream.part(chosen[:FITTED])

    @property
    def drawn(self) -> ThroughDensity | None:
        """The decoder behind the density that codes are drawn from; None where that is the prior."""
        network = self.images.trained.network
        return network if isinstance(network, ThroughDensity) else None

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
            if self.drawn is not None:
                self.drawn.fit(self.model.codes(watched.value.real), watched.value.labels, self.stream.seed)
            own = self.model.monitors(watched.value.real)
        return {"diversity": self.images.diversity(), **own, **gradient_norms(self.images.game, watched)}

    def metrics(self) -> list[Number]:
        """The distance of samples from images as for a game, and `reconstruction`.

        That is the root mean square error, in [0, 1] units, on images of the data.
        """
        self._fit()
        return [*self.images.metrics(), *numbers({"reconstruction": self._error()})]

    def snapshot(self, path: Path) -> None:
        """A grid of images from latents that never change."""
        self._fit()
        self.images.snapshot(path)

    def deliver(self, folder: Path) -> None:
        """The decoder, with the density of its codes, its configuration and model card."""
        self._fit()
        self.images.deliver(folder)

    def _fit(self) -> None:
        if self.drawn is not None:
            parts = self._fitted.samples.split(TOGETHER)
            codes = torch.cat([self._evaluated(self.model.codes, part) for part in parts])
            self.drawn.fit(codes, self._fitted.labels, self.stream.seed)

    def _error(self) -> float:
        squares, count = 0.0, 0
        judged = [self._judged.samples] if self._judged.labels is None else [self._judged.samples, self._judged.labels]
        for part in zip(*(values.split(TOGETHER) for values in judged), strict=True):
            decoded = self.images.trained.finished(self._evaluated(self.model.reconstructed, *part))
            squares += float((decoded.double() - part[0].double()).div(255).square().sum())
            count += part[0].numel()
        return float((squares / count) ** 0.5)

    @torch.no_grad()
    def _evaluated(self, what: Callable[..., Tensor], images: Tensor, *labels: Tensor) -> Tensor:
        """What the model makes of images, and labels if any, in evaluation mode, on the CPU."""
        training = self.model.training
        self.model.eval()
        try:
            made = what(self.stream.prepared(images), *(own.to(self.stream.device) for own in labels)).cpu()
        finally:
            self.model.train(training)
        return made
