"""Networks: no loss, no optimizer, no training logic."""

from torch import nn

from saddlepoint.networks.convolutional import ConvolutionalDiscriminator, ConvolutionalGenerator
from saddlepoint.networks.mlp import MLPDiscriminator, MLPGenerator

NETWORKS: dict[str, type[nn.Module]] = {
    "mlp-generator": MLPGenerator,
    "mlp-discriminator": MLPDiscriminator,
    "convolutional-generator": ConvolutionalGenerator,
    "convolutional-discriminator": ConvolutionalDiscriminator,
}

__all__ = [
    "NETWORKS",
    "ConvolutionalDiscriminator",
    "ConvolutionalGenerator",
    "MLPDiscriminator",
    "MLPGenerator",
]
