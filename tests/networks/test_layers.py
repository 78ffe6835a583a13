"""The layers that networks are made of, each by the property that it is there for."""

import pytest
import torch
from torch import nn
from torch.nn.functional import interpolate, softmax

from saddlepoint.networks import (
    DCGANDiscriminator,
    DCGANGenerator,
    MaxoutDiscriminator,
    MLPDiscriminator,
    MLPGenerator,
    ResidualDiscriminator,
    ResidualGenerator,
    SNGANDiscriminator,
)
from saddlepoint.networks.attention import SelfAttention
from saddlepoint.networks.batch_normalisation import ClassBatchNorm
from saddlepoint.networks.initialisation import SLOPE
from saddlepoint.networks.maxout import Maxout, second_moment_of_largest
from saddlepoint.networks.minibatch import MinibatchDeviation
from saddlepoint.networks.resampling import Resampling
from saddlepoint.networks.residual import BottleneckBlock


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


# --- resampling ---------------------------------------------------------------------------------------


def test_doubling_is_bilinear_interpolation_inside() -> None:
    x = torch.randn(2, 3, 5, 7, dtype=torch.float64)
    ours = Resampling(up=True).double()(x)
    theirs = interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    torch.testing.assert_close(ours[..., 1:-1, 1:-1], theirs[..., 1:-1, 1:-1])


def test_halving_is_the_antialiased_bilinear_one_inside() -> None:
    x = torch.randn(2, 3, 8, 12, dtype=torch.float64)
    ours = Resampling(up=False).double()(x)
    theirs = interpolate(x, scale_factor=0.5, mode="bilinear", align_corners=False, antialias=True)
    torch.testing.assert_close(ours[..., 1:-1, 1:-1], theirs[..., 1:-1, 1:-1])


def test_halving_is_a_quarter_of_the_transpose_of_doubling() -> None:
    x, y = torch.randn(2, 3, 8, 12, dtype=torch.float64), torch.randn(2, 3, 4, 6, dtype=torch.float64)
    down, up = Resampling(up=False).double(), Resampling(up=True).double()
    torch.testing.assert_close(4 * (down(x) * y).sum(), (x * up(y)).sum())


def test_the_finest_chequerboard_does_not_survive_halving() -> None:
    board = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).repeat(4, 4)[None, None]
    assert Resampling(up=False)(board)[..., 1:-1, 1:-1].abs().max() == 0


def test_the_filter_is_not_in_the_weights() -> None:
    assert not Resampling(up=True).state_dict()


# --- attention ----------------------------------------------------------------------------------------


def test_attention_starts_as_the_identity() -> None:
    x = torch.randn(2, 16, 4, 4)
    assert torch.equal(SelfAttention(16)(x), x)


def test_attention_is_its_formula() -> None:
    """Pixel by pixel: x_i + γ W Σ_j β_ij h_j with β_i the softmax of ⟨f_i, g_j⟩."""
    layer = SelfAttention(16).double()
    nn.init.constant_(layer.gate, 0.7)
    x = torch.randn(1, 16, 2, 3, dtype=torch.float64)
    f, g, h = (part.weight[..., 0, 0] @ x[0].flatten(1) for part in (layer.query, layer.key, layer.value))
    out = layer(x)[0].flatten(1)
    for i in range(6):
        beta = softmax(torch.stack([f[:, i] @ g[:, j] for j in range(6)]), dim=0)
        seen = sum(beta[j] * h[:, j] for j in range(6))
        torch.testing.assert_close(out[:, i], x[0].flatten(1)[:, i] + 0.7 * layer.last.weight[..., 0, 0] @ seen)


def test_attention_does_not_know_where_a_pixel_is() -> None:
    layer = SelfAttention(8).double()
    nn.init.constant_(layer.gate, 1.0)
    x, order = torch.randn(2, 8, 3, 4, dtype=torch.float64), torch.randperm(12)
    shuffled = x.flatten(2)[..., order].unflatten(2, (3, 4))
    torch.testing.assert_close(layer(shuffled), layer(x).flatten(2)[..., order].unflatten(2, (3, 4)))


# --- the minibatch's deviation ------------------------------------------------------------------------


def test_deviation_is_the_mean_over_pixels_of_the_deviation_over_samples() -> None:
    x = torch.randn(6, 3, 4, 5, dtype=torch.float64)
    seen = MinibatchDeviation()(x)
    assert torch.equal(seen[:, :3], x)
    expected = x.flatten(1).std(dim=0, correction=0).mean()
    torch.testing.assert_close(seen[:, 3], expected.expand(6, 4, 5), rtol=1e-6, atol=0)


def test_deviation_knows_nothing_of_the_mean_and_scales() -> None:
    x, layer = torch.randn(6, 3, dtype=torch.float64), MinibatchDeviation()
    torch.testing.assert_close(layer(x + 5)[:, 3], layer(x)[:, 3])
    torch.testing.assert_close(layer(-2 * x)[:, 3], 2 * layer(x)[:, 3], rtol=1e-6, atol=0)


