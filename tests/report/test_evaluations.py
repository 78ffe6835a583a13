"""No two numbers in a column of the table were measured by different protocols."""

from pathlib import Path
from typing import Any

import pytest
from made_up_run import write_run

from saddlepoint.report import as_png, write_report
from saddlepoint.report.evaluations import evaluation_figure, tabulated
from saddlepoint.storage import append_evaluation, read_evaluations

PROTOCOL = {
    "extractor": "digits",
    "digest": "abc",
    "resizing": "stretched",
    "dataset": "mnist",
    "fingerprint": "f00",
    "split": "train",
    "n_real": 60_000,
    "n_generated": 50_000,
    "most": 10_000,
    "seed": 0,
    "weights": "average",
}
OTHERS: dict[str, Any] = {
    "extractor": "pixels",
    "digest": "abd",
    "resizing": "cropped",
    "dataset": "digits",
    "fingerprint": "f01",
    "split": "test",
    "n_real": 10_000,
    "n_generated": 10_000,
    "most": 5_000,
    "seed": 1,
    "weights": "live",
}


def value(number: float | None = 1.5, metric: str = "frechet", **changes: Any) -> dict[str, Any]:
    shared = {"error": None, "interval": None, "direction": "lower", "settings": {}, "detail": {}}
    return {"metric": metric, "value": number, **shared, "protocol": {**PROTOCOL, **changes}}


def record(*values: dict[str, Any], samples: int = 1000) -> dict[str, Any]:
    return {"evaluated": "2026-01-01T00:00:00+00:00", "samples": samples, "notes": [], "values": list(values)}


@pytest.mark.parametrize("field", PROTOCOL)
def test_protocols_that_differ_anywhere_are_columns_that_say_so(field: str) -> None:
    table = tabulated([record(value(1.0)), record(value(2.0, **{field: OTHERS[field]}))])
    assert table.rows == (("frechet ↓", ("1", "2")),)
    assert table.heads[0] != table.heads[1]
    assert len(set(table.heads[0]) ^ set(table.heads[1])) == 2, "one phrase each: nothing else differs"


def test_other_weights_of_one_run_are_other_columns() -> None:
    table = tabulated([record(value(1.0)), record(value(2.0), samples=2000)])
    assert table.rows == (("frechet ↓", ("1", "2")),)
    assert [head[1] for head in table.heads] == ["at 1,000 samples", "at 2,000 samples"]


def test_equal_protocols_share_a_column_and_the_newest_number_counts() -> None:
    table = tabulated([record(value(1.0), value(3.0, "kernel")), record(value(2.0))])
    assert table.heads == (("average",),)
    assert table.rows == (("frechet ↓", ("2",)), ("kernel ↓", ("3",)))
    assert {"of mnist", "60,000 real", "input stretched"} <= set(table.common)


def test_a_metric_with_other_settings_is_another_row() -> None:
    three, five = value(0.5, "recall"), value(0.6, "recall")
    three["settings"], five["settings"] = {"k": 3}, {"k": 5}
    assert [label for label, _ in tabulated([record(three, five)]).rows] == ["recall ↓ (k 3)", "recall ↓ (k 5)"]


def test_the_newest_columns_are_kept_and_one_measured_anew_is_among_them() -> None:
    many = [record(value(float(seed), seed=seed)) for seed in range(20)]
    table = tabulated([*many, record(value(99.0, seed=0))], most=3)
    assert table.rows == (("frechet ↓", ("18", "19", "99")),)
    assert table.left_out == 17


def test_errors_intervals_and_infinities_are_shown() -> None:
    noisy, wide = value(0.0123456), value(None, "support")
    noisy["error"], wide["interval"] = 0.00042, [250.0, None]
    cells = [own for _, own in tabulated([record(noisy, wide)]).rows]
    assert cells == [("0.01235 ± 0.00042",), ("∞ (250 – ∞)",)]


@pytest.mark.slow
def test_the_page_has_the_table_where_there_is_an_evaluation(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "digits")
    assert 'id="evaluation"' not in write_report(folder).read_text(encoding="utf-8")
    append_evaluation(folder / "evaluation.json", record(value(1.25), value(2.5, split="<test>")))
    page = write_report(folder).read_text(encoding="utf-8")
    for part in ('id="evaluation"', "1.25", "against &lt;test&gt;", "features: digits"):
        assert part in page
    (folder / "evaluation.json").write_text('{"no": "list"}')
    assert 'id="evaluation"' not in write_report(folder).read_text(encoding="utf-8")


def test_evaluations_are_appended_and_damage_is_named(tmp_path: Path) -> None:
    path = tmp_path / "evaluation.json"
    assert read_evaluations(path) == []
    append_evaluation(path, record(value(1.0)))
    append_evaluation(path, record(value(2.0)))
    assert [e["values"][0]["value"] for e in read_evaluations(path)] == [1.0, 2.0]
    path.write_text("{}")
    with pytest.raises(ValueError, match="holds no list of evaluations: move it away"):
        append_evaluation(path, record())
    path.write_text("[")
    with pytest.raises(ValueError, match="is not JSON"):
        read_evaluations(path)


def test_the_figure_is_drawn_of_what_was_measured() -> None:
    assert evaluation_figure(record(value())) is None
    line, modes = value(1.0, "frechet_infinity"), value(3.0, "modes")
    line["detail"] = {"sizes": [10, 50, 100], "values": [3.0, 2.0, 1.5], "slope": 20.0}
    modes["detail"] = {"shares": [0.5, 0.25, 0.25], "real": [0.3, 0.3, 0.4]}
    figure = evaluation_figure(record(line, modes))
    assert figure is not None
    left, right = figure.axes
    (drawn,) = (each for each in left.lines if len(each.get_xdata()) == 2)
    assert list(drawn.get_ydata()) == pytest.approx([1.0, 3.0]), "the line at 1/n = 0 and at 1/10"
    assert sorted(bar.get_height() for bar in right.patches) == [0.25, 0.25, 0.3, 0.3, 0.4, 0.5]
    assert as_png(figure)[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("declared", "head"),
    [
        ({"direction": "lower", "target": None}, "detection ↓"),
        ({"direction": "higher", "target": None}, "detection ↑"),
        ({"direction": "target", "target": 0.5}, "detection → 0.5"),
        ({"direction": "none", "target": None}, "detection"),
    ],
)
def test_a_row_says_which_way_its_number_is_good(declared: dict[str, Any], head: str) -> None:
    assert tabulated([record({**value(metric="detection"), **declared})]).rows[0][0] == head
