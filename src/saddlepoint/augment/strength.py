"""How strong an augmentation is, by feedback; counted in samples."""

import torch
from torch import Tensor


def adjusted(
    strength: float | Tensor,
    sign_of_real_logits_mean: float | Tensor,
    samples: int,
    target: float = 0.6,
    span: float = 500_000,
) -> Tensor:
    """The strength after some samples: p⁺ = clip(p + sign(r − target) · samples/span, 0, 1), r = E sign D(real).

    r is 0 where the discriminator can't tell real from generated images, and 1 where it knows all the real ones by
    heart: then it overfits, and p grows. From 0 to 1 it takes `span` samples, whatever the batch size. With tensors
    no device is waited for.

    Args:
        strength: p, a scalar.
        sign_of_real_logits_mean: r in [−1, 1], a scalar; the paper takes it over four batches.
        samples: seen since the last adjustment.
        target: of r.
        span: samples from 0 to 1.

    Raises:
        ValueError: a span of 0 or below, or a target that r can't pass.

    Paper: Karras et al. 2020, section 3, arXiv 2006.06676.

    >>> round(float(adjusted(0.5, 0.9, samples=50_000)), 6), round(float(adjusted(0.5, 0.1, samples=50_000)), 6)
    (0.6, 0.4)
    """
    if span <= 0:
        raise ValueError(f"span is {span}: give a number of samples above 0")
    if not -1 < target < 1:
        raise ValueError(f"target is {target}: a mean of signs lies between -1 and 1, give a number between")
    strength = torch.as_tensor(strength)
    direction = torch.sign(torch.as_tensor(sign_of_real_logits_mean, device=strength.device) - target)
    return (strength + direction * (samples / span)).clamp(0, 1)
