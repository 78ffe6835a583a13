"""The Dirac-GAN in all its losses and penalties: which iteration reaches the solution. Prints a Markdown table.

    python bench/dirac.py --methods simultaneous,alternating,extragradient,consensus

A cell is the number of steps until the distance is 1e-6 of that at the start, (1, 1), where it gets there and stays,
and the outcome in a word elsewhere; one step size for all.
"""

import argparse

import torch

from saddlepoint.core import Method, Outcome
from saddlepoint.games import dirac, solve
from saddlepoint.games.dirac import LOSSES, VARIANTS, DiracLoss
from saddlepoint.games.solving import TOLERANCE
from saddlepoint.methods import METHODS, Consensus


def fresh(name: str) -> Method:
    """The method of a column; consensus with a weight that fits eigenvalues of order 1."""
    return Consensus(gamma=1.0) if name == "consensus" else METHODS[name]()


def cell(loss: DiracLoss, variant: str, method: str, h: float, steps: int) -> str:
    """Steps to the solution, or the outcome."""
    game = dirac(loss, **VARIANTS[variant])
    played = game.play(lambda _, parameters: torch.optim.SGD(parameters, lr=h))
    found = solve(game, played, fresh(method), steps)
    if found.outcome is not Outcome.CONVERGED:
        return found.outcome.value
    return str(next(k for k, d in enumerate(found.distance) if d <= TOLERANCE * found.distance[0]))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", default="simultaneous,alternating,extragradient,consensus")
    parser.add_argument("--lr", type=float, default=0.2)
    parser.add_argument("--steps", type=int, default=600)
    chosen = parser.parse_args()
    methods = chosen.methods.split(",")
    torch.set_num_threads(1)
    print("| loss | penalty | " + " | ".join(methods) + " |")
    print("|---" * (len(methods) + 2) + "|")
    for loss in LOSSES:
        for variant in VARIANTS:
            row = [cell(loss, variant, method, chosen.lr, chosen.steps) for method in methods]
            print(f"| {loss} | {variant} | " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
