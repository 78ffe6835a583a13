"""What spoils a photograph, so that a network can learn to undo it: links of a chain, each bytes to bytes.

A chain is written as links in their order, "blur:1.2,downscale:2,noise:10,jpeg:60"; where a link takes a number it
takes a range too, "noise:5-25", from which every image draws its own. An image stays uint8 between two links, rounded
and clipped, as it does between two programs. All that is random is a function of a key, (seed, index of the image).
"""

import io
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from math import lcm, prod
from typing import ClassVar, Literal, Self, cast, get_args

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, interpolate, pad

from saddlepoint.core import rng
from saddlepoint.tasks.enhancement.masks import Hiding, Window, filled, hidden_pixels

Kernel = Literal["area", "bicubic"]
#: Rec. 601 luma.
LUMA = (0.299, 0.587, 0.114)
#: Pixels a side that JPEG codes together, with colour at half the resolution.
BLOCK = 16
#: Half of the sides of kernels that ring; what paper turns to; how images are resized.
SINC, PAPER = 10, [1.0, 0.93, 0.78]
RESIZING: tuple[Literal["area", "bilinear", "bicubic"], ...] = ("area", "bilinear", "bicubic")
#: Gaussians are cut off at so many deviations. What the eye calls a brightness is about this root of the light.
CUT, GAMMA = 4.0, 2.2
_NUMBER = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(?:-(\d+(?:\.\d*)?|\.\d+))?")


@dataclass(frozen=True)
class Range:
    """Numbers from low to high; one number where they are equal."""

    low: float
    high: float

    def draw(self, source: torch.Generator) -> float:
        """One of them, uniform; nothing is drawn where there is one only."""
        if not self.spans:
            return self.low
        return self.low + (self.high - self.low) * float(torch.rand((), generator=source, dtype=torch.float64))

    def whole(self, source: torch.Generator) -> int:
        """A whole one of them, uniform."""
        return int(torch.randint(round(self.low), round(self.high) + 1, (), generator=source))

    @property
    def spans(self) -> bool:
        """Whether there is more than one."""
        return self.low < self.high

    def __str__(self) -> str:
        return f"{self.low:g}-{self.high:g}" if self.spans else f"{self.low:g}"


class Degradation(ABC):
    """One link: an image, uint8 (C, H, W), to another; random numbers come from the generator that it is given."""

    #: How it is written, with an example of its arguments, and what it does.
    written: ClassVar[str]
    summary: ClassVar[str]
    #: Whether the same image may come out differently, whatever its arguments.
    draws: ClassVar[bool] = False

    @classmethod
    @abstractmethod
    def read(cls, words: Sequence[str]) -> Self:
        """From its arguments as they are written. Raises ValueError where they are none of its own."""

    @abstractmethod
    def __call__(self, image: Tensor, source: torch.Generator) -> Tensor:
        """uint8 (C, H, W) → uint8 (C', H', W')."""

    @property
    def random(self) -> bool:
        """Whether the same image may come out differently."""
        return self.draws or any(value.spans for value in vars(self).values() if isinstance(value, Range))

    @property
    def scale(self) -> int:
        """Sides before over sides after."""
        return 1

    @property
    def reach(self) -> int:
        """Pixels beyond a pixel by which it is changed."""
        return 0

    @property
    def grid(self) -> int:
        """Side of the squares that an image is treated by."""
        return self.scale

    def channels(self, given: int) -> int:
        """Channels after, where so many are given."""
        return given


