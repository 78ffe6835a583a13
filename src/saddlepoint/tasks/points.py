"""Points in the plane: the task that counts which modes of a known mixture a generator reaches."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from saddlepoint.core import Game, rng
from saddlepoint.data.points import Mixture
from saddlepoint.data.stream import SampleBatch, SampleStream
from saddlepoint.tasks.judging import card_of, discriminator_auc, gradient_norms, watched, write_picture
from saddlepoint.tasks.trained import PointGenerator

#: Points that monitors look at, and that the modes are counted in (PacGAN's 2,500).
MONITORED, JUDGED = 256, 2500
#: A point is of high quality within so many deviations of the nearest centre.
NEAR = 3.0


class PointTask:
    """Measures a game of a generator and a discriminator of points.

    Args:
        game: the players.
        trained: the generator with its description; shares its network with the game.
        mixture: where the data come from.
        stream: gives the batches.
        card: the model card's facts.
    """

    def __init__(
        self, game: Game, trained: PointGenerator, mixture: Mixture, stream: SampleStream, card: Mapping[str, Any]
    ) -> None:
        self.game, self.trained, self.mixture, self.card = game, trained, mixture, dict(card)
        chosen = torch.randperm(len(stream.samples), generator=rng(stream.seed, "judged"))
        self._watched = watched(stream, chosen[:MONITORED], trained)
        self._real_spread = float(torch.pdist(stream.samples[chosen[:MONITORED]]).mean())

    def monitors(self) -> dict[str, float]:
        """`discriminator_auc`, diversity and the norms of the field, as for images, on a batch that never changes."""
        value: SampleBatch = self._watched.value
        generated = self.trained.render(value.latent)
        return {
            "discriminator_auc": discriminator_auc(self.game, value),
            "diversity": float(torch.pdist(generated).mean()) / max(self._real_spread, 1e-9),
            **gradient_norms(self.game, self._watched),
        }

    def metrics(self) -> dict[str, float]:
        """`reverse_kl`, `modes` and `high_quality` of 2,500 points."""
        return coverage(self.trained.sample(JUDGED, seed=1), self.mixture)

    def snapshot(self, path: Path) -> None:
        """The points, as a picture."""
        write_picture(path, self.trained.picture(self.trained.sample(JUDGED, seed=0)))

    def deliver(self, folder: Path) -> None:
        """The generator with its configuration and model card."""
        self.trained.save(folder, card_of(self.card))


def coverage(points: Tensor, mixture: Mixture) -> dict[str, float]:
    """How a sample covers a mixture, as PacGAN counts it (Lin et al. 2018, arXiv 1712.04086).

    Args:
        points: (n, 2).
        mixture: its centres and deviation.

    Returns:
        `reverse_kl`: Σ p log(p · modes) over the shares p of points that are nearest to each centre, nats. A perfect
        sampler has an expected (modes − 1)/2n. `modes`: centres with at least one point of high quality, within three
        deviations. `high_quality`: the share of such points.

    >>> from saddlepoint.data.points import ring
    >>> coverage(ring().centres[:4], ring())["modes"]
    4.0
    """
    distance, nearest = torch.cdist(points.double(), mixture.centres.double()).min(1)
    good = distance <= NEAR * mixture.deviation
    modes = len(mixture.centres)
    shares = torch.bincount(nearest, minlength=modes).double() / len(points)
    return {
        "reverse_kl": float(torch.special.xlogy(shares, shares * modes).sum()),
        "modes": float(len(nearest[good].unique())),
        "high_quality": float(good.double().mean()),
    }
