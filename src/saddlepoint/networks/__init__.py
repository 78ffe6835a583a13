"""Networks: no loss, no optimizer, no training logic."""

from torch import nn

from saddlepoint.networks.bases import Base
from saddlepoint.networks.convolutional import ConvolutionalDiscriminator, ConvolutionalGenerator
from saddlepoint.networks.costs import Costs, costs
from saddlepoint.networks.coupling import coupled_layers, couples
from saddlepoint.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from saddlepoint.networks.dense_super_resolution import DenseSuperResolver
from saddlepoint.networks.maxout import MaxoutDiscriminator
from saddlepoint.networks.mlp import MLPDiscriminator, MLPGenerator
from saddlepoint.networks.patch import PatchDiscriminator
from saddlepoint.networks.players import Discriminator, DiscriminatorOutput, EncodingTranslator, Generator, Translator
from saddlepoint.networks.residual import ResidualDiscriminator, ResidualGenerator
from saddlepoint.networks.residual_translator import ResidualTranslator
from saddlepoint.networks.sequence import SequenceDiscriminator, SequenceWriter
from saddlepoint.networks.series import WindowDiscriminator, WindowGenerator
from saddlepoint.networks.sngan import SNGANDiscriminator, SNGANGenerator
from saddlepoint.networks.super_resolution import SuperResolver
from saddlepoint.networks.table import TableDiscriminator, TableGenerator
from saddlepoint.networks.unet import UNetDiscriminator, UNetTranslator
from saddlepoint.networks.vocoder import VocoderDiscriminator, VocoderGenerator
from saddlepoint.networks.wavegan import WaveGANDiscriminator, WaveGANGenerator

NETWORKS: dict[str, type[nn.Module]] = {
    "mlp-generator": MLPGenerator,
    "mlp-discriminator": MLPDiscriminator,
    "maxout-discriminator": MaxoutDiscriminator,
    "convolutional-generator": ConvolutionalGenerator,
    "convolutional-discriminator": ConvolutionalDiscriminator,
    "dcgan-generator": DCGANGenerator,
    "dcgan-discriminator": DCGANDiscriminator,
    "sngan-generator": SNGANGenerator,
    "sngan-discriminator": SNGANDiscriminator,
    "residual-generator": ResidualGenerator,
    "residual-discriminator": ResidualDiscriminator,
    "unet-translator": UNetTranslator,
    "residual-translator": ResidualTranslator,
    "super-resolver": SuperResolver,
    "dense-super-resolver": DenseSuperResolver,
    "patch-discriminator": PatchDiscriminator,
    "unet-discriminator": UNetDiscriminator,
    "table-generator": TableGenerator,
    "table-discriminator": TableDiscriminator,
    "window-generator": WindowGenerator,
    "window-discriminator": WindowDiscriminator,
    "sequence-writer": SequenceWriter,
    "sequence-discriminator": SequenceDiscriminator,
    "wavegan-generator": WaveGANGenerator,
    "wavegan-discriminator": WaveGANDiscriminator,
    "vocoder": VocoderGenerator,
    "vocoder-discriminator": VocoderDiscriminator,
}

__all__ = [
    "NETWORKS",
    "Base",
    "ConvolutionalDiscriminator",
    "ConvolutionalGenerator",
    "Costs",
    "DCGANDiscriminator",
    "DCGANGenerator",
    "DenseSuperResolver",
    "Discriminator",
    "DiscriminatorOutput",
    "EncodingTranslator",
    "Generator",
    "MLPDiscriminator",
    "MLPGenerator",
    "MaxoutDiscriminator",
    "PatchDiscriminator",
    "ResidualDiscriminator",
    "ResidualGenerator",
    "ResidualTranslator",
    "SNGANDiscriminator",
    "SNGANGenerator",
    "SequenceDiscriminator",
    "SequenceWriter",
    "SuperResolver",
    "TableDiscriminator",
    "TableGenerator",
    "Translator",
    "UNetDiscriminator",
    "UNetTranslator",
    "VocoderDiscriminator",
    "VocoderGenerator",
    "WaveGANDiscriminator",
    "WaveGANGenerator",
    "WindowDiscriminator",
    "WindowGenerator",
    "costs",
    "coupled_layers",
    "couples",
]
