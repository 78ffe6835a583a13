"""What verdicts say of runs that were made bad on purpose, and of good ones: hits and false alarms.

    python bench/verdicts.py --seeds 3 --out runs/verdicts
    python bench/verdicts.py --only "γ a hundred times,half black" --seeds 1 --out runs/verdicts
    python bench/verdicts.py --held-out --seeds 2 --out runs/verdicts

Every case is a short run of a small recipe on data that are made here or that come with the installation, or that
`$SADDLE_TEST_DATA` holds. A bad run is hit where the game, the result or what is left to do is called bad or worth
watching by one of the names that the case allows; its advice acts on the cause where the first command changes one of
the settings that the case was spoilt by, or the data are named. A good run is a false alarm where any of the three is
called bad. `--held-out` plays the cases that no threshold was set by. The same command goes on.
"""

import argparse
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

from saddlepoint.configuration import assign
from saddlepoint.core import rng
from saddlepoint.report import Finding, examine_run
from saddlepoint.runs.run import Run
from saddlepoint.storage import RunFolder
from saddlepoint.tasks import Config, recipe_named

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
        held_out: whether no threshold was set by it.
    """

    name: str
    recipe: str
    sets: Sets = ()
    data: Data | None = None
    bad: tuple[str, ...] = ()
    cures: tuple[str, ...] = ()
    networks: Callable[[], dict[str, nn.Module]] = field(default=dict)
    held_out: bool = False


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


# --- networks ---------------------------------------------------------------------------------------------


class Blurred(nn.Module):
    """A generator of digits that can't draw an edge."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(64 + 10, 256), nn.LeakyReLU(0.2), nn.Linear(256, 64), nn.Tanh())

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        given = torch.cat([latent, nn.functional.one_hot(labels, 10).to(latent)], 1)
        coarse = self.body(given).reshape(-1, 1, 8, 8)
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
        "ring",
        (
            "budget.samples=200000",
            "penalties.r1=none",
            "penalties.r2=none",
            "generator.optimizer.lr=0.02",
            "batch_size=200",
        ),
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
    Case("one class nine tenths", "digits", SHORT, one_class, bad=("one-class",), cures=("class",)),
)
GOOD = (
    Case("digits", "digits", LONGER),
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
    Case("a series", "series", ("budget.samples=150000", "threads=1", "average.half_life=8000"), series),
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


# --- playing and judging ----------------------------------------------------------------------------------


def play(case: Case, seed: int, folder: Path) -> list[Finding]:
    """Train, or take the run that is there, and examine it."""
    if RunFolder(folder).read_identity().get("state") != "ended":
        shutil.rmtree(folder, ignore_errors=True)
        config: Config = assign(recipe_named(case.recipe), [*case.sets, f"seed={seed}"])
        data = None if case.data is None else case.data(seed)
        Run.begin(config, folder, data=data, networks=case.networks()).train(report=False)
    return examine_run(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("runs/verdicts"))
    parser.add_argument("--only", default="")
    parser.add_argument("--held-out", action="store_true")
    asked = parser.parse_args()
    for case in CASES:
        if asked.only and not any(word in case.name for word in asked.only.split(",")):
            continue
        for seed in range(asked.seeds):
            name = case.name.replace(" ", "-").replace(",", "").replace(":", "")
            found = play(case, seed, asked.out / f"{name}-{seed}")
            print(case.name, seed, json.dumps([(f.level, f.title) for f in found], ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
