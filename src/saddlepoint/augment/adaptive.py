"""The pipeline of adaptive discriminator augmentation (ADA)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from saddlepoint.augment.augmentation import Augmentation, Strength, applied, each, normal
from saddlepoint.augment.pixels import grid, interpolated, taken, whole, window

#: Standard deviations of the paper, appendix B; those of scales, contrast and saturation are of their logarithms.
SCALE, SHIFT, BRIGHTNESS = 0.2 * math.log(2), 0.125, 0.2
CONTRAST, SATURATION = 0.5 * math.log(2), math.log(2)


@dataclass(frozen=True)
class Adaptive(Augmentation):
    """Fourteen transformations, each with probability p, whose strength a controller sets (`adjusted`).

        blit:      flip left to right (one time in two); turn by 0, 90, 180 or 270°; move by whole pixels, at most an
                   eighth of each side
        geometry:  scale by s, log₂ s ~ N(0, 0.2²); rotate by θ ~ U(−π, π); stretch by (s, 1/s); rotate again; move by
                   N(0, ⅛²) of each side; a rotation before or after the stretch has probability p
        colour:    add b ~ N(0, 0.2²); multiply by c, log₂ c ~ N(0, ½²); flip the luma (one time in two); turn the
                   hue by θ ~ U(−π, π); multiply the chroma by s, log₂ s ~ N(0, 1²); black is −1 and white 1
        cutout:    a rectangle of half of each side, centred anywhere, becomes grey

    Outside of the image lies its mirror image. A blit copies pixels, bit for bit; geometry is one bilinear
    interpolation. A subset of the paper's: its wavelet filters against aliasing, band filters and noise are left
    out, the last as it would take a number a pixel. Images that are not square turn by 0 or 180° only. Grey ones
    have no chroma, so of colour there remain brightness, contrast and the flip of the luma, which is the negative.

    Args:
        low, high: what black and white are.
        blit, geometry, colour, cutout: which groups; the paper found the first three to help best.

    Raises:
        ValueError: by a call, colour of images that have neither 1 nor 3 channels.

    Paper: Karras, Aittala, Hellsten, Laine, Lehtinen, Aila 2020, "Training generative adversarial networks with
    limited data", arXiv 2006.06676.

    >>> augment = Adaptive()
    >>> images, draws = torch.randn(2, 3, 8, 8), torch.rand(2, augment.draws)
    >>> torch.equal(augment(images, draws, strength=0.0), images)
    True
    """

    blit: bool = True
    geometry: bool = True
    colour: bool = True
    cutout: bool = False

    parts = {  # noqa: RUF012
        "flip": 2,
        "turn": 2,
        "move": 3,
        "scale": 3,
        "rotation before": 2,
        "stretch": 3,
        "rotation after": 2,
        "shift": 3,
        "brightness": 3,
        "contrast": 3,
        "luma flip": 2,
        "hue": 2,
        "saturation": 3,
        "cutout": 3,
    }
    paper = """@inproceedings{karras2020training,
  title={Training Generative Adversarial Networks with Limited Data},
  author={Karras, Tero and Aittala, Miika and Hellsten, Janne and Laine, Samuli and Lehtinen, Jaakko and Aila, Timo},
  booktitle={NeurIPS}, year={2020}}"""

    def _transformed(self, images: Tensor, drawn: Mapping[str, Tensor], strength: Strength) -> Tensor:
        if self.blit:
            images = _blitted(images, drawn, strength)
        if self.geometry:
            images = _warped(images, drawn, strength)
        if self.colour:
            images = self._coloured(images, drawn, strength)
        if self.cutout:
            cutout = drawn["cutout"]
            hole = each(applied(cutout, strength)) & window(images, cutout[:, 1], cutout[:, 2])
            images = images.masked_fill(hole, self.middle)
        return images

    def _coloured(self, images: Tensor, drawn: Mapping[str, Tensor], strength: Strength) -> Tensor:
        """c ℓ (luma + b) + c s R(θ) chroma with ℓ = ±1: luma is the mean of a pixel's channels, chroma the rest."""
        if images.shape[1] not in (1, 3):
            raise ValueError(
                f"images have {images.shape[1]} channels, colour takes 1 or 3: switch it off, colour=False"
            )
        flipped = applied(drawn["luma flip"], strength) & (drawn["luma flip"][:, 1] >= 0.5)
        others = ("brightness", "contrast", "hue", "saturation")
        changed = torch.stack([flipped, *(applied(drawn[name], strength) for name in others)]).any(0)
        brightness = _where(drawn["brightness"], strength, BRIGHTNESS * normal(*_numbers(drawn["brightness"]))[0], 0.0)
        contrast = _log_normal(drawn["contrast"], strength, CONTRAST)
        luma_gain = torch.where(flipped, -contrast, contrast)
        chroma_gain = contrast * _log_normal(drawn["saturation"], strength, SATURATION)
        hue = _angle(drawn["hue"], strength)

        half = (self.high - self.low) / 2
        scaled = (images - self.middle) / half
        luma = scaled.mean(1, keepdim=True)
        chroma = scaled - luma
        # The cross product with (1, 1, 1)/√3, which turns the plane of chroma by 90°.
        across = (chroma.roll(1, 1) - chroma.roll(-1, 1)) / math.sqrt(3)
        bright, along, turned, offset = (
            each(factor).to(images)
            for factor in (luma_gain, chroma_gain * hue.cos(), chroma_gain * hue.sin(), luma_gain * brightness)
        )
        coloured = (bright * luma + along * chroma + turned * across + offset) * half + self.middle
        return torch.where(each(changed), coloured, images)


