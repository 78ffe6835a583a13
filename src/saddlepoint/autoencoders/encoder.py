"""A discriminator's features, read as codes."""

import torch
from torch import Tensor, nn

from saddlepoint.networks import Discriminator


class Encoder(nn.Module):
    """Samples to numbers: the features of a discriminator, then one linear layer in the place of its logit.

    The layers that only the logit needs are frozen, so that they are no parameters of the player.

    Args:
        network: any discriminator without classes that judges samples one by one.
        outputs: numbers a sample.

    Raises:
        ValueError: the network is no discriminator, or judges packs.

    >>> from saddlepoint.networks import MLPDiscriminator
    >>> Encoder(MLPDiscriminator((1, 8, 8)), outputs=6)(torch.zeros(3, 1, 8, 8)).shape
    torch.Size([3, 6])
    """

    def __init__(self, network: nn.Module, outputs: int) -> None:
        super().__init__()
        if not isinstance(network, Discriminator):
            raise ValueError(
                f"the encoder is a {type(network).__name__}: give a discriminator, whose features it reads"
            )
        if network.packing != 1:
            raise ValueError(f"the encoder's packing is {network.packing}, and a code is of one sample: give packing=1")
        self.network = network
        parameters = list(network.parameters())
        # Evaluation mode, as this look is not to move a batch-norm statistic; no layer may stand before the features.
        features, _ = network.eval().judge(torch.zeros(2, *network.seen, requires_grad=True))
        used = torch.autograd.grad(features.sum(), parameters, allow_unused=True)
        network.train()
        for parameter, gradient in zip(parameters, used, strict=True):
            parameter.requires_grad_(gradient is not None)
        self.head = nn.Linear(features.shape[1], outputs)

    def forward(self, samples: Tensor) -> Tensor:
        """(N, *shape) → (N, outputs)."""
        features, _ = self.network.judge(samples)
        outputs: Tensor = self.head(features)
        return outputs
