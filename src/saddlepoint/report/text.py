"""Quality against variety of texts: one picture of an evaluation over temperatures."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from saddlepoint.report.figures import LIGHT, Theme, dress


def quality_diversity_figure(
    evaluation: Mapping[str, Any], orders: Sequence[int] = (3, 5), theme: Theme = LIGHT
) -> Figure | None:
    """BLEU-n against self-BLEU-n, a line a generator through its temperatures; left and high is better.

    Points without a temperature, as real texts, are squares. None where the evaluation has no such numbers.

    Args:
        evaluation: one of `evaluation.json`.
        orders: n, a panel each.
        theme: colours.

    Caccia, Caccia, Fedus, Larochelle, Pineau, Charlin 2020, arXiv 1811.02549.
    """
    found: dict[str, dict[str, float]] = defaultdict(dict)
    places: dict[str, tuple[str, float]] = {}
    for value in evaluation.get("values", ()):
        if "bleu_" in value["metric"] and value["value"] is not None:
            name = value["protocol"]["weights"]
            found[name][value["metric"]] = value["value"]
            if "temperature" in value.get("detail", {}):
                places[name] = value["detail"]["curve"], value["detail"]["temperature"]
    if not found:
        return None
    curves = list(dict.fromkeys(curve for curve, _ in places.values()))
    figure = Figure(figsize=(6.0 * len(orders), 4.2), layout="constrained", facecolor=theme.card)
    for panel, n in enumerate(orders, start=1):
        axes = figure.add_subplot(1, len(orders), panel)
        dress(axes, theme)
        points = {name: (own[f"self_bleu_{n}"], own[f"bleu_{n}"]) for name, own in found.items()}
        for number, curve in enumerate(curves):
            names = sorted((name for name in places if places[name][0] == curve), key=lambda name: places[name][1])
            colour = theme.lines[number % len(theme.lines)]
            axes.plot(*zip(*(points[name] for name in names), strict=True), "o-", color=colour, label=curve, ms=4)
            for name in names:
                label = f"{places[name][1]:g}"
                axes.annotate(
                    label, points[name], xytext=(4, 4), textcoords="offset points", fontsize=7.5, color=theme.muted
                )
        for name in points.keys() - places.keys():
            axes.plot(*points[name], "s", color=theme.muted, markersize=6, label=name)
        axes.set_title(f"Quality against variety, by {n}-grams", loc="left", fontsize=10.5, color=theme.ink)
        axes.set_xlabel(f"self-BLEU-{n}; lower is more various", color=theme.muted, fontsize=9)
        axes.set_ylabel(f"BLEU-{n}; higher is more like real texts", color=theme.muted, fontsize=9)
        axes.legend(frameon=False, fontsize=8.5, labelcolor=theme.ink)
    return figure
