"""An observer that tells a tracker, from a thread of its own, so that nothing of a tracker touches the training."""

import json
import math
import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from saddlepoint.configuration import from_json
from saddlepoint.storage import read_text, write_atomically
from saddlepoint.tracking.tracker import Tracker
from saddlepoint.training import Observer, Result, RunInfo

#: In a run's folder: what each tracker knows the run by, and up to where it was told.
KEPT = "trackers.json"
#: Seconds that the end of a run waits for a tracker.
PATIENCE = 60.0
#: What levels of verdicts are on a curve.
LEVELS = {"good": 1.0, "watch": 0.5, "bad": 0.0}


class Following(Observer):
    """Tells a tracker what happens to a run.

    Records that a resumed run makes anew are the same bit for bit; those that the tracker has are not told again.

    Args:
        name: of the tracker.
        tracker: what is told.
        warn: told once where the tracker fails.
    """

    def __init__(self, name: str, tracker: Tracker, warn: Callable[[str], None]) -> None:
        self.name, self.tracker, self.warn = name, tracker, warn
        self._events: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._folder = Path()
        self._known: str | None = None
        self._told = self._samples = -1
        self._levels: dict[str, str] = {}
        self._problem: str | None = None
        self._warned = False

    # --- from the training's thread ---------------------------------------------------------------------------

    def planned(self, info: RunInfo) -> None:
        """Begin, or go on with what is tracked already."""
        self._folder = info.folder
        if info.continued:
            self._known, self._told = _kept(info.folder, self.name)
        self._samples = self._told
        self._thread = threading.Thread(target=self._work, daemon=True, name=f"tracker-{self.name}")
        self._thread.start()
        self._tell(partial(self._begin, info.folder.resolve().name, info.config.plain()))

    def recorded(self, record: Mapping[str, Any]) -> None:
        """Its numbers."""
        self._samples = int(record["samples"])
        if self._samples > self._told:
            self._tell(partial(self._record, dict(flat(record)), self._samples))

    def judged(self, verdicts: Sequence[Any]) -> None:
        """Answers that changed, in words; their levels are in the record."""
        for verdict in verdicts:
            if self._levels.get(verdict.question) != verdict.level:
                self._levels[verdict.question] = verdict.level
                text = f"{verdict.level}: {verdict.answer}"
                self._tell(partial(self._text, f"verdicts/{verdict.question}", text, max(0, self._samples)))

    def snapshot(self, path: Path) -> None:
        """A picture, by the samples that its name says."""
        samples = int(path.stem) if path.stem.isdigit() else max(0, self._samples)
        if path.suffix == ".png" and samples > self._told:
            self._tell(partial(self._image, path, samples))

    def ended(self, result: Result) -> None:
        """Sounds that were made, how it ended, and a wait of at most a minute for the tracker."""
        samples = result.progress.samples
        for path in sorted((self._folder / "exhibits").glob("made-*.wav")):
            self._tell(partial(self._sound, path, samples))
        self._tell(partial(self._text, "outcome", f"{result.outcome.value}: {result.message}", samples))
        failed = result.outcome.value in ("non-finite", "diverged")
        self._tell(partial(self._end, failed))
        self.close()

    def close(self) -> None:
        """Wait until what was told is written, a minute at most; called again it does nothing."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._events.put(None)
        thread.join(PATIENCE)
        if thread.is_alive():
            self._problem = self._problem or f"it has not answered for {PATIENCE:.0f} seconds"
        self._say()

    def _tell(self, event: Callable[[], None]) -> None:
        if self._problem is None and self._thread is not None:
            self._events.put(event)
        self._say()

    def _say(self) -> None:
        if self._problem is not None and not self._warned:
            self._warned = True
            self.warn(f"note: the tracker {self.name} fails ({self._problem}): the run goes on without it")

    # --- in the tracker's thread ------------------------------------------------------------------------------

    def _work(self) -> None:
        while (event := self._events.get()) is not None:
            if self._problem is None:
                try:
                    event()
                except BaseException as error:  # a library that leaves the interpreter leaves this thread alone
                    self._problem = " ".join(f"{type(error).__name__}: {error}".split())[:300]

    def _begin(self, name: str, config: Mapping[str, Any]) -> None:
        self._known = self.tracker.begin(name, self._folder, config, self._known)
        self._keep()

    def _record(self, values: Mapping[str, float], samples: int) -> None:
        self.tracker.scalars(values, samples)
        self._told = samples
        self._keep()

    def _text(self, name: str, text: str, samples: int) -> None:
        self.tracker.text(name, text, samples)

    def _image(self, path: Path, samples: int) -> None:
        if path.exists():  # old ones are thinned out
            self.tracker.image("samples", path, samples)

    def _sound(self, path: Path, samples: int) -> None:
        self.tracker.sound(path.stem, path, samples)

    def _end(self, failed: bool) -> None:
        self.tracker.end(failed)

    def _keep(self) -> None:
        with _LOCK:
            kept = _read(self._folder) | {self.name: {"id": self._known, "samples": self._told}}
            write_atomically(self._folder / KEPT, json.dumps(kept, indent=1) + "\n", self._folder, flushed=False)


#: Several trackers write one file.
_LOCK = threading.Lock()


def flat(record: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The finite numbers of a record, by name; levels of verdicts as 1 for good, 0.5 for watch, 0 for bad.

    >>> dict(flat({"samples": 10, "losses": {"generator": 0.5}, "verdicts": {"game": "bad"}, "monitors": {"x": None}}))
    {'losses/generator': 0.5, 'verdicts/game': 0.0}
    """
    for part in ("losses", "monitors", "metrics", "verdicts"):
        found = record.get(part)
        if isinstance(found, Mapping):
            for name, value in found.items():
                value = LEVELS.get(value) if part == "verdicts" else value
                if isinstance(value, int | float) and math.isfinite(value):
                    yield f"{part}/{name}", float(value)
    for name in ("steps", "evaluations", "seconds"):
        if isinstance(record.get(name), int | float):
            yield f"run/{name}", float(record[name])


def _read(folder: Path) -> dict[str, Any]:
    try:
        found = from_json(read_text(folder / KEPT, 1 << 20))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _kept(folder: Path, name: str) -> tuple[str | None, int]:
    found = _read(folder).get(name)
    if not isinstance(found, dict) or not isinstance(found.get("id"), str):
        return None, -1
    samples = found.get("samples")
    return found["id"], samples if type(samples) is int else -1
