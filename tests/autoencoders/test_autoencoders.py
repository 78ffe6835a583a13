"""Autoencoders against what is known in closed form: probabilistic PCA, the principal subspace, fitted densities."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from saddlepoint.autoencoders import Density, Encoder, PlainAutoencoder, ThroughDensity, VariationalAutoencoder
from saddlepoint.networks import ConvolutionalDiscriminator, DCGANDiscriminator, MLPDiscriminator, MLPGenerator

D, K = 5, 2


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def data() -> Tensor:
    """Rows of a Gaussian with a plane of large variance and a little of it everywhere, centred."""
    x = draw(400, K, seed=1) @ (draw(K, D, seed=2) * 2) + 0.3 * draw(400, D, seed=3)
    return x - x.mean(0)


def linear(model: type, **options: object) -> PlainAutoencoder | VariationalAutoencoder:
    """With no hidden layer the features are the samples, and encoder and decoder are linear."""
    encoder, decoder = MLPDiscriminator((D,), widths=()), MLPGenerator((D,), latent=K, widths=())
    return model(encoder, decoder, K, **options).double()


def eigen(x: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues of the covariance, largest first, and their vectors as columns."""
    values, vectors = torch.linalg.eigh(x.T @ x / len(x))
    return values.flip(0), vectors.flip(1)


@torch.no_grad()
def at_pca(vae: VariationalAutoencoder, x: Tensor) -> tuple[Tensor, Tensor]:
    """Put a linear one at the solution of probabilistic PCA (Tipping, Bishop 1999): W and s² are returned.

    s² is the mean of the eigenvalues left over, W = U (Λ − s²)^½, and the posterior is
    N(M⁻¹ Wᵀ x, s² M⁻¹) with M = WᵀW + s², which is diagonal here.
    """
    values, vectors = eigen(x)
    variance = values[K:].mean()
    w = vectors[:, :K] * (values[:K] - variance).sqrt()
    m = w.T @ w + variance * torch.eye(K, dtype=torch.float64)
    *_, last = vae.decoder.body[:-1]
    last.weight.copy_(w)
    last.bias.zero_()
    head = vae.encoder.head
    head.weight.zero_()
    head.weight[:K] = torch.linalg.solve(m, w.T)
    head.bias[:K] = 0
    head.bias[K:] = (variance / m.diagonal()).log()
    vae.log_variance.copy_(variance.log())
    return w, variance


def in_full(x: Tensor) -> tuple[Tensor, Tensor]:
    """Every sample with noise ±√k e_i: the mean over it is the exact expectation of a quadratic."""
    noise = math.sqrt(K) * torch.cat([torch.eye(K), -torch.eye(K)]).double()
    return x.repeat_interleave(2 * K, 0), noise.repeat(len(x), 1)


def test_the_bound_touches_the_likelihood_at_probabilistic_pca_and_nothing_improves_on_it(data: Tensor) -> None:
    vae = linear(VariationalAutoencoder)
    w, variance = at_pca(vae, data)
    marginal = MultivariateNormal(
        torch.zeros(D, dtype=torch.float64), w @ w.T + variance * torch.eye(D, dtype=torch.float64)
    )
    loss = vae(*in_full(data)).mean()
    assert loss.item() == pytest.approx(-marginal.log_prob(data).mean().item(), rel=1e-10)
    moving = [p for p in vae.parameters() if p.requires_grad]
    assert all(g.abs().max() < 1e-8 for g in torch.autograd.grad(loss, moving))


def test_elsewhere_the_bound_is_below_the_likelihood(data: Tensor) -> None:
    vae = linear(VariationalAutoencoder)
    w, variance = at_pca(vae, data)
    with torch.no_grad():
        vae.encoder.head.bias[K:] += 0.5  # a posterior that is too wide
    marginal = MultivariateNormal(
        torch.zeros(D, dtype=torch.float64), w @ w.T + variance * torch.eye(D, dtype=torch.float64)
    )
    # KL of N(μ, σ²e^½) from N(μ, σ²): ½(e^½ − 1 − ½) a code.
    gap = K * 0.5 * (math.exp(0.5) - 1.5)
    assert vae(*in_full(data)).mean().item() == pytest.approx(gap - marginal.log_prob(data).mean().item(), rel=1e-8)


