"""The generator foresees the discriminator's next steps."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from saddlepoint.core import Batches, Game, Method, Point
from saddlepoint.core.ranks import differentiable_mean_over_ranks
from saddlepoint.methods.roles import pair


@dataclass(eq=False)
class Unrolled(Method):
    """The leader descends through n differentiable steps of the follower.

        y_0 = y,  y_{i+1} = y_i − P g_i,  g_i = ∂_y L_y(x, y_i)
        x⁺ = x − h d/dx L_x(x, y_n(x)),    y⁺ = y − h ∂_y L_y(x, y)

    P is η, or the preconditioner P(g_i) of the follower's optimizer, its memory as it is at y (`Game.preconditioner`),
    through which x⁺ differentiates, too; for plain gradient descent it is the rate.

    Further players of a larger game move by their gradients at z.

    On x·y it is x⁺ = x − h (y + 2nηx), y⁺ = y + hx, exactly.

    Args:
        n: steps foreseen.
        eta: η, the size of plain steps; None takes those of the follower's optimizer.
        leader, follower: who foresees whom; None are the players of a game of two, in its order.

    Paper: Metz, Poole, Pfau, Sohl-Dickstein 2017, "Unrolled generative adversarial networks", arXiv 1611.02163.
    """

    n: int = 5
    eta: float | None = None
    leader: str | None = None
    follower: str | None = None

    separable = True
    cost = "2 + n evaluations, n of them differentiated twice; n graphs"
    paper = """@inproceedings{metz2017unrolled,
  title={Unrolled Generative Adversarial Networks},
  author={Metz, Luke and Poole, Ben and Pfau, David and Sohl-Dickstein, Jascha},
  booktitle={ICLR}, year={2017}}"""

    def __post_init__(self) -> None:
        if self.n < 0:
            raise ValueError(f"n is {self.n}: give a number of steps of at least 0")

    def check(self, names: Sequence[str]) -> None:
        """Refuse a game without a leader and a follower."""
        pair(names, self.leader, self.follower)

    def update(self, game: Game, batches: Batches) -> None:
        """Move both at once, the leader by its total derivative."""
        leader, follower = pair(game.names, self.leader, self.follower)
        batch = batches.next()
        if game.resting_on(batch) & {leader, follower}:
            # Nobody foresees, or nobody is foreseen.
            game.move(game.field(batch))
            return
        plain = game.field(batch, only=[name for name in game.names if name != leader])
        foreseen: dict[str, Tensor] = {k: p for k, p in game.players[follower].named_parameters() if p.requires_grad}
        for _ in range(self.n):
            loss = game.losses_at(batch, {follower: foreseen}, (follower,))[follower]
            gradients: Sequence[Tensor] = torch.autograd.grad(
                loss, list(foreseen.values()), create_graph=True, allow_unused=True, materialize_grads=True
            )
            gradients = differentiable_mean_over_ranks(gradients)
            game.evaluations += 1
            if self.eta is None:
                sizes = game.preconditioner(Point({follower: gradients})).tensors[follower]
            else:
                sizes = [torch.as_tensor(self.eta).to(g) for g in gradients]
            moved = zip(foreseen.items(), sizes, gradients, strict=True)
            foreseen = {k: p - size * g for (k, p), size, g in moved}
        # The base evaluation of the leader: its batch norm and memories move here.
        loss = game.losses_at(batch, {follower: foreseen}, (leader,), base=True)[leader]
        gradients = torch.autograd.grad(loss, game.point[leader], allow_unused=True, materialize_grads=True)
        total = game.checked({leader: gradients}, {leader: loss.detach()})
        game.move(plain)
        game.move(total)
