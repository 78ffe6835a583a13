"""By what a method multiplies a mode of the game a step, as a function of λ, an eigenvalue of the Jacobian, and h.

It is decided by λ where the method's step is a function of J alone, so that each eigenvector goes its own way. Other
methods also look at parts of J (alternating steps, competitive and symplectic ones, LEAD), at Jᵀ (consensus), or change
from step to step (anchored, extrapolated, golden-ratio): what they do to a mode is not decided by its λ.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from saddlepoint.core import Method
from saddlepoint.dynamics.theory import LinearField, factor
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


def amplification(method: Method) -> Factor | None:
    """The factor |z⁺|/|z| a step as a function of hλ, or None where the method has none in λ alone.

    Below 1 the mode dies out: the set of such λ is the method's region of stability.

    >>> from saddlepoint.methods import Alternating
    >>> ahead = amplification(Extragradient())
    >>> round(float(ahead(torch.tensor(0.3j))), 6)
    0.958175
    >>> amplification(Alternating()) is None
    True
    """
    while isinstance(method, Averaged):  # which leaves the iterates alone
        method = method.base
    if not _decided(method) or factor(method, _mode(torch.zeros(1))) is None:
        return None
    return partial(_factor_of_mode, method)


def _decided(method: Method) -> bool:
    if isinstance(method, Lookahead | Optimistic):
        return _decided(method.base)
    if isinstance(method, HeavyBall):  # with a phase, the real part is taken of the momentum
        return not method.alternating and not method.phase
    if isinstance(method, RungeKutta):
        return not method.penalty
    return isinstance(method, Simultaneous | Extragradient | DoubleExtragradient | Proximal | Nesterov)


def _mode(w: Tensor) -> LinearField:
    # One coordinate, F(z) = z, and a complex step size w: then h J is multiplication by w.
    w = w.to(torch.complex128)
    return LinearField(torch.ones(1, 1, dtype=w.dtype), {"mode": 1}, w[..., None])


def _factor_of_mode(method: Method, w: Tensor) -> Tensor:
    found = factor(method, _mode(w))
    assert found is not None
    return found


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
