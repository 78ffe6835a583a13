"""What every kind of data says of itself."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

#: Told what is done, how much of it, and of how much.
OnProgress = Callable[[str, float, float], None]


def quiet(what: str, done: float, of: float) -> None:
    """Tell nobody."""


class Dataset(Protocol):
    """Data as a run is trained on them."""

    @property
    def name(self) -> str:
        """What to call them."""

    @property
    def source(self) -> str:
        """Where they came from, a sentence."""

    @property
    def fingerprint(self) -> str:
        """Hex digits that change with the data."""

    @property
    def kind(self) -> str:
        """What they are, in the plural: images, rows, sounds."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample."""

    @property
    def classes(self) -> Sequence[str]:
        """Names of the classes; () where there are none."""

    @property
    def counts(self) -> Mapping[str, int]:
        """Samples of each class; empty where there are none."""

    @property
    def size(self) -> str:
        """A sample's size for people, as `16x16 in colour`."""

    @property
    def described(self) -> Sequence[tuple[str, ...]]:
        """What was found in them: a row a column of a table, after a row of heads; () where there is no more to say."""

    @property
    def notes(self) -> Sequence[str]:
        """What was skipped or converted, a sentence each."""

    def __len__(self) -> int: ...
