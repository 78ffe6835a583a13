"""What a session's time went to: steps, the data that they drew, and all that is no step."""

import time
from types import SimpleNamespace

import pytest

from playing import built
from saddlepoint.configuration import assign
from saddlepoint.core import batches
from saddlepoint.storage import RunFolder
from saddlepoint.tasks import recipe_named
from saddlepoint.training import Observer, loop


class Clock:
    """One that moves where it is told to."""

    now = 0.0

    def read(self):
        return self.now


def test_times_are_those_of_steps_data_and_the_rest(tmp_path, monkeypatch):
    clock = Clock()
    fake = SimpleNamespace(monotonic=clock.read, perf_counter=clock.read, time=time.time)
    for module in (loop, batches):
        monkeypatch.setattr(module, "time", fake)
    config = assign(recipe_named("ring"), ["device=cpu", "average=none", "budget.samples=1024", "batch_size=256"])
    run = RunFolder(tmp_path / "run")
    run.create()
    training = built(config).training(run, Observer())
    draw, update = training.batches.draw, type(training.method).update

    def spend(seconds, function):
        def spending(*arguments):
            clock.now += seconds
            return function(*arguments)

        return spending

    training.batches.draw = spend(2.0, draw)
    monkeypatch.setattr(type(training.method), "update", spend(3.0, update))
    monkeypatch.setattr(type(training.probe), "deliver", spend(5.0, type(training.probe).deliver))
    times = training.run().times
    assert times == pytest.approx({"steps": 4 * 3.0, "data": 4 * 2.0, "compiling": 0.0, "looks": 5.0})
