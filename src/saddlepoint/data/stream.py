"""The batch stream: a pure function of (seed, position), so that no state travels and a resumed run sees the same."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from saddlepoint.core import Batch, generator, seed_for

Distribution = Literal["normal", "uniform"]


@dataclass(frozen=True)
class ImageBatch:
    """Data and noise of one evaluation.

    Attributes:
        real: images, float (N, C, H, W), in the range that the networks use.
        latent: (N, latent size).
        mix: uniform on [0, 1], (N, 1, 1, 1), for penalties on segments between real and generated.
    """

    real: Tensor
    latent: Tensor
    mix: Tensor


def draw_latent(n: int, size: int, distribution: Distribution, source: torch.Generator) -> Tensor:
    """Latents (n, size): standard normal, or uniform on [−1, 1]."""
    if distribution == "normal":
        return torch.randn(n, size, generator=source)
    return torch.rand(n, size, generator=source) * 2 - 1


class ImageStream:
    """Draws batches from images in memory: every epoch a new order, every image once an epoch.

    A batch that begins before the end of an epoch goes on into the next one, so no image is left out and no
    batch is short. Latents are drawn on the CPU, so that they agree on every device.

    Args:
        images: uint8 (N, C, H, W).
        batch_size: images a batch; may exceed N.
        seed: of order and noise.
        latent, distribution: the latent's size and distribution.
        low, high: what black and white are mapped to.
        device: where batches go.

    Raises:
        ValueError: a batch size below 1.
    """

    def __init__(
        self,
        images: Tensor,
        batch_size: int,
        seed: int,
        latent: int,
        distribution: Distribution,
        low: float,
        high: float,
        device: torch.device,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"the batch size is {batch_size}: give at least 1")
        self.images, self.batch_size, self.seed = images, batch_size, seed
        self.latent, self.distribution = latent, distribution
        self.low, self.scale, self.device = low, (high - low) / 255, device
        self._order: tuple[int, Tensor] = (-1, torch.empty(0, dtype=torch.long))

    def __call__(self, position: int) -> Batch:
        """The batch that begins at a position (in samples)."""
        noise = generator(self.seed, position, "noise")
        real = self.images.index_select(0, self._indices(position)).to(self.device)
        value = ImageBatch(
            real=real.to(torch.get_default_dtype()).mul_(self.scale).add_(self.low),
            latent=draw_latent(self.batch_size, self.latent, self.distribution, noise).to(self.device),
            mix=torch.rand(self.batch_size, 1, 1, 1, generator=noise).to(self.device),
        )
        return Batch(value, self.batch_size, seed_for(self.seed, position, "network"))

    def _indices(self, position: int) -> Tensor:
        n = len(self.images)
        parts, wanted = [], self.batch_size
        while wanted > 0:
            epoch, start = divmod(position, n)
            part = self._permutation(epoch)[start : start + wanted]
            parts.append(part)
            position += len(part)
            wanted -= len(part)
        return torch.cat(parts)

    def _permutation(self, epoch: int) -> Tensor:
        if self._order[0] != epoch:
            source = generator(self.seed, epoch, "order")
            self._order = epoch, torch.randperm(len(self.images), generator=source)
        return self._order[1]
