"""The picture of a game's dynamics shows what it was given."""

import numpy as np
import pytest
from matplotlib.contour import QuadContourSet

from saddlepoint.report.dynamics import Stability, dynamics

EIGENVALUES = (0.5 + 1j, 0.5 - 1j, -0.1 + 0j)
PATH = ((0.0, 1.0), (0.5, -0.5), (2.0, 1.0))


def disc(h):
    """Where |1 − hλ| < 1."""
    real, imaginary = np.linspace(-1, 2, 61), np.linspace(-2, 2, 81)
    return Stability("simultaneous", h, real, imaginary, np.abs(1 - h * (real[None, :] + 1j * imaginary[:, None])))


def test_the_line_of_the_region_is_the_circle():
    figure = dynamics(EIGENVALUES, None, stability=disc(1.0))
    (axes,) = figure.axes
    line = next(c for c in axes.collections if isinstance(c, QuadContourSet) and not c.filled)
    corners = line.get_paths()[0].vertices
    assert len(corners) > 20
    assert np.hypot(corners[:, 0] - 1, corners[:, 1]) == pytest.approx(1.0, abs=5e-3)
    assert "simultaneous steps contract, h = 1" in axes.get_title()


@pytest.mark.parametrize("h", [1e-9, 1e9])
def test_a_region_without_a_boundary_in_view_draws_without_a_warning(h):
    figure = dynamics(EIGENVALUES, None, stability=disc(h))
    figure.canvas.draw()
    (axes,) = figure.axes
    assert f"h = {h:.3g}" in axes.get_title()


def test_there_is_a_panel_for_what_there_is():
    assert len(dynamics(EIGENVALUES, None).axes) == 1
    figure = dynamics(EIGENVALUES, PATH, "run", cosines=(1.0, 0.0, -1.0), notes="Duality gap: 1.")
    titles = [axes.get_title() for axes in figure.axes]
    assert len(titles) == 3
    turn = figure.axes[2].lines[0]
    assert list(turn.get_xdata()) == [2, 3, 4]
    assert list(turn.get_ydata()) == pytest.approx([0.0, 90.0, 180.0])
