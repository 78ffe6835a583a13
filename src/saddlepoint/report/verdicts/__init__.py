"""What the records of a run say, as answers to three questions: is the game sound, is the result good, is it done.

Each fault is a small class (`Diagnosis`) with its evidence, its threshold, the paper, and the setting to change; they
stand in `game`, `result` and `done` in the order of causes. Nothing here needs torch, so that they can be asked while a
run goes on.
"""

import math
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from saddlepoint.report.history import mapping, number
from saddlepoint.report.verdicts.diagnosis import Diagnosis
from saddlepoint.report.verdicts.done import DONE, FEWEST_STEPS, Settled
from saddlepoint.report.verdicts.evidence import Evidence, settings_of
from saddlepoint.report.verdicts.finding import COLOURS, LEVELS, QUESTIONS, Finding, Level, Question, Remedy, Verdict
from saddlepoint.report.verdicts.game import GAME
from saddlepoint.report.verdicts.result import RESULT
from saddlepoint.report.verdicts.suspects import OTHER, suspects, undo

#: All of them; what comes first may be the cause of what comes later.
DIAGNOSES: tuple[Diagnosis, ...] = (*GAME, *RESULT, *DONE)
#: Faults of the data, which no setting mends: of what is equally grave they are named first.
OF_DATA = ("constant-data", "flat-data", "labels-say-nothing", "few-data")
#: What a rehearsal calls the run as it is.
UNCHANGED = "unchanged"
#: Those that settings far from the recipe's, or networks of the caller's own, may be the cause of.
SUSPECTED = (
    *("non-finite", "stands", "diverges", "penalty-rules", "collapse", "discriminator-wins", "discriminator-lost"),
    *("overfits", "circles", "average-behind", "memorised", "far", "worse-than-baseline", "noisy", "blurred"),
    *("best-behind", "restless", "wrong-class", "discriminator-weak"),
)


def examine(
    records: Iterable[Mapping[str, Any]],
    *,
    config: Mapping[str, Any] | None = None,
    identity: Mapping[str, Any] | None = None,
    folder: Path | None = None,
) -> list[Finding]:
    """The findings of a run, the worst first, of equals the cause first; never empty.

    Args:
        records: as in `metrics.jsonl`.
        config: the resolved configuration, so that the advice names values; without it they read `…`.
        identity: `run.json`, for the outcome, what is known of real samples and of the data, and the direction of each
            metric: one that it does not name is never called better or worse.
        folder: the run's folder, so that the commands name it.

    >>> [finding.title for finding in examine([])]
    ['No records yet']
    """
    run = Evidence(records, config or {}, identity or {}, folder)
    return _examined(run)


def verdicts(
    records: Iterable[Mapping[str, Any]],
    *,
    config: Mapping[str, Any] | None = None,
    identity: Mapping[str, Any] | None = None,
    folder: Path | None = None,
) -> tuple[Verdict, ...]:
    """The answers to the three questions, in their order; see `examine`."""
    run = Evidence(records, config or {}, identity or {}, folder)
    findings = _examined(run)
    return tuple(_verdict(run, question, [f for f in findings if f.question == question]) for question in QUESTIONS)


def _examined(run: Evidence) -> list[Finding]:
    found: list[tuple[Diagnosis, Finding]] = []
    early = False
    for diagnosis in RESULT if run.fitted else DIAGNOSES:
        finding = diagnosis(run)
        if finding is not None:
            found.append((diagnosis, finding))
            early = early or finding.name == "too-early"
    names = {finding.name for _, finding in found if finding.level != "good"}
    if early:  # of so few steps a game tells nothing but that it broke
        kept = ("too-early", "stopped-short", "non-finite", "stands")
        found = [(d, f) for d, f in found if f.name in kept or (f.question == "result" and f.name != "noisy")]
        names = {finding.name for _, finding in found if finding.level != "good"}
    if not run.fitted and not names & {
        "too-early",
        "stopped-short",
        "best-behind",
        "restless",
        "improves",
        "losses-move",
        "non-finite",
    }:
        settled = Settled()
        if (finding := settled(run)) is not None:
            found.append((settled, finding))
    if not found and not run.fitted:
        return [Finding("watch", "Nothing to say", "The records hold no number that tells.", question="result")]
    return _agreeing(run, found, names)


