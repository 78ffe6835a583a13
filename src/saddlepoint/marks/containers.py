"""Marks inside of files: XMP in images and sounds, a comment in archives, metadata in Parquet.

Files are changed as bytes, beside what they hold: profiles stay, pixels are not written twice.
"""

import os
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from saddlepoint.marks.mark import MARK_BYTES, Mark

#: Chunks, segments and entries of a file that are looked at, and bytes of a packet.
_CHUNKS, _PACKET = 1 << 16, 4 * MARK_BYTES
_PNG, _PNG_KEY = b"\x89PNG\r\n\x1a\n", b"XML:com.adobe.xmp\0\0\0\0\0"
_JPEG_KEY = b"http://ns.adobe.com/xap/1.0/\0"
_GIF_KEY, _GIF_END = b"\x21\xff\x0bXMP DataXMP", bytes([1, *range(255, -1, -1), 0])
#: TIFF's tag of XMP.
_XMP_TAG = 700
_PARQUET_KEY = b"saddlepoint"


def embed(path: Path, mark: Mark) -> bool:
    """Write a mark into a file, in place; False where its format has no place for one, and the file is untouched.

    Args:
        path: PNG, JPEG, WebP, TIFF, GIF, WAV, NPZ or Parquet, found by its first bytes, as a writer of ours left it.
        mark: what it says.

    Raises:
        ValueError: the mark is too long.
    """
    writer = _of(path, _WRITERS)
    return writer is not None and writer(path, mark)


def mark_in(path: Path) -> Mark | None:
    """The mark in a file, however it was made; None where there is none, or none that can be read.

    Only what a mark may lie in is read, bounded, and nothing of it is run.
    """
    reader = _of(path, _READERS)
    if reader is None:
        return None
    with suppress(OSError, ValueError, struct.error, IndexError, OverflowError):
        found: Mark | None = reader(path)
        return found
    return None


def _of(path: Path, functions: dict[str, Any]) -> Any:
    if not path.is_file():
        return None
    with path.open("rb") as file:
        head = file.read(12)
    forms = {_PNG: "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif", b"PK": "zip", b"PAR1": "parquet"}
    forms |= {b"II*\0": "tiff", b"MM\0*": "tiff"}
    for start, name in forms.items():
        if head.startswith(start):
            return functions[name]
    if head[:4] == b"RIFF":
        return functions.get({b"WEBP": "webp", b"WAVE": "wav"}.get(head[8:12], ""))
    return None


# --- PNG ---------------------------------------------------------------------------------------------------


def _into_png(path: Path, mark: Mark) -> bool:
    data = path.read_bytes()
    after = 8 + 25  # signature and IHDR; text before the pixels is found by all readers
    body = b"iTXt" + _PNG_KEY + mark.xmp()
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    path.write_bytes(data[:after] + chunk + data[after:])
    return True


def _of_png(path: Path) -> Mark | None:
    with path.open("rb") as file:
        file.seek(8)
        for _ in range(_CHUNKS):
            head = file.read(8)
            if len(head) < 8:
                return None
            size, kind = struct.unpack(">I4s", head)
            if kind == b"iTXt" and size <= _PACKET:
                body = file.read(size)
                if body.startswith(_PNG_KEY) and (found := Mark.of_xmp(body[len(_PNG_KEY) :])) is not None:
                    return found
                file.seek(4, os.SEEK_CUR)
            else:
                file.seek(size + 4, os.SEEK_CUR)
    return None


# --- JPEG --------------------------------------------------------------------------------------------------


def _into_jpeg(path: Path, mark: Mark) -> bool:
    data = path.read_bytes()
    after = 2
    if data[2:4] == b"\xff\xe0":  # JFIF comes first
        after += 2 + struct.unpack(">H", data[4:6])[0]
    body = _JPEG_KEY + mark.xmp()
    path.write_bytes(data[:after] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[after:])
    return True


