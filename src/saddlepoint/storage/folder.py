"""One run's folder."""

import hashlib
import json
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from filelock import FileLock, Timeout

from saddlepoint.configuration import from_json, from_yaml
from saddlepoint.storage.checkpoints import Checkpoints
from saddlepoint.storage.evaluations import EVALUATION_LOCK
from saddlepoint.storage.files import read_text, remove_partial, stay_within, write_atomically
from saddlepoint.storage.identity import checked_identity

#: Bytes that a configuration, and what is kept of a run, may have.
CONFIG_BYTES, IDENTITY_BYTES = 4 << 20, 64 << 20
#: Begins the last line of a configuration that a run wrote: a digest of the lines before it.
_DIGEST = "# sha256: "


#: What may be asked of a process that trains.
Request = Literal["stop", "checkpoint"]
REQUESTS: tuple[Request, ...] = get_args(Request)
#: Tags of a run, and letters of a note, at most.
TAGS, NOTE = 32, 4000


class RunBusy(RuntimeError):
    """Another process is at work in this folder."""

    #: Of the command line.
    exit_code = 1


class RunFolder:
    """The names inside a run folder, and writes to them that are whole or absent."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.yaml"
        self.identity = path / "run.json"
        self.records = path / "metrics.jsonl"
        self.evaluations = path / "evaluation.json"
        self.samples = path / "samples"
        self.exhibits = path / "exhibits"
        self.generator = path / "generator"
        self.report = path / "report.html"
        self.curves = path / "curves.png"
        #: What people say of the run.
        self.notes = path / "notes.json"
        self.checkpoints = Checkpoints(path / "checkpoints")
        #: Holds the one that a warm start begins from.
        self.start = Checkpoints(path / "start")

    def create(self) -> None:
        """Make the folder and the ones inside. Raises ValueError where a file is in the way."""
        self._check_kind()
        self.samples.mkdir(parents=True, exist_ok=True)

    @property
    def _own(self) -> tuple[Path, ...]:
        """All that a run reads and writes; whatever else lies in the folder is the user's."""
        files = (
            self.config,
            self.identity,
            self.records,
            self.evaluations,
            self.report,
            self.curves,
            self.notes,
            self._lock,
            self.path / EVALUATION_LOCK,
        )
        return (*files, self.samples, self.exhibits, self.checkpoints.folder, self.start.folder, self.generator)

    @property
    def _lock(self) -> Path:
        return self.path / ".lock"

    def check(self) -> None:
        """Look whether this may be written to, and whether all that is read of it lies in it.

        Raises:
            ValueError: a file is in the way; the folder is not empty and no run's; or links lead out of it, or pipes
                and devices stand in the place of files.
        """
        self._check_kind()
        if not self.path.is_dir():
            return
        self.check_inside()
        inside = {path.name for path in self.path.iterdir() if not path.name.endswith(".partial")}
        if inside - {self._lock.name} and not self._is_ours():
            raise ValueError(_foreign(self.path, inside - {self._lock.name}))

    def _check_kind(self) -> None:
        _check_folder(self.path)

    def check_inside(self) -> None:
        """Look whether all that is read of the folder lies in it. Raises ValueError as `check`."""
        try:
            for place in self._own:
                for path in _unusual(place):
                    stay_within(path, self.path)
        except OSError as error:
            raise ValueError(f"{error.filename} is {error.strerror}: nothing is read of such a folder") from error

    def strangers(self) -> list[str]:
        """Names in the folder that no run writes."""
        own = {place.name for place in self._own} | {f".{what}" for what in REQUESTS}
        return sorted(path.name for path in self.path.iterdir() if path.name not in own)

    def _is_ours(self) -> bool:
        """Whether a run or a comparison wrote the configuration that is here, and nobody else the rest."""
        try:
            config = self.read_config()
            digested = _DIGEST in read_text(self.config, CONFIG_BYTES)
        except (OSError, ValueError):
            # One that was damaged, beside what no one else writes, is told of when it is read.
            return self.config.exists() and bool(self.read_identity())
        if "schema_version" not in config and not digested:
            return False
        locks = (self._lock, self.path / EVALUATION_LOCK)
        others = [place for place in self._own if place not in (self.config, *locks) and place.exists()]
        return not others or bool(self.read_identity()) or self._begun()

    def _begun(self) -> bool:
        """Whether a run was killed before it had written who it is, or what it wrote of itself was damaged."""
        return bool(self.checkpoints.whole()) or (self.identity.exists() and not _is_json(self.identity))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder for this process; the hold ends with the process, however it ends.

        A folder that was made for it goes again where nothing was written into it, so that its name is free.

        Raises:
            RunBusy: another process holds it.
            ValueError: a file is in the way.
        """
        self.check()
        made = not self.path.exists()
        self.path.mkdir(parents=True, exist_ok=True)
        file = self._lock
        lock = FileLock(file)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise RunBusy(
                f"another process is training in {self.path}: wait for it, or give another folder with --out"
            ) from None
        try:
            inside = (self.samples, self.exhibits, self.generator, *self.generator.glob("*/"))
            for place in (self.path, *inside):
                remove_partial(place)
            self.asked()  # of a process before this one
            yield
        finally:
            with suppress(OSError):
                if made and list(self.path.iterdir()) == [file]:
                    file.unlink()
            lock.release()
            with suppress(OSError):  # it is not empty
                if made:
                    self.path.rmdir()

    @property
    def busy(self) -> bool:
        """Whether another process holds the folder."""
        if not self._lock.exists():
            return False
        lock = FileLock(self._lock)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        except OSError:  # of somebody else's, who lets nobody write
            return False
        lock.release()
        return False

    def ask(self, what: Request) -> None:
        """Ask the process that trains here for something; it is done after the step that it is at.

        Raises:
            ValueError: no process trains here.
        """
        if not self.busy:
            raise ValueError(f"no process trains in {self.path}, so there is none to ask")
        self.check_inside()
        write_atomically(self.path / f".{what}", "", self.path)

    def asked(self) -> list[Request]:
        """What was asked of this process, which trains here; each is told once."""
        found: list[Request] = []
        for what in REQUESTS:
            with suppress(OSError):  # mostly there is none
                (self.path / f".{what}").unlink()
                found.append(what)
        return found

    def write_notes(self, tags: Sequence[str], note: str) -> None:
        """Keep what people say of the run. Raises ValueError for tags that are no words, or a note that is too long."""
        for tag in tags:
            if not re.fullmatch(r"[\w.+:/-]{1,40}", tag):
                raise ValueError(f"{tag!r} is no tag: letters, digits and . + : / - _ are, 40 at most")
        if len(note) > NOTE or len(tags) > TAGS:
            raise ValueError(f"at most {TAGS} tags and a note of {NOTE:,} letters are kept")
        self.check_inside()
        text = json.dumps({"tags": sorted(set(tags)), "note": note}, indent=1)
        write_atomically(self.notes, text + "\n", self.path)

    def read_notes(self) -> tuple[list[str], str]:
        """Tags, and a note; ([], "") where there are none."""
        try:
            found = from_json(read_text(self.notes, IDENTITY_BYTES))
        except (OSError, ValueError):
            return [], ""
        tags, note = (found.get("tags"), found.get("note")) if isinstance(found, dict) else (None, None)
        words = [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
        return [tag[:40] for tag in words[:TAGS]], note[:NOTE] if isinstance(note, str) else ""

    def write_config(self, config: Mapping[str, Any]) -> None:
        """Write the resolved configuration, and a digest of it, by which an edit by hand is seen."""
        text = yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True)
        write_atomically(self.config, f"{text}{_DIGEST}{_digest(text)}\n", self.path)

    def read_config(self) -> dict[str, Any]:
        """The configuration. Raises ValueError where it is absent or unreadable."""
        return read_config(self.config)

    @property
    def edited(self) -> bool:
        """Whether the configuration is not the text that a run wrote: somebody edited it, or the disk damaged it."""
        try:
            text, mark, digest = read_text(self.config, CONFIG_BYTES).rpartition(_DIGEST)
        except (OSError, ValueError):
            return False
        return not mark or digest.strip() != _digest(text)

    def write_identity(self, **fields: Any) -> None:
        """Update fields of `run.json`, keeping the others."""
        text = json.dumps({**self.read_identity(), **fields}, indent=1, allow_nan=False)
        write_atomically(self.identity, text + "\n", self.path)

    def read_identity(self) -> dict[str, Any]:
        """`run.json`, what in it is of another kind than it should be left out; empty where it is absent or damaged."""
        try:
            identity = from_json(read_text(self.identity, IDENTITY_BYTES))
        except (OSError, ValueError):  # ValueError: not JSON, or not even UTF-8
            return {}
        return checked_identity(identity) if isinstance(identity, dict) else {}


def _unusual(place: Path) -> Iterator[Path]:
    """A place, and what lies below it, that is neither a plain file nor a plain folder; nothing where there is none."""
    try:
        mode = place.lstat().st_mode
    except FileNotFoundError:
        return
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        yield place
    left = [place] if place.is_dir() else []
    while left:
        with os.scandir(left.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    left.append(Path(entry.path))
                elif not entry.is_file(follow_symlinks=False):
                    yield Path(entry.path)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _is_json(path: Path) -> bool:
    try:
        from_json(read_text(path, IDENTITY_BYTES))
    except (OSError, ValueError):
        return False
    return True


def read_config(path: Path) -> dict[str, Any]:
    """A configuration file. Raises ValueError where it is absent or is not YAML of a mapping."""
    try:
        data = from_yaml(read_text(path, CONFIG_BYTES))
    except OSError as error:
        raise ValueError(
            f"{path} can't be read ({error.strerror}): is this a run folder or a configuration?"
        ) from error
    except ValueError as error:
        raise ValueError(f"{path} is not YAML that is read here: {error}") from error
    if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
        raise ValueError(f"{path} holds no mapping: a configuration is 'key: value' lines")
    return data


@contextmanager
def alone(out: Path) -> Iterator[None]:
    """Inside the block no other process makes or fills the folder `out`; its parent is made.

    Raises:
        RunBusy: another process does.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out.with_name(f".{out.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RunBusy(f"another process is writing {out}: wait for it, or give another folder with --out") from None
    try:
        yield
    finally:
        with suppress(OSError):
            Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()


@contextmanager
def alone_with_runs(out: Path, runs: Sequence[Path]) -> Iterator[None]:
    """As `alone`, of a folder that is to hold several runs, and what is written of all of them.

    Args:
        out: a new folder, an empty one, or one that holds one of the runs.
        runs: their folders.

    Raises:
        RunBusy: another process fills it.
        ValueError: a file is in the way, or there are files of somebody else's.
    """
    _check_folder(out)
    with alone(out):
        inside = {path.name for path in out.iterdir()} if out.exists() else set()
        if inside and not any(run.exists() for run in runs):
            raise ValueError(_foreign(out, inside))
        yield


def _check_folder(path: Path) -> None:
    if path.exists() and not path.is_dir():
        raise ValueError(f"{path} is a file: give a folder with --out")


def _foreign(path: Path, inside: set[str]) -> str:
    some = ", ".join(map(repr, sorted(inside)[:3])) + (", …" if len(inside) > 3 else "")
    return f"{path} holds files of yours and no run ({some}): give another folder with --out, a new one or an empty one"


@contextmanager
def whole_folder(out: Path, check: Callable[[Path], None]) -> Iterator[Path]:
    """A folder to fill under a temporary name, which then takes its own; of one process at a time.

    Args:
        out: a folder that is not there yet, or is empty.
        check: raises where it is neither; asked before it is filled and after, as another process may have been faster.

    Raises:
        RunBusy: another process makes it.
    """
    check(out)
    temporary = out.with_name(f".{out.name}.partial")
    with alone(out):
        shutil.rmtree(temporary, ignore_errors=True)  # of a killed process
        temporary.mkdir()
        try:
            yield temporary
            check(out)
            temporary.replace(out)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise


def plain_name(name: str) -> str:
    """The name of one file or folder for what is called so, which may be a path or `package.module:Name`.

    >>> plain_name("package.module:Name"), plain_name("../../etc/x.yaml")
    ('Name', 'etc_x.yaml')
    """
    return re.sub(r"[^\w.=+-]+", "_", name.rpartition(":")[2]).strip("_.") or "unnamed"


def free_name(folder: Path, name: str, same: Callable[[Mapping[str, Any]], bool]) -> Path:
    """The default folder of a run: the one that holds the same run, or the first name not taken.

    Args:
        folder: where runs are.
        name: what is to be in it, see `plain_name`; `-2`, `-3` and so on are tried after it.
        same: whether a configuration found in a folder is that of this run.

    >>> free_name(Path("/nonexistent"), "digits", lambda config: True).as_posix()
    '/nonexistent/digits'
    """
    name, number = plain_name(name), 1
    while True:
        path = folder / (name if number == 1 else f"{name}-{number}")
        if not path.exists():
            return path
        try:
            if same(RunFolder(path).read_config()):
                return path
        except ValueError:
            pass  # something else lies there: try the next name
        number += 1
