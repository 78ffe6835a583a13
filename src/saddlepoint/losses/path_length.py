"""Path length: equal steps of the latent make equal steps of the image."""

from collections.abc import Callable
from math import prod, sqrt

import torch
from torch import Tensor


def path_lengths(generator: Callable[[Tensor], Tensor], latent: Tensor, noise: Tensor) -> Tensor:
    """‖Jᵀ y‖ a sample, (N,), J = ∂G/∂w at the latent w and y = noise/√(pixels).

    In the mean over normal noise its square is ‖J‖²_F/pixels. Differentiable in the generator, and in what made the
    latent where it has a graph.

    Args:
        generator: latents ↦ samples (N, …).
        latent: w, (N, …).
        noise: standard normal, of the samples' shape; pixels are the sides after the second.

    Raises:
        ValueError: noise of another shape than the samples.

    >>> noise = torch.tensor([[3.0, 4.0]])
    >>> round(float(path_lengths(lambda w: 2 * w, torch.zeros(1, 2), noise).detach()), 4)
    10.0
    """
    latent = latent if latent.requires_grad else latent.detach().requires_grad_()
    samples = generator(latent)
    if samples.shape != noise.shape:
        raise ValueError(
            f"noise has shape {tuple(noise.shape)}, samples {tuple(samples.shape)}: give a number for each of theirs"
        )
    along = (samples * noise).sum() / sqrt(prod(samples.shape[2:]))
    (gradient,) = torch.autograd.grad(along, latent, create_graph=True)
    # 1e-12: the root's derivative is infinite at 0, and 0 · ∞ is not a number.
    return (gradient.square().flatten(1).sum(1) + 1e-12).sqrt()


def path_length(generator: Callable[[Tensor], Tensor], latent: Tensor, noise: Tensor, target: Tensor | float) -> Tensor:
    """E (‖Jᵀ y‖ − a)², to be added to the generator's loss; least where G is an isometry up to the factor a.

    Args:
        generator, latent, noise: as `path_lengths` has them.
        target: a; the paper's is the moving average of the mean of `path_lengths`, with a decay of 0.99 a step, a
            constant for the gradient. Who calls keeps it: this function remembers nothing.

    Raises:
        ValueError: noise of another shape than the samples.

    Karras, Laine, Aittala, Hellsten, Lehtinen, Aila 2020, "Analyzing and improving the image quality of StyleGAN",
    arXiv 1912.04958.
    """
    return (path_lengths(generator, latent, noise) - target).square().mean()
