"""The stream of pairs: as the stream of samples a pure function of (seed, position)."""

from abc import ABC, abstractmethod
from copy import copy
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from saddlepoint.core import Batch, rng, seed_for
from saddlepoint.data.image_collection import Photographs
from saddlepoint.data.images import DataError, ImageData
from saddlepoint.data.order import Order
from saddlepoint.data.pairs import PairData


@dataclass(frozen=True)
class PairBatch:
    """Data and noise of one evaluation of a translator's game.

    Attributes:
        source: inputs, float (N, C, H, W), in the range that the networks use.
        target: what is to be made of them, float (N, C', s · H, s · W); of images of their own where nothing is paired.
        mix: uniform on [0, 1], (N, 1, 1, 1), for penalties on segments between real and generated.
        alone: whether the generator trains without the adversary, who is then not asked.
        adversarial: a factor on all that the generator's loss has from the adversary, a scalar, where it is scheduled.
        penalty: a factor on the penalties, a scalar, where it is scheduled.
    """

    source: Tensor
    target: Tensor
    mix: Tensor
    alone: bool = False
    adversarial: Tensor | None = None
    penalty: Tensor | None = None


class PairSource(ABC):
    """Gives batches of pairs as a pure function of (seed, position).

    Args:
        batch_size: pairs a batch.
        seed: of all that is drawn.
        low, high: what the bytes 0 and 255 are mapped to.
        device: where batches go; the CPU by default.

    Raises:
        ValueError: a batch size below 1.
    """

    def __init__(self, batch_size: int, seed: int, low: float, high: float, device: torch.device | None) -> None:
        if batch_size < 1:
            raise ValueError(f"the batch size is {batch_size}: give at least 1")
        self.batch_size, self.seed = batch_size, seed
        self.low, self.scale, self.device = low, (high - low) / 255, device or torch.device("cpu")

    def __call__(self, position: int) -> Batch:
        """The batch that begins at a position (in samples)."""
        return Batch(self.drawn(position), self.batch_size, seed_for(self.seed, position, "network"))

    @abstractmethod
    def drawn(self, position: int) -> PairBatch:
        """Data and noise of the batch at a position."""

    @abstractmethod
    def part(
        self, indices: Tensor | None = None, *, batch_size: int | None = None, seed: int | None = None
    ) -> "PairSource":
        """A source like this one over some of its pairs, by batches of another size or of another seed."""

    def prepared(self, images: Tensor) -> Tensor:
        """Images (uint8) as the networks are given them: on the device, floats, bytes mapped to [low, high]."""
        return images.to(self.device).to(torch.get_default_dtype()).mul_(self.scale).add_(self.low)


