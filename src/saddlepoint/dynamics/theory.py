"""The factor a step that theory gives: the spectral radius of a method's linear map on a linear field.

On F(z) = J z with step sizes H = diag(h) most methods are linear maps of (z, memory), so that their factor, and the
boundary where it is 1, are known in closed form. Each is written down here a second time, as that map, and not taken
from the method's code.
"""

import cmath
from collections.abc import Mapping
from dataclasses import dataclass
from functools import singledispatch

import torch
from torch import Tensor

from saddlepoint.core import Method
from saddlepoint.methods import (
    SVRE,
    Alex,
    Alternating,
    Competitive,
    Consensus,
    DoubleExtragradient,
    Extragradient,
    ExtragradientPlus,
    HeavyBall,
    Lead,
    Lookahead,
    NestedLookahead,
    Nesterov,
    Optimistic,
    OptimisticAdam,
    Proximal,
    Ridge,
    RungeKutta,
    Simultaneous,
    Symplectic,
)
from saddlepoint.methods.roles import pair, turns


@dataclass(frozen=True)
class LinearField:
    """F(z) = J z, its players' coordinates and their step sizes.

    Attributes:
        jacobian: J, (n, n).
        sizes: numbers of coordinates by player, in the order of z.
        rates: h of each player, in the same order, (…, players); leading dimensions are a batch of step sizes.
    """

    jacobian: Tensor
    sizes: Mapping[str, int]
    rates: Tensor

    @property
    def n(self) -> int:
        """Number of coordinates."""
        return len(self.jacobian)

    @property
    def steps(self) -> Tensor:
        """H, (…, n, n)."""
        counts = torch.tensor(list(self.sizes.values()))
        diagonal: Tensor = torch.diag_embed(self.rates.repeat_interleave(counts, dim=-1))
        return diagonal

    def part(self, *names: str) -> Tensor:
        """The projection on the named players' coordinates, (n, n)."""
        own = [torch.full((k,), float(name in names), dtype=self.jacobian.dtype) for name, k in self.sizes.items()]
        return torch.diag(torch.cat(own))

    def state(self, parts: int) -> list[Tensor]:
        """The blocks of a state of as many points: each as a map of the whole state, (…, n, parts·n)."""
        whole = torch.eye(parts * self.n, dtype=self.jacobian.dtype).expand(*self.rates.shape[:-1], -1, -1)
        return list(whole.split(self.n, dim=-2))


@dataclass(frozen=True)
class LinearMap:
    """What a method does to its state, z first.

    Attributes:
        matrix: (…, k, k).
        period: the number of steps that it is.
    """

    matrix: Tensor
    period: int = 1


def factor(method: Method, field: LinearField) -> Tensor | None:
    """ρ, the asymptotic factor a step, (…); None for a method that is no linear map of finite memory.

    >>> rotation = LinearField(torch.tensor([[0.0, 1.0], [-1.0, 0.0]]).double(), {"generator": 1, "discriminator": 1},
    ...                        torch.tensor([[0.3, 0.3], [1.0, 1.0]]).double())
    >>> [round(value, 6) for value in factor(Extragradient(), rotation).tolist()]
    [0.958175, 1.0]
    """
    found = linear_map(method, field)
    if found is None:
        return None
    radius: Tensor = torch.linalg.eigvals(found.matrix).abs().amax(-1)
    return radius ** (1 / found.period)


@singledispatch
def linear_map(_method: Method, _field: LinearField) -> LinearMap | None:
    """The linear map of a method on a linear field; None where there is none."""
    return None


def _rows(*blocks: Tensor) -> LinearMap:
    return LinearMap(torch.cat(torch.broadcast_tensors(*blocks), dim=-2))


@linear_map.register
def _(_method: Simultaneous, f: LinearField) -> LinearMap:
    (z,) = f.state(1)
    return _rows(z - f.steps @ f.jacobian @ z)


@linear_map.register
def _(method: Alternating, f: LinearField) -> LinearMap:
    (z,) = f.state(1)
    for name, count in method.moves(tuple(f.sizes)):
        for _turn in range(count):
            z = z - f.part(name) @ f.steps @ f.jacobian @ z
    return _rows(z)


@linear_map.register
def _(method: Alex, f: LinearField) -> LinearMap:
    z, ahead = f.state(2)
    first, second = (f.part(name) for name in method.pair(tuple(f.sizes)))
    move = f.steps @ f.jacobian
    half = z - first @ move @ (first @ z + second @ ahead)
    new = half - second @ move @ (first @ torch.lerp(z, half, method.gamma) + second @ z)
    return _rows(new, second @ torch.lerp(z, new, method.delta))


def _extragradient(f: LinearField, gamma: float) -> LinearMap:
    (z,) = f.state(1)
    move = f.steps @ f.jacobian
    return _rows(z - move @ (z - gamma * move @ z))


@linear_map.register
def _(_method: Extragradient, f: LinearField) -> LinearMap:
    return _extragradient(f, 1.0)


@linear_map.register
def _(_method: SVRE, f: LinearField) -> LinearMap:
    # Without noise the correction is nothing.
    return _extragradient(f, 1.0)


@linear_map.register
def _(method: DoubleExtragradient, f: LinearField) -> LinearMap:
    return _extragradient(f, method.gamma)


@linear_map.register
def _(method: ExtragradientPlus, f: LinearField) -> LinearMap:
    return _extragradient(f, 1 / method.beta)


@linear_map.register
def _(method: OptimisticAdam, f: LinearField) -> LinearMap | None:
    # It differs in the first step.
    return linear_map(Optimistic(method.base), f)


