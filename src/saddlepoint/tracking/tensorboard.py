"""TensorBoard: events below the run's folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from saddlepoint.tracking.tracker import Tracker


class TensorBoard(Tracker):
    """Writes to RUN/tensorboard: `tensorboard --logdir runs` shows all runs there."""

    def __init__(self) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._make = SummaryWriter
        self._writer: Any = None

    def begin(self, name: str, folder: Path, config: Mapping[str, Any], known: str | None) -> str:  # noqa: ARG002
        """Another file of events in the same folder goes on with the curves."""
        place = folder / (known or "tensorboard")
        if place.parent != folder:  # as somebody may have written it into the run's folder
            place = folder / "tensorboard"
        self._writer = self._make(str(place))
        self._writer.add_text("config", f"```json\n{json.dumps(config, indent=1)}\n```", 0)
        return place.name

    def scalars(self, values: Mapping[str, float], samples: int) -> None:
        """Numbers become points of curves over samples."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, samples)
        self._writer.flush()

    def image(self, name: str, path: Path, samples: int) -> None:
        """A picture is logged as one, over samples."""
        with Image.open(path) as picture:
            self._writer.add_image(name, np.asarray(picture.convert("RGB")), samples, dataformats="HWC")

    def sound(self, name: str, path: Path, samples: int) -> None:
        """Sounds are logged with a player of their own."""
        import wave

        with wave.open(str(path), "rb") as file:
            rate, frames = file.getframerate(), file.readframes(file.getnframes())
        levels = np.frombuffer(frames, "<i2").astype(np.float32) / 32767
        self._writer.add_audio(name, levels[None], samples, sample_rate=rate)

    def text(self, name: str, text: str, samples: int) -> None:
        """Texts are logged as they stand."""
        self._writer.add_text(name, text, samples)

    def end(self, failed: bool) -> None:  # noqa: ARG002
        """Close the file."""
        self._writer.close()
