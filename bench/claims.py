"""Measures cheap figures of README, docs and LOG again, over several seeds, and says which moved.

    python bench/claims.py
    python bench/claims.py floor "lookahead over extragradient"

A claim has moved where it lies further from the mean of the seeds than two of their standard deviations and half of its
last digit. Figures of minutes and hours are not here: the commands beside them are.
"""

import argparse
import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import torch
from numpy.typing import NDArray

from digits_recipe import digits, pixels
from iterations import GAMES, factor, trained
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


def best(method: str, game: str, h: float) -> Callable[[int], float]:
    """A cell of the table of iterations."""
    return lambda _seed: factor(method, GAMES[game], h, 400)


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
    "extragradient, x·y": Claim("docs/iterations.md", "0.9647", best("extragradient", "x·y", 0.7)),
    "optimistic, x·y": Claim("docs/iterations.md", "0.8438", best("optimistic", "x·y", 0.5)),
    "lookahead, x·y": Claim("docs/iterations.md", "0.7373", best("lookahead", "x·y", 0.6)),
    "alternating, Dirac": Claim("docs/iterations.md", "0.8828", best("alternating", "Dirac, R1 .3", 1.3)),
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
