"""How far images are apart in what a network sees in them."""

from torch import Tensor


def perceptual(made: Tensor, target: Tensor) -> Tensor:
    """E |φ − ψ| / E |ψ| of features φ of what was made and ψ of the target, (N, d) each; no scale of features matters.

    A ratio of means, and so no mean over samples: the loss of a batch is not the mean of its parts'.
    Johnson, Alahi, Fei-Fei 2016, "Perceptual losses for real-time style transfer and super-resolution", arXiv
    1603.08155 (the idea; theirs is a square, without the scale).

    >>> import torch
    >>> round(float(perceptual(torch.tensor([[1.0, 5.0]]), torch.tensor([[2.0, 2.0]]))), 6)
    1.0
    """
    return (made - target).abs().mean() / target.detach().abs().mean().clamp_min(1e-12)
