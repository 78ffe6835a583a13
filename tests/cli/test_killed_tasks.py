"""Runs of every task, killed at any moment, come to the result of the uninterrupted one."""

import random
import signal
import time
from pathlib import Path

import numpy as np
import pandas
import pytest
import soundfile
from PIL import Image

from processes import Saddle, lines, saddle
from saddlepoint.data.audio import write_wave
from saddlepoint.storage import read_records

EVERY = ("--device", "cpu", "--set", "every.record=8", "--set", "every.checkpoint=16", "--set", "every.snapshot=160")
DISCRIMINATOR = ("--set", "discriminator.network.width=4", "--set", "discriminator.network.depth=1")


def photographs(folder: Path) -> Path:
    for side in ("a", "b"):
        (folder / side).mkdir(parents=True)
        for number in range(12):
            noise = np.random.default_rng(number).integers(0, 256, (16, 16, 3), np.uint8)
            Image.fromarray(noise if side == "a" else 255 - noise).save(folder / side / f"{number}.png")
    return folder


def rows(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame({"city": rng.choice(["Ulm", "Bonn"], 200), "rent": rng.normal(900, 99, 200).round(1)})
    folder.mkdir()
    frame.to_csv(folder / "rents.csv", index=False)
    return folder / "rents.csv"


def tones(folder: Path) -> Path:
    folder.mkdir()
    time = np.arange(240) / 2000
    for number in range(24):
        wave = 0.5 * np.sin(2 * np.pi * 20 * (9 + number) * time)
        soundfile.write(folder / f"{number % 2}_{number}.wav", wave, 2000)
    return folder


def prices(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    low = (100 + rng.normal(size=200).cumsum()).round(2)
    folder.mkdir()
    pandas.DataFrame({"low": low, "high": low + rng.uniform(0, 2, 200).round(2)}).to_csv(
        folder / "prices.csv", index=False
    )
    return folder / "prices.csv"


def names(folder: Path) -> Path:
    folder.mkdir()
    letters = np.random.default_rng(0).integers(97, 123, (60, 5), np.uint8)
    (folder / "names.txt").write_bytes(b"\n".join(row.tobytes() for row in letters))
    return folder / "names.txt"


def hums(folder: Path) -> Path:
    folder.mkdir()
    for number in range(12):
        wave = np.sin(2 * np.pi * (100 + 30 * number) * np.arange(600 + 10 * number) / 2000)
        write_wave(folder / f"{number}.wav", (0.5 * wave).astype(np.float32), 2000)
    return folder


UNET = (
    "--set",
    "data.size=16",
    "--set",
    "generator.network.width=4",
    "--set",
    "generator.network.depth=2",
    *DISCRIMINATOR,
)
TASKS = {
    "enhance": (
        photographs,
        *("train", "enhance", "--degrade", "noise:9,downscale:2", "--set", "regression=80", "--set", "data.crop=16"),
        *("--set", "generator.network={name: super-resolver, width: 4, blocks: 1}", *DISCRIMINATOR),
    ),
    "pairs": (photographs, "train", "translate", "--set", "regression=80", *UNET),
    "cycle": (photographs, "train", "translate", "--unpaired", *UNET),
    "table": (
        rows,
        *("train", "table", "--set", "latent.size=4"),
        *("--set", "generator.network.width=8", "--set", "discriminator.network.widths=[8]"),
    ),
    "sounds": (
        tones,
        *("train", "audio", "--conditional", "--set", "data.label=prefix", "--set", "latent.size=4"),
        *("--set", "data.rate=2000", "--set", "data.seconds=0.12"),
        *("--set", "spectrogram={window: 64, hop: 16, bands: 8, steps: 2}"),
        *("--set", "generator.network.width=4", "--set", "discriminator.network.width=4"),
    ),
    "series": (
        prices,
        *("train", "series", "--set", "latent.size=4", "--set", "data.window=8", "--method", "extragradient"),
        *("--set", "generator.network.width=8", "--set", "discriminator.network.widths=[8]"),
    ),
    "text": (
        names,
        *("train", "text", "--set", "likelihood=80", "--set", "generator.network.width=8"),
        *("--set", "discriminator.network.representations=2"),
    ),
    "vocoder": (
        hums,
        *("train", "vocoder", "--set", "regression=80", "--set", "data.rate=2000", "--set", "data.crop=192"),
        *("--set", "mel={window: 64, hop: 16, bands: 8}", "--set", "refinement.steps=2"),
        *("--set", "generator.network={name: vocoder, width: 8, factors: [4]}"),
        *("--set", "discriminator.network={name: vocoder-discriminator, width: 2, periods: [2], windows: [64]}"),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_a_run_killed_at_random_moments_ends_as_if_it_was_not(task: str, tmp_path: Path) -> None:
    make, *words = TASKS[task]
    shared = [*words, "--data", str(make(tmp_path / "data")), *EVERY, "--batch-size", "8", "--samples", "240"]
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    code, text = saddle([*shared, "--out", str(straight)], tmp_path / "log")
    assert code == 0, text
    dice, kills = random.Random(0), 0
    for _ in range(2):
        # By what it has written and not by the clock, as a quick machine may be through before any time is up.
        wanted = lines(killed) + dice.randrange(1, 6)
        process = Saddle([*shared, "--out", str(killed)], tmp_path / "log")
        while process.running and lines(killed) < wanted:
            time.sleep(0.01)
        if process.running:
            process.signal(signal.SIGKILL)
        kills += process.wait() == -signal.SIGKILL
    assert kills
    code, text = saddle([*shared, "--out", str(killed)], tmp_path / "log")
    assert code == 0, text
    mine, theirs = (
        [{k: v for k, v in r.items() if k != "seconds"} for r in read_records(run / "metrics.jsonl")]
        for run in (killed, straight)
    )
    assert mine == theirs
    assert len(mine) == 30
    files = [path.relative_to(straight) for path in (straight / "generator").rglob("*") if path.is_file()]
    assert files
    for file in files:
        assert (killed / file).read_bytes() == (straight / file).read_bytes(), file
