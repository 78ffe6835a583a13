"""Real processes, killed, signalled, crowded or without room, come to the result of the uninterrupted one."""

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from processes import Saddle, lines, saddle
from saddlepoint.storage import RunFolder, read_records

#: A record and a checkpoint every step or two, so that most of the time goes into writing them.
TINY = (
    *("train", "digits", "--size", "8", "--device", "cpu", "--batch-size", "32"),
    *("--set", "latent.size=6"),
    *("--set", "generator.network={name: mlp-generator, widths: [12]}"),
    *("--set", "discriminator.network={name: mlp-discriminator, widths: [12]}"),
    *("--set", "every.record=32", "--set", "every.checkpoint=64", "--set", "every.snapshot=640", "--keep-schedules"),
)
SAMPLES = 32 * 24
PATIENCE = 120


def command(folder: Path, samples: int = SAMPLES) -> list[str]:
    return [*TINY, "--samples", str(samples), "--out", str(folder)]


def records_of(folder: Path) -> list[dict[str, Any]]:
    return [{k: v for k, v in r.items() if k != "seconds"} for r in read_records(folder / "metrics.jsonl")]


def assert_same_run(folder: Path, straight: Path) -> None:
    """Weights, optimizers, averages, records and the generator are those of the run that was never stopped."""
    assert records_of(folder) == records_of(straight)
    assert len(records_of(folder)) == SAMPLES // 32
    mine, theirs = RunFolder(folder).checkpoints.newest(), RunFolder(straight).checkpoints.newest()
    assert mine.samples == theirs.samples == SAMPLES
    weights, expected = (load_file(c.path / "weights.safetensors") for c in (mine, theirs))
    assert weights.keys() == expected.keys()
    assert all(weights[key].equal(expected[key]) for key in weights)
    for file in (
        "generator/generator.safetensors",
        "generator/config.yaml",
        f"samples/{SAMPLES:012d}.png",
        "config.yaml",
    ):
        assert (folder / file).read_bytes() == (straight / file).read_bytes(), file
    here, there = (json.loads((run / "run.json").read_text()) for run in (folder, straight))
    for key in ("outcome", "samples", "steps", "evaluations", "metrics"):
        assert here[key] == there[key]


