"""Decoded images on the disk: written once, then read as they are used, whatever the size of the memory.

    <cache>/decoded/<place>/<key>.u8      the pixels, uint8 (N, C, size, size) in C order
    <cache>/decoded/<place>/<key>.json    vouches for them; written last

The place is a hash of where the images are and what they are decoded to, the key one of their state (names, sizes,
times) and of what decodes them. Another state is another key, and the old one is deleted. One process writes, the
others wait for it and read; what a killed one left has no manifest, and the next deletes it.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import asdict
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np
import PIL
import torch
from filelock import FileLock
from numpy.typing import NDArray
from PIL import Image

from saddlepoint.cache import cache_folder
from saddlepoint.data.collection import KINDS, Collection, Findings, OnRead, bytes_of, in_memory
from saddlepoint.data.decoding import available_formats
from saddlepoint.data.images import DataError
from saddlepoint.data.mapped import mapped
from saddlepoint.data.workers import Target, decoded

#: Bytes of pixels from which they are kept. Below, they are decoded afresh each time, which takes seconds.
KEPT = 64 << 20
#: Bytes of pixels that a worker sends at once.
PIECE = 4 << 20
#: Raise it when the same images would give other pixels.
VERSION = 2


def read(collection: Collection, target: Target, progress: OnRead | None = None) -> tuple[torch.Tensor, Findings]:
    """Images (M, C, size, size) of a collection that can be read, in their order: in memory or, if large, on the disk.

    Args:
        collection: the encoded images.
        target: what they are decoded to.
        progress: called with (done, total) while they are decoded, from the calling thread.

    Raises:
        DataError: the disk has no room for them, or a process that decodes dies.
    """
    if bytes_of(collection, target) < KEPT:
        return in_memory(collection, target, progress)
    folder = cache_folder() / "decoded" / _digest([collection.place, repr(target)])
    limit = str(Image.MAX_IMAGE_PIXELS)
    key = _digest([str(VERSION), PIL.__version__, limit, *available_formats(), *collection.state()])
    found = _open(folder, key)
    if found is not None:
        return found
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "lock"):
            # While this process waited, another may have written it.
            return _open(folder, key) or _write(folder, key, collection, target, progress)
    except OSError as error:
        raise DataError(
            f"the decoded images cannot be kept in {folder} ({error.strerror or error}): set the environment's "
            f"SADDLE_CACHE to a folder with {bytes_of(collection, target) / 1e9:,.1f} GB of room"
        ) from error


def _digest(parts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        # File names need not be valid Unicode, but hold no zero byte.
        digest.update(part.encode("utf-8", "surrogateescape") + b"\0")
    return digest.hexdigest()[:16]


def _open(folder: Path, key: str) -> tuple[torch.Tensor, Findings] | None:
    """What is kept under a key, where it is whole."""
    pixels = folder / f"{key}.u8"
    try:
        manifest = json.loads((folder / f"{key}.json").read_text(encoding="utf-8"))
        shape, findings = tuple(manifest["shape"]), manifest["findings"]
        failed = {int(i): str(why) for i, why in findings.pop("failed").items()}
        if pixels.stat().st_size != prod(shape):
            return None
        return mapped(pixels, shape), Findings(failed, **findings)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _write(
    folder: Path, key: str, collection: Collection, target: Target, progress: OnRead | None
) -> tuple[torch.Tensor, Findings]:
    for old in folder.iterdir():
        if old.suffix in (".u8", ".json", ".partial"):
            with suppress(OSError):  # in use, on a system that then keeps it
                old.unlink()
    room, wanted = shutil.disk_usage(folder).free, bytes_of(collection, target)
    if wanted > room:
        raise DataError(
            f"{len(collection):,} images of {target.size}x{target.size} pixels take {wanted / 1e9:,.1f} GB, but "
            f"{folder} has {room / 1e9:,.1f} GB of room: set the environment's SADDLE_CACHE to a folder on a larger "
            f"disk, or give a smaller size or fewer images"
        )
    pixels = folder / f"{key}.u8.partial"
    try:
        with pixels.open("w+b") as file:
            shape, findings = _decode_into(file, collection, target, progress)
            _flush(file)
        if shape[0] == 0:
            return torch.empty(shape, dtype=torch.uint8), findings
        pixels.replace(folder / f"{key}.u8")
        manifest = folder / f"{key}.json.partial"
        with manifest.open("w+b") as file:
            file.write(json.dumps({"shape": shape, "findings": asdict(findings)}).encode())
            _flush(file)
        manifest.replace(folder / f"{key}.json")
    finally:
        pixels.unlink(missing_ok=True)
    return mapped(folder / f"{key}.u8", shape), findings


def _decode_into(
    file: BinaryIO, collection: Collection, target: Target, progress: OnRead | None
) -> tuple[tuple[int, int, int, int], Findings]:
    """Write the pixels, with one channel until the first image in colour comes."""
    plane = target.size**2
    step = max(1, PIECE // (3 * plane))
    batches = (collection.take(i, min(i + step, len(collection))) for i in range(0, len(collection), step))
    planes, written, done = target.channels or 1, 0, 0
    failed: dict[int, str] = {}
    counts = np.zeros(KINDS, np.int64)
    with closing(decoded(batches, target)) as shards:
        for shard in shards:
            if shard.pixels.shape[1] > planes:
                planes = 3
                _widen(file, written, plane)
            file.write(_channels(shard.pixels, planes).data)
            written += len(shard.pixels)
            for i, marks in enumerate(shard.marks, done):
                if isinstance(marks, str):
                    failed[i] = marks
                else:
                    counts += marks
            done += len(shard.marks)
            if progress is not None:
                progress(done, len(collection))
    return (written, planes, target.size, target.size), Findings(failed, *counts.tolist())


def _channels(pixels: NDArray[np.uint8], planes: int) -> NDArray[np.uint8]:
    return pixels if pixels.shape[1] == planes else np.repeat(pixels, planes, axis=1)


def _widen(file: BinaryIO, n: int, plane: int) -> None:
    """Make n grey images in a file three planes each, in place: from the last to the first none is overwritten."""
    step = max(1, PIECE // (3 * plane))
    for stop in range(n, 0, -step):
        start = max(0, stop - step)
        file.seek(start * plane)
        grey = np.frombuffer(file.read((stop - start) * plane), np.uint8).reshape(-1, 1, plane)
        file.seek(3 * start * plane)
        file.write(_channels(grey, 3).data)
    file.seek(3 * n * plane)


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
