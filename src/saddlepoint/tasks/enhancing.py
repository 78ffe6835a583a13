"""Enhancement of images: the task that judges a game of degraded images and of what is made of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from saddlepoint.data.pairs import PairData
from saddlepoint.extractors import Extractor, load_extractor
from saddlepoint.losses import perceptual
from saddlepoint.tasks.interpolation import REGRESSION
from saddlepoint.tasks.judging import write_picture
from saddlepoint.tasks.translating import Likeness
from saddlepoint.tasks.translation import SHOWN, TranslationTask, beside_each_other
from saddlepoint.tasks.translator import ImageTranslator


@dataclass(frozen=True)
class Perceptual(Likeness):
    """λ E |φ(G(x)) − φ(y)| / E |φ(y)|, φ an extractor's features, once the adversary plays.

    Johnson, Alahi, Fei-Fei 2016, arXiv 1603.08155.

    Attributes:
        features: an extractor's name, timm:NAME, or a TorchScript file.
        low, high: black and white.
        device: of the extractor.
    """

    weight: float = 1.0
    features: str = "pixels"
    low: float = -1.0
    high: float = 1.0
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    extractor: Extractor = field(init=False, compare=False, repr=False)

    waits = True
    paper = """@inproceedings{johnson2016perceptual,
  title={Perceptual Losses for Real-Time Style Transfer and Super-Resolution},
  author={Johnson, Justin and Alahi, Alexandre and Fei-Fei, Li},
  booktitle={ECCV}, year={2016}}"""

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "extractor", load_extractor(self.features, self.device))

    def __call__(self, made: Tensor, target: Tensor) -> Tensor:
        """λ times the distance; raises ValueError where the extractor lets no gradient through."""
        ours, theirs = (
            self.extractor.differentiable((images - self.low) / (self.high - self.low)) for images in (made, target)
        )
        return self.weight * perceptual(ours, theirs)


class EnhancementTask:
    """Measures a game of an enhancer as translations are measured, and keeps what its first stage ended with.

    Args:
        translation: measures the game, on pairs of a degraded image and what it was.
        pairs: those, to be shown.
        card: the model card's facts.
    """

    def __init__(self, translation: TranslationTask, pairs: PairData, card: Mapping[str, Any]) -> None:
        self.translation, self.pairs, self.card = translation, pairs, dict(card)

    @property
    def trained(self) -> ImageTranslator:
        """What is handed over."""
        return self.translation.trained

    def monitors(self) -> dict[str, float]:
        """See `TranslationTask`; the gradients are those with the adversary, in the first stage too."""
        return self.translation.monitors()

    def metrics(self) -> dict[str, float]:
        """See `TranslationTask`; the score, by which the best checkpoint is kept, is the Fréchet distance."""
        return self.translation.metrics()

    def snapshot(self, path: Path) -> None:
        """Degraded, made and clean side by side."""
        inputs, targets = (side.images[:SHOWN] for side in (self.pairs.inputs, self.pairs.targets))
        write_picture(path, triples(inputs, self.trained.apply(inputs), targets))

    def deliver(self, folder: Path) -> None:
        """The enhancer with its configuration and model card."""
        self.trained.save(folder, _card(self.card))

    def keep_regression(self, folder: Path) -> None:
        """The enhancer as the first stage ended with it, below that folder."""
        self.trained.save(folder / REGRESSION, _card({**self.card, "stage": "regression, without the adversary"}))


def triples(inputs: Tensor, made: Tensor, targets: Tensor) -> NDArray[np.uint8]:
    """Inputs, enlarged by the nearest pixel where they are smaller, what was made of them, and targets side by side."""
    return beside_each_other([interpolate(inputs, targets.shape[2:], mode="nearest"), made, targets])


def _card(facts: Mapping[str, Any]) -> str:
    return _CARD.format(facts="\n".join(f"- {key}: {value}" for key, value in facts.items()))


_CARD = """# An enhancer of images trained with Saddlepoint

{facts}

Weights are in `generator.safetensors`, the network and its input in `config.yaml`; `regression/`, where it is there, is
the network before the adversary. Apply it to files and folders, the strength between the two:

    saddle enhance THIS_FOLDER photo.jpg folder/ --out enhanced --strength 0.8

or in Python:

    from pathlib import Path
    from saddlepoint.tasks.translator import ImageTranslator
    made = ImageTranslator.load(Path("THIS_FOLDER")).apply(images)   # uint8, (N, C, H, W) → (N, C', scale H, scale W)
"""
