"""What libraries raise for files that are damaged, and files that are more than they say."""

import io
import lzma
import struct
import zlib
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile, ZipFile

from saddlepoint.data.images import DataError

#: Of compressed files, archives and HDF5; RuntimeError: of HDF5, of archives with a password, of unknown compressions.
DAMAGE = (OSError, EOFError, KeyError, zlib.error, lzma.LZMAError, struct.error, BadZipFile, RuntimeError)
#: Bytes that a byte of a file stands for at most, as deflate has it, and bytes of which nothing is asked.
MOST_DEFLATED, SPARE = 1100, 1 << 20
#: Bytes of an unpacked text from which on a byte of the file may stand for so many only: equal rows without an end.
LONG, MOST_OF_LONG = 256 << 20, 200


def reason(error: BaseException) -> str:
    """What a library says of damage, in a line; some say whole pieces of the file."""
    said = " ".join(str(error).split())
    return said if len(said) <= 200 else f"{said[:200]} …"


def check_swelling(held: int, stored: int, what: str) -> None:
    """Raise DataError where a part of a file says that it is far more than the file can hold (a bomb)."""
    if held > MOST_DEFLATED * stored + SPARE:
        raise DataError(
            f"{what} says that it is {held:,} bytes and holds {stored:,}: most was never written, or it is made "
            f"to swell; save it anew"
        )


class Swelling(io.RawIOBase):
    """What a compressed file of so many bytes unpacks to, up to what they can hold, see `check_swelling`."""

    def __init__(self, unpacked: IO[bytes], stored: int, what: str) -> None:
        self._unpacked, self._stored, self._what, self._held = unpacked, stored, what, 0

    def readable(self) -> bool:
        """Whether it can be read: it always can."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer: the number of bytes. Raises DataError where the file is made to swell."""
        piece = self._unpacked.read(len(buffer))
        buffer[: len(piece)] = piece
        self._held += len(piece)
        check_swelling(self._held, self._stored, self._what)
        if self._held > max(LONG, MOST_OF_LONG * self._stored):
            raise DataError(
                f"{self._what} unpacks from {self._stored:,} bytes to more than {self._held:,}, as next to nothing but "
                f"equal rows does: unpack it first if it is meant"
            )
        return len(piece)


def check_archive(path: Path) -> None:
    """Look at what an archive (zip) says of its parts, see `check_swelling`. Raises what `DAMAGE` has, too."""
    with ZipFile(path) as archive:
        for part in archive.infolist():
            check_swelling(part.file_size, part.compress_size, f"{part.filename} of {path}")
