"""What was found about a run, what to change, and the answer to a question."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Level = Literal["good", "watch", "bad"]
#: What a person asks of a run: is the game sound, is the result good, is it done.
Question = Literal["game", "result", "done"]
QUESTIONS: tuple[Question, ...] = ("game", "result", "done")
LEVELS: tuple[Level, ...] = ("bad", "watch", "good")
#: On terminals.
COLOURS: Mapping[Level, str] = {"bad": "red", "watch": "yellow", "good": "green"}


@dataclass(frozen=True)
class Remedy:
    """One thing to change.

    Attributes:
        setting: what is changed, as it is typed: `penalties.r1.weight`; `budget` to train on.
        direction: 1 for more of it, −1 for less, 0 for another one. Of two that contradict each other the first counts.
        command: the whole command; empty where no command does it.
    """

    setting: str
    direction: int
    command: str = ""


@dataclass(frozen=True)
class Finding:
    """One thing that the records say.

    Attributes:
        level: "good", "watch" or "bad".
        title: for people.
        seen: what was seen, with numbers.
        advice: what to try next; empty where nothing is to be done.
        commands: the advice as it is typed.
        name: of the diagnosis: "collapse".
        question: to which it belongs.
        evidence: the numbers by name.
        threshold: beyond which they speak.
        source: the paper that the evidence or the cure is from; empty where it is plain.
        remedies: what the commands change.
    """

    level: Level
    title: str
    seen: str
    advice: str = ""
    commands: tuple[str, ...] = ()
    name: str = ""
    question: Question = "game"
    evidence: Mapping[str, float] = field(default_factory=dict)
    threshold: float | None = None
    source: str = ""
    remedies: tuple[Remedy, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """The answer to one question.

    Attributes:
        question: which.
        level: the worst of its findings.
        answer: one sentence.
        findings: what it is drawn from, the worst first.
    """

    question: Question
    level: Level
    answer: str
    findings: tuple[Finding, ...]
