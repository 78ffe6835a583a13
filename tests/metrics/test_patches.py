"""Patches of images: how many there are, and what their distribution shows that coarse pixels do not."""

import pytest
import torch
from torch.nn.functional import avg_pool2d

from saddlepoint.metrics import frechet_distance, frechet_from_moments, patch_moments, patches


def test_patches_lie_half_a_side_apart_and_keep_their_pixels() -> None:
    images = torch.arange(2 * 3 * 10 * 6).reshape(2, 3, 10, 6).byte()
    rows = patches(images, 4)
    assert rows.shape == (2 * 4 * 2, 3 * 16)
    expected = images[0, :, 2:6, 2:6].double().flatten() / 255
    assert rows[3].equal(expected)


def test_moments_are_those_of_all_patches_however_many_images_are_read_at_once() -> None:
    images = (256 * torch.rand(130, 1, 12, 12, generator=torch.Generator().manual_seed(0))).byte()
    whole = patches(images, 4)
    moments = patch_moments(images, 4)
    assert moments.count == len(whole)
    torch.testing.assert_close(torch.from_numpy(moments.mean), whole.mean(0))
    torch.testing.assert_close(torch.from_numpy(moments.cov), torch.cov(whole.T))


def test_blur_that_coarse_pixels_do_not_show_is_seen() -> None:
    images = torch.rand(40, 1, 32, 32, generator=torch.Generator().manual_seed(0)).round()
    blurred = avg_pool2d(images, 4).repeat_interleave(4, 2).repeat_interleave(4, 3)
    coarse = frechet_distance(avg_pool2d(images, 4).flatten(1), avg_pool2d(blurred, 4).flatten(1))
    assert coarse == pytest.approx(0.0, abs=1e-6)
    assert frechet_from_moments(patch_moments(images), patch_moments(blurred)) > 5.0


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="give"):
        patches(torch.zeros(3, 8, 8))
    with pytest.raises(ValueError, match="side is 0"):
        patches(torch.zeros(1, 3, 8, 8), 0)
    for metric in (patches, patch_moments):
        with pytest.raises(ValueError, match="values from -1"):
            metric(torch.full((1, 3, 8, 8), -1.0))
        with pytest.raises(ValueError, match="none of them 0"):
            metric(torch.zeros(0, 3, 8, 8))


def test_arrays_are_as_good_as_tensors() -> None:
    images = torch.rand(3, 1, 12, 9, generator=torch.Generator().manual_seed(0))
    assert patches(images.numpy()[:, :, ::-1]).equal(patches(images.flip(2)))
    assert frechet_from_moments(patch_moments(images), patch_moments(images.numpy().tolist())) < 1e-12
