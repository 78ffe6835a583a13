"""The same numbers as other libraries on inputs of our own choosing, where those are installed."""

import numpy as np
import prdc
import pytest
import torch

from saddlepoint.metrics import (
    density_coverage,
    frechet_distance,
    inception_score,
    kernel_distance,
    precision_recall,
    squared_mmd,
)


def pair(n=300, m=250, d=6):
    rng = np.random.default_rng(7)
    return rng.normal(size=(n, d)), rng.gamma(2, 0.6, size=(m, d)) - 1


@pytest.mark.parametrize("k", [1, 4])
def test_prdc(k):
    real, generated = pair()
    balls, fill = precision_recall(real, generated, k), density_coverage(real, generated, k)
    expected = prdc.compute_prdc(real, generated, nearest_k=k)
    found = [balls.precision, balls.recall, fill.density, fill.coverage]
    assert found == pytest.approx([expected[key] for key in ("precision", "recall", "density", "coverage")])


class Flat(torch.nn.Module):
    """Stands where torchmetrics has its feature network: gives an image's own numbers."""

    num_features = 12

    def forward(self, images):
        return images.flatten(1).double()


def images_and_features():
    real, generated = (torch.from_numpy(x).double() for x in pair(d=Flat.num_features))
    return [x.reshape(-1, 3, 2, 2) for x in (real, generated)], [real, generated]


def torchmetrics(module):
    # Its import fails where torch-fidelity is installed and torchvision isn't.
    return pytest.importorskip(f"torchmetrics.image.{module}", exc_type=ImportError)


def updated(metric, images):
    metric.set_dtype(torch.float64)
    for side, real in zip(images, (True, False), strict=True):
        metric.update(side, real=real)
    return metric


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_frechet_of_torchmetrics():
    images, features = images_and_features()
    metric = torchmetrics("fid").FrechetInceptionDistance(feature=Flat(), input_img_size=(3, 2, 2), normalize=True)
    expected = float(updated(metric, images).compute())
    assert frechet_distance(*features) == pytest.approx(expected, rel=1e-9)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_kernel_of_torchmetrics():
    # One subset of everything is the full estimate, whatever the draw.
    images, features = images_and_features()
    images, features = [x[:250] for x in images], [x[:250] for x in features]
    metric = torchmetrics("kid").KernelInceptionDistance(feature=Flat(), subsets=1, subset_size=250, normalize=True)
    expected = float(updated(metric, images).compute()[0])
    assert squared_mmd(*features) == pytest.approx(expected, rel=1e-9)
    assert kernel_distance(*features, subsets=1, subset_size=250).mean == pytest.approx(expected, rel=1e-9)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_inception_score_of_torchmetrics():
    # It shuffles rows: one split doesn't see that.
    images, features = images_and_features()
    metric = torchmetrics("inception").InceptionScore(feature=Flat(), splits=1)
    metric.set_dtype(torch.float64)
    metric.update(images[0])
    assert inception_score(features[0], splits=1).mean == pytest.approx(float(metric.compute()[0]), rel=1e-9)
