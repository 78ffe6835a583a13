"""One encoded image to bytes, whatever its mode: to one square, or whole.

Transparency is composited on a background before anything is resized, so that no colour of invisible pixels
bleeds in. Colour profiles are not applied.

Run as a script, this module is a worker that decodes what it is sent (see `workers`). It imports nothing of ours
and no torch, so that a worker starts at once and is small.
"""

import io
import os
import pickle
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from saddlepoint.disk import found_at

Colour = tuple[int, int, int]
#: Pixels of a large picture, and bytes of such pixels that a byte of its file stands for at most: more is one colour.
LARGE, SWELLS = 32_000_000, 900
#: Values of more than 8 bits that are black and white.
Range = tuple[float, float]
Half = Literal["left", "right"]
#: A file, its content, half of the image in a file, or a text that says why there is no content.
Source = Path | bytes | tuple[Path, Half] | str
#: Whether an image was transparent, was fitted, is in colour, is the first of several in its file.
Marks = tuple[bool, bool, bool, bool]

#: Formats that are tried, whatever the extension says. Others that Pillow knows (EPS) run foreign programs.
FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "JPEG2000", "BMP", "GIF", "TIFF", "PPM")
#: Formats whose integers above 8 bits are 16 bits wide, also where Pillow holds them in 32.
_SIXTEEN_BIT = ("PNG", "PPM")
#: Pillow holds colour in 8 bits, and takes the upper byte of 16: by these orders of bytes.
_UPPER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}


@dataclass(frozen=True)
class Decoded:
    """A square of pixels, and what was done to get it.

    Attributes:
        pixels: uint8 (size, size, 3).
        grey: the three channels agree at every pixel.
        transparent: it had transparency, now composited.
        fitted: it was cropped or resized.
        several: others follow it in its file: an animation, or pages.
    """

    pixels: NDArray[np.uint8]
    grey: bool
    transparent: bool
    fitted: bool
    several: bool


@dataclass(frozen=True)
class Whole:
    """All of an image, upright.

    Attributes:
        pixels: uint8 (H, W, 3), composited on a background.
        grey: the three channels agree at every pixel.
        alpha: uint8 (H, W), its opacity; None where it is opaque everywhere.
        profile: what says which colours the numbers mean (ICC), of images in red, green and blue that have one.
    """

    pixels: NDArray[np.uint8]
    grey: bool
    alpha: NDArray[np.uint8] | None
    profile: bytes | None


