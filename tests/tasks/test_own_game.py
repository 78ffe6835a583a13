"""Games of a caller's own through the same run: resume, averages, records, report."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import saddlepoint as sp
from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import Batch


def game() -> sp.Game:
    torch.manual_seed(0)
    players = {
        "generator": nn.Linear(2, 2),
        "critic": nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Dropout(0.1), nn.Linear(16, 1)),
    }

    def generator_loss(players: Any, batch: Any) -> Tensor:
        return -players["critic"](players["generator"](batch["noise"])).mean()

    def critic_loss(players: Any, batch: Any) -> Tensor:
        real, made = players["critic"](batch["data"]), players["critic"](players["generator"](batch["noise"]))
        return made.mean() - real.mean() + 0.1 * (real**2 + made**2).mean()

    optimizers = {name: torch.optim.Adam(p.parameters(), lr=1e-2, betas=(0.0, 0.99)) for name, p in players.items()}
    return sp.Game(players, {"generator": generator_loss, "critic": critic_loss}, optimizers)


def batch_at(position: int) -> Batch:
    source = torch.Generator().manual_seed(position)
    value = {"data": 3 + torch.randn(32, 2, generator=source), "noise": torch.randn(32, 2, generator=source)}
    return Batch(value, 32, position)


def iterator() -> Iterator[Any]:
    position = 0
    while True:
        yield batch_at(position).value
        position += 32


def distance(players: Any) -> dict[str, float]:
    return {"distance": float((players["generator"](torch.zeros(1, 2)) - 3).norm())}


def draw(players: Any, n: int, source: torch.Generator) -> Tensor:
    made: Tensor = players["generator"](torch.randn(n, 2, generator=source))
    return made


def train(data: object, out: Path, samples: int, **more: Any) -> sp.Run:
    from saddlepoint.training import Intervals

    every = Intervals(record=320, snapshot=640, checkpoint=320)
    return sp.train(
        game(), data=data, samples=samples, out=out, average=1000, every=every, metrics=distance, sample=draw, **more
    )


@pytest.mark.parametrize(
    ("method", "data"),
    [
        ("extragradient", "function"),
        (sp.Lookahead(k=5), "iterator"),
        pytest.param(sp.Alternating(), "iterator", marks=pytest.mark.slow),
    ],
)
def test_a_game_of_ones_own_resumes_exactly(method: Any, data: str, tmp_path: Path) -> None:
    def batches() -> sp.Batches:
        return sp.Batches(batch_at) if data == "function" else sp.Batches.of(iterator(), size=32)

    whole = train(batches(), tmp_path / "whole", 1280, method=method)
    train(batches(), tmp_path / "halves", 640, method=method)
    halves = train(batches(), tmp_path / "halves", 1280, method=method)
    assert torch.equal(whole.sample(9, seed=2), halves.sample(9, seed=2))
    assert {n: float(v) for n, v in whole.metrics.items()} == {n: float(v) for n, v in halves.metrics.items()}
    assert [r["losses"] for r in whole.history] == [r["losses"] for r in halves.history]
    assert set(whole.history[-1]["monitors"]) == {"generator_gradient_norm", "critic_gradient_norm"}
    assert whole.metrics["distance"].measure.words == "lower is better"
    assert list((tmp_path / "whole" / "samples").glob("*.png"))
    assert "distance" in sp.evaluate(halves)["distance"].__repr__()
    assert (tmp_path / "whole" / "report.html").exists()


@pytest.mark.slow
def test_every_method_plays_players_of_any_names(tmp_path: Path) -> None:
    for name, kind in sp.METHODS.items():
        run = sp.train(game(), data=sp.Batches(batch_at), method=name, samples=64, out=tmp_path / name)
        assert run.outcome in ("stopped", "non-finite"), (name, kind, run.message)


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="the run has no end: give samples="):
        sp.train(game(), data=sp.Batches(batch_at), out=tmp_path / "a")
    with pytest.raises(ConfigurationError, match="takes batches, not Tensor"):
        sp.train(game(), data=torch.zeros(3), samples=32, out=tmp_path / "a")
    with pytest.raises(ConfigurationError, match="no setting 'metric': did you mean 'metrics'"):
        sp.train(game(), data=sp.Batches(batch_at), samples=32, metric=distance, out=tmp_path / "a")
    run = sp.train(game(), data=sp.Batches(batch_at), samples=32, out=tmp_path / "b")
    with pytest.raises(ConfigurationError, match="came without a way to draw"):
        run.sample(3)
    with pytest.raises(ConfigurationError, match="a network of your own"):
        sp.load(tmp_path / "b")
