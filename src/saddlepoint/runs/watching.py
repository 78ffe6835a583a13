"""A run that is examined while it is played: what is found, what is said of it, and whether it may go on as it is."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Thread
from typing import Any

from saddlepoint.report import Finding, Verdict, verdicts
from saddlepoint.storage import RunFolder, read_records
from saddlepoint.tasks.config import OnTrouble
from saddlepoint.training import Examiner, Observer, Trouble

#: What `run.json` knows of data and measures before the run has ended: how it ended is no evidence while it goes on.
KNOWN = ("references", "examined", "measures", "dataset", "changed")
#: Samples after a change of settings, as a share of those seen then, before which nothing is changed again.
REST = 0.5


class Examination(Examiner):
    """Asks the three questions at every record, and says what is new; a function of the records alone.

    Args:
        folder: of the run.
        config: as it is played now, as plain data.
        policy: what happens where the game is not sound.
        observer: is told of verdicts, and in words of trouble.
        changed_at: samples seen when settings were changed last; before half as many more are seen, nothing is.
        turns: whether they may be changed once more.
    """

    def __init__(
        self,
        folder: RunFolder,
        config: Mapping[str, Any],
        policy: OnTrouble,
        observer: Observer,
        changed_at: int | None = None,
        turns: bool = False,
    ) -> None:
        self.folder, self.config, self.policy, self.observer = folder, config, policy, observer
        self.changed_at, self.turns = changed_at, turns
        self.found: tuple[Finding, ...] = ()
        self._records: list[dict[str, Any]] | None = None
        self._said: set[str] = set()

    def examine(self, record: Mapping[str, Any]) -> tuple[Mapping[str, Any], Trouble | None]:
        """The levels of the answers and, once it can be told, what troubles the game; what stands twice is acted on."""
        if self._records is None:  # those before this session
            self._records = read_records(self.folder.records)
        before = self._records[-1].get("troubles", []) if self._records else []
        self._records.append(dict(record))
        answers = self._asked()
        self.observer.judged(answers)
        told: dict[str, Any] = {"verdicts": {answer.question: answer.level for answer in answers}}
        self.found = tuple(f for f in answers[0].findings if f.level == "bad")
        if not any(finding.name == "too-early" for finding in answers[2].findings):
            told["troubles"] = self._records[-1]["troubles"] = [finding.name for finding in self.found]
        standing = [finding for finding in self.found if finding.name in before]
        return told, self._acted(standing, int(record["samples"]))

    def _asked(self) -> tuple[Verdict, ...]:
        identity = self.folder.read_identity()
        known = {key: identity[key] for key in KNOWN if key in identity}
        # What was before a change of settings is no evidence of how it goes with those that are.
        records = [r for r in self._records or [] if int(r.get("samples", 0)) > (self.changed_at or -1)]
        return verdicts(records, config=self.config, identity=known, folder=self.folder.path)

    def _acted(self, standing: Sequence[Finding], samples: int) -> Trouble | None:
        if self.policy == "ignore" or not standing:
            return None
        for finding in standing:
            if finding.name not in self._said:
                self._said.add(finding.name)
                self.observer.said(f"at {samples:,} samples: {finding.title}. {finding.seen}")
        if self.changed_at is not None and samples < self.changed_at * (1 + REST):
            return None
        if self.policy == "warn":
            standing = [finding for finding in standing if finding.name == "diverges"]
        if not standing:
            return None
        first = standing[0]
        why = f"{first.title[:1].lower()}{first.title[1:]} at {samples:,} samples"
        if not self.turns:
            why += "; to go on all the same give --on-trouble ignore, for other settings rollback or adapt"
        return Trouble(first.name, why, turns=self.turns)


class Notifier(Observer):
    """Runs a command of the user's where an answer changes; it is given what changed, and nobody waits for it.

    The variables SADDLE_RUN, SADDLE_QUESTION, SADDLE_LEVEL, SADDLE_BEFORE and SADDLE_ANSWER say what; the same as one
    line of JSON is what it reads.

    Args:
        command: as typed, for the shell.
        folder: of the run.
    """

    def __init__(self, command: str, folder: Path) -> None:
        self.command, self.folder = command, folder
        self._levels: dict[str, str] = {}

    def judged(self, verdicts: Sequence[Verdict]) -> None:
        """Tell of each answer that is no longer what it was; the first one is no change."""
        for verdict in verdicts:
            before = self._levels.get(verdict.question)
            self._levels[verdict.question] = verdict.level
            if before not in (None, verdict.level):
                self._tell(
                    run=str(self.folder),
                    question=verdict.question,
                    level=verdict.level,
                    before=str(before),
                    answer=verdict.answer,
                )

    def _tell(self, **what: str) -> None:
        variables = {f"SADDLE_{name.upper()}": value for name, value in what.items()}
        process = subprocess.Popen(
            self.command,
            shell=True,
            env={**os.environ, **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        Thread(target=process.communicate, args=(json.dumps(what) + "\n",), daemon=True).start()
