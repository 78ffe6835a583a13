"""Products with the Jacobian, J v and Jᵀ v, are those of finite differences for every network under every penalty.

A penalty differentiates the discriminator, the field differentiates the penalty, and the product differentiates the
field: a third derivative, which some of PyTorch's own layers have wrong.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from saddlepoint.augment import DiffAugment
from saddlepoint.core import Batch, Game, Point
from saddlepoint.networks import NETWORKS
from saddlepoint.penalties import PENALTIES, Consistency, DiscriminatorPass, Penalty

IMAGE, COUNT = (1, 16, 16), 4
SMALL: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "mlp-discriminator": ((3,), {"widths": (4, 4), "deviation": True}),
    "maxout-discriminator": ((3,), {"widths": (4,), "pieces": 2}),
    "convolutional-discriminator": ((1, 8, 8), {"width": 2, "attention": 4, "spectral": True, "deviation": True}),
    "dcgan-discriminator": (IMAGE, {"width": 2}),
    "sngan-discriminator": ((1, 8, 8), {"width": 2, "widest": 4, "attention": 4}),
    "residual-discriminator": ((1, 8, 8), {"width": 2, "widest": 4, "group": 2, "packing": 2}),
    "patch-discriminator": (IMAGE, {"width": 2, "depth": 1, "scales": 2, "normalisation": "instance"}),
    "unet-discriminator": ((1, 8, 8), {"width": 2, "depth": 2}),
    "table-discriminator": ((5,), {"widths": (4, 4), "embedding": 3}),
    "window-discriminator": ((6, 2), {"widths": (4,), "scales": (1.0, 2.0)}),
    "sequence-discriminator": ((5, 4), {"representations": 2, "embedding": 3, "channels": 2, "widths": (2, 3)}),
    "wavegan-discriminator": ((1, 64), {"width": 2, "kernel": 5, "shuffle": 1}),
    "vocoder-discriminator": ((256,), {"width": 2, "periods": (2, 3), "windows": (32,)}),
    "mlp-generator": ((3,), {"latent": 3, "widths": (4, 4), "normalisation": "batch"}),
    "convolutional-generator": ((1, 8, 8), {"latent": 3, "width": 2, "attention": 4}),
    "dcgan-generator": (IMAGE, {"latent": 3, "width": 2}),
    "sngan-generator": ((1, 8, 8), {"latent": 3, "width": 2, "widest": 4, "attention": 8}),
    "residual-generator": ((1, 8, 8), {"latent": 3, "width": 2, "widest": 4, "group": 2}),
    "table-generator": ((5,), {"latent": 3, "heads": (1, 1, 3), "width": 4, "depth": 1}),
    "window-generator": ((6, 2), {"latent": 3, "width": 4, "depth": 1}),
    "sequence-writer": ((5, 4), {"embedding": 3, "width": 4, "straight": False}),
    "wavegan-generator": ((1, 64), {"latent": 3, "width": 2, "kernel": 5}),
    "unet-translator": (IMAGE, {"source": IMAGE, "width": 2, "depth": 2}),
    "residual-translator": (IMAGE, {"source": IMAGE, "width": 2, "blocks": 1}),
    "super-resolver": ((1, 16, 16), {"source": (1, 8, 8), "width": 2, "blocks": 1}),
    "dense-super-resolver": ((1, 16, 16), {"source": (1, 8, 8), "width": 2, "blocks": 1}),
    "vocoder": ((64,), {"source": (6, 5), "width": 8}),
}
DISCRIMINATORS = [name for name in SMALL if name.endswith("discriminator")]
MAKE: dict[str, Callable[[], Penalty]] = {
    **PENALTIES,  # type: ignore[dict-item]
    "consistency": lambda: Consistency(augment=DiffAugment()),
}


class Shifted(nn.Module):
    """A smooth generator of any shape: its input, scaled and shifted."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.gain, self.shift = (nn.Parameter(torch.randn(shape) + 1) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        return self.gain * x + self.shift


class Judge(nn.Module):
    """A smooth discriminator of any shape, with layer and batch norm of PyTorch's own."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        size = int(torch.tensor(shape).prod())
        self.body = nn.Sequential(
            nn.Flatten(), nn.Linear(size, 3), nn.BatchNorm1d(3), nn.Tanh(), nn.LayerNorm(3), nn.Linear(3, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.body(x).squeeze(1)
        return logits


class Losses:
    """Wasserstein's losses with penalties, of players called one and two."""

    def __init__(self, penalties: Sequence[Penalty]) -> None:
        self.penalties = penalties

    def __call__(
        self, players: Mapping[str, nn.Module], batch: tuple[Tensor, Tensor], _names: Sequence[str]
    ) -> dict[str, Tensor]:
        real, latent = batch
        real, generated = real.clone().requires_grad_(), players["one"](latent)
        if not generated.requires_grad:
            generated = generated.requires_grad_()
        judge = players["two"]
        of_real, of_generated = judge(real), judge(generated)
        mix = torch.rand(len(real), *[1] * (real.dim() - 1), dtype=real.dtype)
        seen = DiscriminatorPass(judge, real, generated, of_real, of_generated, mix)
        gap = of_generated.square().mean() - of_real.mean()
        return {"one": -of_generated.mean(), "two": gap + sum(penalty(seen) for penalty in self.penalties)}


