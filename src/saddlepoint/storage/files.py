"""Writes that are whole or absent, whatever happens in between."""

import os
from collections.abc import Callable
from pathlib import Path


def write_atomically(path: Path, write: Callable[[Path], None] | str | bytes) -> None:
    """Write a file under a temporary name, flush it to the disk, and rename it into place.

    Args:
        path: the file's final name.
        write: its content, or a function that writes the file whose path it is given.

    Raises:
        OSError: the disk is full or the folder can't be written; the old file is then untouched.
    """
    temporary = path.with_name(f".{path.name}.partial")
    try:
        if isinstance(write, str):
            temporary.write_text(write, encoding="utf-8")
        elif isinstance(write, bytes):
            temporary.write_bytes(write)
        else:
            write(temporary)
        flush(temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    flush(path.parent)


def flush(path: Path) -> None:
    """Wait until a file, or a folder's list of names, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
