"""The methods and optimizers once more, in NumPy, from their definitions: dense fields and Jacobians, no code of ours.

The game: x = (W (2, 3), b (2)), y = (V (3, 2), c (3)), a batch q (3) drawn by its position,

    L_x = s Σ sin(W)ᵀ ∘ V + b · tanh(q[:2]) Σ V² / 6 + .3 Σ W² + .2 Σ b⁴ + .4 Σ b
    L_y = −.7 s Σ sin(W)ᵀ ∘ V + .5 Σ V² + Σ c tanh(q) Σ b + .6 Σ c² + .1 Σ c⁴ + .2 Σ V q

with s = 1 + .3 q₀: neither zero-sum, nor linear, nor of equal players.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

Array = NDArray[np.float64]
SHAPES = {"x": [(2, 3), (2,)], "y": [(3, 2), (3,)]}
SIZES = {"x": 8, "y": 9}
X, Y = slice(0, 8), slice(8, 17)


def loss_values(w, b, v, c, q):
    """(L_x, L_y), for tensors."""
    s = 1 + 0.3 * q[0]
    coupling = s * (torch.sin(w).T * v).sum()
    of_x = coupling + (b * torch.tanh(q[:2])).sum() * v.square().sum() / 6
    of_x = of_x + 0.3 * w.square().sum() + 0.2 * b.pow(4).sum() + 0.4 * b.sum()
    of_y = -0.7 * coupling + 0.5 * v.square().sum() + (c * torch.tanh(q)).sum() * b.sum()
    of_y = of_y + 0.6 * c.square().sum() + 0.1 * c.pow(4).sum() + 0.2 * (v.T * q).sum()
    return of_x, of_y


def drawn(number: int) -> Array:
    """The batch of a position, counted in batches."""
    return np.random.default_rng(100 + number).normal(size=3)


def parts_of(z: Array) -> list[Array]:
    """W, b, V, c of a flat point."""
    return [z[:6].reshape(2, 3), z[6:8], z[8:14].reshape(3, 2), z[14:17]]


def losses(z, q):
    z, q = torch.as_tensor(z), torch.as_tensor(q)
    return torch.stack(loss_values(z[:6].reshape(2, 3), z[6:8], z[8:14].reshape(3, 2), z[14:17], q))


def field(z: Array, q: Array) -> Array:
    """F(z), by the two gradients of two functions of one vector."""
    of_x, of_y = (torch.func.grad(lambda u, i=i: losses(u, q)[i])(torch.as_tensor(z)).numpy() for i in (0, 1))
    return np.concatenate([of_x[X], of_y[Y]])


def jacobian(z: Array, q: Array) -> Array:
    """∂F/∂z, dense."""
    of_x, of_y = (
        torch.func.jacrev(torch.func.grad(lambda u, i=i: losses(u, q)[i]))(torch.as_tensor(z)).numpy() for i in (0, 1)
    )
    return np.concatenate([of_x[X], of_y[Y]])


def derivative(function: Callable[[Array], float], at: Array, step: float = 1e-3) -> Array:
    """The gradient by differences of the sixth order."""
    found = np.zeros_like(at)
    for i in range(len(at)):
        for k, weight in ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60)):
            for sign in (1, -1):
                moved = at.copy()
                moved[i] += sign * k * step
                found[i] += sign * weight * function(moved) / step
    return found


# --- optimizers: a tensor's step and, where it has one, the diagonal matrix that multiplies its gradient -------------


class Tensorwise:
    """One tensor's optimizer. `scale(p, g)` is P(g) with the memory as it is; None where there is no such matrix."""

    def __init__(self, lr: float) -> None:
        self.lr, self.t, self.m, self.v, self.extra = lr, 0, 0.0, 0.0, 0.0

    def scale(self, p: Array, g: Array) -> Array | None:
        return None

    def step(self, p: Array, g: Array) -> Array:
        raise NotImplementedError


class SGD(Tensorwise):
    def scale(self, p, g):
        return np.full_like(g, self.lr)

    def step(self, p, g):
        return p - self.lr * g


class ASGD(Tensorwise):
    """λ = 1e-4, α = .75: p ← (1 − λ η) p − η g, then η ← h/(1 + λ h t)^α with the rate h that it has at this step."""

    def eta(self):
        return self.extra or self.lr

    def scale(self, p, g):
        return np.full_like(g, self.eta())

    def step(self, p, g):
        eta = self.eta()
        self.t += 1
        self.extra = self.lr / (1 + 1e-4 * self.lr * self.t) ** 0.75
        return p * (1 - 1e-4 * eta) - eta * g


