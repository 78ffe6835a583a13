"""A discriminator's look at the variety of its whole minibatch."""

import torch
from torch import Tensor, nn


class MinibatchDeviation(nn.Module):
    """One more channel: the standard deviation over the minibatch, averaged over all channels and pixels.

    A generator that collapses shows in it. A logit then depends on its whole minibatch, and a gradient penalty on
    how the minibatch hangs together.

    `couples_samples`: where processes share a batch, it is given the whole one.

    Karras, Aila, Laine, Lehtinen 2018, "Progressive growing of GANs", arXiv 1710.10196.

    >>> MinibatchDeviation()(torch.tensor([[1.0, 0.0], [3.0, 4.0]]))
    tensor([[1.0000, 0.0000, 1.5000],
            [3.0000, 4.0000, 1.5000]])
    """

    couples_samples = True

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, …) → (N, C + 1, …)."""
        # 1e-8: the root's derivative is infinite at 0.
        deviation = (x.var(dim=0, correction=0) + 1e-8).sqrt().mean()
        return torch.cat([x, deviation.expand(len(x), 1, *x.shape[2:])], dim=1)