def _of_jpeg(path: Path) -> Mark | None:
    with path.open("rb") as file:
        file.seek(2)
        for _ in range(_CHUNKS):
            head = file.read(4)
            if len(head) < 4 or head[0] != 0xFF or head[1] in (0xDA, 0xD9):
                return None
            size = struct.unpack(">H", head[2:])[0] - 2
            body = file.read(max(0, size))
            if head[1] == 0xE1 and body.startswith(_JPEG_KEY):
                found = Mark.of_xmp(body[len(_JPEG_KEY) :])
                if found is not None:
                    return found
    return None


# --- RIFF: WebP and WAV ------------------------------------------------------------------------------------


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Names and sizes of chunks; the file stands at each one's body. Nothing past the end."""
    file.seek(0, os.SEEK_END)
    end, place = file.tell(), 12
    for _ in range(_CHUNKS):
        file.seek(place)
        head = file.read(8)
        if len(head) < 8:
            return
        name, size = struct.unpack("<4sI", head)
        if place + 8 + size > end:
            return
        yield name, size
        place += 8 + size + size % 2


def _into_webp(path: Path, mark: Mark) -> bool:
    data = path.read_bytes()
    body = data[12:]
    if body[:4] == b"VP8X":
        body = body[:8] + bytes([body[8] | 4]) + body[9:]
    else:
        width, height, alpha = _webp_size(body)
        sides = (side.to_bytes(3, "little") for side in (width - 1, height - 1))
        body = _chunk(b"VP8X", bytes([4 | (16 if alpha else 0), 0, 0, 0]) + b"".join(sides)) + body
    body += _chunk(b"XMP ", mark.xmp())
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body)
    return True


def _webp_size(body: bytes) -> tuple[int, int, bool]:
    """Width, height, and whether there is opacity, of a file of one plain chunk."""
    if body[:4] == b"VP8L":
        bits = struct.unpack("<I", body[9:13])[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)
    width, height = struct.unpack("<HH", body[14:18])
    return width & 0x3FFF, height & 0x3FFF, False


def _into_wav(path: Path, mark: Mark) -> bool:
    terms = {b"ISFT": f"{mark.software} {mark.version}".strip(), b"ICMT": f"{mark.kind}; run {mark.run!r}"}
    info = b"INFO" + b"".join(_chunk(name, text.encode() + b"\0") for name, text in terms.items())
    more = _chunk(b"LIST", info) + _chunk(b"_PMX", mark.xmp())
    with path.open("r+b") as file:
        file.seek(0, os.SEEK_END)
        size = file.tell()
        more = b"\0" * (size % 2) + more
        if size + len(more) - 8 >= 1 << 32:
            return False
        file.write(more)
        file.seek(4)
        file.write(struct.pack("<I", size + len(more) - 8))
    return True


def _of_riff(name: bytes) -> Callable[[Path], Mark | None]:
    def read(path: Path) -> Mark | None:
        with path.open("rb") as file:
            for found, size in _chunks(file):
                if found == name and size <= _PACKET and (mark := Mark.of_xmp(file.read(size))) is not None:
                    return mark
        return None

    return read


# --- GIF ---------------------------------------------------------------------------------------------------


def _after_palette(data: bytes) -> int:
    return 13 + (3 * 2 ** ((data[10] & 7) + 1) if data[10] & 0x80 else 0)


def _into_gif(path: Path, mark: Mark) -> bool:
    data = path.read_bytes()
    after = _after_palette(data)
    path.write_bytes(b"GIF89a" + data[6:after] + _GIF_KEY + mark.xmp() + _GIF_END + data[after:])
    return True


def _of_gif(path: Path) -> Mark | None:
    with path.open("rb") as file:
        data = file.read(13 + 768 + 2 * _PACKET)  # where ours lies, before the first frame
    after = data.find(_GIF_KEY, _after_palette(data))
    end = data.find(_GIF_END, after)
    return None if after < 0 or end < 0 else Mark.of_xmp(data[after + len(_GIF_KEY) : end])


# --- TIFF --------------------------------------------------------------------------------------------------