class Adagrad(Tensorwise):
    def scale(self, p, g):
        return self.lr / (np.sqrt(self.v + g * g) + 1e-10)

    def step(self, p, g):
        scale = self.scale(p, g)
        self.v = self.v + g * g
        return p - scale * g


class RMSprop(Tensorwise):
    def scale(self, p, g):
        return self.lr / (np.sqrt(0.99 * self.v + 0.01 * g * g) + 1e-8)

    def step(self, p, g):
        scale = self.scale(p, g)
        self.v = 0.99 * self.v + 0.01 * g * g
        return p - scale * g


class Adadelta(Tensorwise):
    def scale(self, p, g):
        return self.lr * np.sqrt((self.extra + 1e-6) / (0.9 * self.v + 0.1 * g * g + 1e-6))

    def step(self, p, g):
        moved = self.scale(p, g) / self.lr * g
        self.v = 0.9 * self.v + 0.1 * g * g
        self.extra = 0.9 * self.extra + 0.1 * moved**2
        return p - self.lr * moved


class Adam(Tensorwise):
    b1, b2, decay = 0.9, 0.999, 0.0

    def scale(self, p, g):
        v = self.b2 * self.v + (1 - self.b2) * g * g
        return self.lr / (np.sqrt(v / (1 - self.b2 ** (self.t + 1))) + 1e-8)

    def step(self, p, g):
        scale = self.scale(p, g)
        self.t += 1
        self.m, self.v = self.b1 * self.m + (1 - self.b1) * g, self.b2 * self.v + (1 - self.b2) * g * g
        return p * (1 - self.lr * self.decay) - scale * self.m / (1 - self.b1**self.t)


class AdamW(Adam):
    decay = 0.01


class NAdam(Adam):
    """ψ = .004: μ_t = β₁ (1 − ½ .96^(tψ)); Nesterov's look at the next momentum."""

    def step(self, p, g):
        scale = self.scale(p, g)
        self.t += 1
        mu, after = (self.b1 * (1 - 0.5 * 0.96 ** ((self.t + i) * 0.004)) for i in (0, 1))
        self.extra = (self.extra or 1.0) * mu
        self.m, self.v = self.b1 * self.m + (1 - self.b1) * g, self.b2 * self.v + (1 - self.b2) * g * g
        return p - scale * ((1 - mu) / (1 - self.extra) * g + after / (1 - self.extra * after) * self.m)


class RAdam(Adam):
    """Where the variance can't be rectified, momentum alone."""

    def scale(self, p, g):
        t = self.t + 1
        longest = 2 / (1 - self.b2) - 1
        length = longest - 2 * t * self.b2**t / (1 - self.b2**t)
        assert length <= 5
        return np.full_like(g, self.lr)

    def step(self, p, g):
        self.t += 1
        self.m, self.v = self.b1 * self.m + (1 - self.b1) * g, self.b2 * self.v + (1 - self.b2) * g * g
        return p - self.lr * self.m / (1 - self.b1**self.t)


class Adamax(Adam):
    def scale(self, p, g):
        return self.lr / np.maximum(self.b2 * self.v, np.abs(g) + 1e-8)

    def step(self, p, g):
        scale = self.scale(p, g)
        self.t += 1
        self.m, self.v = self.b1 * self.m + (1 - self.b1) * g, np.maximum(self.b2 * self.v, np.abs(g) + 1e-8)
        return p - scale * self.m / (1 - self.b1**self.t)


class Rprop(Tensorwise):
    """η = (.5, 1.2), steps in [1e-6, 50]; where the sign changes, no step."""

    def step(self, p, g):
        if self.t == 0:
            self.v = np.full_like(g, self.lr)
        turn = np.sign(g * self.m)
        self.v = np.clip(self.v * np.where(turn > 0, 1.2, np.where(turn < 0, 0.5, 1.0)), 1e-6, 50)
        self.m = np.where(turn < 0, 0.0, g)
        self.t += 1
        return p - self.v * np.sign(self.m)


