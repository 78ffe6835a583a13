"""Differentiable augmentation: transformations of what the discriminator sees, and the control of their strength."""

from saddlepoint.augment.adaptive import Adaptive
from saddlepoint.augment.augmentation import Augmentation
from saddlepoint.augment.diffaugment import DiffAugment
from saddlepoint.augment.strength import adjusted, overfitting

AUGMENTATIONS: dict[str, type[Augmentation]] = {"diffaugment": DiffAugment, "adaptive": Adaptive}

__all__ = ["AUGMENTATIONS", "Adaptive", "Augmentation", "DiffAugment", "adjusted", "overfitting"]