@dataclass(frozen=True)
class Downscale(Degradation):
    """Sides divided by a whole factor; rows and columns beyond its multiples are cut off first."""

    factor: int
    kernel: Kernel = "area"

    written = "downscale:4 or downscale:4:bicubic"
    summary = "sides divided by 2 to 8: means of squares, or bicubic with antialias"

    @classmethod
    def read(cls, words: Sequence[str]) -> Self:
        """From a factor, and a kernel."""
        number, *rest = _taken(cls, words, 1, 2)
        factor = _range(cls, number, 2, 8)
        if factor.spans or factor.low != int(factor.low):
            raise ValueError(f"downscale takes one whole factor, as all images of a batch have one size, not {number}")
        if rest and rest[0] not in get_args(Kernel):
            raise ValueError(f"downscale has no kernel {rest[0]!r}: write downscale:{number} or :bicubic after it")
        return cls(int(factor.low), "bicubic" if rest == ["bicubic"] else "area")

    def __call__(self, image: Tensor, source: torch.Generator) -> Tensor:  # noqa: ARG002
        """(C, H, W) → (C, ⌊H/k⌋, ⌊W/k⌋)."""
        k = self.factor
        height, width = image.shape[1] // k, image.shape[2] // k
        if not height or not width:
            raise ValueError(f"an image of {image.shape[1]}x{image.shape[2]} pixels can't be divided by {k}")
        whole = image[None, :, : height * k, : width * k].float()
        if self.kernel == "area":
            return _bytes(avg_pool2d(whole, k))[0]
        return _bytes(interpolate(whole, (height, width), mode="bicubic", antialias=True))[0]

    @property
    def scale(self) -> int:
        """The factor."""
        return self.factor

    @property
    def reach(self) -> int:
        """Two pixels of the result, where it is bicubic."""
        return 0 if self.kernel == "area" else 2 * self.factor

    def __str__(self) -> str:
        return f"downscale:{self.factor}{'' if self.kernel == 'area' else ':bicubic'}"


@dataclass(frozen=True)
class Blur(Degradation):
    """Convolution with a Gaussian of a deviation in pixels; pixels of the edge are repeated beyond it."""

    sigma: Range

    written = "blur:1.2"
    summary = "Gaussian blur of a deviation in pixels"

    @classmethod
    def read(cls, words: Sequence[str]) -> Self:
        """From a deviation."""
        return cls(_range(cls, _taken(cls, words, 1, 1)[0], 0, 50))

    def __call__(self, image: Tensor, source: torch.Generator) -> Tensor:
        """(C, H, W), shape kept."""
        sigma = self.sigma.draw(source)
        if sigma == 0:
            return image
        reach = math.ceil(CUT * sigma)
        bell = torch.exp(-0.5 * (torch.arange(-reach, reach + 1, dtype=torch.float64) / sigma) ** 2)
        bell = (bell / bell.sum()).float()
        return _bytes(_convolved(_convolved(image.float(), bell[:, None]), bell[None, :]))

    @property
    def reach(self) -> int:
        """Of the widest bell."""
        return math.ceil(CUT * self.sigma.high)

    def __str__(self) -> str:
        return f"blur:{self.sigma}"


@dataclass(frozen=True)
class Motion(Degradation):
    """The mean of `length` copies, each moved one pixel on along a direction that every image draws."""

    length: Range

    written = "motion:7"
    summary = "motion blur of a length in pixels, in any direction"
    draws = True

    @classmethod
    def read(cls, words: Sequence[str]) -> Self:
        """From a length."""
        return cls(_whole(cls, _taken(cls, words, 1, 1)[0], 1, 200))

    def __call__(self, image: Tensor, source: torch.Generator) -> Tensor:
        """(C, H, W), shape kept."""
        length, turn = self.length.whole(source), float(torch.rand((), generator=source))
        return _bytes(_convolved(image.float(), motion_kernel(length, math.pi * turn)))

    @property
    def reach(self) -> int:
        """Half of the way."""
        return math.ceil((self.length.high - 1) / 2)

    def __str__(self) -> str:
        return f"motion:{self.length}"


