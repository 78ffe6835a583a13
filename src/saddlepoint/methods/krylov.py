"""Small linear algebra on points: Krylov solvers and the combination that reduced-rank extrapolation takes."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from saddlepoint.core import Point

Operator = Callable[[Point], Point]


def arnoldi(operator: Operator, start: Point, steps: int) -> tuple[list[Point], Tensor]:
    """An orthonormal basis of the Krylov space of `start`, and the operator on it.

    Returns:
        basis: at most steps + 1 points; one less where the space is invariant.
        hessenberg: (m + 1, m) with A·basis[:m] = basis·hessenberg.
    """
    norm = start.norm()
    basis = [start * float(1 / norm)]
    columns: list[Tensor] = []
    for _ in range(steps):
        w = operator(basis[-1])
        size = float(w.norm())
        column = torch.zeros(len(basis) + 1, dtype=norm.dtype)
        for _again in range(2):  # twice is enough: the second pass takes what rounding left
            for i, v in enumerate(basis):
                overlap = float(v.dot(w))
                column[i] += overlap
                w.add_(v, alpha=-overlap)
        column[-1] = float(w.norm())
        columns.append(column)
        if float(column[-1]) <= 1e-12 * size or size == 0.0:
            columns[-1][-1] = 0.0
            break
        basis.append(w * float(1 / column[-1]))
    hessenberg = torch.zeros(len(columns) + 1, len(columns), dtype=norm.dtype)
    for j, column in enumerate(columns):
        hessenberg[: len(column), j] = column
    return basis, hessenberg


def gmres(operator: Operator, right: Point, iterations: int, tolerance: float = 1e-10) -> Point:
    """The x of least residual ‖A x − b‖ in the Krylov space of b; exact after as many iterations as A has rank.

    Raises:
        ValueError: A maps b to nothing, so that the space has no solution.
    """
    if float(right.norm()) <= tolerance * 1e-20:
        return right.zeros()
    basis, hessenberg = arnoldi(operator, right, iterations)
    if not bool(hessenberg.any()):
        raise ValueError("the operator is zero on the right-hand side: the equation has no solution")
    target = torch.zeros(len(hessenberg), dtype=hessenberg.dtype)
    target[0] = float(right.norm())
    weights = torch.linalg.lstsq(hessenberg, target).solution
    return combine(basis[: len(weights)], weights)


def conjugate_gradients(operator: Operator, right: Point, iterations: int, tolerance: float = 1e-10) -> Point:
    """The x with A x = b for a symmetric positive definite A."""
    x, residual = right.zeros(), right.clone()
    direction, square = residual.clone(), float(residual.dot(residual))
    goal = tolerance**2 * square
    for _ in range(iterations):
        if square <= goal:
            break
        image = operator(direction)
        length = square / float(direction.dot(image))
        x.add_(direction, alpha=length)
        residual.add_(image, alpha=-length)
        square, before = float(residual.dot(residual)), square
        direction = residual + (square / before) * direction
    return x


def combine(points: Sequence[Point], weights: Tensor) -> Point:
    """Σ w_i p_i."""
    total = points[0] * float(weights[0])
    for point, weight in zip(points[1:], weights[1:], strict=True):
        total.add_(point, alpha=float(weight))
    return total


def reduced_rank_weights(residuals: Sequence[Point]) -> Tensor:
    """The weights c, Σ c_i = 1, of least ‖Σ c_i r_i‖.

    Solved for differences of residuals by least squares, not by normal equations, which would square the
    condition number.
    """
    columns = torch.stack([r.flat() for r in residuals], dim=1)
    if columns.shape[1] == 1:
        return torch.ones(1, dtype=columns.dtype)
    differences = columns[:, 1:] - columns[:, :1]
    scale = torch.linalg.vector_norm(differences, dim=0).clamp_min(torch.finfo(columns.dtype).tiny)
    rest = torch.linalg.lstsq(differences / scale, -columns[:, :1], driver=_driver(columns)).solution[:, 0] / scale
    return torch.cat([(1 - rest.sum()).reshape(1), rest])


def _driver(columns: Tensor) -> str:
    """The one that stands deficient rank where it exists, which is on the CPU."""
    return "gelsd" if columns.device.type == "cpu" else "gels"
