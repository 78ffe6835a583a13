"""Enhancers are measured against what was there: known answers, what is left out, and the order of models."""

import pytest
import torch
from torch import Tensor, nn

from saddlepoint.data import ImageData
from saddlepoint.data.image_collection import Photographs
from saddlepoint.data.pairs import PairData
from saddlepoint.evaluation.fidelity import resemblance
from saddlepoint.extractors import load_extractor
from saddlepoint.metrics import frechet_distance, ms_ssim
from saddlepoint.networks import Translator
from saddlepoint.tasks.enhancement.degradations import Chain
from saddlepoint.tasks.enhancement.evaluation import (
    LARGE,
    Candidate,
    compared_models,
    evaluate_enhancers,
    inconsistency,
    untouched,
)
from saddlepoint.tasks.enhancement.model import Enhancer
from saddlepoint.tasks.enhancement.stream import degraded_pairs


class Repeated(Translator):
    """Every pixel scale x scale times, and brighter by a parameter."""

    def __init__(self, scale: int, brighter: float = 0.0) -> None:
        super().__init__(stride=1, scale=scale)
        self.brighter = nn.Parameter(torch.tensor(brighter))

    def translate(self, images: Tensor) -> Tensor:
        return images.repeat_interleave(self.scale, 2).repeat_interleave(self.scale, 3) + self.brighter


def enhancer(scale: int, brighter: float = 0.0) -> Enhancer:
    return Enhancer(Repeated(scale, brighter), {}, (1, 16 * scale, 16 * scale), (1, 16, 16), (0.0, 255.0))


def pairs(chain: Chain, side: int = 32, n: int = 12) -> PairData:
    source = torch.Generator().manual_seed(0)
    images = torch.randint(60, 180, (n, 1, side, side), generator=source, dtype=torch.uint8)
    return degraded_pairs(Photographs.of(ImageData("noise", images, None, (), "Made here.")), chain, seed=0)


def table(
    measured: list[Candidate], given: PairData, chain: Chain | None, **more: object
) -> dict[tuple[str, str], float]:
    found = evaluate_enhancers(measured, given, chain, **more)
    return {(m.name, m.protocol.weights): m.value for m in found.numbers}


def test_a_known_error_has_its_numbers() -> None:
    """Brighter by 10 levels than the truth: l1 is 10/255, PSNR 20 log10 25.5, and nothing else is changed."""
    given = pairs(Chain.read("noise:5"))
    truth = PairData("truth", given.targets, given.targets, True, "Made here.")
    found = table([Candidate("ten", enhancer(1, 10.0))], truth, None)
    assert found["l1", "ten"] == pytest.approx(10 / 255)
    assert found["psnr", "ten"] == pytest.approx(28.131, abs=1e-3)
    assert found["sharpness", "ten"] == pytest.approx(1.0)
    assert found["spectrum", "ten"] == pytest.approx(0.0, abs=1e-6)
    # A shift of all 64 values of a patch by 10/255, and no change of their covariance.
    assert found["frechet", "ten"] == pytest.approx(64 * (10 / 255) ** 2, rel=1e-6)


def test_what_is_degraded_again_to_the_input_is_consistent() -> None:
    chain = Chain.read("downscale:2")
    given = pairs(chain)
    same, brighter = enhancer(2), enhancer(2, 10.0)
    assert inconsistency(same.apply(given.inputs.images), given.inputs.images, chain) == 0.0
    found = table([Candidate("same", same), Candidate("ten", brighter)], given, chain)
    assert found["consistency", "same"] == 0.0
    assert found["consistency", "ten"] == pytest.approx(10 / 255)


def test_what_cannot_be_said_is_left_out_with_the_reason() -> None:
    chain = Chain.read("noise:5-25")
    found = evaluate_enhancers([Candidate("same", enhancer(1))], pairs(chain), chain)
    assert {m.name for m in found.numbers} == {"psnr", "ssim", "l1", "frechet", "sharpness", "spectrum"}
    assert any("consistency is left out: noise:5-25" in note for note in found.notes)
    assert any(f"ms_ssim is left out: it needs sides of {LARGE}" in note for note in found.notes)


def test_large_images_have_five_scales() -> None:
    chain = Chain.read("downscale:2")
    given = pairs(chain, side=LARGE, n=2)
    found = table([Candidate("same", enhancer(2))], given, chain)
    made = enhancer(2).apply(given.inputs.images)
    assert found["ms_ssim", "same"] == pytest.approx(ms_ssim(given.targets.images, made))


def test_the_features_are_those_that_are_asked_for() -> None:
    chain = Chain.read("downscale:2")
    given, judge = pairs(chain), load_extractor("digits")
    found = evaluate_enhancers([Candidate("same", enhancer(2))], given, chain, judge)
    (measured,) = (m for m in found.numbers if m.name == "frechet")
    made = enhancer(2).apply(given.inputs.images)
    assert measured.value == pytest.approx(frechet_distance(judge(given.targets.images), judge(made)))
    assert measured.protocol.extractor == "digits"
    assert "after downscale:2" in measured.protocol.dataset


def test_candidates_come_from_worst_known_to_best_hoped() -> None:
    found = compared_models({"average": enhancer(2, 4.0), "live": enhancer(2, 8.0)}, enhancer(2), (0.25, 0.5))
    assert [(c.name, c.strength) for c in found] == [
        ("bicubic", None),
        ("regression", 0.0),
        ("strength 0.25", 0.25),
        ("strength 0.5", 0.5),
        ("average", 1.0),
        ("live", None),
    ]
    between = found[2].network
    assert between is not None
    assert between.network.brighter.item() == 1.0
    assert [c.name for c in compared_models({"delivered": enhancer(1)}, None)] == ["input unchanged", "delivered"]


def test_without_a_network_the_input_stands_in_the_targets_size_and_channels() -> None:
    flat = torch.full((3, 1, 8, 8), 90, dtype=torch.uint8)
    made = untouched(flat, torch.zeros(3, 3, 32, 32, dtype=torch.uint8))
    assert made.shape == (3, 3, 32, 32)
    assert (made == 90).all()


def test_an_image_that_is_met_exactly_counts_as_what_rounding_leaves() -> None:
    """Among four, of which the others are 10 levels off: (58.92 + 3 · 28.13)/4, and not infinity."""
    target = torch.full((4, 1, 16, 16), 100, dtype=torch.uint8)
    made = target.clone()
    made[1:] += 10
    assert resemblance(made, target)["psnr"] == pytest.approx((58.922 + 3 * 28.131) / 4, abs=1e-3)
