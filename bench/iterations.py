"""Every method on the analytic games at its best step size, by gradient evaluations: prints a Markdown table.

    python bench/iterations.py

For each method and game the step size is chosen from one and the same list of 14, and judged by the factor an
*evaluation of one player's gradient* (not a step), ρ^(1/evaluations a step), over the last half of 400 evaluations.
Smaller is better; 1 goes nowhere.
"""

import argparse
import math
from collections.abc import Callable

import torch

from saddlepoint.core import Method, Outcome
from saddlepoint.games import AnalyticGame, bilinear, dirac, quadratic, solve
from saddlepoint.methods import METHODS, Consensus, HeavyBall, Lookahead, Ridge, Simultaneous

STEPS = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0, 1.3)
GAMES: dict[str, AnalyticGame] = {
    "x·y": bilinear(),
    "A = diag(1, 3)": bilinear(matrix=[[1.0, 0.0], [0.0, 3.0]]),
    "μ = .1, σ = 1": quadratic(mu=0.1, sigma=1.0),
    "Dirac, R1 .3": dirac(r1=0.3),
}
SPECIAL: dict[str, Callable[[], Method]] = {
    "consensus (γ = 1)": lambda: Consensus(gamma=1.0),
    "lookahead over simultaneous": lambda: Lookahead(Simultaneous()),
    "heavy-ball (β = −.3)": lambda: HeavyBall(beta=-0.3),
    "ridge": Ridge,
}


def fresh(name: str) -> Method:
    """The method of a row, without memory."""
    return SPECIAL[name]() if name in SPECIAL else METHODS[name]()


def factor(name: str, game: AnalyticGame, h: float, evaluations: int) -> float:
    """The factor an evaluation; infinity where the run overflows."""
    probe = game.play(lambda _, parameters: torch.optim.SGD(parameters, lr=h))
    try:
        cost = solve(game, probe, fresh(name), 4).evaluations / 4
        played = game.play(lambda _, parameters: torch.optim.SGD(parameters, lr=h))
        found = solve(game, played, fresh(name), max(8, round(evaluations / cost)))
    except ValueError:
        return math.nan
    if found.distance[-1] == 0.0:
        return 0.0
    if found.outcome is Outcome.DIVERGED:
        return math.inf
    if found.outcome is Outcome.CYCLING:
        return 1.0
    return float(max(found.rate, 0.0) ** (found.iterations / found.evaluations))


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


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--evaluations", type=int, default=400)
    evaluations = parser.parse_args().evaluations
    torch.set_num_threads(1)
    names = [n for n in METHODS if n not in {"ridge"}] + list(SPECIAL)
    print("| method | " + " | ".join(GAMES) + " |")
    print("|---" * (len(GAMES) + 1) + "|")
    for name in names:
        print(f"| {name} | " + " | ".join(cell(name, game, evaluations) for game in GAMES.values()) + " |", flush=True)


if __name__ == "__main__":
    main()
