"""Measures cheap figures of README, docs and LOG again, over several seeds, and says which moved.

    python bench/claims.py
    python bench/claims.py floor "lookahead over extragradient, x·y"

All factors and shares of the first table of docs/iterations.md are among them, at the step sizes that stand there. A
claim has moved where it lies further from the mean of the seeds than two of their standard deviations and half of its
last digit. Figures of minutes and hours are not here: the commands beside them are.
"""

import argparse
import math
import re
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from digits_recipe import digits, pixels
from iterations import GAMES, NOISY, factor, remaining, trained
from saddlepoint.configuration import assign
from saddlepoint.games import solve, stochastic_bilinear
from saddlepoint.methods import SVRE, Extragradient, Lookahead
from saddlepoint.metrics import frechet_at_infinity, frechet_distance
from saddlepoint.tasks import recipe_named, task_of


@dataclass(frozen=True)
class Claim:
    """A figure.

    Attributes:
        where: it stands.
        claimed: as it is written.
        measure: of a seed.
        seeds: 1 where nothing is random.
    """

    where: str
    claimed: str
    measure: Callable[[int], float]
    seeds: int = 1


def cells() -> dict[str, Claim]:
    """The first table of docs/iterations.md: a factor, or a share of the first distance in noise, at a step size."""
    found = {}
    text = (Path(__file__).parent.parent / "docs" / "iterations.md").read_text(encoding="utf-8")
    columns = [*GAMES, *NOISY]
    for line in text.splitlines():
        row = [cell.strip() for cell in line.strip("|").split("|")]
        if len(row) != len(columns) + 3:
            continue
        for column, cell in zip(columns, row[3:], strict=True):
            if match := re.fullmatch(r"([\d.]+)(?: ± [\d.]+)? at ([\d.]+)", cell):
                found[f"{row[0]}, {column}"] = _cell(row[0], column, match[1], float(match[2]))
    return found


def _cell(method: str, column: str, claimed: str, h: float) -> Claim:
    if column in GAMES:
        return Claim("docs/iterations.md", claimed, lambda _seed: factor(method, GAMES[column], h, 400))
    return Claim("docs/iterations.md", claimed, lambda seed: remaining(method, NOISY[column], h, 800, seed), 3)


def left(method: Callable[[], Extragradient | Lookahead | SVRE], steps: int) -> Callable[[int], float]:
    """The distance on the stochastic bilinear game at h = .04 after 12,000 evaluations."""

    def measure(seed: int) -> float:
        game = stochastic_bilinear()
        played = game.play(lambda _, parameters: torch.optim.SGD(parameters, lr=0.04))
        return solve(game, played, method(), steps, seed).distance[-1]

    return measure


def halves(_seed: int) -> float:
    real = pixels(digits(16)[0])
    return frechet_distance(real[: len(real) // 2], real[len(real) // 2 :])


def normal_samples(seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    source = np.random.default_rng(seed)
    return source.normal(size=(100_000, 8)), source.normal(size=(4000, 8))


def equal_modes(seed: int) -> float:
    """KL from equal modes of 25,600 draws of 1,000."""
    counts = np.random.default_rng(seed).multinomial(25_600, np.full(1000, 1e-3))
    shares = counts[counts > 0] / counts.sum()
    return float((shares * np.log(1000 * shares)).sum())


def short(recipe: str, samples: int, number: str, *settings: str) -> Callable[[int], float]:
    """What a run of a recipe that is this short scores, schedules in proportion."""

    def measure(seed: int) -> float:
        config = assign(recipe_named(recipe), ["threads=1", f"seed={seed}", *settings])
        return trained(config, task_of(config).read(config), samples)[number]

    return measure


CLAIMS: dict[str, Claim] = {
    **cells(),
    "lookahead over extragradient": Claim("LOG.md", "3.29", left(lambda: Lookahead(Extragradient()), 3000), 3),
    "extragradient, noisy": Claim("LOG.md", "3.85", left(Extragradient, 3000), 3),
    "digits, 52,544 samples": Claim("LOG.md, optimizers", "0.118", short("digits", 52_544, "pixel_frechet"), 3),
    "ring, 65,400 samples": Claim(
        "docs/iterations.md", "0.290", short("ring", 65_400, "high_quality", "batch_size=200", "method=alternating"), 3
    ),
    "grid, 400,000 samples": Claim("LOG.md", "0.100", short("grid", 400_000, "high_quality"), 3),
    "floor": Claim("LOG.md, digits at 16x16", "0.033", halves),
    "at n": Claim("LOG.md, frechet", "0.0062", lambda seed: frechet_distance(*normal_samples(seed)), 10),
    "at infinity": Claim("LOG.md", "-0.0015", lambda seed: frechet_at_infinity(*normal_samples(seed)).at_infinity, 10),
    "equal modes": Claim("LOG.md, Stacked MNIST", "0.020", equal_modes, 5),
    "within three deviations": Claim("LOG.md, grid", "0.989", lambda _seed: 1 - math.exp(-4.5)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help=f"of {list(CLAIMS)}; all without")
    given = parser.parse_args()
    if unknown := set(given.names) - set(CLAIMS):
        parser.error(f"nothing is claimed of {unknown.pop()!r}: take some of {list(CLAIMS)}")
    torch.set_num_threads(1)
    print("| figure | where | claimed | measured | seeds | moved |\n|---|---|---|---|---|---|")
    for name in given.names or CLAIMS:
        claim = CLAIMS[name]
        found = [claim.measure(seed) for seed in range(claim.seeds)]
        mean, spread = statistics.fmean(found), statistics.stdev(found) if len(found) > 1 else 0.0
        exponent = Decimal(claim.claimed).as_tuple().exponent
        assert isinstance(exponent, int)
        moved = abs(mean - float(claim.claimed)) > 2 * spread + 0.51 * 10.0**exponent
        measured = f"{mean:.4g} ± {spread:.2g}" if len(found) > 1 else f"{mean:.4g}"
        row = (name, claim.where, claim.claimed, measured, str(claim.seeds), "moved" if moved else "")
        print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
