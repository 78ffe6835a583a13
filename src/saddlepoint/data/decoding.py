"""One image file to one square of RGB bytes, whatever its mode.

Transparency is composited on a background before anything is resized, so that no colour of invisible pixels
bleeds in. Colour profiles are not applied.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

Colour = tuple[int, int, int]

#: Formats that are tried, whatever the extension says. Others that Pillow knows (EPS) run foreign programs.
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
#: Formats whose integers above 8 bits are 16 bits wide, also where Pillow holds them in 32.
_SIXTEEN_BIT = ("PNG", "PPM")


@dataclass(frozen=True)
class Decoded:
    """A square of pixels, and what was done to get it.

    Attributes:
        pixels: uint8 (size, size, 3).
        grey: the three channels agree at every pixel.
        transparent: it had transparency, now composited.
        fitted: it was cropped or resized.
    """

    pixels: NDArray[np.uint8]
    grey: bool
    transparent: bool
    fitted: bool


def available_formats() -> tuple[str, ...]:
    """Those of `FORMATS` that this build of Pillow reads; the others must not be asked for."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def decode(path: Path, size: int, background: Colour, formats: tuple[str, ...] = FORMATS) -> Decoded:
    """Read the first frame of an image file, upright, its middle square resized to size x size (Lanczos).

    Raises:
        Exception: whatever Pillow raises for a file that it cannot read; also for more than twice
            `PIL.Image.MAX_IMAGE_PIXELS` pixels (a decompression bomb).
    """
    if not path.is_file():
        raise OSError("not a file, or a link to nowhere")
    with Image.open(path, formats=formats) as opened:
        width, height = opened.size
        # JPEG decodes at 1/2, 1/4 or 1/8 for a fraction of the work; twice the size leaves Lanczos its say.
        opened.draft(None, (2 * size, 2 * size))
        opened.load()
        bits = 16 if opened.format in _SIXTEEN_BIT else 32
        image = _eight_bit(_upright(opened), bits)
        transparent = image.has_transparency_data
        if transparent:
            image = image.convert("RGBA")
            transparent = image.getchannel("A").getextrema() != (255, 255)
            canvas = Image.new("RGBA", image.size, (*background, 255))
            image = Image.alpha_composite(canvas, image)
        image = _fitted(image.convert("RGB"), size)
    pixels = np.asarray(image)
    grey = bool((pixels == pixels[..., :1]).all())
    return Decoded(pixels, grey, transparent, fitted=(width, height) != (size, size))


def _upright(image: Image.Image) -> Image.Image:
    try:
        turned = image.getexif().get(ExifTags.Base.Orientation, 1) != 1
        return ImageOps.exif_transpose(image) if turned else image
    except Exception:  # whatever is wrong with the EXIF block, the pixels are whole
        return image


def _fitted(image: Image.Image, size: int) -> Image.Image:
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    # Cropped first: resize's own `box` lets the kernel see the pixels around it.
    square = image.crop((left, top, left + side, top + side))
    return square.resize((size, size), Image.Resampling.LANCZOS)


def _eight_bit(image: Image.Image, bits: int) -> Image.Image:
    """Scale grey of more than 8 bits to 0..255; Pillow's own conversion clips it to white instead.

    16-bit integers: 65535 is white. 32-bit integers and floats: white is the least of 1 (floats only), 255 and
    65535 that no value exceeds; beyond that, or below zero, the image's own least and greatest value are black
    and white.
    """
    if not (image.mode.startswith("I") or image.mode == "F"):
        return image
    values = np.asarray(image).astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError("holds values that are not finite")
    low, high = float(values.min()), float(values.max())
    if image.mode.startswith("I;16") or (image.mode == "I" and bits == 16):
        black, white = 0.0, 65535.0
    else:
        whites = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
        white = next((white for white in whites if low >= 0 and high <= white), high)
        black = low if low < 0 or high > whites[-1] else 0.0
    scaled = (values - black) * (255 / max(white - black, np.finfo(np.float64).tiny))
    return Image.fromarray(scaled.round().clip(0, 255).astype(np.uint8))
