"""A model as a graph of tensors, which other programs run without this package."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized, type_before_parametrizations

from saddlepoint.autoencoders import ThroughDensity


@dataclass(frozen=True)
class Graph:
    """What of a model can leave PyTorch.

    Attributes:
        module: takes the inputs in their order, and gives the outputs; without gradients, in evaluation mode.
        inputs: an example of each, by name.
        outputs: their names.
        free: axes of any length, by input, that of the batch before others; the first of an input that is not named.
        about: what each input and output is, in words.
        facts: what a program needs to know beside, in plain data.
    """

    module: nn.Module
    inputs: Mapping[str, Tensor]
    outputs: Sequence[str]
    about: Mapping[str, str]
    free: Mapping[str, Sequence[int]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    def axes(self, name: str) -> Sequence[int]:
        """The axes of an input that may have any length."""
        return self.free.get(name, (0,))

    def resized(self, batch: int) -> list[Tensor]:
        """Other inputs than the examples: so many samples, and other free axes a little longer."""
        found = []
        for name, example in self.inputs.items():
            for number, axis in enumerate(self.axes(name)):
                length = batch if number == 0 else example.shape[axis] + 5
                example = example.index_select(axis, torch.arange(length) % example.shape[axis])
            found.append(example)
        return found


def plain(network: nn.Module) -> nn.Module:
    """A copy on the CPU in single precision and evaluation mode, its weights computed once for all."""
    copied = deepcopy(network).cpu().float().eval().requires_grad_(False)
    for part in copied.modules():
        if is_parametrized(part):
            computed = {name: getattr(part, name) for name in part.parametrizations}  # type: ignore[union-attr]
            # Not by torch's own removal, which takes them from the class, and so from the network that was copied.
            del part.parametrizations
            part.__class__ = type_before_parametrizations(part)
            for name, weight in computed.items():
                part.register_parameter(name, nn.Parameter(weight.detach(), requires_grad=False))
    return copied


class LatentGraph(nn.Module):
    """A generator with what makes samples of its outputs.

    Args:
        network: (N, latent), labels (N,) where it has classes, and uniform noise (N, k) where it draws some.
        finish: outputs → samples.
        classes: whether it takes labels.
        uniforms: numbers of noise that it draws for a sample.
    """

    def __init__(self, network: nn.Module, finish: Callable[[Tensor], Tensor], *, classes: bool, uniforms: int) -> None:
        super().__init__()
        through = network if isinstance(network, ThroughDensity) else None
        self.mixture = None if through is None else Mixture(through)
        self.network = plain(network if through is None else through.decoder)
        self.finish, self.classes, self.uniforms = finish, classes, uniforms

    def forward(self, *inputs: Tensor) -> Tensor:
        """(latent, [labels], [component], [uniform]) → samples (N, …)."""
        given = list(inputs)
        latent = given.pop(0)
        labels = given.pop(0) if self.classes else None
        if self.mixture is not None:
            latent = self.mixture(latent, given.pop(0), labels)
        if self.uniforms:
            return self.finish(self.network(latent, labels, given.pop(0)))
        return self.finish(self.network(latent) if labels is None else self.network(latent, labels))


class Mixture(nn.Module):
    """Codes of a fitted density; which component a code is of, a uniform number chooses that is given beside.

    Args:
        through: the decoder behind its densities, one a class.
    """

    ends: Tensor
    means: Tensor
    factors: Tensor

    def __init__(self, through: ThroughDensity) -> None:
        super().__init__()
        densities = [each.cpu() for each in deepcopy(through.densities)]
        self.each = len(densities[0].weights)  # type: ignore[arg-type]
        self.register_buffer("ends", torch.stack([d.weights.cumsum(0) for d in densities])[:, :-1].float())  # type: ignore[operator]
        self.register_buffer("means", torch.cat([d.means for d in densities]).float())  # type: ignore[misc]
        self.register_buffer("factors", torch.cat([d.factors for d in densities]).float())  # type: ignore[misc]

    def forward(self, latent: Tensor, component: Tensor, labels: Tensor | None) -> Tensor:
        """(N, size), uniform numbers (N, 1) in [0, 1), and the labels (N,) → codes (N, size)."""
        ends = self.ends if labels is None else self.ends.index_select(0, labels)
        chosen = (component >= ends).sum(1)
        if labels is not None:
            chosen = chosen + self.each * labels
        spread = self.factors.index_select(0, chosen) @ latent[:, :, None]
        return self.means.index_select(0, chosen) + spread[:, :, 0]
