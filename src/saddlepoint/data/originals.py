"""A picture as its file has it: all of its bits, and what it carries besides pixels, so that a changed one keeps it."""

import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from saddlepoint.data.decoding import (
    Colour,
    Range,
    Whole,
    available_formats,
    decode_whole,
    opened_image,
    own_ends,
    scaled_values,
    upright,
)

#: An entry of a TIFF: the type of its numbers, as `struct` has it, and these; or a text, or bytes.
Entry = tuple[str, tuple[float, ...] | str | bytes]


@dataclass(frozen=True)
class Original:
    """A picture, upright, and what its file says of it.

    Attributes:
        whole: 8 bits, composited on a background.
        colours: uint8 (H, W, 3), as they are where it is transparent, too.
        deep: uint16 (H, W, 3), 0 and 65535 being black and white; None of files of 8 bits.
        ends: what black and white are in the file's values, where it is deep.
        floats: whether these are floats.
        exif: without the orientation, b"" where there is none.
        xmp: the packet, b"" where there is none.
        dpi: horizontally and vertically.
        frames: how many it has.
        placed: of a TIFF, the entries that say where on the earth it lies.
    """

    whole: Whole
    colours: NDArray[np.uint8]
    deep: NDArray[np.uint16] | None
    ends: Range | None
    floats: bool
    exif: bytes
    xmp: bytes
    dpi: tuple[float, float] | None
    frames: int
    placed: Mapping[int, Entry]


def read_original(source: Path, background: Colour, values: Range | None = None) -> Original | str:
    """Read the first frame of an image file; or why it can't be read.

    Args:
        source: the file.
        background: behind transparency.
        values: black and white of more than 8 bits; None takes 0 and 65535, of floats those of `own_ends`.
    """
    formats = available_formats()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of large files, odd palettes and EXIF blocks
        whole = decode_whole(source, background, formats, values)
        if isinstance(whole, str):
            return whole
        with opened_image(source, formats) as opened:
            again = partial(opened_image, source, formats)
            floats = opened.mode == "F"
            ends = values or (own_ends(opened) if floats else (0.0, 65535.0))
            scaled = scaled_values(opened, again, ends)
            colours = whole.pixels
            if whole.alpha is not None:
                opened.load()
                colours = np.asarray(upright(opened).convert("RGBA"))[..., :3]
            said = opened.info
            xmp = said.get("xmp", b"")
            frames = int(getattr(opened, "n_frames", 1))
            exif, dpi, placed = _exif(opened), said.get("dpi"), _placed(opened)
    deep = None
    if scaled is not None and whole.alpha is None:
        deep = np.broadcast_to(scaled, (*scaled.shape[:2], 3)) if scaled.shape[2] == 1 else scaled
    return Original(
        whole,
        colours,
        deep,
        None if deep is None else ends,
        floats and deep is not None,
        exif,
        xmp.encode() if isinstance(xmp, str) else bytes(xmp),
        (float(dpi[0]), float(dpi[1])) if dpi else None,
        frames,
        placed,
    )


#: Blocks of EXIF that go along: of the photograph, and of the place.
_BLOCKS = (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)
#: Entries that say how pixels lie in their file, which a new file has its own of, and that point to blocks.
_OF_THE_FILE = frozenset(
    (*range(254, 260), 262, 266, 273, 274, *range(277, 285), 317, 338, 339, 700, 34675, *ExifTags.IFD)
)


#: Entries of GeoTIFF and of GDAL, and the types of their numbers.
_PLACES = {33550: "d", 33922: "d", 34264: "d", 34735: "H", 34736: "d", 34737: "", 42112: "", 42113: ""}


def _placed(opened: Image.Image) -> dict[int, Entry]:
    """Where a TIFF says that it lies; nothing of one that is turned, whose places would be those of other pixels."""
    entries = getattr(opened, "tag_v2", {})
    if entries.get(ExifTags.Base.Orientation, 1) != 1:
        return {}
    found: dict[int, Entry] = {}
    for tag, form in _PLACES.items():
        value = entries.get(tag)
        if isinstance(value, tuple) and form:
            with suppress(TypeError, ValueError, ZeroDivisionError):  # numbers of another kind than the format's
                numbers = tuple(map(float, value))
                if form == "d" or all(number in range(1 << 16) for number in numbers):
                    found[tag] = (form, numbers if form == "d" else tuple(map(int, numbers)))
        elif isinstance(value, str) and not form:
            found[tag] = (form, value)
    return found


def _exif(opened: Image.Image) -> bytes:
    """What the file says of the photograph; b"" where that is nothing, or can't be read."""
    try:
        found, kept = opened.getexif(), Image.Exif()
        for tag, value in found.items():
            if tag not in _OF_THE_FILE:
                kept[tag] = value
        inner = {block: dict(found.get_ifd(block)) for block in _BLOCKS}
        for block, entries in inner.items():
            if entries:
                kept.get_ifd(block).update(entries)
        return kept.tobytes() if len(kept) or any(inner.values()) else b""
    except Exception:  # whatever is wrong with the EXIF block, the pixels are whole
        return b""