def _into_tiff(path: Path, mark: Mark) -> bool:
    """The first directory is written anew at the end, with one more entry; the old one stays, and nobody reads it."""
    packet = mark.xmp()
    with path.open("r+b") as file:
        order = "<" if file.read(4)[:2] == b"II" else ">"
        entries, following = _directory(file, order)
        file.seek(0, os.SEEK_END)
        file.write(b"\0" * (file.tell() % 2))
        place = file.tell()
        own = struct.pack(order + "HHII", _XMP_TAG, 1, len(packet), place)
        kept = [entry for entry in entries if struct.unpack(order + "H", entry[:2])[0] != _XMP_TAG]
        every = sorted([*kept, own], key=lambda entry: int(struct.unpack(order + "H", entry[:2])[0]))
        file.write(packet + b"\0" * (len(packet) % 2))
        directory = file.tell()
        file.write(struct.pack(order + "H", len(every)) + b"".join(every) + following)
        file.seek(4)
        file.write(struct.pack(order + "I", directory))
    return True


def _directory(file: BinaryIO, order: str) -> tuple[list[bytes], bytes]:
    """Entries of the first directory, and the place of the next."""
    file.seek(4)
    file.seek(struct.unpack(order + "I", file.read(4))[0])
    count = struct.unpack(order + "H", file.read(2))[0]
    entries = [file.read(12) for _ in range(count)]
    return entries, file.read(4)


def _of_tiff(path: Path) -> Mark | None:
    with path.open("rb") as file:
        order = "<" if file.read(4)[:2] == b"II" else ">"
        for entry in _directory(file, order)[0]:
            tag, _, size, place = struct.unpack(order + "HHII", entry)
            if tag == _XMP_TAG and 4 < size <= _PACKET:
                file.seek(place)
                return Mark.of_xmp(file.read(size))
    return None


# --- archives and tables -----------------------------------------------------------------------------------


def _into_zip(path: Path, mark: Mark) -> bool:
    """The archive's comment: numpy reads the arrays as before."""
    comment = mark.text().encode()
    with path.open("r+b") as file:
        file.seek(-22, os.SEEK_END)
        if file.read(4) != b"PK\x05\x06":
            return False
        file.seek(-2, os.SEEK_END)
        file.write(struct.pack("<H", len(comment)) + comment)
    return True


def _of_zip(path: Path) -> Mark | None:
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - 22 - (1 << 16)))
        end = file.read()
    place = end.rfind(b"PK\x05\x06")
    return None if place < 0 else Mark.read(end[place + 22 :])


def _into_parquet(path: Path, mark: Mark) -> bool:
    """Written anew, a group of rows at a time: a footer can't be changed in place."""
    from pyarrow import parquet

    made = path.with_name(f"{path.name}.marked")
    try:
        with parquet.ParquetFile(path) as file:
            schema = file.schema_arrow
            metadata = {**(schema.metadata or {}), _PARQUET_KEY: mark.text().encode()}
            with parquet.ParquetWriter(made, schema.with_metadata(metadata)) as writer:
                for group in range(file.num_row_groups):
                    rows = file.read_row_group(group)
                    writer.write_table(rows.replace_schema_metadata(metadata), row_group_size=max(1, len(rows)))
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)
    return True


def _of_parquet(path: Path) -> Mark | None:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise ValueError("Parquet files are read with pyarrow: pip install 'saddlepoint[table]'") from error
    try:
        text = (parquet.read_metadata(path).metadata or {}).get(_PARQUET_KEY)
    except pyarrow.ArrowException:
        return None
    return None if text is None else Mark.read(text)


_WRITERS: dict[str, Callable[[Path, Mark], bool]] = {
    **{"png": _into_png, "jpeg": _into_jpeg, "webp": _into_webp, "gif": _into_gif, "tiff": _into_tiff},
    **{"wav": _into_wav, "zip": _into_zip, "parquet": _into_parquet},
}
_READERS: dict[str, Callable[[Path], Mark | None]] = {
    **{"png": _of_png, "jpeg": _of_jpeg, "webp": _of_riff(b"XMP "), "gif": _of_gif, "tiff": _of_tiff},
    **{"wav": _of_riff(b"_PMX"), "zip": _of_zip, "parquet": _of_parquet},
}
