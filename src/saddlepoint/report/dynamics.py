"""The picture of a game's dynamics."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from saddlepoint.report.figures import LIGHT, Theme


def dynamics(
    eigenvalues: Sequence[complex],
    path: tuple[Sequence[float], Sequence[float], Sequence[float]] | None,
    title: str = "",
    theme: Theme = LIGHT,
) -> Figure:
    """Eigenvalues in the complex plane and, where there is a path, angle and norm of the field along it.

    Args:
        eigenvalues: of the game's Jacobian; those with a negative real part are marked.
        path: shares, cosines, norms, as `saddlepoint.dynamics.Path` has them; None leaves the right half out.
        title: above all.
        theme: colours.
    """
    figure = Figure(
        figsize=(10.6, 4.6) if path else (5.6, 4.6),
        layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1),
        facecolor=theme.card,
    )
    figure.suptitle(title, color=theme.ink, x=0.02, ha="left")
    plane = figure.add_subplot(1, 2 if path else 1, 1)
    _plain(plane, theme)
    colours = [theme.alert if v.real < 0 else theme.lines[0] for v in eigenvalues]
    plane.axvline(0, color=theme.muted, linewidth=0.8)
    plane.scatter([v.real for v in eigenvalues], [v.imag for v in eigenvalues], c=colours, s=34, zorder=3)
    plane.set(xlabel="Re λ  (left of 0: unstable)", ylabel="Im λ  (rotation)", title="Spectrum of the Jacobian")
    if path:
        shares, cosines, norms = path
        angle = figure.add_subplot(1, 2, 2)
        _plain(angle, theme)
        angle.plot(shares, cosines, color=theme.lines[0], label="cosine of F with z₀ − z₁")
        angle.axhline(0, color=theme.muted, linewidth=0.8)
        for end in (0, 1):
            angle.axvline(end, color=theme.grid, linewidth=1.5)
        top = max(norms) or 1.0
        angle.plot(shares, [n / top for n in norms], color=theme.lines[1], label=f"‖F‖ / {top:.3g}")
        angle.set(xlabel="a, along z₀ + a (z₁ − z₀)", ylim=(-1.08, 1.08), title="Field from one checkpoint to the next")
        angle.legend(frameon=False, labelcolor=theme.ink, fontsize=8)
    return figure


def _plain(axes: Axes, theme: Theme) -> None:
    axes.set_facecolor(theme.card)
    axes.grid(color=theme.grid, zorder=0)
    axes.tick_params(colors=theme.muted, labelsize=8)
    for spine in axes.spines.values():
        spine.set_visible(False)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set(color=theme.muted, fontsize=9)
    axes.title.set(color=theme.ink, fontsize=10)
