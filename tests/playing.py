"""Games built and played without the command line and without a report."""

from pathlib import Path
from typing import Any

import torch

from saddlepoint.runs.assembly import Assembly, assemble
from saddlepoint.storage import RunFolder
from saddlepoint.tasks import Config, task_of
from saddlepoint.training import Observer, Result


def built(config: Config, data: Any = None) -> Assembly:
    """A game where it begins, on data, or on those that its configuration names."""
    return assemble(config, task_of(config).read(config) if data is None else data)


def play(config: Config, folder: Path, data: Any = None) -> tuple[Assembly, Result]:
    """Train with objects that are made anew, as another process would, from the newest checkpoint in the folder."""
    torch.manual_seed(config.budget.samples or 0)  # the state of the global generator must not matter
    run, assembly = RunFolder(folder), built(config, data)
    run.create()
    return assembly, assembly.training(run, Observer()).run()
