"""Work in processes that are killed."""

import os
import signal
from functools import partial
from pathlib import Path

import pytest

from saddlepoint.comparison import DEATHS, gathered
from saddlepoint.training import RunFailed


def begin() -> None:
    """Nothing to set up."""


def square(folder: Path, deaths: int, number: int) -> int:
    """The square; but for so many times, 3 kills its process."""
    if number == 3:
        for death in range(deaths):
            try:
                (folder / str(death)).touch(exist_ok=False)
            except FileExistsError:
                continue
            os.kill(os.getpid(), signal.SIGKILL)
    return number**2


@pytest.mark.slow
@pytest.mark.parametrize("deaths", [1, 2])
def test_what_a_killed_process_had_is_begun_again(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], deaths: int
) -> None:
    watched: list[int] = []
    found = gathered(partial(square, tmp_path, deaths), range(5), 2, begin=begin, watch=watched.append)
    assert found == [0, 1, 4, 9, 16]
    assert capfd.readouterr().err.count("a process died") == deaths
    assert watched == sorted(watched)


@pytest.mark.slow
def test_work_that_kills_every_process_ends_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RunFailed, match="the same command goes on, with --jobs 1 if so"):
        gathered(partial(square, tmp_path, 99), [3], 2, begin=begin, watch=lambda _: None)
    assert len(list(tmp_path.iterdir())) == DEATHS