@dataclass(frozen=True)
class Noise(Degradation):
    """Independent Gaussian noise of a deviation in levels, of which there are 255."""

    sigma: Range

    written = "noise:10"
    summary = "Gaussian noise of a deviation in levels (0 to 255)"
    draws = True

    @classmethod
    def read(cls, words: Sequence[str]) -> Self:
        """From a deviation."""
        return cls(_range(cls, _taken(cls, words, 1, 1)[0], 0, 255))

    def __call__(self, image: Tensor, source: torch.Generator) -> Tensor:
        """(C, H, W), shape kept."""
        sigma = self.sigma.draw(source)
        return _bytes(image.float() + sigma * torch.randn(image.shape, generator=source))

    def __str__(self) -> str:
        return f"noise:{self.sigma}"


@dataclass(frozen=True)
class Poisson(Degradation):
    """Counted light: y = Poisson(x P/255) 255/P, of mean x and variance 255 x/P, where white is P photons."""

    photons: Range

    written = "poisson or poisson:60"
    summary = "noise of counted light, so many photons where it is white (255)"
    draws = True

    @classmethod
    def read(cls, words: Sequence[str]) -> Self:
        """From the photons, or nothing."""
        given = _taken(cls, words, 0, 1)
        return cls(_range(cls, given[0], 1, 1e6) if given else Range(255, 255))

    def __call__(self, image: Tensor, source: torch.Generator) -> Tensor:
        """(C, H, W), shape kept."""
        photons = self.photons.draw(source)
        return _bytes(torch.poisson(image.float() * (photons / 255), generator=source) * (255 / photons))

    def __str__(self) -> str:
        return f"poisson:{self.photons}"


@dataclass(frozen=True)
class Jpeg(Degradation):
    """Written as JPEG by Pillow, its colour at half the resolution as usual, and read again."""

    quality: Range

    written = "jpeg:60"
    summary = "JPEG of a quality from 1 to 100"

    @classmethod
    def read(cls, words: Sequence[str]) -> Self:
        """From a quality."""
        return cls(_whole(cls, _taken(cls, words, 1, 1)[0], 1, 100))

    def __call__(self, image: Tensor, source: torch.Generator) -> Tensor:
        """(C, H, W), shape kept; raises ValueError where C is neither 1 nor 3."""
        if len(image) not in (1, 3):
            raise ValueError(f"JPEG holds 1 or 3 channels, not {len(image)}: leave jpeg out")
        pixels = image.permute(1, 2, 0).numpy()
        file = io.BytesIO()
        picture = Image.fromarray(pixels[..., 0] if len(image) == 1 else pixels)
        picture.save(file, format="JPEG", quality=self.quality.whole(source))
        with Image.open(file) as opened:
            read = np.array(opened)
        return torch.from_numpy(read.reshape(*pixels.shape)).permute(2, 0, 1).contiguous()

    @property
    def reach(self) -> int:
        """Colour is smoothed over the edges of its blocks."""
        return 2

    @property
    def grid(self) -> int:
        """Of blocks of colour at half the resolution."""
        return BLOCK

    def __str__(self) -> str:
        return f"jpeg:{self.quality}"


@dataclass(frozen=True)
class Mask:
    """At least a share of a photograph's pixels hidden, by boxes or strokes of all sizes.

    Boxes have sides of a 24th to a third of the photograph's, strokes are bent and a 96th to a twelfth as thick as its
    shorter side; one after another is laid until the share is hidden.
    """

    kind: Hiding
    share: Range

    written: ClassVar[str] = "mask:mixed, mask:boxes or mask:strokes:0.25"
    summary: ClassVar[str] = "at least a share of the pixels (0.25) hidden by boxes, strokes or either"

    @classmethod
    def read(cls, words: Sequence[str]) -> Self:
        """From boxes, strokes or mixed, and a share."""
        kind, *rest = _taken(cls, words, 1, 2)
        if kind not in get_args(Hiding):
            raise ValueError(f"a mask is of boxes, of strokes or mixed, not of {kind!r}: write {cls.written}")
        share = _range(cls, rest[0], 0, 0.9) if rest else Range(0.25, 0.25)
        return cls(cast("Hiding", kind), share)

    def hidden(self, window: Window, source: torch.Generator) -> Tensor:
        """Which pixels of a window of a photograph are hidden, bool (H, W)."""
        return hidden_pixels(self.kind, self.share.draw(source), window, source)

    def __str__(self) -> str:
        return f"mask:{self.kind}:{self.share}"


