"""A diagnosis: one fault, what shows it, from where on, and what cures it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from saddlepoint.report.verdicts.evidence import Evidence
from saddlepoint.report.verdicts.finding import Finding, Level, Question, Remedy


class Diagnosis(ABC):
    """One fault. Stateless: it may be asked at every record of a run that goes on.

    Attributes:
        name: as commands and policies call it.
        question: to which it belongs.
        threshold: beyond which its evidence speaks.
        source: the paper of evidence or cure.
        causes: names of diagnoses of which it is a consequence: where one of them was made, its own advice is left out.
    """

    name: ClassVar[str]
    question: ClassVar[Question]
    threshold: ClassVar[float | None] = None
    source: ClassVar[str] = ""
    causes: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def __call__(self, run: Evidence) -> Finding | None:
        """The finding, or None where there is nothing of it."""

    def found(
        self,
        level: Level,
        title: str,
        seen: str,
        advice: str = "",
        remedies: Sequence[Remedy] = (),
        **evidence: float,
    ) -> Finding:
        """A finding of this diagnosis."""
        shown: Mapping[str, float] = evidence
        return Finding(
            level,
            title,
            seen,
            advice,
            tuple(dict.fromkeys(remedy.command for remedy in remedies if remedy.command)),
            self.name,
            self.question,
            shown,
            self.threshold,
            self.source,
            tuple(remedies),
        )


def percent(share: float) -> str:
    """A share for people.

    >>> percent(0.731)
    '73.1 %'
    """
    return f"{100 * share:.1f} %"


def capital(words: str) -> str:
    """With a capital letter, and blanks for underscores."""
    words = words.replace("_", " ")
    return words[:1].upper() + words[1:]
