"""`auto` plays eagerly, then by graphs, and writes where before it does; what can't be compiled begins no run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import Batch, Batches, Game
from saddlepoint.engine import Untraceable
from saddlepoint.engine.step import Interpreted, Program
from saddlepoint.measures import Number
from saddlepoint.methods import Simultaneous
from saddlepoint.storage import RunFolder
from saddlepoint.training import Budget, Intervals, Observer, Training, engine
from saddlepoint.training.probe import Probe

#: What a program of these tests adds to the first tensor of the state: rounding, by which it can be told from eager.
ROUNDING = 1e-11


class Rounding(Interpreted):
    """A graph as it is, but for rounding; there at once."""

    def wait(self) -> Program:
        def program(*tensors: torch.Tensor) -> Any:
            told = self.graph(*tensors)
            tensors[1].add_(ROUNDING)
            return told

        return program


class Quick:
    """In the place of the C++ compiler."""

    def __init__(self, _cache: Path, products: str | None = None) -> None:
        self.products = products or "onednn"

    def __call__(self, graph: torch.fx.GraphModule, inputs: Any) -> Rounding:
        return Rounding(graph, inputs)


class Point(torch.nn.Module):
    """One player: a vector of three numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.value = torch.nn.Parameter(torch.ones(3, dtype=torch.float64))


class Silent(Probe):
    """Measures nothing."""

    def monitors(self) -> dict[str, float]:
        return {}

    def score(self) -> list[Number]:
        return []

    def snapshot(self, path: Path) -> None:
        path.touch()

    def deliver(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)


class Killed(BaseException):
    """As by `kill -9`: nothing is saved after it."""


class Watching(Observer):
    """Does something when the run says something."""

    def __init__(self, does: Callable[[str], None]) -> None:
        self.said = does  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No compiler, and no clock: `auto` asks at the first checkpoint after two steps, and always changes over."""
    monkeypatch.setattr("saddlepoint.engine.PackageCompiler", Quick)
    monkeypatch.setattr(engine, "compiler", lambda: "a compiler")
    monkeypatch.setattr(engine, "WORTH", 0.0)
    monkeypatch.setattr(engine, "TIMED", 2)
    monkeypatch.setattr(engine, "GAIN", float("inf"))


def play(
    folder: Path, name: engine.EngineName = "auto", killed_at: float = float("inf"), does: Any = lambda _: None
) -> list[list[float]]:
    """Twelve steps of one sample, a checkpoint every third, with objects that are made anew; where each step began."""
    player, run, way = Point(), RunFolder(folder), {}
    if not run.path.exists():
        run.create()
        run.write_identity(name=folder.name)
    optimizer = torch.optim.SGD(player.parameters(), lr=0.1, momentum=0.5)
    losses = {"player": lambda p, x: (p["player"].value - x).square().sum()}
    game = Game({"player": player}, losses, {"player": optimizer})

    def draw(position: int) -> Batch:
        if position == killed_at:
            raise Killed
        way[position] = player.value.tolist()  # steps that are played to look ahead are overwritten
        return Batch(torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64) * position, 1)

    every, budget = Intervals(record=100, snapshot=100, checkpoint=3), Budget(samples=12)
    observer, batches = Watching(does), Batches(draw)
    training = Training(game, Simultaneous(), batches, Silent(), run, budget, every, 100, observer, engine=name)
    training.run()
    way[12] = player.value.tolist()
    return [way[position] for position in sorted(way)]


def engine_of(folder: Path) -> Any:
    return RunFolder(folder).read_identity().get("engine")


def test_auto_is_eager_first_and_compiled_from_where_run_json_says(tmp_path: Path) -> None:
    heard: list[tuple[str, Any]] = []
    auto = play(tmp_path / "auto", does=lambda text: heard.append((text, engine_of(tmp_path / "auto"))))
    assert engine_of(tmp_path / "auto") == {"compiled_from": 6, "products": "onednn"}
    # It was written before it was said, and said before a step was compiled.
    ((text, written),) = heard
    assert "compiled from here on" in text
    assert written == engine_of(tmp_path / "auto")
    eager, compiled = play(tmp_path / "eager", "eager"), play(tmp_path / "compiled", "compiled")
    assert engine_of(tmp_path / "eager") is None
    assert engine_of(tmp_path / "compiled")["compiled_from"] == 0
    assert [a == b for a, b in zip(auto, eager, strict=True)] == [True] * 7 + [False] * 6
    # The first step makes the memory of the optimizer.
    assert [a == b for a, b in zip(compiled, eager, strict=True)] == [True] * 2 + [False] * 11


def test_auto_that_is_killed_once_it_changed_over_continues_bit_for_bit(tmp_path: Path) -> None:
    whole = play(tmp_path / "whole")

    def kill(_: str) -> None:
        raise Killed

    for name, how in {"at once": {"does": kill}, "later": {"killed_at": 10}}.items():
        with pytest.raises(Killed):
            play(tmp_path / name, **how)  # type: ignore[arg-type]
        assert engine_of(tmp_path / name)["compiled_from"] == 6
        assert play(tmp_path / name)[-1] == whole[-1]
        assert engine_of(tmp_path / name) == engine_of(tmp_path / "whole")
    # Also from a checkpoint before that.
    for checkpoint in RunFolder(tmp_path / "later").checkpoints.whole():
        if checkpoint.samples > 6:
            (checkpoint.path / "weights.safetensors").unlink()
    assert play(tmp_path / "later")[-1] == whole[-1]


def test_a_compiler_that_fails_is_told_once_and_steps_are_eager(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Rounding) -> Program:
        raise Untraceable("it can't be compiled: no space left")

    monkeypatch.setattr(Rounding, "wait", fail)
    monkeypatch.setattr(Rounding, "ready", fail)
    heard: list[str] = []
    assert play(tmp_path / "compiled", "compiled", does=heard.append) == play(tmp_path / "eager", "eager")
    assert heard == ["steps of this kind stay eager: it can't be compiled: no space left"]


def test_auto_stays_eager_where_graphs_are_not_quicker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "GAIN", 0.0)
    heard: list[str] = []
    assert play(tmp_path / "auto", does=heard.append) == play(tmp_path / "eager", "eager")
    assert [text.split(":")[0] for text in heard] == ["steps stay eager"]
    assert engine_of(tmp_path / "auto") is None


def test_a_run_that_was_compiled_and_can_not_be_here_is_told_to_go_on_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("auto", "compiled"):
        with pytest.raises(Killed):
            play(tmp_path / name, name, killed_at=10)  # type: ignore[arg-type]
    monkeypatch.setattr(engine, "compiler", lambda: None)
    for name, since in (("auto", 6), ("compiled", 0)):
        with pytest.raises(
            ConfigurationError, match=f"compiled from {since} samples on.* no C\\+\\+ compiler.* keeps its"
        ):
            play(tmp_path / name, name)  # type: ignore[arg-type]


def test_a_game_that_cannot_be_compiled_begins_no_run(run: Any, tmp_path: Path) -> None:
    said = run(
        "train", "ring", "--method", "agraal", "--engine", "compiled", "--samples", "512", "--out", tmp_path / "a"
    )
    assert said.code == 2
    assert "engine=compiled: a step of this game can't be compiled, as it reads" in said.err
    assert not (tmp_path / "a").exists()
