"""Figures, verdicts on a run in sentences, and the page that shows a run whole."""

from collections.abc import Callable, Mapping
from typing import Any

from matplotlib.figure import Figure

from saddlepoint.report.evaluations import evaluation_figure
from saddlepoint.report.figures import DARK, LIGHT, Theme, as_png, as_svg, curves, save_png, trajectory
from saddlepoint.report.page import evidence_of, examine_run, write_curves, write_report
from saddlepoint.report.perception_distortion import trade_figure
from saddlepoint.report.status import listed, status_lines, status_of
from saddlepoint.report.text import quality_diversity_figure
from saddlepoint.report.verdicts import COLOURS, Finding, Verdict, examine, verdicts

#: Figures of an evaluation by name; each is None where the evaluation has no such numbers.
FIGURES: dict[str, Callable[[Mapping[str, Any]], Figure | None]] = {
    "evaluation": evaluation_figure,
    "quality-diversity": quality_diversity_figure,
    "trade": trade_figure,
}

__all__ = [
    "COLOURS",
    "DARK",
    "FIGURES",
    "LIGHT",
    "Finding",
    "Theme",
    "Verdict",
    "as_png",
    "as_svg",
    "curves",
    "evidence_of",
    "examine",
    "examine_run",
    "listed",
    "save_png",
    "status_lines",
    "status_of",
    "trajectory",
    "verdicts",
    "write_curves",
    "write_report",
]
