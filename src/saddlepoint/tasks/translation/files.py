"""A picture in, a picture out: what its file carries besides pixels is kept, and what is not to change does not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageSequence, PngImagePlugin, TiffImagePlugin, TiffTags
from torch import Tensor

from saddlepoint.data.dataset import OnProgress
from saddlepoint.data.decoding import available_formats, opened_image, pixels_of_image
from saddlepoint.data.folder import WHITE
from saddlepoint.data.originals import Entry, Original, read_original
from saddlepoint.data.videos import VIDEOS
from saddlepoint.marks import Mark, write_marked
from saddlepoint.tasks.translation.deep_png import write_deep_png
from saddlepoint.tasks.translation.familiarity import FOREIGN, UNLIKE
from saddlepoint.tasks.translation.rasters import enlarged, write_raster
from saddlepoint.tasks.translation.videos import convert_video

if TYPE_CHECKING:
    from saddlepoint.tasks.translation.model import ImageTranslator

#: Formats that are written, by a name's ending; of any other ending, PNG.
WRITTEN = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".jfif": "JPEG", ".webp": "WEBP"}
WRITTEN |= {".tif": "TIFF", ".tiff": "TIFF"}
SAVED: dict[str, dict[str, Any]] = {"PNG": {}, "JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"quality": 95}}
SAVED |= {"TIFF": {"compression": "tiff_adobe_deflate"}}
#: The longest side that a format holds.
LONGEST = {"JPEG": 65500, "WEBP": 16383}
#: Black and white of 16 bits where nothing else is said.
DEEP = (0.0, 65535.0)
#: TIFF's entry of XMP.
XMP = 700
#: Milliseconds that a frame is shown where its file does not say.
SHOWN = 100
#: Gives the tiles of an image, (C, H, W) → (C', s H, s W).
Made = Callable[[Tensor, OnProgress], Tensor]
#: Of an original and its pixels (C, H, W), the network's input (C + 1, H, W), filled and with a mask, and which pixels
#: are hidden, bool (H, W); or why that can't be said.
Hidden = Callable[[Original, Tensor], tuple[Tensor, NDArray[np.bool_]] | str]


@dataclass(frozen=True)
class Conversion:
    """How files are converted.

    Attributes:
        model: what converts them.
        made: applies it to one image.
        hidden: of models that fill what is hidden: what that is; None of others.
        force: whether files are taken, too, that are nothing like what was learned from.
        frames: whether all frames of an animation are taken.
    """

    model: "ImageTranslator"
    made: Made
    hidden: Hidden | None
    force: bool
    frames: bool

    def __call__(
        self, source: Path, target: Path, progress: OnProgress, mark: Mark | None, remark: Callable[[str], None]
    ) -> str | None:
        """Convert one file; gives the reason where it was left out.

        Args:
            source: what is read.
            target: what is written.
            progress: told how far it is.
            mark: what the target says of itself.
            remark: told what a user should know of the result.
        """
        if target.suffix.lower() in VIDEOS:
            return convert_video(self, source, target, progress, mark, remark)
        original = read_original(source, WHITE, self.model.values)
        if isinstance(original, str):
            return original
        form, scale = WRITTEN[target.suffix.lower()], self.model.scale
        height, width = (scale * side for side in original.whole.pixels.shape[:2])
        if max(height, width) > LONGEST.get(form, max(height, width)):
            return f"its result of {width}x{height} pixels is larger than {form} holds; give it as PNG"
        if (why := self.foreign(original.whole.pixels, remark)) is not None:
            return why
        if original.frames > 1 and self.frames and self.hidden is None:
            self._animation(source, target, original, progress, mark)
            return None
        if original.frames > 1:
            remark(
                f"the first of its {original.frames} frames was taken" + ("" if self.hidden else "; --frames takes all")
            )
        deep = original.deep if form == "TIFF" or (form == "PNG" and not original.floats) else None
        given = _given(original.whole.pixels if deep is None else deep.astype(np.int32), self.channels)
        hidden = None
        if self.hidden is not None:
            found = self.hidden(original, given)
            if isinstance(found, str):
                return found
            given, hidden = found
        made = self.made(given, progress)
        result = made.permute(1, 2, 0).numpy()
        if hidden is not None and self.model.keeps:
            before = original.colours if deep is None else deep
            result = np.where(hidden[..., None], result, before if result.shape[2] == 3 else before[..., :1])
        if deep is not None:
            self._write_deep(target, result, original, mark, remark)
        else:
            self._write(target, result, original, hidden, mark)
        return None

    @property
    def channels(self) -> int:
        """Channels of pixels that the network takes."""
        return self.model.source[0] - self.model.masked

    def given(self, pixels: NDArray[np.uint8]) -> Tensor:
        """What the network takes of pixels (H, W, 3)."""
        return _given(pixels, self.channels)

    def foreign(self, pixels: NDArray[np.uint8], remark: Callable[[str], None]) -> str | None:
        """Why a file is left out that is nothing like what was learned from; one that is unlike is remarked on."""
        if self.model.learned is None:
            return None
        far, why = self.model.learned.distance(self.given(pixels))
        if far >= FOREIGN and not self.force:
            return f"nothing like what the network learned from: {why}; --force takes it all the same"
        if far >= UNLIKE:
            remark(f"unlike what the network learned from ({why}): look at the result")
        return None

    # --- written ------------------------------------------------------------------------------------------

    def _write(
        self,
        path: Path,
        made: NDArray[np.uint8],
        original: Original,
        hidden: NDArray[np.bool_] | None,
        mark: Mark | None,
    ) -> None:
        form, whole = WRITTEN[path.suffix.lower()], original.whole
        picture = _picture(made)
        if self._stays_grey(original):
            picture = picture.convert("L")
        if self.model.same and whole.alpha is not None and form != "JPEG":
            opacity = whole.alpha if hidden is None else np.where(hidden, 255, whole.alpha).astype(np.uint8)
            alpha = Image.fromarray(opacity).resize(picture.size, Image.Resampling.BICUBIC)
            if self.model.keeps:
                picture.putalpha(alpha)
            else:
                picture = _opened_up(picture, alpha)
        dials = {**SAVED[form], **_carried(form, original, picture.mode, marked=mark is not None)}
        if form == "TIFF":
            dials["tiffinfo"] = _entries(enlarged(original.placed, self.model.scale), dials.pop("xmp", b""))
        write_marked(path, lambda file: picture.save(file, format=form, **dials), mark, packet=original.xmp)

    def _write_deep(
        self,
        path: Path,
        made: NDArray[np.int32],
        original: Original,
        mark: Mark | None,
        remark: Callable[[str], None],
    ) -> None:
        """Sixteen bits or floats, in the numbers that targets had, or else the same picture's file."""
        raster = WRITTEN[path.suffix.lower()] == "TIFF"
        known = self.model.results or (original.ends if self.model.same else None)
        black, white = known or DEEP
        floats = raster and known is not None and (original.floats or black < 0 or white <= 1)
        if not floats and (black < 0 or white <= 1):  # targets were floats, which no PNG holds
            black, white = DEEP
        values = black + made * ((white - black) / 65535)
        values = values.astype(np.float32) if floats else values.round().clip(0, 65535).astype(np.uint16)
        if self._stays_grey(original):
            values = values[..., :1]
        write = partial(
            partial(write_raster, placed=enlarged(original.placed, self.model.scale))
            if raster
            else partial(write_deep_png, exif=original.exif),
            values=values,
            dpi=original.dpi,
            profile=original.whole.profile if values.shape[2] == 3 else None,
            xmp=b"" if mark is not None else original.xmp,
        )
        if raster and original.exif:
            remark("its EXIF is not in the result, a TIFF of more than 8 bits; as PNG it would be")
        write_marked(path, write, mark, packet=original.xmp)

    def _animation(
        self, source: Path, target: Path, original: Original, progress: OnProgress, mark: Mark | None
    ) -> None:
        """All frames, each as a picture of its own, at their times; animated PNG or WebP, or pages of a TIFF."""
        made, times = [], []
        form = WRITTEN[target.suffix.lower()]
        form = form if form in ("WEBP", "TIFF") else "PNG"
        with opened_image(source, available_formats()) as opened:
            loop = opened.info.get("loop", 0)
            for number, frame in enumerate(ImageSequence.Iterator(opened)):
                picture = frame.convert("RGBA")
                times.append(frame.info.get("duration") or SHOWN)  # which is known once the frame was read
                result = self.made(_given(pixels_of_image(picture, None, WHITE), self.channels), lambda *_: None)
                drawn, alpha = _picture(result.permute(1, 2, 0).numpy()), picture.getchannel("A")
                if self.model.same and alpha.getextrema() != (255, 255):
                    drawn = _opened_up(drawn.convert("RGB"), alpha.resize(drawn.size, Image.Resampling.BICUBIC))
                made.append(drawn.convert("RGBA"))
                progress("frames", number + 1, original.frames)
        dials = {**SAVED[form], **_carried(form, original, "RGBA", marked=mark is not None)}
        dials |= {"save_all": True, "append_images": made[1:]}
        if form == "TIFF":
            dials["tiffinfo"] = _entries({}, dials.pop("xmp", b""))
        else:
            dials |= {"duration": times, "loop": loop or 0}
        write_marked(target, lambda file: made[0].save(file, format=form, **dials), mark, packet=original.xmp)

    def _stays_grey(self, original: Original) -> bool:
        return self.model.same and original.whole.grey and self.channels >= self.model.shape[0]


