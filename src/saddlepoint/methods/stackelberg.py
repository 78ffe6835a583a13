"""The leader descends along the follower's best reply, by the implicit function theorem."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from saddlepoint.core import Batches, Game, Method, Point
from saddlepoint.methods.krylov import conjugate_gradients
from saddlepoint.methods.roles import pair


@dataclass(eq=False)
class Stackelberg(Method):
    """Implicit Stackelberg gradients: the leader's total derivative where the follower answers at once.

        x⁺ = x − h (∂_x L_x − J_yxᵀ w),    (∂²_yy L_y + εI) w = ∂_y L_x,    J_yx = ∂_x ∂_y L_y
        y⁺ = y − h ∂_y L_y

    w by conjugate gradients, which end where they meet negative curvature, with what they have by then: at a follower
    that is at no minimum there is no best reply to follow. The directions go through the players' optimizers.

    On (μ/2)x² + σxy − (μ/2)y² with ε = 0 the leader's derivative is (μ + σ²/μ)x: the eigenvalues are real, 1 − hμ and
    1 − h(μ + σ²/μ), and h < 2/(μ + σ²/μ). On x·y the follower has no curvature: with damping the leader descends along
    y + x/ε, and the factor is the root of λ² − (2 − h/ε) λ + 1 − h/ε + h².

    Args:
        damping: ε, added to the follower's curvature; a network's is singular somewhere.
        iterations: of conjugate gradients.
        leader, follower: who leads; None are the players of a game of two, in its order.

    Raises:
        ValueError: a negative damping.

    Paper: Fiez, Chasnov, Ratliff 2020, "Implicit learning dynamics in Stackelberg games: equilibria characterization,
    convergence analysis, and empirical study", ICML, arXiv 1906.01217.
    """

    damping: float = 0.1
    iterations: int = 20
    leader: str | None = None
    follower: str | None = None

    cost = "1 evaluation a player and 1 of the leader's loss, 1 product + 1 a solver iteration; 4 buffers"
    paper = """@inproceedings{fiez2020implicit,
  title={Implicit Learning Dynamics in {S}tackelberg Games: Equilibria Characterization, Convergence Analysis, and
         Empirical Study},
  author={Fiez, Tanner and Chasnov, Benjamin and Ratliff, Lillian},
  booktitle={ICML}, year={2020}}"""

    def __post_init__(self) -> None:
        if self.damping < 0:
            raise ValueError(f"damping is {self.damping}: give at least 0")

    def check(self, names: Sequence[str]) -> None:
        """Refuse a game without a leader and a follower."""
        pair(names, self.leader, self.follower)

    def update(self, game: Game, batches: Batches) -> None:
        """Move both at once, the leader by its total derivative."""
        leader, follower = pair(game.names, self.leader, self.follower)
        batch = batches.next()
        if game.resting_on(batch) & {leader, follower}:
            # Nobody leads, or nobody answers.
            game.move(game.field(batch))
            return
        loss = game.losses_at(batch, {}, (leader,))[leader]
        asked = torch.autograd.grad(loss, game.point[follower], allow_unused=True, materialize_grads=True)
        wanted = game.checked({follower: asked}, {})
        line = game.linearize(batch)

        def whole(v: Point) -> Point:
            return Point(
                {name: v[name] if name == follower else z for name, z in line.field.zeros().state_dict().items()}
            )

        def curvature(v: Point) -> Point:
            return line.jvp(whole(v)).only(follower).add_(v, alpha=self.damping)

        reply = conjugate_gradients(curvature, wanted, self.iterations)
        direction = line.field.clone()
        direction.only(leader).add_(line.vjp(whole(reply)).only(leader), alpha=-1.0)
        game.move(direction)
