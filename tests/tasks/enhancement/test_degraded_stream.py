"""Crops of photographs, degraded as they are wanted, and pairs that never change."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from saddlepoint.data import ImageData
from saddlepoint.data.image_collection import Photographs, photograph_folder
from saddlepoint.data.scheduled import Scheduled, after
from saddlepoint.tasks.enhancement.degradations import Chain
from saddlepoint.tasks.enhancement.stream import JUDGED_SIDE, DegradedStream, degraded_pairs

SIZES = {"a.png": (40, 60), "b/c.png": (33, 50), "d.png": (64, 36), "e.png": (20, 90)}  # width, height


def picture(width: int, height: int, seed: int) -> np.ndarray:
    """Red is the column, green the row, blue the picture's number."""
    return np.stack(
        [
            np.tile(np.arange(width), (height, 1)),
            np.tile(np.arange(height)[:, None], (1, width)),
            np.full((height, width), seed),
        ],
        -1,
    ).astype(np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, (name, (width, height)) in enumerate(SIZES.items()):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(picture(width, height, number)).save(path)
    return tmp_path


def stream(folder: Path, text: str = "downscale:2", crop: tuple[int, int] = (16, 20), **more: object) -> DegradedStream:
    return DegradedStream(photograph_folder(folder), Chain.read(text), crop, 6, 3, 0.0, 255.0, **more)


def test_crops_are_aligned_and_of_the_photograph(folder: Path) -> None:
    """A target says itself where it was cut; the input is the mean of its squares there."""
    drawn = stream(folder)
    places = set()
    for position in range(0, 120, 6):
        value = drawn(position).value
        assert value.source.shape == (6, 3, 8, 10)
        for source, target in zip(value.source, value.target, strict=True):
            left, top = int(target[0, 0, 0]), int(target[1, 0, 0])
            number = int(target[2, 0, 0])
            width, height = list(SIZES.values())[number]
            expected = picture(width, height, number)[top : top + 16, left : left + 20]
            assert np.array_equal(target.permute(1, 2, 0).numpy(), expected)
            squares = torch.nn.functional.avg_pool2d(target[None], 2)[0]
            assert float((source - squares).abs().max()) <= 0.5 + 1e-3
            places.add((number, top, left))
    assert {number for number, _, _ in places} == {0, 1, 2, 3}
    assert len(places) > 60
    assert max(top for number, top, _ in places if number == 3) > 60  # of 74


def test_the_stream_is_a_function_of_the_position(folder: Path) -> None:
    drawn, again = (
        stream(folder, "noise:5-25,jpeg:40-90", flips=True),
        stream(folder, "noise:5-25,jpeg:40-90", flips=True),
    )
    drawn(0), drawn(600)
    for position in (66, 12):
        one, two = drawn(position), again(position)
        for name in ("source", "target", "mix"):
            assert torch.equal(getattr(one.value, name), getattr(two.value, name))
        assert one.seed == two.seed
    assert not torch.equal(drawn(0).value.source, drawn(24).value.source)
    # A photograph comes back in the next epoch elsewhere.
    assert not torch.equal(drawn(0).value.target, drawn(4).value.target)


def test_half_are_mirrored(folder: Path) -> None:
    flipped = [
        bool(target[0, 0, 0] > target[0, 0, -1])
        for position in range(0, 300, 6)
        for target in stream(folder, flips=True)(position).value.target
    ]
    assert 0.4 < sum(flipped) / len(flipped) < 0.6  # 300: three deviations are 0.087


def test_while_the_adversary_weighs_nothing_it_rests(folder: Path) -> None:
    drawn = Scheduled(stream(folder), {"adversarial": after(60)}, torch.device("cpu"))
    for position, alone in ((54, True), (60, False)):
        batch = drawn(position)
        assert batch.value.alone is alone
        assert batch.resting == (frozenset({"discriminator"}) if alone else frozenset())
        assert batch.value.source.equal(stream(folder)(position).value.source)


def test_crops_that_do_not_fit_are_refused(folder: Path) -> None:
    for crop, text in (((64, 16), "noise:5"), ((18, 18), "downscale:4")):
        with pytest.raises(ValueError, match="give sides that are multiples of"):
            stream(folder, text, crop)
    with pytest.raises(ValueError, match="batch size is 0"):
        DegradedStream(photograph_folder(folder), Chain.read("grey"), (8, 8), 0, 0)


def test_a_part_has_its_own_photographs_and_order(folder: Path) -> None:
    part = stream(folder).part(torch.tensor([1, 3]), batch_size=4, seed=9)
    numbers = {int(n) for n in part(0).value.target[:, 2, 0, 0]}
    assert numbers == {1, 3}
    assert len(part(0).value.source) == 4


def test_pairs_to_judge_by_are_the_middles(folder: Path) -> None:
    def middle(i: int, image: Tensor) -> Tensor:
        top, left = (image.shape[1] - 36) // 2, (image.shape[2] - 20) // 2
        return image[:, top : top + 36, left : left + 20]

    found = photograph_folder(folder)
    pairs = degraded_pairs(found, Chain.read("noise:10"), seed=1)
    for i, image in enumerate(found):
        assert torch.equal(pairs.targets.images[i], middle(i, image))
    assert torch.equal(pairs.inputs.images, degraded_pairs(found, Chain.read("noise:10"), seed=1).inputs.images)
    assert degraded_pairs(found, Chain.read("downscale:8"), 0, most=2).inputs.shape == (3, 4, 2)
    large = Photographs.of(ImageData("large", torch.zeros(1, 1, 300, 300, dtype=torch.uint8), None, (), "Here."))
    assert degraded_pairs(large, Chain.read("downscale:3"), 0).shape == (1, JUDGED_SIDE - 1, JUDGED_SIDE - 1)
