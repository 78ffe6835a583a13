"""Writes that are whole or absent whatever happens in between, and reads that are bounded."""

import errno
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from saddlepoint.disk import is_kernels, without_links

#: Bytes that a text of a run may have: a year of records is a tenth of it.
TEXT_BYTES = 256 << 20
#: Bytes of a file name that file systems take, and of the longest word put around one.
_NAME_BYTES, _AROUND = 255, 40
_writes = count()


def write_atomically(
    path: Path, write: Callable[[Path], None] | str | bytes, within: Path | None = None, *, flushed: bool = True
) -> None:
    """Write a file under a temporary name, flush it to the disk, and rename it into place.

    A link is followed, and what it points to is replaced. What is no regular file (a device, a pipe, a socket, an open
    file under /dev or /proc) can't be replaced: it is written to.

    Args:
        path: the file's final name.
        write: its content, or a function that writes the file whose path it is given.
        within: a folder that a link must not lead out of.
        flushed: whether to wait for the disk; one of many files that are made anew in a moment need not.

    Raises:
        OSError: the disk is full, the folder or the file can't be written, or a folder or a pipe that nobody reads is
            in the way; the old file is then untouched.
    """
    if within is not None:
        stay_within(path, within)
    if is_special(path):
        _write_through(path, write)
        return
    target = without_links(path) if path.is_symlink() else path
    mode = _mode_of(target)
    temporary = target.with_name(partial_name(target.name))
    try:
        # Made here and now, so that no link that somebody left under this name is followed.
        with temporary.open("xb"):
            pass
        _fill(temporary, write)
        if mode is not None:
            temporary.chmod(mode)
        if flushed:
            flush(temporary)
        temporary.replace(target)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        # What was opened before has no name in an error; the temporary one is not what the user knows.
        if isinstance(error, OSError) and error.errno and error.filename in (None, str(temporary), temporary):
            error.filename = str(path)
        raise
    if flushed:
        flush(target.parent)


def partial_name(name: str) -> str:
    """A name for what is not finished yet, hidden, of this process and this call alone."""
    kept = os.fsdecode(os.fsencode(name)[: _NAME_BYTES - _AROUND])
    return f".{kept}.{os.getpid()}-{next(_writes)}.partial"


def remove_partial(folder: Path) -> None:
    """Remove what killed processes left unfinished in a folder that nobody else writes to now."""
    for left in folder.glob(".*.partial"):
        if left.is_file() or left.is_symlink():
            left.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Wait until a file, or a folder's list of names, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network and user-space file systems can't flush a folder; a write that failed is another error.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(descriptor)


# --- what is read ------------------------------------------------------------------------------------------


def read_bytes(path: Path, limit: int = TEXT_BYTES, begin: int = 0) -> bytes:
    """The content of a regular file, from a byte on.

    Raises:
        OSError: it is no regular file (a pipe would never end), can't be read, or is larger than the limit.
    """
    # Opened without waiting for the other end of a pipe, and looked at after it is open: names may change in between.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(file.fileno())
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(found.st_mode) or is_kernels(found):
            raise OSError(errno.EINVAL, "no file of a disk, but a device, a pipe or a socket", str(path))
        if found.st_size > limit:
            raise OSError(errno.EFBIG, f"{found.st_size:,} bytes, and at most {limit:,} are expected", str(path))
        file.seek(begin)
        return file.read(limit)


def read_text(path: Path, limit: int = TEXT_BYTES, errors: str = "strict") -> str:
    """The text of a regular file, UTF-8. Raises as `read_bytes`, and ValueError for another encoding."""
    return read_bytes(path, limit).decode("utf-8", errors)


@contextmanager
def named_in_utf8(path: Path) -> Iterator[Path]:
    """Inside the block, a name of a file for libraries that take names of text only; mostly its own."""
    try:
        os.fsencode(path).decode()
    except UnicodeDecodeError:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            yield Path(f"/dev/fd/{descriptor}")
        finally:
            os.close(descriptor)
    else:
        yield path


def stay_within(path: Path, folder: Path) -> None:
    """Raise OSError where links lead out of a folder, or where no regular file or folder is in the path's place."""
    place = without_links(path)
    if not place.is_relative_to(without_links(folder)):
        raise OSError(errno.EPERM, f"a link that leads out of {folder}, to {place}", str(path))
    if place.exists() and not (place.is_file() or place.is_dir()):
        raise OSError(errno.EPERM, "a device, a pipe or a socket, where a file is expected", str(path))


# --- inside ------------------------------------------------------------------------------------------------


def _fill(path: Path, write: Callable[[Path], None] | str | bytes) -> None:
    if isinstance(write, str):
        # Names of folders may hold bytes that are no text: pages show them as the terminal does.
        path.write_text(write, encoding="utf-8", errors="backslashreplace", newline="")
    elif isinstance(write, bytes):
        path.write_bytes(write)
    else:
        write(path)


def is_special(path: Path) -> bool:
    """Whether a path is there and names something that can't be replaced by a file: a device, a pipe, an open file."""
    # /dev/stdout may lead to a regular file, which this process, and not a name, holds.
    if path.is_absolute() and path.parts[1:2] in (("dev",), ("proc",)) and path.exists():
        return not path.is_relative_to("/dev/shm")
    return path.exists() and not path.is_file() and not path.is_dir()


def _mode_of(target: Path) -> int | None:
    """The permissions of a file that is to be replaced; None where there is none. Raises where it can't be."""
    try:
        found = target.stat()
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, "a folder of this name is in the way", str(target))
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "it is write-protected", str(target))
    return stat.S_IMODE(found.st_mode)


def _write_through(path: Path, write: Callable[[Path], None] | str | bytes) -> None:
    """Write to what is no regular file: made as a whole elsewhere first, as writers may go back and forth."""
    try:
        # Not waiting, as a pipe that nobody reads would do for ever.
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        what = "a pipe that nobody reads" if error.errno == errno.ENXIO else error.strerror
        raise OSError(error.errno, what, str(path)) from error
    os.set_blocking(descriptor, True)
    with os.fdopen(descriptor, "wb") as file, tempfile.TemporaryDirectory(prefix="saddlepoint-") as folder:
        if stat.S_ISBLK(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EPERM, "a disk, which is not written to", str(path))
        made = Path(folder) / (path.name or "file")
        _fill(made, write)
        with made.open("rb") as content:
            while part := content.read(1 << 20):
                file.write(part)
