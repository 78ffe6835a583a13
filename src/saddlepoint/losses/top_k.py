"""The generator learns from its best samples only."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from torch import Tensor

from saddlepoint.losses.adversarial import AdversarialLoss, hinge, least_squares, non_saturating, wasserstein

BaseName = Literal["non-saturating", "least-squares", "hinge", "wasserstein"]
_BASES: dict[BaseName, Callable[[], AdversarialLoss]] = {
    "non-saturating": non_saturating,
    "least-squares": least_squares,
    "hinge": hinge,
    "wasserstein": wasserstein,
}


def of_best(loss: AdversarialLoss, share: float) -> AdversarialLoss:
    """The loss whose L_G sees the ⌈share · N⌉ generated logits only that the discriminator finds most real.

    The gradient of a sample that is bad already often points away from the data, so it is left out. L_D is that of
    the loss. Late in training: the ranking is worth what the discriminator is worth.
    Sinha, Zhao, Goyal, Raffel, Odena 2020, arXiv 2002.06224, where the share falls from 1 to ½ in training.

    Raises:
        ValueError: a share outside (0, 1], or a loss whose generator compares its logits with the real ones.

    >>> from saddlepoint.losses import wasserstein
    >>> import torch
    >>> float(of_best(wasserstein(), 0.5).generator(None, torch.tensor([1.0, 5.0, -3.0, 2.0])))
    -3.5
    """
    if not 0 < share <= 1:
        raise ValueError(f"share is {share}: give a part of the batch, above 0 and at most 1")
    if loss.generator_sees_real:
        raise ValueError(
            "this loss compares all generated logits with the real ones, of which none may be left out: "
            "take one whose generator sees its own only, such as non-saturating or hinge"
        )

    def generator(real: Tensor | None, generated: Tensor) -> Tensor:
        # Of a map of logits, each judges a patch of its own.
        return loss.generator(real, generated.flatten().topk(math.ceil(share * generated.numel())).values)

    return replace(
        loss,
        generator=generator,
        mean_over_samples=False,
        paper="""@inproceedings{sinha2020topk,
  title={Top-k Training of {GAN}s: Improving {GAN} Performance by Throwing Away Bad Samples},
  author={Sinha, Samarth and Zhao, Zhengli and Goyal, Anirudh and Raffel, Colin and Odena, Augustus},
  booktitle={NeurIPS}, year={2020}}""",
    )


def top_k(base: BaseName = "non-saturating", share: float = 0.5) -> AdversarialLoss:
    """A base loss whose L_G is the mean over the best ⌈share · N⌉ generated samples, as the discriminator ranks them.

    Args:
        base: non-saturating, least-squares, hinge, wasserstein; any other by `of_best`.
        share: of the batch.

    Raises:
        ValueError: an unknown base, or a share outside (0, 1].

    Sinha et al. 2020, arXiv 2002.06224.
    """
    if base not in _BASES:
        raise ValueError(f"top-k has no base {base!r}: choose one of {', '.join(_BASES)}")
    return of_best(_BASES[base](), share)
