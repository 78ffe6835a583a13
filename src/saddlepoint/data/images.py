"""Images in memory: what every reader gives."""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

#: Images resized at once; bounds the memory that the float copies take.
CHUNK = 1024


class DataError(ValueError):
    """The data asked for is not there, is damaged, or is not what was expected; the message says what to do."""


@dataclass(frozen=True, eq=False)
class ImageData:
    """Images of one size, with their classes where there are any.

    Attributes:
        name: what to call them.
        images: uint8 (N, C, H, W), 0 black, 255 white.
        labels: int64 (N,), indices into `classes`, or None.
        classes: names of the classes; () where there are none.
        source: where they came from, a sentence.
        notes: what was skipped or converted, a sentence each.

    Raises:
        DataError: no images, or shapes, types and classes that do not fit together.

    >>> two = ImageData("two", torch.zeros(2, 1, 4, 4, dtype=torch.uint8), None, (), "Made here.")
    >>> len(two), two.shape, two.resized(8).shape
    (2, (1, 4, 4), (1, 8, 8))
    """

    name: str
    images: Tensor
    labels: Tensor | None
    classes: tuple[str, ...]
    source: str
    notes: tuple[str, ...] = ()

    kind = "images"

    def __post_init__(self) -> None:
        shape, kind = tuple(self.images.shape), self.images.dtype
        if kind != torch.uint8 or len(shape) != 4 or 0 in shape:
            raise DataError(
                f"{self.name}: images are {kind} {shape}, expected torch.uint8 (N, C, H, W), none of them 0"
            )
        if self.labels is None:
            return
        if self.labels.dtype != torch.int64 or self.labels.shape != shape[:1]:
            raise DataError(
                f"{self.name}: labels are {self.labels.dtype} {tuple(self.labels.shape)}, "
                f"expected torch.int64 {shape[:1]}"
            )
        low, high = int(self.labels.min()), int(self.labels.max())
        if low < 0 or high >= len(self.classes):
            raise DataError(f"{self.name}: labels run from {low} to {high}, but there are {len(self.classes)} classes")

    def __len__(self) -> int:
        return len(self.images)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one image."""
        _, c, h, w = self.images.shape
        return c, h, w

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits of a SHA-256 over shape, pixels and labels; the same on every machine."""
        digest = hashlib.sha256(repr(tuple(self.images.shape)).encode())
        digest.update(self.images.cpu().contiguous().numpy().data)
        if self.labels is not None:
            digest.update(self.labels.cpu().contiguous().numpy().astype("<i8", copy=False).data)
        return digest.hexdigest()[:16]

    def resized(self, size: int) -> "ImageData":
        """The same images at size x size pixels: the middle square, bicubic with antialias, clamped to 0..255.

        Itself, where it has that size already.

        Raises:
            DataError: a size below 1.
        """
        if size < 1:
            raise DataError(f"the size is {size} pixels: give at least 1")
        _, h, w = self.shape
        if h == w == size:
            return self
        side = min(h, w)
        top, left = (h - side) // 2, (w - side) // 2
        square = self.images[:, :, top : top + side, left : left + side]
        parts = [
            F.interpolate(part.float(), (size, size), mode="bicubic", antialias=True).round_().clamp_(0, 255).byte()
            for part in square.split(CHUNK)
        ]
        return replace(self, images=torch.cat(parts))
