"""Where a run is, from its folder alone: also of one that another process trains."""

from pathlib import Path
from typing import Any

from saddlepoint.report.history import mapping, number
from saddlepoint.report.verdicts import verdicts
from saddlepoint.storage import RunFolder, read_records


def status_of(path: Path, records: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """What a run's folder says of it, as plain data.

    Args:
        path: the folder.
        records: as they were read already; None reads them.

    Returns:
        `run`; `name`, `recipe`, `data` and `method`; `tags` and `note`, which people gave; `started`; `state`:
        "running", "interrupted" where no process trains it and it has not ended, or "ended"; `outcome` and `message`,
        how and why it ended; `samples`, `of` (the budget's, None where it has none), `evaluations` and `seconds`, as
        of the last record; `metrics` by name; `verdicts`, a mapping each of question, level and answer;
        `interventions`.

    Raises:
        ValueError: this is no run's folder, or its configuration can't be read.
    """
    folder = RunFolder(path)
    if not folder.config.exists():
        raise ValueError(f"{path} holds no run: name the folder of one, as in: saddle status runs/digits")
    folder.check_inside()
    config, identity = folder.read_config(), folder.read_identity()
    records = read_records(folder.records) if records is None else records
    tags, note = folder.read_notes()
    last = records[-1] if records else {}
    ended = identity.get("state") == "ended"
    budget = config.get("budget")
    of = budget.get("samples") if isinstance(budget, dict) else None
    metrics: dict[str, Any] = next((r["metrics"] for r in reversed(records) if r.get("metrics")), {})
    answers = verdicts(records, config=config, identity=identity, folder=path)
    return {
        "run": str(path),
        "name": str(identity.get("name") or path.resolve().name),
        "recipe": str(identity.get("recipe") or config.get("recipe") or ""),
        "data": str(mapping(identity.get("dataset")).get("name", "")),
        "method": str(mapping(config.get("method")).get("name", "")),
        "tags": tags,
        "note": note,
        "started": identity.get("started"),
        "state": "running" if folder.busy else "ended" if ended else "interrupted",
        "outcome": identity.get("outcome") if ended else None,
        "message": identity.get("message") if ended else None,
        **{key: (identity if ended else last).get(key, 0) for key in ("samples", "seconds", "evaluations")},
        "of": of,
        "metrics": identity.get("metrics", metrics) if ended else metrics,
        "verdicts": [{"question": a.question, "level": a.level, "answer": a.answer} for a in answers],
        "interventions": identity.get("interventions", []),
    }


def status_lines(status: dict[str, Any]) -> list[str]:
    """The same in words, a line each: where it is, the score, what was changed."""
    samples, of = number(status["samples"]), number(status["of"])
    share = f" of {of:,.0f}, {samples / of:.0%}" if of > 0 else ""
    lines = [f"{status['state']}: {samples:,.0f} samples{share}, {number(status['seconds']):,.0f} s"]
    if status["message"]:
        lines.append(f"{status['outcome']}: {status['message']}")
    lines += [f"{name} {number(value):.4g}" for name, value in status["metrics"].items()]
    for one in status["interventions"]:
        tried = (f"{name} {'not finite' if score is None else f'{score:.4g}'}" for name, score in one["tried"].items())
        lines.append(f"{one['why']}: on from {one['to']:,} with {' '.join(one['settings'])}")
        lines.append(f"  rehearsed on the same batches, less is better: {', '.join(tried)}")
    return lines
