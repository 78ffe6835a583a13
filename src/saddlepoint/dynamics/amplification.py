"""By what a method multiplies a mode of the game a step: closed forms in λ, an eigenvalue of the Jacobian, and h.

A method has one here where its step is a function of J alone, so that each eigenvector goes its own way. The others
also look at parts of J (alternating steps, competitive and symplectic ones, LEAD), at Jᵀ (consensus), or change from
step to step (anchored, extrapolated, golden-ratio): what they do to a mode is not decided by its λ.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import singledispatch

import torch
from torch import Tensor

from saddlepoint.core import Method
from saddlepoint.methods import (
    Averaged,
    DoubleExtragradient,
    Extragradient,
    HeavyBall,
    Lookahead,
    Nesterov,
    Optimistic,
    Proximal,
    RungeKutta,
    Simultaneous,
)

#: A function of w = hλ, complex and of any shape.
Factor = Callable[[Tensor], Tensor]


@singledispatch
def amplification(method: Method) -> Factor | None:
    """The factor |z⁺|/|z| a step as a function of hλ, or None where the method has none in λ alone.

    Below 1 the mode dies out: the set of such λ is the method's region of stability.

    >>> from saddlepoint.methods import Alternating
    >>> factor = amplification(Extragradient())
    >>> round(float(factor(torch.tensor(0.3j))), 6)
    0.958175
    >>> amplification(Alternating()) is None
    True
    """
    t = multiplier(method)
    return None if t is None else lambda w: t(w).abs()


@amplification.register
def _(method: Averaged) -> Factor | None:
    return amplification(method.base)


@amplification.register
def _(method: Lookahead) -> Factor | None:
    t, alpha, k = multiplier(method.base), method.alpha, method.k
    return None if t is None else lambda w: (1 - alpha + alpha * t(w) ** k).abs() ** (1 / k)


@amplification.register
def _(method: Optimistic) -> Factor | None:
    # z⁺ = z + 2 (t − 1) z − (t − 1) z₋.
    t = multiplier(method.base)
    return None if t is None else lambda w: _largest_root(2 * t(w) - 1, t(w) - 1)


@amplification.register
def _(method: Nesterov) -> Factor | None:
    beta = method.beta
    return lambda w: _largest_root((1 + beta) * (1 - w), beta * (1 - w))


@amplification.register
def _(method: HeavyBall) -> Factor | None:
    # With a phase, the real part is taken of the momentum, which is no function of λ.
    beta = method.beta
    if method.alternating or method.phase:
        return None
    return lambda w: _largest_root(1 + beta - w, torch.full_like(w, beta))


@singledispatch
def multiplier(_: Method) -> Factor | None:
    """The t of z⁺ = t z, a function of hλ, for methods that remember nothing; None for all others."""
    return None


@multiplier.register
def _(_: Simultaneous) -> Factor | None:
    return lambda w: 1 - w


@multiplier.register
def _(_: Extragradient) -> Factor | None:
    return lambda w: 1 - w + w**2


@multiplier.register
def _(method: DoubleExtragradient) -> Factor | None:
    return lambda w: 1 - w + method.gamma * w**2


@multiplier.register
def _(_: Proximal) -> Factor | None:
    return lambda w: 1 / (1 + w)


@multiplier.register
def _(method: RungeKutta) -> Factor | None:
    if method.penalty:
        return None
    # The Taylor polynomial of e^(−w), as far as the scheme is exact.
    if method.scheme == "heun":
        return lambda w: 1 - w + w**2 / 2
    return lambda w: 1 - w + w**2 / 2 - w**3 / 6 + w**4 / 24


def _largest_root(b: Tensor, c: Tensor) -> Tensor:
    """The largest |z| with z² − b z + c = 0."""
    root = (b * b - 4 * c).sqrt()
    return torch.maximum((b + root).abs(), (b - root).abs()) / 2


@dataclass(frozen=True)
class Region:
    """The factor on a grid of the complex plane, (rows, columns); its contour at 1 bounds the region of stability.

    Attributes:
        real, imaginary: of λ, columns and rows.
        factors: there.
    """

    real: Tensor
    imaginary: Tensor
    factors: Tensor


def region(factor: Factor, h: float, eigenvalues: tuple[complex, ...], points: int = 201) -> Region:
    """The factor on a grid that shows all eigenvalues and some room about them.

    Args:
        factor: from `amplification`.
        h: the step size.
        eigenvalues: what the grid must hold.
        points: on each side.
    """
    reals = [0.0, *(v.real for v in eigenvalues)]
    left, right = min(reals), max(reals)
    top = max(abs(v.imag) for v in (0j, *eigenvalues))
    room = 0.25 * max(right - left, top, 1e-12)
    real = torch.linspace(left - room, right + room, points, dtype=torch.float64)
    imaginary = torch.linspace(-top - room, top + room, points, dtype=torch.float64)
    return Region(real, imaginary, factor(h * torch.complex(*torch.meshgrid(real, imaginary, indexing="xy"))))
