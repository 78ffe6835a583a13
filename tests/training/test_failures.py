"""What ends a run badly: no number, no room, a damaged disk. The last whole state stays, and the message helps."""

import errno
import resource
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from saddlepoint.core import Batch, Batches, Game, Outcome
from saddlepoint.measures import Measure, Number
from saddlepoint.methods import Alternating, Averaged
from saddlepoint.storage import RunFolder, read_records
from saddlepoint.training import Budget, Intervals, Observer, Result, RunFailed, Training
from saddlepoint.training.probe import Probe

#: Of the point: the longer, the better, to see that the best is kept by its direction.
SIZE = Measure("size", "norm of the point", "higher")


class Line(torch.nn.Module):
    """One player: a vector of three numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.value = torch.nn.Parameter(torch.ones(3))


class Notes(Observer):
    """Keeps what a person would have been told."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def said(self, text: str) -> None:
        self.heard.append(text)


class Nothing(Probe):
    """A task that measures and hands over the least that there is."""

    def __init__(self, game: Game) -> None:
        self.game = game

    def monitors(self) -> dict[str, float]:
        return {}

    def score(self) -> list[Number]:
        return [Number(SIZE, float(self.game.point.norm()))]

    def snapshot(self, path: Path) -> None:
        path.touch()

    def deliver(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "done").touch()


Weight = Callable[[int], float]


def play(
    folder: Path,
    samples: int,
    weight: Weight = lambda _: 1.0,
    lr: float = 0.1,
    sick: str = "generator",
    optimizer: type[torch.optim.Optimizer] = torch.optim.SGD,
) -> tuple[Result, Notes]:
    """The bilinear game; at each position the sick player's loss is multiplied by a weight. 10 samples a step."""

    def loss(own: str, sign: float) -> Callable[[Mapping[str, Any], float], torch.Tensor]:
        def value(players: Mapping[str, Any], factor: float) -> torch.Tensor:
            product = sign * (players["generator"].value * players["discriminator"].value).sum()
            return product * factor if own == sick else product

        return value

    players = {"generator": Line(), "discriminator": Line()}
    game = Game(
        players,
        {"generator": loss("generator", 1.0), "discriminator": loss("discriminator", -1.0)},
        {name: optimizer(player.parameters(), lr=lr) for name, player in players.items()},  # type: ignore[call-arg]
    )
    run, notes = RunFolder(folder), Notes()
    run.create()
    training = Training(
        game,
        Averaged(Alternating(), decay=0.5),
        Batches(lambda position: Batch(weight(position), 10)),
        Nothing(game),
        run,
        Budget(samples=samples),
        Intervals(record=10, snapshot=1000, checkpoint=10),
        100,
        notes,
    )
    return training.run(), notes


def assert_all_saved_is_finite(folder: Path) -> None:
    found = list((folder / "checkpoints").glob("[0-9]*"))
    assert found
    for path in found:
        assert all(t.isfinite().all() for t in load_file(path / "weights.safetensors").values())
        state = torch.load(path / "state.pt", weights_only=True)
        for optimizer in state["optimizers"].values():
            for kept in optimizer["state"].values():
                assert all(t.isfinite().all() for t in kept.values() if isinstance(t, torch.Tensor))


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_a_loss_that_is_no_number_ends_the_run_and_keeps_the_last_finite_state(
    tmp_path: Path, player: str, bad: float
) -> None:
    result, _ = play(tmp_path, 1000, lambda position: bad if position >= 50 else 1.0, sick=player)
    assert result.outcome is Outcome.NON_FINITE
    assert result.exit_code == 1
    assert f"the loss of the {player} was not finite at 60 samples (step 6)" in result.message
    assert f"--set {player}.optimizer.lr=" in result.message
    assert "the last finite state is kept" in result.message
    assert_all_saved_is_finite(tmp_path)
    assert [r["steps"] for r in read_records(tmp_path / "metrics.jsonl")] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("samples", [1000, 10], ids=["going on", "as the budget ends"])
