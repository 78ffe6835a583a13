"""Metrics of pixels: exact values, other libraries' numbers, and what blur and noise do to them."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from saddlepoint.metrics import edge_sharpness, ms_ssim, psnr, radial_spectrum, spectrum_distance, ssim
from saddlepoint.metrics.ssim import EXPONENTS

RNG = np.random.default_rng(5)


def photos(n=3, c=3, h=48, w=64):
    """Smooth areas with edges and grain, bytes."""
    coarse = gaussian_filter(RNG.normal(size=(n, c, h, w)), (0, 0, 3, 3)) * 8
    return ((np.tanh(coarse) + 1) * 110 + RNG.normal(size=coarse.shape) * 6).clip(0, 255).astype(np.uint8)


def noisy(images, deviation=12):
    return (images + RNG.normal(size=images.shape) * deviation).clip(0, 255).round().astype(np.uint8)


# --- exact values -------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [1, 16, 255])
def test_psnr_of_a_constant_error_is_twenty_times_its_logarithm(error):
    images = np.zeros((2, 3, 4, 5), np.uint8)
    assert psnr(images, images + np.uint8(error)) == pytest.approx(-20 * np.log10(error / 255))


def test_psnr_is_the_mean_of_images_not_that_of_their_errors():
    made = np.stack([np.full((1, 4, 4), level) for level in (0.1, 0.001)])
    assert psnr(np.zeros_like(made), made) == pytest.approx((20 + 60) / 2)
    assert psnr(made, made) == np.inf


@pytest.mark.parametrize("metric", [ssim, lambda a, b: ms_ssim(a, b, 2)])
def test_similarity_is_one_for_equal_images_and_symmetric(metric):
    images, others = photos(), photos()
    assert metric(images, images) == pytest.approx(1)
    assert metric(images, others) == pytest.approx(metric(others, images))
    assert metric(images, others) < 0.3
    assert metric(images, noisy(images, 4)) > metric(images, noisy(images, 30))


def test_similarity_of_constant_images_is_their_luminance_and_of_opposite_ones_negative():
    a, b = (np.full((1, 2, 20, 20), level) for level in (0.3, 0.6))
    luminance = (2 * 0.3 * 0.6 + 1e-4) / (0.3**2 + 0.6**2 + 1e-4)
    assert ssim(a, b) == pytest.approx(luminance)
    assert ms_ssim(np.tile(a, (1, 1, 9, 9)), np.tile(b, (1, 1, 9, 9))) == pytest.approx(luminance ** EXPONENTS[-1])
    board = 0.5 + 0.4 * (-1.0) ** np.add.outer(np.arange(16), np.arange(16))[None, None]
    # The window sums a chequered pattern to 0: means ½, variances .16, covariance −.16.
    assert ssim(board, 1 - board) == pytest.approx((-0.32 + 9e-4) / (0.32 + 9e-4), abs=1e-5)
    assert ms_ssim(board, 1 - board, 1) == 0


def test_on_one_scale_both_similarities_are_the_same():
    images = photos()
    made = noisy(images)
    assert ms_ssim(images, made, 1) == pytest.approx(ssim(images, made))


def test_sharpness_of_an_edge_falls_with_its_width():
    """A straight edge of height h passed evenly in w pixels has w slopes of h/w: Σ|∇|² = h²/w a row, if w is large."""
    found = []
    for width in (16, 32):
        edge = np.clip((np.arange(96) - 24) / width, 0, 1)
        found.append(edge_sharpness(np.broadcast_to(edge, (1, 1, 10, 96))))
        # Central differences see w − 1 whole slopes, and at each end a half one.
        assert found[-1] ** 2 * 94 == pytest.approx((width - 1 + 2 * 0.5**2) / width**2)
    assert found[0] > 1.4 * found[1]
    turned = np.broadcast_to(np.clip((np.arange(96) - 24) / 16, 0, 1)[:, None], (1, 1, 96, 10))
    assert edge_sharpness(turned) == pytest.approx(found[0])


def test_white_noise_has_its_variance_at_every_frequency():
    noise = 0.5 + 0.1 * np.random.default_rng(0).uniform(-1, 1, size=(400, 1, 32, 24))
    found = radial_spectrum(noise)
    assert found.shape == (12,)
    assert found[1:] == pytest.approx(np.full(11, 0.01 / 3), rel=0.05)


@pytest.mark.parametrize("direction", [(1, 0), (0, 1), (0.6, 0.8)])
def test_a_wave_has_its_power_at_its_frequency_whatever_its_direction(direction):
    x, y = np.meshgrid(np.arange(64), np.arange(64), indexing="ij")
    phase = 2 * np.pi * 10 / 64 * (direction[0] * x + direction[1] * y)
    spectrum = radial_spectrum((0.5 + 0.4 * np.sin(phase))[None, None])
    assert int(spectrum.argmax()) + 1 == 10
    assert spectrum[8:11].sum() > 0.99 * spectrum.sum()


def test_spectra_tell_blur_and_not_places():
    images = photos(8, 1, 64, 64)
    blurred = gaussian_filter(images.astype(float), (0, 0, 1, 1)) / 255
    assert spectrum_distance(images, images[:, :, ::-1, ::-1]) == pytest.approx(0, abs=1e-9)
    assert spectrum_distance(images, blurred) > 10
    assert edge_sharpness(blurred) < 0.95 * edge_sharpness(images)
    assert spectrum_distance(images[:2], images) < 2  # sets need not pair


# --- others' numbers ----------------------------------------------------------------------------------


def test_psnr_and_ssim_are_those_of_scikit_image():
    metrics = pytest.importorskip("skimage.metrics")
    images = photos()
    made = noisy(images)
    each = list(zip(images / 255, made / 255, strict=True))
    expected = np.mean([metrics.peak_signal_noise_ratio(a, b, data_range=1) for a, b in each])
    assert psnr(images, made) == pytest.approx(expected, rel=1e-12)
    dials = {"data_range": 1, "channel_axis": 0, "gaussian_weights": True, "sigma": 1.5}
    similar = [metrics.structural_similarity(a, b, **dials, use_sample_covariance=False) for a, b in each]
    assert ssim(images, made) == pytest.approx(np.mean(similar), rel=1e-9)


@pytest.mark.parametrize(("scales", "size"), [(5, (176, 192)), (3, (64, 48))])
def test_ms_ssim_is_that_of_torchmetrics_where_the_coarsest_images_agree(scales, size):
    """At the coarsest scale theirs counts mirrored edges too, so here nothing of the noise reaches it."""
    from torchmetrics.functional import image

    real = photos(2, 3, *size) / 255 * 0.6 + 0.2
    block = 2 ** (scales - 1)
    noise = RNG.uniform(-0.09, 0.09, size=(2, 3, size[0] // block, block, size[1] // block, block))
    made = real + (noise - noise.mean((3, 5), keepdims=True)).reshape(real.shape)
    betas = EXPONENTS if scales == 5 else tuple(np.array(EXPONENTS[:scales]) / sum(EXPONENTS[:scales]))
    expected = image.multiscale_structural_similarity_index_measure(
        torch.from_numpy(made), torch.from_numpy(real), data_range=1.0, betas=betas
    )
    assert ms_ssim(real, made, scales) == pytest.approx(float(expected), rel=1e-6)
    assert float(expected) < 0.98


def test_two_scales_are_a_contrast_and_a_similarity_of_halves():
    real = photos(1, 1, 44, 60) / 255
    made = (real + RNG.uniform(-0.2, 0.2, size=real.shape)).clip(0, 1)
    halves = [x.reshape(1, 1, 22, 2, 30, 2).mean((3, 5)) for x in (real, made)]
    fine, coarse = (np.array(EXPONENTS[:2]) / sum(EXPONENTS[:2])).tolist()
    line = np.exp(-np.square(np.arange(-5, 6)) / 4.5)
    weights = np.outer(line, line) / line.sum() ** 2
    x, y = (np.lib.stride_tricks.sliding_window_view(v[0, 0], (11, 11)) for v in (real, made))
    mean_x, mean_y = ((v * weights).sum((2, 3)) for v in (x, y))
    a, b = x - mean_x[..., None, None], y - mean_y[..., None, None]
    covariance, variances = (a * b * weights).sum((2, 3)), ((a * a + b * b) * weights).sum((2, 3))
    contrast = ((2 * covariance + 9e-4) / (variances + 9e-4)).mean()
    assert ms_ssim(real, made, 2) == pytest.approx(contrast**fine * ssim(*halves) ** coarse)


# --- what may be given --------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", [psnr, ssim, lambda a, b: ms_ssim(a, b, 2), spectrum_distance])
def test_bytes_floats_tensors_and_many_at_once_are_the_same(metric, monkeypatch):
    images = photos(4)
    made = noisy(images)
    expected = metric(images, made)
    assert metric(images / 255, torch.from_numpy(made)) == pytest.approx(expected, rel=1e-12)
    assert metric(torch.from_numpy(images).float() / 255, made) == pytest.approx(expected, rel=1e-5)
    monkeypatch.setattr("saddlepoint.metrics.images._TOGETHER", 1)
    assert metric(images, made) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: psnr(np.zeros((4, 4)), np.zeros((4, 4))), r"real images have shape \(4, 4\)"),
        (lambda: psnr(np.zeros((1, 1, 4, 4)), np.zeros((2, 1, 4, 4))), "pairs of one size"),
        (lambda: psnr(np.zeros((1, 1, 4, 4), int), np.zeros((1, 1, 4, 4))), "dtype int64"),
        (lambda: psnr(np.zeros((1, 1, 4, 4)), np.full((1, 1, 4, 4), -1.0)), "made images have values from -1"),
        (lambda: psnr(np.zeros((1, 1, 4, 4)), np.full((1, 1, 4, 4), np.nan)), "values from nan"),
        (lambda: ssim(np.zeros((1, 1, 10, 20)), np.zeros((1, 1, 10, 20))), "at least 11"),
        (lambda: ms_ssim(np.zeros((1, 1, 64, 64)), np.zeros((1, 1, 64, 64))), "at least 176"),
        (lambda: ms_ssim(np.zeros((1, 1, 64, 64)), np.zeros((1, 1, 64, 64)), 6), "scales is 6"),
        (lambda: edge_sharpness(np.zeros((1, 1, 2, 9))), "no inner ones"),
        (lambda: radial_spectrum(np.zeros((1, 1, 3, 9))), "too few frequencies"),
        (lambda: spectrum_distance(np.zeros((1, 1, 8, 8)), np.zeros((1, 1, 8, 9))), "images of one size"),
        (lambda: spectrum_distance(np.zeros((0, 1, 8, 8)), np.zeros((1, 1, 8, 8))), "none of them 0"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
