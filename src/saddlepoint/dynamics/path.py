"""The field along the straight line between two points of the game."""

from dataclasses import dataclass

from saddlepoint.core import Batch, Game, Point


@dataclass(frozen=True)
class Path:
    """What the field does on z(a) = z₀ + a (z₁ − z₀).

    Attributes:
        shares: the a.
        cosines: of the angle between F(z(a)) and z₀ − z₁. A change of sign at a = 1 says that z₁ attracts; a bump
            there, that the dynamics turn about it; both, a stable focus.
        norms: ‖F(z(a))‖.
    """

    shares: tuple[float, ...]
    cosines: tuple[float, ...]
    norms: tuple[float, ...]


def along(game: Game, batch: Batch, start: Point, end: Point, points: int = 25, margin: float = 0.1) -> Path:
    """Path-angle and path-norm, for a in [−margin, 1 + margin]. Moves and counts nothing.

    Args:
        game: its point is put back.
        batch: what to evaluate on; large.
        start, end: z₀ and z₁, as two checkpoints give them.
        points: places on the line.
        margin: how far to look beyond the ends.

    Raises:
        ValueError: fewer than two points, or ends that coincide.
        NonFinite: the field is not finite somewhere on the line.

    Paper: Berard, Gidel, Almahairi, Vincent, Lacoste-Julien 2020, "A closer look at the optimization landscapes of
    generative adversarial networks", arXiv 1906.04848.
    """
    if points < 2:
        raise ValueError(f"points is {points}: give at least 2")
    line = start - end
    length = float(line.norm())
    if length == 0.0:
        raise ValueError("start and end are one point: give two different ones")
    shares = [-margin + (1 + 2 * margin) * i / (points - 1) for i in range(points)]
    cosines, norms = [], []
    with game.untouched(), game.excursion():
        for share in shares:
            game.point.copy_(start).add_(line, alpha=-share)
            field = game.field(batch, base=False)
            norm = float(field.norm())
            norms.append(norm)
            cosines.append(float(field.dot(line)) / (norm * length) if norm > 0 else 0.0)
    return Path(tuple(shares), tuple(cosines), tuple(norms))
