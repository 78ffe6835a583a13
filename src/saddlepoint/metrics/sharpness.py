"""How sharp edges are."""

import torch
from torch import Tensor


def sharpness(images: Tensor) -> Tensor:
    """√E (|∂x/∂u|² + |∂x/∂v|²) of each image, (N, C, H, W) → float64 (N,), in levels of [0, 1] a pixel.

    u and v run along rows and columns, derivatives are differences of neighbours, the mean is over pixels and
    channels. The mean *square* tells a sharp edge from a soft one: a step that is spread over w pixels has the same
    sum of differences, but 1/w of their squares. Larger is not better by itself: hold it against real images.
    The measure is that of a camera's autofocus (Tenenbaum 1970).

    Args:
        images: uint8, or floats in [0, 1].

    Raises:
        ValueError: not four axes, or images of a single pixel.

    A white row among four black ones has differences of 1 on both of its sides, 2 of 4:

    >>> image = torch.zeros(1, 1, 5, 4)
    >>> image[:, :, 2] = 1
    >>> sharpness(image).square().item()
    0.5
    """
    if images.dim() != 4 or min(images.shape[2:]) < 1 or images.shape[2] * images.shape[3] < 2:
        raise ValueError(f"images have shape {tuple(images.shape)}: give (N, C, H, W) of at least two pixels")
    x = images.double() / (255 if images.dtype == torch.uint8 else 1)
    squares = [step.square().mean((1, 2, 3)) for step in (x.diff(dim=2), x.diff(dim=3)) if step.numel()]
    return torch.stack(squares).sum(0).sqrt()
