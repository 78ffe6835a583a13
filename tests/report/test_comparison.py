"""The table, figure and page of a comparison."""

import json

import pytest
from PIL import Image

from comparisons import made_up, result, row
from saddlepoint.report.comparison import comparison_figure, grid_of, read_comparison, remarks, write_comparison


def test_the_files_are_whole_and_the_page_stands_alone(tmp_path):
    paths = write_comparison(made_up(), tmp_path)
    assert json.loads(paths["json"].read_text()) == made_up()
    with Image.open(paths["png"]) as picture:
        assert picture.width > 1000
    page = paths["html"].read_text()
    assert "<a>" not in page  # every name is escaped
    assert "&lt;a&gt; comes first" in page
    assert "A &amp; B" in page
    assert "saddle compare bilinear --methods &#39;&lt;a&gt;,b,c&#39;" in page
    assert not [link for link in ("://", "<script", "@import", "url(") if link in page]


def test_the_table_counts_failures_and_says_what_is_hidden_in_no_mean():
    rows = grid_of(made_up())
    assert [r[1] for r in rows] == ["<a>", "b", "c"]
    assert [r[5] for r in rows] == ["0 of 2", "1 of 2", "2 of 2"]
    assert rows[0][2] == "0.1*"
    assert rows[0][6] == "12 + 24 Jv"
    assert rows[2][3] == "—"
    assert rows[1][4] == "failed (seed 1)"
    said = " ".join(remarks(made_up()))
    assert all(word in said for word in ("lower is better", "Failed seeds", "end of the list", "Jv"))


def test_a_page_has_the_median_between_the_worst_and_the_best_seed(tmp_path):
    write_comparison(made_up(), tmp_path)
    found = read_comparison(tmp_path)
    assert found["lead"].startswith("<a> comes first")
    assert [panel["axis"] for panel in found["panels"]] == ["gradient evaluations", "seconds"]
    for panel in found["panels"]:
        for series in panel["series"]:
            for low, middle, high in zip(series["low"], series["y"], series["high"], strict=True):
                assert low <= high
                assert middle is None or low <= middle <= high
    assert found["panels"][0]["scale"] == "log"


def test_a_comparison_that_anybody_wrote_is_refused_in_a_sentence(tmp_path):
    whole = made_up()
    broken = [[], {}, None, 3, {**whole, "standings": []}, {**whole, "results": [{}]}]
    broken += [{**whole, "settings": {"on": "x", "entries": {}}}, {**whole, "results": [*whole["results"]] * 9999}]
    broken += [{**whole, "standings": [{**whole["standings"][0], "spread": "x"}]}, {**whole, "command": None}]
    for content in broken:
        (tmp_path / "comparison.json").write_text(json.dumps(content))
        with pytest.raises(ValueError, match="is not as saddle compare writes it"):
            read_comparison(tmp_path)
    (tmp_path / "out").write_text(json.dumps(whole))
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "comparison.json").symlink_to(tmp_path / "out")
    with pytest.raises(OSError, match="leads out of"):
        read_comparison(inside)


def test_a_line_ends_where_half_the_seeds_have_failed():
    figure = comparison_figure(made_up())
    lines = {line.get_label(): line for line in figure.axes[0].get_lines() if not line.get_label().startswith("_")}
    assert set(lines) == {"<a>", "b (1 of 2 failed)"}
    drawn = lines["b (1 of 2 failed)"].get_ydata()
    assert drawn[0] == 1.0
    assert drawn[-1] != drawn[-1]  # NaN


def test_a_race_that_nobody_finished_is_drawn_too(tmp_path):
    failed = [r for r in made_up()["results"] if r["method"] == "c"]
    everything = made_up(results=failed, standings=[row(1, "c", None, 2)], search=[])
    assert "Every method failed" in write_comparison(everything, tmp_path)["html"].read_text()


def test_fewer_than_a_decade_of_a_metric_is_drawn_on_a_linear_axis():
    results = [result("<a>", s, 2.0, [3.0, 2.5, 2.0]) for s in (0, 1)]
    figure = comparison_figure(made_up(metric="pixel_frechet", results=results, standings=[row(1, "<a>", 2.0)]))
    assert figure.axes[0].get_yscale() == "linear"


def test_the_direction_of_the_score_is_said_and_failed_seeds_are_its_worst():
    auc = {"direction": "target", "target": 0.5}
    assert "right at 0.5" in remarks(made_up(measure=auc))[0]
    assert "no direction is known" in remarks(made_up(measure={}))[0]
    figure = comparison_figure(made_up(metric="recall", measure={"direction": "higher"}))
    lines = {line.get_label(): line for line in figure.axes[0].get_lines() if not line.get_label().startswith("_")}
    assert not [end for end in lines["b (1 of 2 failed)"].get_ydata()[-1:] if end == end]  # NaN
