"""How strong an augmentation is, by feedback; counted in samples."""

import torch
from torch import Tensor


def overfitting(real_logits: Tensor, generated_logits: Tensor) -> Tensor:
    """How sure the discriminator is of real samples: r = E sign(D(x) − m), m = ½ (E D(x) + E D(G(z))), in [−1, 1].

    0 where it can't tell real from generated samples, 1 where every real one lies above the middle of both means. The
    paper takes E sign D(x), for a loss that puts the middle at 0. Many losses (relativistic, Wasserstein) do not
    determine a constant in D, so that D drifts and the sign says nothing; r does not change when D is shifted, or
    multiplied by a positive number.

    Args:
        real_logits, generated_logits: of any shapes, as numbers of samples, packs, patches or pixels.

    Returns:
        r, a float64 scalar outside of any graph.

    >>> real, generated = torch.tensor([1.0, 2.0, 0.1, 3.0]), torch.tensor([-2.0, 0.0])
    >>> float(overfitting(real, generated)), float(overfitting(real + 5, generated + 5))
    (0.5, 0.5)
    """
    real, generated = real_logits.detach().double(), generated_logits.detach().double()
    middle = (real.mean() + generated.mean()) / 2
    return torch.sign(real - middle).mean()


def adjusted(
    strength: float | Tensor,
    sure: float | Tensor,
    samples: int,
    target: float = 0.6,
    span: float = 500_000,
) -> Tensor:
    """The strength after some samples: p⁺ = clip(p + sign(r − target) · samples/span, 0, 1), r of `overfitting`.

    r is 0 where the discriminator can't tell real from generated images, and 1 where it knows all the real ones by
    heart: then it overfits, and p grows. From 0 to 1 it takes `span` samples, whatever the batch size. With tensors
    no device is waited for.

    Args:
        strength: p, a scalar.
        sure: r in [−1, 1], a scalar; the paper takes it over four batches.
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
    direction = torch.sign(torch.as_tensor(sure, device=strength.device) - target)
    return (strength + direction * (samples / span)).clamp(0, 1)
