"""Batches that ranks share: each process is given its rows, a pure function of the position as the whole batch is."""

from dataclasses import dataclass, replace

from saddlepoint.core import Batch
from saddlepoint.core.ranks import Share, parts_of, ranks, share_of
from saddlepoint.data.batches import BatchSource
from saddlepoint.data.rows import rows, rows_at, samples_in


@dataclass(frozen=True)
class Shared:
    """A source whose batches are cut among the ranks; whole where a rank computes by itself.

    Attributes:
        source: of whole batches.
        pack: samples that must not be parted.
        parts: that a batch comes in, one after another (`accumulate`).
    """

    source: BatchSource
    pack: int = 1
    parts: int = 1

    def __call__(self, position: int) -> Batch:
        """This rank's share of the batch that begins at a position, in samples.

        Raises:
            ValueError: fewer samples than ranks.
        """
        batch = self.source(position)
        if ranks() == 1:
            return batch
        try:
            n = samples_in(batch.value)
        except ValueError:  # a batch without samples is one for all
            return batch
        share = share_of(n, self.pack, self.parts)
        value = rows_at(batch.value, share, n)
        if self.parts == 1:
            return replace(batch, value=value, share=share)
        return replace(batch, value=value, share=share, parts=tuple(_in_parts(value, share)))


def _in_parts(value: object, share: Share) -> list[tuple[float, object, Share]]:
    found, begin = [], 0
    for part in parts_of(share):
        own = rows(value, slice(begin, begin + part.count), share.count)
        found.append((part.of / share.of, own, part))
        begin += part.count
    return found