def _carried(form: str, original: Original, mode: str, *, marked: bool) -> dict[str, Any]:
    """What a file says besides pixels, as Pillow's writers take it."""
    more: dict[str, Any] = {}
    if original.whole.profile is not None and mode in ("RGB", "RGBA"):
        more["icc_profile"] = original.whole.profile
    if original.exif:
        more["exif"] = original.exif
    if original.dpi is not None and form != "WEBP":
        more["dpi"] = original.dpi
    if original.xmp and not marked:
        if form == "PNG":
            more["pnginfo"] = PngImagePlugin.PngInfo()
            more["pnginfo"].add_itxt("XML:com.adobe.xmp", original.xmp.decode(errors="replace"))
        else:
            more["xmp"] = original.xmp
    return more


def _entries(placed: Mapping[int, Entry], xmp: bytes) -> TiffImagePlugin.ImageFileDirectory_v2:
    """Entries of a TIFF, as Pillow takes them."""
    found = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, (form, value) in placed.items():
        found.tagtype[tag] = {"d": TiffTags.DOUBLE, "H": TiffTags.SHORT, "": TiffTags.ASCII}[form]
        found[tag] = value
    if xmp:
        found.tagtype[XMP] = TiffTags.BYTE
        found[XMP] = xmp
    return found


