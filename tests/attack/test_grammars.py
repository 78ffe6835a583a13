"""Conditions, rules, tables to complete, weights, facts and states made by grammars: each is taken or refused.

`SADDLE_CASES=2000 pytest tests/attack/test_grammars.py` plays so many of each.
"""

import copy
import io
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import saddlepoint as sp
from commands import Run
from saddlepoint.configuration import ConfigurationError
from saddlepoint.data import DataError
from saddlepoint.data.tables import read_table
from saddlepoint.data.tables.rules import with_rules
from saddlepoint.storage import RunFolder, write_sealed
from saddlepoint.storage.sealed import checksum

WEIGHTS = "generator.safetensors"


def cases(few: int) -> Callable[[Any], Any]:
    """So many, or what the environment says."""
    return settings(
        max_examples=int(os.environ.get("SADDLE_CASES", few)),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def refusal(act: Callable[[], object]) -> str | None:
    """Why it is refused; None where it is done. Anything but a sentence is raised."""
    try:
        act()
    except (DataError, ConfigurationError, ValueError) as error:
        said = str(error)
        assert 10 < len(said) < 3000, said
        return said
    return None


# --- tables ----------------------------------------------------------------------------------------------------


NAMES = ("age", "income", "check in", "took", "city", "flag", "a,b", "x=y", "constant", "code")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    dice, n = np.random.default_rng(0), 120
    frame = pandas.DataFrame(
        {
            "age": dice.integers(18, 90, n),
            "income": dice.choice(["<=50K", ">50K", "", "a|b", "x*"], n),
            "check in": pandas.Timestamp("2024-01-31") + pandas.to_timedelta(dice.integers(0, 400, n), "D"),
            "took": [f"{value // 60:02}:{value % 60:02}:00" for value in dice.integers(0, 1440, n)],
            "city": dice.choice(["Ulm", "Bonn", "nan", "1..2"], n),
            "flag": dice.choice(["True", "False"], n),
            "a,b": np.where(dice.random(n) < 0.2, np.nan, dice.normal(0, 1e9, n).round(2)),
            "x=y": dice.choice(["1", "2.5", "-3"], n),
            "constant": "always",
            "code": [f"P{number:05}" for number in range(n)],
        }
    )
    place = tmp_path_factory.mktemp("table") / "rows.csv"
    frame.to_csv(place, index=False)
    return place


@pytest.fixture(scope="module")
def rows(file: Path) -> Any:
    return read_table(file)


@pytest.fixture(scope="module")
def model(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    out = tmp_path_factory.mktemp("fitted") / "run"
    return sp.train("table-copula", data=str(file), out=out, progress=False).model


signs = st.sampled_from(["=", "!=", ">=", "<=", ">", "<", "==", "=>", "≤", "", " = ", "=!"])
odd = st.sampled_from(
    [
        *(
            "",
            " ",
            "nan",
            "NaN",
            "inf",
            "-inf",
            "1e400",
            "-1e308",
            "9" * 400,
            "0x10",
            "1_0",
            "٣",
            "½",
            "\x00",
            "`",
            "'",
        ),
        *('"', "\\", "(", "[", "{", "*", "**", "|", "||", "..", "...", "1..", "..1", "2..1", "nan..nan", "a..b", "\n"),
        *(
            "2024-02-30",
            "2024-13-01",
            "0000-00-00",
            "99999-01-01",
            "25:61",
            "-1:00",
            "True",
            "none",
            "\ud800",
            "\u202e",
        ),
    ]
)
known = st.sampled_from([*("Ulm", ">50K", "<=50K", "a|b", "x*", "1..2", "True", "2.5", "always", "P00001", "30")])
values = st.one_of(odd, known, st.floats().map(str), st.integers().map(str), st.text(max_size=5), st.dates().map(str))
columns = st.one_of(st.sampled_from(NAMES), st.sampled_from([f"`{name}`" for name in NAMES]), odd, st.text(max_size=4))
sets = st.lists(values, min_size=1, max_size=4).map("|".join)
ranges = st.tuples(values, values).map("..".join)
conditions = st.tuples(columns, signs, st.one_of(values, sets, ranges, values.map(lambda text: f"{text}*"))).map(
    "".join
)


@pytest.mark.slow
@cases(80)
@given(where=st.lists(st.one_of(conditions, st.text(max_size=12)), min_size=1, max_size=2))
def test_any_condition_is_met_or_refused(model: Any, where: list[str]) -> None:
    refusal(lambda: model.sample(2, where=where))


given_values = st.one_of(values, st.integers(), st.floats(), st.none(), st.booleans(), st.dates(), st.lists(values))


@cases(40)
@given(where=st.dictionaries(columns, st.one_of(given_values, st.tuples(values, values).map(lambda v: slice(*v)))))
def test_any_mapping_of_conditions_is_met_or_refused(model: Any, where: dict[str, Any]) -> None:
    refusal(lambda: model.sample(2, where=where))


numbers = st.one_of(
    st.integers(-9, 9).map(str), odd, st.sampled_from(["1e3", "1j", "b'1'", "'2024-01-31'", "'x'", "10**10"])
)
functions = st.sampled_from(
    ["round", "floor", "ceil", "abs", "min", "max", "years", "year", "month", "hour", "exec", "x"]
)
expressions = st.recursive(
    st.one_of(columns, numbers),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([*"+-*/", "**", "//", "%", "@", ",", " if ", "."]), inner).map("".join),
        inner.map(lambda text: f"({text})"),
        inner.map(lambda text: f"-{text}"),
        st.tuples(functions, st.lists(inner, max_size=3)).map(lambda call: f"{call[0]}({', '.join(call[1])})"),
    ),
    max_leaves=8,
)
lists = st.lists(columns, max_size=4).map(", ".join)
rules = st.one_of(
    st.lists(expressions, min_size=1, max_size=3).flatmap(lambda sides: signs.map(lambda sign: sign.join(sides))),
    st.tuples(st.sampled_from(["unique", "one_hot", "at_most_one", "combination", "missing"]), lists).map(
        lambda rule: f"{rule[0]}({rule[1]})"
    ),
    st.tuples(lists, lists).map(" -> ".join),
    st.tuples(columns, columns, signs, values).map(lambda rule: f"missing({rule[0]}) where {''.join(rule[1:])}"),
    st.text(max_size=12),
)


