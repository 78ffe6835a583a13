"""Self-attention between the pixels of a grid."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from saddlepoint.networks.grids import Grid
from saddlepoint.networks.initialisation import initialise


class SelfAttention(nn.Module):
    """x + γ W Σ_j β_ij h(x_j), β_ij = softmax_j ⟨f(x_i), g(x_j)⟩ over pixels i, j; γ starts at 0, so as the identity.

    f, g, h are 1x1 convolutions to an eighth of the channels. Written in products that can be differentiated twice,
    as the fused kernels can't.

    Zhang, Goodfellow, Metaxas, Odena 2019, "Self-attention generative adversarial networks", arXiv 1805.08318.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = max(1, channels // 8)
        self.query, self.key, self.value = (nn.Conv2d(channels, inner, 1, bias=False) for _ in range(3))
        self.last = nn.Conv2d(inner, channels, 1, bias=False)
        self.gate = nn.Parameter(torch.zeros(1))
        for layer in (self.query, self.key, self.value):
            initialise(layer, fan_in=channels, gain=1.0)
        initialise(self.last, fan_in=inner, gain=1.0)

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W), shape kept."""
        query, key, value = (layer(x).flatten(2) for layer in (self.query, self.key, self.value))
        weights = torch.softmax(query.mT @ key, dim=2)
        seen: Tensor = self.last((value @ weights.mT).unflatten(2, x.shape[2:]))
        return x + self.gate * seen

    def products(self, x: Tensor) -> int:
        """Multiply-accumulate operations of the two matrix products for an input (N, channels, H, W)."""
        pixels = x.shape[2] * x.shape[3]
        return 2 * len(x) * self.query.out_channels * pixels**2


def attention_at(side: int, grid: Grid) -> list[nn.Module]:
    """Self-attention where the grid's shorter side is the given one, nothing elsewhere."""
    channels, height, wide = grid
    return [SelfAttention(channels)] if side == min(height, wide) else []


def check_attention(side: int, grids: Sequence[Grid]) -> None:
    """Raise ValueError where attention is wanted (side is not 0) at a grid that a network does not have."""
    sides = [min(height, wide) for _, height, wide in grids]
    if side and side not in sides:
        raise ValueError(
            f"attention is at side {side}, and the grids' shorter sides are {sides}: take one, or 0 for none"
        )
