"""The stream of degraded photographs beside what they were: made as they are wanted, from (seed, position) alone."""

from copy import copy

import torch
from torch import Tensor

from saddlepoint.core import rng
from saddlepoint.data.image_collection import Photographs
from saddlepoint.data.images import ImageData
from saddlepoint.data.order import Order
from saddlepoint.data.pair_stream import PairBatch, PairSource
from saddlepoint.data.pairs import PairData
from saddlepoint.tasks.enhancement.degradations import Chain

#: Sides of what is held out, at most.
JUDGED_SIDE = 256


class DegradedStream(PairSource):
    """Draws batches of crops; the input is the crop of the degraded photograph, the target that of the photograph.

    A photograph is degraded as a whole, as far as it reaches into the crop: see `Chain.cut`.
    Every epoch has a new order, new crops, and new draws of all that degrades.

    Args:
        photographs: images of any sizes, each at least as large as a crop.
        chain: degradations.
        crop: height and width of the targets; multiples of the chain's scale.
        batch_size, seed, low, high, device: see `PairSource`.
        flips: mirror half of the crops, left to right.

    Raises:
        ValueError: a batch size below 1, or a crop that the photographs do not hold or the chain does not divide.
    """

    def __init__(
        self,
        photographs: Photographs,
        chain: Chain,
        crop: tuple[int, int],
        batch_size: int,
        seed: int,
        low: float = -1.0,
        high: float = 1.0,
        device: torch.device | None = None,
        *,
        flips: bool = False,
    ) -> None:
        super().__init__(batch_size, seed, low, high, device)
        if any(side > least or side % chain.scale for side, least in zip(crop, photographs.least, strict=True)):
            raise ValueError(
                f"crops of {crop[0]}x{crop[1]} pixels: give sides that are multiples of {chain.scale} and at most "
                f"{photographs.least[0]} and {photographs.least[1]}, the least of the photographs"
            )
        self.photographs, self.chain, self.crop, self.flips = photographs, chain, crop, flips
        self._order = Order(len(photographs), seed)

    def drawn(self, position: int) -> PairBatch:
        """Data and noise of the batch at a position."""
        noise, n = rng(self.seed, position, "crops"), self.batch_size
        rows, corners = self._order(position, n).tolist(), torch.rand(n, 2, generator=noise).tolist()
        mirrored, mix = torch.rand(n, generator=noise) < 0.5, torch.rand(n, 1, 1, 1, generator=noise)
        places = enumerate(zip(rows, corners, strict=True), position)
        pairs = [self._cut(row, down, across, key) for key, (row, (down, across)) in places]
        inputs, targets = (torch.stack(side) for side in zip(*pairs, strict=True))
        if self.flips:
            inputs, targets = (torch.where(mirrored[:, None, None, None], x.flip(3), x) for x in (inputs, targets))
        return PairBatch(self.prepared(inputs), self.prepared(targets), mix.to(self.device))

    def part(
        self, indices: Tensor | None = None, *, batch_size: int | None = None, seed: int | None = None
    ) -> "DegradedStream":
        """A stream like this one over some of its photographs, by batches of another size or of another seed."""
        other = copy(self)
        other.photographs = self.photographs if indices is None else self.photographs.chosen(indices)
        other.batch_size = self.batch_size if batch_size is None else batch_size
        other.seed = self.seed if seed is None else seed
        other._order = Order(len(other.photographs), other.seed)
        return other

    def _cut(self, row: int, down: float, across: float, key: int) -> tuple[Tensor, Tensor]:
        image, (height, width) = self.photographs[row], self.crop
        top = int(down * (image.shape[1] - height + 1))
        left = int(across * (image.shape[2] - width + 1))
        return self.chain.cut(image, top, left, self.crop, self.seed, key)


def degraded_pairs(photographs: Photographs, chain: Chain, seed: int, most: int | None = None) -> PairData:
    """The middles of photographs, degraded, beside what they were: pairs that never change, to judge by.

    Args:
        photographs: at most `JUDGED_SIDE` pixels of each side are taken, the same of all, a multiple of the scale.
        chain: degradations.
        seed: of which ones are taken, and of what is drawn.
        most: how many; None takes all, in their order.
    """
    height, width = (min(JUDGED_SIDE, side) // chain.scale * chain.scale for side in photographs.least)
    rows = torch.arange(len(photographs))
    if most is not None and most < len(photographs):
        rows = torch.randperm(len(photographs), generator=rng(seed, "judged"))[:most]
    middles = []
    for number, row in enumerate(rows.tolist()):
        image = photographs[row]
        top, left = (image.shape[1] - height) // 2, (image.shape[2] - width) // 2
        middles.append(chain.cut(image, top, left, (height, width), seed, number))
    inputs, targets = (torch.stack(side) for side in zip(*middles, strict=True))
    name, source = photographs.name, photographs.source
    return PairData(
        name,
        ImageData(f"{name}, degraded", inputs, None, (), source),
        ImageData(name, targets, None, (), source),
        paired=True,
        source=f"{source} Degraded by {chain}.",
        notes=photographs.notes,
        masked=bool(chain.masks),
    )
