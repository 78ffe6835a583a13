"""A trained translator of images on its own: what a run hands over, for arrays and for files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from saddlepoint.components.registries import NETWORK_REGISTRY
from saddlepoint.configuration import ConfigurationError, Settings
from saddlepoint.core import rng
from saddlepoint.data.dataset import OnProgress, quiet
from saddlepoint.data.folder import image_files
from saddlepoint.data.videos import VIDEOS
from saddlepoint.marks import Mark
from saddlepoint.networks import Base, Translator
from saddlepoint.tasks.graph import Graph, plain
from saddlepoint.tasks.model import Converter, Remark, silent
from saddlepoint.tasks.pictures import tensor_of, to_bytes
from saddlepoint.tasks.translation.familiarity import Learned
from saddlepoint.tasks.translation.files import WRITTEN, Conversion, Hidden

#: White of images, by their type: of 8 bits, and of 16.
LEVELS = {torch.uint8: 255, torch.int32: 65535}
#: Pixels of the output that are computed together at most, where images are whole.
TOGETHER = 1 << 20
#: Sides of the output beyond whose square images are taken by tiles, and of such a tile; what tiles share.
LARGE, SHARED = 1024, 32
#: Black and white of files of more than 8 bits, given and made, as a description has them.
_RANGES = ("values", "results")


class TranslatorOptions(Settings):
    """What may be chosen when images are translated."""

    strength: float | None = Field(default=None, ge=0, le=1)
    """From 0, as the first stage ended, closest to the target, to 1, as trained; none is as trained."""
    tile: int | None = Field(default=None, ge=1)
    """Side of the tiles, in pixels of the input; none takes images whole up to 1024x1024 pixels of the result."""
    overlap: int | None = Field(default=None, ge=0)
    """What tiles share, in pixels of the input; none is 32, of small tiles a quarter."""
    force: bool = False
    """Take files, too, that are nothing like what the network learned from."""
    frames: bool = False
    """Take all frames of an animation, each by itself; the result is an animated PNG, of WebP a WebP."""


@dataclass
class ImageTranslator(Converter):
    """A network from images to images, with what is needed to apply it to any.

    Attributes:
        network: (N, C, H, W) → (N, C', scale · H, scale · W), any H and W.
        shape: (C', H, W) of what it was trained to make.
        source: (C, H, W) of what it was trained on.
        range: the network's values for black and white, in and out.
        values: black and white of files of more than 8 bits, as those had that it was trained on; None are each file's.
        results: black and white of what it makes of them, as targets of more than 8 bits had them; None where those had
            8.
        learned: what it was trained on looks like; None where that is not known.

    Raises:
        ValueError: a network that is no translator.
    """

    source: tuple[int, ...]
    range: tuple[float, float]
    values: tuple[float, float] | None = None
    learned: Learned | None = None
    results: tuple[float, float] | None = None

    kind = "translation"
    title = "a translator of images"
    verb = "translate"
    takes = "images"
    Options = TranslatorOptions
    #: Whether the result is the same picture, whose opacity and greyness it keeps.
    same: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not isinstance(self.network, Translator):
            raise ValueError(f"{type(self.network).__name__} makes no images of images: choose a translator")

    @property
    def scale(self) -> int:
        """A side of the output, in sides of the input."""
        return self._translator.scale

    @property
    def masked(self) -> bool:
        """Whether it takes a mask of what is hidden, as the last channel."""
        return self._translator.base is not None and self._translator.base.masked

    @property
    def keeps(self) -> bool:
        """Whether what is not hidden stays as it is, to the last bit."""
        return self._translator.base is not None and self._translator.base.keeps

    @property
    def _translator(self) -> Translator:
        assert isinstance(self.network, Translator)
        return self.network

    def description(self) -> dict[str, Any]:
        """What it was trained on, and the range."""
        ranges = ((name, getattr(self, name)) for name in _RANGES)
        more: dict[str, Any] = {name: [float(end) for end in ends] for name, ends in ranges if ends is not None}
        if (base := self._translator.base) is not None:
            more["base"] = {"masked": base.masked, "keeps": base.keeps, "mapped": base.mapped}
        if self.learned is not None:
            more["learned"] = self.learned.plain()
        return {"source": list(self.source), "range": [float(end) for end in self.range], **more}

    @classmethod
    def described(
        cls, network: nn.Module | None, spec: Mapping[str, Any], shape: tuple[int, ...], description: Mapping[str, Any]
    ) -> Self:
        """One as a description has it, with a network that is given, or with a new one where it is None."""
        rest = dict(description)
        source, (low, high) = tuple(rest.pop("source")), rest.pop("range")
        told = rest.pop("base", None)
        if network is None:
            sizes = (source[0], source[1], source[2]), (shape[0], shape[1], shape[2])
            base = None if told is None else Base(*sizes, **told, low=low, high=high)
            network = NETWORK_REGISTRY.build(spec, source=source, shape=shape, base=base)
        values, results = ((ends[0], ends[1]) if (ends := rest.pop(name, None)) else None for name in _RANGES)
        known = rest.pop("learned", None)
        learned = None if known is None else Learned.read(known)
        return cls(network, spec, shape, source, (low, high), values, learned, results, **rest)

    def usage(self) -> tuple[str, str]:
        """The command and the Python that use it."""
        return f"saddle {self.verb} {{}} IN… --out DIR", "made = run.apply(images)   # uint8 (N, C, H, W)"

    def graph(self) -> Graph:
        """Images of any size to images."""
        about = {
            "images": f"uint8 (N, {self.source[0]}, H, W), H and W at least {self._translator.stride}",
            "made": f"uint8 (N, {self.shape[0]}, {self.scale} · H, {self.scale} · W)",
        }
        channels, stride = self.source[0], self._translator.stride
        example = torch.randint(256, (2, channels, 4 * stride + 3, 3 * stride + 2), generator=rng(0, "images"))
        return Graph(
            TranslatorGraph(self).eval(),
            {"images": example.to(torch.uint8)},
            ("made",),
            about,
            {"images": (0, 2, 3)},
            {"scale": self.scale, "stride": stride, **self.description()},
        )

    def tried(self) -> None:
        """Translate a black image as small as those that it was trained on."""
        self.made(torch.zeros(1, *self.source, dtype=torch.uint8))

    def applied(self, given: Tensor, options: TranslatorOptions, progress: OnProgress = quiet) -> Tensor:
        """Images of one size, uint8 (N, C, H, W) or one (C, H, W), tensor or array → as many, `scale` times as large.

        Raises:
            ValueError: no array or tensor, or images that are not uint8 or have other channels than it was trained on.
        """
        if not isinstance(given, Tensor | np.ndarray):
            raise ValueError(
                f"images are one array or tensor, uint8 (N, C, H, W) or (C, H, W), not {type(given).__name__}: give "
                f"images of different sizes one by one"
            )
        given = tensor_of(given)
        if given.dim() == 3:
            return self.tiled(given, *self._tiling(options, given.shape[1:]), progress)
        self._check(given, 4)
        if options.tile is None and self._tiling(options, given.shape[2:])[0] is None:
            return self.made(given)
        return torch.stack([self.tiled(image, *self._tiling(options, image.shape[1:])) for image in given])

    def prepared(self, options: TranslatorOptions) -> "ImageTranslator":
        """Between the stages of its run, where a strength is asked for."""
        from saddlepoint.tasks.translation.interpolation import between_stages

        return self if options.strength is None else between_stages(self, options.strength)

    # --- files ------------------------------------------------------------------------------------------

    def facts(self) -> dict[str, Any]:
        """How much larger results are."""
        return {"scale": self.scale}

    def inputs(self, folder: Path) -> Sequence[str]:
        """Names of the images below a folder."""
        return image_files(folder)

    def renamed(self, name: Path) -> Path:
        """PNG, JPEG, WebP, TIFF, MP4, MOV and MKV stay what they are; other pictures become PNG, other videos MKV."""
        if (video := VIDEOS.get(name.suffix.lower())) is not None:
            return name.with_suffix(video[0])
        return name if name.suffix.lower() in WRITTEN else name.with_suffix(".png")

    def convert(
        self,
        source: Path,
        target: Path,
        options: TranslatorOptions,
        progress: OnProgress = quiet,
        mark: Mark | None = None,
        remark: Remark = silent,
    ) -> str | None:
        """One file; gives the reason where it was left out."""
        if self.source[0] - self.masked not in (1, 3) or self.shape[0] not in (1, 3):
            raise ConfigurationError(
                f"this network makes {self.shape[0]} channels of {self.source[0]}, and files have 1 or 3: apply it to "
                f"arrays"
            )
        hidden = self.hidden_of(source, options)

        def made(image: Tensor, told: OnProgress) -> Tensor:
            return self.tiled(image, *self._tiling(options, image.shape[1:]), told)

        convert = Conversion(self, made, hidden, force=options.force, frames=options.frames)
        return convert(source, target, progress, mark, remark)

    def hidden_of(self, source: Path, options: Any) -> Hidden | None:  # noqa: ARG002
        """What of a file is to be filled; None where nothing is."""
        return None

    def _tiling(self, options: TranslatorOptions, size: Sequence[int]) -> tuple[int | None, int]:
        """Side of the tiles, None for the whole, and what they share."""
        tile = options.tile
        if tile is None:
            if self.scale**2 * size[0] * size[1] <= LARGE**2:
                return None, 0
            tile = LARGE // self.scale
        return tile, min(SHARED, tile // 4) if options.overlap is None else options.overlap

    # --- arrays -----------------------------------------------------------------------------------------

    def made(self, images: Tensor) -> Tensor:
        """Whole images, uint8 (N, C, H, W) → uint8 (N, C', scale · H, scale · W), few at a time.

        Raises:
            ValueError: images that are not uint8 or have other channels than it was trained on.
        """
        self._check(images, 4)
        height, width = (self.scale * side for side in images.shape[2:])
        made = torch.empty(len(images), self.shape[0], height, width, dtype=images.dtype)
        several = max(1, TOGETHER // max(1, height * width))
        with self.evaluating() as device:
            for start in range(0, len(images), several):
                part = slice(start, start + several)
                made[part] = self._levels(self.network(self._prepared(images[part], device)), images.dtype)
        return made

    @property
    def start(self) -> str:
        """What the simple method is called that the network learned the difference to; "" is the input alone."""
        base = self._translator.base
        if base is None:
            return ""
        return "smooth filling" if base.masked else "mapped colours" if base.mapped else ""

    def started(self, images: Tensor) -> Tensor:
        """What the simple method alone makes of images, uint8 (N, C, H, W)."""
        base = self._translator.base
        assert base is not None
        with self.evaluating() as device:
            return torch.cat([self._levels(base(self._prepared(x, device)).cpu(), x.dtype) for x in images.split(64)])

    def tiled(
        self,
        image: Tensor,
        tile: int | None = None,
        overlap: int = 32,
        progress: OnProgress = quiet,
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
            progress: told how many tiles are done.

        Raises:
            ValueError: an image that is not uint8 or has other channels, or an overlap that does not fit the tile.
        """
        self._check(image, 3)
        if tile is None:
            made = self.made(image[None])[0]
            progress("tiles", 1, 1)
            return made
        stride, scale = self._translator.stride, self.scale
        side, shared = (ceil(pixels / stride) * stride for pixels in (tile, overlap))
        if overlap < 0 or side < 1 or 2 * shared > side:
            raise ValueError(
                f"tiles of {tile} pixels overlap by {overlap}, with the network's stride of {stride} {side} by "
                f"{shared}: give an overlap of at least 0 and at most half a tile"
            )
        rows, columns = (_stretches(length, side, shared, stride, scale) for length in image.shape[1:])
        made = torch.empty(self.shape[0], *(scale * length for length in image.shape[1:]), dtype=image.dtype)
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
                    progress("tiles", done, len(rows) * len(columns))
                # Rows that the next tiles have no share in are finished.
                whole = rows[number + 1].lower - row.lower if row is not rows[-1] else band.shape[1]
                made[:, row.lower : row.lower + whole] = self._levels(band[:, :whole], image.dtype)
                carried = band[:, whole:]
        return made

    def _check(self, images: Tensor, axes: int) -> None:
        if images.dtype not in LEVELS or images.dim() != axes or images.shape[-3] != self.source[0]:
            lead = "(N, " if axes == 4 else "("
            raise ValueError(
                f"images are {images.dtype} {tuple(images.shape)}: this network takes torch.uint8 "
                f"{lead}{self.source[0]}, H, W)"
            )
        if 0 in images.shape[-2:]:
            raise ValueError(f"images are {tuple(images.shape)}, without pixels: leave them out")

    def _prepared(self, images: Tensor, device: torch.device) -> Tensor:
        low, high = self.range
        return images.to(device).float() / LEVELS[images.dtype] * (high - low) + low

    def _levels(self, values: Tensor, dtype: torch.dtype) -> Tensor:
        """The network's values as whole numbers of a type, from 0 for black to the type's white."""
        low, high = self.range
        white = LEVELS[dtype]
        return ((values.float() - low) / (high - low) * white).round().clamp(0, white).to(dtype)


class TranslatorGraph(nn.Module):
    """A translator from bytes to bytes, whose padding is reckoned in tensors, whatever the size.

    Args:
        model: the translator.
    """

    def __init__(self, model: ImageTranslator) -> None:
        super().__init__()
        network = plain(model.network)
        assert isinstance(network, Translator)
        self.network, self.range = network, model.range

    def forward(self, images: Tensor) -> Tensor:
        """uint8 (N, C, H, W) → uint8 (N, C', scale · H, scale · W), H and W at least the stride."""
        (low, high), stride, scale = self.range, self.network.stride, self.network.scale
        height, width = images.shape[2:]
        given = images.float() / 255 * (high - low) + low
        for axis, length in ((2, height), (3, width)):
            places = torch.arange((length + stride - 1) // stride * stride)
            inside = torch.where(places < length, places, 2 * (length - 1) - places).clamp_min(0)
            given = given.index_select(axis, inside)
        made = self.network.based(given)
        for axis, length in ((2, height), (3, width)):  # no slices, whose memory differs where nothing is cut off
            made = made.index_select(axis, torch.arange(scale * length))
        return to_bytes(made, self.range)


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
