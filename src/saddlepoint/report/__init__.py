"""Figures, verdicts on a run in sentences, and the page that shows a run whole."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from saddlepoint.report.verdicts import COLOURS, Finding, Verdict, examine, verdicts

if TYPE_CHECKING:
    from saddlepoint.report.by_name import FIGURES
    from saddlepoint.report.figures import DARK, LIGHT, Theme, as_png, as_svg, curves, save_png, trajectory
    from saddlepoint.report.fork import write_fork
    from saddlepoint.report.page import evidence_of, examine_run, write_curves, write_report
    from saddlepoint.report.remembered import Remembered, listed
    from saddlepoint.report.status import status_lines, status_of

# Where each name lives: imported when it is first used, as a run draws its first figure once it has played a while.
_HOMES = {
    "by_name": ("FIGURES",),
    "figures": ("DARK", "LIGHT", "Theme", "as_png", "as_svg", "curves", "save_png", "trajectory"),
    "fork": ("write_fork",),
    "page": ("evidence_of", "examine_run", "write_curves", "write_report"),
    "remembered": ("Remembered", "listed"),
    "status": ("status_lines", "status_of"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "COLOURS",
    "DARK",
    "FIGURES",
    "LIGHT",
    "Finding",
    "Remembered",
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
    "write_fork",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    """All names, those not imported yet among them."""
    return sorted({*globals(), *__all__})
