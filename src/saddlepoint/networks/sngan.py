"""The SNGAN pair: residual blocks, batch norm in the generator, spectral norm in the discriminator."""

from itertools import pairwise
from math import prod

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, relu

from saddlepoint.networks.attention import attention_at, check_attention
from saddlepoint.networks.batch_normalisation import ClassBatchNorm
from saddlepoint.networks.grids import Grid, pyramid
from saddlepoint.networks.initialisation import initialise
from saddlepoint.networks.minibatch import MinibatchDeviation
from saddlepoint.networks.output import OUTPUTS, Output
from saddlepoint.networks.players import Discriminator, Generator
from saddlepoint.networks.spectral import normalise_spectrally

#: He's gain for the ReLU.
GAIN = 2**0.5


class SNGANGenerator(Generator):
    """SNGAN: residual blocks that double the grid, with batch norm, whose gain and shift depend on the class.

    Args:
        shape: (C, H, W) of what it makes; H and W halve to 4 to 7 pixels.
        latent: size of its input; the paper's is 128.
        width: channels at full size; they double with every halving.
        widest: most channels. width = widest = 256 is the paper's for 32x32; 64 and 1024 that for larger images.
        output: what the last layer goes through.
        attention: shorter side in pixels of the grid with self-attention; 0 is none.
        classes: how many there are.

    Raises:
        ValueError: a size that does not halve evenly, or a dial out of range.

    Miyato, Kataoka, Koyama, Yoshida 2018, "Spectral normalization for generative adversarial networks",
    arXiv 1802.05957; Miyato, Koyama 2018, "cGANs with projection discriminator", arXiv 1802.05637 (classes).

    >>> import torch
    >>> SNGANGenerator((3, 32, 32), latent=128, width=8, widest=8)(torch.randn(2, 128)).shape
    torch.Size([2, 3, 32, 32])
    """

    def __init__(
        self,
        shape: Grid,
        latent: int,
        width: int = 256,
        widest: int = 256,
        output: Output = "tanh",
        attention: int = 0,
        classes: int = 0,
    ) -> None:
        super().__init__(classes)
        grids = pyramid(shape, width, widest)
        check_attention(attention, grids[:-1])
        self.coarsest = grids[-1]
        self.first = nn.Linear(latent, prod(self.coarsest))
        self.blocks, self.attention = nn.ModuleList(), nn.ModuleList()
        for inner, outer in pairwise(reversed(grids)):
            self.blocks.append(DoublingBlock(inner[0], outer[0], classes))
            self.attention.append(nn.Sequential(*attention_at(attention, outer)))
        self.norm = ClassBatchNorm(width, classes)
        self.last = nn.Conv2d(width, shape[0], 3, padding=1)
        self.output = OUTPUTS[output]()
        initialise(self.first, fan_in=latent, gain=1.0)
        initialise(self.last, fan_in=9 * width, gain=1.0)

    def generate(self, latent: Tensor, labels: Tensor | None) -> Tensor:
        """(N, latent) → (N, C, H, W)."""
        x = self.first(latent).view(-1, *self.coarsest)
        for block, attention in zip(self.blocks, self.attention, strict=True):
            x = attention(block(x, labels))
        images: Tensor = self.output(self.last(relu(self.norm(x, labels))))
        return images


class DoublingBlock(nn.Module):
    """up(x) → 1x1, plus norm → ReLU → up → 3x3 → norm → ReLU → 3x3; up repeats every pixel 2x2."""

    def __init__(self, inputs: int, outputs: int, classes: int) -> None:
        super().__init__()
        self.first_norm, self.second_norm = ClassBatchNorm(inputs, classes), ClassBatchNorm(outputs, classes)
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shortcut = nn.Conv2d(inputs, outputs, 1)
        initialise(self.first, fan_in=9 * inputs, gain=GAIN)
        initialise(self.second, fan_in=9 * outputs, gain=GAIN)
        initialise(self.shortcut, fan_in=inputs, gain=1.0)

    def forward(self, x: Tensor, labels: Tensor | None) -> Tensor:
        """(N, inputs, H, W) → (N, outputs, 2H, 2W)."""
        out: Tensor = self.first(_doubled(relu(self.first_norm(x, labels))))
        out = self.second(relu(self.second_norm(out, labels)))
        return out + _doubled(self.shortcut(x))


