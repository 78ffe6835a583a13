"""`saddle map`."""

import math
import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from torch import Tensor

from saddlepoint.cli.console import AsJson, err, print_json
from saddlepoint.cli.files import new_file
from saddlepoint.comparison import gathered
from saddlepoint.components.registries import GAME_REGISTRY, METHOD_REGISTRY
from saddlepoint.configuration import ConfigurationError, Settings, assign
from saddlepoint.core import Outcome, rng
from saddlepoint.dynamics.theory import LinearField, factor
from saddlepoint.games import AnalyticGame, Cell, stability_map
from saddlepoint.report import save_png
from saddlepoint.report.stability import stability

#: Steps a cell where the method plays all cells at once, and where it plays one after the other.
STEPS, STEPS_APART = 400, 100
#: Points of theory's line along each axis, and coordinates up to which it is drawn: it takes that many spectra.
FINE, LARGEST = 240, 8
#: Cells of a method that plays one after the other below which processes take longer to start than to work.
FEW = 60


class MapSettings(Settings):
    """An analytic game, and a method."""

    game: Annotated[dict[str, Any], GAME_REGISTRY]
    method: Annotated[dict[str, Any], METHOD_REGISTRY]
    x0: list[float] | None = None


def map_(
    game: Annotated[str, typer.Argument(metavar="GAME", help="An analytic game (`saddle list games`).")],
    method: Annotated[str, typer.Option("--method", help="The iteration (`saddle list methods`).")] = "alternating",
    grid: Annotated[int, typer.Option("--grid", min=2, help="Step sizes a player.")] = 20,
    lr_range: Annotated[
        str, typer.Option("--lr-range", metavar="LOW:HIGH", help="The least and the greatest step size.")
    ] = "0.01:2",
    iterations: Annotated[
        int | None,
        typer.Option("--iterations", min=1, help=f"Steps a cell: {STEPS}, or {STEPS_APART} if played one by one."),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option("--seeds", min=1, help="Standard normal starts a cell, the worst counts; else ones.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", callback=new_file, help="Draw the map as a PNG picture.")
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A parameter of the game (sigma=2), of the method (method.k=5), or the start (x0=1,2).",
        ),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, help="Processes, if played one by one; else the cores.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure where in the plane of the players' step sizes an iteration converges; theory's boundary on top.

    Most methods play all cells at once, in seconds. Those that take norms or solve equations over the whole point
    (symplectic with its alignment, competitive, proximal, extrapolated, agraal, ridge, gap-aware) play one by one.

    Examples:

      saddle map bilinear --method extragradient --plot map.png

      saddle map quadratic --method lookahead --set method.base=simultaneous --set mu=0.2 --lr-range 0.05:4
    """
    if plot is not None and plot.suffix.lower() != ".png":
        raise ConfigurationError(f"--plot {plot}: the picture is a .png file")
    low, high = _range(lr_range)
    settings = assign(
        MapSettings.read({"game": game, "method": method}), [_qualified(assignment) for assignment in sets or []]
    )
    analytic, fresh = GAME_REGISTRY.build(settings.game), METHOD_REGISTRY.build(settings.method)
    starts = _starts(analytic, settings.x0, seeds)
    sizes = np.geomspace(low, high, grid).tolist()
    steps = iterations or (STEPS if fresh.separable else STEPS_APART)
    jobs = jobs or len(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1))
    # As numbers: a tensor would be fetched from this process when a row begins, which may be dead by then.
    play = partial(_row, settings.game, settings.method, sizes, steps, starts.tolist())
    rows = (
        _whole(analytic, settings, sizes, steps, starts) if fresh.separable else _rows(play, sizes, len(starts), jobs)
    )
    rates = [[cell.rate if math.isfinite(cell.rate) else None for cell in row] for row in rows]  # NaN is not JSON
    if plot is not None:
        edge = (high / low) ** (0.5 / (grid - 1))
        fine = np.geomspace(low / edge, high * edge, FINE).tolist()
        theory = _theory(analytic, settings, fine)
        title = f"{settings.method['name']} on {settings.game['name']}, {steps:,} steps a cell"
        plot.parent.mkdir(parents=True, exist_ok=True)
        save_png(stability(sizes, sizes, rates, None if theory is None else (fine, fine, theory), title), plot)
        err.print(f"wrote {plot}", markup=False, soft_wrap=True)
    if as_json:
        print_json(
            {
                "game": game,
                "method": settings.method["name"],
                "h": sizes,
                "iterations": steps,
                "starts": len(starts),
                "batched": fresh.separable,
                "rate": rates,
                "outcome": [[cell.outcome.value for cell in row] for row in rows],
                "theory": _theory(analytic, settings, sizes),
                "settings": settings.plain(),
            }
        )
        return
    _tell(rows, sizes, _theory(analytic, settings, sizes))


def _range(text: str) -> tuple[float, float]:
    try:
        low, high = (float(part) for part in text.split(":"))
    except ValueError:
        raise ConfigurationError(f"--lr-range {text}: give two numbers, as in 0.01:2") from None
    if not 0 < low < high < math.inf:
        raise ConfigurationError(f"--lr-range {text}: give a positive number and a larger one, as in 0.01:2")
    return low, high


def _qualified(assignment: str) -> str:
    """A bare name is a parameter of the game."""
    head = assignment.partition("=")[0].partition(".")[0]
    return assignment if head in MapSettings.model_fields else f"game.{assignment}"


def _starts(analytic: AnalyticGame, x0: list[float] | None, seeds: int | None) -> Tensor:
    if seeds is None:
        return analytic.start(x0)[None]
    if x0 is not None:
        raise ConfigurationError("--seeds draws the starts and x0 gives one: give one of them")
    n = sum(analytic.sizes)
    return torch.stack([torch.randn(n, generator=rng(k, "start"), dtype=torch.float64) for k in range(seeds)])


def _whole(
    analytic: AnalyticGame, settings: MapSettings, sizes: list[float], steps: int, starts: Tensor
) -> list[list[Cell]]:
    return stability_map(analytic, partial(METHOD_REGISTRY.build, settings.method), sizes, sizes, steps, starts)


def _row(
    game: dict[str, Any], method: dict[str, Any], sizes: list[float], steps: int, starts: list[list[float]], h_y: float
) -> list[Cell]:
    """One row of the map, built anew where it is played."""
    torch.set_num_threads(1)
    make = partial(METHOD_REGISTRY.build, method)
    return stability_map(
        GAME_REGISTRY.build(game), make, sizes, [h_y], steps, torch.tensor(starts, dtype=torch.float64)
    )[0]


def _rows(play: "partial[list[Cell]]", sizes: Sequence[float], starts: int, jobs: int) -> list[list[Cell]]:
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        TextColumn("{task.completed:.0f}/{task.total:.0f} rows"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=err,
        disable=not err.is_terminal,
        transient=True,
    )
    with bar:
        if jobs == 1 or len(sizes) ** 2 * starts < FEW:
            return [play(h) for h in bar.track(sizes, description="mapping")]
        task = bar.add_task("mapping", total=len(sizes))
        return gathered(play, sizes, jobs, begin=_begin, watch=lambda done: bar.update(task, completed=done))


def _begin() -> None:
    """Ctrl-C is the parent's business, which cancels what has not begun; without a parent there is nothing to do."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, daemon=True).start()


def _follow() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _theory(analytic: AnalyticGame, settings: MapSettings, sizes: list[float]) -> list[list[float]] | None:
    """The factor in closed form, rows by the discriminator's step size; None where there is none."""
    if analytic.draw is not None or not analytic.smooth or sum(analytic.sizes) > LARGEST:
        return None
    pairs = torch.tensor([[(x, y) for x in sizes] for y in sizes], dtype=torch.float64)
    blocks = dict(zip(("generator", "discriminator"), analytic.sizes, strict=True))
    found = factor(METHOD_REGISTRY.build(settings.method), LinearField(analytic.jacobian(), blocks, pairs))
    return None if found is None else found.tolist()


def _tell(rows: list[list[Cell]], sizes: list[float], theory: list[list[float]] | None) -> None:
    cells = [(cell, x, y) for row, y in zip(rows, sizes, strict=True) for cell, x in zip(row, sizes, strict=True)]
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column()
    for outcome in (Outcome.CONVERGED, Outcome.RUNNING, Outcome.CYCLING, Outcome.DIVERGED):
        if count := sum(cell.outcome is outcome for cell, _, _ in cells):
            table.add_row(outcome.value, f"{count} of {len(cells)} cells")
    finite = [found for found in cells if math.isfinite(found[0].rate)]
    if finite:
        best, x, y = min(finite, key=lambda found: found[0].rate)
        table.add_row("best", f"factor {best.rate:.6f} a step at h = {x:.4g} (generator), {y:.4g} (discriminator)")
    if theory is None:
        table.add_row("theory", "no closed form for this method on this game")
    else:
        flat = [value for row in theory for value in row]
        stable = sum(value < 1 - 1e-9 for value in flat)
        neutral = sum(abs(value - 1) <= 1e-9 for value in flat)
        table.add_row("theory", f"factor below 1 in {stable} of {len(flat)} cells, exactly 1 in {neutral}")
    err.print(table)
