"""WGAN-GP (Gulrajani et al. 2017) from scratch, with the core alone: five moves of the critic to one."""

import torch
from torch import nn

from saddlepoint import Alternating, Batches, Game

torch.manual_seed(0)
players = {
    "critic": nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1)),
    "generator": nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 2)),
}


def critic_loss(players, batch):
    """E D(G(z)) − E D(x) + 10 E (‖∇D(x̂)‖ − 1)², with x̂ between real and generated points."""
    critic, fake = players["critic"], players["generator"](batch["noise"])
    between = torch.lerp(batch["data"], fake, batch["mix"])
    if not between.requires_grad:
        between.requires_grad_()
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return critic(fake).mean() - critic(batch["data"]).mean() + 10 * ((slope.norm(dim=1) - 1) ** 2).mean()


def generator_loss(players, batch):
    """−E D(G(z))."""
    return -players["critic"](players["generator"](batch["noise"])).mean()


def batches():
    """Points around (3, −1); all noise is part of the batch, so that a loss is a function of it."""
    while True:
        yield {
            "data": torch.randn(64, 2) * 0.5 + torch.tensor([3.0, -1.0]),
            "noise": torch.randn(64, 2),
            "mix": torch.rand(64, 1),
        }


adam = {name: torch.optim.Adam(player.parameters(), lr=1e-3, betas=(0.0, 0.9)) for name, player in players.items()}
game = Game(players, {"critic": critic_loss, "generator": generator_loss}, adam)
method = Alternating(order=("critic", "generator"), counts=(5, 1))
source = Batches.of(batches(), size=64)
for _ in range(400):
    assert method.step(game, source).outcome == "running"
mean = players["generator"](torch.randn(2000, 2)).mean(dim=0)
print("mean of generated points:", mean.tolist())
assert (mean - torch.tensor([3.0, -1.0])).norm() < 1
