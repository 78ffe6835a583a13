"""The order in which samples are seen: a pure function of (seed, position), so that no state travels."""

import torch
from torch import Tensor

from saddlepoint.core import rng


class Order:
    """Every epoch a new order of n samples, every sample once an epoch.

    What begins before the end of an epoch goes on into the next one, so no sample is left out and no batch is short.

    Args:
        n: how many samples there are.
        seed: of the orders.
        purpose: names orders that are to be independent at one seed.

    >>> order = Order(5, seed=0)
    >>> sorted(order(0, 5).tolist()), order(3, 4).equal(torch.cat([order(3, 2), order(5, 2)]))
    ([0, 1, 2, 3, 4], True)
    """

    def __init__(self, n: int, seed: int, purpose: str = "order") -> None:
        self.n, self.seed, self.purpose = n, seed, purpose
        self._latest: tuple[int, Tensor] = (-1, torch.empty(0, dtype=torch.long))

    def __call__(self, position: int, count: int) -> Tensor:
        """Indices of `count` samples from a position on, int64 (count,)."""
        parts = []
        while count > 0:
            epoch, start = divmod(position, self.n)
            part = self._permutation(epoch)[start : start + count]
            parts.append(part)
            position += len(part)
            count -= len(part)
        return torch.cat(parts)

    def _permutation(self, epoch: int) -> Tensor:
        if self._latest[0] != epoch:
            self._latest = epoch, torch.randperm(self.n, generator=rng(self.seed, epoch, self.purpose))
        return self._latest[1]
