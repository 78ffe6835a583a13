"""Every value of the reference files: torch-fidelity, prdc and SciPy on inputs that anyone can rebuild."""

import gzip
import json

import numpy as np
import pytest

from saddlepoint.metrics import (
    Moments,
    density_coverage,
    frechet_distance,
    inception_score,
    kernel_distance,
    precision_recall,
    squared_mmd,
)

CASES = ["gauss", "mnist_halves"]


@pytest.fixture(scope="module")
def folder(shared_data):
    if not (found := shared_data / "metric_refs").is_dir():
        pytest.skip(f"no reference values: {found} is not there")
    return found


@pytest.fixture(scope="module")
def references(folder):
    return json.loads((folder / "feature_metrics.json").read_text())


@pytest.fixture(scope="module", params=CASES)
def case(request, folder, references, shared_data):
    """(real, generated, the values)."""
    if request.param == "gauss":
        real, generated = (
            np.loadtxt(folder / f"gauss_{side}_1000x16.csv.gz", delimiter=",") for side in ("real", "fake")
        )
    else:
        with gzip.open(shared_data / "mnist" / "t10k-images-idx3-ubyte.gz") as file:
            pixels = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)
        pooled = (pixels / 255).reshape(-1, 7, 4, 7, 4).mean((2, 4)).reshape(-1, 49)
        real, generated = pooled[:1000], pooled[5000:6000]
    values = references["cases"][request.param]
    assert list(real.shape) == values["shape_real"]
    assert list(generated.shape) == values["shape_fake"]
    return real, generated, values


def test_every_case_is_looked_at(references):
    assert set(references["cases"]) == set(CASES)


def test_the_gaussian_inputs_are_the_ones_described(folder):
    read = np.loadtxt(folder / "gauss_fake_1000x16.csv.gz", delimiter=",")
    np.testing.assert_allclose(read, np.random.RandomState(1).randn(1000, 16) * 1.1 + 0.1, rtol=1e-14)


@pytest.mark.parametrize("key", ["fid_torch_fidelity", "fid_scipy_sqrtm", "fid_eigh"])
def test_frechet(case, key):
    # The three differ by 2e-12 among themselves where features are constant.
    real, generated, values = case
    assert frechet_distance(real, generated) == pytest.approx(values[key], abs=1e-11)


def test_frechet_mean_term(case):
    real, generated, values = case
    shift = Moments.of(real).mean - Moments.of(generated).mean
    assert shift @ shift == pytest.approx(values["frechet_mean_term"], rel=1e-12)


def test_kernel_on_whole_sets(case):
    real, generated, values = case
    assert squared_mmd(real, generated) == pytest.approx(values["kid_full_unbiased_poly3"], abs=1e-13)
    assert squared_mmd(real, generated, unbiased=False) == pytest.approx(values["mmd2_full_biased_poly3"], abs=1e-13)


def test_kernel_on_the_same_subsets(case):
    real, generated, values = case
    found, expected = kernel_distance(real, generated, 100, 500, seed=2020), values["kid_100x500_seed2020"]
    assert found.mean == pytest.approx(expected["kernel_inception_distance_mean"], abs=1e-13)
    assert found.deviation == pytest.approx(expected["kernel_inception_distance_std"], abs=1e-13)


def test_precision_recall_of_torch_fidelity(case):
    real, generated, values = case
    found = precision_recall(real, generated, k=3)  # theirs is float32
    assert found.precision == pytest.approx(values["improved_precision_k3"], abs=1e-7)
    assert found.recall == pytest.approx(values["improved_recall_k3"], abs=1e-7)


@pytest.mark.parametrize("k", [3, 5])
def test_precision_recall_density_coverage_of_prdc(case, k):
    real, generated, values = case
    balls, fill = precision_recall(real, generated, k), density_coverage(real, generated, k)
    found = {
        "precision": balls.precision,
        "recall": balls.recall,
        "density": fill.density,
        "coverage": fill.coverage,
    }
    assert found == pytest.approx(values[f"prdc_k{k}"], abs=1e-12)


@pytest.mark.parametrize(("splits", "key"), [(1, "splits1"), (10, "splits10_noshuffle")])
def test_inception_score(folder, references, splits, key):
    logits = np.loadtxt(folder / "is_logits_500x10.csv.gz", delimiter=",")
    found, expected = inception_score(logits, splits), references["inception_score"][key]
    assert found.mean == pytest.approx(expected["inception_score_mean"], rel=1e-12)
    assert found.deviation == pytest.approx(expected["inception_score_std"], abs=1e-12)
