"""The game near a point as its optimizers move it, in a few directions of each player: small enough for theory."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from saddlepoint.core import Batch, Game, Method, Point, rng
from saddlepoint.dynamics.theory import LinearField, linear_map
from saddlepoint.methods import Simultaneous

#: A mode whose multiplier lies left of this real part turns, or overshoots, within a step: it breaks, and not drifts.
WITHIN_A_STEP = 0.5


@dataclass(frozen=True)
class Reduced:
    """P½ J P½ on a Krylov space of each player, where P is what its optimizer multiplies by, its rate among it.

    A step whose rates are s times those of now does to a mode of it what one of rate s does to a mode of J under plain
    gradient descent; momentum is left out.

    Attributes:
        jacobian: (k, k), k the directions of all players together, in the order of `sizes`.
        sizes: number of directions by player.
    """

    jacobian: Tensor
    sizes: Mapping[str, int]

    @property
    def edges(self) -> dict[str, float]:
        """How many times its rate of now makes each player overshoot alone: 2/|λ| of its own block; ∞ where λ is 0.

        Where Adam trains a network, that largest λ comes to stay near the edge by itself (Cohen et al. 2022, "Adaptive
        gradient methods at the edge of stability").
        """
        found, at = {}, 0
        for name, size in self.sizes.items():
            own = self.jacobian[at : at + size, at : at + size]
            largest = float(torch.linalg.eigvals(own).abs().max()) if size else 0.0
            found[name], at = 2 / largest if largest > 0 else math.inf, at + size
        return found

    def breaks(self, method: Method, factors: Tensor) -> Tensor:
        """Which factors of the rates, (…, players), let a mode grow that turns or overshoots within a step: bool (…).

        Modes that grow slowly are no fault of a rate: a game that is being learned has them. A method without a linear
        map of its own is judged as simultaneous steps are.
        """
        field = LinearField(self.jacobian, self.sizes, factors.to(self.jacobian))
        found = linear_map(method, field) or linear_map(Simultaneous(), field)
        assert found is not None
        modes = torch.linalg.eigvals(found.matrix)
        some: Tensor = ((modes.abs() > 1 + 1e-6) & (modes.real < WITHIN_A_STEP)).any(-1)
        return some


def reduced(game: Game, batch: Batch, size: int = 8, seed: int = 0) -> Reduced:
    """The game at its point on one batch, which should be large, through its optimizers' memory.

    A block Krylov space: a player's directions are what J makes of its own and of the others' directions. Moves and
    counts nothing. Costs one linearisation and `size` products a player.

    Args:
        game: where it is, with optimizers that `Game.preconditioner` knows.
        batch: what to evaluate on.
        size: directions of each player, at most.
        seed: of the first ones.

    Raises:
        ValueError: a size below 1, or an optimizer whose preconditioner is not known.
        NonFinite: the field is not finite there.

    >>> from saddlepoint.games import quadratic
    >>> game = quadratic(mu=0.5, sigma=1.0).play(lambda player, p: torch.optim.SGD(p, lr=0.1))
    >>> found = reduced(game, Batch(None))
    >>> {name: round(edge, 6) for name, edge in found.edges.items()}  # 2/0.5 is 40 times the rate
    {'generator': 40.0, 'discriminator': 40.0}
    """
    if size < 1:
        raise ValueError(f"size is {size}: give at least 1")
    flat = game.point.flat()
    start = torch.randn(flat.shape, generator=rng(seed, "reduced"), dtype=torch.float64).to(flat)
    basis: dict[str, list[Point]] = {name: [] for name in game.names}
    images: dict[str, list[Point]] = {name: [] for name in game.names}
    with game.untouched():
        line = game.linearize(batch)
        root = game.preconditioner(line.field) ** 0.5
        fresh = root * game.point.unflat(start)
        for _ in range(size):
            grown = [name for name in game.names if _extend(basis[name], fresh.only(name))]
            if not grown:
                break
            fresh = game.point.zeros()
            for name in grown:
                direction = game.point.zeros()
                direction.only(name).copy_(basis[name][-1])
                images[name].append(root * line.jvp(root * direction))
                fresh.add_(images[name][-1])
    columns = [image for name in game.names for image in images[name]]
    rows = [[[float(v.dot(image.only(name))) for image in columns] for v in basis[name]] for name in game.names]
    return Reduced(
        torch.tensor([row for own in rows for row in own], dtype=torch.float64).reshape(len(columns), len(columns)),
        {name: len(basis[name]) for name in game.names},
    )


def _extend(basis: list[Point], direction: Point) -> bool:
    """Add what is new of a direction to an orthonormal basis; False where nothing is."""
    new, before = direction.clone(), float(direction.norm())
    for _again in range(2):  # twice is enough: the second pass takes what rounding left
        for old in basis:
            new.add_(old, alpha=-float(old.dot(new)))
    left = float(new.norm())
    if not left > 1e-9 * before:
        return False
    basis.append(new * (1 / left))
    return True
