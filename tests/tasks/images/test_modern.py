"""The recipe of residual networks whose whole course is scheduled."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from playing import built, play
from saddlepoint.configuration import assign
from saddlepoint.networks import ConvolutionalDiscriminator, ConvolutionalGenerator
from saddlepoint.tasks import read_config, recipe_named
from saddlepoint.tasks.images.settings import ImageConfig
from saddlepoint.training import OptimizerSchedule

SMALL = [f"{role}.network.{dial}" for role in ("generator", "discriminator") for dial in ("width=8", "widest=16")]


def modern(*sets: str) -> ImageConfig:
    config = recipe_named("modern")
    assert isinstance(config, ImageConfig)
    return assign(config, list(sets))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve plain colours."""
    (tmp_path / "data").mkdir()
    for k in range(12):
        Image.new("RGB", (16, 16), (20 * k, 255 - 20 * k, 90)).save(tmp_path / "data" / f"{k}.png")
    return tmp_path / "data"


def test_it_is_complete_and_survives_being_written() -> None:
    assert read_config(modern().plain()) == modern()


def test_the_course_is_r3gan_s(folder: Path) -> None:
    """Rates to a quarter, β2 from .9 to .99, penalties to a tenth, augmentation from 0 to .3; then constant."""
    config = modern(*SMALL, "data.size=16", "batch_size=4", "device=cpu").with_data(str(folder))
    assembled = built(config)
    end = config.budget.samples // 5
    optimizer_schedule, seen = OptimizerSchedule(assembled.game, config.schedules), []
    for position in (0, end // 2, end, 4 * end):
        optimizer_schedule.set(position)
        group = assembled.game.optimizers["generator"].param_groups[0]
        batch = assembled.setup.batches(position).value
        seen.append([group["lr"] / 2e-4, group["betas"][1], float(batch.penalty), float(batch.strength)])
    last = [0.25, 0.99, 0.1, 0.3]
    expected = [[1.0, 0.9, 1.0, 0.0], [0.625, 0.945, 0.55, 0.15], last, last]
    assert torch.allclose(torch.tensor(seen), torch.tensor(expected), atol=1e-6)


@pytest.mark.slow
def test_a_few_steps_of_it_train_and_deliver(folder: Path, tmp_path: Path) -> None:
    sets = [*SMALL, "data.size=16", "batch_size=4", "budget.samples=12", "device=cpu"]
    for number, more in enumerate(([], ["precision=bfloat16", "channels_last=true", "accumulate=2"])):
        config = assign(modern(*sets).with_data(str(folder)), more)
        run = tmp_path / f"run{number}"
        assert play(config, run)[1].exit_code == 0
        assert (run / "generator" / "generator.safetensors").exists()


def test_convolutional_networks_of_large_images_stop_doubling() -> None:
    with torch.device("meta"):
        pair = ConvolutionalGenerator((3, 512, 512), 64), ConvolutionalDiscriminator((3, 512, 512))
    widths = [max(p.shape[:2]) for network in pair for p in network.parameters() if p.dim() == 4]
    assert max(widths) == 512
    with pytest.raises(ValueError, match="width of at least 1 and at most widest"):
        ConvolutionalGenerator((3, 16, 16), 8, width=16, widest=8)
