"""The command line in this process: `run("train", "digits")`."""

import sys
from pathlib import Path

import pytest
from commands import TINY, Run, Said

from saddlepoint.cli import main


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command and give what it said."""

    def command(*arguments: str | Path) -> Said:
        monkeypatch.setattr(sys, "argv", ["saddle", *map(str, arguments)])
        capfd.readouterr()
        try:
            main()
            code = 0
        except SystemExit as leave:
            code = leave.code if isinstance(leave.code, int) else int(leave.code is not None)
        said = capfd.readouterr()
        return Said(code, said.out, said.err)

    return command


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder of a generator that was hardly trained."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["saddle", "train", "digits", *TINY, "--samples", "320", "--out", str(folder)])
        with pytest.raises(SystemExit) as leave:
            main()
    assert leave.value.code == 0
    return folder