def available_formats() -> tuple[str, ...]:
    """Those of `FORMATS` that this build of Pillow reads; the others must not be asked for."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def opened_image(source: Path | bytes, formats: tuple[str, ...] = FORMATS) -> Image.Image:
    """An image whose head was read.

    Raises:
        Exception: whatever Pillow raises.
        OSError: it is a pipe, which would never end, or as large and as empty as one colour is.
    """
    if isinstance(source, Path) and (found := found_at(source)):
        raise OSError(f"it {found}")
    image = Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=formats)
    try:
        stored = len(source) if isinstance(source, bytes) else source.stat().st_size
        pixels, bits = image.width * image.height, 1 if image.mode in ("1", "P") else 8 * len(image.getbands())
        if pixels > LARGE and pixels * bits > 8 * SWELLS * stored:
            raise OSError(f"it says that it has {pixels:,} pixels and holds {stored:,} bytes: it is made to swell")
    except OSError:
        image.close()
        raise
    return image


def decode(
    source: Path | bytes | tuple[Path, Half],
    size: int,
    background: Colour,
    formats: tuple[str, ...] = FORMATS,
    values: Range | None = None,
) -> Decoded:
    """Read the first frame of an image, upright, its middle square resized to size x size (Lanczos).

    More than 8 bits are scaled by `values`, which become black and white; None are a grey file's own, and of colour
    the upper 8 of 16.

    Raises:
        Exception: whatever Pillow raises for a file that it cannot read; also for more than twice
            `PIL.Image.MAX_IMAGE_PIXELS` pixels (a decompression bomb).
    """
    source, half = source if isinstance(source, tuple) else (source, None)
    with opened_image(source, formats) as opened:
        width, height = opened.size
        # JPEG decodes at 1/2, 1/4 or 1/8 for a fraction of the work; twice the size leaves Lanczos its say.
        opened.draft(None, (2 * size * (1 if half is None else 2), 2 * size))
        several = bool(getattr(opened, "is_animated", False))
        image, alpha = _composited(opened, background, values, partial(opened_image, source, formats))
        if half is not None:
            image = _half(image, half)
            width, height = image.size
        image = _fitted(image, size)
    pixels = np.asarray(image)
    grey = bool((pixels == pixels[..., :1]).all())
    return Decoded(pixels, grey, alpha is not None, fitted=(width, height) != (size, size), several=several)


def pixels_of_image(image: Image.Image, size: int | None, background: Colour) -> NDArray[np.uint8]:
    """An opened image upright, uint8 (H, W, 3): its middle square resized to size x size (Lanczos), or all of it."""
    whole, _ = _composited(image, background)
    return np.asarray(whole if size is None else _fitted(whole, size))


def decode_whole(
    source: Source, background: Colour, formats: tuple[str, ...] = FORMATS, values: Range | None = None
) -> Whole | str:
    """Read the first frame of an image, upright, in its own size; or why it cannot be read. As `decode`."""
    if isinstance(source, str):
        return source
    source, half = source if isinstance(source, tuple) else (source, None)
    try:
        with opened_image(source, formats) as opened:
            profile = opened.info.get("icc_profile") if opened.mode in ("RGB", "RGBA", "P") else None
            image, alpha = _composited(opened, background, values, partial(opened_image, source, formats))
        if half is not None:
            image, alpha = _half(image, half), None if alpha is None else _half(alpha, half)
    # Pillow's decoders raise nearly anything on a damaged file.
    except Exception as error:
        return _reason(error)
    pixels = np.asarray(image)
    grey = bool((pixels == pixels[..., :1]).all())
    return Whole(pixels, grey, None if alpha is None else np.asarray(alpha), profile)


def attempt(
    source: Source,
    size: int,
    channels: int | None,
    background: Colour,
    formats: tuple[str, ...],
    values: Range | None = None,
) -> tuple[NDArray[np.uint8], Marks] | str:
    """Pixels (C, size, size), C 1 where grey was asked for and else 3, with their marks; or why there are none."""
    if isinstance(source, str):
        return source
    try:
        found = decode(source, size, background, formats, values)
    # Pillow's decoders raise nearly anything on a damaged file.
    except Exception as error:
        return _reason(error)
    pixels = found.pixels
    if channels == 1:
        pixels = np.asarray(Image.fromarray(pixels).convert("L"))[..., None]
    return pixels.transpose(2, 0, 1), (found.transparent, found.fitted, not found.grey, found.several)


def upright_size(
    source: Path | bytes | tuple[Path, Half], formats: tuple[str, ...] = FORMATS
) -> tuple[int, int] | None:
    """Width and height in pixels, as EXIF turns it, from the file's head; None where that can't be read."""
    source, half = source if isinstance(source, tuple) else (source, None)
    try:
        with opened_image(source, formats) as image:
            width, height = image.size
            if image.getexif().get(ExifTags.Base.Orientation, 1) >= 5:
                width, height = height, width
    except Exception:  # the decoder will say what is the matter
        return None
    if half is None:
        return width, height
    return (width // 2, height) if width > 1 else None


def _half(image: Image.Image, half: Half) -> Image.Image:
    """The left or the right half; of an odd width the middle column belongs to neither."""
    width, height = image.size
    if width < 2:
        raise ValueError("too narrow for two images side by side")
    box = (0, 0, width // 2, height) if half == "left" else (width - width // 2, 0, width, height)
    return image.crop(box)


def _reason(error: Exception) -> str:
    if isinstance(error, Image.DecompressionBombError):
        return f"more than {2 * (Image.MAX_IMAGE_PIXELS or 0):,} pixels"
    if isinstance(error, UnidentifiedImageError):
        return "not an image in a format that is read"
    if isinstance(error, OSError) and error.strerror:  # its own text repeats the path
        return error.strerror
    return str(error) or type(error).__name__


def _composited(
    opened: Image.Image,
    background: Colour,
    values: Range | None = None,
    again: Callable[[], Image.Image] | None = None,
) -> tuple[Image.Image, Image.Image | None]:
    """An opened image upright in red, green and blue, on a background; and its opacity, where it is not opaque."""
    wide = bool(_swapped(opened))
    opened.load()
    if wide and values is not None and again is not None:
        opened.paste(_scaled_colour(_sixteen_bit(opened, again), values))
    image = _eight_bit(upright(opened), 16 if opened.format in _SIXTEEN_BIT else 32, values)
    if not image.has_transparency_data:
        return image.convert("RGB"), None
    image = image.convert("RGBA")
    alpha = image.getchannel("A")
    canvas = Image.new("RGBA", image.size, (*background, 255))
    image = Image.alpha_composite(canvas, image).convert("RGB")
    return image, None if alpha.getextrema() == (255, 255) else alpha


def upright(image: Image.Image) -> Image.Image:
    """An image turned as its EXIF block says."""
    try:
        turned = image.getexif().get(ExifTags.Base.Orientation, 1) != 1
        return ImageOps.exif_transpose(image) if turned else image
    except Exception:  # whatever is wrong with the EXIF block, the pixels are whole
        return image


def scaled_values(opened: Image.Image, again: Callable[[], Image.Image], given: Range) -> NDArray[np.uint16] | None:
    """Values of more than 8 bits, floats among them, upright, uint16 (H, W, 1 or 3); None of others.

    Args:
        opened: an image.
        again: opens it a second time.
        given: values that become 0 and 65535.
    """
    if _swapped(opened):
        values = _sixteen_bit(opened, again)[..., :3].astype(np.float64)
    elif _is_deep(opened):
        values = np.asarray(opened).astype(np.float64)[..., None]
    else:
        return None
    black, white = given
    scaled = ((values - black) * (65535 / (white - black))).round().clip(0, 65535).astype(np.uint16)
    planes = [upright(_turned_like(opened, scaled[..., c])) for c in range(scaled.shape[2])]
    return np.stack([np.asarray(plane) for plane in planes], axis=2).astype(np.uint16)


def _turned_like(opened: Image.Image, plane: NDArray[np.uint16]) -> Image.Image:
    """One channel as an image that is turned as another is to be."""
    image = Image.fromarray(plane.astype(np.int32))
    image.getexif()[ExifTags.Base.Orientation] = opened.getexif().get(ExifTags.Base.Orientation, 1)
    return image


def _fitted(image: Image.Image, size: int) -> Image.Image:
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    # Cropped first: resize's own `box` lets the kernel see the pixels around it.
    square = image.crop((left, top, left + side, top + side))
    return square.resize((size, size), Image.Resampling.LANCZOS)


def deep_values(source: Path | bytes, formats: tuple[str, ...] = FORMATS) -> Range | None:
    """Black and white of an image of more than 8 bits, floats among them; None of others, or unreadable.

    Of grey its least and greatest value. Of colour 0 and the greatest, or 65535 where that is more than half of it.

    >>> deep_values(Path("nowhere.tif")) is None
    True
    """
    try:
        with opened_image(source, formats) as opened:
            wide = bool(_swapped(opened))  # by the head alone
            if not (wide or _is_deep(opened)):
                return None
            if wide:
                most = _sixteen_bit(opened, partial(opened_image, source, formats))[..., :3].max()
                return 0.0, float(most) if 0 < most <= 32767 else 65535.0
            values = np.asarray(opened)
    except Exception:  # the decoder will say what is the matter
        return None
    finite = bool(np.isfinite(values).all()) and values.size > 0
    return (float(values.min()), float(values.max())) if finite else None


def _swapped(opened: Image.Image) -> list[Any]:
    """How to read the lower bytes of colour of 16 bits, which Pillow leaves out; [] of other images, by the head."""
    found = []
    for tile in getattr(opened, "tile", ()) if opened.mode in ("RGB", "RGBA") else ():
        first = tile.args if isinstance(tile.args, str) else tile.args and tile.args[0]
        layout, _, order = str(first).partition(";16")
        if layout not in ("RGB", "RGBA") or order not in _UPPER:
            return []
        other = f"{layout};16{_UPPER[order]}"
        found.append(tile._replace(args=other if isinstance(tile.args, str) else (other, *tile.args[1:])))
    return found


def _sixteen_bit(opened: Image.Image, again: Callable[[], Image.Image]) -> NDArray[np.uint16]:
    """All values of colour of 16 bits, (H, W, 3 or 4); `again` opens the image a second time."""
    with again() as other:
        setattr(other, "tile", _swapped(other))  # noqa: B010, which only images of files have
        lower = np.asarray(other)
    values: NDArray[np.uint16] = np.asarray(opened).astype(np.uint16) << 8 | lower
    return values


def _scaled_colour(values: NDArray[np.uint16], given: Range) -> Image.Image:
    """Eight bits; opacity keeps its own upper ones."""
    black, white = given
    scaled = ((values[..., :3].astype(np.float64) - black) * (255 / (white - black))).round().clip(0, 255)
    opacity = (values[..., 3:] >> 8).astype(np.float64)
    return Image.fromarray(np.concatenate([scaled, opacity], axis=2).astype(np.uint8))


def _is_deep(image: Image.Image) -> bool:
    return image.mode.startswith("I") or image.mode == "F"


def _eight_bit(image: Image.Image, bits: int, given: Range | None) -> Image.Image:
    """Scale grey of more than 8 bits to 0..255; Pillow's own conversion clips it to white instead.

    By the range that is given, else by `own_ends`.
    """
    if not _is_deep(image):
        return image
    values = np.asarray(image).astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError("holds values that are not finite")
    black, white = own_ends(image, bits) if given is None else given
    scaled = (values - black) * (255 / max(white - black, np.finfo(np.float64).tiny))
    return Image.fromarray(scaled.round().clip(0, 255).astype(np.uint8))


def own_ends(image: Image.Image, bits: int = 32) -> Range:
    """Black and white of grey of more than 8 bits by the image alone.

    16-bit integers have 65535 as white; of 32-bit integers and floats white is the least of 1 (floats only), 255 and
    65535 that no value exceeds; beyond that, or below zero, the image's own least and greatest value are the ends.
    """
    if image.mode.startswith("I;16") or (image.mode == "I" and bits == 16):
        return 0.0, 65535.0
    low, high = (float(end) for end in (np.asarray(image).min(), np.asarray(image).max()))
    whites = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
    white = next((white for white in whites if low >= 0 and high <= white), high)
    return low if low < 0 or high > whites[-1] else 0.0, white


# --- as a worker --------------------------------------------------------------------------------------


def shard(
    sources: Sequence[Source],
    size: int,
    channels: int | None,
    background: Colour,
    formats: tuple[str, ...],
    values: Range | None,
) -> tuple[int, bytes, list[Marks | str]]:
    """Decode several: channels, the pixels of those that could be read, and for each its marks or what is wrong.

    One channel, where all are grey, tells the whole and costs a third on the way.
    """
    pixels: list[NDArray[np.uint8]] = []
    marks: list[Marks | str] = []
    for source in sources:
        found = attempt(source, size, channels, background, formats, values)
        if isinstance(found, str):
            marks.append(found)
        else:
            pixels.append(found[0])
            marks.append(found[1])
    coloured = channels != 1 and any(mark[2] for mark in marks if not isinstance(mark, str))
    planes = 3 if coloured else 1
    return planes, b"".join(image[:planes].tobytes() for image in pixels), marks


def _serve() -> None:
    """Answer shards with their pixels until the sender is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the sender's to handle
    warnings.simplefilter("ignore")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a decoder prints must not get between the answers
    while True:
        try:
            Image.MAX_IMAGE_PIXELS, *question = pickle.load(sys.stdin.buffer)
            pickle.dump(shard(*question), answers)
            answers.flush()
        except (EOFError, BrokenPipeError):
            os._exit(0)  # the ordinary way out would flush what nobody reads


if __name__ == "__main__":
    _serve()