def test_beta_weighs_the_divergence_alone(data: Tensor) -> None:
    losses = []
    for beta in (0.0, 1.0, 3.0):
        vae = linear(VariationalAutoencoder, beta=beta)
        at_pca(vae, data)
        losses.append(vae(*in_full(data)).mean().item())
    assert losses[2] - losses[0] == pytest.approx(3 * (losses[1] - losses[0]))
    assert losses[1] - losses[0] == pytest.approx(vae.monitors(data)["kl"])


def test_the_linear_autoencoder_is_stationary_at_the_principal_subspace_and_loses_the_rest(data: Tensor) -> None:
    model = linear(PlainAutoencoder)
    values, vectors = eigen(data)
    with torch.no_grad():
        model.encoder.head.weight.copy_(vectors[:, :K].T)
        model.decoder.body[0].weight.copy_(vectors[:, :K])
        model.encoder.head.bias.zero_()
        model.decoder.body[0].bias.zero_()
    loss = model(data, draw(len(data), K)).mean()
    assert loss.item() == pytest.approx(values[K:].sum().item() / D)
    moving = [p for p in model.parameters() if p.requires_grad]
    assert all(g.abs().max() < 1e-10 for g in torch.autograd.grad(loss, moving))


def test_the_bernoulli_likelihood_maps_black_and_white_to_0_and_1() -> None:
    encoder, decoder = MLPDiscriminator((D,)), MLPGenerator((D,), latent=K, output="tanh")
    vae = VariationalAutoencoder(encoder, decoder, K, likelihood="bernoulli", beta=0.0)
    x = torch.ones(3, D)
    p = (vae.decoder(vae.codes(x)) + 1) / 2
    with torch.no_grad():
        found = vae(x, torch.zeros(3, K))
    torch.testing.assert_close(found, -p.log().sum(1), rtol=1e-4, atol=1e-4)


def test_noise_is_an_argument_so_a_loss_is_a_pure_function(data: Tensor) -> None:
    vae, noise = linear(VariationalAutoencoder), draw(len(data), K)
    assert torch.equal(vae(data, noise), vae(data, noise))
    assert not torch.equal(vae(data, noise), vae(data, -noise))


@pytest.mark.parametrize("kind", [MLPDiscriminator, ConvolutionalDiscriminator, DCGANDiscriminator])
def test_any_discriminator_encodes_and_every_parameter_that_moves_matters(kind: type) -> None:
    network = kind((1, 16, 16))
    before = {name: buffer.clone() for name, buffer in network.named_buffers()}
    encoder = Encoder(network, outputs=6)
    assert all(torch.equal(before[name], buffer) for name, buffer in network.named_buffers())
    codes = encoder(torch.rand(4, 1, 16, 16))
    assert codes.shape == (4, 6)
    moving = [p for p in encoder.parameters() if p.requires_grad]
    assert all(g.abs().max() > 0 for g in torch.autograd.grad(codes.square().sum(), moving))


def test_what_does_not_fit_is_refused() -> None:
    generator = MLPGenerator((4,), latent=2)
    with pytest.raises(ValueError, match="give a discriminator"):
        Encoder(generator, 2)
    with pytest.raises(ValueError, match="packing=1"):
        Encoder(MLPDiscriminator((4,), packing=2), 2)
    with pytest.raises(ValueError, match="at least 1"):
        PlainAutoencoder(MLPDiscriminator((4,)), generator, 2, components=0)
    with pytest.raises(ValueError, match="beta is -1"):
        VariationalAutoencoder(MLPDiscriminator((4,)), generator, 2, beta=-1.0)


# --- the density ----------------------------------------------------------------------------------------