class Adafactor(Tensorwise):
    """Shazeer, Stern 2018 as PyTorch has it: β₂ = 1 − t^−.8, d = 1, ε₂ = 1e-3, factored for matrices."""

    def step(self, p, g):
        self.t += 1
        eps = np.finfo(np.float64).eps
        share = self.t**-0.8
        size = max(1e-3, np.sqrt((p * p).mean())) * min(self.lr, self.t**-0.5)
        if g.ndim > 1:
            self.m = (1 - share) * self.m + share * (g * g).mean(-1, keepdims=True)
            self.v = (1 - share) * self.v + share * (g * g).mean(-2, keepdims=True)
            square = self.m * self.v / np.maximum(self.m.mean(-2, keepdims=True), eps)
        else:
            self.v = square = (1 - share) * self.v + share * g * g
        update = g / np.sqrt(np.maximum(square, eps * eps))
        update = update / max(1.0, np.sqrt((update * update).mean()))
        return p - size * update


class Muon(Tensorwise):
    """Momentum .95, Nesterov's; five steps of Newton-Schulz; decoupled decay .1."""

    def step(self, p, g):
        self.m = 0.95 * self.m + 0.05 * g
        update = 0.05 * g + 0.95 * self.m
        turned = update.T if update.shape[0] > update.shape[1] else update
        turned = turned / np.linalg.norm(turned)
        for _ in range(5):
            gram = turned @ turned.T
            turned = 3.4445 * turned + (-4.7750 * gram + 2.0315 * gram @ gram) @ turned
        turned = turned.T if update.shape[0] > update.shape[1] else turned
        rate = self.lr * np.sqrt(max(1.0, p.shape[0] / p.shape[1]))
        return p * (1 - self.lr * 0.1) - rate * turned


OPTIMIZERS: dict[str, type[Tensorwise]] = {
    "SGD": SGD,
    "ASGD": ASGD,
    "Adagrad": Adagrad,
    "RMSprop": RMSprop,
    "Adadelta": Adadelta,
    "Adam": Adam,
    "AdamW": AdamW,
    "NAdam": NAdam,
    "RAdam": RAdam,
    "Adamax": Adamax,
    "Rprop": Rprop,
    "Adafactor": Adafactor,
    "Muon": Muon,
    "by-shape": AdamW,
    "by-name": AdamW,
}


class NoMatrixError(Exception):
    """The optimizer's step is no diagonal matrix times the gradient."""


