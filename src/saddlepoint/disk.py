"""What a path names: a file of a disk, or something that is read like one and has no end."""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

#: File systems whose files the kernel makes as they are read: without a size, some without an end.
KERNEL = frozenset(
    (
        *("autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "efivarfs", "fusectl"),
        *("mqueue", "nsfs", "proc", "pstore", "securityfs", "selinuxfs", "sysfs", "tracefs"),
    )
)
_KINDS = (
    (stat.S_ISDIR, "is a folder"),
    (stat.S_ISCHR, "is a device"),
    (stat.S_ISBLK, "is a device"),
    (stat.S_ISFIFO, "is a pipe"),
    (stat.S_ISSOCK, "is a socket"),
)
_KERNELS = "is made by the kernel as it is read, and may have no end"
#: Of files of more bytes it is looked at how many were ever written: one of so many have to be.
LARGE, WRITTEN = 1 << 30, 1100


def found_at(path: Path) -> str:
    """What is in the place of a file, for messages; "" for a regular file of a disk, also where links lead to one."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return "is a link to nowhere" if path.is_symlink() else "does not exist"
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        return f"cannot be read ({getattr(error, 'strerror', None) or error})"
    if is_kernels(found):
        return _KERNELS
    kind = next((said for test, said in _KINDS if test(found.st_mode)), None)
    if kind or not stat.S_ISREG(found.st_mode):
        return kind or "is no regular file"
    return "is a hole: next to none of it was ever written" if _is_hole(path, found.st_size) else ""


def without_links(path: Path) -> Path:
    """A path without links. Raises OSError where they go in a circle, on every Python."""
    try:
        return path.resolve()
    except RuntimeError as error:  # before Python 3.13
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path)) from error


def is_disk_file(path: Path) -> bool:
    """Whether a path leads to a regular file of a disk: no pipe, no device, nothing of /proc and its like."""
    return not found_at(path)


def is_kernels(found: os.stat_result) -> bool:
    """Whether what was found lies in /proc, /sys or the like, wherever these are mounted."""
    return _is_kernels(found.st_dev)


def _is_hole(path: Path, size: int) -> bool:
    """Whether next to nothing of a large file was ever written, so that it swells as it is read."""
    if size <= LARGE or not hasattr(os, "SEEK_DATA"):
        return False
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:  # whoever reads it will say so
        return False
    try:
        written = end = 0
        while written <= size // WRITTEN:
            begin = os.lseek(descriptor, end, os.SEEK_DATA)
            end = os.lseek(descriptor, begin, os.SEEK_HOLE)
            written += end - begin
    except OSError as error:  # ENXIO: there is nothing more; file systems without holes say that all is written
        return error.errno == errno.ENXIO
    finally:
        os.close(descriptor)
    return False


@cache
def _is_kernels(device: int) -> bool:
    number = f"{os.major(device)}:{os.minor(device)}"
    try:
        lines = Path("/proc/self/mountinfo").read_text(errors="replace").splitlines()
    except OSError:  # another system
        return False
    mounts = (line.partition(" - ") for line in lines)
    return any(before.split()[2] == number and after.split()[0] in KERNEL for before, _, after in mounts)


def walk(
    root: Path,
    failed: Callable[[OSError], None] | None = None,
    *,
    links: bool = False,
    skipped: frozenset[str] = frozenset(),
) -> Iterator[tuple[Path, list[str]]]:
    """Folders below one, and names of their files, both sorted and without hidden ones; each folder once.

    What the kernel makes (/proc below /) is left out.

    Args:
        root: where to begin.
        failed: is told of folders that can't be read.
        links: whether links to folders are followed.
        skipped: names of folders and files that are left out.

    Raises:
        ValueError: the root is `/`, which takes minutes and is nobody's data.
    """
    if str(without_links(root)) == "/":
        raise ValueError(f"{root} is all that this computer has: give the folder of the data")
    seen: set[tuple[int, int]] = set()
    for place, folders, files in os.walk(root, onerror=failed, followlinks=links):
        try:
            found = Path(place).stat()
        except OSError as error:  # it went meanwhile
            if failed is not None:
                failed(error)
            folders.clear()
            continue
        # Links to folders are followed, but each folder is read once: a link to a parent would never end.
        if (found.st_dev, found.st_ino) in seen or is_kernels(found):
            folders.clear()
            continue
        seen.add((found.st_dev, found.st_ino))
        folders[:], names = (
            sorted(name for name in some if not name.startswith(".") and name not in skipped)
            for some in (folders, files)
        )
        yield Path(place), names
