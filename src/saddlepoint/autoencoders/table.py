"""The variational autoencoder of rows of a table."""

import math

import torch
from torch import Tensor, nn

from saddlepoint.autoencoders.player import Autoencoder
from saddlepoint.losses import kl_to_standard_normal
from saddlepoint.networks import TableGenerator


class TableAutoencoder(Autoencoder):
    """The evidence lower bound where a row's numbers are normal about a tanh, and its choices are drawn.

        min E_x [ Σ_j −log N(x_j; tanh r_j, s_j²) + Σ_c −log p_c(x_c | z) + β KL(N(μ(x), diag σ²(x)) ‖ N(0, I)) ]

    with s_j learned and p_c a softmax of the decoder's logits. Drawn from by z ~ N(0, I), and by drawing the rest.

    Args:
        encoder: see `Autoencoder`.
        decoder: a table-generator with noise on its numbers.
        latent: see `Autoencoder`.
        beta: weight of the KL term; ½ is the published one's factor 2 on the reconstruction.

    Raises:
        ValueError: a β below 0, or a decoder of another kind.

    Papers: Kingma, Welling 2014, arXiv 1312.6114; TVAE: Xu, Skoularidou, Cuesta-Infante, Veeramachaneni 2019, arXiv
    1907.00503.
    """

    paper = """@inproceedings{xu2019modeling,
  title={Modeling Tabular Data using Conditional {GAN}},
  author={Xu, Lei and Skoularidou, Maria and Cuesta-Infante, Alfredo and Veeramachaneni, Kalyan},
  booktitle={NeurIPS}, year={2019}}"""

    decoder: TableGenerator

    def __init__(self, encoder: nn.Module, decoder: nn.Module, latent: int, beta: float = 0.5) -> None:
        if not isinstance(decoder, TableGenerator) or decoder.log_deviation is None:
            raise ValueError(f"the decoder is a {type(decoder).__name__}: give a table-generator with noise=true")
        super().__init__(encoder, decoder, latent, 2, 0)
        if beta < 0:
            raise ValueError(f"beta is {beta}: give at least 0")
        self.beta = beta

    def forward(self, samples: Tensor, noise: Tensor, *labels: Tensor) -> Tensor:  # noqa: ARG002
        """−ELBO of each row with one draw of its code, nats, (N,)."""
        mean, log_variance = self.encoder(samples).chunk(2, dim=1)
        raw = self.decoder.raw(mean + (0.5 * log_variance).exp() * noise)
        log_deviation = self.decoder.log_deviation
        assert log_deviation is not None
        z = (samples[:, self.decoder.numbers] - torch.tanh(raw[:, self.decoder.numbers])) * (-log_deviation).exp()
        numbers = (0.5 * z.square() + log_deviation + 0.5 * math.log(2 * math.pi)).sum(1)
        choices = (
            -(samples[:, self.decoder.states] * self.decoder.log_shares(raw)).sum(1) if self.decoder.choices else 0
        )
        loss: Tensor = numbers + choices + self.beta * kl_to_standard_normal(mean, log_variance)
        return loss

    def codes(self, samples: Tensor) -> Tensor:
        """μ, (N, width) → (N, latent)."""
        codes: Tensor = self.encoder(samples).chunk(2, dim=1)[0]
        return codes

    @torch.no_grad()
    def monitors(self, samples: Tensor) -> dict[str, float]:
        """`kl`: mean KL of the codes' distributions from the prior, nats; 0 where the decoder ignores its input."""
        return {"kl": float(kl_to_standard_normal(*self.encoder(samples).chunk(2, dim=1)).mean())}