def until(condition: Callable[[], bool], run: Saddle) -> None:
    """Wait for a condition, or for the process to end."""
    deadline = time.monotonic() + PATIENCE
    while run.running and not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.0005)


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run that nothing interrupts."""
    folder = tmp_path_factory.mktemp("straight")
    code, text = saddle(command(folder / "run"), folder / "log")
    assert code == 0, text
    return folder / "run"


def kill_until_done(folder: Path, straight: Path, moments: Callable[[], Callable[[], bool]], kills: int) -> None:
    run = folder / "run"
    killed = 0
    for _ in range(kills):
        process = Saddle(command(run), folder / "log")
        until(moments(), process)
        process.signal(signal.SIGKILL) if process.running else None
        killed += process.wait() == -signal.SIGKILL
    assert killed
    code, text = saddle(command(run), folder / "log")
    assert code == 0, text
    assert "Traceback" not in text
    assert_same_run(run, straight)


@pytest.mark.slow
def test_a_run_killed_between_records_ends_as_if_it_was_not(straight: Path, tmp_path: Path) -> None:
    def moments() -> Callable[[], bool]:
        begin = lines(tmp_path / "run")
        return lambda: lines(tmp_path / "run") > begin + 5

    kill_until_done(tmp_path, straight, moments, kills=2)


@pytest.mark.slow
def test_a_run_killed_during_saves_ends_as_if_it_was_not(straight: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run/checkpoints"
    dice = random.Random(0)

    def moments() -> Callable[[], bool]:
        left = dice.randrange(1, 6)  # how many half-written checkpoints are let through
        seen: set[Path] = set()

        def now() -> bool:
            seen.update(folder.glob(".*.partial"))
            return len(seen) > left and bool(list(folder.glob(".*.partial")))

        return now

    kill_until_done(tmp_path, straight, moments, kills=3)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_run_killed_at_random_moments_ends_as_if_it_was_not(straight: Path, tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)

    def moments() -> Callable[[], bool]:
        end = time.monotonic() + dice.uniform(0, 2)
        return lambda: time.monotonic() > end

    kill_until_done(tmp_path, straight, moments, kills=10)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow)]
)
def test_a_signal_saves_says_how_to_go_on_and_going_on_ends_as_if_it_had_not_come(
    straight: Path, tmp_path: Path, number: int, code: int
) -> None:
    run = tmp_path / "run"
    process = Saddle(command(run), tmp_path / "log")
    until(lambda: lines(run) > 10, process)
    process.signal(number)
    assert process.wait() == code
    assert f"stopped by {signal.Signals(number).name}" in process.text
    assert f"To go on: saddle train {run}/config.yaml --out {run}" in process.text
    identity = json.loads((run / "run.json").read_text())
    assert identity["state"] == "ended"
    assert identity["outcome"] == "stopped"
    newest = RunFolder(run).checkpoints.newest()
    assert 10 * 32 <= newest.samples == identity["samples"] < SAMPLES
    assert (run / "generator/generator.safetensors").exists()
    # What it said is what continues it; the configuration holds the same budget.
    again, text = saddle(["train", str(run / "config.yaml"), "--out", str(run)], tmp_path / "log2")
    assert again == 0, text
    assert "continuing" in text
    assert_same_run(run, straight)


@pytest.mark.slow
def test_the_installed_command_itself_obeys_a_signal(tmp_path: Path) -> None:
    run = tmp_path / "run"
    program = [sys.executable, "-c", "from saddlepoint.cli import main; main()", *command(run, 10_000_000), "--json"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + PATIENCE
        while lines(run) < 3:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        stdout, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == 143
    assert "To go on:" in stderr
    summary = json.loads(stdout.splitlines()[-1])
    assert summary["outcome"] == "stopped"
    assert summary["samples"] == RunFolder(run).checkpoints.newest().samples


def test_a_second_process_on_one_folder_is_refused_and_the_first_goes_on(straight: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    first = Saddle(command(run), tmp_path / "log")
    until(lambda: lines(run) > 2, first)
    first.signal(signal.SIGSTOP)  # so that it is surely still there
    try:
        code, text = saddle(command(run), tmp_path / "second")
    finally:
        first.signal(signal.SIGCONT)
    assert code == 1
    assert f"another process is training in {run}" in text
    assert "Traceback" not in text
    assert first.wait() == 0
    assert_same_run(run, straight)


@pytest.mark.slow
def test_a_disk_that_takes_no_more_exits_1_with_the_last_whole_checkpoint_intact(
    straight: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    assert saddle(command(run, SAMPLES // 2), tmp_path / "log")[0] == 0
    state = RunFolder(run).checkpoints.newest().path / "state.pt"
    code, text = saddle(command(run), tmp_path / "full", limit=state.stat().st_size - 1)
    assert code == 1
    assert "can't write to" in text
    assert f"at {SAMPLES // 2:,} samples, is intact" in text
    assert "Traceback" not in text
    assert RunFolder(run).checkpoints.newest().samples == SAMPLES // 2
    code, text = saddle(command(run), tmp_path / "log")
    assert code == 0, text
    assert_same_run(run, straight)


@pytest.mark.slow
def test_a_disk_that_takes_nothing_at_all_is_an_error_without_a_traceback(straight: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    code, text = saddle(command(run), tmp_path / "log", limit=200)
    assert code == 1
    assert "error:" in text
    assert "Traceback" not in text
    assert saddle(command(run), tmp_path / "log2")[0] == 0
    assert_same_run(run, straight)