@linear_map.register
def _(method: Optimistic, f: LinearField) -> LinearMap | None:
    base = linear_map(method.base, f)
    if base is None or base.period > 1 or base.matrix.shape[-1] != f.n:
        return None
    z, before = f.state(2)
    displacement = base.matrix @ z - z
    return _rows(z + 2 * displacement - before, displacement)


@linear_map.register
def _(method: Lookahead, f: LinearField) -> LinearMap | None:
    base = linear_map(method.base, f)
    if base is None or method.k % base.period:
        return None
    return LinearMap(_pulled_back(base.matrix, method.k // base.period, method.alpha, f.n), method.k)


@linear_map.register
def _(method: NestedLookahead, f: LinearField) -> LinearMap | None:
    slow = linear_map(Lookahead(method.base, method.k, method.alpha), f)
    if slow is None:
        return None
    return LinearMap(_pulled_back(slow.matrix, method.outer, method.alpha, f.n), method.k * method.outer)


def _pulled_back(matrix: Tensor, times: int, alpha: float, n: int) -> Tensor:
    """So many times the map, then z back towards where it was at the beginning; a base's memory is left alone."""
    fast = torch.linalg.matrix_power(matrix, times)
    slow = torch.eye(fast.shape[-1], dtype=fast.dtype)[:n].expand_as(fast[..., :n, :])
    return torch.cat([torch.lerp(slow, fast[..., :n, :], alpha), fast[..., n:, :]], -2)


@linear_map.register
def _(method: HeavyBall, f: LinearField) -> LinearMap:
    z, real, imaginary = f.state(3)
    beta = method.beta * cmath.exp(1j * method.phase)
    groups = [(name,) for name in turns(tuple(f.sizes), method.order)] if method.alternating else [tuple(f.sizes)]
    for names in groups:
        own = f.part(*names)
        turned = beta.real * real - beta.imag * imaginary - f.steps @ f.jacobian @ z
        imaginary = imaginary + own @ (beta.imag * real + beta.real * imaginary - imaginary)
        real = real + own @ (turned - real)
        z = z + own @ turned
    return _rows(z, real, imaginary)


@linear_map.register
def _(method: Nesterov, f: LinearField) -> LinearMap:
    z, before = f.state(2)
    ahead = z + method.beta * (z - before)
    return _rows(ahead - f.steps @ f.jacobian @ ahead, z)


@linear_map.register
def _(method: Consensus, f: LinearField) -> LinearMap:
    (z,) = f.state(1)
    return _rows(z - f.steps @ (f.jacobian + method.gamma * f.jacobian.T @ f.jacobian) @ z)


@linear_map.register
def _(method: Symplectic, f: LinearField) -> LinearMap:
    # Near the solution the alignment is +0.1 and more, as the products vanish like ‖z‖⁴: the sign is plus.
    (z,) = f.state(1)
    antisymmetric = (f.jacobian - f.jacobian.T) / 2
    return _rows(z - f.steps @ (f.jacobian + method.lambda_0 * antisymmetric.T @ f.jacobian) @ z)


@linear_map.register
def _(method: Competitive, f: LinearField) -> LinearMap | None:
    if method.iterations < f.n:
        return None
    (z,) = f.state(1)
    own = sum((f.part(name) @ f.jacobian @ f.part(name) for name in f.sizes), torch.zeros_like(f.jacobian))
    identity = torch.eye(f.n, dtype=f.jacobian.dtype)
    return _rows(z - f.steps @ torch.linalg.solve(identity + (f.jacobian - own) @ f.steps, f.jacobian @ z))


@linear_map.register
def _(method: RungeKutta, f: LinearField) -> LinearMap:
    (z,) = f.state(1)
    offsets, weights = {"heun": ((1.0,), (0.5, 0.5)), "rk4": ((0.5, 0.5, 1.0), (1 / 6, 1 / 3, 1 / 3, 1 / 6))}[
        method.scheme
    ]
    stage = f.jacobian @ z
    direction = weights[0] * stage
    for offset, weight in zip(offsets, weights[1:], strict=True):
        stage = f.jacobian @ (z - offset * f.steps @ stage)
        direction = direction + weight * stage
    if method.penalty:
        feared, penalised = (f.part(name) for name in pair(tuple(f.sizes), method.feared, method.penalised))
        direction = direction + 2 * method.penalty * penalised @ f.jacobian.T @ feared @ f.jacobian @ z
    return _rows(z - f.steps @ direction)


@linear_map.register
def _(method: Lead, f: LinearField) -> LinearMap:
    z, before = f.state(2)
    own = sum((f.part(name) @ f.jacobian @ f.part(name) for name in f.sizes), torch.zeros_like(f.jacobian))
    displacement = z - before
    force = (f.jacobian - own) @ displacement
    return _rows(z + method.beta * displacement - f.steps @ f.jacobian @ z - method.alpha * force, z)


@linear_map.register
def _(method: Proximal, f: LinearField) -> LinearMap | None:
    # Only then is the inner iteration exact.
    if method.window < f.n:
        return None
    (z,) = f.state(1)
    return _rows(torch.linalg.solve(z + f.steps @ f.jacobian, z))


@linear_map.register
def _(method: Ridge, f: LinearField) -> LinearMap | None:
    (z,) = f.state(1)
    lead, follow = (f.part(name) for name in pair(tuple(f.sizes), method.leader, method.follower))
    identity = torch.eye(f.n, dtype=f.jacobian.dtype)
    curvature = follow @ (f.jacobian + method.damping * identity) @ follow + (identity - follow)
    if float(torch.linalg.matrix_rank(curvature)) < f.n:
        return None
    move = f.steps @ f.jacobian @ z
    compensation = torch.linalg.solve(curvature, follow @ f.jacobian @ lead @ move)
    return _rows(z - move + compensation)
