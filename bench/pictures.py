"""Images made of images, one change at a time: the recipes against regression alone at equal cost, and no network.

    python bench/pictures.py --data FOLDER --minutes 4 --out runs/pictures
    python bench/pictures.py --data FOLDER --minutes 4 --seeds 3 --only "emojis;holes.recipe" --out runs/pictures

FOLDER holds `emoji_pairs` (train/ and val/ with google/ and twitter/), `cifar10_6k` (train/ and test/, images in
folders) and `fashion_mnist` (its IDX files), of which the chosen cases need theirs:

    emojis    pairs of emojis, 64x64
    unpaired  the same without pairs: a cycle, and a contrastive translator
    x4        CIFAR-10 shrunk four times
    holes     Fashion-MNIST, a quarter of each image hidden by boxes
    noise     Fashion-MNIST, noise of deviation 50
    colours   CIFAR-10 without its colours

Every run is the recipe with one change. It gets the same seconds of the processor, on one thread, so that a busy
machine says the same: a few steps of each stage are timed, and the run is as many samples long as fit. What is
measured on the held-out images is appended to `rows.jsonl` in --out as each run ends; the same command goes on with
what is missing. Prints a table a case: L1 in [0, 1], PSNR in dB, SSIM, the Fréchet distance (of 8x8 patches; of
Fashion-MNIST in the features of our clothes classifier), and the sharpness of edges over that of the targets.
"""

import argparse
import json
import shutil
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from saddlepoint.configuration import assign
from saddlepoint.core import Batches
from saddlepoint.runs import Run
from saddlepoint.runs.assembly import assemble
from saddlepoint.tasks import Config, recipe_named, task_of
from saddlepoint.tasks.translation.settings import ImageToImageConfig
from saddlepoint.training import Budget

#: Steps of each stage that are timed; held-out images that are looked at, at most.
TIMED, JUDGED = 12, 1000
MEASURES = ("l1", "psnr", "ssim", "frechet", "sharpness")
#: Rows of an evaluation that no training changes.
FIXED = ("input unchanged", "bicubic", "smooth filling", "mapped colours")


@dataclass(frozen=True)
class Case:
    """A set, a recipe for it, and what is changed, one at a time.

    Attributes:
        recipe: its name.
        data: below the folder of sets, or the name of a known set whose files are there.
        sets: settings of all its runs.
        changes: settings by name; "recipe" is none.
        features: of the Fréchet distance.
    """

    recipe: str
    data: str
    sets: Sequence[str] = ()
    changes: dict[str, list[str]] = field(default_factory=dict)
    features: str = "patches"


ALONE = {"regression": ["regression=none"]}
EMOJIS = ["data.a=google", "data.b=twitter"]
FASHION = "fashion_mnist"


UNET = "name: unet-translator, width: 16, depth: 3, normalisation: none"


def gentle(weight: float) -> list[str]:
    """Penalties of a weight."""
    return [f"penalties.r1.weight={weight}", f"penalties.r2.weight={weight}"]


CASES = {
    "emojis": Case(
        "translate",
        "emoji_pairs",
        EMOJIS,
        {
            "recipe": [],
            **ALONE,
            "ssim 5": ["content.ssim.weight=5"],
            "penalties 1e-5": gentle(1e-5),
            "first stage": ["regression=50000"],
            "crop 48": ["data.crop=48"],
            "rate falls": ["schedules.rate={start: 1.0, end: 0.1, samples: 100000}"],
            "width 32": ["generator.network.width=32"],
            "no base": ["base=none"],
            "mapped colours": ["base=colours"],
            "no jitter": ["data.jitter=0"],
            "instance norm": ["generator.network.normalisation=instance"],
        },
    ),
    "unpaired": Case(
        "translate",
        "emoji_pairs",
        EMOJIS,
        {
            "cycle": ["unpaired=cycle"],
            "contrastive": ["unpaired=contrastive"],
            "free cycle": ["unpaired=cycle", "cycle.weight=2", "cycle.identity=0"],
        },
    ),
    "x4": Case(
        "enhance",
        "cifar10_6k",
        ["degrade=downscale:4"],
        {"recipe": [], **ALONE, "penalties 1e-4": gentle(1e-4), "penalties 1e-5": gentle(1e-5)},
    ),
    "holes": Case(
        "inpaint",
        FASHION,
        ["degrade=mask:boxes"],
        {
            "recipe": [],
            **ALONE,
            "penalties 1e-5": gentle(1e-5),
            "reconstruction 2": ["content.reconstruction.weight=2"],
        },
        "fashion",
    ),
    "noise": Case(
        "enhance",
        FASHION,
        ["degrade=noise:50"],
        {
            "recipe": [],
            **ALONE,
            "U-Net": ["regression=none", f"generator.network={{{UNET}}}", "generator.optimizer.lr=3e-3"],
            "U-Net, as in its paper": [
                "regression=none",
                f"generator.network={{{UNET}, full_size: false}}",
                "generator.optimizer.lr=3e-3",
            ],
        },
        "fashion",
    ),
    "colours": Case(
        "enhance",
        "cifar10_6k",
        # Smaller networks, so that the second stage is more than its beginning.
        [
            "degrade=grey",
            "generator.network.width=16",
            "generator.network.blocks=2",
            "discriminator.network.width=16",
        ],
        {
            "recipe": [],
            **ALONE,
            "penalties 1e-4": gentle(1e-4),
            "penalties 1e-5": gentle(1e-5),
            "sees grey": ["conditioned=true"],
            "sees grey, penalties 1e-4": ["conditioned=true", *gentle(1e-4)],
        },
    ),
}


