"""Eigenvalues of the game's Jacobian J = ∂F/∂x, by Arnoldi's iteration on products J v."""

from dataclasses import dataclass

import torch

from saddlepoint.core import Batch, Game, rng
from saddlepoint.methods.krylov import arnoldi


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues of J at a point; those at the rim of the true spectrum are found first.

    Attributes:
        eigenvalues: Ritz values, largest modulus first; all of them, to rounding, where `exact`.
        exact: whether the Krylov space was all that the start reaches, so that nothing is approximate.
    """

    eigenvalues: tuple[complex, ...]
    exact: bool

    @property
    def most_real(self) -> float:
        """The largest Re λ: the steepest friction, which limits a plain step first where nothing turns."""
        return max(value.real for value in self.eigenvalues)

    @property
    def most_imaginary(self) -> float:
        """The largest |Im λ|: the fastest rotation."""
        return max(abs(value.imag) for value in self.eigenvalues)

    @property
    def unstable(self) -> int:
        """How many have Re λ < 0: directions in which ẋ = −F(x) leaves."""
        return sum(value.real < 0 for value in self.eigenvalues)

    @property
    def rotation(self) -> float:
        """The largest |Im λ|/|λ|: 0 is pure descent, 1 pure rotation."""
        return max((abs(v.imag) / abs(v) for v in self.eigenvalues if v), default=0.0)

    @property
    def largest_step(self) -> float:
        """The h below which simultaneous steps contract, min 2 Re λ/|λ|²; 0 where some Re λ ≤ 0."""
        return max(0.0, min((2 * v.real / abs(v) ** 2 for v in self.eigenvalues if v), default=0.0))


def spectrum(game: Game, batch: Batch, size: int = 30, seed: int = 0) -> Spectrum:
    """The spectrum at the game's point on one batch, which should be large: noise moves eigenvalues.

    Moves and counts nothing. Costs one linearisation and `size` products.

    Args:
        game: where it is.
        batch: what to evaluate on.
        size: of the Krylov space.
        seed: of its first vector.

    Raises:
        ValueError: a size below 1.
        NonFinite: the field is not finite there.

    >>> from saddlepoint.games import quadratic
    >>> game = quadratic(mu=0.1, sigma=1.0).play(lambda player, p: torch.optim.SGD(p, lr=1.0))
    >>> found = spectrum(game, Batch(None))
    >>> [f"{v:.3f}" for v in found.eigenvalues], found.exact, round(found.largest_step, 4)
    (['0.100+1.000j', '0.100-1.000j'], True, 0.198)
    """
    if size < 1:
        raise ValueError(f"size is {size}: give at least 1")
    flat = game.point.flat()
    start = torch.randn(flat.shape, generator=rng(seed, "spectrum"), dtype=torch.float64).to(flat)
    with game.untouched():
        line = game.linearize(batch)
        _, hessenberg = arnoldi(line.jvp, game.point.unflat(start), min(size, len(flat)))
    m = hessenberg.shape[1]
    values = [complex(v) for v in torch.linalg.eigvals(hessenberg[:m].double()).tolist()]
    invariant = abs(float(hessenberg[m, m - 1])) <= 1e-9 * float(hessenberg.abs().max())
    return Spectrum(tuple(sorted(values, key=lambda v: (-round(abs(v), 9), -v.imag))), invariant)
