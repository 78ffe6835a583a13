"""Stay on the follower's ridge."""

from dataclasses import dataclass

from saddlepoint.core import Batches, Game, Method, Point
from saddlepoint.methods.krylov import gmres


@dataclass(eq=False)
class Ridge(Method):
    """Follow the ridge: the follower makes up at once for the leader's move, so that only minimax points attract.

        x⁺ = x − h F_x,    y⁺ = y − h F_y + h (J_yy + εI)⁻¹ J_yx F_x

    On (μ/2)x² + σxy − (μ/2)y² the eigenvalues are real: 1 − hμ and 1 − h(μ + σ²/μ). It needs curvature of the
    follower's own loss: on x·y there is none, and without damping it is refused.

    Args:
        damping: ε, added to the follower's curvature; a network's is singular somewhere.
        iterations: of GMRES.
        leader, follower: who leads.

    Raises:
        ValueError: the follower's curvature is zero along the compensation.

    Paper: Wang, Zhang, Ba 2020, "On solving minimax optimization locally: a follow-the-ridge approach",
    arXiv 1910.07512.
    """

    damping: float = 0.0
    iterations: int = 20
    leader: str = "generator"
    follower: str = "discriminator"

    cost = "1 evaluation a player, 1 product + 1 a solver iteration; solver's basis"
    paper = """@inproceedings{wang2020solving,
  title={On Solving Minimax Optimization Locally: A Follow-the-Ridge Approach},
  author={Wang, Yuanhao and Zhang, Guodong and Ba, Jimmy},
  booktitle={ICLR}, year={2020}}"""

    def update(self, game: Game, batches: Batches) -> None:
        """Move both by their gradients and the follower by its compensation."""
        line = game.linearize(batches.next())
        lead = line.field.zeros()
        lead.only(self.leader).copy_(line.field.only(self.leader))
        pushed = line.jvp(lead).only(self.follower)

        def curvature(v: Point) -> Point:
            whole = line.field.zeros()
            whole.only(self.follower).copy_(v)
            return line.jvp(whole).only(self.follower).add_(v, alpha=self.damping)

        try:
            compensation = gmres(curvature, pushed, self.iterations)
        except ValueError as error:
            raise ValueError(
                f"the {self.follower}'s own loss has no curvature here, which follow-the-ridge divides by: "
                f"give damping above 0, or another method"
            ) from error
        # Both terms move by the leader's rate, but the optimizer of the follower applies the follower's.
        ratio = game.rates[self.leader] / game.rates[self.follower]
        direction = line.field.clone()
        direction.only(self.follower).add_(compensation, alpha=-ratio)
        game.move(direction)
