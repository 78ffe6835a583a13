"""What `run.json` may hold: each field of its kind, as whoever hands over a run may have written anything into it."""

import math
import re
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

#: Letters of a sentence, and members of a list or a mapping.
_LETTERS, _MEMBERS = 10_000, 100_000
#: A name, or whole numbers, that a run in trouble was given.
_CHOSEN = re.compile(r"[a-z][a-z-]{0,39}|\d{1,3}(,\d{1,3}){1,7}")


def checked_identity(identity: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are of their kind; those that no one here knows are kept as they are."""
    return {key: value for key, value in identity.items() if key not in _KINDS or _KINDS[key](value)}


def started_with() -> list[str]:
    """The words by which this process was started, as they would be typed again; none where nobody typed any.

    That is so of a notebook and of lines that were typed at a prompt.
    """
    program, *words = sys.argv or [""]
    name = Path(program).name
    if name in {"saddle", "saddle.exe", "__main__.py"}:
        return ["saddle", *words]
    return [] if name in {"", "-c", "ipykernel_launcher.py"} else ["python", program, *words]


def _text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _LETTERS


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _count(value: object) -> bool:
    return _number(value) and value >= 0  # type: ignore[operator]


def _texts(value: object) -> bool:
    return isinstance(value, list) and len(value) <= _MEMBERS and all(map(_text, value))


def _mapping_of(kind: Callable[[object], bool]) -> Callable[[object], bool]:
    def fits(value: object) -> bool:
        return isinstance(value, dict) and len(value) <= _MEMBERS and all(map(kind, value.values()))

    return fits


def _name(value: object) -> bool:
    """Of a folder, and of nothing outside of the one where it lies."""
    return _text(value) and str(value).strip(".") != "" and not set(str(value)) & set("/\\\0")


def _names(value: object) -> bool:
    return _texts(value) and all(map(_name, value))  # type: ignore[call-overload]


def _dataset(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    texts = all(_text(value[key]) for key in ("name", "source", "fingerprint", "kind") if key in value)
    lists = all(_texts(value[key]) for key in ("classes", "notes") if key in value)
    shape = value.get("shape", [])
    counted = "kind" not in value or (_text(value["kind"]) and _count(value.get(value["kind"])))
    return texts and lists and counted and isinstance(shape, list) and all(map(_count, shape))


def _interventions(value: object) -> bool:
    return isinstance(value, list) and len(value) <= _MEMBERS and all(map(_intervention, value))


def _intervention(value: object) -> bool:
    if not isinstance(value, dict) or set(value) != {"at", "to", "why", "settings", "tried", "seconds", "undone"}:
        return False
    tried = _mapping_of(lambda score: score is None or _number(score))(value["tried"])
    counts = all(map(_count, (value["at"], value["to"], value["seconds"])))
    settings = _texts(value["settings"]) and all(map(_setting, value["settings"]))
    return counts and tried and settings and _text(value["why"]) and isinstance(value["undone"], bool)


def _setting(value: str) -> bool:
    """Whether it reads `key=value`, the value a finite number, a name, or whole numbers with commas between."""
    given = value.partition("=")[2]
    try:
        return math.isfinite(float(given))
    except ValueError:
        return _CHOSEN.fullmatch(given) is not None


def _rehearsed(value: object) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("tried"), dict):
        return False
    try:
        for settings in value["tried"]:
            shlex.split(settings)
    except ValueError:  # quotes that don't end
        return False
    scores = _mapping_of(lambda score: score is None or _number(score))(value["tried"])
    return scores and all(_count(value.get(key)) for key in ("seen", "at", "steps")) and _text(value.get("measure"))


def _warm_start(value: object) -> bool:
    if not isinstance(value, dict) or not _text(value.get("source")) or not _count(value.get("samples")):
        return False
    return all(_texts(value.get(key)) for key in ("kept", "by_class", "new", "left", "memories"))


def _plan(value: object) -> bool:
    return isinstance(value, dict) and all(_count(value.get(key, 0) or 0) for key in ("seconds", "memory_bytes"))


_KINDS: Mapping[str, Callable[[object], bool]] = {
    **dict.fromkeys(("name", "recipe", "task", "state", "outcome", "message", "started", "ended", "device"), _text),
    **dict.fromkeys(("usage", "start"), _text),
    **dict.fromkeys(("samples", "steps", "evaluations", "seconds", "threads"), _count),
    **dict.fromkeys(("command", "citations"), _texts),
    "stages": _names,
    "metrics": _mapping_of(_number),
    "measures": _mapping_of(lambda value: isinstance(value, dict)),
    "parameters": _mapping_of(_count),
    "versions": _mapping_of(_text),
    "dataset": _dataset,
    "plan": _plan,
    "interventions": _interventions,
    "rehearsed": _rehearsed,
    "changed": lambda value: isinstance(value, dict) and len(value) <= _MEMBERS,
    "warm_start": _warm_start,
}
