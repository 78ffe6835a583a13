"""No step size at all."""

import math
from dataclasses import dataclass, field

from saddlepoint.core import Batches, Game, Method, Point


@dataclass(eq=False)
class Agraal(Method):
    """The adaptive golden-ratio algorithm: the step follows the local Lipschitz constant.

        z̄⁺ = ((φ − 1) z + z̄)/φ,    λ = min(ρ λ₋, φ θ₋/(4 λ₋) · ‖z − z₋‖²/‖F(z) − F(z₋)‖²),    θ = φ λ/λ₋
        z⁺ = z̄⁺ − λ F(z),    ρ = 1/φ + 1/φ²

    Converges for monotone, locally Lipschitz fields with no parameter to choose; the players' optimizers and rates are
    not used. The first step size comes from one probe beside the start. Deterministic games: a change of batch looks
    like a change of the field, so that λ collapses and the point stands still.

    Args:
        phi: φ in (1, (1 + √5)/2]; 1.5 in the paper.

    Raises:
        ValueError: phi out of range.

    Paper: Malitsky 2020, "Golden ratio algorithms for variational inequalities", arXiv 1803.08832.
    """

    phi: float = 1.5
    mean: Point | None = field(default=None, init=False)
    before: Point | None = field(default=None, init=False)
    field_before: Point | None = field(default=None, init=False)
    size: float = field(default=0.0, init=False)
    theta: float = field(default=1.0, init=False)

    cost = "1 evaluation a player, 1 more at the first step; 3 buffers"
    theory = "itself: the players' optimizers and rates are not used"
    paper = """@article{malitsky2020golden,
  title={Golden Ratio Algorithms for Variational Inequalities},
  author={Malitsky, Yura}, journal={Mathematical Programming}, volume={184}, pages={383--410}, year={2020}}"""

    def __post_init__(self) -> None:
        if not 1 < self.phi <= (1 + math.sqrt(5)) / 2 + 1e-12:
            raise ValueError(f"phi is {self.phi}: give a number above 1 and at most (1 + √5)/2")

    def update(self, game: Game, batches: Batches) -> None:
        """Compute z⁺ = z̄ − λ F(z), λ from the last two points."""
        batch = batches.next()
        field = game.field(batch)
        if self.mean is None or self.before is None or self.field_before is None:
            self.mean, self.before, self.field_before = game.point.clone(), game.point.clone(), field.clone()
            self.size = self._probe(game, field, batch)
            self.theta = 1.0
        else:
            self._adapt(game, field)
        field, z, mean, before, field_before = (
            point.only(*game.awake) for point in (field, game.point, self.mean, self.before, self.field_before)
        )
        mean.copy_(((self.phi - 1) * z + mean) * (1 / self.phi))
        before.copy_(z)
        field_before.copy_(field)
        z.copy_(mean).add_(field, alpha=-self.size)

    def _adapt(self, game: Game, field: Point) -> None:
        """Take λ from the last two points, of the players that moved between them."""
        assert self.before is not None
        assert self.field_before is not None
        limit = (1 / self.phi + 1 / self.phi**2) * self.size
        change = float((field - self.field_before).only(*game.awake).norm()) ** 2
        size = limit
        if change > 0:
            distance = float((game.point - self.before).only(*game.awake).norm()) ** 2
            size = min(limit, self.phi * self.theta / (4 * self.size) * distance / change)
        # Under noise F differs where z hardly does, and λ collapses; at 0 it could not be divided by.
        size = max(size, 1e-100)
        self.theta = self.phi * size / self.size
        self.size = size

    def _probe(self, game: Game, field: Point, batch: object) -> float:
        """The inverse of the local Lipschitz constant along the field; 1 where the field is flat or zero."""
        norm = float(field.norm())
        if norm == 0:
            return 1.0
        # The size of the point where the field acts: a parameter without a gradient, as a constant in D, has no say.
        pairs = zip(game.point.tensors, field.tensors, strict=True)
        size = math.sqrt(sum(float((z.detach() * f).square().sum()) for z, f in pairs))
        reach = 1e-3 * max(1.0, size / norm) / norm
        with game.excursion():
            game.point.add_(field, alpha=-reach)
            change = float((game.field(batch, base=False) - field).norm())  # type: ignore[arg-type]
        return reach * norm / change / 2 if change > 0 else 1.0