@cases(100)
@given(rule=rules)
def test_any_rule_holds_or_is_refused(rows: Any, rule: str) -> None:
    refusal(lambda: with_rules(rows, [rule]))


@pytest.mark.parametrize(
    "rule", ["(" * 5000 + "age", "-" * 20_000 + "age < 3", "age < " + "9" * 5000, "age=" + "age+" * 9000]
)
def test_a_rule_without_an_end_is_refused(rows: Any, rule: str) -> None:
    assert refusal(lambda: with_rules(rows, [rule]))


@st.composite
def partial_tables(draw: st.DrawFn) -> bytes:
    chosen = draw(st.lists(columns, min_size=1, max_size=4))
    lines = [draw(st.lists(values, min_size=len(chosen), max_size=len(chosen))) for _ in range(draw(st.integers(0, 4)))]
    frame = pandas.DataFrame(lines, columns=chosen)
    return frame.to_csv(index=False).encode("utf-8", "replace")


@cases(40)
@given(content=partial_tables())
def test_any_rows_are_completed_or_refused(
    model: Any, tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    place = tmp_path_factory.getbasetemp() / "like.csv"
    place.write_bytes(content)
    refusal(lambda: model.sample(2, like=place))


# --- what a folder holds ---------------------------------------------------------------------------------------


plain = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.sampled_from([-1, 0, 2**31, 2**63, 2**64 - 1, 10**400]),
        st.floats(),
        st.text(max_size=6),
        st.sampled_from(["F32", "F64", "BF16", "I64", "BOOL", "../..", "/etc/passwd", "nan"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Ways to all that plain data holds."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(way for key, each in inner for way in places(each, (*path, key)))][:2000]


def changed(value: Any, draw: st.DrawFn, ways: list[tuple[Any, ...]]) -> Any:
    """Plain data in which one to three places hold something else, or nothing."""
    made = copy.deepcopy(value)
    for _ in range(draw(st.integers(1, 3))):
        *path, last = draw(st.sampled_from([way for way in ways if way]))
        at = made
        try:
            for key in path:
                at = at[key]
            if draw(st.booleans()):
                at[last] = draw(plain)
            elif draw(st.booleans()):
                del at[last]
            else:
                at[last] = copy.deepcopy(at)
        except (KeyError, IndexError, TypeError):
            continue
    return made


@pytest.mark.slow
@cases(60)
@given(data=st.data())
def test_any_head_of_weights_is_loaded_or_refused(
    trained: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp() / "weights"
    if not folder.exists():
        shutil.copytree(trained / "generator", folder)
    content = (trained / "generator" / WEIGHTS).read_bytes()
    length = int.from_bytes(content[:8], "little")
    head, tail = json.loads(content[8 : 8 + length]), content[8 + length :]
    made = changed(head, data.draw, places(head))
    text = json.dumps(made).encode("utf-8", "replace")
    said = data.draw(st.sampled_from([len(text)] * 6 + [0, 1, len(text) - 1, len(text) + 9, 2**40, 2**63]))
    (folder / WEIGHTS).write_bytes(
        said.to_bytes(8, "little") + text + tail[: data.draw(st.sampled_from([None, 0, 99]))]
    )
    write_sealed(folder, {name: (folder / name).read_bytes() for name in (WEIGHTS, "config.yaml")})
    refusal(lambda: sp.load(folder))


@pytest.fixture(scope="module")
def copied(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copied") / "run"
    shutil.copytree(trained, folder)
    return folder


@pytest.mark.slow
@cases(12)
@given(data=st.data())
def test_any_facts_of_a_run_are_shown_or_refused(trained: Path, copied: Path, run: Run, data: st.DataObject) -> None:
    facts = json.loads((trained / "run.json").read_text())
    made = changed(facts, data.draw, places(facts))
    (copied / "run.json").write_text(json.dumps(made).encode("utf-8", "replace").decode())
    shutil.copy(trained / "metrics.jsonl", copied / "metrics.jsonl")
    words = data.draw(st.sampled_from([("report",), ("status",), ("status", "--json"), ("sample", "-n", "1")]))
    more = ["--npz", copied.parent / "x.npz"] if words[0] == "sample" else []
    said = run(words[0], copied, *words[1:], *more)
    assert "Traceback" not in said.err, (made, said.err[-2000:])
    assert said.code in (0, 1, 2)


@pytest.mark.slow
@cases(12)
@given(data=st.data())
def test_any_state_is_continued_or_refused(trained: Path, run: Run, tmp_path_factory: Any, data: st.DataObject) -> None:
    folder = tmp_path_factory.getbasetemp() / "state"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(trained, folder)
    newest = RunFolder(folder).checkpoints.newest().path
    state = torch.load(newest / "state.pt", weights_only=True)
    made = changed(state, data.draw, places(state))
    buffer = io.BytesIO()
    torch.save(made, buffer)
    (newest / "state.pt").write_bytes(buffer.getvalue())
    manifest = json.loads((newest / "manifest.json").read_text())
    manifest["files"]["state.pt"] = checksum(newest / "state.pt")
    (newest / "manifest.json").write_text(json.dumps(manifest))
    said = run("train", folder / "config.yaml", "--samples", "640", "--out", folder)
    assert "Traceback" not in said.err, (made, said.err[-2000:])
    assert said.code in (0, 1, 2)
