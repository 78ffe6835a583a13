"""What theory says of each method: a method that is listed here passes the shared suite or fails it.

A game's mode has the eigenvalue λ = μ + iσ (bilinear: μ = 0). Closed forms are those of the papers, written down
again from the published tables, not taken from the methods' code.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from saddlepoint import methods as m
from saddlepoint.core import Method


def roots(*coefficients):
    """Largest modulus of a polynomial's roots, highest power first."""
    return max(abs(np.roots(coefficients)))


def radius(rows):
    """Spectral radius."""
    return max(abs(np.linalg.eigvals(np.array(rows))))


@dataclass(frozen=True)
class Case:
    """One method with its theory.

    Attributes:
        make: a fresh method.
        factor: (h, μ, σ) ↦ factor every `period` steps, or None where there is no linear map.
        order: of the linear recurrence that a coordinate follows on a game of two.
        evaluations: gradient evaluations a step on a game of two players, after the first step.
        period: steps that make one linear map.
        steps: step sizes to try on the bilinear game; both sides of the limit where there is one.
        modes: (μ, σ) to try on the quadratic game.
    """

    make: Callable[[], Method]
    factor: Callable[[float, float, float], float] | None
    order: int = 2
    evaluations: float = 2
    period: int = 1
    steps: tuple[float, ...] = (0.07, 0.3, 0.55)
    modes: tuple[tuple[float, float], ...] = ((0.1, 1.0), (0.4, 0.7), (0.25, 2.0))


def _alternating(h, mu, s):
    # The discriminator (y) first.
    return radius([[1 - h * mu - h * h * s * s, -h * s * (1 - h * mu)], [h * s, 1 - h * mu]])


def _alex(gamma, delta):
    def factor(h, mu, s):
        # State (x, y, ỹ).
        x = np.array([1 - h * mu, 0, -h * s])
        ahead = (1 - gamma) * np.array([1.0, 0, 0]) + gamma * x
        y = np.array([0, 1 - h * mu, 0]) + h * s * ahead
        tilde = (1 - delta) * np.array([0, 1.0, 0]) + delta * y
        return radius([x, y, tilde])

    return factor


def _heavy_alternating(beta):
    def factor(h, mu, s):
        # State (x, y, x − x₋, y − y₋), y first.
        x, y, dx, dy = np.eye(4)
        new_dy = beta * dy + h * s * x - h * mu * y
        new_y = y + new_dy
        new_dx = beta * dx - h * mu * x - h * s * new_y
        return radius([x + new_dx, new_y, new_dx, new_dy])

    return factor


def _complex_momentum(beta):
    def factor(h, mu, s):
        jacobian = h * np.array([[mu, s], [-s, mu]])
        eye = np.eye(2)
        re = np.hstack([-jacobian, beta.real * eye, -beta.imag * eye])
        im = np.hstack([np.zeros((2, 2)), beta.imag * eye, beta.real * eye])
        return radius(np.vstack([np.hstack([eye, np.zeros((2, 4))]) + re, re, im]))

    return factor


def _unrolled(n, eta):
    def factor(h, mu, s):
        # y_n = a y + b x after n inner steps; L_x = μx²/2 + σxy_n − μy_n²/2, differentiated through y_n.
        a, b = 1.0, 0.0
        for _ in range(n):
            a, b = (1 - eta * mu) * a, (1 - eta * mu) * b + eta * s
        from_x = mu + 2 * s * b - mu * b * b
        from_y = s * a - mu * a * b
        return radius([[1 - h * from_x, -h * from_y], [h * s, 1 - h * mu]])

    return factor


def _curvature(nu):
    def factor(h, mu, s):
        eigenvalue = mu + 1j * s
        gamma = nu / abs(eigenvalue)
        ahead = 1 - gamma * eigenvalue
        return abs(1 - gamma * (1 - gamma * mu) / abs(ahead) ** 2 * ahead * eigenvalue)

    return factor


def _stackelberg(damping):
    def factor(h, mu, s):
        # L_y = −σxy + μy²/2 and L_x = μx²/2 + σxy − μy²/2: w = (σx − μy)/(μ + ε), J_yx = −σ.
        of_x, of_y = s / (mu + damping), -mu / (mu + damping)
        return radius([[1 - h * (mu + s * of_x), -h * (s + s * of_y)], [h * s, 1 - h * mu]])

    return factor


def _rk4(h, mu, s):
    w = -h * (mu + 1j * s)
    return abs(1 + w + w**2 / 2 + w**3 / 6 + w**4 / 24)


