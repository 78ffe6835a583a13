"""The best checkpoint is the best by the direction of the score, and the run says what that is."""

import json
from pathlib import Path

import pytest
import torch

from saddlepoint.core import Batch, Batches, Game
from saddlepoint.measures import Measure, Number
from saddlepoint.methods import Simultaneous
from saddlepoint.storage import RunFolder
from saddlepoint.training import Budget, Intervals, Observer, Result, Training
from saddlepoint.training.probe import Probe


class Place(torch.nn.Module):
    """One number, that begins at 1."""

    def __init__(self) -> None:
        super().__init__()
        self.at = torch.nn.Parameter(torch.ones(()))


class Judge(Probe):
    """Where the player is, and a number of which nobody knows which way it is good."""

    def __init__(self, player: Place, score: Measure) -> None:
        self.player, self.measure = player, score

    def monitors(self) -> dict[str, float]:
        return {}

    def score(self) -> list[Number]:
        return [Number(self.measure, self.player.at.item()), Number(Measure("odd", "", "none"), 1.0)]

    def snapshot(self, path: Path) -> None:
        path.touch()

    def deliver(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)


def play(folder: Path, score: Measure) -> tuple[RunFolder, Result]:
    """Ten steps of one sample from 1 down to 0, a checkpoint at each."""
    player, run = Place(), RunFolder(folder)
    run.create()
    game = Game(
        {"player": player},
        {"player": lambda players, _: players["player"].at},
        {"player": torch.optim.SGD(player.parameters(), lr=0.1)},
    )
    every = Intervals(record=1, snapshot=1000, checkpoint=1)
    batches = Batches(lambda _: Batch(None, 1))
    training = Training(
        game, Simultaneous(), batches, Judge(player, score), run, Budget(samples=10), every, 100, Observer()
    )
    return run, training.run()


@pytest.mark.parametrize(
    ("score", "best"),
    [
        (Measure("place", "", "lower"), 10),
        (Measure("place", "", "higher"), 1),
        (Measure("place", "", "target", target=0.6), 4),
    ],
)
def test_the_best_checkpoint_stays_whichever_way_is_good(tmp_path: Path, score: Measure, best: int) -> None:
    run, result = play(tmp_path, score)
    kept = run.checkpoints.best()
    assert kept is not None
    assert kept.samples == best
    assert {c.samples for c in run.checkpoints.whole()} == {best, 9, 10}
    assert result.metrics["place"].measure == score


def test_a_score_without_a_direction_makes_no_checkpoint_the_best(tmp_path: Path) -> None:
    run, _ = play(tmp_path, Measure("place", "", "none"))
    assert run.checkpoints.best() is None


def test_the_run_says_which_way_its_metrics_are_good(tmp_path: Path) -> None:
    run, _ = play(tmp_path, Measure("place", "where it is", "target", target=0.6, unit="m"))
    found = json.loads(run.identity.read_text())["measures"]
    assert found["place"] == {"direction": "target", "target": 0.6, "summary": "where it is", "unit": "m"}
    assert found["odd"]["direction"] == "none"