class SNGANDiscriminator(Discriminator):
    """SNGAN: residual blocks with spectral norm that halve the grid, then a sum over pixels and one logit.

    There is a block for every halving down to 4 to 7 pixels and one more; the last `flat` of them keep the grid.

    Args:
        shape: (C, H, W) of what it sees; H and W halve to 4 to 7 pixels.
        width: channels of the first block; they double with every block.
        widest: most channels. width = widest = 128 is the paper's for 32x32; 64 and 1024 that for larger images.
        flat: blocks that keep the grid, 2 in the paper for 32x32 and 1 for larger images; the first always halves.
        attention: shorter side in pixels of the grid with self-attention, after the block that first has it; 0 is none.
        deviation: the minibatch's standard deviation as one more channel before the last block.
        packing: samples judged together.
        auxiliary: an auxiliary classifier in place of the projection of classes.
        classes: how many there are.

    Raises:
        ValueError: a size that does not halve evenly, a dial out of range, or options that exclude each other.

    Miyato, Kataoka, Koyama, Yoshida 2018, arXiv 1802.05957; Miyato, Koyama 2018, arXiv 1802.05637 (classes).

    >>> import torch
    >>> SNGANDiscriminator((3, 32, 32), width=8, widest=8)(torch.randn(2, 3, 32, 32)).shape
    torch.Size([2])
    """

    def __init__(
        self,
        shape: Grid,
        width: int = 128,
        widest: int = 128,
        flat: int = 2,
        attention: int = 0,
        deviation: bool = False,
        packing: int = 1,
        auxiliary: bool = False,
        classes: int = 0,
    ) -> None:
        super().__init__(shape, classes, auxiliary, packing)
        if flat < 0:
            raise ValueError(f"flat is {flat}: give at least 0")
        _, height, wide = shape
        blocks = len(pyramid(shape, width, widest))
        halvings = [min(k + 1, max(1, blocks - flat)) for k in range(blocks)]
        grids = [(min(width << k, widest), height >> h, wide >> h) for k, h in enumerate(halvings)]
        check_attention(attention, grids)
        layers: list[nn.Module] = [FirstHalvingBlock(packing * shape[0], width), *attention_at(attention, grids[0])]
        for outer, inner in pairwise(grids):
            looking = deviation and inner is grids[-1]
            layers += [MinibatchDeviation()] if looking else []
            halves = inner[1] < outer[1]
            layers += [ContractingBlock(outer[0] + looking, inner[0], halves)]
            layers += attention_at(attention, inner) if halves else []
        self.body = nn.Sequential(*layers)
        self.last = nn.Linear(grids[-1][0], 1)
        self.add_heads(grids[-1][0])
        normalise_spectrally(self)

    def judge(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C, H, W) → features summed over pixels (N, d) and logits (N, 1)."""
        features = relu(self.body(images)).sum(dim=(2, 3))
        return features, self.last(features)


class FirstHalvingBlock(nn.Module):
    """halved(x) → 1x1, plus 3x3 → ReLU → 3x3 → halved: without a ReLU on pixels, which have a sign."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shortcut = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) → (N, outputs, H/2, W/2)."""
        shortcut: Tensor = self.shortcut(avg_pool2d(x, 2))
        return shortcut + avg_pool2d(self.second(relu(self.first(x))), 2)


class ContractingBlock(nn.Module):
    """x, plus ReLU → 3x3 → ReLU → 3x3, both halved by averages where it halves; x → 1x1 where it changes shape."""

    def __init__(self, inputs: int, outputs: int, halves: bool) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if halves or inputs != outputs else nn.Identity()
        self.pool = nn.AvgPool2d(2) if halves else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) → (N, outputs, H, W), or half of it."""
        out = self.second(relu(self.first(relu(x))))
        contracted: Tensor = self.pool(self.shortcut(x) + out)
        return contracted


def _doubled(x: Tensor) -> Tensor:
    return interpolate(x, scale_factor=2.0, mode="nearest")
