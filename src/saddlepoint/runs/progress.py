"""What is shown of work that goes on: a bar on terminals, the last picture in notebooks, plain lines elsewhere."""

import base64
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from saddlepoint.data.dataset import OnProgress
from saddlepoint.report import COLOURS, Verdict
from saddlepoint.tasks import Config, FittedConfig
from saddlepoint.terminal import Terminal
from saddlepoint.training import Budget, Observer, Result, RunInfo
from saddlepoint.training.budget import FIRST_SCORE
from saddlepoint.training.observer import Progress as Where

#: Seconds between two redraws.
REDRAW = 0.2
#: Class names that are shown.
NAMED = 10

err = Terminal(stderr=True, highlight=False)
out = Terminal(highlight=False)


class ProgressBar(Observer):
    """Draws where a run is: samples seen, rate, time left, losses and monitors.

    Where the console is no terminal, one plain line a record. Where one record an epoch is all, the classical line an
    epoch on stdout.

    Args:
        console: where it is drawn; stderr by default.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or err
        self._drawn = 0.0
        self._first: tuple[float, int] | None = None
        self._numbers = ""
        self._answers = Text()
        self._last = Where()
        self._info: RunInfo | None = None
        self._reading: Progress | None = None
        self._live: Live | None = None

    def progressed(self, what: str, done: float, of: float) -> None:
        """Show what is read before the first step."""
        if not self.console.is_terminal or self._live is not None:
            return
        if self._reading is None:
            self._reading = Progress(console=self.console, transient=True)
            self._reading.start()
        if not self._reading.tasks or self._reading.tasks[-1].description != what:
            self._reading.add_task(what, total=None)
        self._reading.update(self._reading.tasks[-1].id, completed=done, total=of or None)

    def started(self, info: RunInfo) -> None:
        """Say what is trained on what, and begin to draw."""
        self._read()
        self._info = info
        for line in introduction(info):
            self.console.print(line, markup=False, soft_wrap=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[where]}"),
            TextColumn("{task.fields[left]}"),
            console=self.console,
        )
        self._task = self._bar.add_task(info.config.recipe, total=1.0, where="", left="")
        if self.console.is_terminal:
            self._live = Live(console=self.console, auto_refresh=False)
            self._live.start()

    def planned(self, info: RunInfo) -> None:
        """Say what the plan is."""
        self._info = info
        for line in plan_of(info):
            self.console.print(line, markup=False, soft_wrap=True)

    def stepped(self, progress: Where) -> None:
        """Redraw, at most five times a second."""
        self._last = progress
        now = time.monotonic()
        if now - self._drawn >= REDRAW and self._live is not None:
            self._draw(now)

    def recorded(self, record: Mapping[str, Any]) -> None:
        """Show the record's numbers."""
        assert self._info is not None
        losses, monitors = record["losses"], record["monitors"]
        shown = {f"L_{name[0].upper()}": value for name, value in losses.items()}
        shown |= {name: monitors[name] for name in ("discriminator_auc", "diversity") if name in monitors}
        shown |= record.get("metrics", {})
        self._numbers = "  ".join(f"{k} {v:.3f}" for k, v in shown.items() if v is not None)
        if self._info.config.every.record is None:
            epoch = record["samples"] // len(self._info.data)
            told = (f"{name.capitalize()} Loss: {losses[name]}" for name in sorted(losses))
            out.print("  ".join([f"Epoch: {epoch}", *told]), markup=False, soft_wrap=True)
        elif not self.console.is_terminal:
            self.console.print(f"{record['samples']:>12,} samples  {self._numbers}", markup=False, soft_wrap=True)

    def judged(self, verdicts: Sequence[Verdict]) -> None:
        """Keep the answers for the last line of the bar."""
        self._answers = Text(no_wrap=True, overflow="ellipsis")
        for verdict in verdicts:
            self._answers.append(f"{verdict.question} ", style="bold")
            self._answers.append(f"{verdict.answer}  ", style=COLOURS[verdict.level])

    def said(self, text: str) -> None:
        """Print above the bar."""
        self._read()
        self.console.print(text, markup=False, soft_wrap=True)

    def ended(self, result: Result) -> None:
        """Draw a last time."""
        self._last = result.progress
        self.close()

    def close(self) -> None:
        """Leave the screen as it is; also after an error."""
        self._read()
        if self._live is not None:
            self._draw(time.monotonic())
            self._live.stop()
            self._live = None

    def _read(self) -> None:
        if self._reading is not None:
            self._reading.stop()
            self._reading = None

    def _draw(self, now: float) -> None:
        """The bar, and below it the latest record's numbers."""
        assert self._info is not None
        assert self._live is not None
        self._drawn = now
        samples = self._last.samples
        rate = self._rate(now, samples)
        share, left = _share(self._info.config.budget, self._last, rate)
        where = f"{samples:,} samples  {rate:,.0f}/s"
        name = ": ".join(filter(None, (self._info.config.recipe, self._info.stage_at(samples))))
        self._bar.update(self._task, description=name, completed=share, where=where, left=left)
        numbers = Text(self._numbers, style="dim", no_wrap=True, overflow="ellipsis")
        self._live.update(Group(self._bar, numbers, self._answers), refresh=True)

    def _rate(self, now: float, samples: int) -> float:
        if self._first is None:
            self._first = now, samples
        seconds = now - self._first[0]
        return (samples - self._first[1]) / seconds if seconds > 0 else 0.0


