"""What the discriminator sees through: an augmentation at a strength that is fixed, scheduled or fed back."""

from typing import Any

import torch
from torch import Tensor, nn

from saddlepoint.augment import Augmentation, adjusted, overfitting


class Augmented(nn.Module):
    """An augmentation with its strength, which is a buffer: a part of the discriminator, saved and moved with it.

    Real and generated samples of a batch are transformed by the same numbers, which come with the batch, as a strength
    does that is scheduled.

    Args:
        augmentation: what is done.
        strength: how often; where it is fed back, where it begins.
        target: of r (`overfitting`), towards which the strength is adjusted (ADA); None leaves it.
        span: samples that an adjustment from 0 to 1 takes.
    """

    strength: Tensor
    moves_between_steps = True

    def __init__(
        self,
        augmentation: Augmentation,
        strength: float = 1.0,
        target: float | None = None,
        span: float = 500_000,
    ) -> None:
        super().__init__()
        self.augmentation, self.target, self.span = augmentation, target, span
        self.register_buffer("strength", torch.tensor(strength, dtype=torch.float64))

    def forward(self, samples: Tensor, batch: Any) -> Tensor:
        """The samples (N, C, H, W) as the discriminator is to see them, by a batch's draws, and its strength if any."""
        assert batch.augmentation is not None
        return self.augmentation(
            samples, batch.augmentation, self.strength if batch.strength is None else batch.strength
        )

    @torch.no_grad()
    def observe(self, real_logits: Tensor, generated_logits: Tensor, samples: int) -> None:
        """Adjust the strength by how sure the discriminator is of so many real samples."""
        if self.target is not None:
            sure = overfitting(real_logits, generated_logits)
            self.strength.copy_(adjusted(self.strength, sure, samples, self.target, self.span))