class PairStream(PairSource):
    """Draws batches of pairs; where nothing is paired, each side in an order of its own.

    Crops, flips and jitter are drawn from (seed, position), and are the same for both sides of a pair.

    Args:
        data: inputs and targets, of one size or whole.
        batch_size: pairs a batch; may exceed their number.
        seed: of order, crops and flips.
        low, high: what the bytes 0 and 255 are mapped to.
        device: where batches go; the CPU by default.
        flips: mirror half of the pairs, left to right.
        crop: height and width in pixels of the inputs' crops; None shows whole images, which then are of one size.
        jitter: share of a side by which whole images are moved at most, by whole pixels.

    Raises:
        ValueError: a batch size below 1.
        DataError: a crop larger than an image.
    """

    def __init__(
        self,
        data: PairData,
        batch_size: int,
        seed: int,
        low: float = -1.0,
        high: float = 1.0,
        device: torch.device | None = None,
        *,
        flips: bool = False,
        crop: tuple[int, int] | None = None,
        jitter: float = 0.0,
    ) -> None:
        super().__init__(batch_size, seed, low, high, device)
        _, height, width = data.inputs.shape
        if crop is not None and not (1 <= crop[0] <= height and 1 <= crop[1] <= width):
            raise DataError(
                f"crops of {crop[0]}x{crop[1]} pixels do not fit into images of {height}x{width}: give a smaller crop"
            )
        assert crop is not None or not data.whole
        self.data, self.flips, self.crop, self.jitter = data, flips, crop, jitter
        self._begin()

    def drawn(self, position: int) -> PairBatch:
        """Data and noise of the batch at a position."""
        noise, n = rng(self.seed, position, "pairs"), self.batch_size
        rows = self._sources(position, n)
        columns = rows if self._targets is None else self._targets(position, n)
        mix = torch.rand(n, 1, 1, 1, generator=noise)
        inputs, targets = self._shown(rows, columns, noise)
        return PairBatch(self.prepared(inputs), self.prepared(targets), mix.to(self.device))

    def part(
        self, indices: Tensor | None = None, *, batch_size: int | None = None, seed: int | None = None
    ) -> "PairStream":
        """A stream like this one over some of its pairs, by batches of another size or of another seed.

        Where nothing is paired, the indices are of inputs, and the same share of the targets goes along.
        """
        other = copy(self)
        if indices is not None:
            columns = indices
            if not self.data.paired:
                columns = (indices * len(self.data.targets)).div(len(self.data), rounding_mode="floor").unique()
            other.data = replace(
                self.data, inputs=self.data.inputs.chosen(indices), targets=self.data.targets.chosen(columns)
            )
        other.batch_size = self.batch_size if batch_size is None else batch_size
        other.seed = self.seed if seed is None else seed
        other._begin()
        return other

    def _begin(self) -> None:
        self._sources = Order(len(self.data.inputs), self.seed)
        paired = self.data.paired
        self._targets = None if paired else Order(len(self.data.targets), self.seed, "order of the targets")

    def _shown(self, rows: Tensor, columns: Tensor, noise: torch.Generator) -> tuple[Tensor, Tensor]:
        """Crops, flips and jitter of both sides; of what is unpaired, each for itself."""
        places = self._places(noise)
        other = places if self.data.paired else self._places(noise)
        return (
            self._cut(self.data.inputs, rows, places, 1),
            self._cut(self.data.targets, columns, other, self.data.scale),
        )

    def _places(self, noise: torch.Generator) -> "_Places":
        corners = torch.rand(self.batch_size, 2, generator=noise)
        mirrored = torch.rand(self.batch_size, generator=noise) < (0.5 if self.flips else 0.0)
        if not self.jitter:
            return _Places(corners, mirrored, None)
        most = self.jitter * torch.tensor(self.data.inputs.shape[1:])
        moves = most * (2 * torch.rand(self.batch_size, 2, generator=noise) - 1)
        return _Places(corners, mirrored, moves.round().long())

    def _cut(self, side: ImageData | Photographs, rows: Tensor, places: "_Places", scale: int) -> Tensor:
        if self.crop is None:
            assert isinstance(side, ImageData)
            images = side.images.index_select(0, rows)
            if places.moves is not None:
                images = moved(images, scale * places.moves)
        else:
            images = torch.stack(
                [
                    _crop(side.images[row] if isinstance(side, ImageData) else side[row], corner, self.crop, scale)
                    for row, corner in zip(rows.tolist(), places.corners, strict=True)
                ]
            )
        mirrored = places.mirrored[:, None, None, None]
        return torch.where(mirrored, images.flip(3), images) if self.flips else images


@dataclass(frozen=True)
class _Places:
    """What a batch shows of its images.

    Attributes:
        corners: where crops begin, in shares of the room that there is, (N, 2).
        mirrored: which are mirrored, (N,).
        moves: down and across, in pixels of the inputs, (N, 2); None leaves images where they are.
    """

    corners: Tensor
    mirrored: Tensor
    moves: Tensor | None


def moved(images: Tensor, moves: Tensor) -> Tensor:
    """Images (N, C, H, W), each moved by whole pixels, so that nothing is blurred; edges are continued.

    Args:
        images: of one size.
        moves: pixels down and across, int64 (N, 2).

    >>> image = torch.arange(4, dtype=torch.uint8).expand(1, 1, 4, 4)
    >>> moved(image, torch.tensor([[0, 1]]))[0, 0, 0].tolist()
    [0, 0, 1, 2]
    """
    height, width = images.shape[2:]
    rows = (torch.arange(height) - moves[:, :1]).clamp(0, height - 1)
    columns = (torch.arange(width) - moves[:, 1:]).clamp(0, width - 1)
    numbers = torch.arange(len(images))[:, None, None]
    return images.permute(0, 2, 3, 1)[numbers, rows[:, :, None], columns[:, None]].permute(0, 3, 1, 2)


def _crop(image: Tensor, corner: Tensor, size: tuple[int, int], scale: int) -> Tensor:
    """What begins at a share (2,) of the room that an image leaves, `scale` times as large as an input's crop."""
    room = torch.tensor([own // scale - cut + 1 for own, cut in zip(image.shape[1:], size, strict=True)])
    top, left = (scale * (corner * room).long()).tolist()
    return image[:, top : top + scale * size[0], left : left + scale * size[1]]
