"""Tar archives: plain folders, and samples whose files share a key (webdataset)."""

import tarfile

from saddlepoint.data.archives.members import Archive, Members, runs_of
from saddlepoint.data.archives.stored import Heads, Stored
from saddlepoint.data.decoding import Source
from saddlepoint.data.folder import printable
from saddlepoint.data.images import DataError

#: Members that are near to each other are read at once, up to so many bytes.
AT_ONCE = 1 << 24


class Tar(Archive):
    """A tar archive that is not compressed, listed by one pass over its heads.

    Raises:
        DataError: it is compressed, no tar archive, or cut off.
    """

    def __init__(self, file: Stored) -> None:
        self.file = file
        members = Members(file.name, 2)
        last, name = -1, ""
        try:
            with file.opened() as stream, tarfile.open(fileobj=Heads(stream), mode="r:") as archive:
                while (info := archive.next()) is not None:
                    vars(archive)["members"].clear()  # it would keep all of them
                    if info.offset <= last:
                        raise DataError(f"{file.path} can't be listed: after {name!r} it leads back to where it was")
                    if not info.size >= 0 or info.offset_data + info.size > file.size:
                        raise _cut_off(file, info.name)
                    last, name = info.offset, info.name
                    if info.issparse():
                        members.leave_out("files with holes")
                    elif info.isreg():
                        place = (info.offset_data, info.size)

                        def read(place: tuple[int, int] = place) -> bytes:
                            stream.seek(place[0])
                            return stream.read(place[1])

                        members.add(info.name, info.size, place, read)
                    elif not info.isdir():
                        members.leave_out("links, devices and the like")
                # Where a head can't be read, listing ends as it does at the blocks of zeros that end a whole archive.
                after = file.read(archive.offset, tarfile.BLOCKSIZE)
        except tarfile.ReadError as error:
            raise (_cut_off(file, name) if name else DataError(_no_tar(file))) from error
        except (tarfile.TarError, ValueError, OverflowError) as error:
            if isinstance(error, DataError):
                raise
            raise DataError(f"{file.path} can't be listed ({error}): it is damaged after {name!r}") from error
        if any(after):
            raise _cut_off(file, name)
        self.names, self._places, self.labels, self.notes = members.listed()
        if not after:
            self.notes.append(f"{file.name} has no mark of its end: it may have been cut off after {printable(name)}.")

    def take(self, start: int, stop: int) -> list[Source]:
        """The images from start to before stop."""
        places = self._places[start:stop]
        found: list[Source] = []
        for first, end in runs_of(places, AT_ONCE):
            begin = int(places[first, 0])
            content = self.file.read(begin, int(places[end - 1].sum()) - begin)
            if len(content) < int(places[end - 1].sum()) - begin:
                raise DataError(f"{self.file.path} became shorter while it was read: leave it as it is during a run")
            for offset, length in places[first:end].tolist():
                found.append(content[offset - begin : offset - begin + length])
        return found


def _cut_off(file: Stored, name: str) -> DataError:
    return DataError(
        f"{file.path} is cut off or damaged at the member {name!r}: it was not copied to its end; fetch it again"
    )


def _no_tar(file: Stored) -> str:
    head = file.read(0, 6)
    packed = (
        head[:2] == b"\x1f\x8b" or head[:3] == b"BZh" or head in (b"\xfd7zXZ\x00",) or head[:4] == b"\x28\xb5\x2f\xfd"
    )
    if packed:
        return (
            f"{file.path} is compressed, so that nothing in it has a position: decompress it to a plain .tar (gunzip)"
        )
    return f"{file.path} is no tar archive, or is damaged at its beginning: check it with tar -tf"