@dataclass(frozen=True)
class Grey(Degradation):
    """One channel, 0.299 R + 0.587 G + 0.114 B; grey images are left as they are."""

    written = "grey"
    summary = "colour taken away, to be given back"

    @classmethod
    def read(cls, words: Sequence[str]) -> Self:
        """From nothing."""
        _taken(cls, words, 0, 0)
        return cls()

    def __call__(self, image: Tensor, source: torch.Generator) -> Tensor:  # noqa: ARG002
        """(C, H, W) → (1, H, W)."""
        if len(image) == 1:
            return image
        return _bytes((image.double() * torch.tensor(LUMA, dtype=torch.float64).view(3, 1, 1)).sum(0, keepdim=True))

    def channels(self, given: int) -> int:  # noqa: ARG002
        """One."""
        return 1

    def __str__(self) -> str:
        return "grey"


@dataclass(frozen=True)
class LowLight(Degradation):
    """A share e of the light: y = x e^(1/2.2), as levels are about the 2.2th root of light; noise is another link."""

    light: Range

    written = "lowlight or lowlight:0.1"
    summary = "so much of the light (0.1)"

    @classmethod
    def read(cls, words: Sequence[str]) -> Self:
        """From a share, or nothing."""
        given = _taken(cls, words, 0, 1)
        return cls(_range(cls, given[0], 0.001, 1) if given else Range(0.1, 0.1))

    def __call__(self, image: Tensor, source: torch.Generator) -> Tensor:
        """(C, H, W), shape kept."""
        return _bytes(image.float() * self.light.draw(source) ** (1 / GAMMA))

    def __str__(self) -> str:
        return f"lowlight:{self.light}"


@dataclass(frozen=True)
class Resize(Degradation):
    """Made smaller or larger by a factor, and as large again as it was: detail is lost, and pixels are smeared.

    Each way draws its kernel: means of areas, bilinear, or bicubic.
    """

    factor: Range

    written = "resize:0.5-1.2"
    summary = "resized by a factor (0.1 to 4) and back, by kernels that each image draws"
    draws = True

    @classmethod
    def read(cls, words: Sequence[str]) -> Self:
        """From a factor."""
        return cls(_range(cls, _taken(cls, words, 1, 1)[0], 0.1, 4))

    def __call__(self, image: Tensor, source: torch.Generator) -> Tensor:
        """(C, H, W), shape kept."""
        factor, size = self.factor.draw(source), (image.shape[1], image.shape[2])
        ways = [RESIZING[int(k)] for k in torch.randint(len(RESIZING), (2,), generator=source)]
        between = (max(1, round(factor * size[0])), max(1, round(factor * size[1])))
        return _bytes(_resized(_resized(image.float(), between, ways[0]), size, ways[1]))

    @property
    def reach(self) -> int:
        """Of a cubic on the coarser grid, there and back."""
        return math.ceil(4 / min(1.0, self.factor.low))

    def __str__(self) -> str:
        return f"resize:{self.factor}"


@dataclass(frozen=True)
class Sinc(Degradation):
    """The ideal low-pass of a cut-off in radians a pixel, up to π, cut to 21x21: edges ring, as after sharpening.

        k(x, y) = ω J₁(ω r) / (2π r),  r = √(x² + y²)

    Wang, Xie, Dong, Shan 2021, "Real-ESRGAN", arXiv 2107.10833.
    """

    cutoff: Range

    written = "sinc:1-3"
    summary = "ringing: frequencies above a cut-off (0.5 to 3.1 radians a pixel) taken away sharply"

    @classmethod
    def read(cls, words: Sequence[str]) -> Self:
        """From a cut-off."""
        return cls(_range(cls, _taken(cls, words, 1, 1)[0], 0.5, 3.1))

    def __call__(self, image: Tensor, source: torch.Generator) -> Tensor:
        """(C, H, W), shape kept."""
        cutoff = self.cutoff.draw(source)
        line = torch.arange(-SINC, SINC + 1, dtype=torch.float64)
        radius = (line[:, None] ** 2 + line[None, :] ** 2).sqrt()
        kernel = cutoff * torch.special.bessel_j1(cutoff * radius) / (2 * math.pi * radius.clamp_min(1e-9))
        kernel[SINC, SINC] = cutoff**2 / (4 * math.pi)
        return _bytes(_convolved(image.float(), (kernel / kernel.sum()).float()))

    @property
    def reach(self) -> int:
        """Half of its kernel."""
        return SINC

    def __str__(self) -> str:
        return f"sinc:{self.cutoff}"


