"""Files by positions of their bytes: of a disk, or of what fsspec reaches (s3://, hf://, https:// …)."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from saddlepoint.data.images import DataError
from saddlepoint.disk import found_at, walk

#: Archives that are read.
ENDINGS = (".tar", ".zip", ".parquet")
#: Archives that are told from what is no archive at all, and are not read.
PACKED = (".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".7z", ".rar")
#: What an address may begin with.
PROTOCOLS = frozenset(
    ("s3", "gs", "gcs", "hf", "https", "http", "memory", "az", "abfs", "abfss", "oci", "r2", "webhdfs")
)
#: Bytes that are read at once while an archive is listed, at most: a head that claims more is no archive's.
PIECE = 1 << 22
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*)://.")
#: What other machines call the version of a file.
_VERSIONS = (
    "etag",
    "ETag",
    "LastModified",
    "last_modified",
    "mtime",
    "updated",
    "created",
    "md5Hash",
    "blob_id",
    "sha",
)


def is_remote(word: str) -> bool:
    """Whether a word is an address of a file or a folder on another machine.

    >>> is_remote("s3://bucket/photos"), is_remote("photos/a.tar"), is_remote("hf:owner/name")
    (True, False, False)
    """
    return _ADDRESS.match(word) is not None


def is_archive(word: str) -> bool:
    """Whether a word names archives by their ending, or files by a pattern (`shards/*.tar`).

    >>> is_archive("a.tar"), is_archive("a.tar.gz"), is_archive("a.npz")
    (True, True, False)
    """
    return word.lower().endswith((*ENDINGS, *PACKED))


def holds_archives(folder: Path) -> bool:
    """Whether there are archives in a folder or below it."""
    return any(is_archive(name) for _, files in walk(folder, links=True) for name in files)


@dataclass(frozen=True)
class Stored:
    """A file.

    Attributes:
        path: as its system has it.
        system: of fsspec; None is the disk.
    """

    path: str
    system: Any = None

    @property
    def name(self) -> str:
        """Its last part."""
        return PurePosixPath(self.path.partition("?")[0]).name if self.system is not None else Path(self.path).name

    @cached_property
    def _facts(self) -> tuple[int, str]:
        """Its size in bytes, and what changes when its content does."""
        if self.system is None:
            if found := found_at(Path(self.path)):
                raise DataError(f"{self.path} {found}: expected an archive of images")
            status = Path(self.path).stat()
            return status.st_size, f"{status.st_mtime_ns} {status.st_ctime_ns}"
        with _reaching(self.path):
            info = self.system.info(self.path)
        if not isinstance(info.get("size"), int):
            raise DataError(f"{self.path}: its server does not say how large it is, so it can't be read by position")
        return info["size"], " ".join(str(info[word]) for word in _VERSIONS if word in info)

    @property
    def size(self) -> int:
        """Bytes."""
        return self._facts[0]

    @property
    def state(self) -> str:
        """What changes when its content does."""
        return f"{self.path} {self.size} {self._facts[1]}"

    def read(self, start: int, length: int) -> bytes:
        """So many bytes from a position on, fewer at its end. Raises DataError where they can't be had."""
        with _reaching(self.path):
            if self.system is None:
                with Path(self.path).open("rb", buffering=0) as file:
                    file.seek(start)
                    return file.read(length)
            end = min(start + length, self.size)
            content = bytes(self.system.cat_file(self.path, start=start, end=end))
            if len(content) != end - start:  # a server that knows no ranges gives all
                raise DataError(f"{self.path}: its server gave {len(content):,} bytes in place of {end - start:,}")
            return content

    def opened(self) -> BinaryIO:
        """To read it from its beginning, a few bytes at a time."""
        with _reaching(self.path):
            _ = self._facts
            if self.system is None:
                return Path(self.path).open("rb")
            return cast("BinaryIO", self.system.open(self.path, "rb", block_size=PIECE))


