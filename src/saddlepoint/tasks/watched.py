"""The batch of a stream of samples that never changes."""

from typing import Protocol

import torch
from torch import Tensor

from saddlepoint.core import Batch, rng, seed_for
from saddlepoint.data.stream import SampleBatch, SampleStream
from saddlepoint.tasks.model import LatentSampler


class Stream(Protocol):
    """A source of batches over samples in memory."""

    @property
    def samples(self) -> Tensor:
        """All, (N, …)."""

    @property
    def seed(self) -> int:
        """Of their order."""


def looked_at(stream: Stream) -> Tensor:
    """Indices of the stream's samples in the order in which they are looked at, int64 (N,)."""
    return torch.randperm(len(stream.samples), generator=rng(stream.seed, "judged"))


def watched(stream: SampleStream, model: LatentSampler, samples: int) -> Batch:
    """A batch that never changes: some of a stream's samples, latents of the stream's seed, halfway mixes.

    Args:
        stream: of the samples.
        model: draws the latents.
        samples: at most; of the first ones, those that fill whole packs.
    """
    indices = looked_at(stream)[:samples]
    indices = indices[: stream.in_packs(len(indices))]
    real = stream.prepared(stream.samples[indices])
    value = SampleBatch(
        real=real,
        latent=model.latents(len(real), stream.seed).to(stream.device),
        mix=torch.full((len(real), *(1 for _ in real.shape[1:])), 0.5, device=stream.device),
        labels=None if stream.labels is None else stream.labels[indices].to(stream.device),
        augmentation=stream.draws(len(real), rng(stream.seed, "watched", "augmentation")),
    )
    return Batch(value, seed=seed_for(stream.seed, "watched"))
