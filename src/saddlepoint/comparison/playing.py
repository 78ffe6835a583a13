"""An ordinary run in a folder, as a part of something larger."""

from collections.abc import Callable
from dataclasses import asdict

from saddlepoint.measures import values
from saddlepoint.recipes import Assembled, Config
from saddlepoint.storage import RunFolder
from saddlepoint.training import NoObserver, Result
from saddlepoint.training.observer import Progress


def play(assembled: Assembled, folder: RunFolder, watch: Callable[[float], None]) -> Result:
    """Train to the end of the budget, from the newest checkpoint where there is one.

    Args:
        assembled: what is trained, at its start.
        folder: of the run; held by the caller, if by anyone.
        watch: is told the share of the budget that is spent.

    Raises:
        KeyboardInterrupt: a signal stopped it; the same call goes on from here.
    """
    config = assembled.config
    folder.create()
    folder.write_config(config.plain())
    folder.write_identity(name=folder.path.name, **assembled.identity())
    ended = assembled.training(folder, _Share(config, watch)).run()
    if ended.signal is not None:
        raise KeyboardInterrupt
    folder.write_identity(
        state="ended",
        outcome=ended.outcome.value,
        message=ended.message,
        **{**asdict(ended.progress), "seconds": round(ended.progress.seconds, 3)},
        metrics=values(ended.metrics.values()),
    )
    return ended


class _Share(NoObserver):
    """Tells the watch how much of a run's budget is spent."""

    def __init__(self, config: Config, watch: Callable[[float], None]) -> None:
        self.budget, self.watch = config.budget, watch

    def stepped(self, progress: Progress) -> None:
        """Tell it."""
        self.watch(self.budget.share(progress.samples, progress.seconds, progress.evaluations))
