"""TIFF of 16 bits and of floats, in colour and grey, and where on the earth a raster lies when it was enlarged."""

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from saddlepoint.data.originals import Entry

#: Types of entries, by what `struct` calls them; text and bytes are both of bytes.
_TYPES = {"H": 3, "I": 4, "d": 12}
_TEXT, _BYTES, _RATIONAL = 2, 7, 5
#: Entries of GeoTIFF that change where a raster is enlarged, and its keys, of which one says that pixels are points.
_SIZE, _TIES, _MATRIX, _KEYS = 33550, 33922, 34264, 34735
_RASTER_TYPE, _POINTS = 1025, 2
#: Bytes that the offsets of a TIFF reach.
MOST = 1 << 32


def write_raster(
    path: Path,
    values: NDArray[np.uint16] | NDArray[np.float32],
    *,
    dpi: tuple[float, float] | None = None,
    profile: bytes | None = None,
    xmp: bytes = b"",
    placed: Mapping[int, Entry] | None = None,
) -> None:
    """Write a TIFF file of 16 bits or floats a channel, deflated.

    Args:
        path: of the file.
        values: (H, W, 1 or 3).
        dpi: pixels an inch, horizontally and vertically.
        profile: ICC.
        xmp: a packet.
        placed: entries that say where it lies.

    Raises:
        OSError: it takes more than 4 GiB.

    Adobe, "TIFF Revision 6.0"; Open Geospatial Consortium, "OGC GeoTIFF Standard" 1.1.
    """
    height, width, channels = values.shape
    kind = values.dtype.newbyteorder("<")
    strip = zlib.compress(np.ascontiguousarray(values.astype(kind)).tobytes(), 6)
    if len(strip) > MOST - (1 << 20):
        raise OSError(f"its result of {width}x{height} pixels takes more than 4 GiB, which no TIFF holds")
    entries: dict[int, Entry] = {
        **{256: ("I", (width,)), 257: ("I", (height,)), 258: ("H", (8 * kind.itemsize,) * channels)},
        **{259: ("H", (8,)), 262: ("H", (2 if channels == 3 else 1,)), 273: ("I", (8,)), 277: ("H", (channels,))},
        **{278: ("I", (height,)), 279: ("I", (len(strip),)), 284: ("H", (1,))},
        339: ("H", (3 if kind.kind == "f" else 1,) * channels),
        **(placed or {}),
    }
    if dpi is not None:
        entries |= {282: ("r", (dpi[0],)), 283: ("r", (dpi[1],)), 296: ("H", (2,))}
    if xmp:
        entries[700] = ("b", xmp)
    if profile is not None:
        entries[34675] = ("b", profile)
    body = strip + b"\0" * (len(strip) % 2)
    directory = b""
    for tag, entry in sorted(entries.items()):
        number, count, packed = _packed(entry)
        if len(packed) > 4:
            place = 8 + len(body)
            body += packed + b"\0" * (len(packed) % 2)
            packed = struct.pack("<I", place)
        directory += struct.pack("<HHI", tag, number, count) + packed.ljust(4, b"\0")
    head = struct.pack("<2sHI", b"II", 42, 8 + len(body))
    path.write_bytes(head + body + struct.pack("<H", len(entries)) + directory + b"\0" * 4)


def enlarged(placed: Mapping[int, Entry], scale: int) -> dict[int, Entry]:
    """The entries of a raster whose pixels are `scale` times as small.

    Corners stay where they are; where the entries speak of the pixels' middles, these move.

    >>> enlarged({33550: ("d", (10.0, 10.0, 0.0)), 33922: ("d", (1.0, 2.0, 0.0, 500.0, 900.0, 0.0))}, 2)
    {33550: ('d', (5.0, 5.0, 0.0)), 33922: ('d', (2.0, 4.0, 0.0, 500.0, 900.0, 0.0))}
    """
    found = dict(placed)
    keys = _numbers(placed, _KEYS)
    points = any(tuple(keys[k : k + 4]) == (_RASTER_TYPE, 0, 1, _POINTS) for k in range(4, len(keys), 4))
    moved = (scale - 1) / 2 if points else 0.0
    if len(size := _numbers(placed, _SIZE)) >= 2:
        x, y, *rest = size
        found[_SIZE] = ("d", (x / scale, y / scale, *rest))
    if ties := _numbers(placed, _TIES):
        found[_TIES] = ("d", tuple(v * scale + moved if k % 6 < 2 else v for k, v in enumerate(ties)))
    if len(m := list(_numbers(placed, _MATRIX))) == 16:
        for row in (0, 4, 8):
            m[row], m[row + 1] = m[row] / scale, m[row + 1] / scale
            m[row + 3] -= moved * (m[row] + m[row + 1])
        found[_MATRIX] = ("d", tuple(m))
    return found


def _numbers(placed: Mapping[int, Entry], tag: int) -> tuple[float, ...]:
    """An entry's numbers; none of one that is not there."""
    values = placed.get(tag, ("", ()))[1]
    return () if isinstance(values, str | bytes) else values


def _packed(entry: Entry) -> tuple[int, int, bytes]:
    """The number of its type, how many values it has, and these."""
    form, values = entry
    if isinstance(values, bytes):
        return _BYTES, len(values), values
    if isinstance(values, str):
        text = values.encode("ascii", "replace") + b"\0"
        return _TEXT, len(text), text
    if form == "r":
        return _RATIONAL, len(values), b"".join(struct.pack("<II", round(1000 * v), 1000) for v in values)
    return _TYPES[form], len(values), struct.pack(f"<{len(values)}{form}", *values)
