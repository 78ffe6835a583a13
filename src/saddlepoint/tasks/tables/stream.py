"""Batches of a table: rows drawn for the condition that they are to fulfil."""

from copy import copy
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from saddlepoint.core import Batch, rng
from saddlepoint.data.stream import Distribution, SampleBatch, SampleStream
from saddlepoint.tasks.tables.layout import Labels, RowLayout

Sampling = Literal["logarithmic", "natural"]


class TableStream:
    """Draws batches from rows in memory; a function of (seed, position) alone.

    Conditional, each sample begins with a condition: a choice, all alike, and a state of it with a probability in
    proportion to log(1 + its count) ("training by sampling": Xu et al. 2019, arXiv 1907.00503), or to its count where
    sampling is natural. The real row is drawn among those in that state; the state's label goes with it, for the
    generator to make a row like it. Not conditional, every row comes once an epoch.

    Args:
        rows: float32 (N, heads), as a `RowLayout` has them short; batches hold them wide.
        layout: of the rows.
        batch_size, seed, latent, distribution, device, packing: see `SampleStream`.
        conditional: whether there are conditions.
        sampling: of the states.

    Raises:
        ValueError: see `SampleStream`.
    """

    def __init__(
        self,
        rows: Tensor,
        layout: RowLayout,
        batch_size: int,
        seed: int,
        latent: int,
        distribution: Distribution,
        device: torch.device | None = None,
        *,
        conditional: bool = True,
        sampling: Sampling = "logarithmic",
        packing: int = 1,
    ) -> None:
        self.layout, self.sampling = layout, sampling
        self._noise = SampleStream(rows, batch_size, seed, latent, distribution, device=device, packing=packing)
        self._conditions = _Conditions(rows, layout, sampling) if conditional and layout.choices else None

    @property
    def samples(self) -> Tensor:
        """All rows, short."""
        return self._noise.samples

    @property
    def seed(self) -> int:
        """Of order and noise."""
        return self._noise.seed

    @property
    def device(self) -> torch.device:
        """Where batches go."""
        return self._noise.device

    def __call__(self, position: int) -> Batch:
        """The batch that begins at a position (in samples)."""
        batch = self._noise(position)
        value: SampleBatch = batch.value
        if self._conditions is None:
            return replace(batch, value=replace(value, real=self.prepared(value.real)))
        labels, chosen = self._conditions.draw(len(value.latent), rng(self.seed, position, "conditions"))
        real = self.prepared(self.samples.index_select(0, chosen))
        return replace(batch, value=replace(value, real=real, labels=labels.to(self.device)))

    def prepared(self, rows: Tensor) -> Tensor:
        """Rows as the networks are given them: wide, on the device."""
        return self.layout.wide(rows.cpu()).to(self.device)

    def part(
        self, indices: Tensor | None = None, *, batch_size: int | None = None, seed: int | None = None
    ) -> "TableStream":
        """A stream like this one over some of its rows, by batches of another size or of another seed."""
        other = copy(self)
        other._noise = self._noise.part(indices, batch_size=batch_size, seed=seed)
        if indices is not None and self._conditions is not None:
            other._conditions = _Conditions(other.samples, self.layout, self.sampling)
        return other


class _Conditions:
    """Which rows are in which state: four bytes a row and choice.

    Args:
        rows: short.
        layout: of them.
        sampling: of the states.
    """

    def __init__(self, rows: Tensor, layout: RowLayout, sampling: Sampling) -> None:
        orders = [torch.argsort(rows[:, head], stable=True).to(torch.int32) for head in layout.choices]
        self._order = torch.cat(orders)
        counts = layout.counts(rows)
        # A choice's own block of the order begins at a multiple of the rows, as the counts before it add up to that.
        self._counts, self._starts = counts, counts.cumsum(0) - counts
        self._labels = Labels(layout, counts.double().log1p() if sampling == "logarithmic" else counts)

    def draw(self, n: int, source: torch.Generator) -> tuple[Tensor, Tensor]:
        """n labels, and of each a row that is in that state."""
        labels = self._labels.draw(n, source)
        counts = self._counts[labels]
        places = (torch.rand(n, generator=source, dtype=torch.float64) * counts).floor().long()
        return labels, self._order[self._starts[labels] + places.minimum(counts - 1)].long()
