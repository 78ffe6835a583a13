"""A thousand classes: the same numbers as of ten, and a picture that can be read."""

import pytest
import torch
from torch import Tensor, nn

from saddlepoint.data import ImageData
from saddlepoint.evaluation import Evaluation
from saddlepoint.extractors import Extractor
from saddlepoint.metrics import mode_coverage
from saddlepoint.report.evaluations import evaluation_figure
from saddlepoint.tasks.images.evaluation import RealSet, evaluate_images
from saddlepoint.tasks.images.model import ImageGenerator
from saddlepoint.tasks.model import LatentInput

CLASSES, SHAPE, SAMPLES = 1000, (3, 1, 1), 2000


class Number(nn.Module):
    """Of a picture of one pixel: its channels' tenths of the range, read as three digits."""

    def forward(self, x: Tensor) -> Tensor:
        digits = (x.flatten(1) * 9.999).floor().long()
        number = digits @ torch.tensor([100, 10, 1])
        return nn.functional.one_hot(number, CLASSES).float() * 20


class Some(nn.Module):
    """Pixels of the first `modes` numbers."""

    def __init__(self, modes: int) -> None:
        super().__init__()
        self.modes = nn.Parameter(torch.tensor(float(modes)))

    def forward(self, latent: Tensor) -> Tensor:
        number = (torch.special.ndtr(latent[:, 0]) * self.modes).long().clamp(max=CLASSES - 1)
        digits = torch.stack([number // 100, number // 10 % 10, number % 10], 1)
        return ((digits + 0.5) / 5 - 1).view(-1, *SHAPE)


def real(seed: int) -> RealSet:
    images = torch.randint(0, 256, (3000, *SHAPE), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)
    return RealSet(ImageData("pixels", images, None, (), "Made here."), f"part {seed}")


@pytest.fixture(scope="module")
def found() -> Evaluation:
    extractor = Extractor(nn.Flatten(), None, head=Number(), name="numbers")
    made = ImageGenerator(Some(400), {}, SHAPE, LatentInput(2, "normal"), (-1.0, 1.0))
    return evaluate_images({"live": made}, real(1), real(2), extractor, ["modes", "inception_score"], samples=SAMPLES)


def value(found: Evaluation, metric: str, weights: str) -> float:
    return next(m.value for m in found.numbers if (m.name, m.protocol.weights) == (metric, weights))


def test_missing_modes_are_counted(found: Evaluation) -> None:
    """2,000 draws from 400 equal modes hit 400 (1 − exp(−5)) of them: 397 ± 2; 1,000 modes lie ln 2.5 away."""
    assert 390 <= value(found, "modes", "live") <= 400
    assert value(found, "uniform_kl", "live") == pytest.approx(0.916 + 399 / (2 * SAMPLES), abs=0.03)
    assert value(found, "inception_score", "live") < 200, "of splits of 200 images"


def test_the_floor_is_that_of_real_images(found: Evaluation) -> None:
    labels = torch.randint(0, CLASSES, (SAMPLES,), generator=torch.Generator().manual_seed(0))
    expected = mode_coverage(labels, CLASSES)
    assert value(found, "modes", "floor: part 2") == pytest.approx(expected.modes, abs=60)
    assert value(found, "uniform_kl", "floor: part 2") == pytest.approx(expected.kl_to_uniform, abs=0.05)


def test_many_classes_are_drawn_as_lines_that_end_where_modes_are_missing(found: Evaluation) -> None:
    figure = evaluation_figure({"samples": 1, "values": [m.plain() for m in found.numbers]})
    assert figure is not None
    (axes,) = figure.axes
    assert not axes.patches, "no thousand bars"
    ends = {line.get_label().partition(":")[0]: line for line in axes.lines}
    shares = ends["live"].get_ydata()
    assert len(shares) == value(found, "modes", "live")
    assert list(shares) == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1.0)
    assert len(ends["part 1"].get_xdata()) > 900
    assert len(axes.get_xticks()) < 20
