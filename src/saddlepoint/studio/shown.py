"""What a page shows of one run, as plain data: by the report's own readers, so that both say the same."""

import math
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from saddlepoint.report.figures import DRAWN, Panel, thinned
from saddlepoint.report.history import columns, number
from saddlepoint.report.page import SNAPSHOT_BYTES, RunPage, compressed, evenly, numbered
from saddlepoint.report.plane import read_plane
from saddlepoint.storage import RunFolder, read_text

#: Letters of the configuration, and of a text that is shown.
LETTERS = 200_000
#: Files that may be fetched, at most.
FILES = 400
#: Bytes of one snapshot as it is sent.
PICTURE = 4_000_000


def details(path: Path, records: list[dict[str, Any]]) -> dict[str, Any]:
    """All of a run but its pictures and sounds.

    Raises:
        ValueError: it can't be read.
    """
    page = RunPage(path, records)
    words = page.words()
    found: dict[str, Any] = plain(
        {
            **words,
            "panels": [_panel(panel) for panel in page.panels()],
            "axes": _axes(records),
            "movement": [_panel(panel) for panel in _movement(records)],
            "snapshots": [seen for seen, _ in numbered(page.folder.samples)],
            "texts": [seen for seen, _ in numbered(page.folder.samples, ".txt")],
            "planes": [seen for seen, _ in numbered(page.folder.samples, ".json")],
            "checkpoints": sorted(int(p.name) for p in page.folder.checkpoints.folder.glob("*") if p.name.isdecimal()),
            "config": page.config_text[:LETTERS],
            "plain": page.config,
            "plan": page.identity.get("plan"),
            "state_of": _progress(page),
            "files": [(name, size) for name, size in files(path)],
            "classes": _classes(page.identity),
        }
    )
    return found


def exhibits(path: Path) -> dict[str, Any]:
    """Real samples, sounds, rows and figures of a run, pictures as `data:` addresses.

    Raises:
        ValueError: it can't be read.
    """
    page = RunPage(path, [])
    found: dict[str, Any] = plain({**page.exhibits(), **page.measured(), "plane": page.real_plane()})
    return found


