"""What may be added to the generator's loss."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor, nn

from saddlepoint.core.ranks import on_whole, whole
from saddlepoint.losses import feature_matching, layer_matching, path_lengths
from saddlepoint.networks import DiscriminatorOutput


@dataclass(frozen=True)
class GeneratorPass:
    """What the generator made, and what the discriminator saw in it.

    Attributes:
        generator: latents ↦ samples, of the batch's classes where there are any; None where a task has no latents.
        latent: (N, latent size), or None.
        generated: samples (N, …).
        of_real, of_generated: what the discriminator said; its features and layers are there only if a regulariser
            says that it compares them, and what it said of real samples likewise.
        noise: shape ↦ standard normal numbers, from torch's global generator on the CPU by default, which a batch seeds
            at every evaluation.
    """

    generator: Callable[[Tensor], Tensor] | None
    latent: Tensor | None
    generated: Tensor
    of_real: DiscriminatorOutput | None
    of_generated: DiscriminatorOutput
    noise: Callable[[Sequence[int]], Tensor] = torch.randn


@dataclass(frozen=True)
class Regulariser(ABC):
    """A scalar added to the generator's loss.

    Attributes:
        weight: its factor.
        memory: what it remembers of earlier evaluations. As a part of the generator its buffers are saved with it and
            move once a step.
        compares: whether it needs the discriminator's features or layers, of real and of generated samples.
        needs: what a task has to have: `latent`, where it differentiates the generator in its latent; `pairs`, where
            each generated sample has a real one of its own.
        mean_over_samples: whether it is a mean over samples, so that the term of a batch is the mean of those of its
            parts.
        paper: BibTeX.

    Raises:
        ValueError: a negative weight.
    """

    weight: float
    memory: nn.Module | None = field(default=None, init=False, compare=False, repr=False)

    compares: ClassVar[bool] = False
    needs: ClassVar[frozenset[str]] = frozenset()
    mean_over_samples: ClassVar[bool] = True
    paper: ClassVar[str] = ""

    def __post_init__(self) -> None:
        if self.weight < 0:
            raise ValueError(f"weight is {self.weight}: a regulariser's weight is at least 0")

    @abstractmethod
    def __call__(self, seen: GeneratorPass) -> Tensor:
        """The term, a scalar; moves the memory, if there is one, once it was used."""


@dataclass(frozen=True)
class FeatureMatching(Regulariser):
    """λ ‖E φ(x) − E φ(G(z))‖², φ the input of the discriminator's last layer.

    Salimans, Goodfellow, Zaremba, Cheung, Radford, Chen 2016, arXiv 1606.03498.
    """

    weight: float = 1.0
    compares = True
    mean_over_samples = False  # it compares means over the batch
    paper = """@inproceedings{salimans2016improved,
  title={Improved Techniques for Training {GAN}s},
  author={Salimans, Tim and Goodfellow, Ian and Zaremba, Wojciech and Cheung, Vicki and Radford, Alec and Chen, Xi},
  booktitle={NeurIPS}, year={2016}}"""

    def __call__(self, seen: GeneratorPass) -> Tensor:
        """λ ‖E φ(real) − E φ(generated)‖²."""
        assert seen.of_real is not None
        return self.weight * on_whole(feature_matching, seen.of_real.features, seen.of_generated.features)


@dataclass(frozen=True)
class LayerMatching(Regulariser):
    """λ times the mean over layers l of E |φ_l(x) − φ_l(G)|, each generated sample against its own real one.

    Wang, Liu, Zhu, Tao, Kautz, Catanzaro 2018 (pix2pixHD), arXiv 1711.11585, equation 4.
    """

    weight: float = 10.0
    compares = True
    needs = frozenset({"pairs"})
    paper = """@inproceedings{wang2018high,
  title={High-Resolution Image Synthesis and Semantic Manipulation with Conditional {GAN}s},
  author={Wang, Ting-Chun and Liu, Ming-Yu and Zhu, Jun-Yan and Tao, Andrew and Kautz, Jan and Catanzaro, Bryan},
  booktitle={CVPR}, year={2018}}"""

    def __call__(self, seen: GeneratorPass) -> Tensor:
        """λ times the mean distance of layers."""
        assert seen.of_real is not None
        return self.weight * layer_matching(seen.of_real.layers, seen.of_generated.layers)


class PathLengthMean(nn.Module):
    """A moving average of path lengths, a ← a + (1 − ½^(N/half_life)) (E ‖Jᵀ y‖ − a), from 0 on.

    Args:
        half_life: in samples, so that a changed batch size keeps its meaning.
    """

    mean: Tensor
    moves_between_steps = True

    def __init__(self, half_life: float) -> None:
        super().__init__()
        self.half_life = half_life
        self.register_buffer("mean", torch.zeros(()))

    @torch.no_grad()
    def observe(self, lengths: Tensor) -> None:
        """Move the average towards the mean of lengths (N,)."""
        share = 1.0 - 0.5 ** (len(lengths) / self.half_life)
        # A new tensor, not a new value in the old one: the term's graph may hold that.
        self.mean = torch.lerp(self.mean, lengths.mean().to(self.mean), share)


@dataclass(frozen=True)
class PathLength(Regulariser):
    """λ E (‖Jᵀ y‖ − a)², J = ∂G/∂z, y normal noise over √pixels: equal steps of the latent, equal steps of the image.

    a is the moving average of ‖Jᵀ y‖, with a half-life of `half_life` samples (4,400 is the paper's decay of 0.99 a
    step at 64 a batch); it lives in `memory`, which has to become a part of the generator. One more pass of the
    generator, differentiated twice. The paper takes it every 16 steps; here it is a part of every loss.
    Karras, Laine, Aittala, Hellsten, Lehtinen, Aila 2020, arXiv 1912.04958.

    Raises:
        ValueError: a negative weight, or a half-life of 0 or below.
    """

    weight: float = 2.0
    half_life: float = 4_400
    needs = frozenset({"latent"})
    memory: PathLengthMean = field(init=False, compare=False, repr=False)
    mean_over_samples = False  # the memory moves from part to part
    paper = """@inproceedings{karras2020analyzing,
  title={Analyzing and Improving the Image Quality of {StyleGAN}},
  author={Karras, Tero and Laine, Samuli and Aittala, Miika and Hellsten, Janne and Lehtinen, Jaakko
          and Aila, Timo},
  booktitle={CVPR}, year={2020}}"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.half_life <= 0:
            raise ValueError(f"half_life is {self.half_life}: give a number of samples above 0")
        object.__setattr__(self, "memory", PathLengthMean(self.half_life))

    def __call__(self, seen: GeneratorPass) -> Tensor:
        """λ E (‖Jᵀ y‖ − a)²."""
        assert seen.generator is not None
        assert seen.latent is not None
        noise = seen.noise(seen.generated.shape).to(seen.generated)
        lengths = path_lengths(seen.generator, seen.latent, noise)
        term = self.weight * (lengths - self.memory.mean).square().mean()
        self.memory.observe(whole(lengths.detach()))
        return term


REGULARISERS: dict[str, type[Regulariser]] = {
    "feature-matching": FeatureMatching,
    "layer-matching": LayerMatching,
    "path-length": PathLength,
}