def test_a_step_that_overflows_ends_the_run_and_is_not_saved(tmp_path: Path, samples: int) -> None:
    result, _ = play(tmp_path, samples, lambda _: 1e25, lr=1e7)
    assert result.outcome is Outcome.NON_FINITE
    assert result.exit_code == 1
    assert "of the generator was not finite at 10 samples (step 1)" in result.message
    assert "the last checkpoint is the last finite state" in result.message
    assert_all_saved_is_finite(tmp_path)
    assert RunFolder(tmp_path).checkpoints.newest().samples == 0
    assert not (tmp_path / "generator").exists()


def test_a_moment_that_overflows_is_not_saved_although_the_parameters_are_finite(tmp_path: Path) -> None:
    result, _ = play(tmp_path, 1000, lambda p: 1e25 if p >= 50 else 1.0, optimizer=torch.optim.Adam)
    assert result.outcome is Outcome.NON_FINITE
    assert "the generator" in result.message
    assert_all_saved_is_finite(tmp_path)
    assert RunFolder(tmp_path).checkpoints.newest().samples == 50


def test_a_full_disk_while_saving_is_named_and_leaves_the_last_whole_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    straight, _ = play(tmp_path / "straight", 200)
    play(tmp_path / "run", 50)

    def full(path: Path, content: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    with monkeypatch.context() as disk:
        disk.setattr(Path, "write_bytes", full)
        with pytest.raises(RunFailed) as caught:
            play(tmp_path / "run", 200)
    message = str(caught.value)
    assert "the disk is full" in message
    assert "the last whole checkpoint, at 50 samples, is intact" in message
    assert "Make room; the same command then continues" in message
    assert RunFolder(tmp_path / "run").checkpoints.newest().samples == 50
    again, _ = play(tmp_path / "run", 200)
    assert again.metrics == straight.metrics


def test_a_disk_that_really_takes_no_more_is_named_too(tmp_path: Path) -> None:
    """A limit on the size of files fails in the same write as a full disk does, inside the libraries that save."""
    play(tmp_path, 50)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        with pytest.raises(RunFailed, match="File too large; the last whole checkpoint, at 50 samples, is intact"):
            play(tmp_path, 200)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert not list((tmp_path / "checkpoints").glob(".*"))
    assert play(tmp_path, 200)[0].outcome is Outcome.STOPPED


def damage_newest(folder: Path) -> str:
    newest = max((folder / "checkpoints").glob("[0-9]*[0-9]"))
    content = bytearray((newest / "state.pt").read_bytes())
    content[len(content) // 2] ^= 16
    (newest / "state.pt").write_bytes(content)
    return newest.name


def test_a_damaged_checkpoint_costs_only_the_way_from_the_one_before(tmp_path: Path) -> None:
    straight, _ = play(tmp_path / "straight", 200)
    play(tmp_path / "run", 100)
    name = damage_newest(tmp_path / "run")
    again, notes = play(tmp_path / "run", 200)
    assert len(notes.heard) == 1
    assert f"{name} is damaged (the checksum of state.pt does not fit)" in notes.heard[0]
    assert "continuing from the one at 90 samples" in notes.heard[0]
    assert (tmp_path / "run" / "checkpoints" / f"{name}.damaged").is_dir()
    assert again.metrics == straight.metrics
    drop = [{k: v for k, v in r.items() if k != "seconds"} for r in read_records(tmp_path / "run" / "metrics.jsonl")]
    keep = [{k: v for k, v in r.items() if k != "seconds"} for r in read_records(tmp_path / "straight/metrics.jsonl")]
    assert drop == keep


def test_where_every_checkpoint_is_damaged_the_run_begins_again_and_says_so(tmp_path: Path) -> None:
    straight, _ = play(tmp_path, 100)
    damaged = 0
    while list((tmp_path / "checkpoints").glob("[0-9]*[0-9]")):
        name = damage_newest(tmp_path)
        path = tmp_path / "checkpoints" / name
        path.rename(path.with_name(f"x{name}"))
        damaged += 1
    for path in (tmp_path / "checkpoints").glob("x*"):
        path.rename(path.with_name(path.name[1:]))
    again, notes = play(tmp_path, 100)
    assert len(notes.heard) == damaged
    assert all("the run begins again" in said for said in notes.heard)
    assert again.metrics == straight.metrics
