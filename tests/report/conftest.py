"""Run folders for tests of the page."""

from pathlib import Path

import pytest
from made_up_run import healthy, write_run


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """A run that has ended, of 12 records of losses alone, with 3 snapshots: quick to draw."""
    records = healthy(12)
    for record in records:
        del record["monitors"], record["metrics"]
    return write_run(tmp_path / "digits", records, snapshots=3)
