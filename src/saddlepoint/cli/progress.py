"""The progress bar of a training."""

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from rich.console import Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from saddlepoint.cli.console import err, out
from saddlepoint.data import ImageData
from saddlepoint.data.audio import SoundData
from saddlepoint.data.collection import some
from saddlepoint.data.recordings import Recordings
from saddlepoint.data.text import TextData
from saddlepoint.recipes import Config, ImageDataConfig, SoundDataConfig
from saddlepoint.recipes.building import Data
from saddlepoint.training.observer import Progress as Where

#: Seconds between two redraws.
REDRAW = 0.2


class ProgressBar:
    """Draws where a run is: samples seen, rate, time left, losses and monitors.

    Where stderr is no terminal, one plain line a record. With `epoch_lines`, the classical line an epoch on stdout.
    """

    def __init__(self, config: Config, data: Data) -> None:
        self.config, self.data = config, data
        self._drawn = 0.0
        self._first: tuple[float, int] | None = None
        self._numbers = ""
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[where]}"),
            TextColumn("{task.fields[left]}"),
            console=err,
        )
        self._task = self._bar.add_task(config.recipe, total=1.0, where="", left="")
        self._live = Live(console=err, auto_refresh=False)
        self._last = Where()

    def __enter__(self) -> Self:
        if err.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if err.is_terminal:
            self._draw(time.monotonic())
            self._live.stop()

    def stepped(self, progress: Where) -> None:
        """Redraw, at most five times a second."""
        self._last = progress
        now = time.monotonic()
        if now - self._drawn >= REDRAW and err.is_terminal:
            self._draw(now)

    def _draw(self, now: float) -> None:
        """The bar, and below it the latest record's numbers."""
        self._drawn = now
        samples = self._last.samples
        rate = self._rate(now, samples)
        share, left = self._share(self._last, rate)
        where = f"{samples:,} samples  {rate:,.0f}/s"
        self._bar.update(self._task, completed=share, where=where, left=left)
        numbers = Text(self._numbers, style="dim", no_wrap=True, overflow="ellipsis")
        self._live.update(Group(self._bar, numbers), refresh=True)

    def recorded(self, record: Mapping[str, Any]) -> None:
        """Show the record's numbers."""
        losses, monitors = record["losses"], record["monitors"]
        shown = {f"L_{name[0].upper()}": value for name, value in losses.items()}
        shown |= {name: monitors[name] for name in ("discriminator_auc", "diversity") if name in monitors}
        shown |= record.get("metrics", {})
        self._numbers = "  ".join(f"{k} {v:.3f}" for k, v in shown.items() if v is not None)
        if self.config.epoch_lines:
            epoch = record["samples"] // len(self.data)
            told = (f"{name.capitalize()} Loss: {losses[name]}" for name in sorted(losses))
            out.print("  ".join([f"Epoch: {epoch}", *told]), markup=False, soft_wrap=True)
        elif not err.is_terminal:
            err.print(f"{record['samples']:>12,} samples  {self._numbers}", markup=False, soft_wrap=True)

    def say(self, message: str) -> None:
        """Print above the bar."""
        self._live.console.print(message, markup=False, soft_wrap=True)

    def _rate(self, now: float, samples: int) -> float:
        if self._first is None:
            self._first = now, samples
        seconds = now - self._first[0]
        return (samples - self._first[1]) / seconds if seconds > 0 else 0.0

    def _share(self, progress: Where, rate: float) -> tuple[float, str]:
        """The share done, and the time left in words."""
        lefts = []
        budget = self.config.budget
        share = budget.share(progress.samples, progress.seconds, progress.evaluations)
        if budget.samples and rate > 0:
            lefts.append((budget.samples - progress.samples) / rate)
        if budget.minutes:
            lefts.append(60 * budget.minutes - progress.seconds)
        if not lefts:
            return share, ""
        minutes, seconds = divmod(max(0, round(min(lefts))), 60)
        return share, f"{minutes}:{seconds:02d} left"


def introduce(config: Config, data: Data, continued: bool) -> None:
    """Say what is trained on what: before the networks are made, so that their errors come after what was read."""
    what = "continuing" if continued else "training"
    lines = [
        f"{what} on {data.name}: {len(data):,} {data.kind} {_size(data)}; "
        f"{config.method['name']}, {config.objective}, batch {config.batch_size}"
    ]
    if isinstance(data, ImageData | SoundData) and data.labels is not None:
        counts = data.labels.bincount(minlength=len(data.classes)).tolist()
        each = " to ".join(f"{n:,}" for n in sorted({min(counts), max(counts)}))
        lines.append(f"{len(data.classes):,} classes of {each} {data.kind}: {some(data.classes)}")
        if isinstance(config, ImageDataConfig | SoundDataConfig) and not config.conditional:
            lines[-1] += "; --conditional makes each on demand"
    for line in (*lines, *(f"note: {note}" for note in data.notes)):
        err.print(line, markup=False, soft_wrap=True)


def _size(data: Data) -> str:
    """A sample's shape, for people."""
    shape = data.shape
    if isinstance(data, TextData):
        return f"of at most {shape[0]} {data.vocabulary.unit}, {shape[1]:,} different ones"
    if isinstance(data, SoundData | Recordings):
        return f"of at most {shape[-1] / data.rate:.2f} s at {data.rate:,} Hz"
    if len(shape) != 3:
        return f"of {'x'.join(map(str, shape))} numbers"
    channels, height, width = shape
    return f"{height}x{width}{' in colour' if channels == 3 else ''}"
