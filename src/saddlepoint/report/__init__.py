"""Figures, the health of a run in sentences, and the page that shows a run whole."""

from saddlepoint.report.figures import DARK, LIGHT, Theme, as_png, as_svg, curves, save_png, trajectory
from saddlepoint.report.health import Finding, examine
from saddlepoint.report.page import examine_run, write_curves, write_report

__all__ = [
    "DARK",
    "LIGHT",
    "Finding",
    "Theme",
    "as_png",
    "as_svg",
    "curves",
    "examine",
    "examine_run",
    "save_png",
    "trajectory",
    "write_curves",
    "write_report",
]