class NotebookProgress(Observer):
    """Shows a line and the newest picture below the cell, and replaces them as the run goes on."""

    def __init__(self) -> None:
        self._display = import_module("IPython.display")
        self._handle = self._display.display(self._display.HTML("<p>reading the data</p>"), display_id=True)
        self._line, self._picture, self._shown = "", "", 0.0

    def started(self, info: RunInfo) -> None:
        """Say what is trained on what."""
        for line in introduction(info):
            print(line)
        self._info = info

    def planned(self, info: RunInfo) -> None:
        """Say what the plan is."""
        self._info = info
        for line in plan_of(info):
            print(line)

    def stepped(self, progress: Where) -> None:
        """Show where it is, at most every two seconds."""
        now = time.monotonic()
        if now - self._shown >= 10 * REDRAW:
            self._shown = now
            share = self._info.config.budget.share(progress.samples, progress.seconds, progress.evaluations)
            stage = self._info.stage_at(progress.samples)
            self._line = f"{f'{stage}: ' * bool(stage)}{progress.samples:,} samples, {share:.0%}"
            self._show()

    def snapshot(self, path: Path) -> None:
        """Show the picture."""

        if path.exists():
            data = base64.b64encode(path.read_bytes()).decode()
            self._picture = f'<img alt="samples" style="max-width:480px" src="data:image/png;base64,{data}">'
            self._show()

    def ended(self, result: Result) -> None:
        """Say how it ended."""
        self._line = f"{result.outcome}: {result.message}"
        self._show()

    def _show(self) -> None:
        self._handle.update(self._display.HTML(f"<p>{self._line}</p>{self._picture}"))


def progress_here(wanted: bool) -> list[Observer]:
    """Observers that show a run's progress where it is wanted: below a notebook's cell, else as the command line."""
    if not wanted:
        return []
    return [NotebookProgress()] if in_notebook() else [ProgressBar()]


