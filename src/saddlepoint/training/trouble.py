"""What is the matter with a game while it is played, and who looks for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Trouble:
    """A reason to play a game no further as it is.

    Attributes:
        name: of what was found, as "diverges".
        why: in a sentence.
        turns: the run goes on in another way, so that nothing is handed over yet; otherwise it ends.
    """

    name: str
    why: str
    turns: bool = False


class Examiner(Protocol):
    """Looks at every record before it is written."""

    def examine(self, record: Mapping[str, Any]) -> tuple[Mapping[str, Any], Trouble | None]:
        """What the record is to say besides, and what the matter is."""
