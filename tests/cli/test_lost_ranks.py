"""One of several processes is lost: all end with a sentence, and the same command goes on from what was saved."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from processes import lines

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds processes by Linux's /proc"),
]

SMALL = ("--samples", "3000", "--every.record", "256", "--every.checkpoint", "512", "--batch-size", "32")
TRAIN = ("train", "digits", "--device", "cpu", "--score.samples", "64", *SMALL)
#: Seconds after which a test gives up; what is promised is 10 and a few.
PATIENCE = 120


class Ranks:
    """Two processes of a launcher, and what they said."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self.said = folder / "said"
        with self.said.open("ab") as said:
            self.process = subprocess.Popen([sys.executable, *command], stdout=said, stderr=said, cwd=folder)

    def pid(self, rank: int) -> int:
        """The process of a rank."""
        for place in Path("/proc").glob("[0-9]*"):
            try:
                words = (place / "environ").read_bytes().split(b"\0")
                command = (place / "cmdline").read_bytes()
                here = (place / "cwd").readlink() == self.said.parent
            except OSError:
                continue
            if here and b"RANK=%d" % rank in words and b"saddlepoint" in command:
                return int(place.name)
        raise AssertionError(self.text)

    def trained(self, run: Path, records: int) -> None:
        """Wait until the run has so many records and a checkpoint of a step."""
        until = time.monotonic() + PATIENCE
        while lines(run) < records or len(list((run / "checkpoints").glob("*"))) < 2:
            assert self.process.poll() is None, self.text
            assert time.monotonic() < until, self.text
            time.sleep(0.02)

    def ended(self) -> int:
        """The exit code."""
        return self.process.wait(PATIENCE)

    @property
    def text(self) -> str:
        """What they said, in one line."""
        return " ".join(self.said.read_text(encoding="utf-8").split())


def running(pid: int) -> bool:
    """Whether a process is there, and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


LAUNCHED = ("-m", "saddlepoint", *TRAIN, "--processes", "2", "--out", "run")


@pytest.mark.parametrize(("lost", "number"), [(0, signal.SIGKILL), (1, signal.SIGSTOP)])
def test_a_process_that_is_lost_ends_all_and_the_same_command_goes_on(tmp_path: Path, lost: int, number: int) -> None:
    run = tmp_path / "run"
    ranks = Ranks(LAUNCHED, tmp_path)
    ranks.trained(run, 8)
    pids = [ranks.pid(0), ranks.pid(1)]
    os.kill(pids[lost], number)
    assert ranks.ended() == 1
    assert not any(map(running, pids))
    assert f"rank {lost}" in ranks.text
    assert "the same command continues it" in ranks.text
    assert "Traceback" not in ranks.text
    ranks = Ranks(LAUNCHED, tmp_path)
    assert ranks.ended() == 0, ranks.text
    assert "continuing" in ranks.text


def test_a_full_disk_ends_all_and_one_says_so(tmp_path: Path) -> None:
    """A limit on the size of files fails in the same write as a full disk does; rank 0 is the one that writes."""
    ranks = Ranks(LAUNCHED, tmp_path)
    ranks.trained(tmp_path / "run", 8)
    pids = [ranks.pid(0), ranks.pid(1)]
    resource.prlimit(pids[0], resource.RLIMIT_FSIZE, (50_000, 50_000))  # below a checkpoint's state, above what it says
    assert ranks.ended() == 1, ranks.text
    assert not any(map(running, pids))
    assert "Make room" in ranks.text
    assert "Traceback" not in ranks.text
    assert ranks.text.lower().count("error:") == 1


def test_torchrun_starts_all_again_and_they_go_on(tmp_path: Path) -> None:
    run = tmp_path / "run"
    launcher = ("-m", "torch.distributed.run", "--nproc-per-node", "2", "--max-restarts", "2", "--rdzv-backend", "c10d")
    command = (*launcher, "--rdzv-endpoint", "127.0.0.1:0", "-m", "saddlepoint", *TRAIN, "--out", "run")
    ranks = Ranks(command, tmp_path)
    ranks.trained(run, 8)
    os.kill(ranks.pid(1), signal.SIGKILL)
    assert ranks.ended() == 0, ranks.text
    assert "continuing" in ranks.text


def test_a_checkpoint_and_a_stop_that_are_asked_for_from_outside_reach_all(tmp_path: Path) -> None:
    run = tmp_path / "run"
    longer = [word if word != "3000" else "10000000" for word in LAUNCHED]
    ranks = Ranks(longer, tmp_path)
    ranks.trained(run, 2)
    for request, said in (("checkpoint", "checkpoint"), ("stop", "stopped")):
        asked = [sys.executable, "-m", "saddlepoint", request, str(run)]
        answer = subprocess.run(asked, capture_output=True, text=True, timeout=PATIENCE)
        assert answer.returncode == 0, answer.stderr
        assert said in answer.stdout + answer.stderr
    ranks.ended()
    assert "Traceback" not in ranks.text
    assert "To go on: saddle train" in ranks.text
