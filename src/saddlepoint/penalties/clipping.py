"""The projection of a discriminator's parameters on a box."""

from collections.abc import Iterable

import torch
from torch import Tensor


@torch.no_grad()
def clip_parameters(parameters: Iterable[Tensor], bound: float = 0.01) -> None:
    """Project parameters on the box [−c, c]: w ← max(−c, min(c, w)), so that the discriminator is Lipschitz.

    Not a penalty but a projection, to be made after each move of the discriminator: `Game(bounds=…)` makes it in every
    method, this function in a loop of one's own. It biases the discriminator towards simple functions;
    `gradient-penalty` was made to replace it.
    Arjovsky, Chintala, Bottou 2017, "Wasserstein GAN", arXiv 1701.07875.

    Raises:
        ValueError: a bound of 0 or below.

    >>> weights = torch.tensor([-3.0, 0.005, 0.02])
    >>> clip_parameters([weights])
    >>> weights
    tensor([-0.0100,  0.0050,  0.0100])
    """
    if bound <= 0:
        raise ValueError(f"bound is {bound}: give a number above 0, as 0 leaves a discriminator that is constant")
    for parameter in parameters:
        parameter.clamp_(-bound, bound)
