"""What a network costs: parameters, and multiplications a sample."""

from dataclasses import dataclass
from functools import partial
from math import prod

import torch
from torch import Tensor, nn

from saddlepoint.networks.attention import SelfAttention


@dataclass(frozen=True)
class Costs:
    """Of one network.

    Attributes:
        parameters: numbers that are trained.
        macs: multiply-accumulate operations of one forward pass, a sample: of linear, convolution and recurrent
            layers and of attention's products; biases, activations and resampling are not counted.
    """

    parameters: int
    macs: int


def costs(network: nn.Module, *inputs: Tensor) -> Costs:
    """Count on one forward pass of inputs (N, …); on the meta device that takes no arithmetic.

    >>> costs(nn.Linear(3, 5), torch.randn(2, 3))
    Costs(parameters=20, macs=15)
    """
    counted = [0]
    hooks = [
        module.register_forward_hook(partial(_count, counted))
        for module in network.modules()
        if isinstance(
            module,
            nn.Linear | nn.Conv1d | nn.Conv2d | nn.ConvTranspose1d | nn.ConvTranspose2d | nn.RNNBase | SelfAttention,
        )
    ]
    training = network.training
    network.eval()
    try:
        with torch.no_grad():
            network(*inputs)
    finally:
        network.train(training)
        for hook in hooks:
            hook.remove()
    return Costs(sum(p.numel() for p in network.parameters() if p.requires_grad), counted[0] // len(inputs[0]))


def _count(counted: list[int], module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    match module:
        case nn.Linear():
            counted[0] += output.numel() * module.in_features
        case nn.Conv1d() | nn.Conv2d():
            counted[0] += output.numel() * module.in_channels // module.groups * prod(module.kernel_size)
        case nn.ConvTranspose1d() | nn.ConvTranspose2d():
            counted[0] += inputs[0].numel() * module.out_channels // module.groups * prod(module.kernel_size)
        case nn.RNNBase():
            counted[0] += inputs[0].shape[:2].numel() * sum(w.numel() for w in module.parameters() if w.dim() == 2)
        case SelfAttention():
            counted[0] += module.products(inputs[0])
