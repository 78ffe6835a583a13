"""What a run lays beside its snapshots: real samples, nearest ones, rows, sounds; a folder is read with care."""

import base64
import json
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from saddlepoint.report.figures import LIGHT, Theme, dress
from saddlepoint.report.history import number

#: Bytes of a picture, of a sound, and of a text or a table that are read at most.
PICTURE, SOUND, TEXT = 30_000_000, 400_000, 2_000_000
#: Sounds of each kind, rows of each kind, columns of a table, letters of a cell, and columns of a matrix.
SOUNDS, ROWS, COLUMNS, LETTERS, MATRIX = 8, 3, 60, 40, 24
#: Captions over one picture.
CAPTIONS = 100
#: Pictures that `saddle evaluate --plot` made.
EVALUATED = 12


@dataclass(frozen=True)
class Sound:
    """One to be heard: what it is, and a `data:` address."""

    label: str
    address: str


@dataclass(frozen=True)
class Rows:
    """Real and made rows of a table, a line a column of it: its name, real values, made values."""

    lines: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]
    left_out: int


@dataclass(frozen=True)
class Exhibits:
    """All of them.

    Attributes:
        pictures: paths by name: `real`, `live`, `nearest`.
        captions: what stands over the columns of a picture, by its name; `grid` is that of the snapshots.
        real_text: real texts; empty where there are none.
        real_sounds, made_sounds: to be heard.
        rows: of a table, or None.
        pairs: names of columns, and how alike each pair of them hangs together, or None.
        evaluated: pictures of an evaluation by name.
    """

    pictures: Mapping[str, Path] = field(default_factory=dict)
    captions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    real_text: str = ""
    real_sounds: tuple[Sound, ...] = ()
    made_sounds: tuple[Sound, ...] = ()
    rows: Rows | None = None
    pairs: tuple[tuple[str, ...], tuple[tuple[float, ...], ...]] | None = None
    evaluated: tuple[tuple[str, Path], ...] = ()


def read_exhibits(folder: Path) -> Exhibits:
    """Those that are there and can be read; everything else is passed over."""
    captions = _captions(folder)
    pictures = {
        name: path for name in ("real", "live", "nearest") if (path := _regular(folder / f"{name}.png", PICTURE))
    }
    return Exhibits(
        pictures,
        captions,
        _text(folder / "real.txt"),
        _sounds(folder, "real", captions.get("real", ())),
        _sounds(folder, "made", captions.get("made", ())),
        _rows(folder / "rows.json"),
        _pairs(folder / "pairs.json"),
        _evaluated(folder),
    )


def pair_figure(names: Sequence[str], values: Sequence[Sequence[float]], theme: Theme = LIGHT) -> Figure:
    """How alike pairs of columns hang together in made and in real rows, as a matrix; columns alone on the diagonal."""
    n = len(names)
    side = min(9.0, 2.6 + 0.32 * n)
    figure = Figure(figsize=(side, side), layout="constrained", facecolor=theme.card)
    axes = figure.add_subplot()
    dress(axes, theme)
    axes.grid(visible=False)
    shown = axes.imshow(np.asarray(values, dtype=np.float64), vmin=0.5, vmax=1.0, cmap="RdYlBu")
    ticks = [name if len(name) <= 18 else f"{name[:17]}…" for name in names]
    axes.set_xticks(range(n), [_plain(tick) for tick in ticks], rotation=60, ha="right", fontsize=7.5)
    axes.set_yticks(range(n), [_plain(tick) for tick in ticks], fontsize=7.5)
    if n <= 12:
        for i, row in enumerate(values):
            for j, value in enumerate(row):
                if np.isfinite(value):
                    axes.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=6.5, color="#1c2430")
    bar = figure.colorbar(shown, ax=axes, shrink=0.7)
    bar.ax.tick_params(labelsize=7.5, labelcolor=theme.muted, color=theme.muted)
    bar.outline.set_visible(False)
    return figure


def _plain(text: str) -> str:
    """Without what matplotlib takes for mathematics."""
    return text.replace("$", r"\$")


def _regular(path: Path, most: int) -> Path | None:
    """The path, where it is a file of its own and not too large; a link, a device or a folder is none."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return path if stat.S_ISREG(found.st_mode) and 0 < found.st_size <= most else None


def _json(path: Path) -> Mapping[str, Any]:
    if _regular(path, TEXT) is None:
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, Mapping) else {}


def _captions(folder: Path) -> dict[str, tuple[str, ...]]:
    found = {}
    for name, words in _json(folder / "captions.json").items():
        if isinstance(words, list) and 0 < len(words) <= CAPTIONS:
            found[str(name)] = tuple(_short(word) for word in words)
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace") if _regular(path, TEXT) else ""
    except OSError:
        return ""


def _sounds(folder: Path, kind: str, labels: Sequence[str]) -> tuple[Sound, ...]:
    found = []
    for place in range(SOUNDS):
        path = _regular(folder / f"{kind}-{place}.wav", SOUND)
        if path is None:
            continue
        try:
            content = path.read_bytes()
        except OSError:
            continue
        if content[:4] != b"RIFF":
            continue
        label = labels[place] if place < len(labels) else f"{kind} {place + 1}"
        found.append(Sound(label, f"data:audio/wav;base64,{base64.b64encode(content).decode()}"))
    return tuple(found)


def _rows(path: Path) -> Rows | None:
    found = _json(path)
    names, real, made = (found.get(key) for key in ("columns", "real", "made"))
    if not all(isinstance(part, list) and part for part in (names, real, made)):
        return None
    assert isinstance(names, list)
    kinds = []
    for rows in (real, made):
        assert isinstance(rows, list)
        if not all(isinstance(row, list) and len(row) == len(names) for row in rows):
            return None
        kinds.append(rows[:ROWS])
    lines = tuple(
        (_short(name), *(tuple(_short(row[place]) for row in rows) for rows in kinds))
        for place, name in enumerate(names[:COLUMNS])
    )
    return Rows(lines, max(0, len(names) - COLUMNS))  # type: ignore[arg-type]


def _pairs(path: Path) -> tuple[tuple[str, ...], tuple[tuple[float, ...], ...]] | None:
    found = _json(path)
    names, values = found.get("columns"), found.get("values")
    if not isinstance(names, list) or not isinstance(values, list) or len(names) != len(values) or len(names) < 2:
        return None
    if not all(isinstance(row, list) and len(row) == len(names) for row in values):
        return None
    kept = range(min(len(names), MATRIX))
    return tuple(_short(names[i]) for i in kept), tuple(tuple(number(values[i][j]) for j in kept) for i in kept)


def _evaluated(folder: Path) -> tuple[tuple[str, Path], ...]:
    try:
        names = sorted(folder.glob("evaluated-*.png"))[:EVALUATED]
    except OSError:
        return ()
    return tuple(
        (name.replace("-", " "), path)
        for path in names
        if (name := path.stem.removeprefix("evaluated-"))
        and re.fullmatch(r"[\w ,.()-]+", name)
        and _regular(path, PICTURE)
    )


def _short(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= LETTERS else f"{text[: LETTERS - 1]}…"