@dataclass(frozen=True)
class Fade(Degradation):
    """Old print: contrast is lost, and white turns yellow: y = black + x (white − black), white (1, 0.93, 0.78) at 1.

    A strength s between 0 and 1 brings black to 0.25 s, and white to that colour by s.
    """

    strength: Range

    written = "fade:0.3-1"
    summary = "contrast lost and paper yellowed, by a strength (0 to 1)"

    @classmethod
    def read(cls, words: Sequence[str]) -> Self:
        """From a strength."""
        return cls(_range(cls, _taken(cls, words, 1, 1)[0], 0, 1))

    def __call__(self, image: Tensor, source: torch.Generator) -> Tensor:
        """(C, H, W), shape kept."""
        strength = self.strength.draw(source)
        paper = torch.tensor(PAPER if len(image) == 3 else [sum(PAPER) / 3] * len(image)).view(-1, 1, 1)
        white, black = 1 + strength * (paper - 1), 0.25 * strength
        return _bytes(255 * (black * paper + image.float() / 255 * (white - black * paper)))

    def __str__(self) -> str:
        return f"fade:{self.strength}"


DEGRADATIONS: dict[str, type[Degradation | Mask]] = {
    "downscale": Downscale,
    "blur": Blur,
    "motion": Motion,
    "noise": Noise,
    "poisson": Poisson,
    "jpeg": Jpeg,
    "mask": Mask,
    "grey": Grey,
    "lowlight": LowLight,
    "resize": Resize,
    "sinc": Sinc,
    "fade": Fade,
}
#: Chains by a name: what happens to photographs in the wild, twice over, as in Real-ESRGAN (Wang et al. 2021).
PRESETS: dict[str, str] = {
    "photo": "blur:0.1-1.5,resize:0.4-1.2,noise:0-12,jpeg:40-95,"
    "blur:0.1-0.8,resize:0.6-1.2,noise:0-8,sinc:2-3.1,jpeg:50-95",
    "scan": "blur:0.3-1.2,resize:0.6-1.2,fade:0-0.4,noise:1-8,sinc:1.8-3.1,jpeg:50-95",
    "screenshot": "resize:0.5-1.3,sinc:1.8-3.1,jpeg:30-90,resize:0.7-1.2,jpeg:50-95",
    "old-print": "blur:0.3-1.8,fade:0.3-1,noise:3-16,resize:0.4-1,noise:1-8,jpeg:50-95",
}


