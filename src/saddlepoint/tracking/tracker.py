"""What a tracker is told, and the ones that are known by name."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from saddlepoint.configuration import ConfigurationError, nearest
from saddlepoint.configuration.outside import installed, is_outside, load_outside

#: The entry points under which other packages bring trackers, each a subclass of `Tracker`.
GROUP = "saddlepoint.trackers"
#: What runs are collected under, where a tracker has projects.
PROJECT = "saddlepoint"
#: Where each lives; imported when it is named.
TRACKERS = {
    "tensorboard": "saddlepoint.tracking.tensorboard:TensorBoard",
    "trackio": "saddlepoint.tracking.trackio:Trackio",
    "wandb": "saddlepoint.tracking.wandb:Wandb",
    "mlflow": "saddlepoint.tracking.mlflow:MLflow",
}


class Tracker(ABC):
    """Writes a run down elsewhere. Called from one thread of its own, in order; steps are samples seen.

    Whatever a method raises is told once, and the tracker is then left alone: it never touches the training.
    """

    @abstractmethod
    def begin(self, name: str, folder: Path, config: Mapping[str, Any], known: str | None) -> str:
        """Begin a tracked run, or go on with one.

        Args:
            name: of the run.
            folder: of the run; a tracker without a place of its own may write below it.
            config: the run's settings, nested plain data.
            known: what this gave when the run began; None of a new one.

        Returns:
            What the tracked run is known by, for the next session.
        """

    @abstractmethod
    def scalars(self, values: Mapping[str, float], samples: int) -> None:
        """Numbers of a record, by names as losses/generator and metrics/frechet."""

    @abstractmethod
    def image(self, name: str, path: Path, samples: int) -> None:
        """A PNG file."""

    @abstractmethod
    def sound(self, name: str, path: Path, samples: int) -> None:
        """A WAV file, 16 bits, one channel."""

    @abstractmethod
    def text(self, name: str, text: str, samples: int) -> None:
        """A sentence: a verdict that changed, or how the run ended."""

    @abstractmethod
    def end(self, failed: bool) -> None:
        """The run ended, or stopped for now; `failed` where it came to nothing."""


def tracker_named(name: str) -> Tracker:
    """A tracker by its name, an entry point of the group `saddlepoint.trackers`, or `package.module:Name`.

    Raises:
        ConfigurationError: there is none, or its library is not installed.
    """
    others = installed(GROUP)
    if is_outside(name):
        found = load_outside("tracker", name)[1]
    elif name in TRACKERS:
        found = resolve_name(TRACKERS[name])
    elif name in others:
        found = others[name].load()
    else:
        raise ConfigurationError(f"there is no tracker {name!r}: {nearest(name, [*TRACKERS, *others])}")
    if not (isinstance(found, type) and issubclass(found, Tracker)):
        raise ConfigurationError(f"{name!r} is no saddlepoint.tracking.Tracker")
    try:
        made: Tracker = found()
    except ImportError as error:
        package = error.name or name
        raise ConfigurationError(
            f"the tracker {name} needs {package}: pip install 'saddlepoint[{name}]'"
            if name in TRACKERS
            else f"the tracker {name} can't be used: {error}"
        ) from error
    return made
