"""What every generator, discriminator and translator has in common: how they are called, with classes or without."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from saddlepoint.networks.bases import Base
from saddlepoint.networks.minibatch import MinibatchDeviation
from saddlepoint.networks.reflection import padded


@dataclass(frozen=True)
class DiscriminatorOutput:
    """All that a discriminator says of its samples.

    Attributes:
        logits: (N,), high where a sample looks real; of networks that judge patches or pixels (N, …), one each.
        class_logits: (N, classes) of the auxiliary classifier, None where there is none.
        features: (N, d), what classes are told by: mostly the input of the last layer, as feature matching compares it.
        layers: outputs of the layers, (N, …) each, of networks that tell them.
    """

    logits: Tensor
    class_logits: Tensor | None
    features: Tensor
    layers: tuple[Tensor, ...] = ()


class Generator(nn.Module, ABC):
    """Latents, and labels where it has classes, to samples.

    Args:
        classes: how many there are; 0 takes no labels.

    Attributes:
        uniforms: uniform numbers that it draws for a sample; it then takes them as a third input, too.
    """

    uniforms: int = 0

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = _checked_classes(classes)

    def forward(self, latent: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, latent), and int64 labels (N,) where it has classes → (N, *shape).

        Raises:
            ValueError: labels are missing, unexpected, or no integers (N,).
        """
        _check_labels(labels, self.classes, latent.shape[0])
        return self.generate(latent, labels)

    @abstractmethod
    def generate(self, latent: Tensor, labels: Tensor | None) -> Tensor:
        """(N, latent) and fitting labels → (N, *shape)."""


