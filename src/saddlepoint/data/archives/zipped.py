"""Zip archives."""

import struct
import zipfile
import zlib

from saddlepoint.data.archives.members import LARGEST, Archive, Members
from saddlepoint.data.archives.stored import Stored
from saddlepoint.data.decoding import Source
from saddlepoint.data.images import DataError

#: Bytes of a member's own head, before its name; what is read beyond in the hope that the rest of the head fits.
HEAD, SLACK = 30, 256
#: Bytes of the list of members at the end of an archive.
LIST = 1 << 30


class Zip(Archive):
    """A zip archive of members that are stored or deflated.

    Raises:
        DataError: it is no zip archive, cut off, or split over several files.
    """

    def __init__(self, file: Stored) -> None:
        self.file = file
        members = Members(file.name, 5)
        try:
            with file.opened() as stream, zipfile.ZipFile(stream) as archive:
                packed = sum(info.compress_size for info in archive.infolist())
                if packed > file.size:
                    raise DataError(
                        f"{file.path} has {file.size:,} bytes, and its list of members {packed:,}: they lie over each "
                        f"other, as in an archive that is made to swell; pack it anew"
                    )
                for info in archive.infolist():
                    if info.is_dir():
                        continue
                    if info.flag_bits & 1:
                        members.leave_out("encrypted files")
                    elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                        members.leave_out("files that are packed in another way than deflate")
                    elif (info.external_attr >> 28) == 0o12:
                        members.leave_out("links")
                    else:
                        place = (info.header_offset, info.compress_size, info.compress_type, info.file_size, info.CRC)

                        def read(place: tuple[int, ...] = place) -> bytes:
                            found = self._read(*place)
                            return found if isinstance(found, bytes) else b""

                        members.add(info.filename, max(info.file_size, info.compress_size), place, read)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
            if isinstance(error, DataError):
                raise
            raise DataError(
                f"{file.path} cannot be read ({error}): it is no zip archive, or was not copied to its end; "
                f"fetch it again"
            ) from error
        self.names, self._places, self.labels, self.notes = members.listed()

    def take(self, start: int, stop: int) -> list[Source]:
        """The images from start to before stop."""
        return [self._read(*place) for place in self._places[start:stop].tolist()]

    def _read(self, offset: int, packed: int, kind: int, size: int, check: int) -> bytes | str:
        """A member's bytes; or why they can't be had. No more are made than it claims."""
        if max(packed, size) > LARGEST:
            return f"more than {LARGEST >> 20} MiB"
        content = self.file.read(offset, HEAD + SLACK + packed)
        if len(content) < HEAD or content[:4] != b"PK\x03\x04":
            return "the archive has no member where its list says"
        begin = HEAD + sum(struct.unpack("<HH", content[26:30]))
        if len(content) < begin + packed:
            content = self.file.read(offset, begin + packed)
        content = content[begin : begin + packed]
        if kind == zipfile.ZIP_DEFLATED:
            try:
                content = zlib.decompressobj(-15).decompress(content, size + 1)
            except zlib.error:
                return "damaged inside of the archive"
        if len(content) != size:
            return "another size than the archive claims"
        return content if zlib.crc32(content) == check else "damaged inside of the archive"