def test_one_component_has_the_mean_and_covariance_of_the_codes() -> None:
    codes = draw(3000, 3, seed=4) @ draw(3, 3, seed=5) + torch.tensor([1.0, -2.0, 3.0])
    density = Density(3, 1)
    density.fit(codes)
    torch.testing.assert_close(density.means[0], codes.mean(0))
    covariance = density.factors[0] @ density.factors[0].T
    torch.testing.assert_close(covariance, codes.T.cov(correction=0), rtol=1e-4, atol=1e-5)
    drawn = density(draw(100_000, 3, seed=6))
    torch.testing.assert_close(drawn.mean(0), codes.mean(0), rtol=0.02, atol=0.03)
    torch.testing.assert_close(drawn.T.cov(), codes.T.cov(), rtol=0.05, atol=0.05)


def test_one_component_is_an_affine_map() -> None:
    density = Density(3, 1)
    density.fit(draw(500, 3, seed=4))
    a, b = draw(20, 3, seed=1), draw(20, 3, seed=2)
    torch.testing.assert_close(density(0.5 * (a + b)), 0.5 * (density(a) + density(b)))


def test_a_mixture_draws_each_component_as_often_and_as_wide_as_it_is() -> None:
    near, far = draw(1000, 2, seed=1) * 0.5, draw(3000, 2, seed=2) * torch.tensor([1.0, 2.0]) + 20
    density = Density(2, 2)
    density.fit(torch.cat([near, far]))
    drawn = density(draw(80_000, 2, seed=3))
    far_drawn = drawn[drawn[:, 0] > 10]
    assert len(far_drawn) / len(drawn) == pytest.approx(0.75, abs=0.01)
    torch.testing.assert_close(far_drawn.T.cov(), far.T.cov(), rtol=0.06, atol=0.06)
    torch.testing.assert_close(far_drawn.mean(0), far.mean(0), rtol=0.01, atol=0.0)
    # The latent that chooses the component must say nothing more within it.
    third = (far_drawn[:, 0] - far[:, 0].mean()) / far[:, 0].std()
    assert third.pow(3).mean().abs() < 0.12
    assert third.pow(4).mean() == pytest.approx(3.0, abs=0.25)


def test_unfitted_it_changes_nothing_of_a_normal_latent_but_where_it_is() -> None:
    z = draw(50_000, 3)
    torch.testing.assert_close(Density(3, 1)(z), z)
    drawn = Density(3, 4)(z)
    torch.testing.assert_close(drawn.T.cov(), torch.eye(3, dtype=torch.float64), rtol=0.03, atol=0.03)


def test_far_latents_and_codes_in_a_plane_stay_finite() -> None:
    density = Density(3, 2)
    density.fit(torch.cat([draw(100, 2), torch.zeros(100, 1, dtype=torch.float64)], 1))
    assert density(torch.tensor([[40.0, 0.0, 0.0], [-40.0, 0.0, 0.0]])).isfinite().all()


def test_few_codes_are_refused_and_codes_that_are_not_finite_ignored() -> None:
    density = Density(2, 5)
    with pytest.raises(ValueError, match="fewer components"):
        density.fit(draw(4, 2))
    means = density.means.clone()
    density.fit(torch.full((10, 2), torch.nan))
    assert torch.equal(density.means, means)


def test_the_generator_draws_its_codes_from_the_density() -> None:
    through = ThroughDensity(nn.Identity(), 2, 1)
    codes = draw(500, 2, seed=7) * 3 + 1
    through.fit(codes)
    torch.testing.assert_close(through(torch.zeros(1, 2, dtype=torch.float64))[0], codes.mean(0))


def test_a_class_has_a_density_of_its_own() -> None:
    through = ThroughDensity(Told(), 2, components=4, classes=3)
    codes, labels = draw(600, 2, seed=7), torch.arange(600) % 3
    codes = codes + 10.0 * labels[:, None]
    through.fit(codes, labels)
    assert [len(density.weights) for density in through.densities] == [1, 1, 1]
    drawn = through(torch.zeros(3, 2, dtype=torch.float64), torch.arange(3))
    torch.testing.assert_close(drawn, torch.stack([codes[labels == label].mean(0) for label in range(3)]))
    before = through.densities[1].means.clone()
    through.fit(codes[labels != 1], labels[labels != 1])
    assert torch.equal(through.densities[1].means, before)


class Told(nn.Module):
    """Gives back what it is given, and is told the class."""

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        assert len(labels) == len(latent)
        return latent
