"""The variational autoencoder."""

from typing import Literal

import torch
from torch import Tensor, nn

from saddlepoint.autoencoders.player import Autoencoder
from saddlepoint.losses import bernoulli_nll, gaussian_nll, kl_to_standard_normal

Likelihood = Literal["gaussian", "bernoulli"]


class VariationalAutoencoder(Autoencoder):
    """The evidence lower bound: reconstruction, and the distance of the codes' distribution from the prior.

        min E_x [ −log p(x | z) + β KL(N(μ(x), diag σ²(x)) ‖ N(0, I)) ],    z = μ(x) + σ(x) ε,  ε ~ N(0, I)

    With β = 1 and the Gaussian likelihood its negative bounds log p(x) from below, in nats, and touches it where the
    encoder is the posterior: for linear networks, at the solution of probabilistic PCA.

    Args:
        encoder, decoder, latent: see `Autoencoder`.
        beta: weight of the KL term; above 1 codes are simpler, below 1 reconstructions sharper.
        likelihood: gaussian, N(decoder(z), s² I) with s² learned; or bernoulli, each pixel a coin, whose probability
            is the decoder's output between black and white.
        components: 0 draws from the prior, more from a mixture fitted to the codes afterwards.
        low, high: black and white.

    Raises:
        ValueError: a β below 0, or an encoder that does not fit.

    Papers: Kingma, Welling 2014, "Auto-encoding variational Bayes", arXiv 1312.6114; Higgins et al. 2017, "beta-VAE",
    ICLR; Rybkin, Daniilidis, Levine 2021, "Simple and effective VAE training with calibrated decoders", arXiv
    2006.13202 (the learned s²).
    """

    paper = """@inproceedings{kingma2014auto,
  title={Auto-Encoding Variational {B}ayes},
  author={Kingma, Diederik P. and Welling, Max},
  booktitle={ICLR}, year={2014}}"""

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        latent: int,
        beta: float = 1.0,
        likelihood: Likelihood = "gaussian",
        components: int = 0,
        low: float = -1.0,
        high: float = 1.0,
    ) -> None:
        super().__init__(encoder, decoder, latent, 2, components)
        if beta < 0:
            raise ValueError(f"beta is {beta}: give at least 0")
        self.beta, self.low, self.span = beta, low, high - low
        self.log_variance = nn.Parameter(torch.zeros(())) if likelihood == "gaussian" else None

    def forward(self, samples: Tensor, noise: Tensor, *labels: Tensor) -> Tensor:
        """−ELBO of each sample with one draw of its code, nats, (N,)."""
        mean, log_variance = self.posterior(samples)
        decoded = self.decoder(mean + (0.5 * log_variance).exp() * noise, *labels)
        return self._cost(decoded, samples) + self.beta * kl_to_standard_normal(mean, log_variance)

    def posterior(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """μ and log σ² of the codes, each (N, latent)."""
        mean, log_variance = self.encoder(samples).chunk(2, dim=1)
        return mean, log_variance

    def codes(self, samples: Tensor) -> Tensor:
        """μ, (N, *shape) → (N, latent)."""
        return self.posterior(samples)[0]

    @torch.no_grad()
    def monitors(self, samples: Tensor) -> dict[str, float]:
        """`kl`: mean KL of the codes' distributions from the prior, nats; 0 where the decoder ignores its input."""
        return {"kl": float(kl_to_standard_normal(*self.posterior(samples)).mean())}

    def _cost(self, decoded: Tensor, samples: Tensor) -> Tensor:
        if self.log_variance is not None:
            return gaussian_nll(decoded, samples, self.log_variance)
        return bernoulli_nll((decoded - self.low) / self.span, (samples - self.low) / self.span)
