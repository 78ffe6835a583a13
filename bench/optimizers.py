"""Which optimizer makes the best digits for the same processor time.

    python bench/optimizers.py --recipes digits --seconds 10
    python bench/optimizers.py --recipes mnist --data FOLDER --rates-of digits

Each optimizer plays the recipe as it is but for the optimizer of both players, at three rates a factor of three or so
apart, and at further ones while the best is an end of them, with seed 100; the best is played with seeds 0, 1, 2, which
are printed: mean and standard deviation of the recipe's score, a Fréchet distance (lower is better). With --rates-of
the rate is the one that was best there. Adam's kin have the recipe's betas. `Muon` moves matrices, AdamW (the recipe's
rate and betas) all else; `SOAP` is that of the extra saddlepoint[optimizers].

Each trains for as many samples as fit into --seconds of processor time, by the median ratio of its steps to steps of
the recipe's own optimizer that are timed in turn with them, with schedules in proportion. FOLDER holds MNIST's IDX
files. Finished runs are kept in --out; the same command goes on.
"""

import argparse
import json
import math
import statistics
from functools import cache
from pathlib import Path
from typing import Any

import torch

from iterations import samples_in, timed, trained
from saddlepoint.configuration import assign
from saddlepoint.tasks import Config, recipe_named, task_of

#: Settings but for the rate, and three rates.
OPTIMIZERS: dict[str, tuple[dict[str, object], tuple[float, float, float]]] = {
    "Adam": ({"betas": [0.0, 0.99]}, (3e-4, 1e-3, 3e-3)),
    "AdamW": ({"betas": [0.0, 0.99]}, (3e-4, 1e-3, 3e-3)),
    "NAdam": ({"betas": [0.0, 0.99]}, (3e-4, 1e-3, 3e-3)),
    "RMSprop": ({}, (3e-4, 1e-3, 3e-3)),
    "SGD": ({}, (0.03, 0.1, 0.3)),
    "SGD, momentum .9": ({"momentum": 0.9}, (0.003, 0.01, 0.03)),
    "Adafactor": ({}, (3e-3, 1e-2, 3e-2)),
    "Muon": ({"others": {"name": "AdamW", "lr": 1e-3, "betas": [0.0, 0.99]}}, (3e-3, 1e-2, 3e-2)),
    "SOAP": ({"name": "pytorch_optimizer:SOAP"}, (3e-4, 1e-3, 3e-3)),
}
SCORES = {"digits": "pixel_frechet", "mnist": "frechet_digits"}


@cache
def read(recipe: str, data: str | None, seed: int) -> tuple[Config, Any]:
    config = recipe_named(recipe)
    if recipe == "mnist":
        if data is None:
            raise SystemExit("mnist needs --data FOLDER")
        config = config.with_data(data)
    config = assign(config, ["threads=1", f"seed={seed}"])
    return config, task_of(config).read(config)


def moved_by(config: Config, name: str, lr: float) -> Config:
    spec = {"name": name.partition(",")[0], "lr": lr, **OPTIMIZERS[name][0]}
    return assign(config, [f"optimizer={json.dumps(spec)}"])


@cache
def pace(recipe: str, data: str | None, name: str) -> tuple[float, float, float]:
    config, images = read(recipe, data, 0)
    # SOAP renews its bases every tenth step.
    return timed(moved_by(config, name, OPTIMIZERS[name][1][1]), config, images, steps=20)


def play(recipe: str, name: str, lr: float, seed: int, given: argparse.Namespace) -> dict[str, float]:
    """Train a game for a time, or read what an earlier call found."""
    kept = given.out / f"{recipe}-{name.replace(', ', '-')}-{lr:g}-{given.seconds:g}-{seed}.json"
    if kept.exists():
        facts: dict[str, float] = json.loads(kept.read_text())
        return facts
    config, images = read(recipe, given.data, seed)
    _, relative, measured = pace(recipe, given.data, name)
    samples = samples_in(given.seconds, relative, measured, given.out / f"{recipe}-pace.json", config.batch_size)
    return trained(moved_by(config, name, lr), images, samples, kept)


def search(recipe: str, name: str, given: argparse.Namespace) -> dict[float, float]:
    """Scores by rate: of the three, and of those beyond while an end is the best, five at most."""

    def tried(lr: float) -> float:
        return play(recipe, name, lr, 100, given).get(SCORES[recipe], math.inf)

    scores = {lr: tried(lr) for lr in OPTIMIZERS[name][1]}
    while len(scores) < 5:
        rates = sorted(scores)
        best = min(scores, key=scores.__getitem__)
        if best not in (rates[0], rates[-1]):
            break
        # The ends are √10 or so apart from what is between: the next one is ten times that.
        lr = float(f"{rates[-2] * 10:.3g}" if best == rates[-1] else f"{rates[1] / 10:.3g}")
        scores[lr] = tried(lr)
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipes", default="digits", help=f"of {','.join(SCORES)}")
    parser.add_argument("--optimizers", default=";".join(OPTIMIZERS), help="by semicolons")
    parser.add_argument(
        "--rates-of", choices=SCORES, help="the recipe on which rates are searched; without it each its own"
    )
    parser.add_argument("--data", help="the folder of MNIST")
    parser.add_argument("--seconds", type=float, default=10.0, help="of processor time a run")
    parser.add_argument("--out", type=Path, default=Path("runs/optimizers"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    print("| recipe | optimizer | rate | samples | score at each rate, seed 100 | score, seeds 0 to 2 |")
    print("|---|---|---|---|---|---|")
    for recipe in given.recipes.split(","):
        for name in given.optimizers.split(";"):
            tried = search(given.rates_of or recipe, name, given)
            best = min(tried, key=tried.__getitem__)
            found = [play(recipe, name, best, seed, given) for seed in range(3)]
            scores = [each.get(SCORES[recipe], math.inf) for each in found]
            spread = statistics.stdev(scores) if all(map(math.isfinite, scores)) else math.inf
            searched = ", ".join(f"{tried[rate]:.3g} at {rate:g}" for rate in sorted(tried))
            mean = f"{statistics.fmean(scores):.3g} ± {spread:.2g}"
            print(f"| {recipe} | {name} | {best:g} | {found[0]['samples']:,.0f} | {searched} | {mean} |", flush=True)


if __name__ == "__main__":
    main()
