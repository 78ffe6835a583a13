"""The trade between being right and looking right: one picture of an evaluation of an enhancer."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from saddlepoint.report.figures import LIGHT, Theme, dress


def trade_figure(evaluation: Mapping[str, Any], theme: Theme = LIGHT) -> Figure | None:
    """PSNR against the Fréchet distance: the way between the stages a line, what lies on no such way points.

    Right and low is better. None where the evaluation has not both numbers of anything.

    Args:
        evaluation: one of `evaluation.json`.
        theme: colours.

    Blau, Michaeli 2018, "The perception-distortion tradeoff", arXiv 1711.06077.
    """
    found: dict[str, dict[str, float]] = defaultdict(dict)
    strengths: dict[str, float] = {}
    extractor = ""
    for value in evaluation.get("values", ()):
        if value["metric"] in ("psnr", "frechet") and value["value"] is not None:
            name = value["protocol"]["weights"]
            found[name][value["metric"]] = value["value"]
            extractor = value["protocol"]["extractor"]
            if "strength" in value.get("detail", {}):
                strengths[name] = value["detail"]["strength"]
    points = {name: (own["psnr"], own["frechet"]) for name, own in found.items() if len(own) == 2}
    if not points:
        return None
    figure = Figure(figsize=(6.4, 4.2), layout="constrained", facecolor=theme.card)
    axes = figure.add_subplot()
    dress(axes, theme)
    way = sorted((name for name in points if name in strengths), key=strengths.__getitem__)
    if way:
        x, y = zip(*(points[name] for name in way), strict=True)
        axes.plot(x, y, "o-", color=theme.lines[0], markersize=5, linewidth=1.5)
    rest = [name for name in points if name not in strengths]
    for place, name in enumerate(rest, start=1):
        axes.plot(*points[name], "s", color=theme.lines[place % len(theme.lines)], markersize=6)
    for name in [*way, *rest]:
        axes.annotate(name, points[name], xytext=(6, 5), textcoords="offset points", fontsize=8, color=theme.muted)
    axes.margins(0.16)
    axes.set_title("Distortion against perception", loc="left", fontsize=10.5, color=theme.ink)
    axes.set_xlabel("PSNR, dB; higher is closer to the clean image", color=theme.muted, fontsize=9)
    axes.set_ylabel(f"Fréchet distance ({extractor}); lower looks more natural", color=theme.muted, fontsize=9)
    axes.set_ylim(bottom=0)
    return figure
