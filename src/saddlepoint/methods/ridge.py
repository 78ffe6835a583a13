"""Stay on the follower's ridge."""

from collections.abc import Sequence
from dataclasses import dataclass

from saddlepoint.core import Batches, Game, Method, Point
from saddlepoint.methods.krylov import gmres
from saddlepoint.methods.roles import pair


@dataclass(eq=False)
class Ridge(Method):
    """Follow the ridge: the follower makes up at once for the leader's move, so that only minimax points attract.

        x⁺ = x − P_x F_x,    y⁺ = y − P_y F_y + (J_yy + εI)⁻¹ J_yx P_x F_x

    P is the optimizers' preconditioner for F at the point (`Game.preconditioner`), h for plain gradient descent; the
    optimizer of y is given what it multiplies by P_y.

    On (μ/2)x² + σxy − (μ/2)y² the eigenvalues are real: 1 − hμ and 1 − h(μ + σ²/μ). It needs curvature of the
    follower's own loss: on x·y there is none, and without damping it is refused.

    Args:
        damping: ε, added to the follower's curvature; a network's is singular somewhere.
        iterations: of GMRES.
        leader, follower: who leads; None are the players of a game of two, in its order.

    Raises:
        ValueError: the follower's curvature is zero along the compensation.

    Paper: Wang, Zhang, Ba 2020, "On solving minimax optimization locally: a follow-the-ridge approach",
    arXiv 1910.07512.
    """

    damping: float = 0.0
    iterations: int = 20
    leader: str | None = None
    follower: str | None = None

    cost = "1 evaluation a player, 1 product + 1 a solver iteration; solver's basis"
    paper = """@inproceedings{wang2020solving,
  title={On Solving Minimax Optimization Locally: A Follow-the-Ridge Approach},
  author={Wang, Yuanhao and Zhang, Guodong and Ba, Jimmy},
  booktitle={ICLR}, year={2020}}"""

    def check(self, names: Sequence[str]) -> None:
        """Refuse a game without a leader and a follower."""
        pair(names, self.leader, self.follower)

    def update(self, game: Game, batches: Batches) -> None:
        """Move both by their gradients and the follower by its compensation."""
        leader, follower = pair(game.names, self.leader, self.follower)
        batch = batches.next()
        if game.resting_on(batch) & {leader, follower}:
            # Nobody follows, or nobody leads: there is nothing to make up for.
            game.move(game.field(batch))
            return
        line = game.linearize(batch)
        scale = game.preconditioner(line.field)
        lead = line.field.zeros()
        lead.only(leader).copy_(scale * line.field.only(leader))
        pushed = line.jvp(lead).only(follower)

        def curvature(v: Point) -> Point:
            whole = line.field.zeros()
            whole.only(follower).copy_(v)
            return line.jvp(whole).only(follower).add_(v, alpha=self.damping)

        try:
            compensation = gmres(curvature, pushed, self.iterations)
        except ValueError as error:
            raise ValueError(
                f"the {follower}'s own loss has no curvature here, which follow-the-ridge divides by: "
                f"give damping above 0, or another method"
            ) from error
        direction = line.field.clone()
        direction.only(follower).add_(scale**-1 * compensation, alpha=-1.0)
        game.move(direction)
