"""The Dirac-GAN in all its losses and penalties: which iteration reaches the solution. Prints a Markdown table.

    python bench/dirac.py --methods simultaneous,alternating,extragradient,consensus

A cell is the factor a step over the last half of the steps where the distance has shrunk to 1e-6 of the start, and the
outcome in a word elsewhere; from (1, 1), one step size for all.
"""

import argparse

import torch

from saddlepoint.core import Method, Outcome
from saddlepoint.games import dirac, solve
from saddlepoint.games.dirac import LOSSES, VARIANTS
from saddlepoint.methods import METHODS, Consensus


def fresh(name: str) -> Method:
    """The method of a column; consensus with a weight that fits eigenvalues of order 1."""
    return Consensus(gamma=1.0) if name == "consensus" else METHODS[name]()


def cell(loss: str, variant: str, method: str, h: float, steps: int) -> str:
    """The factor a step, or the outcome."""
    game = dirac(loss, **VARIANTS[variant])
    played = game.play(lambda _, parameters: torch.optim.SGD(parameters, lr=h))
    found = solve(game, played, fresh(method), steps)
    return f"{found.rate:.4f}" if found.outcome is Outcome.CONVERGED else found.outcome.value


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
