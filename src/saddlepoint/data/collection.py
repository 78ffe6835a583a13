"""Many encoded images to one tensor: in memory where they are few, else decoded once and kept on the disk."""

import os
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import prod
from typing import get_args

import numpy as np
import torch
from numpy.typing import NDArray

from saddlepoint.data.decoding import Marks, Source, attempt, available_formats
from saddlepoint.data.workers import Target

#: Told how many files or rows are read, and how many there are.
OnRead = Callable[[int, int], None]

#: Decoding shares the disk and the memory bus: more threads than this gain nothing.
THREADS = 8
#: How many names a note gives.
NAMED = 5
#: How many kinds of images `Findings` counts.
KINDS = len(get_args(Marks))


class Collection(ABC):
    """Encoded images in an order."""

    @property
    @abstractmethod
    def place(self) -> str:
        """Where they are; the same when their content changes."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def take(self, start: int, stop: int) -> list[Source]:
        """The images from start to before stop."""

    @abstractmethod
    def state(self) -> Iterable[str]:
        """What changes when their content does: names, sizes, times."""


@dataclass(frozen=True)
class Findings:
    """Why which images (by index) could not be read, and how many of the others were of a kind."""

    failed: dict[int, str]
    transparent: int = 0
    fitted: int = 0
    coloured: int = 0
    several: int = 0

    def kept(self, of: int) -> list[int]:
        """Indices of those that were read."""
        return [i for i in range(of) if i not in self.failed]

    def notes(self, target: Target, name: Callable[[int], str]) -> list[str]:
        """What was skipped or converted, a sentence each; `name` says what to call an image."""
        notes = []
        if self.failed:
            bad = [f"{name(i)} ({why})" for i, why in self.failed.items()]
            notes.append(f"Skipped {_counted(len(bad))} that cannot be read: {some(bad)}.")
        if self.fitted:
            size = f"{target.size}x{target.size}"
            notes.append(f"Cropped to the middle square or resized, to {size} pixels: {_counted(self.fitted)}.")
        if self.transparent:
            colour = "white" if target.background == (255, 255, 255) else f"the colour {target.background}"
            notes.append(f"Composited on {colour}: {_counted(self.transparent)} with transparency.")
        if self.several:
            notes.append(f"Took the first image alone: {_counted(self.several)} with several (frames, pages).")
        if target.channels == 1 and self.coloured:
            notes.append(f"Made grey: {_counted(self.coloured)} in colour.")
        return notes


def shape_of(collection: Collection, target: Target) -> tuple[int, int, int, int]:
    """(N, C, size, size) at most: all can be read and, where that is not known, some are in colour."""
    return len(collection), target.channels or 3, target.size, target.size


def in_memory(collection: Collection, target: Target, progress: OnRead | None) -> tuple[torch.Tensor, Findings]:
    """Images (M, C, size, size) of those that can be read, in their order."""
    pixels: NDArray[np.uint8] = np.empty(shape_of(collection, target), np.uint8)
    formats = available_formats()

    def read(i: int) -> Marks | str:
        [source] = collection.take(i, i + 1)
        found = attempt(source, target.size, target.channels, target.background, formats, target.values)
        if isinstance(found, str):
            return found
        pixels[i], marks = found
        return marks

    failed: dict[int, str] = {}
    counts = np.zeros(KINDS, np.int64)
    # Here and not in the threads: filters of warnings are global to the process.
    with warnings.catch_warnings(), ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1)) as pool:
        warnings.simplefilter("ignore")
        try:
            for i, result in enumerate(pool.map(read, range(len(collection)))):
                if isinstance(result, str):
                    failed[i] = result
                else:
                    counts += result
                if progress is not None:
                    progress(i + 1, len(collection))
        except BaseException:  # Ctrl-C must not wait for the images that are left
            pool.shutdown(cancel_futures=True)
            raise
    findings = Findings(failed, *counts.tolist())
    if target.channels is None and findings.coloured == 0:
        pixels = pixels[:, :1].copy()
    if failed:
        pixels = pixels[findings.kept(len(collection))]
    return torch.from_numpy(pixels), findings


def bytes_of(collection: Collection, target: Target) -> int:
    """How many bytes the pixels take at most."""
    return prod(shape_of(collection, target))


def _counted(n: int) -> str:
    return f"{n:,} file{'s' if n != 1 else ''}"


def some(names: Sequence[str]) -> str:
    """The first few of many, and how many more there are."""
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
