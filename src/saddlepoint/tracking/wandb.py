"""Runs in Weights & Biases, online or offline."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from saddlepoint.tracking.tracker import PROJECT, Tracker


class Wandb(Tracker):
    """Logs to the project `saddlepoint`, or WANDB_PROJECT; WANDB_MODE=offline writes below the run's folder."""

    def __init__(self) -> None:
        import wandb

        self._library = wandb
        self._run: Any = None

    def begin(self, name: str, folder: Path, config: Mapping[str, Any], known: str | None) -> str:
        """A run of its own id, which goes on by it."""
        import os
        import secrets

        chosen = known or secrets.token_hex(4)
        self._run = self._library.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            name=name,
            id=chosen,
            resume="allow",
            dir=str(folder),
            config=dict(config),
            settings=self._library.Settings(console="off", silent=True),
        )
        self._run.define_metric("samples")
        self._run.define_metric("*", step_metric="samples")
        return chosen

    def scalars(self, values: Mapping[str, float], samples: int) -> None:
        """Curves over samples."""
        self._run.log({"samples": samples, **values})

    def image(self, name: str, path: Path, samples: int) -> None:
        """A picture is logged as one, over samples."""
        self._run.log({"samples": samples, name: self._library.Image(str(path))})

    def sound(self, name: str, path: Path, samples: int) -> None:
        """Sounds are logged with a player of their own."""
        self._run.log({"samples": samples, name: self._library.Audio(str(path))})

    def text(self, name: str, text: str, samples: int) -> None:  # noqa: ARG002
        """A line of the summary."""
        self._run.summary[name] = text

    def end(self, failed: bool) -> None:
        """Finish the run with its state at the end."""
        self._run.finish(exit_code=int(failed))
