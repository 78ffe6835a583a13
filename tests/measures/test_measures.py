"""A direction is declared once; all that compares two numbers follows it."""

import json
import math
import subprocess
import sys

import pytest

from saddlepoint.measures import MEASURES, Measure, Number, declared, measure, numbers, values


@pytest.mark.parametrize(
    ("found", "best", "worse"),
    [
        (MEASURES["frechet"], 0.5, 1.5),
        (MEASURES["recall"], 0.9, 0.5),
        (MEASURES["sharpness"], 1.0, 0.4),
        (MEASURES["sharpness"], 1.1, 1.4),
        (MEASURES["detection"], 0.5, 0.9),
        (MEASURES["detection"], 0.45, 0.2),
        (MEASURES["frechet"].of("inception"), 1.0, 2.0),
        (MEASURES["kernel"].of("inception"), 1.0, 2.0),
        (MEASURES["bleu"].of(3), 0.7, 0.1),
        (MEASURES["self_bleu"].of(3), 0.1, 0.7),
    ],
)
def test_badness_is_lower_where_a_value_is_better(found: Measure, best: float, worse: float) -> None:
    assert found.badness(best) < found.badness(worse)


def test_what_has_no_direction_is_neither_better_nor_worse() -> None:
    found = Number(MEASURES["copying_z"], 3.0)
    assert math.isnan(found.badness)
    assert not found.badness < Number(MEASURES["copying_z"], -3.0).badness
    assert found.measure.words == ""


@pytest.mark.parametrize(
    ("direction", "target", "said"),
    [
        ("up", None, "has the direction 'up': give one of lower, higher, target, none"),
        ("target", None, "has the direction 'target' and the target None"),
        ("lower", 1.0, "has the direction 'lower' and the target 1.0"),
    ],
)
def test_a_direction_that_does_not_fit_is_refused(direction: str, target: float | None, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Measure("x", "", direction, target)  # type: ignore[arg-type]


def test_what_run_json_says_is_read_as_it_was_declared() -> None:
    found = [Number(each, 1.0) for each in MEASURES.values()]
    kept = json.loads(json.dumps(declared(found), allow_nan=False))
    assert {name: Measure.read(name, plain) for name, plain in kept.items()} == MEASURES


@pytest.mark.parametrize("plain", [None, 3, {}, {"direction": "up"}, {"direction": "target"}, {"target": 1.0}])
def test_what_can_not_be_read_has_no_direction(plain: object) -> None:
    assert Measure.read("x", plain).direction == "none"


def test_numbers_are_floats_by_the_names_of_registered_measures() -> None:
    found = numbers({"psnr": 30.0, "ssim": 0.9}, settings={"k": 3})
    assert values(found) == {"psnr": 30.0, "ssim": 0.9}
    assert [float(number) for number in found] == [30.0, 0.9]
    assert all(number.settings == {"k": 3} for number in found)
    with pytest.raises(ValueError, match="no measure is registered under the name 'pnsr'"):
        numbers({"pnsr": 30.0})
    with pytest.raises(ValueError, match="add one line to"):
        measure("higher")


def test_a_number_is_json_where_it_is_infinite() -> None:
    found = Number(MEASURES["support"], math.inf, interval=(5.0, math.inf)).plain()
    assert (found["value"], found["interval"], found["direction"]) == (None, [5.0, None], "higher")
    json.dumps(found, allow_nan=False)


def test_a_report_reads_directions_without_torch() -> None:
    code = "import sys, saddlepoint.report; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
