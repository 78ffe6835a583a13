"""Figures keep every number, whatever the run was."""

import io
import math
from pathlib import Path

import numpy as np
import pytest
from made_up_run import DECLARED, healthy
from PIL import Image

from saddlepoint.measures import MEASURES, Measure
from saddlepoint.report import DARK, as_png, as_svg, curves, save_png, trajectory
from saddlepoint.report.figures import DRAWN, panel_figure, panels, running_mean
from saddlepoint.report.history import columns


@pytest.mark.parametrize("count", [0, 1, 2, 10_000])
def test_curves_draw_any_number_of_records(count: int) -> None:
    picture = Image.open(io.BytesIO(as_png(curves(healthy(count)), dpi=40)))
    assert min(picture.size) > 100


def test_every_number_of_the_records_is_on_some_panel() -> None:
    records = healthy()
    records[-1]["monitors"]["brand_new"] = 3.0
    records[-1]["losses"]["classifier"] = 1.0
    drawn = {series.name for panel in panels(records) for series in panel.series}
    wanted = {s.name for group in ("losses", "monitors", "metrics") for s in columns(records, group)}
    assert drawn == wanted


def test_numbers_of_one_unit_share_a_panel() -> None:
    together = [{series.name for series in panel.series} for panel in panels(healthy())]
    assert {"generator_gradient_norm", "discriminator_gradient_norm"} in together
    assert {"real_accuracy", "generated_accuracy", "discriminator_auc"} in together


@pytest.mark.parametrize("value", [math.nan, math.inf, None, "NaN"])
def test_what_is_not_finite_is_marked_where_it_happened(value: object) -> None:
    records = healthy(20)
    records[7]["losses"]["generator"] = value
    axes = curves(records).axes[0]
    (marks,) = [line for line in axes.lines if line.get_label() == "non-finite here"]
    assert list(marks.get_xdata()) == [records[7]["samples"]]


def test_a_run_of_nothing_but_nan_is_drawn() -> None:
    record = {
        "samples": 64,
        "losses": {"generator": None},
        "monitors": {"generator_gradient_norm": None, "diversity": None},
    }
    figure = curves([record, {**record, "samples": 128}], DARK)
    labels = {line.get_label() for axes in figure.axes for line in axes.lines}
    assert "non-finite here" in labels
    assert b"<svg" in as_svg(figure)
    assert as_svg(figure) == as_svg(figure)


def test_a_long_line_is_thinned_and_keeps_its_extremes() -> None:
    records = healthy(10_000)
    records[4_321]["losses"]["generator"] = 50.0
    raw = curves(records).axes[0].lines[0]
    assert len(raw.get_xdata()) <= 1.5 * DRAWN
    assert np.nanmax(raw.get_ydata()) == 50.0


def test_running_mean_leaves_a_straight_line_alone_inside() -> None:
    line = np.arange(100.0)
    assert np.allclose(running_mean(line)[5:-5], line[5:-5])


def test_the_best_value_of_a_metric_follows_its_direction() -> None:
    records = [{"samples": i, "metrics": {"frechet": v, "recall": v}} for i, v in enumerate((3.0, 1.0, 2.0), 1)]
    frechet, recall = columns(records, "metrics")
    assert frechet.best(MEASURES["frechet"]) == (1.0, 2)
    assert recall.best(MEASURES["recall"]) == (3.0, 1)
    assert recall.best(Measure("recall", "", "target", target=2.2)) == (2.0, 3)
    assert recall.best(Measure("recall", "", "none")) is None


def test_a_metric_of_unknown_direction_has_no_best_value_and_no_word_of_one() -> None:
    records = healthy()
    known = next(p for p in panels(records, DECLARED) if p.measure is not None)
    unknown = next(p for p in panels(records) if p.measure is not None)
    assert (known.unit, unknown.unit) == ("lower is better", "value")
    marked, bare = (panel_figure(panel).axes[0] for panel in (known, unknown))
    assert any(text.get_text().startswith("best") for text in marked.texts)
    assert not any("best" in text.get_text() for text in bare.texts)


def spiral(factor: float, steps: int) -> tuple[list[float], list[list[float]]]:
    path = [[factor**k * math.cos(k), factor**k * math.sin(k)] for k in range(steps + 1)]
    return [math.hypot(*point) for point in path], path


@pytest.mark.parametrize("factor", [0.5, 1.0, 1.05, 100.0])
def test_a_trajectory_is_drawn_whether_it_arrives_circles_or_leaves(factor: float) -> None:
    distance, path = spiral(factor, 120)
    figure = trajectory(distance, path, evaluations=240, rate=factor, outcome="running", title="spiral")
    as_png(figure, dpi=40)
    plane, descent = figure.axes[0], figure.axes[1]
    assert max(abs(v) for v in plane.get_xlim()) < 100
    assert any(f"{factor:.6f}" in text.get_text() for text in descent.get_legend().get_texts())
    assert descent.lines[0].get_xdata()[-1] == 240


def test_a_trajectory_of_more_than_two_coordinates_shows_the_distance_alone() -> None:
    assert len(trajectory([1.0, 0.5, 0.25], None, rate=0.5).axes) == 1


@pytest.mark.parametrize(
    ("distance", "rate"),
    [([1.0], math.nan), ([0.0], 0.0), ([1.0, 0.5, 0.0], 0.0), ([1.0, math.nan], math.inf), ([1e-300, 1e300], 2.0)],
)
def test_odd_distances_are_drawn(distance: list[float], rate: float) -> None:
    figure = trajectory(distance, [[d, 0.0] for d in distance], evaluations=4, rate=rate, theory_rate=0.5)
    assert len(figure.axes) >= 2
    assert as_png(figure, dpi=40).startswith(b"\x89PNG")


def test_a_trajectory_names_what_it_was_not_given() -> None:
    with pytest.raises(ValueError, match="distance is empty"):
        trajectory([], None)
    with pytest.raises(ValueError, match="two coordinates"):
        trajectory([1.0], [[1.0, 2.0, 3.0]])


def test_save_png_replaces_the_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    save_png(trajectory([1.0, 0.5]), tmp_path / "way.png")
    save_png(trajectory([1.0, 0.5]), tmp_path / "way.png")
    assert [path.name for path in tmp_path.iterdir()] == ["way.png"]
