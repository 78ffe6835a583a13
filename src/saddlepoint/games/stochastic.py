"""A bilinear game that is a sum over data, where noise decides which iteration converges."""

from functools import lru_cache

import torch
from torch import Tensor

from saddlepoint.core import Batch, rng
from saddlepoint.games.analytic import AnalyticGame


def stochastic_bilinear(
    size: int = 100, batch_size: int = 10, noise: float = 1.0, instance: int = 0, independent: bool = False
) -> AnalyticGame:
    """min over x, max over y of (1/n) Σ_i (bᵢᵀx + xᵀAᵢy + cᵢᵀy), n samples in n dimensions, A_i = n e_i e_iᵀ.

    The mean of A_i is I, so on the whole data it is the bilinear game with σ = 1 about x* = −c̄, y* = −b̄; b_i and c_i
    are normal with variance noise²·n, which makes b̄ and c̄ of order noise. In the paper A_i = e_i e_iᵀ: its step size is
    n times ours. A sample sees one coordinate of the other player, so where the two halves of extragradient look at
    different batches, the second does not undo the rotation of the first: it diverges at every step size, as
    simultaneous descent does. On the same batch it converges for h < batch_size/n where the samples agree (noise = 0)
    and wanders about the solution where they don't; with its variance reduced (SVRE, small h and k) it converges.

    Args:
        size: n.
        batch_size: samples a batch; n makes the game deterministic.
        noise: scale of the samples' disagreement.
        instance: names the draw of all b_i and c_i.
        independent: every batch is drawn anew from all samples; otherwise each epoch goes once through all of them in
            a fresh order. The m = n/batch_size batches that SVRE's mean then takes from the beginning of an epoch are
            the whole data, where its `batches` is m and its k a multiple of m/2 (of m where m is odd).

    Raises:
        ValueError: a batch size that does not divide n.

    Paper: Chavdarova, Gidel, Fleuret, Lacoste-Julien 2019, "Reducing noise in GAN training with variance reduced
    extragradient", arXiv 1904.08598.

    >>> game = stochastic_bilinear()
    >>> game.sizes, game.batches(seed=3).next().value.shape
    ((100, 100), torch.Size([10]))
    """
    if size < 1 or batch_size < 1 or size % batch_size:
        raise ValueError(f"batch_size {batch_size} does not divide size {size}: epochs would not fit into batches")
    shape = (size, size)
    b, c = (
        noise * size**0.5 * torch.randn(shape, generator=rng(instance, purpose), dtype=torch.float64)
        for purpose in ("b", "c")
    )

    def losses(x: Tensor, y: Tensor, batch: Tensor) -> tuple[Tensor, Tensor]:
        value = b[batch].mean(0) @ x + size * (x[batch] * y[batch]).mean() + c[batch].mean(0) @ y
        return value, -value

    @lru_cache(maxsize=4)
    def epoch(seed: int, number: int) -> Tensor:
        return torch.randperm(size, generator=rng(seed, number, "order"))

    def draw(seed: int, position: int) -> Batch:
        if independent:
            return Batch(torch.randperm(size, generator=rng(seed, position, "batch"))[:batch_size], batch_size)
        at = position % size
        return Batch(epoch(seed, position // size)[at : at + batch_size], batch_size)

    return AnalyticGame("stochastic-bilinear", shape, losses, torch.cat([-c.mean(0), -b.mean(0)]), draw)
