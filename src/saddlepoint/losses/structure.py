"""How far images are apart in their structure, window by window."""

import torch
from torch import Tensor

#: Side of the window and deviation of its Gaussian; the constants (.01)² and (.03)² for values in [0, 1].
WINDOW, DEVIATION = 11, 1.5
_LUMINANCE, _CONTRAST = 0.01**2, 0.03**2


def structural_dissimilarity(made: Tensor, target: Tensor) -> Tensor:
    """1 − SSIM(m, x), a scalar from 0, where images agree, to 2: SSIM is the mean over places, channels and images of

        (2 μ_m μ_x + .01²)/(μ_m² + μ_x² + .01²) · (2 σ_mx + .03²)/(σ_m² + σ_x² + .03²),

    means, variances and covariance in a Gaussian window of 11x11 pixels and deviation 1.5, wherever it lies within
    the image. Computed in float32 at the least.

    Args:
        made: m, (N, C, H, W), sides of at least 11; black is 0 and white 1, values beyond are taken as they are.
        target: x, the same shape.

    Raises:
        ValueError: images smaller than the window.

    Wang, Bovik, Sheikh, Simoncelli 2004, "Image quality assessment: from error visibility to structural similarity";
    Zhao, Gallo, Frosio, Kautz 2017, "Loss functions for image restoration with neural networks", arXiv 1511.08861 (as
    a loss).

    Constant images differ in luminance alone, here (2 · 0 · .1 + .01²)/(.1² + .01²):

    >>> round(structural_dissimilarity(torch.zeros(1, 1, 16, 16), torch.full((1, 1, 16, 16), 0.1)).item() * 101, 3)
    100.0
    """
    height, width = made.shape[2:]
    if min(height, width) < WINDOW:
        raise ValueError(
            f"images of {height}x{width} pixels are smaller than SSIM's window: give sides of at least {WINDOW}"
        )
    m, x = (images.to(torch.promote_types(images.dtype, torch.float32)) for images in (made, target))
    down, across = (_windows(side, m) for side in (height, width))
    # One stack, so that all five are averaged by two products of matrices.
    means = down @ torch.stack([m, x, m * m, x * x, m * x]) @ across.T
    mean_m, mean_x, m_m, x_x, m_x = means.unbind()
    luminance = (2 * mean_m * mean_x + _LUMINANCE) / (mean_m**2 + mean_x**2 + _LUMINANCE)
    variances, covariance = m_m - mean_m**2 + x_x - mean_x**2, m_x - mean_m * mean_x
    return 1 - (luminance * (2 * covariance + _CONTRAST) / (variances + _CONTRAST)).mean()


def _windows(side: int, like: Tensor) -> Tensor:
    """Weights of every place that the window has along a side, (side − 10, side)."""
    pixels = torch.arange(side, device=like.device)
    offsets = pixels[None, :] - pixels[: side - WINDOW + 1, None] - WINDOW // 2
    weights = torch.exp(-0.5 * (offsets.to(like.dtype) / DEVIATION) ** 2) * (offsets.abs() <= WINDOW // 2)
    return weights / weights.sum(1, keepdim=True)
