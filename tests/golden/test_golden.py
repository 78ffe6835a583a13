"""Four steps of every recipe come to what they came to when they were last looked at.

Where a change of numbers was meant, see `golden_runs` for how to renew what is expected.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from golden_cases import CASES
from golden_runs import EXPECTED, command, differences, play, summary, undrawn

#: Their networks are wide or their data many.
LONG = ("stacked-mnist", "inpaint", "autoencoder", "mnist", "images", "modern", "fashion-mnist")
#: Of the variants of `digits`, those that stand for all by default.
DIGITS = ("digits", "digits, all penalties", "digits, adapting augmentation", "digits, lookahead")


def is_slow(name: str) -> bool:
    return name in LONG or (name.startswith("digits, ") and name not in DIGITS)


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(EXPECTED.read_text(encoding="utf-8"))
    return read


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if is_slow(name) else name for name in CASES]
)
def test_a_short_run_comes_to_the_same(name: str, expected: dict[str, Any], tmp_path: Path) -> None:
    with undrawn():
        run = play(CASES[name], tmp_path)
    assert differences(CASES[name], summary(run), expected[name]) == []


def test_a_difference_is_seen(expected: dict[str, Any]) -> None:
    found = json.loads(json.dumps(expected["digits"]))
    assert differences(CASES["digits"], found, expected["digits"]) == []
    key = next(iter(found["tensors"]))
    found["tensors"][key][1] += 0.001 * found["tensors"][key][0]
    del found["record"]["losses"]["generator"]
    assert [line.split(":")[0] for line in differences(CASES["digits"], found, expected["digits"])] == [
        "tensors",
        "record",
    ]


def test_every_recipe_is_played(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("list", "recipes") == 0
    listed = set(re.findall(r"^ ([a-z]\S*)", capsys.readouterr().out, re.MULTILINE))
    listed -= {"table-dp"}  # its noise is drawn by a key that only one machine knows
    assert listed == {case.recipe for case in CASES.values()}
