"""Every method on the analytic games at its best step size, and some on GANs, at equal cost: prints Markdown tables.

    python bench/iterations.py
    python bench/iterations.py --gans ring,digits --seconds 10 --seeds 3

The first table is of games whose solution is known. For each method and game the step size is chosen from one and the
same list of 14. Cost is counted in evaluations of one player's gradient; a product with the game's Jacobian, of both
players, counts as four of them, which is what it takes on the ring (two fields; on digits one and a half).

  columns 2, 3    evaluations and products of a step, and processor time of a step on `digits` over that of alternation
  columns 4 to 7  the factor an evaluation, ρ^(1/cost of a step), over the last half of 400 evaluations
  columns 8, 9    noisy games, 800 evaluations: mean distance to the solution over the last quarter, as a share of
                  the first distance, of seeds 0, 1, 2; step sizes are every other of the list, chosen by seed 100

Smaller is better; 1 goes nowhere.

The second is of recipes, each method at the recipe's own rates for the same processor time: each trains for as many
samples as fit into --seconds, by the median ratio of its steps to steps of alternation that are timed in turn with
them, with all schedules in proportion. Finished runs are kept in --out; the same command goes on.
"""

import argparse
import json
import math
import statistics
import time
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from saddlepoint.components.registries import METHOD_REGISTRY
from saddlepoint.configuration import assign
from saddlepoint.core import Batch, Method, Outcome, rng
from saddlepoint.games import AnalyticGame, bilinear, dirac, quadratic, solve, stochastic_bilinear
from saddlepoint.measures import values
from saddlepoint.methods import METHODS
from saddlepoint.runs.assembly import Assembly, assemble
from saddlepoint.tasks import Config, recipe_named, task_of
from saddlepoint.training import OptimizerSchedule

STEPS = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0, 1.3)
#: Evaluations of a player's gradient that a product with the Jacobian counts as.
PRODUCT = 4


