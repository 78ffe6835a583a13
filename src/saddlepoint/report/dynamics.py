"""The picture of a game's dynamics."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray

from saddlepoint.report.figures import LIGHT, Theme


@dataclass(frozen=True)
class Stability:
    """Where a method's step contracts.

    Attributes:
        name: of the method.
        step: its h.
        real, imaginary: of λ, columns and rows of a grid.
        factors: by what the step multiplies a mode there, (rows, columns).
    """

    name: str
    step: float
    real: NDArray[np.float64]
    imaginary: NDArray[np.float64]
    factors: NDArray[np.float64]


def dynamics(
    eigenvalues: Sequence[complex],
    path: tuple[Sequence[float], Sequence[float], Sequence[float]] | None,
    title: str = "",
    theme: Theme = LIGHT,
    *,
    stability: Stability | None = None,
    cosines: Sequence[float] = (),
    notes: str = "",
) -> Figure:
    """Eigenvalues in the complex plane and, where there are any, the field along a path and the turn of further steps.

    Args:
        eigenvalues: of the game's Jacobian; those with a negative real part are marked.
        path: shares, cosines, norms, as `saddlepoint.dynamics.Path` has them; None leaves its panel out.
        title: above all.
        theme: colours.
        stability: shaded behind the eigenvalues, where the method's step contracts.
        cosines: between successive displacements; none leaves their panel out.
        notes: a sentence or two below all.
    """
    panels = 1 + bool(path) + bool(cosines)
    figure = Figure(
        figsize=(0.6 + 5.0 * panels, 4.6),
        layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1),
        facecolor=theme.card,
    )
    figure.suptitle(title, color=theme.ink, x=0.02, ha="left")
    if notes:
        figure.supxlabel(notes, color=theme.muted, fontsize=8, x=0.02, ha="left", wrap=True)
    axes = iter(figure.subplots(1, panels, squeeze=False)[0])
    _spectrum(next(axes), eigenvalues, stability, theme)
    if path:
        _path(next(axes), *path, theme)
    if cosines:
        _turning(next(axes), cosines, theme)
    return figure


def _spectrum(plane: Axes, eigenvalues: Sequence[complex], stability: Stability | None, theme: Theme) -> None:
    _plain(plane, theme)
    plane.set(xlabel="Re λ  (left of 0: unstable)", ylabel="Im λ  (rotation)", title="Spectrum of the Jacobian")
    colours = [theme.alert if v.real < 0 else theme.lines[0] for v in eigenvalues]
    plane.axvline(0, color=theme.muted, linewidth=0.8)
    plane.scatter([v.real for v in eigenvalues], [v.imag for v in eigenvalues], c=colours, s=34, zorder=3)
    if stability is None:
        return
    grid = stability.real, stability.imaginary, stability.factors
    if stability.factors.min() < 1:
        plane.contourf(*grid, levels=[0.0, 1.0], colors=[theme.lines[2]], alpha=0.14, zorder=1)
        if stability.factors.max() > 1:
            plane.contour(*grid, levels=[1.0], colors=[theme.lines[2]], linewidths=1.2, zorder=2)
    plane.set(
        title=f"Spectrum of the Jacobian\nshaded: {stability.name} steps contract, h = {stability.step:.3g}",
        xlim=(stability.real[0], stability.real[-1]),
        ylim=(stability.imaginary[0], stability.imaginary[-1]),
    )


def _path(angle: Axes, shares: Sequence[float], cosines: Sequence[float], norms: Sequence[float], theme: Theme) -> None:
    _plain(angle, theme)
    angle.plot(shares, cosines, color=theme.lines[0], label="cosine of F with z₀ − z₁")
    angle.axhline(0, color=theme.muted, linewidth=0.8)
    for end in (0, 1):
        angle.axvline(end, color=theme.grid, linewidth=1.5)
    top = max(norms) or 1.0
    angle.plot(shares, [n / top for n in norms], color=theme.lines[1], label=f"‖F‖ / {top:.3g}")
    angle.set(xlabel="a, along z₀ + a (z₁ − z₀)", ylim=(-1.08, 1.08), title="Field from one checkpoint to the next")
    angle.legend(frameon=False, labelcolor=theme.ink, fontsize=8)


def _turning(turn: Axes, cosines: Sequence[float], theme: Theme) -> None:
    _plain(turn, theme)
    angles = [math.degrees(math.acos(cosine)) for cosine in cosines]
    mean = sum(angles) / len(angles)
    turn.plot(range(2, len(angles) + 2), angles, color=theme.lines[0], linewidth=0.9, label="angle to the step before")
    turn.axhline(mean, color=theme.lines[1], label=f"mean {mean:.0f}°")
    turn.set(xlabel="further step", ylim=(0, 180), yticks=range(0, 181, 45), title="Turn of the direction, degrees")
    turn.legend(frameon=False, labelcolor=theme.ink, fontsize=8)


def _plain(axes: Axes, theme: Theme) -> None:
    axes.set_facecolor(theme.card)
    axes.grid(color=theme.grid, zorder=0)
    axes.tick_params(colors=theme.muted, labelsize=8)
    for spine in axes.spines.values():
        spine.set_visible(False)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set(color=theme.muted, fontsize=9)
    axes.title.set(color=theme.ink, fontsize=10)
