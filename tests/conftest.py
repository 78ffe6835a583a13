"""What every test may ask for."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commands import TINY, Run, Said

# One thread a process: as many processes as cores run tests, and small networks are quickest so.
os.environ.setdefault("OMP_NUM_THREADS", "1")

#: Doctests are sought in modules, and no two modules may be called conftest.
collect_ignore_glob = ["*conftest.py"]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets: SADDLE_TEST_DATA, else `shared/data` beside the repository."""
    given = os.environ.get("SADDLE_TEST_DATA")
    folder = Path(given) if given else Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder} is not there; set SADDLE_TEST_DATA to a folder that has it")
    return folder


@pytest.fixture(scope="session")
def alike() -> Callable[..., list[dict[str, Any]]]:
    """`alike(a, b, "config.yaml", …)`: two run folders have equal records, which it returns, and equal such files."""
    from saddlepoint.storage import RunFolder, read_records  # after the number of threads is set

    def check(one: Path, other: Path, *files: str) -> list[dict[str, Any]]:
        first, second = (
            [{k: v for k, v in record.items() if k != "seconds"} for record in read_records(RunFolder(run).records)]
            for run in (one, other)
        )
        assert first == second != []
        for name in files:
            assert (one / "generator" / name).read_bytes() == (other / "generator" / name).read_bytes()
        return first

    return check


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in this process, as `run("train", "digits")`, and give what it said."""
    from saddlepoint.cli import main

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
    """A run folder of a generator of digits, of classes, that was hardly trained."""
    from saddlepoint.cli import main

    folder = tmp_path_factory.mktemp("trained") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["saddle", "train", "digits", *TINY, "--samples", "320", "--out", str(folder)])
        with pytest.raises(SystemExit) as leave:
            main()
    assert leave.value.code == 0
    return folder
