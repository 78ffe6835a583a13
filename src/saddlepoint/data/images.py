"""Images in memory."""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor
from torch.nn.functional import interpolate


class DataError(ValueError):
    """The data can't be had or can't be read; the message names the file and the remedy."""


@dataclass(frozen=True)
class ImageData:
    """A set of images of one size.

    Attributes:
        name: short, for people.
        images: uint8 (N, C, H, W).
        source: where they came from, in words.
        labels: int64 (N,), or None.
        classes: names of the classes; () where there are none.
        notes: what was skipped or converted, a sentence each.
    """

    name: str
    images: Tensor
    source: str
    labels: Tensor | None = None
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.images)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        _, channels, height, width = self.images.shape
        return channels, height, width

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits of a SHA-256 over shape, pixels and labels."""
        digest = hashlib.sha256(repr(tuple(self.images.shape)).encode())
        digest.update(self.images.contiguous().numpy().data)
        if self.labels is not None:
            digest.update(self.labels.contiguous().numpy().data)
        return digest.hexdigest()[:16]

    def resized(self, size: int) -> "ImageData":
        """The same images at size x size, bicubic with antialiasing; this very object where nothing changes."""
        if self.shape[1:] == (size, size):
            return self
        parts = [
            interpolate(part.float(), (size, size), mode="bicubic", antialias=True).round().clamp(0, 255).byte()
            for part in self.images.split(4096)
        ]
        return replace(self, images=torch.cat(parts))
