"""What verdicts say of runs that were made bad on purpose, and of good ones: hits and false alarms.

    python bench/verdicts.py --seeds 3 --out runs/verdicts
    python bench/verdicts.py --only "γ a hundred times; half black" --out runs/verdicts
    python bench/verdicts.py --held-out --seeds 2 --out runs/verdicts

Every case is a short run of a small recipe on data that are made here or that come with the installation, or that
`$SADDLE_TEST_DATA` holds. A bad run is hit where the game, the result or what is left to do is called bad or worth
watching by one of the names that the case allows; its advice acts on the cause where the first command changes one of
the settings that the case was spoilt by, or the data are named. A good run is a false alarm where any of the three is
called bad. `--held-out` plays the cases that no threshold was set by. The same command goes on; `--read` judges anew.
"""

import argparse
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import torch
from sklearn.datasets import load_digits, load_sample_images
from torch import Tensor, nn

from saddlepoint.core import rng
from saddlepoint.report import evidence_of, examine_run, verdicts
from saddlepoint.runs.api import configured
from saddlepoint.runs.run import Run
from saddlepoint.storage import RunFolder

Sets = tuple[str, ...]
#: Gives the data of a seed; None has the recipe read its own.
Data = Callable[[int], Any]


@dataclass(frozen=True)
class Case:
    """One kind of run.

    Attributes:
        name: what was done to it, or which good run it is.
        recipe: that it is a variant of.
        sets: settings.
        data: gives them; None takes the recipe's.
        bad: names of findings that tell its fault, any of which is a hit; () of a good run.
        cures: settings of which the first command changes one, or words of which the advice holds one.
        networks: of the run, by role.
    """

    name: str
    recipe: str
    sets: Sets = ()
    data: Data | None = None
    bad: tuple[str, ...] = ()
    cures: tuple[str, ...] = ()
    networks: Callable[[], dict[str, nn.Module]] = field(default=dict)

    @property
    def folder(self) -> str:
        """Its name without blanks and marks."""
        return self.name.replace(" ", "-").replace(",", "").replace(":", "")


# --- data -------------------------------------------------------------------------------------------------


def digits() -> tuple[Tensor, Tensor]:
    """The images, uint8 (1797, 1, 16, 16), and their classes."""
    found = load_digits()
    images = torch.from_numpy(found.images).float()[:, None] * (255 / 16)
    enlarged = nn.functional.interpolate(images, scale_factor=2, mode="bilinear").round().clamp(0, 255).byte()
    return enlarged, torch.from_numpy(found.target).long()


def few(seed: int) -> tuple[Tensor, Tensor]:
    """The first ten images of an order."""
    images, labels = digits()
    chosen = torch.randperm(len(images), generator=rng(seed, "ten"))[:10]
    return images[chosen], labels[chosen]


def shuffled(seed: int) -> tuple[Tensor, Tensor]:
    """Every image has the class of another one."""
    images, labels = digits()
    return images, labels[torch.randperm(len(labels), generator=rng(seed, "labels"))]