def _agreeing(run: Evidence, found: list[tuple[Diagnosis, Finding]], names: set[str]) -> list[Finding]:
    """The findings, the worst first, with advice that acts on causes and does not contradict itself."""
    levels = {finding.name: LEVELS.index(finding.level) for _, finding in found}

    def causes_of(diagnosis: Diagnosis, finding: Finding) -> list[str]:
        own = LEVELS.index(finding.level)
        known = (name for name in diagnosis.causes if name in names and name != finding.name)
        return [name for name in known if levels[name] <= own or name in ("too-early", "stopped-short")]

    def rank(pair: tuple[Diagnosis, Finding]) -> tuple[int, bool, bool]:
        return LEVELS.index(pair[1].level), bool(causes_of(*pair)), pair[1].name not in OF_DATA

    order = sorted(found, key=rank)
    wanted: dict[str, int] = {}
    agreed = []
    left = suspects(run)
    for diagnosis, finding in order:
        causes = causes_of(diagnosis, finding)
        if causes:
            agreed.append(replace(finding, advice=_follows(causes, found), commands=(), remedies=()))
            continue
        # Where a run is only watched, a choice of another kind than the recipe's is taken for what was wanted.
        least = OTHER if finding.level == "watch" else 0.0
        mine = [s for s in left if s.departure > least and s.explains(finding.name) and finding.name in SUSPECTED]
        kept: list[Remedy] = []
        if mine and finding.level != "good":
            said, undoing = undo(run, mine)
            finding = replace(finding, advice=f"{said} {finding.advice}".strip())
            kept, left = list(undoing), [suspect for suspect in left if suspect not in mine]
            wanted |= {remedy.setting: remedy.direction for remedy in kept}
        for remedy in finding.remedies:
            before = wanted.get(remedy.setting)
            if before is not None and before * remedy.direction < 0:
                continue
            wanted.setdefault(remedy.setting, remedy.direction)
            kept.append(remedy)
        commands = tuple(dict.fromkeys(remedy.command for remedy in kept if remedy.command))
        agreed.append(replace(finding, commands=commands, remedies=tuple(kept)))
    return _tried(run, agreed)


def _tried(run: Evidence, findings: list[Finding]) -> list[Finding]:
    """The findings, the first that advises other settings with what came of trying them, or how to try them."""
    first = next((n for n, f in enumerate(findings) if any(map(settings_of, f.commands))), None)
    if first is None:
        return findings
    finding, kept = findings[first], mapping(run.identity.get("rehearsed"))
    tried = {str(name): number(value) for name, value in mapping(kept.get("tried")).items()}
    if not tried or number(kept.get("seen")) != run.samples:
        if finding.level == "bad" and run.folder is not None and run.ended and not run.alone:
            told = f"{finding.advice} To see on the same batches what helps: saddle fork {run.folder} --advice".strip()
            findings[first] = replace(finding, advice=told)
        return findings
    order = sorted((name for name in tried if math.isfinite(tried[name])), key=lambda name: tried[name])
    scores = [f"{name} {tried[name]:.4g}" for name in order]
    scores += [f"{name} failed" for name in tried if name not in order]
    told = (
        f"Rehearsed for {number(kept.get('steps')):,.0f} steps from {number(kept.get('at')):,.0f} samples on the same "
        f"batches, score of the live weights, less is better: {'; '.join(scores)}."
    )
    best = order[0] if order else ""
    if best in ("", UNCHANGED):
        told += " Nothing did better than the run as it is."
    else:
        command = run.anew(" ".join(f"--set {shlex.quote(one)}" for one in shlex.split(best)))
        finding = replace(finding, commands=tuple(dict.fromkeys([command, *finding.commands])))
    findings[first] = replace(finding, advice=f"{told} {finding.advice}".strip())
    return findings


def _follows(causes: list[str], found: list[tuple[Diagnosis, Finding]]) -> str:
    title = next(finding.title for _, finding in found if finding.name == causes[0])
    return f"It may follow from: {title[:1].lower()}{title[1:]}. See there first."


def _verdict(run: Evidence, question: Question, findings: list[Finding]) -> Verdict:
    level: Level = min((f.level for f in findings), key=LEVELS.index, default="good")
    if question == "game" and level == "good" and 0 < run.steps < FEWEST_STEPS:
        said = f"Too early to say: nothing broke in {run.steps:,} steps."
        return Verdict(question, "watch", said, tuple(findings))
    if question == "result" and not findings and not run.fitted and not math.isfinite(run.final(run.score)):
        level = "watch"  # nothing was measured yet, or nothing can be
    return Verdict(question, level, _answer(run, question, level, findings), tuple(findings))


def _answer(run: Evidence, question: Question, level: Level, findings: list[Finding]) -> str:
    """One sentence."""
    if run.fitted and question != "result":
        return {"game": "None: the model was fitted at once.", "done": "Fitted: there is nothing to train on."}[
            question
        ]
    if level != "good" and findings:
        titles = [finding.title for finding in findings if finding.level == level]
        rest = [title[:1].lower() + title[1:] for title in titles[1:3]]
        return "; ".join([titles[0], *rest]) + "."
    if question == "game":
        return f"Sound: finite, balanced and moving over {run.samples:,} samples."
    if question == "result":
        floor = run.known("real", run.score)
        if run.fitted and not findings and math.isfinite(floor):
            return f"{run.score} {run.final(run.score):.4g}, where other real {run.things} have {floor:.4g}."
        if not findings:
            return f"Nothing speaks against the {run.things}, and nothing measures how near they are to the data."
        return f"{findings[0].title}: {findings[0].seen[:1].lower()}{findings[0].seen[1:]}"
    return f"{findings[0].title}." if findings else "Nothing tells whether more training would help."


__all__ = [
    "COLOURS",
    "DIAGNOSES",
    "Diagnosis",
    "Evidence",
    "Finding",
    "Remedy",
    "Verdict",
    "examine",
    "settings_of",
    "verdicts",
]
