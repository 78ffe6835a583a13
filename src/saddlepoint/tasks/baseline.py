"""An autoencoder of images, judged as the generator of a game is, and by what it reconstructs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from saddlepoint.baselines import Autoencoder, Density, ThroughDensity
from saddlepoint.core import Game, generator
from saddlepoint.data.stream import SampleBatch, SampleStream
from saddlepoint.metrics import frechet_distance
from saddlepoint.tasks.image import JUDGED, MONITORED, features, spread
from saddlepoint.tasks.judging import card_of, field_norms, watched, write_picture
from saddlepoint.tasks.trained import ImageGenerator

#: Images whose codes the density is fitted to, and that are encoded together.
FITTED, TOGETHER = 10_000, 256


class BaselineTask:
    """Measures a game of one player, an autoencoder of images.

    Args:
        game: its player is called generator, for its decoder is what is handed over.
        model: that player.
        trained: the decoder, behind a density of its codes where the model is drawn from by one; shares it with the
            game.
        stream: gives the batches, from images uint8 (N, C, H, W); its seed decides which of them are looked at.
        card: the model card's facts.
    """

    def __init__(
        self, game: Game, model: Autoencoder, trained: ImageGenerator, stream: SampleStream, card: Mapping[str, Any]
    ) -> None:
        self.game, self.model, self.trained, self.stream, self.card = game, model, trained, stream, dict(card)
        images = stream.samples
        chosen = torch.randperm(len(images), generator=generator(stream.seed, "judged"))
        self._watched = watched(stream, chosen[:MONITORED], trained)
        self._judged, self._fitted = images[chosen[:JUDGED]], images[chosen[:FITTED]]
        self._features = features(self._judged)
        self._real_spread = spread(images[chosen[:MONITORED]])

    @property
    def density(self) -> Density | None:
        """What codes are drawn from; None where it is the prior."""
        return self.trained.network.density if isinstance(self.trained.network, ThroughDensity) else None

    @torch.no_grad()
    def monitors(self) -> dict[str, float]:
        """`diversity` and the norm of the gradient as for a game, and the model's own, on a batch that never changes.

        A density is fitted to that batch alone, for want of time.
        """
        value: SampleBatch = self._watched.value
        with self.game.untouched():
            if self.density is not None:
                self.density.fit(self.model.codes(value.real), self.stream.seed)
            own = self.model.monitors(value.real)
        diversity = spread(self.trained.render(value.latent)) / max(self._real_spread, 1e-9)
        with torch.enable_grad():
            return {"diversity": diversity, **own, **field_norms(self.game, self._watched)}

    def metrics(self) -> dict[str, float]:
        """`pixel_frechet` of samples as for a game, and `reconstruction`: the root mean square error, in [0, 1] units.

        Both on the same images of the data.
        """
        self._fit()
        generated = self.trained.sample(len(self._judged), seed=1)
        return {
            "pixel_frechet": frechet_distance(self._features.numpy(), features(generated).numpy()),
            "reconstruction": self._error(),
        }

    def snapshot(self, path: Path) -> None:
        """A grid of images from latents that never change."""
        self._fit()
        write_picture(path, self.trained.picture(self.trained.sample(64, seed=0), columns=8))

    def deliver(self, folder: Path) -> None:
        """The decoder, with the density of its codes, its configuration and model card."""
        self._fit()
        self.trained.save(folder, card_of(self.card))

    def _fit(self) -> None:
        if self.density is not None:
            codes = torch.cat([self._evaluated(part, self.model.codes) for part in self._fitted.split(TOGETHER)])
            self.density.fit(codes, self.stream.seed)

    def _error(self) -> float:
        squares, count = 0.0, 0
        for part in self._judged.split(TOGETHER):
            decoded = self.trained.finished(self._evaluated(part, self.model.reconstructed))
            squares += float((decoded.double() - part.double()).div(255).square().sum())
            count += part.numel()
        return float((squares / count) ** 0.5)

    @torch.no_grad()
    def _evaluated(self, images: Tensor, what: Any) -> Tensor:
        """What the model makes of images in evaluation mode, on the CPU."""
        training = self.model.training
        self.model.eval()
        try:
            made: Tensor = what(self.stream.prepared(images)).cpu()
        finally:
            self.model.train(training)
        return made
