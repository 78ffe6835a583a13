"""Figures of an evaluation that `saddle evaluate` draws, by name."""

from collections.abc import Callable, Mapping
from typing import Any

from matplotlib.figure import Figure

from saddlepoint.report.evaluations import evaluation_figure
from saddlepoint.report.perception_distortion import trade_figure
from saddlepoint.report.text import quality_diversity_figure

#: Each is None where the evaluation has no such numbers.
FIGURES: dict[str, Callable[[Mapping[str, Any]], Figure | None]] = {
    "evaluation": evaluation_figure,
    "quality-diversity": quality_diversity_figure,
    "trade": trade_figure,
}
