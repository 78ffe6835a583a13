import pytest
import torch
from sklearn.datasets import load_sample_images

from saddlepoint.extractors import efficientnet, load_extractor
from saddlepoint.extractors.efficientnet import MEAN, STD, enlarged, imagenet_grids, imagenet_network
from saddlepoint.metrics import frechet_distance

needs_weights = pytest.mark.skipif(not efficientnet.installed(), reason="pip install 'saddlepoint[features]'")


def photographs() -> list[torch.Tensor]:
    return [torch.tensor(image).permute(2, 0, 1)[None] for image in load_sample_images().images]


@needs_weights
def test_the_network_knows_a_palace_and_a_daisy() -> None:
    network = imagenet_network()
    middles = [image[..., :427, 107:534].float() / 255 for image in photographs()]
    x = torch.nn.functional.interpolate(torch.cat(middles), (224, 224), mode="bilinear", antialias=True)
    assert network((x - MEAN) / STD).argmax(1).tolist() == [698, 985]


@needs_weights
def test_a_body_cut_short_sees_the_same() -> None:
    x = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    whole, short = imagenet_grids()(x), imagenet_grids(2)(x)
    assert len(short) == 2
    assert all(torch.equal(a, b) for a, b in zip(short, whole, strict=False))


@needs_weights
def test_crops_of_a_photograph_lie_nearer_to_each_other_than_to_blurred_ones_and_to_the_other_photograph() -> None:
    extractor = load_extractor("imagenet")

    def crops(image: torch.Tensor, seed: int) -> torch.Tensor:
        source = torch.Generator().manual_seed(seed)
        places = torch.stack([torch.randint(high, (60,), generator=source) for high in (395, 608)], 1).tolist()
        return torch.cat([image[..., y : y + 32, x : x + 32] for y, x in places])

    china, flower = photographs()
    real = extractor(crops(china, 0))
    again = crops(china, 1)
    soft = torch.nn.functional.avg_pool2d(again.float(), 3, stride=1, padding=1).round().byte()
    distances = [frechet_distance(real, extractor(images)) for images in (again, soft, crops(flower, 2))]
    assert distances == sorted(distances)
    assert distances[1] > 1.5 * distances[0]


@needs_weights
def test_grey_is_read_as_equal_channels_and_small_images_as_enlarged_ones() -> None:
    extractor = load_extractor("imagenet")
    grey = torch.randint(0, 256, (3, 1, 16, 24), dtype=torch.uint8)
    assert torch.equal(extractor(grey), extractor(grey.expand(-1, 3, -1, -1)))
    assert extractor(grey).shape == (3, 496)
    assert enlarged(grey.float(), 64).shape == (3, 1, 64, 96)
    assert enlarged(torch.zeros(1, 3, 80, 65), 64).shape == (1, 3, 80, 65)


@needs_weights
def test_losses_between_pairs_see_where_things_are_and_sets_do_not() -> None:
    extractor = load_extractor("imagenet")
    x = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    placed = extractor.differentiable(x)
    assert placed.shape == (1, 24 * 256 + 40 * 64 + 112 * 16 + 320 * 4)
    (slope,) = torch.autograd.grad(placed.square().mean(), x)
    assert slope.abs().sum() > 0


def test_without_the_package_it_is_said_what_to_install(monkeypatch) -> None:
    monkeypatch.setattr(efficientnet, "PACKAGE", "no_such_package")
    with pytest.raises(ValueError, match=r"pip install 'saddlepoint\[features\]'"):
        load_extractor("imagenet")


def test_another_file_than_the_known_one_is_not_opened(monkeypatch, tmp_path) -> None:
    package = tmp_path / "of_weights"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('this was imported')")
    (package / efficientnet.FILE).write_bytes(b"not the weights")
    monkeypatch.setattr(efficientnet, "PACKAGE", "of_weights")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match="SHA-256"):
        load_extractor("imagenet")
