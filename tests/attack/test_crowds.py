"""Many processes at once, signals that come twice, and parents that die."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from commands import TINY, Run
from processes import Saddle, lines, saddle
from saddlepoint.storage import RunFolder, append_evaluation, read_evaluations

WORDS = ("train", "digits", *TINY, "--set", "every.record=32", "--set", "every.checkpoint=64", "--keep-schedules")


def command(folder: Path, samples: int) -> list[str]:
    return [*WORDS, "--set", "every.snapshot=9999", "--samples", str(samples), "--out", str(folder)]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


@pytest.mark.slow
def test_ten_processes_on_one_folder_make_one_run(tmp_path: Path, alike: Any) -> None:
    crowd = [Saddle(command(tmp_path / "run", 640), tmp_path / f"log{number}") for number in range(10)]
    codes = [process.wait() for process in crowd]
    assert set(codes) <= {0, 1}
    assert 0 in codes
    for process, code in zip(crowd, codes, strict=True):
        assert "Traceback" not in process.text
        if code:
            assert "another process is training in" in process.text
    assert saddle(command(tmp_path / "alone", 640), tmp_path / "log")[0] == 0
    records = alike(tmp_path / "run", tmp_path / "alone", "generator.safetensors", "config.yaml")
    assert len(records) == 640 // 32
    assert not list((tmp_path / "run").rglob("*.partial"))


@pytest.mark.slow
def test_ten_processes_that_write_one_file_leave_one_of_their_files(trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "out" / "samples.npz"
    out.parent.mkdir()
    wanted = set()
    for seed in range(10):
        assert saddle(["sample", str(trained), "--seed", str(seed), "--npz", str(out)], tmp_path / "log")[0] == 0
        wanted.add(out.read_bytes())
    crowd = [
        Saddle(["sample", str(trained), "--seed", str(seed), "--npz", str(out)], tmp_path / f"log{seed}")
        for seed in range(10)
    ]
    assert [process.wait() for process in crowd] == [0] * 10
    assert len(wanted) == 10
    assert out.read_bytes() in wanted
    assert [path.name for path in out.parent.iterdir()] == ["samples.npz"]


@pytest.mark.slow
def test_a_set_that_another_process_is_writing_is_left_to_it(trained: Path, run: Run, tmp_path: Path) -> None:
    from filelock import FileLock

    words = ("augment", trained, "--per-class", 2, "--out", tmp_path / "larger")
    half = tmp_path / ".larger.partial"
    half.mkdir()
    (half / "mine.png").write_text("half")
    with FileLock(tmp_path / ".larger.lock"):
        said = run(*words)
    assert (said.code, "another process is writing" in said.flat) == (1, True)
    assert [path.name for path in half.iterdir()] == ["mine.png"]
    assert run(*words).code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["larger"]


def test_a_comparison_with_baselines_that_goes_on_is_left_to_its_process(run: Run, tmp_path: Path) -> None:
    from filelock import FileLock

    words = ("compare", "digits", "--baselines", "--samples", 32, "--out", tmp_path / "beside")
    with FileLock(tmp_path / ".beside.lock"):
        said = run(*words)
    assert (said.code, "another process is writing" in said.flat) == (1, True)
    assert not (tmp_path / "beside").exists()


def test_evaluations_of_many_at_once_are_all_kept(tmp_path: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda number: append_evaluation(tmp_path / "evaluation.json", {"number": number}), range(18)))
    assert sorted(each["number"] for each in read_evaluations(tmp_path / "evaluation.json")) == list(range(18))


@pytest.mark.slow
def test_a_second_signal_ends_a_run_at_once_and_nothing_is_lost(tmp_path: Path, alike: Any) -> None:
    run = tmp_path / "run"
    process = Saddle(command(run, 32 * 20), tmp_path / "log")
    until(lambda: lines(run) > 4 or not process.running)
    process.signal(signal.SIGSTOP)  # so that both are there when it looks
    process.signal(signal.SIGINT)
    process.signal(signal.SIGTERM)
    process.signal(signal.SIGCONT)
    assert process.wait() == 130
    assert "Traceback" not in process.text
    assert RunFolder(run).checkpoints.newest().samples < 32 * 20
    assert saddle(command(run, 32 * 20), tmp_path / "log2")[0] == 0
    assert saddle(command(tmp_path / "alone", 32 * 20), tmp_path / "log3")[0] == 0
    alike(run, tmp_path / "alone", "generator.safetensors", "config.yaml")


def children(pid: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except OSError:
            continue
        if fields["PPid"].strip() == str(pid):
            found.append(int(status.parent.name))
    return found


def gone(pid: int) -> bool:
    try:
        return "Z (zombie)" in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="processes are looked up in /proc")
@pytest.mark.parametrize(
    "words",
    [
        ("map", "bilinear", "--method", "competitive", "--grid", "20", "--iterations", "20000", "--jobs", "2"),
        ("compare", "digits", "--methods", "alternating,extragradient", "--seeds", "2", "--jobs", "2", "--out", "c"),
    ],
)
def test_workers_leave_where_their_parent_dies(tmp_path: Path, words: tuple[str, ...]) -> None:
    program = [sys.executable, "-m", "saddlepoint", *words]
    with subprocess.Popen(program, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as parent:
        until(lambda: len(children(parent.pid)) >= 3)  # two, and what Python keeps beside them
        time.sleep(5)  # they are at work, or still begin: both have to leave
        workers = children(parent.pid)
        os.kill(parent.pid, signal.SIGKILL)
        until(lambda: all(map(gone, workers)))
        assert parent.stderr is not None
        assert b"Traceback" not in parent.stderr.read()
