"""The vectors of spectral normalisation: fixed while fields are evaluated, moved once a step."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn.utils.parametrizations import _SpectralNorm
from torch.nn.utils.parametrize import ParametrizationList
from torch.nn.utils.spectral_norm import SpectralNorm


class SpectralVectors:
    """The singular vectors u and v of a network's spectrally normalised weights, σ(W) = uᵀ W v.

    PyTorch moves them by a step of the power method at every forward pass in training, before it divides by σ. Then two
    passes of one loss see different weights, and u and v depend on W behind autograd's back: products with the Jacobian
    are wrong. Held in all evaluations of a step, they are constants of one function, in which σ is linear in W.

    Args:
        network: both kinds of PyTorch's spectral norm in it are found.
    """

    def __init__(self, network: nn.Module) -> None:
        self._norms: list[tuple[nn.Module, partial[Any]]] = []
        for part in network.modules():
            if isinstance(part, ParametrizationList):
                self._norms += [(norm, partial(part)) for norm in part if isinstance(norm, _SpectralNorm)]
            hooks = (hook for hook in part._forward_pre_hooks.values() if isinstance(hook, SpectralNorm))
            self._norms += [(part, partial(hook, part, None)) for hook in hooks]

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside the block forward passes take u and v as they are."""
        moving = [norm for norm, _ in self._norms if norm.training]
        _train(moving, False)
        try:
            yield
        finally:
            _train(moving, True)

    @torch.no_grad()
    def move(self) -> None:
        """A step of the power method for each that is in training mode."""
        for norm, compute in self._norms:
            if norm.training:
                compute()


def _train(norms: Sequence[nn.Module], training: bool) -> None:
    # The flag of the norm alone: `train()` would set that of modules inside, too.
    for norm in norms:
        norm.training = training
