"""Evaluations as a table: a column is one protocol, so that no two numbers in it were measured differently."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from saddlepoint.report.figures import LIGHT, Theme, dress
from saddlepoint.report.history import compact, number

#: Columns of a table for people; older ones stay in the file.
COLUMNS = 12
#: Classes up to which each has a bar of its own.
BARS = 40
_ARROWS = {"higher": "↑", "lower": "↓"}
#: What a protocol says, in the order and the words of the table's heads.
_WORDS = {
    "weights": "{}",
    "at": "at {:,} samples",
    "split": "against {}",
    "dataset": "of {}",
    "n_generated": "{:,} made",
    "n_real": "{:,} real",
    "extractor": "features: {}",
    "most": "metrics on pairs among {:,}",
    "seed": "seed {}",
    "fingerprint": "data {}",
    "digest": "extractor {}",
    "resizing": "input {}",
}
#: Said over a column only where nothing else tells it from another.
_RARELY = ("fingerprint", "digest", "resizing")


@dataclass(frozen=True)
class EvaluationTable:
    """What is in it, as words.

    Attributes:
        common: what all columns share, a phrase each.
        heads: of each column, the phrases in which it differs from others.
        rows: the metric with its settings, and a cell a column; "" where it was not measured.
        left_out: older columns that are not shown.
    """

    common: tuple[str, ...]
    heads: tuple[tuple[str, ...], ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    left_out: int

    def parts(self, most: int) -> "list[EvaluationTable]":
        """The same in tables of at most so many columns, each with the rows that it has a number of."""
        found = []
        for start in range(0, len(self.heads), most):
            chosen = slice(start, start + most)
            rows = tuple((label, cells[chosen]) for label, cells in self.rows if any(cells[chosen]))
            found.append(EvaluationTable(self.common, self.heads[chosen], rows, self.left_out))
        return found


def tabulated(evaluations: Iterable[Mapping[str, Any]], most: int = COLUMNS) -> EvaluationTable:
    """The newest evaluations in one table: columns with equal protocols at equal samples are one, the newest counts.

    Args:
        evaluations: as in `evaluation.json`, the newest last.
        most: columns.
    """
    columns: dict[str, dict[str, Any]] = {}
    cells: dict[str, dict[str, str]] = {}
    for evaluation in evaluations:
        for value in evaluation.get("values", ()):
            protocol = {**value["protocol"], "at": evaluation.get("samples")}
            key = json.dumps(protocol, sort_keys=True)
            columns.pop(key, None)  # measured anew: it is the newest again
            columns[key] = protocol
            cells.setdefault(_label(value), {})[key] = cell(value)
    kept = list(columns)[-most:]
    said = {name: [_phrase(name, columns[key].get(name)) for key in kept] for name in _WORDS}
    # The one column of a table is named by its weights, too.
    common = [name for name, phrases in said.items() if len(set(phrases)) == 1 and name != "weights"]
    heading = [name for name in _WORDS if name not in common]
    for name in _RARELY:
        without = [other for other in heading if other != name]
        if name in heading and len(_heads(said, without)) == len(set(_heads(said, without))):
            heading = without
    rows = [(label, tuple(own.get(key, "") for key in kept)) for label, own in cells.items()]
    return EvaluationTable(
        tuple(said[name][0] for name in common if said[name][0]) if kept else (),
        tuple(_heads(said, heading)),
        tuple((label, own) for label, own in rows if any(own)),
        len(columns) - len(kept),
    )


def _heads(said: Mapping[str, list[str]], names: Sequence[str]) -> list[tuple[str, ...]]:
    """What is said over each column."""
    return [tuple(phrase for phrase in phrases if phrase) for phrases in zip(*(said[n] for n in names), strict=True)]


def cell(value: Mapping[str, Any]) -> str:
    """A number for people, with its error or its interval.

    >>> cell({"value": 1.23456, "error": 0.0123}), cell({"value": None, "interval": [5.0, None]})
    ('1.235 ± 0.012', '∞ (5 – ∞)')
    """
    shown = _short(value.get("value"))
    if value.get("error") is not None:
        return f"{shown} ± {value['error']:.2g}"
    if value.get("interval") is not None:
        low, high = map(_short, value["interval"])
        return f"{shown} ({low} – {high})"
    return shown


def _short(value: object) -> str:
    """Null stands for infinity."""
    read = number(value)
    if math.isnan(read):
        return "∞"
    return compact(read) if abs(read) >= 10_000 else f"{read:.4g}"


def _label(value: Mapping[str, Any]) -> str:
    settings = ", ".join(f"{key} {setting}" for key, setting in value.get("settings", {}).items())
    name = str(value["metric"]).replace("_", " ")
    target = value.get("target")
    arrow = f"→ {target:g}" if target is not None else _ARROWS.get(value.get("direction", "none"), "")
    return " ".join(part for part in (name, arrow, f"({settings})") if part != "()" and part)


def _phrase(name: str, value: object) -> str:
    return "" if value in (None, "") else _WORDS[name].format(value)


# --- pictures -------------------------------------------------------------------------------------------


def evaluation_figure(evaluation: Mapping[str, Any], theme: Theme = LIGHT) -> Figure | None:
    """Fréchet distances against 1/n with the lines to infinity, and shares of classes; None where neither was measured.

    Many classes are drawn from the most frequent to the rarest: where some are missing, the line ends early.

    Args:
        evaluation: one of `evaluation.json`.
        theme: colours.
    """
    values = list(evaluation.get("values", ()))
    lines = [v for v in values if v.get("detail", {}).get("sizes") and v["value"] is not None]
    # The floor has few images where the held-out part is small, and would squeeze the rest.
    largest = max((v["protocol"]["n_generated"] for v in lines), default=0)
    lines = [v for v in lines if v["protocol"]["n_generated"] == largest]
    splits = [v["protocol"]["split"] for v in values]
    shares = [v for v in values if v.get("detail", {}).get("shares") and v["protocol"]["split"] == splits[0]]
    panels = [(draw, found) for draw, found in ((_infinity, lines), (_classes, shares)) if found]
    if not panels:
        return None
    figure = Figure(figsize=(6.4 * len(panels), 3.8), layout="constrained", facecolor=theme.card)
    for place, (draw, found) in enumerate(panels):
        axes = figure.add_subplot(1, len(panels), place + 1)
        dress(axes, theme)
        draw(axes, found, theme)
        axes.legend(frameon=False, fontsize=8.5, labelcolor=theme.ink)
    return figure


def _infinity(axes: Any, lines: Sequence[Mapping[str, Any]], theme: Theme) -> None:
    for place, value in enumerate(lines):
        colour, detail = theme.lines[place % len(theme.lines)], value["detail"]
        inverse = 1 / np.asarray(detail["sizes"], dtype=np.float64)
        protocol = value["protocol"]
        axes.plot(inverse, detail["values"], "o", color=colour, markersize=3.5)
        ends = np.asarray([0.0, inverse.max()])
        axes.plot(
            ends,
            value["value"] + detail["slope"] * ends,
            color=colour,
            linewidth=1.3,
            label=f"{protocol['weights']} against {protocol['split']}: {value['value']:.3g}",
        )
    axes.set_title("Fréchet distance, extrapolated", loc="left", fontsize=10.5, color=theme.ink)
    axes.set_xlabel("generated images", color=theme.muted, fontsize=9)
    axes.set_xlim(left=0)
    low, high = axes.get_ylim()
    axes.set_ylim(min(0.0, low), high + 0.11 * len(lines) * (high - min(0.0, low)))
    most = max(max(value["detail"]["sizes"]) for value in lines)
    axes.set_xticks([0.0, *(share / most for share in (1, 2, 5, 10))])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: "∞" if x <= 0 else compact(1 / x)))


def _classes(axes: Any, shares: Sequence[Mapping[str, Any]], theme: Theme) -> None:
    real = shares[0]["detail"]["real"]
    bars = [
        (shares[0]["protocol"]["split"], real),
        *((v["protocol"]["weights"], v["detail"]["shares"]) for v in shares),
    ]
    few, width = len(real) <= BARS, 0.84 / len(bars)
    for place, (label, own) in enumerate(bars):
        colour = theme.muted if place == 0 else theme.lines[(place - 1) % len(theme.lines)]
        if few:
            axes.bar(np.arange(len(own)) + (place - (len(bars) - 1) / 2) * width, own, width, color=colour, label=label)
        else:
            there = sorted((share for share in own if share > 0), reverse=True)
            ranks, label = np.arange(1, len(there) + 1), f"{label}: {len(there):,}"
            axes.plot(ranks, there, color=colour, linewidth=1.3, label=label)
    axes.set_title("Shares of classes", loc="left", fontsize=10.5, color=theme.ink)
    said = "class, by the extractor" if few else f"of {len(real):,} classes, by the extractor, the most frequent first"
    axes.set_xlabel(said, color=theme.muted, fontsize=9)
    axes.set_ylim(top=(1 + 0.11 * len(bars)) * max(max(own) for _, own in bars))
    if len(real) <= 20:
        axes.set_xticks(range(len(real)))
