"""Spectral normalisation of a whole network."""

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm


def normalise_spectrally(network: nn.Module) -> None:
    """Divide every weight W of linear, convolution and embedding layers by its largest singular value σ(W).

    σ is found by the power method, one step of it at the end of each step of the game; its vectors are buffers of their
    player. By itself, outside of a game, the network makes such a step at every forward pass in training mode.

    Miyato, Kataoka, Koyama, Yoshida 2018, "Spectral normalization for generative adversarial networks",
    arXiv 1802.05957.
    """
    for layer in list(network.modules()):
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.Embedding):
            spectral_norm(layer)
