"""PNG of 16 bits in colour and grey, which Pillow reads and does not write."""

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_INCH = 0.0254


def write_deep_png(
    path: Path,
    values: NDArray[np.uint16],
    *,
    exif: bytes = b"",
    dpi: tuple[float, float] | None = None,
    profile: bytes | None = None,
    xmp: bytes = b"",
) -> None:
    """Write a PNG file of 16 bits a channel.

    Args:
        path: of the file.
        values: uint16 (H, W, 1 or 3).
        exif: a block of EXIF, as Pillow has it.
        dpi: pixels an inch, horizontally and vertically.
        profile: ICC.
        xmp: a packet.

    W3C, "Portable Network Graphics (PNG) Specification".
    """
    height, width, channels = values.shape
    head = struct.pack(">IIBBBBB", width, height, 16, 2 if channels == 3 else 0, 0, 0, 0)
    chunks = [(b"IHDR", head)]
    if profile is not None:
        chunks.append((b"iCCP", b"ICC\0\0" + zlib.compress(profile)))
    if dpi is not None:
        chunks.append((b"pHYs", struct.pack(">IIB", *(round(each / _INCH) for each in dpi), 1)))
    if exif:
        chunks.append((b"eXIf", exif.removeprefix(b"Exif\0\0")))
    if xmp:
        chunks.append((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp))
    # Each row as its difference to the row above, byte by byte, which compresses well.
    rows = np.ascontiguousarray(values.astype(">u2")).view(np.uint8).reshape(height, -1)
    above = np.concatenate([np.zeros_like(rows[:1]), rows[:-1]])
    filtered = np.concatenate([np.full((height, 1), 2, np.uint8), rows - above], axis=1)
    chunks += [(b"IDAT", zlib.compress(filtered.tobytes(), 6)), (b"IEND", b"")]
    with path.open("wb") as file:
        file.write(_SIGNATURE)
        for name, body in chunks:
            file.write(struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)))