class _reaching:
    """Turns whatever a system raises into a sentence on the path."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        # Each system has errors of its own (botocore's, aiohttp's), which need not be OSErrors.
        if isinstance(error, Exception) and not isinstance(error, DataError):
            reason = getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__
            raise DataError(
                f"{self.path} cannot be read ({reason}): check that it is there and may be read from this machine"
            ) from error


class Heads(io.RawIOBase):
    """A stream that gives a few bytes at a time: what claims a head of gigabytes is refused and takes no memory."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream

    def read(self, size: int = -1) -> bytes:
        """At most `PIECE` bytes. Raises ValueError where more are asked for."""
        if not 0 <= size <= PIECE:
            raise ValueError(f"a head claims {size:,} bytes")
        return self.stream.read(size)

    def seek(self, position: int, whence: int = 0) -> int:
        """As the stream has it."""
        return self.stream.seek(position, whence)

    def tell(self) -> int:
        """As the stream has it."""
        return self.stream.tell()


def stored(word: str, wanted: tuple[str, ...] = ENDINGS) -> tuple[str, list[Stored]]:
    """What a word names: a file, a pattern, or all files of some endings below a folder; and the folder of them.

    Args:
        word: a path or an address, with `*` and `?` for several.
        wanted: endings of files that are taken from a folder.

    Raises:
        DataError: there is nothing, no such protocol, or what reaches it is not installed.
    """
    return _remote(word, wanted) if is_remote(word) else _local(Path(word), wanted)


def _local(path: Path, wanted: tuple[str, ...]) -> tuple[str, list[Stored]]:
    if path.is_dir():
        files = [place / name for place, names in walk(path, links=True) for name in names]
        return str(path), [Stored(str(file)) for file in files if file.name.lower().endswith(wanted)]
    if path.exists() or not _is_pattern(str(path)):
        return str(path), [Stored(str(path))]
    parts = path.parts
    fixed = next(i for i, part in enumerate(parts) if _is_pattern(part))
    root = Path(*parts[:fixed])
    found = sorted(file for file in root.glob(str(Path(*parts[fixed:]))) if file.is_file())
    if not found:
        raise DataError(f"{path} matches no file: check the pattern, or give a folder of archives")
    return str(root), [Stored(str(file)) for file in found]


def _is_pattern(text: str) -> bool:
    return "*" in text or "?" in text


def _remote(word: str, wanted: tuple[str, ...]) -> tuple[str, list[Stored]]:
    protocol = word.partition("://")[0]
    if protocol not in PROTOCOLS or "::" in word:
        raise DataError(
            f"{word}: no such kind of address; known are {', '.join(sorted(PROTOCOLS))}, as s3://bucket/folder"
        )
    try:
        import fsspec

        system, path = fsspec.core.url_to_fs(word)
    except ImportError as error:
        raise DataError(
            f"{word} cannot be reached ({error}): pip install 'saddlepoint[remote]', or what it names"
        ) from error
    except ValueError as error:
        raise DataError(f"{word} cannot be reached ({error}): check the address") from error
    with _reaching(word):
        if "*" in path:
            paths = system.glob(path)
        elif is_archive(path.partition("?")[0]) or not system.isdir(path):
            paths = [path]
        else:
            # Some systems list a folder beside its files.
            paths = [found for found in system.find(path) if str(found).lower().partition("?")[0].endswith(wanted)]
    if not paths:
        raise DataError(f"{word} holds nothing that is read: expected {' '.join(wanted)}")
    return path.rstrip("/").partition("*")[0].rstrip("/"), [Stored(str(found), system) for found in sorted(paths)]


def relative(files: list[Stored], root: str) -> Iterator[str]:
    """Their paths below a folder, with slashes."""
    for file in files:
        text = file.path.replace("\\", "/") if file.system is None else file.path
        base = root.replace("\\", "/").rstrip("/") + "/"
        yield text.removeprefix(base) if text.startswith(base) else file.name
