"""What Python users call: the same recipes, settings and messages as on the command line."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import saddlepoint as sp
from saddlepoint.configuration import ConfigurationError

TINY = {"every.record": 64, "every.checkpoint": 64, "every.snapshot": 128, "device": "cpu", "size": 8, "batch_size": 16}


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> sp.Run:
    folder = tmp_path_factory.mktemp("runs") / "mine"
    return sp.train("digits", samples=128, out=folder, settings={**TINY, "optimizer.lr": 5e-4, "score.samples": 64})


def test_a_recipe_is_trained_and_says_what_came_of_it(digits: sp.Run) -> None:
    assert digits.outcome == "stopped"
    assert list(digits.metrics) == ["pixel_frechet"]
    assert digits.metrics["pixel_frechet"].measure.words == "lower is better"
    assert digits.report() == digits.folder / "report.html"
    assert digits.config is not None
    assert digits.config.players["generator"].optimizer["lr"] == 5e-4
    images = digits.sample(12, seed=7)
    assert images.shape == (12, 1, 8, 8)
    assert images.dtype == torch.uint8
    assert torch.equal(digits.sample(30, seed=7)[:12], images)
    assert digits.findings()
    assert "<table>" in digits._repr_html_()
    assert "pixel_frechet" in repr(digits)


def test_a_run_loads_by_its_path_and_classes_have_names_and_numbers(digits: sp.Run) -> None:
    run = sp.load(str(digits.folder))
    by_number, by_name = run.sample(6, label=7), run.sample(6, label="7")
    assert torch.equal(by_number, by_name)
    assert not torch.equal(by_number, run.sample(6, label=3))
    alone = sp.load(digits.folder / "generator")
    assert alone.config is None
    assert torch.equal(alone.sample(6, label=7), by_name)
    with pytest.raises(ConfigurationError, match="no class 'seven'"):
        run.sample(1, label="seven")
    with pytest.raises(ConfigurationError, match="there is no setting 'temperature'"):
        run.sample(1, temperature=0.5)
    with pytest.raises(ConfigurationError, match=r"converts nothing: use run.sample"):
        run.apply(by_name)
    with pytest.raises(ConfigurationError, match="a generator alone"):
        alone.evaluate()


@pytest.mark.slow
def test_an_evaluation_keeps_its_numbers_by_what_was_measured(digits: sp.Run) -> None:
    found = sp.evaluate(digits.folder, samples=60, metrics=("kernel",))
    assert {"average", "live"} < set(found["kernel"])
    assert (digits.folder / "evaluation.json").exists()
    assert next(iter(found)) == "kernel"
    with pytest.raises(KeyError, match="'detection' was not measured; there are kernel"):
        found["detection"]


@pytest.mark.slow
def test_the_same_call_continues_and_another_one_is_refused(tmp_path: Path) -> None:
    settings = {**TINY, "score.samples": 64}
    sp.train("digits", samples=64, out=tmp_path / "halves", settings=settings, keep_schedules=True)
    halves = sp.train("digits", samples=128, out=tmp_path / "halves", settings=settings)
    whole = sp.train("digits", samples=128, out=tmp_path / "whole", settings=settings, keep_schedules=True)
    assert torch.equal(halves.sample(8), whole.sample(8))
    again = sp.train("digits", samples=128, out=tmp_path / "whole", settings=settings)
    assert again.result is None
    with pytest.raises(ConfigurationError, match="holds another run"):
        sp.train("digits", samples=128, seed=4, out=tmp_path / "whole", settings=settings)


def test_what_is_misspelt_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match=r"there is no recipe 'digit'.*did you mean 'digits'"):
        sp.train("digit")
    with pytest.raises(ConfigurationError, match="did you mean 'extragradient'"):
        sp.train("digits", method="extragradiant")
    with pytest.raises(ConfigurationError, match="did you mean 'batch_size'"):
        sp.train("digits", batchsize=3)
    with pytest.raises(ConfigurationError, match="images are an array"):
        sp.train("images", data=42)


class Maker(nn.Module):
    """Two classes of colour images, 8x8."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(64 + 2, 3 * 64)

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        given = torch.cat([latent, nn.functional.one_hot(labels, 2).float()], 1)
        return torch.tanh(self.layer(given)).view(-1, 3, 8, 8)


class Judge(nn.Module):
    """A logit an image."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3 * 64 + 2, 1)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        given = torch.cat([images.flatten(1), nn.functional.one_hot(labels, 2).float()], 1)
        return self.layer(given)[:, 0]


@pytest.mark.slow
def test_networks_and_arrays_of_ones_own(tmp_path: Path) -> None:
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (60, 3, 8, 8), dtype=np.uint8))
    data, settings = (images, torch.arange(60) % 2), {**TINY, "score.samples": 32}
    torch.manual_seed(0)
    networks = {"generator": Maker(), "discriminator": Judge()}

    def train(folder: str, samples: int) -> sp.Run:
        return sp.train(
            "images",
            data=data,
            conditional=True,
            generator=pickled(networks["generator"]),
            discriminator=pickled(networks["discriminator"]),
            samples=samples,
            out=tmp_path / folder,
            settings=settings,
        )

    whole = train("whole", 128)
    train("halves", 64)
    assert torch.equal(train("halves", 128).sample(4), whole.sample(4))
    with pytest.raises(ConfigurationError, match=r'load it with networks=\{"generator": Maker\(\)\}'):
        sp.load(tmp_path / "whole")
    again = sp.load(tmp_path / "whole", networks={"generator": Maker()})
    assert torch.equal(again.sample(4, label=1), whole.sample(4, label="1"))
    with pytest.raises(ConfigurationError, match="give them again with data="):
        again.evaluate()
    with pytest.raises(ConfigurationError, match=r"does not go through.*missing 1 required positional argument"):
        sp.train("images", data=data, generator=Maker(), discriminator=Judge(), out=tmp_path / "no", settings=settings)


def pickled(module: nn.Module) -> nn.Module:
    """Another module of equal weights, as another process would have."""
    other = type(module)()
    other.load_state_dict(module.state_dict())
    return other


def test_methods_are_compared(tmp_path: Path) -> None:
    found = sp.compare(
        "bilinear", methods=["simultaneous", sp_method := "extragradient"], seeds=2, evaluations=100, out=tmp_path
    )
    assert found.standings[0]["method"] == sp_method
    assert found.files["html"].exists()


@pytest.mark.slow
def test_a_script_without_a_main_guard_compares_in_processes(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    settings = {"size": 8, "batch_size": 16, "score.samples": 32, "device": "cpu"}
    script.write_text(
        "import saddlepoint as sp\n"
        f"found = sp.compare('digits', methods=['alternating', 'extragradient'], seeds=1, evaluations=8, jobs=2,\n"
        f"                   settings={settings!r}, out={str(tmp_path / 'out')!r})\n"
        "print(len(found.standings))\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.stdout == "2\n", done.stderr
