"""The trade of distortion against perception, drawn from an evaluation."""

from typing import Any

from saddlepoint.report import as_png
from saddlepoint.report.perception_distortion import trade_figure


def value(name: str, metric: str, number: float | None, strength: float | None = None) -> dict[str, Any]:
    return {
        "metric": metric,
        "value": number,
        "detail": {} if strength is None else {"strength": strength},
        "protocol": {"weights": name, "extractor": "patches 8x8"},
    }


def evaluation() -> dict[str, Any]:
    rows = [
        ("bicubic", None, 20, 1.0),
        ("average", 1.0, 21, 0.1),
        ("regression", 0.0, 22, 0.6),
        ("strength 0.5", 0.5, 21.8, 0.3),
    ]
    return {
        "values": [
            value(name, metric, number, strength)
            for name, strength, psnr, frechet in rows
            for metric, number in (("psnr", psnr), ("frechet", frechet), ("ssim", 0.5))
        ]
    }


def test_the_way_between_the_stages_is_a_line_in_the_order_of_strength() -> None:
    figure = trade_figure(evaluation())
    (axes,) = figure.axes
    way, point = axes.lines
    assert way.get_xydata().tolist() == [[22, 0.6], [21.8, 0.3], [21, 0.1]]
    assert point.get_xydata().tolist() == [[20, 1.0]]
    assert {text.get_text() for text in axes.texts} == {"bicubic", "average", "regression", "strength 0.5"}
    assert "patches 8x8" in axes.get_ylabel()
    assert as_png(figure)[:4] == b"\x89PNG"


def test_without_both_numbers_there_is_no_figure() -> None:
    assert trade_figure({"values": [value("average", "psnr", 20)]}) is None
    assert trade_figure({"values": [value("average", "psnr", 20), value("average", "frechet", None)]}) is None
    assert trade_figure({}) is None


def test_a_network_without_stages_is_a_point() -> None:
    figure = trade_figure({"values": [value("live", "psnr", 20), value("live", "frechet", 0.2)]})
    assert len(figure.axes[0].lines) == 1
