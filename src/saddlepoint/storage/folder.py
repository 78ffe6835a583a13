"""One run's folder."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock, Timeout

from saddlepoint.storage.checkpoints import Checkpoints
from saddlepoint.storage.files import write_atomically


class RunBusy(RuntimeError):
    """Another process is training in this folder."""

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
        self.checkpoints = Checkpoints(path / "checkpoints")

    def create(self) -> None:
        """Make the folder and the ones inside. Raises ValueError where a file is in the way."""
        self._check()
        self.samples.mkdir(parents=True, exist_ok=True)

    def _check(self) -> None:
        if self.path.exists() and not self.path.is_dir():
            raise ValueError(f"{self.path} is a file: give a folder with --out")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder for this process; the hold ends with the process, however it ends.

        A folder that was made for it goes again where nothing was written into it, so that its name is free.

        Raises:
            RunBusy: another process holds it.
            ValueError: a file is in the way.
        """
        self._check()
        made = not self.path.exists()
        self.path.mkdir(parents=True, exist_ok=True)
        file = self.path / ".lock"
        lock = FileLock(file)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise RunBusy(
                f"another process is training in {self.path}: wait for it, or give another folder with --out"
            ) from None
        try:
            yield
        finally:
            with suppress(OSError):
                if made and list(self.path.iterdir()) == [file]:
                    file.unlink()
            lock.release()
            with suppress(OSError):  # it is not empty
                if made:
                    self.path.rmdir()

    def write_config(self, config: Mapping[str, Any]) -> None:
        """Write the resolved configuration."""
        write_atomically(self.config, yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True))

    def read_config(self) -> dict[str, Any]:
        """The configuration. Raises ValueError where it is absent or unreadable."""
        return read_config(self.config)

    def write_identity(self, **fields: Any) -> None:
        """Update fields of `run.json`, keeping the others."""
        write_atomically(self.identity, json.dumps({**self.read_identity(), **fields}, indent=1) + "\n")

    def read_identity(self) -> dict[str, Any]:
        """`run.json`; empty where it is absent or was damaged."""
        try:
            identity = json.loads(self.identity.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # ValueError: not JSON, or not even UTF-8
            return {}
        return identity if isinstance(identity, dict) else {}


def read_config(path: Path) -> dict[str, Any]:
    """A configuration file. Raises ValueError where it is absent or is not YAML of a mapping."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(
            f"{path} can't be read ({error.strerror}): is this a run folder or a configuration?"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not YAML: {error}") from error
    if not isinstance(data, dict):
        raise ValueError(f"{path} holds no mapping: a configuration is 'key: value' lines")
    return data


def free_name(folder: Path, name: str, same: Callable[[Mapping[str, Any]], bool]) -> Path:
    """The default folder of a run: the one that holds the same run, or the first name not taken.

    Args:
        folder: where runs are.
        name: the wanted name; `-2`, `-3` and so on are tried after it.
        same: whether a configuration found in a folder is that of this run.

    >>> free_name(Path("/nonexistent"), "digits", lambda config: True).as_posix()
    '/nonexistent/digits'
    """
    number = 1
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
