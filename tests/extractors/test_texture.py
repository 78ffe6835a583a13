import pytest
import torch
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d

from saddlepoint.extractors import load_extractor
from saddlepoint.extractors.texture import Texture
from saddlepoint.metrics import frechet_distance


def noise(n: int, side: int = 32, seed: int = 0) -> torch.Tensor:
    return torch.randint(0, 256, (n, 3, side, side), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


def test_of_even_images_only_the_coarse_image_is_left() -> None:
    rows = Texture()(torch.full((2, 1, 64, 64), 0.5))
    assert rows.shape == (2, 3 * 4 + 64)
    assert torch.count_nonzero(rows[:, :12]) == 0
    assert torch.allclose(rows[:, 12:], torch.tensor(0.5 / 8))


def test_small_images_are_their_own_pixels() -> None:
    images = noise(3, side=8).float() / 255
    assert torch.allclose(Texture()(images), images.flatten(1) / 8)


def test_roughness_is_told_where_it_is() -> None:
    image = torch.zeros(1, 1, 32, 32)
    image[:, :, :12, :12] = noise(1, 12).float()[:, :1] / 255
    fine = Texture()(image)[0, :4]
    assert fine[0] > 0
    assert fine[1:].tolist() == [0, 0, 0]


def test_a_distance_sees_blur_that_leaves_the_coarse_image() -> None:
    extractor = load_extractor("texture")
    real, again = noise(600), noise(600, seed=1)
    soft = avg_pool2d(again.float(), 2).repeat_interleave(2, 2).repeat_interleave(2, 3).round().byte()
    assert torch.allclose(adaptive_avg_pool2d(soft.float(), 8), adaptive_avg_pool2d(again.float(), 8), atol=1)
    same, blurred = (frechet_distance(extractor(real), extractor(x)) for x in (again, soft))
    assert blurred > 20 * same


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 16, 40), (3, 4, 4)])
def test_any_shape(shape) -> None:
    assert Texture()(torch.rand(2, *shape)).isfinite().all()
