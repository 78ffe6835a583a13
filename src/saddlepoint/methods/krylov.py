"""Small linear algebra on points: Krylov solvers and the combination that reduced-rank extrapolation takes."""

import math
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


def gmres(operator: Operator, right: Point, iterations: int) -> Point:
    """The x of least residual ‖A x − b‖ in the Krylov space of b; exact after as many iterations as A has rank.

    Raises:
        ValueError: A maps b to nothing, so that the space has no solution.
    """
    if float(right.norm()) == 0.0:
        return right.zeros()
    basis, hessenberg = arnoldi(operator, right, iterations)
    if not bool(hessenberg.any()):
        raise ValueError("the operator is zero on the right-hand side: the equation has no solution")
    return combine(basis, _hessenberg_least_squares(hessenberg.tolist(), float(right.norm())))


def conjugate_gradients(operator: Operator, right: Point, iterations: int, tolerance: float = 1e-10) -> Point:
    """The x with A x = b for a symmetric positive definite A; x up to there where a direction has no curvature."""
    x, residual = right.zeros(), right.clone()
    direction, square = residual.clone(), float(residual.dot(residual))
    goal = tolerance**2 * square
    for _ in range(iterations):
        if square <= goal:
            break
        image = operator(direction)
        if (along := float(direction.dot(image))) <= 0:
            break
        length = square / along
        x.add_(direction, alpha=length)
        residual.add_(image, alpha=-length)
        square, before = float(residual.dot(residual)), square
        direction = residual + (square / before) * direction
    return x


def combine(points: Sequence[Point], weights: Sequence[float]) -> Point:
    """Σ w_i p_i over as many points as there are weights."""
    total = points[0] * weights[0]
    for point, weight in zip(points[1:], weights[1:], strict=False):
        total.add_(point, alpha=weight)
    return total


def reduced_rank_weights(residuals: Sequence[Point]) -> list[float]:
    """The weights c, Σ c_i = 1, of least ‖Σ c_i r_i‖.

    Solved for the differences d_i = r_i − r_0 by Gram-Schmidt, not by normal equations, which would square the
    condition number; a difference that depends on those before it gets no weight.
    """
    target = -residuals[0]
    basis: list[Point] = []
    rows: list[list[float]] = []  # of the triangular factor, a column of d in the basis each
    kept: list[int] = []
    for i, residual in enumerate(residuals[1:], start=1):
        w = residual - residuals[0]
        size, overlaps = float(w.norm()), [0.0] * len(basis)
        for _again in range(2):
            for j, v in enumerate(basis):
                overlap = float(v.dot(w))
                overlaps[j] += overlap
                w.add_(v, alpha=-overlap)
        rest = float(w.norm())
        if rest > 1e-13 * size:
            basis.append(w * (1 / rest))
            rows.append([*overlaps, rest])
            kept.append(i)
    right = [float(v.dot(target)) for v in basis]
    solved = _back_substitute(rows, right)
    weights = [0.0] * len(residuals)
    for i, weight in zip(kept, solved, strict=True):
        weights[i] = weight
    weights[0] = 1.0 - sum(weights)
    return weights


# Small systems are solved here in plain numbers: LAPACK's rounding depends on where its memory lies, and a
# resumed run would differ in the last bit.


def _back_substitute(columns: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """Solve R y = b for an upper triangular R, given by columns."""
    b = list(right)
    y = [0.0] * len(columns)
    for k in range(len(columns) - 1, -1, -1):
        y[k] = b[k] / columns[k][k]
        for i in range(k):
            b[i] -= columns[k][i] * y[k]
    return y


def _hessenberg_least_squares(rows: list[list[float]], norm: float) -> list[float]:
    """The y of least ‖H y − norm·e_1‖ for an upper Hessenberg H, (m + 1, m), by Givens rotations."""
    m = len(rows) - 1
    b = [norm] + [0.0] * m
    for k in range(m):
        a, c = rows[k][k], rows[k + 1][k]
        length = math.hypot(a, c)
        if length == 0.0:
            continue
        cos, sin = a / length, c / length
        for j in range(k, m):
            upper, lower = rows[k][j], rows[k + 1][j]
            rows[k][j], rows[k + 1][j] = cos * upper + sin * lower, cos * lower - sin * upper
        b[k], b[k + 1] = cos * b[k], -sin * b[k]
    # A pivot of rounding size belongs to a direction that the operator does not reach.
    scale = max((abs(rows[k][k]) for k in range(m)), default=0.0)
    while m and abs(rows[m - 1][m - 1]) <= 1e-14 * scale:
        m -= 1
    return _back_substitute([[rows[i][k] for i in range(k + 1)] for k in range(m)], b)