def half_black(seed: int) -> tuple[Tensor, Tensor]:
    """Every other image is black."""
    images, labels = digits()
    images[torch.randperm(len(images), generator=rng(seed, "black"))[: len(images) // 2]] = 0
    return images, labels


def one_class(seed: int) -> tuple[Tensor, Tensor]:
    """Nine tenths are threes."""
    images, labels = digits()
    threes, others = (torch.nonzero(part)[:, 0] for part in (labels == 3, labels != 3))
    chosen = others[torch.randperm(len(others), generator=rng(seed, "others"))[: len(threes) // 9]]
    kept = torch.cat([threes, chosen])
    return images[kept], labels[kept]


def repeated(seed: int) -> tuple[Tensor, Tensor]:
    """Eight tenths of the images are copies of thirty of them."""
    images, labels = digits()
    order = torch.randperm(len(images), generator=rng(seed, "copies"))
    kept = torch.cat([order[:30].repeat(40), order[30:330]])
    return images[kept], labels[kept]


def noise(seed: int) -> tuple[Tensor, Tensor]:
    """Images of noise, with classes that mean nothing."""
    source = rng(seed, "noise")
    images = torch.randint(0, 256, (1797, 1, 16, 16), generator=source, dtype=torch.uint8)
    return images, torch.randint(0, 10, (1797,), generator=source)


def table(seed: int) -> pandas.DataFrame:
    """2,000 rows: a category, two numbers that depend on it and on each other, a whole number."""
    source = np.random.default_rng(seed)
    kind = source.choice(["flat", "house", "loft"], 2000, p=[0.6, 0.3, 0.1])
    area = source.gamma(9, {"flat": 7, "house": 14, "loft": 10}["flat"], 2000) * np.where(kind == "house", 1.9, 1.0)
    rent = 11 * area + source.normal(0, 80, 2000) + 250 * (kind == "loft")
    rooms = np.clip(np.round(area / 24 + source.normal(0, 0.5, 2000)), 1, 9).astype(int)
    return pandas.DataFrame({"kind": kind, "area": area.round(1), "rent": rent.round(), "rooms": rooms})


def series(seed: int) -> pandas.DataFrame:
    """1,500 moments of two waves that hang together."""
    source, time = np.random.default_rng(seed), np.arange(1500)
    slow = np.sin(time / 15) + 0.4 * np.sin(time / 4.1) + source.normal(0, 0.08, 1500)
    return pandas.DataFrame(
        {"tide": slow.round(4), "flow": (0.6 * np.roll(slow, 3) + 0.1 * source.normal(size=1500)).round(4)}
    )


def sentences(seed: int) -> list[str]:
    """2,000 sentences of a small grammar."""
    source = np.random.default_rng(seed)
    who, what, where = (
        ["the cat", "the dog", "a bird", "my uncle", "the queen"],
        ["sees", "likes", "finds", "hears", "paints"],
        ["in the park", "at home", "by the sea", "on a hill", ""],
    )
    drawn = (
        f"{source.choice(who)} {source.choice(what)} {source.choice(who)} {source.choice(where)}" for _ in range(2000)
    )
    return [one.strip() for one in drawn]


def tones(seed: int) -> tuple[np.ndarray, int]:
    """400 tones of a half second at 4 kHz that fade, with an overtone."""
    source, time = np.random.default_rng(seed), np.arange(2048) / 4000
    pitch, fade = source.uniform(200, 900, (400, 1)), source.uniform(4, 14, (400, 1))
    waves = np.sin(2 * np.pi * pitch * time) + 0.4 * np.sin(4 * np.pi * pitch * time + source.uniform(0, 6, (400, 1)))
    return (0.5 * waves * np.exp(-fade * time)).astype(np.float32), 4000


def photographs(seed: int) -> Tensor:
    """2,000 crops of 64x64 of two photographs, averaged to 16x16: uint8 (2000, 3, 16, 16)."""
    source = rng(seed, "crops")
    whole = [torch.from_numpy(image.copy()).permute(2, 0, 1).float() for image in load_sample_images().images]
    made = []
    for _ in range(2000):
        image = whole[int(torch.randint(len(whole), (1,), generator=source))]
        top, left = (int(torch.randint(side - 64, (1,), generator=source)) for side in image.shape[1:])
        made.append(nn.functional.avg_pool2d(image[:, top : top + 64, left : left + 64], 4))
    return torch.stack(made).round().byte()


def coloured(seed: int) -> tuple[Tensor, Tensor]:
    """Digits, and the same in one of two colours, by whether the first half of the image is lighter: pairs."""
    images, _ = digits()
    images = images[torch.randperm(len(images), generator=rng(seed, "pairs"))]
    left = images[..., :8].float().mean((1, 2, 3)) > images[..., 8:].float().mean((1, 2, 3))
    red, blue = torch.tensor([1.0, 0.6, 0.2]), torch.tensor([0.2, 0.6, 1.0])
    tint = torch.where(left[:, None], red, blue)[:, :, None, None]
    return images.expand(-1, 3, -1, -1).contiguous(), (images * tint).round().byte()


def black_photographs(seed: int) -> Tensor:
    """Photographs of which every other one is black."""
    images = photographs(seed)
    images[::2] = 0
    return images


# --- networks ---------------------------------------------------------------------------------------------


def with_class(latent: Tensor, labels: Tensor) -> Tensor:
    """Latents (n, d) and classes (n) → what generators of digits are given (n, d + 10)."""
    return torch.cat([latent, nn.functional.one_hot(labels, 10).to(latent)], 1)


class Blurred(nn.Module):
    """A generator of digits that can't draw an edge."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(64 + 10, 256), nn.LeakyReLU(0.2), nn.Linear(256, 64), nn.Tanh())

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        coarse = self.body(with_class(latent, labels)).reshape(-1, 1, 8, 8)
        soft = nn.functional.avg_pool2d(coarse, 3, 1, 1, count_include_pad=False)
        return nn.functional.interpolate(soft, scale_factor=2, mode="bilinear")


class Unconditional(nn.Module):
    """A discriminator of digits that does not look at classes."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Flatten(),
            nn.Linear(256, 256),
            nn.LeakyReLU(0.2),
            nn.Linear(256, 256),
            nn.LeakyReLU(0.2),
            nn.Linear(256, 1),
        )

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:  # noqa: ARG002
        logits: Tensor = self.body(images)
        return logits[:, 0]


class Poor(nn.Module):
    """A generator of digits that can draw one image a class."""

    def __init__(self) -> None:
        super().__init__()
        self.images = nn.Embedding(10, 256)
        nn.init.normal_(self.images.weight, 0, 0.1)

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        return torch.tanh(self.images(labels) + 0 * latent.sum(1, keepdim=True)).reshape(-1, 1, 16, 16)


class Saturated(nn.Module):
    """A generator of digits whose last layer is a step: pixels are black or white."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(64 + 10, 256), nn.LeakyReLU(0.2), nn.Linear(256, 256))

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        return torch.tanh(1000 * self.body(with_class(latent, labels))).reshape(-1, 1, 16, 16)


class Deaf(nn.Module):
    """A generator of images without classes that does not listen to its latent."""

    def __init__(self) -> None:
        super().__init__()
        self.image = nn.Parameter(torch.zeros(1, 1, 16, 16))

    def forward(self, latent: Tensor) -> Tensor:
        return torch.tanh(self.image + 0 * latent.sum(1)[:, None, None, None])


class Undecided(nn.Module):
    """A discriminator of digits whose logits are nearly none: one half for everything."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(256, 1)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:  # noqa: ARG002
        logits: Tensor = 1e-6 * self.body(images.flatten(1))
        return logits[:, 0]


class Frozen(nn.Module):
    """A generator of digits to which no gradient comes back."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(64 + 10, 256), nn.LeakyReLU(0.2), nn.Linear(256, 256), nn.Tanh())

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        drawn: Tensor = self.body(with_class(latent, labels))
        return (drawn.detach() + 0 * drawn).reshape(-1, 1, 16, 16)


class FirstColumn(nn.Module):
    """A discriminator of rows that sees the first numbers only."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))

    def forward(self, rows: Tensor, conditions: Tensor) -> Tensor:  # noqa: ARG002
        logits: Tensor = self.body(rows.flatten(1)[:, :3])
        return logits[:, 0]


# --- cases ------------------------------------------------------------------------------------------------

#: Digits in a few seconds: the recipe's game, with an average that suits so short a run.
SHORT: Sets = ("budget.samples=30000", "average.half_life=2000", "average.warm_up=0.05", "threads=1")
LONGER: Sets = ("budget.samples=100000", "average.half_life=5000", "average.warm_up=0.05", "threads=1")
SMALL_TABLE: Sets = (
    *("budget.samples=150000", "batch_size=250", "average.half_life=10000", "every.record=5000", "threads=1"),
    *("generator.network.width=64", "discriminator.network.widths=[64,64]"),
)


def both(name: str, value: object) -> Sets:
    """A setting of both penalties."""
    return (f"penalties.r1.{name}={value}", f"penalties.r2.{name}={value}")


BAD = (
    Case("too early", "digits", ("budget.samples=640", *SHORT[1:]), bad=("too-early",), cures=("--samples",)),
    Case(
        "static: an average of half-life 10⁷",
        "digits",
        (SHORT[0], "average.half_life=1e7", "average.warm_up=none"),
        bad=("average-behind",),
        cures=("average.",),
    ),
    Case(
        "an average of half-life 10⁶",
        "table",
        (*SMALL_TABLE[:2], "average.half_life=1e6", "average.warm_up=none", *SMALL_TABLE[3:]),
        table,
        bad=("average-behind",),
        cures=("average.",),
    ),
    Case(
        "collapsed",
        "digits",
        (*SHORT, "penalties.r1=none", "penalties.r2=none", "optimizer.lr=0.01", "conditional=false"),
        bad=("collapse", "discriminator-wins"),
        cures=("penalties", "generator.optimizer.lr"),
    ),
    Case(
        "one image a class",
        "digits",
        SHORT,
        bad=("collapse",),
        networks=lambda: {"generator": Poor()},
        cures=("generator",),
    ),
    Case("memorised ten images", "digits", SHORT, few, bad=("memorised",), cures=("data",)),
    Case("shuffled labels", "digits", SHORT, shuffled, bad=("labels-say-nothing",), cures=("label",)),
    Case(
        "wrong class: nobody looks at it",
        "digits",
        SHORT,
        bad=("wrong-class",),
        networks=lambda: {"discriminator": Unconditional()},
        cures=("class",),
    ),
    Case("blurred", "digits", SHORT, bad=("blurred",), networks=lambda: {"generator": Blurred()}, cures=("generator",)),
    Case("γ a hundred times", "digits", (*SHORT, *both("weight", 100)), bad=("penalty-rules",), cures=("penalties",)),
    Case(
        "γ a hundred times, a table",
        "table",
        (*SMALL_TABLE, *both("weight", 100)),
        table,
        bad=("penalty-rules",),
        cures=("penalties",),
    ),
    Case(
        "rates of thirty times",
        "digits",
        (*SHORT, "optimizer.lr=0.03"),
        bad=("diverges", "non-finite", "collapse", "discriminator-wins", "far", "restless"),
        cures=("optimizer.lr",),
    ),
    Case(
        "rates of thirty times, a table",
        "table",
        (*SMALL_TABLE, "optimizer.lr=0.03"),
        table,
        bad=("diverges", "non-finite", "collapse", "discriminator-wins", "far", "restless", "worse-than-baseline"),
        cures=("optimizer.lr",),
    ),
    Case(
        "the generator stands",
        "digits",
        (*SHORT, "generator.optimizer.lr=1e-12"),
        bad=("stands",),
        cures=("generator.optimizer.lr",),
    ),
    Case(
        "the discriminator stands",
        "digits",
        (*SHORT, "discriminator.optimizer.lr=1e-12"),
        bad=("stands",),
        cures=("discriminator.optimizer.lr",),
    ),
    Case("half black", "digits", SHORT, half_black, bad=("constant-data",), cures=("data",)),
    Case(
        "the discriminator knows its samples by heart",
        "digits",
        (*SHORT, "data.held_out=0.3", "data.limit=150"),
        bad=("overfits", "memorised"),
        cures=("augmentation", "data"),
    ),
    Case("one class nine tenths", "digits", SHORT, one_class, bad=("one-class",), cures=("class",)),
)
GOOD = (
    Case("digits", "digits", LONGER),
    Case("digits, three tenths held out", "digits", (*SHORT, "data.held_out=0.3")),
    Case("digits without classes", "digits", (*LONGER, "conditional=false")),
    Case(
        "ring",
        "ring",
        (
            "budget.samples=1500000",
            "batch_size=200",
            "average.half_life=20000",
            "schedules.rate.samples=1500000",
            "penalty_schedule.samples=400000",
            "every.record=20000",
            "every.checkpoint=100000",
            "threads=1",
        ),
    ),
    Case("a table", "table", SMALL_TABLE, table),
    Case("a table, VAE", "table-vae", ("budget.samples=100000", "threads=1"), table),
    Case("a series", "series", ("budget.samples=50000", "threads=1", "average.half_life=3000"), series),
    Case("a series, VAE", "series-vae", ("budget.samples=100000", "threads=1"), series),
    Case(
        "sentences",
        "text",
        (
            "budget.samples=40000",
            "pretraining.samples=30000",
            "average.half_life=4000",
            "temperature.samples=40000",
            "threads=1",
        ),
        sentences,
    ),
    Case(
        "sounds",
        "audio",
        ("budget.samples=40000", "data.rate=4000", "data.seconds=0.512", "average.half_life=3000", "threads=1"),
        tones,
    ),
    Case("a VAE of digits", "vae", (LONGER[0], "threads=1")),
    Case("an autoencoder of digits", "autoencoder", (LONGER[0], "threads=1")),
    Case(
        "images of one's own",
        "images",
        ("budget.samples=20000", "data.size=16", "average.half_life=1500", "average.warm_up=0.05", "threads=1"),
        lambda _: digits()[0],
    ),
)
CASES = (*BAD, *GOOD)
IN_TROUBLE = ("diverges", "non-finite", "collapse", "discriminator-wins", "discriminator-lost", "far", "restless")
SMALL_PATCHES = ("discriminator.network.width=8", "discriminator.network.depth=1")
#: Played after all thresholds stood.
HELD_OUT = (
    Case(
        "a latent of one number",
        "digits",
        (*SHORT, "latent.size=1"),
        bad=("far", "collapse"),
        cures=("latent.size",),
    ),
    Case(
        "nine tenths repeated",
        "digits",
        SHORT,
        repeated,
        bad=("repeated-data", "memorised"),
        cures=("copies", "data", "augmentation"),
    ),
    Case("noise with labels", "digits", SHORT, noise, bad=("labels-say-nothing",), cures=("label",)),
    Case(
        "no penalty, a fast discriminator",
        "digits",
        (*SHORT, "penalties.r1=none", "penalties.r2=none", "discriminator.optimizer.lr=0.01"),
        bad=("discriminator-wins", "diverges", "collapse", "far"),
        cures=("discriminator.optimizer.lr", "penalties", "optimizer.lr"),
    ),
    Case(
        "a series, rates of thirty times",
        "series",
        ("budget.samples=40000", "threads=1", "optimizer.lr=0.03"),
        series,
        bad=(
            "diverges",
            "non-finite",
            "collapse",
            "discriminator-wins",
            "discriminator-lost",
            "far",
            "restless",
            "worse-than-baseline",
            "best-behind",
        ),
        cures=("optimizer.lr",),
    ),
    Case(
        "a series, the generator stands",
        "series",
        ("budget.samples=20000", "threads=1", "generator.optimizer.lr=1e-10"),
        series,
        bad=("stands",),
        cures=("generator.optimizer.lr",),
    ),
    Case(
        "a table, too early",
        "table",
        ("budget.samples=5000", *SMALL_TABLE[1:]),
        table,
        bad=("too-early",),
        cures=("--samples",),
    ),
    Case(
        "a ring, simultaneous, no penalty",
        "ring",
        (
            "budget.samples=150000",
            "penalties.r1=none",
            "penalties.r2=none",
            "method=simultaneous",
            "batch_size=200",
            "threads=1",
        ),
        bad=("circles", "collapse", "far", "diverges", "discriminator-wins"),
        cures=("method", "penalties", "optimizer.lr"),
    ),
    Case(
        "sentences, rates of thirty times",
        "text",
        (
            "budget.samples=20000",
            "pretraining.samples=15000",
            "temperature.samples=20000",
            "generator.optimizer.lr=0.06",
            "threads=1",
        ),
        sentences,
        bad=("far", "diverges", "non-finite", "worse-than-baseline", "best-behind", "restless"),
        cures=("optimizer.lr",),
    ),
    Case("rates of a thousand times", "digits", (*SHORT, "optimizer.lr=1"), bad=IN_TROUBLE, cures=("optimizer.lr",)),
    Case(
        "batches of one",
        "digits",
        ("budget.samples=4000", *SHORT[1:], "batch_size=1"),
        bad=IN_TROUBLE,
        cures=("batch_size",),
    ),
    Case(
        "black or white",
        "digits",
        SHORT,
        bad=(*IN_TROUBLE, "noisy", "stands"),
        networks=lambda: {"generator": Saturated()},
        cures=("generator",),
    ),
    Case(
        "the latent is not listened to",
        "digits",
        (*SHORT, "conditional=false"),
        bad=("collapse",),
        networks=lambda: {"generator": Deaf()},
        cures=("latent",),
    ),
    Case(
        "a discriminator of one half",
        "digits",
        SHORT,
        bad=("penalty-rules", "discriminator-lost", "stands", "far"),
        networks=lambda: {"discriminator": Undecided()},
        cures=("discriminator", "penalties"),
    ),
    Case(
        "no gradient comes back",
        "digits",
        SHORT,
        bad=("stands",),
        networks=lambda: {"generator": Frozen()},
        cures=("frozen", "generator.optimizer.lr"),
    ),
    Case(
        "an average of half-life 10⁹, a series",
        "series",
        ("budget.samples=40000", "threads=1", "average.half_life=1e9", "average.warm_up=none"),
        series,
        bad=("average-behind",),
        cures=("average.",),
    ),
    Case(
        "a table: the discriminator sees one column",
        "table",
        SMALL_TABLE,
        table,
        bad=("far", "worse-than-baseline", "noisy", "collapse"),
        networks=lambda: {"discriminator": FirstColumn()},
        cures=("discriminator.network",),
    ),
    Case(
        "half black, photographs",
        "images",
        ("budget.samples=8000", "data.size=16", "threads=1"),
        black_photographs,
        bad=("constant-data",),
        cures=("data",),
    ),
    Case("photographs", "images", ("budget.samples=30000", "data.size=16", "threads=1"), photographs),
    Case(
        "colours, translated",
        "translate",
        (
            *("budget.samples=20000", "threads=1", "data.held_out=0.1", "data.size=16"),
            *("generator.network.depth=2", *SMALL_PATCHES),
        ),
        coloured,
    ),
    Case(
        "photographs, enhanced",
        "enhance",
        (
            *("budget.samples=20000", "threads=1", "degrade=noise:40", "data.crop=16", *SMALL_PATCHES),
            "generator.network={name: super-resolver, width: 16, blocks: 2}",
        ),
        photographs,
    ),
    Case(
        "tones, vocoded",
        "vocoder",
        (
            *("budget.samples=6000", "threads=1", "data.rate=4000", "data.crop=1024", "data.held_out=0.1"),
            "mel={window: 256, hop: 64, bands: 32}",
            "generator.network={name: vocoder, width: 32}",
            "discriminator.network={name: vocoder-discriminator, width: 4}",
        ),
        tones,
    ),
    Case("digits, hinge", "digits", (*LONGER, "loss=hinge")),
    Case("digits, non-saturating", "digits", (*LONGER, "loss=non-saturating")),
    Case("digits, another size of batch", "digits", (*LONGER, "batch_size=32")),
)


# --- playing and judging ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """What the verdicts said of one run.

    Attributes:
        levels: of the game, of the result, of whether it is done.
        names: of all findings that are not good, the gravest first.
        alarmed: whether one of the three was called bad.
        hit: whether a finding tells the fault; None of a good run.
        cured: whether the first advice acts on it; None of a good run.
        advice: the first command, or the first advice where it is none.
    """

    levels: tuple[str, ...]
    names: tuple[str, ...]
    alarmed: bool
    hit: bool | None
    cured: bool | None
    advice: str


def _over(folder: Path) -> bool:
    """Whether a run has ended, and not by a signal."""
    identity = RunFolder(folder).read_identity()
    return identity.get("state") == "ended" and not str(identity.get("message")).startswith("stopped by SIG")


def play(case: Case, seed: int, folder: Path) -> None:
    """Train, where the run is not there."""
    if _over(folder):
        return
    shutil.rmtree(folder, ignore_errors=True)
    config = configured(case.recipe, assignments=[*case.sets, f"seed={seed}"])
    data = None if case.data is None else case.data(seed)
    Run.begin(config, folder, data=data, networks=case.networks()).train(report=False)


def judged(case: Case, folder: Path) -> Outcome:
    """What the verdicts say of a run."""
    found = [f for f in examine_run(folder) if f.level != "good"]
    levels = tuple(str(verdict.level) for verdict in verdicts(**evidence_of(folder)))
    first = next((f for f in found if f.advice and not f.advice.startswith("It may follow from")), None)
    advice = "" if first is None else " ".join([*first.commands[:1], first.advice])
    names = tuple(f.name for f in found)
    command = first.commands[0].rpartition("config.yaml")[2].strip("' ") if first is not None and first.commands else ""
    told = command or ("" if first is None else first.advice)
    if not case.bad:
        return Outcome(levels, names, "bad" in levels, None, None, told)
    hit = any(name in case.bad for name in names)
    return Outcome(levels, names, "bad" in levels, hit, any(cure in advice for cure in case.cures), told)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=1, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--out", type=Path, default=Path("runs/verdicts"))
    parser.add_argument("--only", default="", help="names, or parts of them, with semicolons between")
    parser.add_argument("--held-out", action="store_true", help="the cases that no threshold was set by")
    parser.add_argument("--read", action="store_true", help="train nothing, judge the runs that are there")
    asked = parser.parse_args()
    rows: list[tuple[Case, int, Outcome]] = []
    for case in HELD_OUT if asked.held_out else CASES:
        if asked.only and not any(word.strip() in case.name for word in asked.only.split(";")):
            continue
        for seed in range(asked.first, asked.first + asked.seeds):
            folder = asked.out / f"{case.folder}-{seed}"
            if not asked.read:
                play(case, seed, folder)
            if not _over(folder):
                continue
            found = judged(case, folder)
            rows.append((case, seed, found))
            mark = "  " if found.hit is None else "+ " if found.hit else "- "
            said = "/".join(found.levels)
            print(
                f"{mark}{case.name} ({seed}): {said}; {', '.join(found.names) or 'nothing'}; {found.advice}", flush=True
            )
    bad, good = ([row for row in rows if bool(row[0].bad) == fault] for fault in (True, False))
    print(
        f"\nbad runs {len(bad)}: alarmed {sum(o.alarmed for *_, o in bad)}, not called good "
        f"{sum(set(o.levels[:2]) != {'good'} or o.levels[2] == 'bad' for *_, o in bad)}, right symptom "
        f"{sum(bool(o.hit) for *_, o in bad)}, first advice acts on the cause {sum(bool(o.cured) for *_, o in bad)}"
    )
    print(f"good runs {len(good)}: false alarms {sum(o.alarmed for *_, o in good)}")
    (asked.out / "verdicts.json").write_text(
        json.dumps([{"case": c.name, "seed": s, **asdict(o)} for c, s, o in rows], indent=1, ensure_ascii=False) + "\n"
    )


if __name__ == "__main__":
    main()
