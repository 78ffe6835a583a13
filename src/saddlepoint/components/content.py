"""What holds an image that was made against the one that it is to be: terms of a generator's loss."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch
from torch import Tensor

from saddlepoint.core.ranks import on_whole
from saddlepoint.extractors import Extractor, load_extractor
from saddlepoint.losses import absolute_error, charbonnier, perceptual, structural_dissimilarity


@dataclass(frozen=True)
class ContentLoss(ABC):
    """A term of the generator's loss that holds what it made against the target.

    Attributes:
        weight: its factor.
        after_pretraining: whether it is left out while the generator is alone.
        mean_over_samples: whether it is a mean over samples, so that the term of a batch is the mean of those of its
            parts.
        paper: BibTeX.

    Raises:
        ValueError: a negative weight.
    """

    weight: float

    after_pretraining: ClassVar[bool] = False
    mean_over_samples: ClassVar[bool] = True
    paper: ClassVar[str] = ""

    def __post_init__(self) -> None:
        if self.weight < 0:
            raise ValueError(f"weight is {self.weight}: give at least 0")

    @abstractmethod
    def __call__(self, made: Tensor, target: Tensor) -> Tensor:
        """The term, a scalar, of images (N, C, H, W) in the networks' range."""


@dataclass(frozen=True)
class Reconstruction(ContentLoss):
    """λ E |G(x) − y|, or its smooth kin.

    Isola, Zhu, Zhou, Efros 2017 (pix2pix), arXiv 1611.07004.
    """

    weight: float = 100.0
    kind: Literal["l1", "charbonnier"] = "l1"
    paper = """@inproceedings{isola2017image,
  title={Image-to-Image Translation with Conditional Adversarial Networks},
  author={Isola, Phillip and Zhu, Jun-Yan and Zhou, Tinghui and Efros, Alexei A.},
  booktitle={CVPR}, year={2017}}"""

    def __call__(self, made: Tensor, target: Tensor) -> Tensor:
        """λ E |made − target|."""
        return self.weight * (absolute_error if self.kind == "l1" else charbonnier)(made, target)


@dataclass(frozen=True)
class SSIM(ContentLoss):
    """λ (1 − SSIM(G(x), y)), of sides of at least 11.

    Zhao, Gallo, Frosio, Kautz 2017, arXiv 1511.08861.

    Attributes:
        low, high: black and white.
    """

    weight: float = 1.0
    low: float = -1.0
    high: float = 1.0

    paper = """@article{zhao2017loss,
  title={Loss Functions for Image Restoration with Neural Networks},
  author={Zhao, Hang and Gallo, Orazio and Frosio, Iuri and Kautz, Jan},
  journal={IEEE Transactions on Computational Imaging}, volume={3}, number={1}, year={2017}}"""

    def __call__(self, made: Tensor, target: Tensor) -> Tensor:
        """λ times the dissimilarity; raises ValueError for images smaller than its window."""
        return self.weight * structural_dissimilarity(*_lit(self.low, self.high, made, target))


@dataclass(frozen=True)
class Perceptual(ContentLoss):
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

    after_pretraining = True
    mean_over_samples = False  # it is a ratio of means
    paper = """@inproceedings{johnson2016perceptual,
  title={Perceptual Losses for Real-Time Style Transfer and Super-Resolution},
  author={Johnson, Justin and Alahi, Alexandre and Fei-Fei, Li},
  booktitle={ECCV}, year={2016}}"""

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "extractor", load_extractor(self.features, self.device))

    def __call__(self, made: Tensor, target: Tensor) -> Tensor:
        """λ times the distance; raises ValueError where the extractor lets no gradient through."""
        return self.weight * on_whole(
            perceptual, *map(self.extractor.differentiable, _lit(self.low, self.high, made, target))
        )


def _lit(low: float, high: float, *images: Tensor) -> list[Tensor]:
    """Images whose black is 0 and white 1."""
    return [(each - low) / (high - low) for each in images]


CONTENT_LOSSES: dict[str, Callable[..., ContentLoss]] = {
    "reconstruction": Reconstruction,
    "ssim": SSIM,
    "perceptual": Perceptual,
}