def test_a_collapsed_minibatch_has_no_deviation_and_a_finite_gradient() -> None:
    x = torch.ones(4, 3, dtype=torch.float64, requires_grad=True)
    seen = MinibatchDeviation()(x)
    assert float(seen[0, 3].detach()) == pytest.approx(1e-4)
    (gradient,) = torch.autograd.grad(seen.sum(), x)
    assert gradient.isfinite().all()


@pytest.mark.parametrize("kind", [DCGANDiscriminator, SNGANDiscriminator, ResidualDiscriminator, MLPDiscriminator])
def test_with_deviation_a_discriminator_hears_of_the_other_samples(kind: type[nn.Module]) -> None:
    judge = kind((1, 16, 16), deviation=True).double().eval()
    images = torch.randn(4, 1, 16, 16, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(judge(images)[0], images)
    assert gradient[1].abs().max() > 0


# --- spectral norm ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "judge",
    [
        lambda: SNGANDiscriminator((3, 8, 8), width=4, widest=8, classes=3, attention=4),
        lambda: MLPDiscriminator((2,), widths=(8, 8), spectral=True),
        lambda: MaxoutDiscriminator((2,), widths=(8, 8), spectral=True),
    ],
)
def test_spectral_norm_brings_the_largest_singular_value_of_every_weight_to_1(judge) -> None:
    network = judge()
    with torch.no_grad():
        for _ in range(30):
            network(torch.randn(1, *network.seen), *([torch.tensor([1])] if network.classes else []))
    layers = [m for m in network.modules() if isinstance(m, nn.Linear | nn.Conv2d | nn.Embedding)]
    for layer in layers:
        assert float(torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2)) == pytest.approx(1, abs=1e-2)


def test_a_spectrally_normalised_discriminator_has_slope_at_most_1() -> None:
    """Layers of norm 1 and leaky ReLUs of slope at most 1: |D(x) − D(y)| ≤ ‖x − y‖."""
    judge = MLPDiscriminator((2,), widths=(16, 16), spectral=True)
    with torch.no_grad():
        for parameter in judge.parameters():
            parameter.mul_(10.0)  # what the norm is to undo
        for _ in range(200):
            judge(torch.randn(1, 2))
        judge.eval()
        x, y = torch.randn(500, 2), torch.randn(500, 2)
        slopes = (judge(x) - judge(y)).abs() / (x - y).norm(dim=1)
    assert float(slopes.max()) <= 1 + 1e-3


def test_blocks_that_start_at_zero_are_not_divided_by_their_norm() -> None:
    from saddlepoint.networks import ConvolutionalDiscriminator

    with pytest.raises(ValueError, match="depth=0"):
        ConvolutionalDiscriminator((1, 8, 8), depth=1, spectral=True)


# --- batch norm ---------------------------------------------------------------------------------------


def test_class_norm_brings_every_class_to_its_own_gain_and_shift() -> None:
    norm = ClassBatchNorm(3, classes=2).double()
    with torch.no_grad():
        norm.gain.copy_(torch.tensor([[1.0, 1.0, 1.0], [2.0, 3.0, 4.0]]))
        norm.shift.copy_(torch.tensor([[0.0, 0.0, 0.0], [5.0, 6.0, 7.0]]))
    x = 4 + 3 * torch.randn(2, 3, 4, 4, dtype=torch.float64)
    twice = torch.cat([x, x])
    out = norm(twice, torch.tensor([0, 0, 1, 1]))
    assert out[:2].mean(dim=(0, 2, 3)).abs().max() < 1e-12
    torch.testing.assert_close(out[:2].var(dim=(0, 2, 3), correction=0), torch.ones(3).double(), rtol=1e-4, atol=0)
    torch.testing.assert_close(out[2:], out[:2] * norm.gain[1][:, None, None] + norm.shift[1][:, None, None])


def test_a_class_norm_without_classes_is_batch_norm() -> None:
    ours, theirs = ClassBatchNorm(3, classes=0), nn.BatchNorm2d(3)
    x = torch.randn(4, 3, 5, 5)
    torch.testing.assert_close(ours(x, None), theirs(x))


@pytest.mark.parametrize(
    "make", [DCGANGenerator((1, 16, 16), 5, width=4), MLPGenerator((2,), 5, widths=(7,), normalisation="batch")]
)
def test_batch_norm_follows_the_latents_in_training_and_keeps_still_out_of_it(make: nn.Module) -> None:
    """running ← 0.9 running + 0.1 mean, from 0; then the statistics are fixed and samples stand alone."""
    norm = next(m for m in make.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d))
    before: list[torch.Tensor] = []
    handle = norm.register_forward_pre_hook(lambda module, inputs: before.append(inputs[0].detach()))
    latent = 3 + torch.randn(64, 5)
    make.train()(latent)
    mean = before[0].transpose(0, 1).flatten(1).mean(1)
    torch.testing.assert_close(norm.running_mean, 0.1 * mean)
    make.eval()
    torch.testing.assert_close(make(latent)[:2], make(latent[:2]))
    torch.testing.assert_close(norm.running_mean, 0.1 * mean)
    handle.remove()