def game(name: str, penalties: Sequence[Penalty]) -> tuple[Game, Batch]:
    torch.manual_seed(0)
    shape, dials = SMALL[name]
    network = NETWORKS[name](shape=shape, **dials)
    source = shape
    if name in DISCRIMINATORS:
        players: dict[str, nn.Module] = {"one": Shifted(shape), "two": network}
    else:
        players = {"one": network, "two": Judge(shape)}
        source = dials.get("source", (dials.get("latent", 0),))
        if name == "sequence-writer":
            source = (shape[0], shape[1])
        if name == "table-generator":
            source = (dials["latent"],)
    with torch.no_grad():
        for player in players.values():
            player.double()
            for parameter in player.parameters():
                parameter.add_(0.2 * torch.randn_like(parameter))
    made = Game(players, Losses(penalties), {n: torch.optim.SGD(p.parameters(), lr=0.1) for n, p in players.items()})
    draw = torch.Generator().manual_seed(1)
    real, latent = (torch.randn(COUNT, *s, generator=draw, dtype=torch.float64) for s in (shape, source))
    return made, Batch((real, latent), COUNT, seed=3)


def agree(made: Game, batch: Batch) -> None:
    """J v is the central difference of F along v, and ⟨u, J v⟩ = ⟨Jᵀ u, v⟩."""
    line = made.linearize(batch)
    source = torch.Generator().manual_seed(2)
    u, v = (
        line.field.unflat(torch.randn(len(line.field.flat()), generator=source, dtype=torch.float64)) for _ in range(2)
    )
    product = line.jvp(v)
    torch.testing.assert_close(u.dot(product), line.vjp(u).dot(v), rtol=1e-8, atol=1e-10)

    def along(step: float) -> Point:
        with made.excursion():
            made.point.add_(v, alpha=step)
            return made.field(batch, base=False)

    step = 1e-7  # short, as a leaky ReLU that changes sides on the way makes a jump
    difference = ((along(step) - along(-step)) * (1 / (2 * step))).flat()
    torch.testing.assert_close(product.flat(), difference, rtol=1e-4, atol=2e-5 * float(difference.abs().max()))
    torch.testing.assert_close(line.field.flat(), made.field(batch, base=False).flat(), rtol=1e-7, atol=1e-9)


def test_all_networks_and_penalties_are_listed() -> None:
    assert set(SMALL) == set(NETWORKS)
    assert set(PENALTIES) <= set(MAKE)


@pytest.mark.parametrize("penalty", [*MAKE, "none"])
@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_products_with_every_discriminator_under_every_penalty(name: str, penalty: str) -> None:
    if penalty == "consistency" and len(SMALL[name][0]) != 3:
        pytest.skip("augmentations are of images")
    agree(*game(name, [] if penalty == "none" else [MAKE[penalty]()]))


@pytest.mark.parametrize("name", [name for name in SMALL if name not in DISCRIMINATORS])
def test_products_with_every_generator_before_a_penalised_discriminator_with_norms(name: str) -> None:
    agree(*game(name, [MAKE["r1"](), MAKE["r2"](), MAKE["gradient-penalty"]()]))


@pytest.mark.parametrize(
    "norm",
    [
        nn.BatchNorm1d(3),
        nn.InstanceNorm1d(3, affine=True),
        nn.LayerNorm(4),
        nn.GroupNorm(1, 3),
        nn.RMSNorm(4),
        weight_norm(nn.Linear(4, 4)),
        weight_norm(nn.Conv1d(3, 3, 3, padding=1), dim=1),
    ],
)
def test_products_through_norms_of_a_user_s_own_network(norm: nn.Module) -> None:
    torch.manual_seed(0)
    body = nn.Sequential(nn.Unflatten(1, (3, 4)), norm, nn.Tanh(), nn.Flatten(), nn.Linear(12, 1), nn.Flatten(0))
    players: dict[str, nn.Module] = {"one": Shifted((12,)).double(), "two": body.double()}
    penalties = [MAKE["r1"](), MAKE["gradient-penalty"]()]
    made = Game(players, Losses(penalties), {n: torch.optim.SGD(p.parameters(), lr=0.1) for n, p in players.items()})
    draw = torch.Generator().manual_seed(1)
    agree(made, Batch(tuple(torch.randn(2, COUNT, 12, generator=draw, dtype=torch.float64)), COUNT, seed=3))


