"""The autoencoder."""

import torch
from torch import Tensor, nn

from saddlepoint.autoencoders.player import Autoencoder


class PlainAutoencoder(Autoencoder):
    """Squared error of what comes through a bottleneck; drawn from by a mixture of Gaussians fitted to the codes.

        min E_x (1/d) ‖x − g(e(x))‖²

    The linear one's minimum is the principal subspace. Noise is not used.

    Args:
        encoder, decoder, latent: see `Autoencoder`.
        components: of the mixture, at least 1; 1 is one Gaussian with all covariances.

    Raises:
        ValueError: no component, as nothing draws codes to a prior; or an encoder that does not fit.

    Papers: Hinton, Salakhutdinov 2006, "Reducing the dimensionality of data with neural networks", Science 313; Ghosh,
    Sajjadi, Vergari, Black, Schölkopf 2020, "From variational to deterministic autoencoders", arXiv 1903.12436 (the
    density fitted afterwards).
    """

    paper = """@inproceedings{ghosh2020variational,
  title={From Variational to Deterministic Autoencoders},
  author={Ghosh, Partha and Sajjadi, Mehdi S. M. and Vergari, Antonio and Black, Michael and Sch{\\"o}lkopf, Bernhard},
  booktitle={ICLR}, year={2020}}"""

    def __init__(self, encoder: nn.Module, decoder: nn.Module, latent: int, components: int = 10) -> None:
        super().__init__(encoder, decoder, latent, 1, components)
        if components < 1:
            raise ValueError("components is 0, and the codes of an autoencoder have no prior to draw: give at least 1")

    def forward(self, samples: Tensor, noise: Tensor, *labels: Tensor) -> Tensor:  # noqa: ARG002
        """The mean squared error of each sample, (N,)."""
        return (self.reconstructed(samples, *labels) - samples).square().flatten(1).mean(1)

    def codes(self, samples: Tensor) -> Tensor:
        """(N, *shape) → (N, latent)."""
        codes: Tensor = self.encoder(samples)
        return codes

    @torch.no_grad()
    def monitors(self, samples: Tensor) -> dict[str, float]:
        """`code_deviation`: the root mean variance of the codes; 0 where they collapse onto one."""
        return {"code_deviation": float(self.codes(samples).var(0, correction=0).mean().sqrt())}
