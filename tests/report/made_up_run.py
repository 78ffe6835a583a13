"""Run folders made up in full, so that a report can be asked for without training anything."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from saddlepoint.measures import MEASURES

Record = dict[str, Any]

CONFIG = {
    "recipe": "digits",
    "seed": 0,
    "data": {"source": "digits", "path": None, "size": 16},
    "generator": {
        "network": {"name": "convolutional-generator", "width": 32},
        "optimizer": {"name": "Adam", "lr": 0.001, "betas": [0.0, 0.99]},
    },
    "discriminator": {
        "network": {"name": "convolutional-discriminator", "width": 32},
        "optimizer": {"name": "Adam", "lr": 0.001, "betas": [0.0, 0.99]},
    },
    "loss": {"name": "relativistic"},
    "penalties": {"r1": {"weight": 1.0}, "r2": {"weight": 1.0}},
    "method": {"name": "alternating"},
    "average": {"half_life": 10000.0},
    "batch_size": 64,
    "budget": {"samples": 300000, "minutes": None},
}

#: Which way the metrics of these runs are good.
DECLARED = {name: MEASURES[name].plain() for name in ("pixel_frechet", "frechet", "recall", "sharpness", "detection")}

IDENTITY = {
    "usage": "saddle sample {} -n 64 --seed 7 --out grid.png",
    "name": "digits",
    "recipe": "digits",
    "command": ["saddle", "train", "digits", "--out", "runs/my digits"],
    "versions": {"saddlepoint": "0.1.0", "torch": "2.9.1", "numpy": "2.4.6", "python": "3.11.7"},
    "device": "cpu",
    "dataset": {
        "name": "digits",
        "source": "scikit-learn load_digits (UCI, https://archive.ics.uci.edu/dataset/80)",
        "fingerprint": "b3f1a96c0d24",
        "images": 1797,
        "shape": [1, 16, 16],
        "classes": [f"the {i}" for i in range(25)],
        "notes": ["8x8 images enlarged to 16x16", "3 duplicates kept"],
    },
    "started": "2025-11-23T21:00:00+00:00",
    "ended": "2025-11-23T21:02:14+00:00",
    "state": "ended",
    "outcome": "stopped",
    "message": "the budget of 300,000 samples is spent",
    "samples": 300_032,
    "steps": 4688,
    "evaluations": 9376,
    "seconds": 133.7,
    "parameters": {"generator": 412_353, "discriminator": 398_145},
    "citations": [
        "@article{mescheder2018,\n  title={Which training methods for {GANs} actually converge?},\n  year={2018}}"
    ],
    "metrics": {"pixel_frechet": 0.231},
    "measures": DECLARED,
}


def healthy(count: int = 60, samples: int = 300_000) -> list[Record]:
    """A run that settles: everything levels off in the first third and stays, with noise."""
    rng = np.random.default_rng(0)
    records: list[Record] = []
    for i in range(1, count + 1):
        t = i / count
        gone = math.exp(-24 * t)
        noise = rng.normal(size=6)
        record: Record = {
            "samples": round(t * samples),
            "steps": round(t * samples / 64),
            "evaluations": round(t * samples / 32),
            "seconds": 134 * t,
            "losses": {
                "generator": 0.74 + 0.5 * gone + 0.03 * noise[0],
                "discriminator": 0.66 - 0.3 * gone + 0.03 * noise[1],
            },
            "monitors": {
                "discriminator_auc": 0.71 + 0.25 * gone + 0.02 * noise[2],
                "real_accuracy": 0.70 + 0.25 * gone + 0.02 * noise[2],
                "generated_accuracy": 0.72 + 0.25 * gone + 0.02 * noise[3],
                "diversity": 0.97 - 0.9 * gone + 0.02 * noise[3],
                "generator_gradient_norm": 0.05 * math.exp(0.2 * noise[4] + 2 * gone),
                "discriminator_gradient_norm": 0.09 * math.exp(0.2 * noise[5] + 2 * gone),
                "rate": 2240 + 30 * noise[4],
            },
        }
        if count < 15 or i % (count // 15) == 0:
            record["metrics"] = {"pixel_frechet": 0.24 + 3.5 * gone + 0.004 * noise[0]}
        records.append(record)
    return records


def changed(change: Callable[[float, Record], None], count: int = 60) -> list[Record]:
    """The healthy run with every record changed, given how far the run is, in (0, 1]."""
    records = healthy(count)
    for record in records:
        change(record["samples"] / 300_000, record)
    return records


def grid(progress: float, tiles: int = 8, side: int = 32) -> Image.Image:
    """A grid of blobs that come out of noise as the run goes on."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[0:side, 0:side] / side - 0.5
    rows = []
    for _ in range(tiles):
        row = []
        for _ in range(tiles):
            a, b, r = rng.uniform(-0.2, 0.2), rng.uniform(-0.2, 0.2), rng.uniform(0.15, 0.35)
            ring = np.exp(-((np.hypot(x - a, y - b) - r) ** 2) / 0.004)
            row.append(progress * ring + (1 - progress) * rng.uniform(size=(side, side)))
        rows.append(np.hstack(row))
    return Image.fromarray((255 * np.clip(np.vstack(rows), 0, 1)).astype(np.uint8)).convert("RGB")


def write_records(path: Path, records: list[Record]) -> None:
    """One record a line; NaN and infinities as Python writes them."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def write_run(
    folder: Path,
    records: list[Record] | None = None,
    snapshots: int = 16,
    identity: dict[str, Any] | None = None,
) -> Path:
    """A whole run folder; fields of `identity` replace the usual ones."""
    records = healthy() if records is None else records
    (folder / "samples").mkdir(parents=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG, sort_keys=False), encoding="utf-8")
    (folder / "run.json").write_text(json.dumps({**IDENTITY, **(identity or {})}), encoding="utf-8")
    write_records(folder / "metrics.jsonl", records)
    for i in range(snapshots):
        share = i / max(snapshots - 1, 1)
        grid(1 - math.exp(-4 * share)).save(folder / "samples" / f"{round(share * 300_000):012d}.png")
    return folder