def begun(case: Case, change: str, root: Path, seed: int) -> ImageToImageConfig:
    """The recipe with one change, without a budget of its own yet."""
    recipe = recipe_named(case.recipe)
    config = recipe.with_data(str(root / case.data))
    common = ["threads=1", "device=cpu", f"seed={seed}"]
    made = assign(config, [*common, *case.sets, *case.changes[change]])
    assert isinstance(made, ImageToImageConfig)
    return made


def seconds(config: ImageToImageConfig, data: Any, stage: str) -> float:
    """Of the processor a sample, while the generator is alone (`none`) or not (`0`)."""
    assembly = assemble(assign(config, [f"regression={stage}"]), data)
    batches = Batches(assembly.setup.batches)
    for _ in range(2):
        assembly.method.step(assembly.game, batches)
    start = time.process_time()
    for _ in range(TIMED):
        assembly.method.step(assembly.game, batches)
    return (time.process_time() - start) / (TIMED * config.batch_size)


def fitted(config: ImageToImageConfig, data: Any, minutes: float) -> Config:
    """As many samples as fit; stages, schedules and the average keep their shares of the run."""
    alone = 1.0 if config.pretraining.samples is None else config.pretraining.samples / (config.budget.samples or 1)
    each = 0.0
    if alone > 0:
        each += alone * seconds(config, data, "none")
    if alone < 1:
        each += (1 - alone) * seconds(config, data, "0")
    samples = max(config.batch_size, int(60 * minutes / each))
    planned = config.on_budget(Budget(samples=samples)).planned(samples)
    return assign(planned, [f"every.checkpoint={samples}", f"every.snapshot={samples}"])


def played(case: Case, change: str, given: argparse.Namespace, seed: int, place: Path) -> Iterator[dict[str, Any]]:
    """The rows of one run: what it made, and what no network makes."""
    config = begun(case, change, given.data, seed)
    data = task_of(config).read(config)
    shutil.rmtree(place, ignore_errors=True)  # what was stopped is done again, as its seconds are not known
    run = Run.begin(fitted(config, data, given.minutes), place)
    run.with_data(data)
    start = time.process_time()
    run.train(report=False)
    spent = time.process_time() - start
    if run.result is None or run.result.signal is not None or run.result.exit_code:
        raise SystemExit(f"{place}: {run.message}; the same command goes on")
    found = run.evaluate(features=case.features, samples=JUDGED, weights=["average"])
    samples = run.storage.read_identity()["samples"]
    for weights, numbers in found.by_weights().items():
        values = {name: numbers[name].value for name in MEASURES if name in numbers}
        fixed = weights in FIXED
        yield {
            "change": weights if fixed else change,
            "weights": "" if fixed else weights,
            "seed": seed,
            "minutes": given.minutes,
            "samples": 0 if fixed else samples,
            "seconds": 0.0 if fixed else round(spent, 1),
            **values,
        }


def told(name: str, rows: Sequence[dict[str, Any]]) -> None:
    """A table: means over seeds."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["change"], row["weights"]), []).append(row)
    print(f"\n{name:34}{'seeds':>6}{'samples':>10}{'CPU s':>7}" + "".join(f"{m:>11}" for m in MEASURES))
    for (change, weights), runs in groups.items():
        runs = list({row["seed"]: row for row in runs}.values())
        means = (statistics.mean(row.get(m, float("nan")) for row in runs) for m in MEASURES)
        took = [statistics.mean(row[k] for row in runs) for k in ("samples", "seconds")]
        label = change if weights in ("", "average") else f"{change}, {weights}"
        print(f"{label:34}{len(runs):6}{took[0]:10,.0f}{took[1]:7.0f}" + "".join(f"{x:11.4f}" for x in means))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of the sets")
    parser.add_argument("--minutes", type=float, default=4.0, help="of the processor a run")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument(
        "--only", default="", help="cases, or runs as CASE.CHANGE, between semicolons; all where not given"
    )
    parser.add_argument("--out", type=Path, default=Path("runs/pictures"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    given.out.mkdir(parents=True, exist_ok=True)
    chosen = [
        (name, change, seed)
        for seed in range(given.seeds)
        for name, case in CASES.items()
        for change in case.changes
        if not given.only or {name, f"{name}.{change}"} & set(given.only.split(";"))
    ]
    kept = given.out / "rows.jsonl"
    rows = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    for name, change, seed in chosen:
        known = {"case": name, "change": change, "seed": seed, "minutes": given.minutes}
        if any(known.items() <= row.items() for row in rows):
            continue
        new = [
            {"case": name, **row}
            for row in played(CASES[name], change, given, seed, given.out / f"{name}-{change}-{seed}".replace(" ", "-"))
        ]
        with kept.open("a") as file:
            file.writelines(json.dumps(row) + "\n" for row in new)
        rows += new
        told(f"{name}, {change}, seed {seed}", new)
    for name in CASES:
        if some := [row for row in rows if row["case"] == name and row["minutes"] == given.minutes]:
            told(f"{name}, {given.minutes:g} CPU minutes", some)


if __name__ == "__main__":
    main()