@dataclass(frozen=True)
class Chain:
    """Links one after another, and masks behind them.

    With a mask what is hidden is filled smoothly from what surrounds it, and a further channel, the last, says what
    that is: 255 hidden, 0 shown.

    >>> chain = Chain.read("blur:1.2, downscale:2, noise:5-25, jpeg:60")
    >>> chain.scale, chain.random, str(chain)
    (2, True, 'blur:1.2,downscale:2,noise:5-25,jpeg:60')
    >>> chain(torch.zeros(3, 32, 32, dtype=torch.uint8), 0, 7).shape
    torch.Size([3, 16, 16])
    """

    links: tuple[Degradation, ...]
    masks: tuple[Mask, ...] = ()

    @classmethod
    def read(cls, text: str) -> Self:
        """From how it is written.

        Raises:
            ValueError: no link, an unknown one, an argument that is none of its own, or a mask before another link;
                says what to write.

        >>> Chain.read("nose:10")
        Traceback (most recent call last):
        ...
        ValueError: there is no degradation 'nose': did you mean 'noise'?
        """
        text = ",".join(PRESETS.get(part.strip(), part) for part in text.split(","))
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if not parts:
            raise ValueError(f"no degradation is named: write links such as downscale:4 or {Blur.written},noise:5-25")
        found = [_link(*part.split(":")) for part in parts]
        masks = tuple(link for link in found if isinstance(link, Mask))
        links = tuple(link for link in found if not isinstance(link, Mask))
        if any(isinstance(link, Mask) for link in found[: len(links)]):
            raise ValueError(
                f"a mask says what of the network's input is hidden, so that nothing comes after it: write "
                f"{','.join(map(str, (*links, *masks)))}"
            )
        return cls(links, masks)

    def __call__(self, image: Tensor, *key: int | str) -> Tensor:
        """An image, uint8 (C, H, W), spoiled; a pure function of it and the key."""
        return self.cut(image, 0, 0, (image.shape[1], image.shape[2]), *key)[0]

    def cut(self, image: Tensor, top: int, left: int, size: tuple[int, int], *key: int | str) -> tuple[Tensor, Tensor]:
        """A window of a photograph as the whole, spoiled, has it, and of the photograph itself; a pure function.

        What lies around the window is spoiled with it, as far as links reach; squares that are averaged and blocks
        of a JPEG lie where they would in the whole; masks are drawn for the whole.

        Args:
            image: the photograph, uint8 (C, H, W).
            top, left: where the window begins; rounded down to multiples of the scale.
            size: its height and width, multiples of the scale where the photograph's are larger.
            key: of all that is drawn.
        """
        source, scale, (height, width) = rng(*key, "degradation"), self.scale, size
        top, left = top // scale * scale, left // scale * scale
        target = image[:, top : top + height, left : left + width]
        reach, grid = self._around
        rows, columns = (
            (max(0, (start - reach) // grid * grid), min(side, -(-(start + length + reach) // grid) * grid))
            for start, length, side in ((top, height, image.shape[1]), (left, width, image.shape[2]))
        )
        spoiled = image[:, slice(*rows), slice(*columns)]
        for link in self.links:
            spoiled = link(spoiled, source)
        down, across = (top - rows[0]) // scale, (left - columns[0]) // scale
        spoiled = spoiled[:, down : down + height // scale, across : across + width // scale]
        if self.masks:
            whole = (image.shape[1] // scale, image.shape[2] // scale)
            window = Window(whole, top // scale, left // scale, *spoiled.shape[1:])
            hidden = torch.stack([mask.hidden(window, source) for mask in self.masks]).any(0)
            spoiled = masked(spoiled, hidden)
        return spoiled, target

    def several(self, images: Iterable[Tensor], seed: int, first: int = 0) -> Tensor:
        """Images of one size, (N, C', H', W'); the i-th by the key (seed, first + i)."""
        return torch.stack([self(image, seed, first + i) for i, image in enumerate(images)])

    @property
    def scale(self) -> int:
        """Sides before over sides after."""
        return prod(link.scale for link in self.links)

    @property
    def random(self) -> bool:
        """Whether the same image may come out differently by another key."""
        return bool(self.masks) or any(link.random for link in self.links)

    @property
    def keeps(self) -> bool:
        """Whether what a mask shows is as it was."""
        return bool(self.masks) and not self.links

    def channels(self, given: int) -> int:
        """Channels after, where so many are given; a mask is one of them."""
        for link in self.links:
            given = link.channels(given)
        return given + bool(self.masks)

    @property
    def _around(self) -> tuple[int, int]:
        """Pixels that links see beyond a window, and the grid on which they begin to read."""
        reach, grid, scale = 0, 1, 1
        for link in self.links:
            reach += link.reach * scale
            grid = lcm(grid, link.grid * scale)
            scale *= link.scale
        return reach, lcm(grid, scale)

    def __str__(self) -> str:
        return ",".join(map(str, (*self.links, *self.masks)))


def masked(image: Tensor, hidden: Tensor) -> Tensor:
    """An image, uint8 (C, H, W), whose hidden pixels (H, W) are filled, and the mask as its last channel."""
    white = 255 if image.dtype == torch.uint8 else 65535
    return torch.cat([filled(image, hidden), hidden[None].to(image.dtype) * white])


def motion_kernel(length: int, angle: float) -> Tensor:
    """Weights (2r + 1, 2r + 1) of the mean over `length` steps of one pixel along a direction, each step bilinear.

    >>> motion_kernel(3, 0.0)
    tensor([[0.0000, 0.0000, 0.0000],
            [0.3333, 0.3333, 0.3333],
            [0.0000, 0.0000, 0.0000]])
    """
    steps = torch.arange(length, dtype=torch.float64) - (length - 1) / 2
    reach = math.ceil((length - 1) / 2)
    # Rounded, so that a sine of 10⁻¹⁷ does not spill into the next row.
    places = [(steps * wave).round(decimals=9) for wave in (math.sin(angle), math.cos(angle))]
    grid = torch.arange(-reach, reach + 1, dtype=torch.float64)
    down, across = (torch.clamp(1 - (place[:, None] - grid).abs(), min=0) for place in places)
    return (down.T @ across / length).float()


# --- inside -------------------------------------------------------------------------------------------


def _link(name: str, *words: str) -> Degradation | Mask:
    if name not in DEGRADATIONS:
        near = get_close_matches(name, [*DEGRADATIONS, *PRESETS], n=1)
        raise ValueError(
            f"there is no degradation {name!r}: "
            + (f"did you mean {near[0]!r}?" if near else f"known: {', '.join([*DEGRADATIONS, *PRESETS])}")
        )
    return DEGRADATIONS[name].read(words)


def _taken(link: type[Degradation | Mask], words: Sequence[str], least: int, most: int) -> list[str]:
    if not least <= len(words) <= most:
        raise ValueError(f"{':'.join(words) or 'nothing'} is no argument of this degradation: write {link.written}")
    return list(words)


def _range(link: type[Degradation | Mask], text: str, least: float, most: float) -> Range:
    found = _NUMBER.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no number and no range of numbers as 5-25: write {link.written}")
    low = float(found[1])
    high = low if found[2] is None else float(found[2])
    if not least <= low <= high <= most:
        raise ValueError(f"{text} is out of range: write {link.written}, from {least:g} to {most:g}, the smaller first")
    return Range(low, high)


def _whole(link: type[Degradation | Mask], text: str, least: float, most: float) -> Range:
    found = _range(link, text, least, most)
    if found.low != int(found.low) or found.high != int(found.high):
        raise ValueError(f"{text} is not whole: write {link.written}")
    return found


def _bytes(levels: Tensor) -> Tensor:
    return levels.round().clamp(0, 255).to(torch.uint8)


def _resized(image: Tensor, size: tuple[int, int], way: Literal["area", "bilinear", "bicubic"]) -> Tensor:
    """(C, H, W) in another size; by means of areas there is no going up, which is bilinear then."""
    if way == "area" and size[0] <= image.shape[1] and size[1] <= image.shape[2]:
        return interpolate(image[None], size, mode="area")[0]
    return interpolate(image[None], size, mode="bilinear" if way == "area" else way, antialias=True)[0]


def _convolved(image: Tensor, kernel: Tensor) -> Tensor:
    """(C, H, W) with a kernel of odd sides, the edge's pixels repeated beyond it."""
    rows, columns = kernel.shape[0] // 2, kernel.shape[1] // 2
    around = pad(image[None], (columns, columns, rows, rows), mode="replicate")
    channels = len(image)
    return conv2d(around, kernel.expand(channels, 1, *kernel.shape), groups=channels)[0]