class Movers:
    """All players' optimizers at flat points."""

    def __init__(self, name: str, lr: float) -> None:
        self.name, self.lr = name, lr
        vectors = AdamW if name == "Muon" else OPTIMIZERS[name]
        self.parts = [OPTIMIZERS[name](lr) if i % 2 == 0 else vectors(lr) for i in range(4)]
        if name == "Muon":
            for part in self.parts[1::2]:
                part.lr = 1e-3  # that of the others is AdamW's own

    def step(self, z: Array, g: Array, who: slice = slice(0, 17)) -> Array:
        """z where the players of `who` made a step by g."""
        moved = []
        for i, (mover, p, own) in enumerate(zip(self.parts, parts_of(z), parts_of(g), strict=True)):
            plays = who.start <= (0, 8)[i // 2] < who.stop
            moved.append((mover.step(p, own) if plays else p).reshape(-1))
        return np.concatenate(moved)

    def ahead(self, z: Array, g: Array) -> Array:
        """The diagonal of P(g) at z."""
        scales = [m.scale(p, own) for m, p, own in zip(self.parts, parts_of(z), parts_of(g), strict=True)]
        if any(scale is None for scale in scales):
            raise NoMatrixError
        return np.concatenate([np.ravel(scale) for scale in scales])

    def scaled(self, factor: float, who: slice = slice(0, 17)) -> None:
        """Multiply rates."""
        for i, mover in enumerate(self.parts):
            if who.start <= (0, 8)[i // 2] < who.stop:
                mover.lr *= factor


# --- methods ----------------------------------------------------------------------------------------


class Reference:
    """One method: `step(z)` with its movers and batches."""

    def __init__(self, movers: Movers) -> None:
        self.movers, self.n, self.memory = movers, 0, None

    def batch(self) -> Array:
        self.n += 1
        return drawn(self.n - 1)


def simultaneous(r, z):
    return r.movers.step(z, field(z, r.batch()))


def alternating(r, z, q=None):
    q = r.batch() if q is None else q
    z = r.movers.step(z, field(z, q), Y)
    return r.movers.step(z, field(z, q), X)


def extragradient(r, z):
    q = r.batch()
    return r.movers.step(z, field(r.movers.step(z, field(z, q)), q))


def optimistic(r, z):
    d = simultaneous(r, z) - z
    before, r.memory = r.memory, d
    return z + (d if before is None else 2 * d - before)


def lookahead(r, z):
    slow, number = r.memory or (z, 0)
    z, number = alternating(r, z), number + 1
    if number % 2 == 0:
        slow = slow + 0.3 * (z - slow)
        z = slow
    r.memory = slow, number
    return z


def alex(r, z):
    """γ = 1.5, δ = 2: the second player's place as the first one sees it is in the memory."""
    q, at = r.batch(), z.copy()
    seen = z.copy()
    if r.memory is not None:
        seen[Y] = r.memory
    moved = r.movers.step(z, field(seen, q), X)
    seen = at.copy()
    seen[X] = at[X] + 1.5 * (moved[X] - at[X])
    end = r.movers.step(moved, field(seen, q), Y)
    r.memory = at[Y] + 2 * (end[Y] - at[Y])
    return end


def double_extragradient(r, z, gamma=2.5):
    q = r.batch()
    first = field(z, q)
    return r.movers.step(z, field(z - gamma * r.movers.ahead(z, first) * first, q))


def heavy_ball(r, z):
    q, momentum = r.batch(), np.zeros(17) if r.memory is None else r.memory
    for who in (Y, X):
        moved = r.movers.step(z, field(z, q), who)
        momentum = momentum.copy()
        momentum[who] = -0.5 * momentum[who] + (moved - z)[who]
        z = z.copy()
        z[who] += momentum[who]
    r.memory = momentum
    return z


def nesterov(r, z):
    before = z if r.memory is None else r.memory
    r.memory = z
    ahead = z + 0.5 * (z - before)
    return r.movers.step(ahead, field(ahead, r.batch()))


def consensus(r, z):
    q = r.batch()
    return r.movers.step(z, field(z, q) + 0.8 * jacobian(z, q).T @ field(z, q))


def symplectic(r, z):
    q = r.batch()
    f, j = field(z, q), jacobian(z, q)
    adjustment = (j - j.T).T @ f / 2
    sign = np.sign((f @ j.T @ f) * (adjustment @ j.T @ f) / 17 + 0.1)
    return r.movers.step(z, f + sign * adjustment)


def coupling_of(j):
    d = j.copy()
    d[X, X], d[Y, Y] = 0, 0
    return d


def competitive(r, z):
    q = r.batch()
    f = field(z, q)
    return r.movers.step(z, np.linalg.solve(np.eye(17) + coupling_of(jacobian(z, q)) * r.movers.ahead(z, f), f))


def unrolled(r, z):
    """n = 2: the leader's loss as a function of x alone, differentiated by differences."""
    q = r.batch()

    def foreseen(x):
        w = np.concatenate([x, z[Y]])
        for _ in range(2):
            g = np.concatenate([np.zeros(8), field(w, q)[Y]])
            w = np.concatenate([x, (w - r.movers.ahead(z, g) * g)[Y]])
        return float(losses(w, q)[0])

    return r.movers.step(z, np.concatenate([derivative(foreseen, z[X]), field(z, q)[Y]]))


def anchored(r, z):
    """feg."""
    anchor, k = r.memory or (z, 0)
    q, beta = r.batch(), 1 / (k + 1)
    f = field(z, q)
    pulled = z + beta * (anchor - z)
    half = pulled - (1 - beta) * r.movers.ahead(z, f) * f
    r.memory = anchor, k + 1
    return r.movers.step(pulled, field(half, q))


def runge_kutta(r, z):
    """rk4, with the penalty λ‖F_x‖², λ = .02, in the discriminator's direction."""
    q = r.batch()
    stages = [field(z, q)]
    lengths = stages[0].copy()
    lengths[Y] = 0
    penalty = 2 * 0.02 * jacobian(z, q).T @ lengths
    penalty[X] = 0
    for offset in (1 / 2, 1 / 2, 1.0):
        stages.append(field(z - offset * r.movers.ahead(z, stages[-1]) * stages[-1], q))
    return r.movers.step(z, np.array([1 / 6, 1 / 3, 1 / 3, 1 / 6]) @ np.array(stages) + penalty)


def lead(r, z):
    q, before = r.batch(), z if r.memory is None else r.memory
    r.memory = z
    moved = z - before
    return r.movers.step(z, field(z, q)) + 0.1 * moved - 0.3 * coupling_of(jacobian(z, q)) @ moved


def extrapolated(r, z):
    """Window 1: of two steps, the combination of least residual."""
    images, residuals = r.memory or ([], [])
    image = simultaneous(r, z)
    images, residuals = [*images, image], [*residuals, image - z]
    r.memory = images, residuals
    if len(images) < 2:
        return image
    r.memory = None
    step = residuals[1] - residuals[0]
    c = -(residuals[0] @ step) / (step @ step)
    return (1 - c) * images[0] + c * images[1]


def agraal(r, z):
    """φ = 1.5. The first size is ½ over the Lipschitz constant, measured along the field."""
    q, phi = r.batch(), 1.5
    f = field(z, q)
    if r.memory is None:
        norm = np.linalg.norm(f)
        reach = 1e-3 * max(1.0, np.linalg.norm(z * f) / norm) / norm
        size, theta, mean = reach * norm / np.linalg.norm(field(z - reach * f, q) - f) / 2, 1.0, z
    else:
        before, field_before, mean, old, old_theta = r.memory
        local = np.sum((z - before) ** 2) / np.sum((f - field_before) ** 2)
        size = min((1 / phi + 1 / phi**2) * old, phi * old_theta / (4 * old) * local)
        theta = phi * size / old
    mean = ((phi - 1) * z + mean) / phi
    r.memory = z, f, mean, size, theta
    return mean - size * f


def svre(r, z):
    """k = 2, two batches for the mean at the snapshot."""
    snapshot, mean, steps = r.memory or (None, None, 0)
    if steps % 2 == 0:
        snapshot, mean = z, (field(z, r.batch()) + field(z, r.batch())) / 2
    one, two = r.batch(), r.batch()
    half = r.movers.step(z, field(z, one) - field(snapshot, one) + mean)
    r.memory = snapshot, mean, steps + 1
    return r.movers.step(z, field(half, two) - field(snapshot, two) + mean)


def proximal(r, z):
    """The point whose own field leads to it, by damped iteration."""
    q, w = r.batch(), z
    for _ in range(400):
        f = field(w, q)
        w = (w + z - r.movers.ahead(z, f) * f) / 2
    return r.movers.step(z, field(w, q))


def ridge(r, z):
    """Damping 1."""
    q = r.batch()
    f, j = field(z, q), jacobian(z, q)
    scale = r.movers.ahead(z, f)
    compensation = np.linalg.solve(j[Y, Y] + np.eye(9), j[Y, X] @ (scale * f)[X])
    return r.movers.step(z, f - np.concatenate([np.zeros(8), compensation / scale[Y]]))


def gap_aware(r, z):
    """ideal = 0, x = 1 on both sides: the factor is 2^min(gap, 1) above 0 and .1^min(gap, 1) below it."""
    factor = 1.0
    if r.memory is not None:
        factor = (2.0 if r.memory >= 0 else 0.1) ** min(abs(r.memory), 1.0)
    q = r.batch()
    loss = float(losses(z, q)[1])
    r.movers.scaled(factor, Y)
    z = alternating(r, z, q)
    r.movers.scaled(1 / factor, Y)
    r.memory = loss if r.memory is None else 0.95 * r.memory + 0.05 * loss
    return z


def schedule_free(r, z):
    mean, k = r.memory or (z, 0)
    z = r.movers.step(z, field(0.1 * z + 0.9 * mean, r.batch()))
    r.memory = mean + (z - mean) / (k + 2), k + 1
    return z


def extragradient_plus(r, z):
    return double_extragradient(r, z, 2.0)


def curvature_extragradient(r, z):
    """ν = .9, τ = .8, λ = 1.2, δ = −.01; three steps of the power method from the field."""
    q = r.batch()
    f, j = field(z, q), jacobian(z, q)
    vector, norm = f, 0.0
    for _ in range(3):
        image = j @ (vector / np.linalg.norm(vector))
        norm, vector = max(norm, np.linalg.norm(image)), j.T @ image
    gamma = 0.9 / norm
    while np.linalg.norm(field(z - gamma * f, q) - f) > 0.9 * np.linalg.norm(f) * (1 + 1e-9):
        gamma *= 0.8
    ahead = field(z - gamma * f, q)
    return z - 1.2 * (-0.01 + gamma * (f @ ahead) / (ahead @ ahead)) * ahead


def adaptive_extragradient(r, z, past=False):
    """G = 2."""
    total, before = r.memory or (0.0, None)
    q, size = r.batch(), 2 / np.sqrt(4 + total)
    r.movers.scaled(size)
    first = before if past else field(z, q)
    half = z if first is None else z - r.movers.ahead(z, first) * first
    second = field(half, q)
    end = r.movers.step(z, second)
    r.movers.scaled(1 / size)
    if past:
        r.memory = total + (0.0 if first is None else np.sum((second - first) ** 2)), second
    else:
        r.memory = total + (np.sum((second - first) ** 2) + np.sum(first**2)) / 5, None
    return end


def anchored_popov(r, z):
    anchor, k, before = r.memory or (z, 0, None)
    pulled = z + (anchor - z) / (k + 2)
    half = pulled if before is None else pulled - r.movers.ahead(pulled, before) * before
    f = field(half, r.batch())
    r.memory = anchor, k + 1, f
    return r.movers.step(pulled, f)


def eag_v(r, z):
    """α shrinks from 1 on, in units of the rate: L = .5, and the rate is the largest entry of P."""
    anchor, k, shrunk = r.memory or (z, 0, 1.0)
    q, beta = r.batch(), 1 / (k + 2)
    f = field(z, q)
    scale = r.movers.ahead(z, f)
    square = (shrunk * scale.max() * 0.5) ** 2
    pulled = z + beta * (anchor - z)
    half = pulled - shrunk * scale * f
    r.movers.scaled(shrunk)
    end = r.movers.step(pulled, field(half, q))
    r.movers.scaled(1 / shrunk)
    r.memory = anchor, k + 1, shrunk * (1 - (k + 2) ** 2 / ((k + 1) * (k + 3)) * square) / (1 - square)
    return end


def nested_lookahead(r, z):
    """k = 1, outer = 2, α = .3."""
    slow, slower, number = r.memory or (z, z, 0)
    z, number = alternating(r, z), number + 1
    slow = z = slow + 0.3 * (z - slow)
    if number % 2 == 0:
        slower = slow = z = slower + 0.3 * (slow - slower)
    r.memory = slow, slower, number
    return z


def stackelberg(r, z):
    """Damping 2, at which the follower's curvature is positive here, solved exactly."""
    q = r.batch()
    f, j = field(z, q), jacobian(z, q)
    asked = torch.func.grad(lambda u: losses(u, q)[0])(torch.as_tensor(z)).numpy()[Y]
    curvature = j[Y, Y] + 2 * np.eye(9)
    assert np.linalg.eigvalsh(curvature).min() > 0
    total = f.copy()
    total[X] -= j[Y, X].T @ np.linalg.solve(curvature, asked)
    return r.movers.step(z, total)


def optimistic_adam(r, z):
    d = simultaneous(r, z) - z
    before, r.memory = r.memory, d
    return z + 2 * d - (0 if before is None else before)


METHODS: dict[str, Callable[[Reference, Array], Array]] = {
    "simultaneous": simultaneous,
    "alternating": alternating,
    "extragradient": extragradient,
    "optimistic": optimistic,
    "lookahead": lookahead,
    "averaged": alternating,
    "alex": alex,
    "double-extragradient": double_extragradient,
    "heavy-ball": heavy_ball,
    "nesterov": nesterov,
    "consensus": consensus,
    "symplectic": symplectic,
    "competitive": competitive,
    "unrolled": unrolled,
    "anchored": anchored,
    "runge-kutta": runge_kutta,
    "lead": lead,
    "extrapolated": extrapolated,
    "agraal": agraal,
    "svre": svre,
    "proximal": proximal,
    "ridge": ridge,
    "gap-aware": gap_aware,
    "schedule-free": schedule_free,
    "extragradient-plus": extragradient_plus,
    "curvature-extragradient": curvature_extragradient,
    "adaptive-extragradient": adaptive_extragradient,
    "anchored-popov": anchored_popov,
    "nested-lookahead": nested_lookahead,
    "stackelberg": stackelberg,
    "optimistic-adam": optimistic_adam,
}

#: Variants, over fewer optimizers.
VARIANTS: dict[str, Callable[[Reference, Array], Array]] = {
    "adaptive-extragradient, past": lambda r, z: adaptive_extragradient(r, z, past=True),
    "anchored, eag-v": eag_v,
}
