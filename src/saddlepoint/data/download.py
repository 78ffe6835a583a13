"""Downloads with a checksum, from the first mirror that gives the right bytes."""

import logging
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pooch

from saddlepoint.data.images import DataError

#: Seconds without an answer after which a mirror is given up.
TIMEOUT = 15
#: Seconds between two redraws of the bar.
REDRAW = 0.1


def fetch(file: str, sha256: str, mirrors: Sequence[str], folder: Path, remedy: str, timeout: float = TIMEOUT) -> Path:
    """Give the path of a file in a folder, downloading it unless a copy with the right checksum is there.

    Mirrors are tried in order; a file whose checksum is wrong counts as a failure and is not kept.

    Args:
        file: its name, on the mirrors and in the folder.
        sha256: its checksum, in hex.
        mirrors: addresses of folders, each ending in a slash.
        folder: where it is kept; made where it is missing.
        remedy: what the error tells the user to do.
        timeout: seconds to wait for an answer.

    Raises:
        DataError: no mirror gave the file; names each with its reason.
    """
    tried = []
    for mirror in mirrors:
        bar = _Bar(file)
        downloader = pooch.HTTPDownloader(progressbar=bar, chunk_size=1 << 16, timeout=timeout)
        try:
            with _quiet_pooch():
                return Path(pooch.retrieve(mirror + file, f"sha256:{sha256}", file, folder, downloader=downloader))
        # requests' errors are OSErrors; a wrong checksum is pooch's ValueError.
        except (OSError, ValueError) as error:
            tried.append(f"{mirror}{file} ({_reason(error)})")
        finally:
            bar.close()
    raise DataError(f"{file} could not be downloaded to {folder}. Tried: {'; '.join(tried) or 'no mirror'}. {remedy}")


def _reason(error: BaseException) -> str:
    if isinstance(error, ValueError) and "hash" in str(error):
        return "the checksum of what came is wrong"
    # What the system said is at the bottom; urllib3 and requests wrap it in a paragraph each.
    while error.__context__ is not None:
        error = error.__context__
    return textwrap.shorten(str(error), 160)


@contextmanager
def _quiet_pooch() -> Iterator[None]:
    """Keep pooch's own messages away: the bar says the same."""
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


class _Bar:
    """What pooch expects of a progress bar. Draws on stderr; where that is no terminal, one line a file."""

    def __init__(self, file: str) -> None:
        self.total = 0
        self._file, self._done, self._drawn = file, 0, 0.0
        self._terminal = sys.stderr.isatty()

    def update(self, n: int) -> None:
        """Count n bytes more."""
        if not self._done and not self._terminal:
            print(f"downloading {self._file}", file=sys.stderr)
        self._done += n
        if self._terminal and time.monotonic() - self._drawn > REDRAW:
            self._draw()

    def reset(self) -> None:
        """Count from zero: pooch does so at the end, and then counts the whole file."""
        if self._terminal:
            self._done = 0

    def close(self) -> None:
        """Finish the line, where one was begun."""
        if self._terminal and self._drawn:
            self._draw()
            print(file=sys.stderr)
            self._drawn = 0.0

    def _draw(self) -> None:
        share = min(1.0, self._done / self.total) if self.total else 0.0
        bar = "█" * round(24 * share)
        print(f"\r{self._file}  {bar:░<24}  {self._done / 1e6:6.1f} MB", end="", file=sys.stderr, flush=True)
        self._drawn = time.monotonic()
