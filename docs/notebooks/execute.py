"""Execute the notebooks, so that the site shows what they show: `python docs/notebooks/execute.py`."""

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent


def executed(path: Path, folder: Path) -> nbformat.NotebookNode:
    """A notebook with its outputs, run in a folder. Raises CellExecutionError where a cell fails."""
    notebook = nbformat.read(path, as_version=4)
    # A bar of another library that would like widgets: nothing that a reader needs to see.
    os.environ["PYTHONWARNINGS"] = "ignore:IProgress not found"
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
    return notebook


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(path.name for path in FOLDER.glob("*.ipynb")):
        with tempfile.TemporaryDirectory() as folder:
            notebook = executed(FOLDER / name, Path(folder))
        for cell in notebook.cells:
            cell.metadata.pop("execution", None)  # times, which change
        nbformat.write(notebook, FOLDER / name)
