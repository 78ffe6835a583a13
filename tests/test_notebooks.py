"""The notebooks run from their first cell to their last, and show what they are there to show."""

import importlib.util
import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "docs" / "notebooks"


def test_notebooks_are_kept_without_what_they_show() -> None:
    for path in FOLDER.glob("*.ipynb"):
        cells = json.loads(path.read_text())["cells"]
        assert [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")] == [], path.name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "shown"),
    [("images", ["frechet", "image/png", "good"]), ("race", ["ReflectedGradient", "image/png", "converged"])],
)
def test_a_notebook_runs(name: str, shown: list[str], tmp_path: Path) -> None:
    pytest.importorskip("nbclient", reason="the extra dev is not installed")
    spec = importlib.util.spec_from_file_location("execute", FOLDER / "execute.py")
    assert spec is not None
    assert spec.loader is not None
    execute = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(execute)
    cells = execute.executed(FOLDER / f"{name}.ipynb", tmp_path).cells
    outputs = str([cell.outputs for cell in cells if cell.cell_type == "code"])
    assert [word for word in shown if word not in outputs] == []
    assert len([cell for cell in cells if cell.cell_type == "code"]) in (5, 6)
