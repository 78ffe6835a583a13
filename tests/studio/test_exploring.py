"""What the newest model of a run is asked for."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from saddlepoint.runs import Run
from saddlepoint.studio import exploring, playing


def images(answer):
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(one.partition(",")[2])))) for one in answer["images"]]


def enlarged(image):
    factor = exploring.SIDE // image.shape[-1]
    return image[0].numpy().repeat(factor, 0).repeat(factor, 1)


def test_samples_are_those_of_saddle_sample(trained):
    made = images(exploring.answer(trained, {"do": "sample", "n": 5, "seed": 3, "label": "4"}))
    expected = Run.open(trained).sample(5, seed=3, label="4")
    for one, other in zip(made, expected, strict=True):
        np.testing.assert_array_equal(one, enlarged(other))


def test_a_row_a_class_has_the_same_latents(trained):
    answer = exploring.answer(trained, {"do": "sample", "n": 3, "rows": True})
    assert (answer["columns"], len(answer["names"])) == (3, 10)
    made = images(answer)
    model = Run.open(trained).model
    expected = model.render(model.latents(3, 0), torch.full((3,), 7))
    for one, other in zip(made[21:24], expected, strict=True):
        np.testing.assert_array_equal(one, enlarged(other))


def test_a_mixture_of_one_is_that_sample_and_ends_of_a_line_are_its_ends(trained):
    seen = images(exploring.answer(trained, {"do": "sample", "n": 8, "seed": 1}))
    ends = [
        {"seed": 1, "parts": [{"at": 2, "weight": 1 - w}, {"at": 5, "weight": w}], "label": "2"} for w in (0.0, 1.0)
    ]
    first, last = images(exploring.answer(trained, {"do": "mix", "places": ends}))
    np.testing.assert_array_equal(first, seen[2])  # latents come with classes in turn: the third is a 2
    alone = {"do": "mix", "places": [{"seed": 1, "parts": [{"at": 5, "weight": 1}], "label": "2"}]}
    np.testing.assert_array_equal(last, images(exploring.answer(trained, alone))[0])


def test_factorised_directions_are_the_singular_vectors_of_the_first_layer(trained):
    opened = exploring._open(trained)
    found, strengths = exploring._directions_of(opened, opened.model, "factorisation")
    weight, _ = exploring._first_layer(opened.model, opened.model.latents(exploring.SEEN, 1))
    torch.testing.assert_close(found @ found.T, torch.eye(len(found)), atol=1e-4, rtol=0)
    torch.testing.assert_close((weight @ found.T).norm(dim=0), strengths, atol=1e-4, rtol=1e-4)
    assert (strengths.diff() <= 1e-5).all()
    torch.testing.assert_close(strengths[0], torch.linalg.svdvals(weight)[0], atol=1e-4, rtol=1e-4)


def test_other_deeds_answer(trained):
    for by in ("factorisation", "pca"):
        answer = exploring.answer(trained, {"do": "directions", "by": by})
        assert answer["strengths"][0] == pytest.approx(1.0)
        place = {"seed": 0, "parts": [{"at": 0, "weight": 1}], "by": by, "moves": [2.0, -1.0]}
        assert len(images(exploring.answer(trained, {"do": "mix", "places": [place]}))) == 1
    assert len(images(exploring.answer(trained, {"do": "walk", "label": "3"}))) == exploring.STOPS * exploring.FRAMES
    keys = {one["key"] for one in exploring.answer(trained, {"do": "settings"})["settings"]}
    assert {"batch_size", "generator.network", "budget.samples"} <= keys


def test_an_image_of_the_generators_own_is_found_again(trained):
    model = Run.open(trained).model
    buffer = io.BytesIO()
    Image.fromarray(model.render(model.latents(1, 5), torch.tensor([3]))[0, 0].numpy()).save(buffer, "PNG")
    answer = exploring.answer(trained, {"do": "project", "content": buffer.getvalue()})
    assert float(answer["said"].partition("pixels ")[2].split()[0]) < 12


@pytest.mark.parametrize(
    "asked",
    [
        {"do": "nothing"},
        {"do": ["sample"]},
        {"do": "sample", "n": 10**9},
        {"do": "sample", "n": "4"},
        {"do": "sample", "seed": -1},
        {"do": "sample", "label": "no such"},
        {"do": "sample", "truncation": float("nan")},
        {"do": "sample", "options": {"like": "/etc/passwd"}},
        {"do": "sample", "options": {"where": ["a=1"]}},
        {"do": "mix", "places": []},
        {"do": "mix", "places": [3]},
        {"do": "mix", "places": [{"parts": [{"at": 10**6}]}]},
        {"do": "directions", "by": "magic"},
        {"do": "convert", "content": b""},
        {"do": "project", "content": b"<svg/>"},
    ],
)
def test_what_can_not_be_is_refused_in_a_sentence(trained, asked):
    with pytest.raises(ValueError, match=r"\w+ "):
        exploring.answer(trained, asked)


def test_methods_on_a_plane_go_the_way_that_solve_says():
    told = playing.played(
        {"game": "bilinear", "methods": ["extragradient", "alternating"], "lr": 0.3, "iterations": 60}
    )
    ahead, beside = told["ways"]
    # Extragradient on xy multiplies the distance by sqrt(1 - h^2 + h^4) a step; alternating play circles.
    assert ahead["rate"] == pytest.approx((1 - 0.09 + 0.0081) ** 0.5)
    assert beside["distance"][-1] == pytest.approx(2**0.5, rel=0.2)
    assert ahead["path"][0] == [1.0, 1.0]
    assert ahead["steps"] == list(range(61))
    # F = (y, -x), and the players are pushed along -F.
    assert all((dx, dy) == pytest.approx((-y, x)) for x, y, dx, dy in told["field"])


@pytest.mark.parametrize(
    "change",
    [
        *({"game": game} for game in (None, 3, "no such", "os:system")),
        *({"methods": methods} for methods in ([], "alternating", [3], ["no such"], ["alternating"] * 9)),
        *({"lr": lr} for lr in (0, -1, "0.1", True, float("nan"), 1e9)),
        *({"iterations": steps} for steps in (0, 1.5, "9", 10**9)),
    ],
)
def test_what_can_not_be_played_is_refused_in_a_sentence(change):
    asked = {"game": "bilinear", "methods": ["alternating"], "lr": 0.1, "iterations": 10}
    with pytest.raises(ValueError, match=r"\w+ "):
        playing.played({**asked, **change})
