"""A task, a network, a method and a loss from outside the package: what docs/tasks.md says, run as it stands."""

import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

import processes

PAGE = Path(__file__).parents[2] / "docs" / "tasks.md"
SHORT = ("--every.record=200", "--every.checkpoint=200", "--every.snapshot=400", "--batch-size=20", "--device=cpu")

OTHERS = '''
from dataclasses import dataclass
from torch import Tensor, nn
from saddlepoint.core import Batches, Game, Method
from saddlepoint.losses import AdversarialLoss

class Wide(nn.Module):
    """One layer."""
    def __init__(self, shape: tuple[int, ...], latent: int, gain: float = 1.0) -> None:
        super().__init__()
        self.shape, self.gain, self.layer = shape, gain, nn.Linear(latent, shape[-1])
    def forward(self, latent: Tensor) -> Tensor:
        return self.gain * self.layer(latent).view(-1, *self.shape)

@dataclass
class Plain(Method):
    """x - h F(x)."""
    cost = "1"
    def update(self, game: Game, batches: Batches) -> None:
        game.move(game.field(batches.next()))

def squares() -> AdversarialLoss:
    """Least squares."""
    judge = lambda r, f: (r - 1).square().mean() + f.square().mean()
    return AdversarialLoss(judge, lambda r, f: (f - 1).square().mean())
'''


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page's code, other things of a user's, and data."""
    folder = tmp_path_factory.mktemp("outside")
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None
    (folder / "curves.py").write_text(code[1], encoding="utf-8")
    (folder / "others.py").write_text(OTHERS, encoding="utf-8")
    rng = np.random.default_rng(0)
    phases = np.linspace(0, 1, 16)[None] * rng.uniform(1, 3, (120, 1)) + rng.uniform(0, 1, (120, 1))
    np.savetxt(folder / "waves.csv", np.sin(2 * np.pi * phases), delimiter=",", fmt="%.5g")
    return folder


def saddle(place: Path, *words: object) -> tuple[int, str]:
    """The exit code, and what is said with its blanks made one."""
    with tempfile.TemporaryDirectory() as folder:
        return processes.saddle([*map(str, words)], Path(folder) / "log", place=place, code=place)


@pytest.mark.slow
def test_the_page_s_task_does_all_that_the_page_says(place: Path) -> None:
    train = ("train", "curves:curves", "--data", "waves.csv", "--keep-schedules", *SHORT)
    for folder, samples in (("whole", 800), ("halves", 400), ("halves", 800)):
        code, said = saddle(place, *train, "--samples", samples, "--out", folder)
        assert code == 0, said
    for folder in ("whole", "halves"):
        code, said = saddle(place, "sample", folder, "--trust", "-n", 5, "--seed", 3, "--out", f"{folder}.csv")
        assert code == 0, said
    assert (place / "whole.csv").read_text() == (place / "halves.csv").read_text()
    assert len(np.loadtxt(place / "whole.csv", delimiter=",")) == 5
    code, said = saddle(place, "evaluate", "whole", "--trust", "--json", "--samples", 60)
    assert '"frechet_curves"' in said
    assert "floor: held-out curves" in said
    code, said = saddle(
        place, "compare", "curves:curves", "--baselines", "--data", "waves.csv", "--samples", 100, "--out", "beside"
    )
    assert code == 0, said
    assert "vae" in said
    code, said = saddle(place, "train", "curves:curves", "--data", "waves.csv", "--latent.size", 3, "--dry-run")
    assert "latent: size: 3" in said
    assert "generator: " in said.split("#", 1)[1]
    assert saddle(place, "inspect", "whole", "--trust", "--batch-size", 32, "--size", 4, "--steps", 2)[0] == 0
    assert saddle(place, "report", "whole")[0] == 0


@pytest.mark.slow
def test_a_kill_loses_nothing(place: Path) -> None:
    words = ("train", "curves:curves", "--data", "waves.csv", *SHORT, "--samples", 4000)
    code, said = saddle(place, *words, "--out", "unkilled")
    assert code == 0, said
    process = processes.Saddle([*map(str, words), "--out", "killed"], place / "log", place=place, code=place)
    checkpoints = place / "killed" / "checkpoints"
    while process.running and len(list(checkpoints.glob("0*"))) < 2:
        time.sleep(0.01)
    process.signal(signal.SIGKILL)
    process.wait()
    assert saddle(place, *words, "--out", "killed")[0] == 0
    for folder in ("unkilled", "killed"):
        saddle(place, "sample", folder, "--trust", "-n", 9, "--out", f"{folder}.csv")
    assert (place / "killed.csv").read_text() == (place / "unkilled.csv").read_text()


@pytest.mark.slow
def test_a_folder_imports_nothing_that_was_not_named(place: Path) -> None:
    words = ("train", "curves:curves", "--data", "waves.csv", *SHORT, "--samples", 40, "--out", "trusting")
    assert saddle(place, *words)[0] == 0
    for command in (("sample", "trusting"), ("evaluate", "trusting"), ("inspect", "trusting"), ("train", "trusting")):
        code, said = saddle(place, *command)
        assert code == 2, command
        assert "'curves:curves' is code outside of Saddlepoint" in said
        assert "--trust" in said
    # The module lies in the folder that the command runs in.
    command = [sys.executable, "-m", "saddlepoint", "sample", "trusting", "--trust"]
    subprocess.run(command, cwd=place, check=True, capture_output=True)
    config = place / "trusting" / "config.yaml"
    config.write_text(config.read_text().replace("curves:curves", "os:system"))
    assert saddle(place, "sample", "trusting", "--trust")[0] == 2


@pytest.mark.slow
def test_networks_methods_and_losses_from_outside_are_named_wherever_a_name_is_asked_for(place: Path) -> None:
    words = ("train", "curves:curves", "--data", "waves.csv", *SHORT, "--samples", 60, "--out", "named")
    own = ("--method", "others:Plain", "--set", "generator.network=others:Wide", "--set", "generator.network.gain=0.5")
    code, said = saddle(place, *words, *own, "--set", "loss=others:squares")
    assert code == 0, said
    assert "others:Plain" in (place / "named" / "config.yaml").read_text()
    assert saddle(place, "sample", "named", "--trust", "-n", 3, "--out", "named.csv")[0] == 0
    for wrong, expected in (
        ("generator.network=os:system", "is no network"),
        ("generator.network=others:Nothing", "others has no 'Nothing'"),
        ("generator.network=nowhere:Net", "can't be imported"),
        ("method=others:Wide", "is no method"),
        ("generator.network.gian=1", "did you mean 'gain'"),
    ):
        first = ("--set", "generator.network=others:Wide") if "gian" in wrong else ()
        code, said = saddle(place, *words[:-1], "none", *first, "--set", wrong)
        assert code == 2, wrong
        assert expected in said
