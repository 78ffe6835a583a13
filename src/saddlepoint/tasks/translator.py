"""A trained translator of images on its own: what a run hands over, and all that `translate` and `enhance` need."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor
from typing import Any, Self

import torch
from torch import Tensor

from saddlepoint.networks import Translator
from saddlepoint.tasks.pictures import to_bytes
from saddlepoint.tasks.trained import NETWORK_REGISTRY, Model

#: Pixels of the output that are computed together at most, where images are whole.
TOGETHER = 1 << 20


@dataclass
class ImageTranslator(Model):
    """A network from images to images, with what is needed to apply it to any.

    Attributes:
        network: (N, C, H, W) → (N, C', scale · H, scale · W), any H and W.
        shape: (C', H, W) of what it was trained to make.
        source: (C, H, W) of what it was trained on.
        range: the network's values for black and white, in and out.

    Load and use it in three lines:

        from saddlepoint.tasks.translator import ImageTranslator
        translator = ImageTranslator.load(Path("runs/emoji/generator"))
        made = translator.apply(images)                # uint8, (N, C, H, W) → (N, C', scale · H, scale · W)

    Raises:
        ValueError: a network that is no translator.
    """

    source: tuple[int, ...]
    range: tuple[float, float]

    kind = "translation"
    called = "a translator of images"
    command = "saddle translate {} IN… --out DIR"

    def __post_init__(self) -> None:
        if not isinstance(self.network, Translator):
            raise ValueError(f"{type(self.network).__name__} makes no images of images: choose a translator")

    @property
    def scale(self) -> int:
        """A side of the output, in sides of the input."""
        return self._translator.scale

    @property
    def _translator(self) -> Translator:
        assert isinstance(self.network, Translator)
        return self.network

    def description(self) -> dict[str, Any]:
        """What it was trained on, and the range."""
        return {"source": list(self.source), "range": [float(end) for end in self.range]}

    @classmethod
    def described(cls, spec: Mapping[str, Any], shape: tuple[int, ...], description: Mapping[str, Any]) -> Self:
        """One with a new network, as a description has it."""
        rest = dict(description)
        source, (low, high) = tuple(rest.pop("source")), rest.pop("range")
        return cls(NETWORK_REGISTRY.build(spec, source=source, shape=shape), spec, shape, source, (low, high), **rest)

    def apply(self, images: Tensor) -> Tensor:
        """Whole images, uint8 (N, C, H, W) → uint8 (N, C', scale · H, scale · W), few at a time.

        Raises:
            ValueError: images that are not uint8 or have other channels than it was trained on.
        """
        self._check(images, 4)
        height, width = (self.scale * side for side in images.shape[2:])
        made = torch.empty(len(images), self.shape[0], height, width, dtype=torch.uint8)
        several = max(1, TOGETHER // max(1, height * width))
        with self.evaluating() as device:
            for start in range(0, len(images), several):
                part = slice(start, start + several)
                made[part] = to_bytes(self.network(self._prepared(images[part], device)), self.range)
        return made

    def applied(
        self,
        image: Tensor,
        tile: int | None = None,
        overlap: int = 32,
        progress: Callable[[int, int], None] | None = None,
    ) -> Tensor:
        """One image of any size, uint8 (C, H, W) → uint8 (C', scale · H, scale · W); by tiles, in bounded memory.

        Tiles lie on the network's grid, at equal distances, and overlap by at least `overlap`. Between two of them
        there is a smooth passage, half the overlap wide and in its middle: a network that sees no farther than a
        quarter of the overlap gives the same pixels as on the whole image. Networks that normalise by an image's
        own statistics (instance norm) see those of a tile: for them, larger tiles are closer to the whole.

        Args:
            image: the image.
            tile: its side in pixels of the input, rounded up to the network's stride; None takes the image whole.
            overlap: in pixels of the input, rounded up to the network's stride; at most half a tile.
            progress: called with (tiles done, of how many).

        Raises:
            ValueError: an image that is not uint8 or has other channels, or an overlap that does not fit the tile.
        """
        self._check(image, 3)
        if tile is None:
            made = self.apply(image[None])[0]
            if progress is not None:
                progress(1, 1)
            return made
        stride, scale = self._translator.stride, self.scale
        side, shared = (ceil(pixels / stride) * stride for pixels in (tile, overlap))
        if overlap < 0 or side < 1 or 2 * shared > side:
            raise ValueError(
                f"tiles of {tile} pixels overlap by {overlap}, with the network's stride of {stride} {side} by "
                f"{shared}: give an overlap of at least 0 and at most half a tile"
            )
        rows, columns = (_stretches(length, side, shared, stride, scale) for length in image.shape[1:])
        made = torch.empty(self.shape[0], *(scale * length for length in image.shape[1:]), dtype=torch.uint8)
        carried = torch.empty(self.shape[0], 0, made.shape[2])
        done = 0
        with self.evaluating() as device:
            for number, row in enumerate(rows):
                band = torch.zeros(self.shape[0], row.upper - row.lower, made.shape[2])
                band[:, : carried.shape[1]] = carried
                for column in columns:
                    given = image[None, :, row.start : row.stop, column.start : column.stop]
                    values = self.network(self._prepared(given, device))[0].float().cpu()
                    weights = row.weights[:, None] * column.weights
                    kept = values[:, row.within(scale), column.within(scale)]
                    band[:, :, column.lower : column.upper] += weights * kept
                    done += 1
                    if progress is not None:
                        progress(done, len(rows) * len(columns))
                # Rows that the next tiles have no share in are finished.
                whole = rows[number + 1].lower - row.lower if row is not rows[-1] else band.shape[1]
                made[:, row.lower : row.lower + whole] = to_bytes(band[:, :whole], self.range)
                carried = band[:, whole:]
        return made

    def _check(self, images: Tensor, axes: int) -> None:
        if images.dtype != torch.uint8 or images.dim() != axes or images.shape[-3] != self.source[0]:
            lead = "(N, " if axes == 4 else "("
            raise ValueError(
                f"images are {images.dtype} {tuple(images.shape)}: this network takes torch.uint8 "
                f"{lead}{self.source[0]}, H, W)"
            )
        if 0 in images.shape[-2:]:
            raise ValueError(f"images are {tuple(images.shape)}, without pixels: leave them out")

    def _prepared(self, images: Tensor, device: torch.device) -> Tensor:
        low, high = self.range
        return images.to(device).float() / 255 * (high - low) + low


@dataclass(frozen=True)
class _Stretch:
    """What a tile has of one axis.

    Attributes:
        start, stop: pixels of the input that it sees.
        lower, upper: pixels of the output that it has a share in.
        weights: (upper − lower,) its share.
    """

    start: int
    stop: int
    lower: int
    upper: int
    weights: Tensor

    def within(self, scale: int) -> slice:
        """Its part of what the network makes of the tile."""
        return slice(self.lower - scale * self.start, self.upper - scale * self.start)


def _stretches(length: int, side: int, overlap: int, stride: int, scale: int) -> list[_Stretch]:
    """Stretches at equal distances that cover an axis; at every pixel of the output their weights sum to 1."""
    # A last stretch may end short of its side, as the network pads it as it would the whole.
    beyond = max(0, ceil((length - side) / stride))
    count = 1 + ceil(beyond * stride / (side - overlap))
    starts = [0] if count == 1 else [round(k * beyond / (count - 1)) * stride for k in range(count)]
    middles = [scale * (start + side + following) / 2 for start, following in pairwise(starts)]
    reach = scale * overlap / 4
    stretches = []
    for k, start in enumerate(starts):
        lower = 0 if k == 0 else floor(middles[k - 1] - reach)
        upper = scale * length if k == count - 1 else ceil(middles[k] + reach)
        pixels = torch.arange(lower, upper) + 0.5
        rises = torch.ones(len(pixels)) if k == 0 else _passage(pixels, middles[k - 1], reach)
        falls = torch.zeros(len(pixels)) if k == count - 1 else _passage(pixels, middles[k], reach)
        stretches.append(_Stretch(start, min(start + side, length), lower, upper, rises - falls))
    return stretches


def _passage(pixels: Tensor, middle: float, reach: float) -> Tensor:
    """½ (1 − cos πt), from 0 to 1 as t goes from the middle less the reach to the middle and the reach; a step at 0."""
    if reach == 0:
        return (pixels > middle).float()
    t = ((pixels - middle) / (2 * reach) + 0.5).clamp(0, 1)
    return 0.5 - 0.5 * torch.cos(torch.pi * t)


def card_of(facts: Mapping[str, Any], command: str = "translate") -> str:
    """The model card of a translator, with the command that applies it."""
    return _CARD.format(facts="\n".join(f"- {key}: {value}" for key, value in facts.items()), command=command)


_CARD = """# A translator of images trained with Saddlepoint

{facts}

Weights are in `generator.safetensors`, the network and its input in `config.yaml`. Apply it to files and folders:

    saddle {command} THIS_FOLDER photo.jpg folder/ --out made

`regression/`, where it is there, is the network before the adversary; `--strength 0.8` lies between the two. In Python:

    from pathlib import Path
    from saddlepoint.tasks.translator import ImageTranslator
    made = ImageTranslator.load(Path("THIS_FOLDER")).apply(images)   # uint8, (N, C, H, W) → (N, C', scale H, scale W)
"""
