"""Trackio: a local database, shown by `trackio show`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from saddlepoint.tracking.tracker import PROJECT, Tracker


class Trackio(Tracker):
    """Logs to the project `saddlepoint`; TRACKIO_DIR says where it lies."""

    def __init__(self) -> None:
        import trackio

        self._library = trackio
        self._run: Any = None

    def begin(self, name: str, folder: Path, config: Mapping[str, Any], known: str | None) -> str:  # noqa: ARG002
        """A run of the name goes on where it is known, and is begun anew otherwise."""
        import secrets

        chosen = known or f"{name}-{secrets.token_hex(4)}"
        self._run = self._library.init(
            project=PROJECT,
            name=chosen,
            config=dict(config),
            resume="never" if known is None else "allow",
            embed=False,
            auto_log_gpu=False,
            auto_log_cpu=False,
        )
        return chosen

    def scalars(self, values: Mapping[str, float], samples: int) -> None:
        """Numbers become points of curves over samples."""
        self._run.log(dict(values), step=samples)

    def image(self, name: str, path: Path, samples: int) -> None:
        """A picture is logged as one, over samples."""
        self._run.log({name: self._library.Image(str(path))}, step=samples)

    def sound(self, name: str, path: Path, samples: int) -> None:
        """Sounds are logged with a player of their own."""
        self._run.log({name: self._library.Audio(str(path))}, step=samples)

    def text(self, name: str, text: str, samples: int) -> None:
        """Texts are logged as they stand."""
        self._run.log({name: text}, step=samples)

    def end(self, failed: bool) -> None:  # noqa: ARG002
        """Finish the run, however it ended."""
        self._run.finish()
