"""What the baselines have in common: encoder and decoder are one player, which minimises a loss of its own."""

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor, nn

from saddlepoint.autoencoders.encoder import Encoder


class Autoencoder(nn.Module, ABC):
    """An encoder and a decoder, the one player of a game: minimise E_x l(x, noise) over both.

    Called with samples, noise and, where the decoder has classes, labels, it gives l; noise is an argument, so that the
    loss is a pure function of parameters and batch, and any method may evaluate it where it likes. The encoder is not
    told the class, as codes need not say again what the decoder is told (Sohn, Lee, Yan 2015, "Learning structured
    output representation using deep conditional generative models", NeurIPS).

    Args:
        encoder: a discriminator, whose features become codes.
        decoder: a generator, (N, latent), and labels (N,) where it has classes → (N, *shape).
        latent: numbers in a code.
        statistics: numbers that the encoder gives for each of them.
        components: of the mixture of Gaussians that is fitted to the codes of a trained one, to be drawn from;
            0 draws from the standard normal prior.

    Raises:
        ValueError: components below 0, or an encoder that does not fit.

    Attributes:
        paper: BibTeX.
    """

    paper: ClassVar[str]

    def __init__(self, encoder: nn.Module, decoder: nn.Module, latent: int, statistics: int, components: int) -> None:
        super().__init__()
        if components < 0:
            raise ValueError(f"components is {components}: give at least 1, or 0 to draw from the prior")
        self.encoder, self.decoder = Encoder(encoder, statistics * latent), decoder
        self.components = components

    @abstractmethod
    def forward(self, samples: Tensor, noise: Tensor, *labels: Tensor) -> Tensor:
        """The loss of each sample: (N, *shape), standard normal (N, latent), labels (N,) if any → (N,)."""

    @abstractmethod
    def codes(self, samples: Tensor) -> Tensor:
        """The most likely code of each sample, (N, *shape) → (N, latent)."""

    @abstractmethod
    def monitors(self, samples: Tensor) -> dict[str, float]:
        """Numbers of its own about how it fares on samples (N, *shape)."""

    def reconstructed(self, samples: Tensor, *labels: Tensor) -> Tensor:
        """What the decoder makes of the codes, (N, *shape), labels (N,) if any → (N, *shape)."""
        decoded: Tensor = self.decoder(self.codes(samples), *labels)
        return decoded
