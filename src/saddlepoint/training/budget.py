"""When to stop and when to look, as functions of the samples seen."""

from collections.abc import Collection
from typing import Annotated

from pydantic import Field

from saddlepoint.configuration import Settings
from saddlepoint.training.plan import Length

#: Samples before which no score is taken: of so few steps nothing was learnt.
FIRST_SCORE = 4096
#: Steps between records, pictures and checkpoints, at least, where a short run's plan brings them together: each takes
#: as long as several steps.
APART = {"record": 16, "snapshot": 32, "checkpoint": 64}


class Budget(Settings):
    """A run ends at whichever comes first; None is no limit of that kind."""

    samples: int | None = Field(default=None, gt=0)
    """Samples seen."""
    minutes: float | None = Field(default=None, gt=0)
    """Of training, all parts of an interrupted run together."""
    evaluations: int | None = Field(default=None, gt=0)
    """Of the game's field: what methods are compared by."""
    epochs: float | None = Field(default=None, gt=0)
    """Times that all data are seen; become samples when the data are read."""

    def spent(self, samples: int, seconds: float, evaluations: int = 0) -> str | None:
        """What was spent, as a phrase, or None.

        >>> Budget(samples=100).spent(128, 3.0)
        '100 samples'
        """
        if self.samples is not None and samples >= self.samples:
            return f"{self.samples:,} samples"
        if self.minutes is not None and seconds >= 60 * self.minutes:
            return f"{self.minutes:g} minutes"
        if self.evaluations is not None and evaluations >= self.evaluations:
            return f"{self.evaluations:,} evaluations"
        return None

    def share(self, samples: int, seconds: float, evaluations: int) -> float:
        """How much of the budget is spent, in [0, 1]; 0 where there is no limit.

        >>> Budget(samples=100, evaluations=50).share(20, 3.0, 20)
        0.4
        """
        minutes = None if self.minutes is None else 60 * self.minutes
        pairs = ((samples, self.samples), (seconds, minutes), (evaluations, self.evaluations))
        return min(1.0, max((spent / limit for spent, limit in pairs if limit), default=0.0))


class Intervals(Settings):
    """Intervals in samples seen: an event happens at the step that crosses a multiple.

    Records and pictures are also made whenever the samples seen have doubled, so that the beginning is seen well. A
    record interval of None is an epoch, and then one record an epoch is all.
    """

    record: Annotated[int | None, Length()] = Field(default=5_000, ge=1)
    """Between records of losses and monitors; none is one an epoch, and the classical line of each is printed."""
    snapshot: Annotated[int, Length()] = Field(default=25_000, ge=1)
    """Between pictures."""
    checkpoint: Annotated[int, Length()] = Field(default=50_000, ge=1)
    """Between checkpoints, at each of which the score is taken."""

    def apart(self, stated: "Intervals", batch: int, given: Collection[str] = ()) -> "Intervals":
        """These intervals, those that were brought together by a plan no closer than looks are worth.

        Args:
            stated: for the plan's own length; none becomes wider than there.
            batch: samples of a step.
            given: settings that were given, which stay: `every`, or `every.record`.

        >>> Intervals(record=20, snapshot=100, checkpoint=200).apart(Intervals(), 64)
        Intervals(record=1024, snapshot=2048, checkpoint=4096)
        """
        wider = {}
        for name, steps in APART.items():
            own, limit = getattr(self, name), getattr(stated, name)
            if own is not None and "every" not in given and f"every.{name}" not in given:
                wider[name] = max(own, min(limit, steps * batch))
        return self.model_copy(update=wider)

    def scores(self, before: int, after: int) -> bool:
        """Whether a score is due: at every checkpoint, and from 4,096 samples on twice whenever they double.

        So a run is seen by as many scores whatever its checkpoints are.

        >>> [n for n in range(4000, 20_000) if Intervals().scores(n - 1, n)]
        [4096, 5793, 8192, 11586, 16384]
        """
        if crossed(before, after, self.checkpoint):
            return True
        return after >= FIRST_SCORE and (after * after).bit_length() > (before * before).bit_length()

    def records(self, before: int, after: int, epoch: int) -> bool:
        """Whether a record is due after the step from `before` to `after` samples, in a data set of `epoch`."""
        if self.record is None:
            return crossed(before, after, epoch)
        return crossed(before, after, self.record) or doubled(before, after)

    def pictures(self, before: int, after: int) -> bool:
        """Whether a picture is due after the step from `before` to `after` samples."""
        return crossed(before, after, self.snapshot) or doubled(before, after)


def doubled(before: int, after: int) -> bool:
    """Whether a power of two lies in (before, after].

    >>> doubled(64, 127), doubled(64, 128)
    (False, True)
    """
    return after.bit_length() > before.bit_length()


def crossed(before: int, after: int, interval: int) -> bool:
    """Whether a multiple of the interval lies in (before, after].

    >>> crossed(60, 124, 64), crossed(64, 127, 64)
    (True, False)
    """
    return after // interval > before // interval
