"""More than memory holds is a sentence: what was asked for, what there is, what to type."""

import multiprocessing
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from commands import TINY, Run
from saddlepoint.cli import main
from saddlepoint.storage import free_memory, shortage

LIMITED = """
import resource, sys
import torch
from saddlepoint.storage.memory import bound_memory
from saddlepoint.cli.main import main
import saddlepoint.cli.main, saddlepoint.cli.training, saddlepoint.cli.sampling, saddlepoint.report
used = 1024 * next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmSize"))
resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 30), used + (1 << 30)))
sys.argv = ["saddle", *sys.argv[1:]]
main()
"""


def limited(*words: str | Path) -> tuple[int, str]:
    """A command in a process that gets one more gigabyte: its exit code, and what it said."""
    done = subprocess.run([sys.executable, "-c", LIMITED, *map(str, words)], capture_output=True, text=True)
    return done.returncode, " ".join(done.stderr.split())


@pytest.mark.parametrize(
    "words",
    [
        ("-n", 10**12),
        ("--scale", 10**6),
        ("--walk", "w.gif", "--stops", 10**9),
        ("-n", 10**7, "--npz", "x.npz"),
        ("--columns", 10**9),
    ],
)
def test_samples_beyond_memory_are_refused_before_the_work(
    trained: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[object, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("saddlepoint.tasks.model.free_memory", lambda: 10**9)
    said = run("sample", trained, *map(str, words))
    assert said.code in (1, 2)
    assert "of memory" in said.flat or "not enough memory" in said.flat
    assert "are free" in said.flat
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("n", ["1" + "0" * 400, str(2**63), str(-1)])
def test_a_number_that_no_computer_counts_to_is_refused(trained: Path, run: Run, tmp_path: Path, n: str) -> None:
    said = run("sample", trained, "-n", n, "--npz", tmp_path / "x.npz")
    assert said.code == 2
    assert "Traceback" not in said.err


def test_sets_beyond_memory_are_refused(trained: Path, run: Run, tmp_path: Path) -> None:
    said = run("augment", trained, "--per-class", 10**12, "--out", tmp_path / "larger")
    assert said.code == 2
    assert "are free" in said.flat or "trained without classes" in said.flat


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (("train", "digits", "--samples", "64", "--batch-size", "10000000", "--out", "run"), "--batch-size 2500000"),
        (
            (
                *("train", "digits", "--samples", "64", "--out", "run"),
                *("--set", "generator.network={name: mlp-generator, widths: [100000, 100000]}"),
            ),
            "smaller networks",
        ),
        (("train", "digits", "--samples", "64", "--batch-size", str(10**18), "--out", "run"), "--batch-size"),
    ],
)
def test_a_training_beyond_a_limit_of_memory_says_what_to_type(
    tmp_path: Path, words: tuple[str, ...], remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, said = limited(*words)
    assert code == 1, said
    assert "not enough memory" in said
    assert "are free" in said
    assert remedy in said
    assert "Traceback" not in said


def starved(words: list[str], log: Path) -> None:
    """Run a command with next to no more memory than there is; in a process of its own."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdout = sys.stderr = log.open("w")
    lines = Path("/proc/self/status").read_text().splitlines()
    [used] = [int(line.split()[1]) for line in lines if line.startswith("VmSize")]
    resource.setrlimit(resource.RLIMIT_AS, (1024 * used + (8 << 20), 1024 * used + (8 << 20)))
    sys.argv = ["saddle", *words]
    main()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the memory in use is looked up in /proc")
@pytest.mark.parametrize(
    "words",
    [
        ("sample", "-n", "5000", "--npz", "x.npz"),
        ("evaluate", "--samples", "5000", "--features", "pixels"),
        ("report",),
        ("augment", "--per-class", "2000", "--out", "larger"),
        ("export", "--pt2", "x.pt2"),
        ("inspect",),
    ],
)
def test_a_command_that_gets_no_memory_says_so(
    trained: Path, tmp_path: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command, *options = words
    process = multiprocessing.get_context("fork").Process(
        target=starved, args=([command, str(trained), *options], tmp_path / "log")
    )
    process.start()
    process.join(60)
    said = (tmp_path / "log").read_text()
    assert process.exitcode in (0, 1), said  # 0: what was freed before was enough
    assert "Traceback" not in said
    if process.exitcode:
        assert "not enough memory" in said
        assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_what_libraries_say_for_want_of_memory_is_known() -> None:
    import numpy as np

    with pytest.raises(MemoryError) as arrays:
        np.empty(10**16, np.uint8)
    with pytest.raises(RuntimeError) as tensors:
        torch.empty(10**17)
    for error in (arrays.value, tensors.value, torch.OutOfMemoryError("Tried to allocate 20.00 GiB. GPU 0 has 1 GiB")):
        said = shortage(error)
        assert said is not None
        assert "at once was asked for" in said
    assert "21.5 GB" in str(shortage(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")))
    assert shortage(ValueError("there is no recipe")) is None
    assert (free_memory() or 1) > 0


def test_a_dry_run_of_networks_beyond_memory_is_a_sentence(run: Run) -> None:
    said = run("train", "digits", *TINY, "--dry-run", "--set", "generator.network.widths=[10000000,10000000]")
    assert said.code in (0, 1)
    assert "Traceback" not in said.err
