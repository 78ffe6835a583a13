"""How fast a training goes on this machine: by a short probe, minutes become samples and the start tells a time."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import log2
from typing import Literal

import torch

from saddlepoint.core import Outcome
from saddlepoint.training.budget import FIRST_SCORE, Intervals
from saddlepoint.training.loop import Training

#: Steps of each stage that are played and not timed: memory is filled, kernels are chosen.
WARM = 2
#: What is looked at, in this order.
LOOKS: tuple[Literal["references", "checkpoint", "snapshot", "record"], ...] = (
    *("references", "checkpoint", "checkpoint"),
    *("snapshot", "record"),
)


@dataclass(frozen=True)
class Pace:
    """What a training costs here.

    Attributes:
        seconds: a sample, by stage.
        evaluations: a sample, by stage.
        once: seconds of what is measured at the start alone, and by which the first score takes longer than others.
        checkpoint: seconds of a score and a checkpoint.
        snapshot: seconds of a picture.
        record: seconds of a record.
        memory: bytes that are held at most; None where the system does not tell.
    """

    seconds: tuple[float, ...]
    evaluations: tuple[float, ...]
    once: float
    checkpoint: float
    snapshot: float
    record: float
    memory: int | None

    def looks(self, length: int, every: Intervals) -> float:
        """Seconds that records, pictures and checkpoints of a run of so many samples take."""
        octaves = length.bit_length()
        return (
            self.once
            + (1 + length / every.checkpoint + 2 * log2(max(1.0, length / FIRST_SCORE))) * self.checkpoint
            + (1 + octaves + length / every.snapshot) * self.snapshot
            + (octaves + length / (every.record or length)) * self.record
        )

    def steps(self, ends: Sequence[int]) -> float:
        """Seconds of the steps, where stages end after so many samples."""
        return sum(cost * n for cost, n in zip(self.seconds, _parts(ends), strict=False))

    def samples(self, ends: Sequence[int], *, seconds: float | None = None, evaluations: float | None = None) -> int:
        """Samples that seconds of steps, or evaluations, are enough for, stages in proportion."""
        costs, limit = (self.seconds, seconds) if evaluations is None else (self.evaluations, evaluations)
        assert limit is not None
        whole = sum(cost * n for cost, n in zip(costs, _parts(ends), strict=False))
        return max(1, int(limit * ends[-1] / max(whole, 1e-12)))


def measured(training: Training, starts: Sequence[int], seconds: float | None) -> Pace:
    """Play a little of every stage, and take one look; the training is not to be gone on with.

    Args:
        training: one that has not begun, in a folder that nobody keeps.
        starts: samples at which its stages begin.
        seconds: that steps of each stage are timed, at least one; None counts evaluations alone, by one step of each.
    """
    costs, evaluations = [], []
    device = training.game.device
    for start in starts:
        training.batches.position = start
        timed, samples, found, warm = 0.0, 0, 0, 0
        while samples == 0 or (seconds is not None and timed < seconds):
            before, counted, begun = training.batches.position, training.game.evaluations, _now(device)
            if training.step().outcome is not Outcome.RUNNING:
                break
            took = _now(device) - begun
            if seconds is not None and warm < WARM and took < seconds:
                warm += 1
                continue
            timed += took
            samples += training.batches.position - before
            found += training.game.evaluations - counted
        costs.append(timed / max(samples, 1))
        evaluations.append(found / max(samples, 1))
    if seconds is None:
        return Pace(tuple(costs), tuple(evaluations), 0.0, 0.0, 0.0, 0.0, memory(device))
    at = [_now(device)]
    for what in LOOKS:
        training.look(what)
        at.append(_now(device))
    references, first, checkpoint, snapshot, record = (after - before for before, after in pairwise(at))
    once = references + max(0.0, first - checkpoint)
    return Pace(tuple(costs), tuple(evaluations), once, checkpoint, snapshot, record, memory(device))


def shared(pace: Pace, many: int) -> Pace:
    """The pace of so many ranks, where one was measured by itself: steps take a share of the time, and looks all of it.

    What ranks tell each other is not in it.
    """
    return replace(pace, seconds=tuple(cost / many for cost in pace.seconds))


def memory(device: torch.device) -> int | None:
    """Bytes that this process has held at most: of the accelerator where there is one."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    try:
        from resource import RUSAGE_SELF, getrusage
    except ImportError:  # Windows
        return None
    return getrusage(RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _parts(ends: Sequence[int]) -> list[int]:
    """How long each stage is."""
    return [end - begin for begin, end in zip((0, *ends), ends, strict=False)]


def _now(device: torch.device) -> float:
    if device.type != "cpu":
        torch.accelerator.synchronize(device)
    return time.monotonic()