class Translator(nn.Module, ABC):
    """Images to images, of any size.

    Args:
        stride: what sides are padded to multiples of.
        scale: a side of the output, in sides of the input; 1 translates.
        base: the simple method whose result is added to what the network makes; None adds nothing.

    Raises:
        ValueError: a stride or a scale below 1, or a base of another scale.
    """

    def __init__(self, stride: int, scale: int = 1, base: Base | None = None) -> None:
        super().__init__()
        if min(stride, scale) < 1:
            raise ValueError(f"stride is {stride} and scale {scale}: give each at least 1")
        if base is not None and base.scale != scale:
            raise ValueError(f"the scale is {scale} and that of the base {base.scale}: give a base of the same scale")
        self.stride, self.scale, self.base = stride, scale, base

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) → (N, C', scale · H, scale · W).

        Padded below and on the right, so that the network's grid lies on the same pixels whatever the size: by
        reflection, and by the last row or column where the image is too small for that.
        """
        height, width = images.shape[2:]
        return self.based(padded(images, self.stride))[:, :, : self.scale * height, : self.scale * width]

    def based(self, images: Tensor) -> Tensor:
        """What the network makes, added to the base; (N, C, H, W), H and W multiples of the stride."""
        made = self.translate(images)
        return made if self.base is None else self.base.corrected(images, made)

    @abstractmethod
    def translate(self, images: Tensor) -> Tensor:
        """(N, C, H, W), H and W multiples of the stride → (N, C', scale · H, scale · W)."""


class EncodingTranslator(Translator, ABC):
    """A translator whose first half may be asked what it makes of images, for losses that compare patches.

    Attributes:
        encoded_channels: of what `encoded` gives.
    """

    encoded_channels: tuple[int, ...]

    @abstractmethod
    def encoded(self, images: Tensor) -> list[Tensor]:
        """(N, C, H, W), H and W continued to multiples of the stride → layers (N, channels, h, w), finest first."""


class Code(nn.Module):
    """The latent, with a learned embedding of the class behind it where there are classes.

    Attributes:
        size: numbers in a code, latent or twice that.
    """

    def __init__(self, latent: int, classes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(classes, latent) if classes else None
        self.size = 2 * latent if classes else latent

    def forward(self, latent: Tensor, labels: Tensor | None) -> Tensor:
        """(N, latent) → (N, size)."""
        return latent if self.embedding is None else torch.cat([latent, self.embedding(labels)], dim=1)


class Discriminator(nn.Module, ABC):
    """Samples, and labels where it has classes, to logits.

    With classes, the logit gains ⟨embedding of the label, features⟩ (projection: Miyato, Koyama 2018, arXiv
    1802.05637), or an auxiliary classifier of the same features stands beside it (Odena, Olah, Shlens 2017, arXiv
    1610.09585) and labels may be given but change nothing. Packed, it judges `packing` samples after one another as
    one, by their channels side by side, and so sees a lack of variety (Lin, Khetan, Fanti, Oh 2018, arXiv 1712.04086).

    Args:
        shape: of a sample, its channels first.
        classes: how many there are; 0 takes no labels.
        auxiliary: an auxiliary classifier in place of the projection.
        packing: samples in a pack.

    Attributes:
        seen: shape of a pack, which the layers see.

    Raises:
        ValueError: an auxiliary classifier without classes, packs of classes, or a pack without samples.
    """

    projection: nn.Embedding | None
    classifier: nn.Linear | None

    def __init__(self, shape: tuple[int, ...], classes: int, auxiliary: bool, packing: int) -> None:
        super().__init__()
        self.classes = _checked_classes(classes)
        self.auxiliary, self.packing = auxiliary, packing
        if auxiliary and not classes:
            raise ValueError("auxiliary classifies, and there are no classes: give labelled data, or auxiliary=false")
        if packing < 1:
            raise ValueError(f"packing is {packing}: a pack has at least 1 sample")
        if packing > 1 and classes:
            raise ValueError(
                f"packing is {packing}, and a pack has no class of its own: give packing=1, or --no-conditional"
            )
        self.seen = (packing * shape[0], *shape[1:])

    @cached_property
    def separate(self) -> bool:
        """Whether it judges each sample, or pack, by itself and the same in any batch: then two batches are one.

        Not with batch norm, the deviation over a minibatch or dropout.
        """
        return not any(isinstance(layer, MinibatchDeviation | _BatchNorm | _DropoutNd) for layer in self.modules())

    def add_heads(self, features: int) -> None:
        """The layer that classes ask for, on features of this size; the last act of a constructor."""
        self.projection = nn.Embedding(self.classes, features) if self.classes and not self.auxiliary else None
        self.classifier = nn.Linear(features, self.classes) if self.auxiliary else None
        if self.projection is not None:
            nn.init.normal_(self.projection.weight, std=features**-0.5)

    def forward(
        self, images: Tensor, labels: Tensor | None = None, detailed: bool = False
    ) -> Tensor | DiscriminatorOutput:
        """(N, *shape), and int64 labels (N,) where it has classes → logits (N,), or all of the output.

        Networks that judge patches or pixels give a map of logits for every sample, (N, h, w) or (N, k, h, w). With
        packing m there are N/m logits (or maps) and features, one a pack.

        Raises:
            ValueError: labels are missing, unexpected or no integers (N,), or N does not fill whole packs.
        """
        if labels is not None or not self.auxiliary:
            _check_labels(labels, self.classes, len(images))
        features, logits, *layers = self.judge(self._packed(images))
        logits = logits.squeeze(1)
        if self.projection is not None:
            of_class = (self.projection(labels) * features).sum(1)
            logits = logits + of_class.view(-1, *(1 for _ in logits.shape[1:]))
        if not detailed:
            return logits
        class_logits = None if self.classifier is None else self.classifier(features)
        return DiscriminatorOutput(logits, class_logits, features, tuple(layers))

    @abstractmethod
    def judge(self, images: Tensor) -> tuple[Tensor, ...]:
        """(N, *seen) → features (N, d), logits (N, 1) or (N, k, h, w), and outputs of layers that may be compared."""

    def _packed(self, images: Tensor) -> Tensor:
        if len(images) % self.packing:
            raise ValueError(
                f"{len(images)} samples don't fill packs of {self.packing}: give a batch size that packing divides"
            )
        return images if self.packing == 1 else images.reshape(-1, *self.seen)


def _checked_classes(classes: int) -> int:
    if classes < 0:
        raise ValueError(f"classes is {classes}: give their number, or 0 for none")
    return classes


def _check_labels(labels: Tensor | None, classes: int, count: int) -> None:
    """Raise ValueError where labels do not fit a network of so many classes and a batch of so many samples."""
    if labels is None:
        if classes:
            raise ValueError(f"this network has {classes} classes and was called without labels: give int64 ({count},)")
        return
    if not classes:
        raise ValueError("this network was made without classes and was called with labels: leave them out")
    if labels.dtype != torch.int64 or labels.shape != (count,):
        raise ValueError(f"labels are {labels.dtype} {tuple(labels.shape)}: expected int64 ({count},)")