# --- starts -------------------------------------------------------------------------------------------


def test_dcgan_starts_at_its_papers_deviation() -> None:
    for network in (DCGANGenerator((3, 32, 32), 100), DCGANDiscriminator((3, 32, 32))):
        for layer in network.modules():
            if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d) and layer.weight.numel() > 1000:
                assert float(layer.weight.detach().std()) == pytest.approx(0.02, rel=0.1)
                assert abs(float(layer.weight.detach().mean())) < 0.003


def test_a_bottleneck_starts_as_the_identity_and_moves_from_it() -> None:
    block, x = BottleneckBlock(4, expansion=2, group=2, blocks=3), torch.randn(2, 4, 5, 6)
    assert torch.equal(block(x), x)
    (gradient,) = torch.autograd.grad(block(x).square().sum(), block.narrow.weight)
    assert gradient.abs().max() > 0


@pytest.mark.parametrize("blocks", [1, 16])
def test_fixup_makes_the_first_layers_of_many_blocks_smaller(blocks: int) -> None:
    """He's deviation √(2/(1 + slope²)/fan-in) times L^(−1/4): 16 blocks start at half the size of 1."""
    block = BottleneckBlock(64, expansion=2, group=16, blocks=blocks)
    he = (2 / (1 + SLOPE**2)) ** 0.5
    for layer, fan_in in ((block.widen, 64), (block.mix, 9 * 16)):
        assert float(layer.weight.detach().std()) == pytest.approx(he * fan_in**-0.5 * blocks**-0.25, rel=0.05)


def test_the_residual_pair_starts_affine() -> None:
    """All blocks are the identity, so f(a) + f(b) = f(a + b) + f(0)."""
    make = ResidualGenerator((3, 32, 32), 5, width=8, depth=2).double()
    judge = ResidualDiscriminator((3, 32, 32), width=8, depth=2).double()
    for network, size in ((make, (5,)), (judge, (3, 32, 32))):
        a, b = torch.randn(2, 4, *size, dtype=torch.float64)
        torch.testing.assert_close(network(a) + network(b), network(a + b) + network(torch.zeros_like(a)))


@pytest.mark.parametrize(("side", "depth"), [(16, 1), (16, 3), (28, 1), (64, 1)])
def test_residual_signals_keep_their_size_at_the_start(side: int, depth: int) -> None:
    """Unit latents give images of order one; even images, which pass the low-pass filters, features of order one."""
    make = ResidualGenerator((3, side, side), 64, width=16, widest=64, depth=depth)
    judge = ResidualDiscriminator((3, side, side), width=16, widest=64, depth=depth)
    with torch.no_grad():
        images = make(torch.randn(16, 64))
        features = judge(torch.randn(16, 3, 1, 1).expand(16, 3, side, side), None, True).features
    assert 0.3 < float(images.std()) < 1.5
    assert 0.5 < float(features.square().mean().sqrt()) < 2


# --- maxout -------------------------------------------------------------------------------------------


def test_a_maxout_unit_is_the_largest_of_its_pieces() -> None:
    layer, x = Maxout(3, units=4, pieces=5).double(), torch.randn(6, 3, dtype=torch.float64)
    weight, bias = layer.affine.weight.view(4, 5, 3), layer.affine.bias.view(4, 5)
    expected = torch.stack([torch.stack([(weight[u] @ s + bias[u]).max() for u in range(4)]) for s in x])
    torch.testing.assert_close(layer(x), expected)


def test_a_maxout_layer_is_convex_and_with_one_piece_affine() -> None:
    a, b = torch.randn(2, 50, 3, dtype=torch.float64)
    layer, affine = Maxout(3, 4, pieces=5).double(), Maxout(3, 4, pieces=1).double()
    assert ((layer(a) + layer(b)) / 2 - layer((a + b) / 2)).min() >= -1e-12
    torch.testing.assert_close((affine(a) + affine(b)) / 2, affine((a + b) / 2))


def test_the_second_moment_of_the_largest_normal_number_is_known() -> None:
    """1, 1 and 1 + √3/(2π) for one, two and three: Bose and Gupta 1959."""
    assert [second_moment_of_largest(k) for k in (1, 2, 3)] == pytest.approx([1, 1, 1 + 3**0.5 / (2 * torch.pi)])


@pytest.mark.parametrize("layers", [1, 3, 6])
def test_maxout_signals_keep_their_size_at_the_start(layers: int) -> None:
    judge = MaxoutDiscriminator((64,), widths=(200,) * layers)
    with torch.no_grad():
        features = judge(torch.randn(500, 64), None, True).features
    assert float(features.square().mean().sqrt()) == pytest.approx(1, abs=0.4)
