"""Follow the differential equation ż = −F(z) closely."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from saddlepoint.core import Batches, Game, Method
from saddlepoint.methods.roles import pair

# Stage offsets a, and weights b of the explicit schemes in which each stage needs the one before only.
_SCHEMES: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "heun": ((1.0,), (1 / 2, 1 / 2)),
    "rk4": ((1 / 2, 1 / 2, 1.0), (1 / 6, 1 / 3, 1 / 3, 1 / 6)),
}


@dataclass(eq=False)
class RungeKutta(Method):
    """A Runge-Kutta step of the joint field (ODE-GAN).

        k_1 = F(z),  k_i = F(z − a_i P(k_{i−1}) k_{i−1}),    z⁺ = z − h Σ b_i k_i

    P is the optimizers' preconditioner, their memory as it is at z (`Game.preconditioner`); h for gradient descent.

    On x·y: heun √(1 + h⁴/4), never stable; rk4 √(1 − h⁶/72 + h⁸/576), for h < 2√2. The true flow of that game circles,
    so more accuracy is not more convergence: ODE-GAN adds a penalty λ‖∂_x L_x‖² to the discriminator.

    Args:
        scheme: heun or rk4.
        penalty: λ; 0.02 with rk4 and h = .04 in the paper.
        penalised, feared: whose loss the penalty is added to, and whose gradient it is of; None are the second and the
            first player of a game of two.

    Paper: Qin, Wu, Springenberg, Brock, Donahue, Lillicrap, Kohli 2020, "Training generative adversarial networks by
    solving ordinary differential equations", arXiv 2010.15040.
    """

    scheme: Literal["heun", "rk4"] = "rk4"
    penalty: float = 0.0
    penalised: str | None = None
    feared: str | None = None

    separable = True
    cost = "2 (heun) or 4 (rk4) evaluations a player, 1 product with penalty; 2 buffers"
    paper = """@inproceedings{qin2020training,
  title={Training Generative Adversarial Networks by Solving Ordinary Differential Equations},
  author={Qin, Chongli and Wu, Yan and Springenberg, Jost Tobias and Brock, Andrew and Donahue, Jeff and
          Lillicrap, Timothy P. and Kohli, Pushmeet},
  booktitle={NeurIPS}, year={2020}}"""

    def check(self, names: Sequence[str]) -> None:
        """Refuse a penalty where there are no two players for it."""
        if self.penalty:
            pair(names, self.feared, self.penalised, ("feared", "penalised"))

    def update(self, game: Game, batches: Batches) -> None:
        """Compute z⁺ = z − h Σ b_i k_i, all stages on one batch."""
        offsets, weights = _SCHEMES[self.scheme]
        batch = batches.next()
        if self.penalty:
            feared, penalised = pair(game.names, self.feared, self.penalised, ("feared", "penalised"))
            line = game.linearize(batch)
            stage = line.field
            lengths = stage.zeros()
            lengths.only(feared).copy_(stage.only(feared))
            penalty = (2 * self.penalty * line.vjp(lengths)).only(penalised)
        else:
            stage, penalty = game.field(batch), None
        direction = weights[0] * stage
        with game.excursion() as start:
            for offset, weight in zip(offsets, weights[1:], strict=True):
                game.point.copy_(start).add_(game.preconditioner(stage) * stage, alpha=-offset)
                stage = game.field(batch, base=False)
                direction.add_(stage, alpha=weight)
        if penalty is not None:
            direction.only(*penalty.names).add_(penalty)
        game.move(direction)