def _blitted(images: Tensor, drawn: Mapping[str, Tensor], strength: Strength) -> Tensor:
    """Flip, turn, move: where each pixel comes from is a whole number, so copies are exact."""
    height, width = images.shape[2:]
    rows, columns = grid(images)
    flip, turn, move = drawn["flip"], drawn["turn"], drawn["move"]
    # From the result back to its source: undo the last transformation first.
    moved = applied(move, strength)[:, None, None]
    rows = rows - moved * whole(move[:, 1], round(height / 8))
    columns = columns - moved * whole(move[:, 2], round(width / 8))
    # Twice the distance to the centre, which is a whole number for even and for odd sides.
    y, x = 2 * rows - (height - 1), 2 * columns - (width - 1)
    quarters = (4 * turn[:, 1]).floor() if height == width else 2 * (2 * turn[:, 1]).floor()
    angle = torch.where(applied(turn, strength), quarters, 0) * (torch.pi / 2)
    cos, sin = (f(angle).round().long()[:, None, None] for f in (torch.cos, torch.sin))
    y, x = cos * y - sin * x, sin * y + cos * x
    flipped = (applied(flip, strength) & (flip[:, 1] >= 0.5))[:, None, None]
    x = torch.where(flipped, -x, x)
    return taken(images, (y + height - 1) // 2, (x + width - 1) // 2)


def _warped(images: Tensor, drawn: Mapping[str, Tensor], strength: Strength) -> Tensor:
    """Scale, rotate, stretch, rotate, shift: one interpolation at the source of each pixel."""
    height, width = images.shape[2:]
    # Two rotations at this probability each: one or the other has p.
    rotation = 1 - (1 - strength) ** 0.5
    probabilities = {
        "scale": strength,
        "rotation before": rotation,
        "stretch": strength,
        "rotation after": rotation,
        "shift": strength,
    }
    changed = torch.stack([applied(drawn[name], p) for name, p in probabilities.items()]).any(0)

    down, right = normal(*_numbers(drawn["shift"]))
    rows, columns = grid(images)
    y = rows - (height - 1) / 2 - _where(drawn["shift"], strength, SHIFT * height * down, 0.0)[:, None, None]
    x = columns - (width - 1) / 2 - _where(drawn["shift"], strength, SHIFT * width * right, 0.0)[:, None, None]
    y, x = _rotated(y, x, _angle(drawn["rotation after"], rotation))
    stretch = _log_normal(drawn["stretch"], strength, SCALE)[:, None, None]
    y, x = _rotated(y * stretch, x / stretch, _angle(drawn["rotation before"], rotation))
    scale = _log_normal(drawn["scale"], strength, SCALE)[:, None, None]
    warped = interpolated(images, y / scale + (height - 1) / 2, x / scale + (width - 1) / 2)
    return torch.where(each(changed), warped, images)


def _rotated(y: Tensor, x: Tensor, angle: Tensor) -> tuple[Tensor, Tensor]:
    cos, sin = angle.cos()[:, None, None], angle.sin()[:, None, None]
    return cos * y - sin * x, sin * y + cos * x


def _numbers(drawn: Tensor) -> tuple[Tensor, Tensor]:
    return drawn[:, 1], drawn[:, 2]


def _where(drawn: Tensor, probability: Strength, value: Tensor, neutral: float) -> Tensor:
    """The value where the part is applied, and what changes nothing elsewhere, (N,)."""
    return torch.where(applied(drawn, probability), value, neutral)


def _log_normal(drawn: Tensor, probability: Strength, deviation: float) -> Tensor:
    return _where(drawn, probability, (deviation * normal(*_numbers(drawn))[0]).exp(), 1.0)


def _angle(drawn: Tensor, probability: Strength) -> Tensor:
    return _where(drawn, probability, torch.pi * (2 * drawn[:, 1] - 1), 0.0)
