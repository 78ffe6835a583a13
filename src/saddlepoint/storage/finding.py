"""Run folders below a folder."""

import os
from collections.abc import Iterator
from pathlib import Path

from saddlepoint.disk import without_links
from saddlepoint.storage.folder import RunFolder

#: Folders inside one another, and folders in all, that are looked into.
DEPTH, MOST = 6, 20_000


def is_run(path: Path) -> bool:
    """Whether a folder holds a run: its configuration, and what a run writes beside it."""
    folder = RunFolder(path)
    beside = (folder.identity, folder.records, folder.checkpoints.folder)
    return folder.config.is_file() and any(place.exists() for place in beside)


def run_of(path: Path) -> Path | None:
    """The run folder whose own file a path is; None of a file that is not there yet, or is a user's."""
    whole = without_links(path)
    if not whole.is_file():
        return None
    for folder in list(whole.parents)[:3]:  # a checkpoint lies in a folder of a folder
        if is_run(folder):
            own = whole.relative_to(folder).parts[0] not in RunFolder(folder).strangers()
            return folder if own else None
    return None


def runs_below(root: Path) -> Iterator[Path]:
    """The run folders in a folder, itself among them, and in those inside, in the order of their names."""
    return (place for place, is_one in folders_below(root) if is_one)


def folders_below(root: Path) -> Iterator[tuple[Path, bool]]:
    """A folder and those inside, in the order of their names, each with whether it holds a run.

    Links are not followed, and no folder is looked into that a run made for itself.
    """
    left, seen = [(root, 0)], 0
    while left and seen < MOST:
        place, depth = left.pop()
        seen += 1
        folder = RunFolder(place)
        own: set[Path] = set()
        try:
            found = is_run(place)
        except OSError:  # of somebody else's, who lets nobody look
            continue
        yield place, found
        if found:
            own = {folder.samples, folder.exhibits, folder.generator, folder.checkpoints.folder, folder.start.folder}
        try:
            with os.scandir(place) as entries:
                inside = [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:
            continue
        if depth < DEPTH:
            further = (path for path in inside if path not in own and not path.name.startswith("."))
            left += [(path, depth + 1) for path in sorted(further, reverse=True)]
