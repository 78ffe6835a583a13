"""A run as a notebook shows it."""

import base64
import html
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from saddlepoint.runs.run import Run


def shown(run: "Run") -> str:
    """HTML: how a run stands, its measures, and its newest picture inside the page."""
    pictures = sorted(run.storage.samples.glob("*.png"))
    rows = {"run": str(run.path), "outcome": f"{run.outcome or 'not begun'}: {run.message}".rstrip(": ")}
    for name, number in run.metrics.items():
        words = f" ({number.measure.words})" if number.measure.words else ""
        rows[name] = f"{number.value:.4g}{words}"
    cells = "".join(f"<tr><th>{html.escape(k)}</th><td>{html.escape(v)}</td></tr>" for k, v in rows.items())
    picture = ""
    if pictures:
        data = base64.b64encode(pictures[-1].read_bytes()).decode()
        picture = f'<img alt="samples" style="max-width:480px" src="data:image/png;base64,{data}">'
    return f"<table>{cells}</table>{picture}"
