"""Every method over every optimizer of `saddle list optimizers`, for two steps, against its definition in NumPy."""

import functools

import numpy as np
import pytest
import references as ref
import torch
from torch import nn

from saddlepoint import methods as m
from saddlepoint.components.registries import OPTIMIZER_REGISTRY
from saddlepoint.core import Batch, Batches, Game, Outcome
from saddlepoint.methods import METHODS
from tiers import crossed

#: With the parameters that the references have.
MAKE = {
    **METHODS,
    "lookahead": lambda: m.Lookahead(k=2, alpha=0.3),
    "alex": lambda: m.Alex(gamma=1.5, delta=2.0),
    "double-extragradient": lambda: m.DoubleExtragradient(gamma=2.5),
    "consensus": lambda: m.Consensus(gamma=0.8),
    "unrolled": lambda: m.Unrolled(n=2),
    "runge-kutta": lambda: m.RungeKutta(penalty=0.02),
    "lead": lambda: m.Lead(beta=0.1, alpha=0.3),
    "extrapolated": lambda: m.Extrapolated(window=1),
    "svre": lambda: m.SVRE(k=2, batches=2),
    "proximal": lambda: m.Proximal(k=200),
    "ridge": lambda: m.Ridge(damping=1.0),
    "gap-aware": lambda: m.GapAware(ideal=0.0, x_min=1.0, x_max=1.0),
    "curvature-extragradient": lambda: m.CurvatureExtragradient(nu=0.9, tau=0.8, relaxation=1.2, delta=-0.01),
    "adaptive-extragradient": lambda: m.AdaptiveExtragradient(g0=2.0),
    "nested-lookahead": lambda: m.NestedLookahead(k=1, outer=2, alpha=0.3),
    "stackelberg": lambda: m.Stackelberg(damping=2.0),
    "adaptive-extragradient, past": lambda: m.AdaptiveExtragradient("past", g0=2.0),
    "anchored, eag-v": lambda: m.Anchored("eag-v", lipschitz=0.5),
}
START = np.random.default_rng(3).normal(size=17)
#: RMSprop begins without a correction of its mean, with steps of ten times its rate.
RATES = dict.fromkeys(ref.OPTIMIZERS, 0.03) | {"RMSprop": 0.003, "by-shape": 1e-3, "by-name": 1e-3}


class Player(nn.Module):
    """Its parameters, by a call."""

    def __init__(self, tensors):
        super().__init__()
        self.own = nn.ParameterList(nn.Parameter(torch.tensor(t)) for t in tensors)

    def forward(self):
        return tuple(self.own)


def game(optimizer, separate):
    w, b, v, c = ref.parts_of(START)
    players = {"x": Player([w, b]), "y": Player([v, c])}

    def both(players, q, names):
        of_x, of_y = ref.loss_values(*players["x"](), *players["y"](), torch.tensor(q))
        return {"x": of_x, "y": of_y}

    own = {n: (lambda players, q, n=n: both(players, q, (n,))[n]) for n in players}
    make = functools.partial(OPTIMIZER_REGISTRY.build, optimizer)
    named = {n: {t: name for name, t in p.named_parameters()} for n, p in players.items()}
    return Game(players, own if separate else both, {n: make(params=list(t), names=t) for n, t in named.items()})


def spec(name):
    if name == "by-name":
        return {"name": name, "pattern": "1$"}
    return {"name": name} if name.startswith("by-") else {"name": name, "lr": RATES[name]}


def test_all_are_listed():
    assert set(ref.METHODS) == set(METHODS)
    assert set(ref.OPTIMIZERS) == set(OPTIMIZER_REGISTRY.names)


@pytest.mark.parametrize(
    ("name", "optimizer"), crossed(ref.METHODS, ref.OPTIMIZERS, "alternating", "extragradient", "Adam")
)
def test_two_steps_are_those_of_the_definition(name, optimizer):
    follow(name, optimizer, ref.METHODS[name], 2)


@pytest.mark.parametrize(
    ("name", "optimizer"),
    crossed([*ref.METHODS, *ref.VARIANTS], ["SGD", "Adam"], "alternating", "extragradient", "SGD"),
)
def test_six_steps_under_gradient_descent_and_adam(name, optimizer):
    follow(name, optimizer, {**ref.METHODS, **ref.VARIANTS}[name], 6)


def follow(name, optimizer, definition, steps):
    played, method = game(spec(optimizer), separate=optimizer in ("Adam", "SGD")), MAKE[name]()
    batches = Batches(lambda position: Batch(ref.drawn(position), 1))
    reference = ref.Reference(ref.Movers(optimizer, RATES[optimizer]))
    z = START
    for _ in range(steps):
        before = z
        try:
            z = definition(reference, z)
        except ref.NoMatrixError:
            with pytest.raises(ValueError, match="preconditioner"):
                method.step(played, batches)
            return
        assert method.step(played, batches).outcome is Outcome.RUNNING
        # Muon orthogonalises in bfloat16; ASGD keeps its rate, and NAdam its momentum, in single precision.
        exact = {"Muon": 0.05, "ASGD": 1e-6, "NAdam": 1e-6}.get(optimizer, 1e-9)
        gap = np.linalg.norm(played.point.flat().numpy() - z) / np.linalg.norm(z - before)
        assert gap < exact
        assert np.linalg.norm(z - before) > 1e-5