class Called(nn.Module):
    """A function of PyTorch between two layers of a discriminator."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function, self.first, self.last = function, nn.Linear(12, 12), nn.Linear(12, 1)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.last(self.function(self.first(x).view(-1, 3, 4)).tanh().flatten(1)).squeeze(1)
        return logits


def of_called(function: Callable[[Tensor], Tensor], penalties: Sequence[Penalty]) -> tuple[Game, Batch]:
    torch.manual_seed(0)
    players: dict[str, nn.Module] = {"one": Shifted((12,)).double(), "two": Called(function).double()}
    made = Game(players, Losses(penalties), {n: torch.optim.SGD(p.parameters(), lr=0.1) for n, p in players.items()})
    draw = torch.Generator().manual_seed(1)
    return made, Batch(tuple(torch.randn(2, COUNT, 12, generator=draw, dtype=torch.float64)), COUNT, seed=3)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: torch.batch_norm(x, None, None, None, None, True, 0.1, 1e-5, False),
        lambda x: torch.instance_norm(x, None, None, None, None, True, 0.1, 1e-5, False),
        lambda x: torch.layer_norm(x, (4,)),
        lambda x: torch.native_layer_norm(x, (4,), None, None, 1e-5)[0],
    ],
    ids=["batch_norm", "instance_norm", "layer_norm", "native_layer_norm"],
)
def test_products_through_norms_that_are_called_without_a_module(function: Callable[[Tensor], Tensor]) -> None:
    agree(*of_called(function, [MAKE["r1"](), MAKE["gradient-penalty"]()]))


def test_attention_has_products_and_under_a_penalty_a_sentence() -> None:
    def attend(x: Tensor) -> Tensor:
        x = x.unsqueeze(1)  # a head
        return nn.functional.scaled_dot_product_attention(x, x, x).squeeze(1)

    agree(*of_called(attend, []))
    made, batch = of_called(attend, [MAKE["r1"]()])
    with pytest.raises(ValueError, match=r"differentiates a player twice, .*sdpa_kernel\(SDPBackend.MATH\)"):
        made.field(batch)
    made.linearize(batch)


@pytest.mark.parametrize("norm", [nn.BatchNorm2d, nn.InstanceNorm2d])
def test_elementary_statistics_are_those_of_pytorch(norm: type[nn.Module]) -> None:
    torch.manual_seed(0)
    eager, elementary = (norm(3, affine=True, track_running_stats=True).double() for _ in range(2))

    def made(network: nn.Module) -> Game:
        loss = lambda players, x, _: {"one": players["one"](x).square().sum()}  # noqa: E731
        return Game({"one": network}, loss, {"one": torch.optim.SGD(network.parameters(), lr=0.1)})

    x = torch.randn(4, 3, 5, 5, dtype=torch.float64)
    for _ in range(2):
        a, b = made(eager).field(Batch(x)).flat(), made(elementary).linearize(Batch(x)).field.flat()
        torch.testing.assert_close(a, b)
    for ours, theirs in zip(eager.buffers(), elementary.buffers(), strict=True):
        torch.testing.assert_close(ours, theirs)


class Old(nn.Module):
    """A discriminator with PyTorch's older spectral norm, a hook on the layer."""

    def __init__(self, normalise: Callable[[nn.Module], nn.Module]) -> None:
        super().__init__()
        self.body = nn.Sequential(normalise(nn.Linear(3, 5)), nn.Tanh(), normalise(nn.Linear(5, 1)))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.body(x).squeeze(1)
        return logits


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("normalise", [nn.utils.spectral_norm, nn.utils.parametrizations.spectral_norm])
def test_products_and_vectors_with_spectral_norm_in_a_network_of_ones_own(
    normalise: Callable[[nn.Module], nn.Module],
) -> None:
    torch.manual_seed(0)
    players: dict[str, nn.Module] = {"one": Shifted((3,)).double(), "two": Old(normalise).double()}
    with torch.no_grad():
        for parameter in players["two"].parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    optimizers = {n: torch.optim.SGD(p.parameters(), lr=0.1) for n, p in players.items()}
    made = Game(players, Losses([MAKE["r1"](), MAKE["gradient-penalty"]()]), optimizers)
    draw = torch.Generator().manual_seed(1)
    seen = Batch(tuple(torch.randn(COUNT, 3, generator=draw, dtype=torch.float64) for _ in range(2)), COUNT, seed=3)
    agree(made, seen)
    assert all(part.training for part in players["two"].modules())

    def vectors() -> list[Tensor]:
        return [b.clone() for n, b in players["two"].named_buffers() if n.endswith(("_u", "_v"))]

    # Fixed in all evaluations of a step, moved once at its end.
    before = vectors()
    made.field(seen, base=False)
    made.field(seen, only=("one",))
    made.field(seen, only=("two",), base=False)
    assert all(torch.equal(*pair) for pair in zip(before, vectors(), strict=True))
    weight = next(p for n, p in players["two"].named_parameters() if "weight" in n or "original" in n)
    made.end_step()
    # One step of the power method, which begins with v in the older one and with u in the other.
    w, (u, v), unit = weight.detach(), before[:2], partial(nn.functional.normalize, dim=0)
    if normalise is nn.utils.spectral_norm:
        v = unit(w.T @ u)
    u = unit(w @ v)
    torch.testing.assert_close(vectors()[:2], [u, v if normalise is nn.utils.spectral_norm else unit(w.T @ u)])
