"""The generator foresees the discriminator's next steps."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from saddlepoint.core import Batches, Game, Method, Point
from saddlepoint.core.ranks import differentiable_mean_over_ranks


@dataclass(eq=False)
class Unrolled(Method):
    """The leader descends through n differentiable steps of the follower.

        y_0 = y,  y_{i+1} = y_i − η ∂_y L_y(x, y_i),    x⁺ = x − h d/dx L_x(x, y_n(x)),    y⁺ = y − h ∂_y L_y(x, y)

    On x·y it is x⁺ = x − h (y + 2nηx), y⁺ = y + hx, exactly.

    Args:
        n: steps foreseen.
        eta: their size; None takes the follower's own rate.
        leader, follower: who foresees whom.

    Paper: Metz, Poole, Pfau, Sohl-Dickstein 2017, "Unrolled generative adversarial networks", arXiv 1611.02163.
    """

    n: int = 5
    eta: float | None = None
    leader: str = "generator"
    follower: str = "discriminator"

    separable = True
    cost = "2 + n evaluations, n of them differentiated twice; n graphs"
    paper = """@inproceedings{metz2017unrolled,
  title={Unrolled Generative Adversarial Networks},
  author={Metz, Luke and Poole, Ben and Pfau, David and Sohl-Dickstein, Jascha},
  booktitle={ICLR}, year={2017}}"""

    def __post_init__(self) -> None:
        if self.n < 0:
            raise ValueError(f"n is {self.n}: give a number of steps of at least 0")

    def update(self, game: Game, batches: Batches) -> None:
        """Move both at once, the leader by its total derivative."""
        batch = batches.next()
        foreseen: dict[str, Tensor] = {
            k: p for k, p in game.players[self.follower].named_parameters() if p.requires_grad
        }
        sizes = game.steps(self.follower) if self.eta is None else [self.eta] * len(foreseen)
        for _ in range(self.n):
            loss = game.losses_at(batch, {self.follower: foreseen}, (self.follower,))[self.follower]
            gradients: Sequence[Tensor] = torch.autograd.grad(
                loss, list(foreseen.values()), create_graph=True, allow_unused=True, materialize_grads=True
            )
            gradients = differentiable_mean_over_ranks(gradients)
            game.evaluations += 1
            moved = zip(foreseen.items(), sizes, gradients, strict=True)
            foreseen = {k: p - eta * g for (k, p), eta, g in moved}
        loss = game.losses_at(batch, {self.follower: foreseen}, (self.leader,))[self.leader]
        total = game.checked(
            {self.leader: torch.autograd.grad(loss, game.point[self.leader])}, {self.leader: loss.detach()}
        )
        follower = game.field(batch, only=(self.follower,))
        game.move(Point({self.leader: total[self.leader], self.follower: follower[self.follower]}))
