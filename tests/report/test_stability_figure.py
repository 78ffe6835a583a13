"""The map's picture: every cell where its step sizes are, and theory's line where its factor passes 1."""

import io
import math

import numpy as np
import pytest
from PIL import Image

from saddlepoint.report import DARK, as_png
from saddlepoint.report.stability import stability


def test_cells_lie_about_their_step_sizes() -> None:
    axes = stability([0.1, 1.0], [0.01, 0.1, 1.0], [[0.5, 0.9], [1.0, 1.1], [None, math.nan]]).axes[0]
    mesh = axes.collections[0]
    edges = mesh.get_coordinates()
    assert np.allclose(edges[0, :, 0], [10**-1.5, 10**-0.5, 10**0.5])
    assert np.allclose(edges[:, 0, 1], [10**-2.5, 10**-1.5, 10**-0.5, 10**0.5])
    assert mesh.get_array().mask.tolist() == [[False, False], [False, False], [True, True]]


def test_the_line_runs_where_theory_passes_one() -> None:
    """Factor h_x · h_y: the line is h_x h_y = 1. On a plateau of 1 it is the plateau's edge."""
    fine = np.geomspace(0.1, 10, 200)
    for factors in (np.outer(fine, fine), np.maximum(np.outer(fine, fine), 1.0)):
        axes = stability([0.1, 10.0], [0.1, 10.0], [[0.5, 1.0], [1.0, 2.0]], (fine, fine, factors)).axes[0]
        (path,) = axes.collections[1].get_paths()
        x, y = path.vertices.T
        assert len(x) > 100
        assert np.allclose(x * y, 1.0, atol=0.05)


@pytest.mark.parametrize(("value", "words"), [(1.2, "nowhere"), (0.9, "everywhere")])
def test_a_plane_without_a_line_says_so(value: float, words: str) -> None:
    figure = stability([0.1, 1.0], [0.1, 1.0], [[value] * 2] * 2, ([0.1, 1.0], [0.1, 1.0], [[value] * 2] * 2))
    assert words in figure.axes[0].get_legend().get_texts()[0].get_text()


def test_it_is_drawn_in_any_theme_and_refuses_what_does_not_fit() -> None:
    picture = Image.open(io.BytesIO(as_png(stability([0.1], [0.1], [[0.9]], title="one", theme=DARK), dpi=40)))
    assert min(picture.size) > 100
    with pytest.raises(ValueError, match="give 1 rows of 2"):
        stability([0.1, 0.2], [0.1], [[0.9]])
