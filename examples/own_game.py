"""A game of your own as a run: records, checkpoints, exact resume and a report come with it."""

from collections.abc import Iterator

import torch
from torch import nn

import saddlepoint as sp

# min over x, max over y of x·y + 0.1 x² − 0.1 y²: a saddle at (0, 0).
players = {"x": nn.Linear(1, 1, bias=False), "y": nn.Linear(1, 1, bias=False)}


def value(players, batch):
    """The value of the game; `batch` says nothing here."""
    x, y = players["x"].weight, players["y"].weight
    return (x * y + 0.1 * x**2 - 0.1 * y**2).sum()


def nothing() -> Iterator[dict[str, torch.Tensor]]:
    while True:
        yield {"none": torch.zeros(1)}


losses = {"x": value, "y": lambda players, batch: -value(players, batch)}
optimizers = {name: torch.optim.SGD(player.parameters(), lr=0.3) for name, player in players.items()}
run = sp.train(
    sp.Game(players, losses, optimizers),
    sp.Batches.of(nothing(), size=1),
    method="extragradient",
    samples=200,
    out="own-game",
    progress=False,
)
print(run.outcome, [player.weight.item() for player in players.values()])
assert all(abs(player.weight.item()) < 1e-2 for player in players.values())