CASES: dict[str, Case] = {
    "simultaneous": Case(m.Simultaneous, lambda h, mu, s: abs(1 - h * (mu + 1j * s))),
    "alternating": Case(m.Alternating, _alternating, steps=(0.07, 0.3, 1.3, 1.9, 2.1)),
    "extragradient": Case(
        m.Extragradient,
        lambda h, mu, s: abs(1 - h * (mu + 1j * s) + (h * (mu + 1j * s)) ** 2),
        evaluations=4,
        steps=(0.07, 0.3, 0.99, 1.01),
    ),
    "optimistic": Case(
        m.Optimistic,
        lambda h, mu, s: roots(1, -(1 - 2 * h * (mu + 1j * s)), -h * (mu + 1j * s)),
        order=4,
        steps=(0.07, 0.2, 0.57, 0.59),
        modes=((0.1, 1.0), (0.4, 0.7)),
    ),
    "lookahead": Case(
        lambda: m.Lookahead(m.Simultaneous(), k=5, alpha=0.4),
        lambda h, mu, s: abs(0.6 + 0.4 * (1 - h * (mu + 1j * s)) ** 5),
        period=5,
    ),
    "averaged": Case(m.Averaged, _alternating),
    "alex": Case(
        lambda: m.Alex(gamma=1.0, delta=2.0), _alex(1.0, 2.0), order=3, steps=(0.07, 0.5, 1.1), modes=((0.1, 1.0),)
    ),
    "double-extragradient": Case(
        lambda: m.DoubleExtragradient(gamma=2.5),
        lambda h, mu, s: abs(1 - h * (mu + 1j * s) + 2.5 * (h * (mu + 1j * s)) ** 2),
        evaluations=4,
        steps=(0.07, 0.3, 0.79, 0.81),
    ),
    "heavy-ball": Case(lambda: m.HeavyBall(beta=-0.5), _heavy_alternating(-0.5), order=4, steps=(0.07, 0.3, 0.9, 1.1)),
    "nesterov": Case(
        lambda: m.Nesterov(beta=0.5),
        lambda h, mu, s: roots(1, -1.5 * (1 - h * (mu + 1j * s)), 0.5 * (1 - h * (mu + 1j * s))),
        order=4,
        modes=((0.1, 1.0), (0.4, 0.7)),
    ),
    "consensus": Case(
        lambda: m.Consensus(gamma=0.8),
        lambda h, mu, s: abs(1 - h * (mu + 1j * s) - h * 0.8 * (mu * mu + s * s)),
        steps=(0.1, 0.3, 0.97, 0.98),
    ),
    "symplectic": Case(
        lambda: m.Symplectic(lambda_0=1.0),
        lambda h, mu, s: abs(1 - h * (mu + 1j * s + s * s - 1j * s * mu)),
        steps=(0.07, 0.3, 0.99, 1.01),
    ),
    "competitive": Case(
        m.Competitive,
        lambda h, mu, s: abs(1 - h * (mu + 1j * s) / (1 + 1j * h * s)),
        steps=(0.07, 0.3, 1.0, 3.0),
    ),
    "unrolled": Case(
        lambda: m.Unrolled(n=3, eta=0.2), _unrolled(3, 0.2), evaluations=5, modes=((0.1, 1.0), (0.4, 0.7))
    ),
    "anchored": Case(m.Anchored, None, evaluations=4),
    "runge-kutta": Case(m.RungeKutta, _rk4, evaluations=8, steps=(0.3, 1.0, 2.8, 2.86)),
    "lead": Case(
        lambda: m.Lead(beta=0.1, alpha=0.3),
        lambda h, mu, s: roots(1, -(1.1 - h * (mu + 1j * s) - 0.3j * s), 0.1 - 0.3j * s),
        order=4,
        modes=((0.1, 1.0), (0.4, 0.7)),
    ),
    "extrapolated": Case(m.Extrapolated, None),
    "agraal": Case(m.Agraal, None),
    "svre": Case(
        lambda: m.SVRE(k=1000, batches=1),
        lambda h, mu, s: abs(1 - h * (mu + 1j * s) + (h * (mu + 1j * s)) ** 2),
        evaluations=8,
        steps=(0.07, 0.3, 0.99, 1.01),
    ),
    "proximal": Case(
        m.Proximal, lambda h, mu, s: 1 / abs(1 + h * (mu + 1j * s)), evaluations=-1, steps=(0.07, 0.3, 1.0, 5.0)
    ),
    "ridge": Case(
        m.Ridge,
        lambda h, mu, s: max(abs(1 - h * mu), abs(1 - h * (mu + s * s / mu))),
        steps=(),
        modes=((0.5, 1.0), (0.4, 0.7)),
    ),
    "gap-aware": Case(lambda: m.GapAware(h_min=1.0, f_max=1.0), _alternating, steps=(0.07, 0.3, 1.3)),
    "schedule-free": Case(m.ScheduleFree, None),
    "extragradient-plus": Case(
        m.ExtragradientPlus,
        lambda h, mu, s: abs(1 - h * (mu + 1j * s) + 2 * (h * (mu + 1j * s)) ** 2),
        evaluations=4,
        steps=(0.07, 0.3, 0.86, 0.87),
    ),
    "curvature-extragradient": Case(
        lambda: m.CurvatureExtragradient(nu=0.6), _curvature(0.6), evaluations=4, steps=(0.3,)
    ),
    "adaptive-extragradient": Case(m.AdaptiveExtragradient, None, evaluations=4),
    "anchored-popov": Case(m.AnchoredPopov, None),
    "nested-lookahead": Case(
        lambda: m.NestedLookahead(m.Simultaneous(), k=3, outer=2, alpha=0.4),
        lambda h, mu, s: abs(0.6 + 0.4 * (0.6 + 0.4 * (1 - h * (mu + 1j * s)) ** 3) ** 2),
        period=6,
    ),
    "stackelberg": Case(lambda: m.Stackelberg(damping=0.5), _stackelberg(0.5), evaluations=3),
    "optimistic-adam": Case(
        m.OptimisticAdam,
        lambda h, mu, s: roots(1, -(1 - 2 * h * (mu + 1j * s)), -h * (mu + 1j * s)),
        order=4,
        steps=(0.07, 0.2, 0.57, 0.59),
        modes=((0.1, 1.0), (0.4, 0.7)),
    ),
}
