"""Files that are written with their mark."""

from collections.abc import Callable
from pathlib import Path

from saddlepoint.marks.containers import embed
from saddlepoint.marks.mark import Mark
from saddlepoint.marks.sidecar import remove_sidecar, write_sidecar
from saddlepoint.storage.files import is_special, write_atomically


def write_marked(path: Path, write: Callable[[Path], None], mark: Mark | None, *, flushed: bool = True) -> None:
    """Write a file, whole or absent, with its mark inside, or beside it where its format has no place for one.

    Args:
        path: the file's name.
        write: writes the file whose path it is given.
        mark: what it says of itself; None writes none, and removes what a mark beside said of an earlier file.
        flushed: see `write_atomically`.
    """
    inside = False

    def whole(file: Path) -> None:
        nonlocal inside
        write(file)
        inside = mark is not None and embed(file, mark)

    write_atomically(path, whole, flushed=flushed)
    if is_special(path):  # a pipe has nothing beside it
        return
    if mark is not None and not inside:
        write_sidecar(path, mark)
    else:
        remove_sidecar(path)
