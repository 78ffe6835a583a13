"""What an archive holds: its images by position, and the classes that small files beside them name."""

import json
from abc import ABC, abstractmethod
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath
from sys import intern

import numpy as np
from numpy.typing import NDArray

from saddlepoint.data.archives.stored import Stored
from saddlepoint.data.collection import some
from saddlepoint.data.decoding import Source
from saddlepoint.data.folder import EXTENSIONS, FOREIGN, SYSTEM, printable

#: Bytes of an encoded image: of more it is not read.
LARGEST = 1 << 28
#: Endings of files beside an image that name its class, in the order in which they are believed; their bytes at most.
BESIDE, SMALL = (".cls", ".json", ".txt"), 1 << 16
#: Keys of a JSON object that name a class, in the order in which they are looked for.
KEYS = ("label", "class", "cls", "label_name", "class_name")
#: Characters of a class's name.
LONGEST = 100


class Archive(ABC):
    """Encoded images of one file.

    Attributes:
        file: where they are.
        names: of each image, with slashes.
        labels: the class of each, as the file has it; None where it names none.
        classes: names of the classes in their order, where the file says them.
        notes: what was left out, a sentence each.
    """

    file: Stored
    names: Sequence[str]
    labels: Sequence[str] | None = None
    classes: Sequence[str] | None = None
    notes: Sequence[str] = ()

    @property
    def files(self) -> Sequence[Stored]:
        """All that it is read from."""
        return [self.file]

    @abstractmethod
    def take(self, start: int, stop: int) -> list[Source]:
        """The images from start to before stop; a text says why one can't be had."""


class Members:
    """The members of an archive as they are listed, one after another.

    Args:
        name: of the archive, for notes.
        width: numbers that say where a member is.
    """

    def __init__(self, name: str, width: int) -> None:
        self.name, self.width = name, width
        self.names: list[str] = []
        self._places = array("q")
        self._beside: dict[str, dict[str, str]] = {ending: {} for ending in BESIDE}
        self._left_out: Counter[str] = Counter()
        self._large: list[str] = []

    def add(self, name: str, size: int, place: tuple[int, ...], read: Callable[[], bytes]) -> None:
        """A regular file of so many bytes; `read` gives them, where it is small."""
        plain = plain_name(name)
        if plain is None:
            self.leave_out("names that lead out of the archive, or are no text")
            return
        if any(part.startswith(".") or part in SYSTEM for part in plain.split("/")):
            return
        ending = PurePosixPath(plain).suffix.lower()
        if ending in EXTENSIONS:
            if size > LARGEST:
                self._large.append(printable(plain))
                return
            self.names.append(plain)
            self._places.extend(place)
        elif ending in self._beside and size <= SMALL:
            found = _class_in(ending, read())
            if found is not None:
                self._beside[ending][key_of(plain)] = intern(found)
        elif ending in FOREIGN:
            self.leave_out("images of formats that are not read")

    def leave_out(self, what: str) -> None:
        """Count a member of a kind that is not read."""
        self._left_out[what] += 1

    def listed(self) -> tuple[list[str], NDArray[np.int64], list[str] | None, list[str]]:
        """Names, places (N, width), classes and notes. Of members with one name the last counts, as for who unpacks."""
        places = np.frombuffer(self._places, np.int64).reshape(-1, self.width)
        notes = []
        last = _last_of_each(self.names)
        if last is not None:
            notes.append(
                f"{self.name}: {len(self.names) - len(last):,} images have the name of a later one, which counts."
            )
            self.names, places = [self.names[i] for i in last], places[last]
        labels = self._labels()
        if self._large:
            notes.append(f"{self.name}: left out, of more than {LARGEST >> 20} MiB: {some(self._large)}.")
        notes += [f"{self.name}: left out, {what}: {count:,}." for what, count in sorted(self._left_out.items())]
        return self.names, places, labels, notes

    def _labels(self) -> list[str] | None:
        for ending, found in self._beside.items():
            if not found:
                continue
            labels = [found.get(key_of(name)) for name in self.names]
            whole = [label for label in labels if label is not None]
            # Texts that hardly come twice are captions.
            if len(whole) == len(labels) and (ending != ".txt" or len(set(whole)) <= len(whole) / 2):
                return whole
        return None


def plain_name(name: str) -> str | None:
    r"""A member's name with slashes and without `.`; None where it leads out of the archive or can't be written.

    >>> plain_name("./a//b.png"), plain_name("../b.png"), plain_name("/etc/b.png"), plain_name("a\0b.png")
    ('a/b.png', None, None, None)
    """
    text = name.replace("\\", "/")
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if text.startswith("/") or "\0" in text or ".." in parts or not parts or ":" in parts[0]:
        return None
    return "/".join(parts)


def key_of(name: str) -> str:
    """What the files of one sample share: all up to the first dot of the last part.

    >>> key_of("a.b/0001.left.jpg")
    'a.b/0001'
    """
    folder, slash, last = name.rpartition("/")
    return folder + slash + last.partition(".")[0]


def runs_of(places: NDArray[np.int64], most: int) -> Iterator[tuple[int, int]]:
    """Parts (first, end) of members (offset, length) worth one reading each, as they are near to each other."""
    first = 0
    for i in range(1, len(places) + 1):
        begin = int(places[first, 0])
        if i == len(places) or not begin <= int(places[i, 0]) <= int(places[i].sum()) <= begin + most:
            yield first, i
            first = i


def _class_in(ending: str, content: bytes) -> str | None:
    """The class that a file beside an image names."""
    try:
        text = content.decode("utf-8").strip()
        found = json.loads(text) if ending == ".json" else text
    except (ValueError, RecursionError):
        return None
    if ending == ".json":
        if isinstance(found, dict):
            found = next((found[key] for key in KEYS if key in found), None)
        if isinstance(found, bool) or not isinstance(found, int | str):
            return None
        found = str(found)
    return found if 0 < len(found) <= LONGEST else None


def _last_of_each(names: list[str]) -> list[int] | None:
    """Where the last of each name is, in order; None where no name comes twice."""
    hashes = np.fromiter((hash(name) for name in names), np.int64, len(names))
    if len(np.unique(hashes)) == len(names):
        return None
    last = {name: i for i, name in enumerate(names)}
    return None if len(last) == len(names) else sorted(last.values())
