"""Memory and speed of a folder of images that is decoded once and read from the disk: a hundred thousand small PNGs.

The files are made in a temporary folder: a few distinct ones of random pixels, the others hard links to them, so that
each is opened and decoded as a file of its own. Memory is sampled from Linux's /proc, parted in what counts: `own` is
memory that only this process can give back; `pages` are pages of mapped files, libraries and pixels, which the system
takes back whenever it needs room, so their sum may reach the size of the pixels where there is room and is no need.

With `--tar` the same images lie in so many tar archives instead, and are smooth, which keeps these small.

    python bench/data_memory.py [--images N] [--size PIXELS] [--batches N] [--tar N] [--json]
"""

import argparse
import io
import json
import os
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from saddlepoint.data import load_images
from saddlepoint.data.stream import SampleStream

DISTINCT, CLASSES = 64, 100
BATCH = 64
#: Seconds between two samples of the memory.
PERIOD = 0.02


def megabytes(process: int | str) -> dict[str, float]:
    """What a process holds now."""
    found = {"RssAnon": 0.0, "RssFile": 0.0}
    try:
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            name, _, value = line.partition(":")
            if name in found:
                found[name] = int(value.split()[0]) / 1000
    except OSError:  # it has ended
        pass
    return {"own": found["RssAnon"], "pages": found["RssFile"]}


def children() -> list[str]:
    return " ".join(file.read_text() for file in Path("/proc/self/task").glob("*/children")).split()


@contextmanager
def measured(name: str, into: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Seconds of a block and the peaks of its memory: this process, and all its children together."""
    result: dict[str, Any] = {"own": 0.0, "pages": 0.0, "children": 0.0}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(PERIOD):
            mine = megabytes("self")
            mine["children"] = sum(sum(megabytes(child).values()) for child in children())
            for key, value in mine.items():
                result[key] = max(result[key], value)

    watcher = threading.Thread(target=watch)
    watcher.start()
    begun = time.perf_counter()
    try:
        yield result
    finally:
        result["seconds"] = time.perf_counter() - begun
        over.set()
        watcher.join()
        into[name] = result


def make(folder: Path, n: int, size: int) -> None:
    rng = np.random.default_rng(0)
    originals = []
    for i in range(DISTINCT):
        originals.append(folder / f"{i}.png")
        Image.fromarray(rng.integers(0, 256, (size, size, 3), np.uint8)).save(originals[-1])
    for i in range(CLASSES):
        (folder / "photos" / f"{i:02}").mkdir(parents=True)
    for i in range(n):
        os.link(originals[i % DISTINCT], folder / "photos" / f"{i % CLASSES:02}" / f"{i:07}.png")


def pack(folder: Path, n: int, size: int, shards: int) -> None:
    """Tar archives of a folder a class: a few distinct images of two colours, one fading into the other."""
    rng = np.random.default_rng(0)
    fade = np.linspace(0, 1, size)[:, None, None]
    originals = []
    for _ in range(DISTINCT):
        first, second = rng.integers(0, 256, (2, 1, 1, 3))
        pixels = np.broadcast_to(first * fade + second * (1 - fade), (size, size, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(written := io.BytesIO(), "PNG")
        originals.append(written.getvalue())
    (folder / "photos").mkdir()
    for shard in range(shards):
        with tarfile.open(folder / "photos" / f"{shard:04}.tar", "w", format=tarfile.USTAR_FORMAT) as archive:
            for i in range(shard * n // shards, (shard + 1) * n // shards):
                info = tarfile.TarInfo(f"{i % CLASSES:02}/{i:07}.png")
                info.size = len(originals[i % DISTINCT])
                archive.addfile(info, io.BytesIO(originals[i % DISTINCT]))
                vars(archive)["members"].clear()  # it would keep all of them


def run(n: int, size: int, batches: int, shards: int, folder: Path) -> dict[str, Any]:
    os.environ["SADDLE_CACHE"] = str(folder / "cache")
    if shards:
        pack(folder, n, size, shards)
    else:
        make(folder, n, size)
    result: dict[str, Any] = {
        "images": n,
        "size": size,
        "pixels": n * 3 * size * size / 1e6,
        "start": megabytes("self"),
    }
    with measured("decode and keep", result) as decoding:
        load_images(folder / "photos", size)
    decoding["images a second"] = n / decoding["seconds"]
    with measured("open again", result):
        data = load_images(folder / "photos", size)
    with measured("fingerprint", result) as hashing:
        assert data.fingerprint
    hashing["images a second"] = n / hashing["seconds"]
    stream = SampleStream(data.images, BATCH, 0, 64, "normal", -1.0, 1.0, torch.device("cpu"))
    with measured("random batches", result) as drawing:
        for i in range(batches):
            stream(i * BATCH)
    drawing["images a second"] = batches * BATCH / drawing["seconds"]
    return result


def table(result: dict[str, Any]) -> str:
    start = result["start"]
    n, size, pixels = result["images"], result["size"], result["pixels"]
    lines = [
        f"{n:,} images of {size}x{size} pixels: {pixels:,.0f} MB of pixels",
        f"{'':<18}{'own':>10}{'pages':>10}{'children':>10}{'seconds':>10}{'images/s':>12}   (peaks, MB)",
        f"{'at the start':<18}{start['own']:>10,.0f}{start['pages']:>10,.0f}",
    ]
    for name, row in result.items():
        if isinstance(row, dict) and "seconds" in row:
            rate = f"{row['images a second']:>12,.0f}" if "images a second" in row else ""
            cells = "".join(f"{row[key]:>10,.0f}" for key in ("own", "pages", "children"))
            lines.append(f"{name:<18}{cells}{row['seconds']:>10.2f}{rate}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--batches", type=int, default=5000)
    parser.add_argument("--tar", type=int, default=0, metavar="N")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = run(options.images, options.size, options.batches, options.tar, Path(folder))
    print(json.dumps(result, indent=1) if options.json else table(result))


if __name__ == "__main__":
    main()