def noisy_quadratic() -> AnalyticGame:
    """μ/2 x² + xy − μ/2 y² + bx + cy with μ = .1, b and c standard normal and new in every batch."""

    def losses(x: Tensor, y: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        value = 0.05 * x @ x + x @ y - 0.05 * y @ y + noise[0] * x.sum() + noise[1] * y.sum()
        return value, -value

    def draw(seed: int, position: int) -> Batch:
        return Batch(torch.randn(2, generator=rng(seed, position, "noise"), dtype=torch.float64), 1)

    return AnalyticGame("noisy-quadratic", (1, 1), losses, torch.zeros(2, dtype=torch.float64), draw)


GAMES: dict[str, AnalyticGame] = {
    "x·y": bilinear(),
    "A = diag(1, 3)": bilinear(matrix=[[1.0, 0.0], [0.0, 3.0]]),
    "μ = .1, σ = 1": quadratic(mu=0.1, sigma=1.0),
    "Dirac, R1 .3": dirac(r1=0.3),
}
NOISY: dict[str, AnalyticGame] = {
    "μ = .1, σ = 1, noise": noisy_quadratic(),
    "x·y in parts": stochastic_bilinear(size=20, batch_size=4, noise=0.1),
}
#: Rows beside the methods as they are, as settings name them.
SPECIAL: dict[str, dict[str, object]] = {
    "consensus (γ = 1)": {"name": "consensus", "gamma": 1.0},
    "lookahead over simultaneous": {"name": "lookahead", "base": "simultaneous"},
    "lookahead over extragradient": {"name": "lookahead", "base": "extragradient"},
    "heavy-ball (β = −.3)": {"name": "heavy-ball", "beta": -0.3},
}
#: The recipe's own settings but for these, and the number that judges.
GANS = {"ring": (["batch_size=200"], "high_quality"), "digits": ([], "pixel_frechet")}


def fresh(name: str) -> Method:
    """The method of a row, without memory."""
    return METHOD_REGISTRY.build(SPECIAL.get(name, {"name": name}))


# --- games whose solution is known ---------------------------------------------------------------------------


@cache
def cost(name: str, game: AnalyticGame) -> tuple[float, float]:
    """Evaluations and products a step, mean of the first 20; not a number where the method refuses the game."""
    played = game.play(lambda _, parameters: torch.optim.SGD(parameters, lr=STEPS[0]))
    try:
        found = solve(game, played, fresh(name), 20)
    except ValueError:
        return math.nan, math.nan
    return found.evaluations / found.iterations, played.products / found.iterations


def factor(name: str, game: AnalyticGame, h: float, evaluations: int) -> float:
    """The factor an evaluation; infinity where the run overflows."""
    gradients, products = cost(name, game)
    if math.isnan(gradients):
        return math.nan
    played = game.play(lambda _, parameters: torch.optim.SGD(parameters, lr=h))
    steps = max(8, round(evaluations / (gradients + PRODUCT * products)))
    found = solve(game, played, fresh(name), steps)
    if found.distance[-1] == 0.0:
        return 0.0
    if found.outcome is Outcome.DIVERGED:
        return math.inf
    if found.outcome is Outcome.CYCLING:
        return 1.0
    spent = found.evaluations + PRODUCT * played.products
    return float(max(found.rate, 0.0) ** (found.iterations / spent))


def cell(name: str, game: AnalyticGame, evaluations: int) -> str:
    """The best factor and its step size."""
    tried = [(factor(name, game, h, evaluations), h) for h in STEPS]
    finite = [pair for pair in tried if math.isfinite(pair[0])]
    if all(math.isnan(f) for f, _ in tried):
        return "refused"
    if not finite:
        return "diverges"
    best, h = min(finite)
    return "exact" if best < 0.05 else ("does not shrink" if best >= 0.9995 else f"{best:.4f} at {h:g}")


def remaining(name: str, game: AnalyticGame, h: float, evaluations: int, seed: int) -> float:
    """The mean distance over the last quarter of the steps, as a share of the first; infinity where it diverges."""
    gradients, products = cost(name, game)
    if math.isnan(gradients):
        return math.nan
    played = game.play(lambda _, parameters: torch.optim.SGD(parameters, lr=h))
    steps = max(8, round(evaluations / (gradients + PRODUCT * products)))
    distance = solve(game, played, fresh(name), steps, seed).distance
    if len(distance) <= steps:
        return math.inf
    return statistics.fmean(distance[-(steps // 4) :]) / distance[0]


def noisy_cell(name: str, game: AnalyticGame, evaluations: int) -> str:
    """What remains at the step size that was best for another seed, mean and deviation of three."""
    tried = [(remaining(name, game, h, evaluations, seed=100), h) for h in STEPS[1::2]]
    finite = [pair for pair in tried if pair[0] < 1]
    if all(math.isnan(f) for f, _ in tried):
        return "refused"
    if not finite:
        return "not nearer"
    _, h = min(finite)
    found = [remaining(name, game, h, evaluations, seed) for seed in range(3)]
    if not all(f < 1 for f in found):
        return "not nearer"
    return f"{statistics.fmean(found):.3f} ± {statistics.stdev(found):.3f} at {h:g}"


def analytic(names: list[str], evaluations: int) -> None:
    """Print the first table."""
    print("| method | a step | time | " + " | ".join([*GAMES, *NOISY]) + " |")
    print("|---" * (len(GAMES) + len(NOISY) + 3) + "|")
    for name in names:
        gradients, products = cost(name, GAMES["Dirac, R1 .3"])
        each = f"{gradients:.3g}" + (f" + {products:.3g} J" if products else "")
        cells = [cell(name, game, evaluations) for game in GAMES.values()]
        cells += [noisy_cell(name, game, 2 * evaluations) for game in NOISY.values()]
        print(f"| {name} | {each} | {pace('digits', name)[0]:.2g} | {' | '.join(cells)} |", flush=True)


# --- GANs --------------------------------------------------------------------------------------------------


def _game(recipe: str, seed: int) -> tuple[Config, Any]:
    config = assign(recipe_named(recipe), ["threads=1", f"seed={seed}", *GANS[recipe][0]])
    return config, task_of(config).read(config)


def _with(config: Config, name: str) -> Config:
    return assign(config, [f"method={json.dumps(SPECIAL.get(name, {'name': name}))}"])


def _seconds(assembled: Assembly, steps: int) -> tuple[float, float]:
    """Processor time of a step, and of a sample."""
    begun, position = time.process_time(), assembled.batches.position
    for _ in range(steps):
        assembled.method.step(assembled.game, assembled.batches)
    spent = time.process_time() - begun
    return spent / steps, spent / (assembled.batches.position - position)


def timed(config: Config, base: Config, data: Any, steps: int, blocks: int = 5) -> tuple[float, float, float]:
    """Of a step and of a sample over those of the base, medians of blocks that take turns; seconds of its sample."""
    mine, other = assemble(config, data), assemble(base, data)
    pairs = [(_seconds(mine, steps), _seconds(other, 8)) for _ in range(blocks)][1:]
    of_step, of_sample = (statistics.median(own[i] / base[i] for own, base in pairs) for i in range(2))
    return of_step, of_sample, statistics.median(base[1] for _, base in pairs)


def samples_in(seconds: float, relative: float, measured: float, kept: Path, batch_size: int) -> int:
    """Samples that fit; the base's seconds a sample are measured once a folder, so that all have the same."""
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(measured))
    return max(1, round(seconds / (float(json.loads(kept.read_text())) * relative) / batch_size)) * batch_size


def trained(config: Config, data: Any, samples: int, kept: Path | None = None) -> dict[str, float]:
    """What a game of so many samples hands over scores, with its schedules in proportion; kept in a file."""
    config = config.planned(samples)
    played = assemble(config, data)
    schedule = OptimizerSchedule(played.game, config.schedules)
    begun, outcome = time.process_time(), "running"
    while played.batches.position < samples and outcome == "running":
        schedule.set(played.batches.position)
        outcome = str(played.method.step(played.game, played.batches).outcome)
    facts = {"samples": float(samples), "seconds": time.process_time() - begun}
    if outcome == "running":
        with played.game.untouched(), played.game.excursion():
            played.game.recalibrate_batch_norm(played.method.answer(played.game), played.batches)
            facts |= values(played.setup.probe.score(played.setup.model))
    if kept is not None:
        kept.write_text(json.dumps(facts) + "\n")
    return facts


@cache
def pace(recipe: str, name: str) -> tuple[float, float, float]:
    """Of a method, over alternation."""
    config, data = _game(recipe, 0)
    # A whole period of what pays only now and then is timed.
    return timed(_with(config, name), _with(config, "alternating"), data, 50 if name == "svre" else 8)


def play(recipe: str, name: str, seconds: float, seed: int, out: Path) -> dict[str, float]:
    """Train a game for a time, or read what an earlier call found."""
    kept = out / f"{recipe}-{name.replace(' ', '-')}-{seconds:g}-{seed}.json"
    if kept.exists():
        facts: dict[str, float] = json.loads(kept.read_text())
        return facts
    config, data = _game(recipe, seed)
    _, relative, measured = pace(recipe, name)
    samples = samples_in(seconds, relative, measured, out / f"{recipe}-pace.json", config.batch_size)
    return trained(_with(config, name), data, samples, kept)


def gans(recipes: list[str], names: list[str], seconds: float, seeds: int, out: Path) -> None:
    """Print the second table."""
    columns = [f"{recipe}: samples | {GANS[recipe][1]}" for recipe in recipes]
    print(f"| method | {' | '.join(columns)} |")
    print("|---" * (2 * len(recipes) + 1) + "|")
    for name in names:
        cells = []
        for recipe in recipes:
            try:
                found = [play(recipe, name, seconds, seed, out) for seed in range(seeds)]
            except ValueError:  # the method can't play this game
                cells += ["", "refused"]
                continue
            scores = [each.get(GANS[recipe][1], math.nan) for each in found]
            spread = statistics.stdev(scores) if len(scores) > 1 else 0.0
            cells.append(f"{statistics.fmean(f['samples'] for f in found):,.0f}")
            lost = any(map(math.isnan, scores))
            cells.append("diverges" if lost else f"{statistics.fmean(scores):.3g} ± {spread:.2g}")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--evaluations", type=int, default=400, help="of the deterministic games; twice as many of the noisy"
    )
    parser.add_argument("--gans", help=f"the second table, of these recipes: {','.join(GANS)}")
    parser.add_argument("--methods", help="rows, by commas; without it all")
    parser.add_argument("--seconds", type=float, default=10.0, help="of processor time a run")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("runs/iterations"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    names = given.methods.split(",") if given.methods else None
    if given.gans:
        gans(given.gans.split(","), names or [*METHODS, *SPECIAL], given.seconds, given.seeds, given.out)
    else:
        analytic(names or [*METHODS, *SPECIAL], given.evaluations)


if __name__ == "__main__":
    main()
