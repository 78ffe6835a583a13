"""The golden runs: which recipe, on which data, with which settings.

Each is played for four steps of eight samples by `golden_runs`. Settings are what `--set` takes; a key that is renamed
is renamed here. Data are made here and not shared with other tests, as every golden number depends on them.
"""

import gzip
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas
from PIL import Image

from saddlepoint.data.audio import write_wave


def _picture(rng: np.random.Generator, side: int) -> np.ndarray:
    """Soft noise, uint8 (side, side, 3)."""
    coarse = rng.integers(0, 256, (side // 4, side // 4, 3)).repeat(4, 0).repeat(4, 1)
    return np.clip(coarse + rng.integers(-20, 21, coarse.shape), 0, 255).astype(np.uint8)


def pairs(folder: Path) -> Path:
    """Twelve colour images of 16x16, and their negatives."""
    for side in ("a", "b"):
        (folder / side).mkdir(parents=True)
        for number in range(12):
            picture = _picture(np.random.default_rng(number), 16)
            Image.fromarray(picture if side == "a" else 255 - picture).save(folder / side / f"{number}.png")
    return folder


def photographs(folder: Path) -> Path:
    """Twenty-four colour images of 16x16 in two classes."""
    for number in range(24):
        place = folder / ("cats", "dogs")[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(_picture(np.random.default_rng(number), 16)).save(place / f"{number}.png")
    return folder


def idx(folder: Path) -> Path:
    """Grey images of 28x28 in ten classes, in the four files of MNIST: 200 to train, 60 to test."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name, count in (("train", 200), ("t10k", 60)):
        images = np.stack([np.kron(rng.integers(0, 2, (7, 7)), np.full((4, 4), 255)) for _ in range(count)])
        labels = np.arange(count) % 10
        with gzip.open(folder / f"{name}-images-idx3-ubyte.gz", "wb") as file:
            file.write(struct.pack(">IIII", 2051, count, 28, 28) + images.astype(np.uint8).tobytes())
        with gzip.open(folder / f"{name}-labels-idx1-ubyte.gz", "wb") as file:
            file.write(struct.pack(">II", 2049, count) + labels.astype(np.uint8).tobytes())
    return folder


def rows(folder: Path) -> Path:
    """A table of 200 rows: a category, a number that depends on it, a whole number, one that is missing at times."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    city = rng.choice(["Ulm", "Bonn", "Jena"], 200)
    rent = (rng.normal(900, 99, 200) + 200 * (city == "Bonn")).round(1)
    area = np.where(rng.random(200) < 0.1, np.nan, rng.uniform(20, 90, 200).round(2))
    frame = pandas.DataFrame({"city": city, "rent": rent, "rooms": rng.integers(1, 6, 200), "area": area})
    frame.to_csv(folder / "rents.csv", index=False)
    return folder / "rents.csv"


def prices(folder: Path) -> Path:
    """A series of two numbers, 200 moments."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    low = (100 + rng.normal(size=200).cumsum()).round(2)
    frame = pandas.DataFrame({"low": low, "high": low + rng.uniform(0, 2, 200).round(2)})
    frame.to_csv(folder / "prices.csv", index=False)
    return folder / "prices.csv"


def tones(folder: Path) -> Path:
    """Sounds of 0.12 s at 2 kHz in two classes, ten recordings each, named as the Free Spoken Digit Dataset's."""
    folder.mkdir(parents=True)
    time = np.arange(240) / 2000
    for number in range(20):
        wave = 0.5 * np.sin(2 * np.pi * 20 * (9 + number) * time)
        write_wave(folder / f"{number % 2}_her_{number // 2}.wav", wave.astype(np.float32), 2000)
    return folder


def hums(folder: Path) -> Path:
    """Twelve sounds of a third of a second at 2 kHz."""
    folder.mkdir(parents=True)
    for number in range(12):
        wave = 0.5 * np.sin(2 * np.pi * (100 + 30 * number) * np.arange(600 + 10 * number) / 2000)
        write_wave(folder / f"{number}.wav", wave.astype(np.float32), 2000)
    return folder


def names(folder: Path) -> Path:
    """Sixty lines of five letters."""
    folder.mkdir(parents=True)
    letters = np.random.default_rng(0).integers(97, 123, (60, 5), np.uint8)
    (folder / "names.txt").write_bytes(b"\n".join(row.tobytes() for row in letters))
    return folder / "names.txt"


#: Settings of every case.
EVERY = (
    *("device=cpu", "threads=1", "batch_size=8", "budget.samples=32"),
    *("every.record=8", "every.checkpoint=16", "every.snapshot=32"),
)
#: Of a model that is fitted at once.
AT_ONCE = ("device=cpu", "threads=1")


@dataclass(frozen=True)
class Case:
    """A golden run.

    Attributes:
        recipe: of `saddle list recipes`.
        settings: what `--set` takes, beside `EVERY`.
        data: makes the data in a folder that is not there yet, and gives what `--data` takes; None where the recipe
            has data of its own.
        every: settings of all cases; fewer where nothing is trained.
        weights, numbers: relative tolerances, as processors round differently: of tensors against their norm; of
            losses, monitors and metrics, which pile up more rounding.
    """

    recipe: str
    settings: tuple[str, ...] = ()
    data: Callable[[Path], Path] | None = None
    weights: float = 1e-4
    numbers: float = 1e-3
    every: tuple[str, ...] = EVERY


AVERAGED = ("average.half_life=16",)
# Where a gradient is zero but for rounding (a bias before a normalisation), Adam's usual eps would make steps of it.
BOTH = ("generator.optimizer.eps=1e-4", "discriminator.optimizer.eps=1e-4")
GAME = (*AVERAGED, *BOTH)
ALONE = (*AVERAGED, "generator.optimizer.eps=1e-4")
FALLING = ("schedules.rate={start: 1, end: 0.1, samples: 32}",)

LITTLE = ("latent.size=4", "generator.network.widths=[8]", "discriminator.network.widths=[8]", "score.samples=64")
NARROW = ("latent.size=4", "generator.network.width=4", "discriminator.network.width=4", "score.samples=64")
DIGITS = (*GAME, *LITTLE, "data.size=8")
TABLE = (*GAME, "latent.size=4", "generator.network.width=8", "discriminator.network.widths=[8]", *FALLING)
SERIES = (*TABLE, "data.window=8")
SOUND = ("data.rate=2000", "data.seconds=0.12", "spectrogram={window: 64, hop: 16, bands: 8, steps: 2}")
PATCHES = ("discriminator.network.width=4", "discriminator.network.depth=1", "score.samples=64")
UNET = (*GAME, "data.size=16", "generator.network.width=4", "generator.network.depth=2", *PATCHES)
ENHANCE = (
    *(*GAME, *PATCHES, *FALLING, "data.crop=16"),
    "generator.network={name: super-resolver, width: 4, blocks: 1}",
)
VOCODER = (
    *(*GAME, *FALLING, "data.rate=2000", "data.crop=192", "mel={window: 64, hop: 16, bands: 8}", "refinement.steps=2"),
    "generator.network={name: vocoder, width: 8, factors: [4]}",
    "discriminator.network={name: vocoder-discriminator, width: 2, periods: [2], windows: [64]}",
)
TEXT = (*GAME, "generator.network.width=8", "discriminator.network.representations=2")

CASES = {
    # Images.
    "digits": Case("digits", DIGITS),
    "digits, unconditional": Case("digits", (*DIGITS, "conditional=false")),
    "digits, auxiliary classifier": Case("digits", (*DIGITS, "auxiliary=1", "discriminator.network.auxiliary=true")),
    "digits, packing": Case("digits", (*DIGITS, "conditional=false", "discriminator.network.packing=2")),
    "digits, two parts": Case("digits", (*DIGITS, "accumulate=2")),
    "digits, all penalties": Case(
        "digits",
        (
            *DIGITS,
            "penalties={lecam: {}, consistency: {}, dragan: {}, gradient-penalty: {}, zero-centred: {}, r1: {}}",
            "regularisers={path-length: {}, feature-matching: {}}",
            "adversary.penalty_schedule={start: 1, end: 0.5, samples: 32}",
        ),
    ),
    "digits, augmentation": Case(
        "digits",
        (
            *(*DIGITS, "augmentation={kind: {name: adaptive}, strength: 0.5}"),
            "augmentation.schedule={start: 0.5, end: 1, samples: 32}",
        ),
    ),
    "digits, adapting augmentation": Case(
        "digits", (*DIGITS, "augmentation={kind: {name: adaptive}, strength: 0.1, target: 0.6, span: 64}")
    ),
    "digits, diffaugment": Case("digits", (*DIGITS, "augmentation={kind: {name: diffaugment}}")),
    "digits, non-saturating": Case("digits", (*DIGITS, "loss.name=non-saturating")),
    "digits, top-k wasserstein": Case("digits", (*DIGITS, "loss={name: top-k, base: wasserstein}")),
    "digits, relativistic-average": Case("digits", (*DIGITS, "loss.name=relativistic-average")),
    "digits, extragradient": Case("digits", (*DIGITS, "method.name=extragradient", "generator.clip=0.5")),
    "digits, optimistic": Case("digits", (*DIGITS, "method.name=optimistic")),
    "digits, lookahead": Case("digits", (*DIGITS, "method={name: lookahead, k: 2}")),
    "digits, consensus": Case("digits", (*DIGITS, "method.name=consensus")),
    "digits, more critic steps": Case("digits", (*DIGITS, "method={name: alternating, counts: [2, 1]}")),
    "mnist": Case("mnist", (*GAME, *NARROW), idx),
    "fashion-mnist": Case("fashion-mnist", (*GAME, *NARROW), idx),
    "stacked-mnist": Case("stacked-mnist", (*GAME, *NARROW), idx),
    "images": Case("images", (*GAME, *NARROW, "data.size=16"), photographs),
    "images, conditional": Case("images", (*GAME, *NARROW, "data.size=16", "conditional=true"), photographs),
    "modern": Case(
        "modern",
        (
            *(*GAME, *NARROW, *FALLING, "data.size=16", "generator.network.depth=1", "discriminator.network.depth=1"),
            *("generator.network.group=2", "discriminator.network.group=2"),
            "schedules.beta2={start: 0.9, end: 0.99, samples: 32}",
            "adversary.penalty_schedule={start: 1, end: 0.1, samples: 32}",
            "augmentation.schedule={start: 0, end: 0.3, samples: 16}",
        ),
        photographs,
    ),
    "classic": Case("classic", (*BOTH, *LITTLE)),
    "vae": Case("vae", (*ALONE, *LITTLE[:2], "encoder.network.widths=[8]", "data.size=8", "score.samples=64")),
    "vae, conditional": Case(
        "vae",
        (
            *(*ALONE, *LITTLE[:2], "encoder.network.widths=[8]", "data.size=8", "score.samples=64"),
            *("conditional=true", "model.likelihood=gaussian"),
        ),
    ),
    "autoencoder": Case(
        "autoencoder",
        (*ALONE, *LITTLE[:2], "encoder.network.widths=[8]", "data.size=8", "score.samples=64"),
    ),
    # Points.
    "ring": Case("ring", (*GAME, *LITTLE[1:3], *FALLING, "data.points=500")),
    "grid": Case("grid", (*GAME, *LITTLE[1:3], *FALLING, "data.points=500")),
    "ring-pacgan": Case("ring-pacgan", (*BOTH, *LITTLE[1:3], "data.points=500", "discriminator.network.packing=2")),
    "grid-pacgan": Case("grid-pacgan", (*BOTH, *LITTLE[1:3], "data.points=500")),
    # Tables, series.
    # What is measured of tables is of rows that were drawn, where rounding may flip a category.
    "table": Case("table", TABLE, rows, numbers=0.1),
    "table, unconditional": Case(
        "table", (*TABLE, "conditional=false", "discriminator.network.packing=2"), rows, numbers=0.1
    ),
    "table-auto": Case("table-auto", ("budget.samples=32",), rows, numbers=0.1, every=AT_ONCE),
    "table-copula": Case("table-copula", (), rows, numbers=0.1, every=AT_ONCE),
    "table-independent": Case("table-independent", (), rows, numbers=0.1, every=AT_ONCE),
    "table-vae": Case("table-vae", (*ALONE, "latent.size=4", "generator.network.width=8"), rows, numbers=0.1),
    "series": Case("series", SERIES, prices),
    "series-vae": Case("series-vae", (*ALONE, "latent.size=4", "data.window=8", "generator.network.width=8"), prices),
    # Sounds.
    "audio": Case("audio", (*GAME, *NARROW, *SOUND), tones),
    "audio, conditional": Case("audio", (*GAME, *NARROW, *SOUND, "conditional=true", "data.label=prefix"), tones),
    "spoken-digits": Case("spoken-digits", (*GAME, *NARROW, *SOUND), tones),
    "audio-wave": Case("audio-wave", (*GAME, *NARROW, *SOUND), tones),
    "audio-vae": Case(
        "audio-vae",
        (
            *(*ALONE, *SOUND, "latent.size=4", "generator.network.width=4", "encoder.network.width=4"),
            "score.samples=64",
        ),
        tones,
    ),
    "vocoder": Case("vocoder", (*VOCODER, "regression=16"), hums),
    "vocoder, game alone": Case("vocoder", (*VOCODER, "regression=0"), hums),
    # Text.
    "text": Case("text", (*TEXT, "likelihood=16"), names),
    "text, game alone": Case("text", (*TEXT, "likelihood=0", "anchor=0"), names),
    "text, words": Case("text", (*TEXT, "likelihood=16", "data.unit=words"), names),
    # Translation, enhancement.
    "translate": Case("translate", UNET, pairs),
    "translate, regression": Case("translate", (*UNET, "regression=16"), pairs),
    "translate, matching": Case(
        "translate",
        (*UNET, "regularisers.layer-matching.weight=1", "conditioned=false", "discriminator.network.scales=2"),
        pairs,
    ),
    "translate, cycle": Case(
        "translate", (*UNET, "unpaired=cycle", "cycle.history=32", "batch_size=12", "budget.samples=48"), pairs
    ),
    "translate, contrast": Case(
        "translate",
        (
            *(*GAME, *PATCHES, "unpaired=contrastive", "data.size=16", "contrast={patches: 8, width: 8}"),
            "generator.network={name: residual-translator, width: 4, blocks: 1}",
        ),
        pairs,
        # Its normalisations see 4x4 positions, and blow rounding up.
        weights=0.05,
        numbers=0.05,
    ),
    "enhance": Case("enhance", (*ENHANCE, "degrade=downscale:2", "regression=16"), photographs),
    "enhance, chain": Case("enhance", (*ENHANCE, "degrade=blur:1,noise:5-25", "regression=0"), photographs),
    "inpaint": Case("inpaint", (*ENHANCE, "regression=16"), photographs),
    "enhance, matching": Case(
        "enhance",
        (*ENHANCE, "degrade=downscale:2", "regression=0", "regularisers.layer-matching.weight=1", "conditioned=true"),
        photographs,
    ),
}
