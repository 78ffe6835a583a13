"""The networks' layers in another precision than the losses."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from saddlepoint.core.game import JointLoss
from saddlepoint.networks import DiscriminatorOutput


class MixedPrecision:
    """A joint loss whose players compute in a lower precision, while parameters and all else keep their own.

    Layers run under autocast; what a player says comes back in its input's precision. So losses, penalties,
    augmentations and the gradients' sums are float32, and a gradient in a sample, as R1 has it, is that of the network
    as it was evaluated: it passes back through the layers in their precision and is squared in float32. Its own
    derivative is exact up to rounding, as autocast's casts are differentiated like any operation.

    Micikevicius et al. 2018, "Mixed precision training", arXiv 1710.03740; Kalamkar et al. 2019, arXiv 1905.12322
    (bfloat16, which has float32's range, so that losses need no scale).

    Args:
        losses: (players, batch, names) ↦ the named players' losses.
        dtype: of the layers.
    """

    def __init__(self, losses: JointLoss, dtype: torch.dtype) -> None:
        self.losses, self.dtype = losses, dtype

    def __call__(self, players: Mapping[str, nn.Module], batch: Any, names: Sequence[str]) -> Mapping[str, Tensor]:
        """The losses of the named players."""
        return self.losses({name: _Lowered(player, self.dtype) for name, player in players.items()}, batch, names)


class _Lowered(nn.Module):
    def __init__(self, network: nn.Module, dtype: torch.dtype) -> None:
        super().__init__()
        # In a tuple, so that the network is no sub-module of this one.
        self._of = (network, dtype)

    def forward(self, *inputs: Any) -> Tensor | DiscriminatorOutput:
        network, dtype = self._of
        first: Tensor = inputs[0]
        with torch.autocast(first.device.type, dtype):
            output: Tensor | DiscriminatorOutput = network(*inputs)
        if isinstance(output, Tensor):
            return output.to(first.dtype)
        parts = {name: part.to(first.dtype) for name, part in vars(output).items() if isinstance(part, Tensor)}
        return replace(output, **parts, layers=tuple(layer.to(first.dtype) for layer in output.layers))