def plain(value: Any) -> Any:
    """As JSON has it: dataclasses as mappings, no number that is not finite, no broken letters."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {plain(str(key)): plain(inner) for key, inner in value.items()}
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, Sequence | np.ndarray):
        return [plain(inner) for inner in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value


def _panel(panel: Panel) -> dict[str, Any]:
    series = []
    for curve, label in zip(panel.series, panel.labels, strict=True):
        drawn = thinned(curve)
        series.append({"label": label, "name": curve.name, "x": drawn.samples, "y": drawn.values})
    best = panel.series[0].best(panel.measure) if panel.measure is not None else None
    return {
        "title": panel.title,
        "unit": panel.unit,
        "scale": panel.scale,
        "limits": panel.limits,
        "references": panel.references,
        "series": series,
        "best": best,
        "direction": panel.measure.direction if panel.measure is not None else "none",
    }


def _movement(records: Sequence[Mapping[str, Any]]) -> list[Panel]:
    """How the players move, and how far the discriminator tells real from made: numbers that the report leaves out."""
    curves = {curve.name: curve for curve in columns(records, "movement")}
    norms = tuple(curve for name, curve in curves.items() if name.endswith("_parameter_norm"))
    logits = tuple(curves[name] for name in ("logit_margin", "logit_spread") if name in curves)
    rest = [curve for curve in curves.values() if curve not in (*norms, *logits)]
    found = [
        ("Size of the players", "norm of parameters", norms, "_parameter_norm"),
        ("Logits of real less generated", "logit", logits, "logit_"),
    ]
    made = [
        Panel(title, unit, own, tuple(c.name.replace(cut, "").replace("_", " ") for c in own))
        for title, unit, own, cut in found
        if own
    ]
    return [*made, *(Panel(c.name.replace("_", " "), "value", (c,), (c.name,)) for c in rest)]


def _axes(records: Sequence[Mapping[str, Any]]) -> dict[str, list[float]]:
    """Samples, evaluations and seconds side by side, so that any may be the axis."""
    kept = [records[place] for place in evenly(len(records), DRAWN)]
    return {key: [number(record.get(key)) for record in kept] for key in ("samples", "evaluations", "seconds")}


def _progress(page: RunPage) -> dict[str, Any]:
    """How far it is, and how fast of late."""
    budget = page.config.get("budget")
    budget = budget if isinstance(budget, Mapping) else {}
    late = page.records[-12:]
    first, last = (late[0], late[-1]) if len(late) > 1 else ({}, late[-1] if late else {})
    samples, seconds = number(last.get("samples")), number(last.get("seconds"))
    rate = (samples - number(first.get("samples"))) / max(seconds - number(first.get("seconds")), 1e-9)
    of, minutes = number(budget.get("samples")), number(budget.get("minutes"))
    lefts = [(of - samples) / rate if rate > 0 else math.nan, 60 * minutes - seconds]
    known = [left for left in lefts if math.isfinite(left)]
    shares = (samples / of if of > 0 else 0.0, seconds / (60 * minutes) if minutes > 0 else 0.0)
    return {
        "running": page.folder.busy,
        "ended": page.identity.get("state") == "ended",
        "samples": samples,
        "of": of,
        "seconds": seconds,
        "rate": rate,
        "left": max(0.0, min(known)) if known else None,
        "share": max(part if math.isfinite(part) else 0.0 for part in shares),
    }


def _classes(identity: Mapping[str, Any]) -> list[str]:
    data = identity.get("dataset")
    found = data.get("classes") if isinstance(data, Mapping) else None
    return [str(name)[:60] for name in found[:200]] if isinstance(found, list) else []


# --- files ------------------------------------------------------------------------------------------------


def files(path: Path) -> list[tuple[str, int]]:
    """The run's own files that may be fetched, by their names below the folder, with their bytes; no links."""
    folder = RunFolder(path)
    single = (folder.config, folder.identity, folder.records, folder.evaluations, folder.report, folder.curves)
    found = [*single, folder.notes, *_inside(folder.generator), *_inside(folder.exhibits), *_inside(folder.samples)]
    sizes = [(str(file.relative_to(path)), size) for file in found if (size := _regular(file)) is not None]
    return [(name, size) for name, size in sizes if name.isprintable()][:FILES]


def _inside(place: Path, depth: int = 2) -> Iterator[Path]:
    try:
        with os.scandir(place) as entries:
            inside = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
    except OSError:
        return
    if place.is_symlink():
        return
    for name, is_folder in inside:
        if name.startswith("."):
            continue
        if is_folder and depth:
            yield from _inside(place / name, depth - 1)
        elif not is_folder:
            yield place / name


def _regular(file: Path) -> int | None:
    """The bytes of a regular file that is no link; None of anything else."""
    try:
        found = file.lstat()
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def picture(path: Path, samples: int, limit: int = PICTURE) -> tuple[bytes, str]:
    """A snapshot of a run, and its media type. Raises OSError, SyntaxError or ValueError where there is none."""
    folder = RunFolder(path)
    folder.check_inside()
    content, kind, _ = compressed(folder.samples / f"{samples:012d}.png", limit)
    return content, kind


def thumbnail(path: Path, samples: int) -> tuple[bytes, str]:
    """The same picture, made small for a table."""
    return picture(path, samples, SNAPSHOT_BYTES // 40)


def text(path: Path, samples: int) -> str:
    """The texts of a snapshot. Raises OSError or ValueError where there are none."""
    folder = RunFolder(path)
    folder.check_inside()
    return read_text(folder.samples / f"{samples:012d}.txt", SNAPSHOT_BYTES, "replace")[:LETTERS]


def plane(path: Path, samples: int) -> dict[str, Any]:
    """The game in the plane at a snapshot. Raises OSError or ValueError where it was not kept."""
    folder = RunFolder(path)
    folder.check_inside()
    found = read_plane(folder.samples / f"{samples:012d}.json")
    if found is None:
        raise ValueError(f"the run kept no plane at {samples:,} samples")
    told: dict[str, Any] = plain(found)
    return told