def in_notebook() -> bool:
    """Whether the code runs in a notebook's kernel."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is not None and type(shell).__name__ == "ZMQInteractiveShell"


@contextmanager
def work_here(wanted: bool = True) -> Iterator[OnProgress]:
    """A bar for other work, on a terminal; gives what to tell of it.

    A stretch is named by what is told before a colon: "average against train: frechet" counts metrics of one.
    """
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(24),
        TextColumn("{task.completed:,.0f}/{task.total:,.0f}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=not (wanted and err.is_terminal),
    )
    with bar:
        task = bar.add_task("", total=1)
        said = ""

        def report(what: str, done: float, of: float) -> None:
            nonlocal said
            stretch = what.partition(":")[0]
            if stretch != said:
                bar.reset(task)
                said = stretch
            bar.update(task, description=what, completed=done, total=of)

        yield report


def introduction(info: RunInfo) -> list[str]:
    """What is trained on what, and what is to be known of the data, a line each."""
    config, data = info.config, info.data
    what = "continuing" if info.continued else "training"
    how = f"{config.method['name']}, {config.objective}, batch {config.batch_size}"
    if isinstance(config, FittedConfig):
        what, how = "fitting", config.objective
    lines = [f"{what} on {data.name}: {len(data):,} {data.kind} {data.size}; {how}"]
    if data.counts:
        counts = list(data.counts.values())
        each = " to ".join(f"{n:,}" for n in sorted({min(counts), max(counts)}))
        names = ", ".join(list(data.counts)[:NAMED]) + (", …" if len(data.counts) > NAMED else "")
        lines.append(f"{len(counts):,} classes of {each} {data.kind}: {names}")
        if getattr(config, "conditional", None) is False:
            lines[-1] += "; --conditional makes each on demand"
    return [*lines, *(f"note: {note}" for note in data.notes)]


def plan_of(info: RunInfo) -> list[str]:
    """Notes on what is played, the stages with their lengths, the expected time and memory, and what is scheduled."""
    config: Config = info.config
    notes = [f"note: {note}" for note in info.notes]
    if not info.stages:
        return notes
    ends = [stage.end for stage in info.stages]
    parts = [
        f"{stage.name} {'from ' + format(begin, ',') + ' ' if begin else ''}"
        + (f"to {stage.end:,} samples" if stage.end is not None else "to the end")
        for stage, begin in zip(info.stages, (0, *ends), strict=False)
    ]
    told = [", then ".join(parts)]
    if info.seconds is not None:
        told.append(f"about {duration(info.seconds)}")
    if info.memory is not None:
        told.append(f"{info.memory / 1e9:.1f} GB of memory")
    lines = [*notes, f"plan: {'; '.join(told)}"]
    rate = config.schedules.rate
    scheduled = (
        [] if rate is None else [f"learning rates from {rate.start:g} to {rate.end:g} by {rate.samples:,} samples"]
    )
    if config.average is not None:
        scheduled.append(f"the average forgets half in {config.average.half_life:,.0f} samples")
    scheduled.append(_scores(config.every.checkpoint, ends[-1]))
    lines.append(f"      {'; '.join(scheduled)}")
    if info.continued and config.length is not None and config.budget.samples not in (None, config.length):
        lines.append(f"      as it began, for {config.length:,} samples; for a new plan give another folder with --out")
    return lines


def _scores(every: int, end: int | None) -> str:
    """When scores are taken.

    >>> _scores(50_000, 1_000_000), _scores(50_000, 20_000), _scores(50_000, 2_000)
    ('a score every 50,000', 'scores from 4,096 on, twice whenever the samples double', 'a score at the end')
    """
    if end is None or every < end:
        return f"a score every {every:,}"
    return (
        f"scores from {FIRST_SCORE:,} on, twice whenever the samples double"
        if end > FIRST_SCORE
        else "a score at the end"
    )


def duration(seconds: float) -> str:
    """Seconds in words.

    >>> duration(8.2), duration(100), duration(7300)
    ('8 s', '1 min 40 s', '2 h 2 min')
    """
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        hours, minutes = divmod(round(seconds / 60), 60)
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _share(budget: Budget, progress: Where, rate: float) -> tuple[float, str]:
    """The share done, and the time left in words."""
    lefts = []
    share = budget.share(progress.samples, progress.seconds, progress.evaluations)
    if budget.samples and rate > 0:
        lefts.append((budget.samples - progress.samples) / rate)
    if budget.minutes:
        lefts.append(60 * budget.minutes - progress.seconds)
    if not lefts:
        return share, ""
    minutes, seconds = divmod(max(0, round(min(lefts))), 60)
    return share, f"{minutes}:{seconds:02d} left"
