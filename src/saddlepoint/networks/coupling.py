"""Where samples of a batch see each other inside a network."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from saddlepoint.networks.minibatch import MinibatchDeviation


def coupled_layers(network: nn.Module) -> list[str]:
    """The names of layers in which what comes of a sample depends on the others of its batch; none where it does not.

    They are batch norm with statistics of the batch, and the deviation over the minibatch. A loss of such a network is
    not the mean of the losses of a batch's parts, nor of the ranks' shares.

    >>> coupled_layers(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), MinibatchDeviation()))
    ['1', '2']
    """
    return [
        name
        for name, layer in network.named_modules()
        if isinstance(layer, MinibatchDeviation)
        or (isinstance(layer, _BatchNorm) and (layer.training or not layer.track_running_stats))
    ]


def couples(network: nn.Module, inputs: Sequence[Any], pack: int = 1) -> bool:
    """Whether what comes of the first sample (or pack of samples) of a batch depends on the others, by its derivative.

    It sees what `coupled_layers` can't name, in networks of the user's own. False where the input has no derivative.

    >>> couples(nn.Linear(3, 2), [torch.randn(4, 3)]), couples(nn.BatchNorm1d(3), [torch.randn(4, 3)])
    (False, True)
    """
    first = inputs[0] if inputs else None
    if not isinstance(first, Tensor) or not first.is_floating_point() or len(first) <= pack:
        return False
    given = first.detach().clone().requires_grad_()
    found = network(given, *inputs[1:])
    if not isinstance(found, Tensor) or not found.requires_grad:
        return False
    weights = torch.linspace(1, 2, found[0].numel(), dtype=found.dtype, device=found.device).reshape(found[0].shape)
    (slope,) = torch.autograd.grad((found[0] * weights).sum(), given, allow_unused=True, materialize_grads=True)
    return bool((slope[pack:] != 0).any())