def _picture(made: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(made if made.shape[2] == 3 else made[..., 0]))


def _given(pixels: NDArray[Any], channels: int) -> Tensor:
    """What the network takes of pixels (H, W, 3), (channels, H, W); grey is ITU-R 601 luma, as in training."""
    if channels == 1 and pixels.dtype == np.uint8:
        pixels = np.asarray(Image.fromarray(pixels).convert("L"))[..., None]
    elif channels == 1:
        pixels = (pixels @ np.array([0.299, 0.587, 0.114])).round().astype(np.int32)[..., None]
    return torch.from_numpy(pixels.transpose(2, 0, 1).copy())


def _opened_up(picture: Image.Image, alpha: Image.Image) -> Image.Image:
    """A picture y on white with an opacity a: the colours x with a x + (1 − a) white = y, as near as there are such."""
    opacity = np.asarray(alpha)
    darkness = 255 - np.asarray(picture)
    if darkness.ndim == 3:
        opacity = opacity[..., None]
    colours = np.empty_like(darkness)
    for rows in range(0, len(darkness), 256):  # a photograph in floats would take more than its tiles do
        part = slice(rows, rows + 256)
        x = darkness[part].astype(np.float32) * 255 / np.maximum(opacity[part], 1)
        colours[part] = 255 - np.where(opacity[part] > 0, x, 0).round().clip(0, 255).astype(np.uint8)
    opened = Image.fromarray(colours)
    opened.putalpha(alpha)
    return opened
