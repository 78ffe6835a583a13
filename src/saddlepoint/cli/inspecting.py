"""`saddle inspect`."""

import math
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from saddlepoint.cli.console import AsJson, err, print_json
from saddlepoint.cli.files import new_file
from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import Batches, Game, NonFinite, Point
from saddlepoint.dynamics import DualityGap, Rotation, Spectrum, along, amplification, region, rotation
from saddlepoint.dynamics import spectrum as spectrum_of
from saddlepoint.methods import Simultaneous
from saddlepoint.report import save_png
from saddlepoint.report.dynamics import Stability, dynamics
from saddlepoint.runs import Run
from saddlepoint.runs.assembly import Assembly
from saddlepoint.storage import NoCheckpoint, RunFolder
from saddlepoint.tasks import FittedConfig
from saddlepoint.training.state import load_state

#: Ordinary batches over which the field's noise is measured.
NOISE_BATCHES = 16


def inspect(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder with a checkpoint.")],
    batch_size: Annotated[int, typer.Option("--batch-size", min=2, help="Samples of the one large batch.")] = 1024,
    size: Annotated[int, typer.Option("--size", min=2, help="Eigenvalues to look for, at most.")] = 24,
    steps: Annotated[
        int, typer.Option("--steps", min=2, help="Steps of each player's best reply, and further steps of the run.")
    ] = 200,
    at: Annotated[
        int | None, typer.Option("--at", min=0, metavar="SAMPLES", help="The checkpoint; the newest one.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", callback=new_file, help="Draw it as a PNG picture.")
    ] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Import code outside of Saddlepoint that the folder names.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Look at a run's dynamics at one of its checkpoints, on one large batch, and change nothing.

    The spectrum of the game's Jacobian (Arnoldi) and where the method's step contracts, the norm of the field and its
    noise from batch to batch, the field along the line from the checkpoint before, the duality gap (replies sought on
    nine tenths of the data, judged on the others), and the turn of the direction over further steps.

    Example:

      saddle inspect runs/digits --plot dynamics.png
    """
    if plot is not None and plot.suffix.lower() != ".png":
        raise ConfigurationError(f"--plot {plot}: the picture is a .png file")
    opened = Run.open(run, trust=trust)
    if isinstance(opened.config, FittedConfig):
        raise ConfigurationError(f"{run} was fitted at once: there is no game to inspect")
    ordinary = opened.assembly()
    if (other := opened.changed) is not None:
        err.print(f"note: {other}", markup=False, soft_wrap=True)
    try:
        samples, before = _restore(opened.storage, ordinary, at)
    except NoCheckpoint as error:
        raise ConfigurationError(f"{error}: give the folder of a run that was trained") from error
    large = ordinary.setup.batches.part(batch_size=batch_size)(0)
    game, batches = ordinary.game, ordinary.batches
    bar = Progress(TextColumn("{task.description}"), BarColumn(24), TimeElapsedColumn(), console=err, transient=True)
    bar.disable = not err.is_terminal
    task, gap = bar.add_task("", total=5), None
    try:
        with bar:
            bar.update(task, description="spectrum")
            spectrum = spectrum_of(game, large, size)
            bar.update(task, description="noise", advance=1)
            norm, noise = _noise(game, large, batches)
            bar.update(task, description="path", advance=1)
            path = along(game, large, before, game.point.clone()) if before is not None else None
            bar.update(task, description="duality gap", advance=1)
            with suppress(NonFinite):  # a search that diverges says nothing of the game's point
                gap = ordinary.duality_gap(batch_size, steps)
            bar.update(task, description="further steps", advance=1)
            turning = rotation(game, ordinary.method, batches, steps)
            bar.update(task, advance=1)
    except NonFinite as failure:
        raise ConfigurationError(f"the run can't be inspected at {samples:,} samples: {failure}") from failure
    stability, largest_factor, note = _stability(ordinary, spectrum)
    result: dict[str, Any] = {
        "run": str(run),
        "samples": samples,
        "batch_size": batch_size,
        "eigenvalues": [[v.real, v.imag] for v in spectrum.eigenvalues],
        "most_real": spectrum.most_real,
        "most_imaginary": spectrum.most_imaginary,
        "unstable": spectrum.unstable,
        "rotation": spectrum.rotation,
        "largest_step": spectrum.largest_step,
        "stability": {"of": stability.name, "step": stability.step, "largest_factor": largest_factor, "note": note},
        "field_norm": norm,
        "noise_ratio": noise,
        "path": None if path is None else {"shares": path.shares, "cosines": path.cosines, "norms": path.norms},
        "duality_gap": None if gap is None else {"total": gap.total, **gap.gains},
        "turning": {"angle": turning.angle if turning.cosines else None, "cosines": turning.cosines},
    }
    if plot is not None:
        curves = None if path is None else (path.shares, path.cosines, path.norms)
        title = f"{run.name} at {samples:,} samples"
        plot.parent.mkdir(parents=True, exist_ok=True)
        picture = dynamics(
            spectrum.eigenvalues, curves, title, stability=stability, cosines=turning.cosines, notes=_notes(gap, note)
        )
        save_png(picture, plot)
        err.print(f"wrote {plot}", markup=False, soft_wrap=True)
    if as_json:
        print_json(result)
    else:
        _tell(result, gap, turning)


def _restore(folder: RunFolder, assembled: Assembly, at: int | None) -> tuple[int, Point | None]:
    """Put a checkpoint into the game, the newest where none is named; also the point of the one before it, if kept."""
    whole = folder.checkpoints.whole()
    if at is None:
        chosen = folder.checkpoints.newest(lambda fault: err.print(fault, markup=False, soft_wrap=True))
    elif (found := next((c for c in whole if c.samples == at), None)) is not None:
        chosen = found
    else:
        there = ", ".join(f"{c.samples:,}" for c in whole) or "none"
        raise ConfigurationError(f"{folder.path} has no whole checkpoint at {at:,} samples; it has {there}")
    others = [c for c in whole if c.samples < chosen.samples]
    before = None
    for checkpoint in (*others[-1:], chosen):
        load_state(checkpoint.path, assembled.game, assembled.method, assembled.batches)
        if checkpoint is not chosen:
            before = assembled.game.point.clone()
    return chosen.samples, before


def _noise(game: Game, large: Any, batches: Batches) -> tuple[float, float]:
    """‖F‖ on the large batch, and the root mean square distance of ordinary batches' F from it, over ‖F‖."""
    position = batches.position
    with game.untouched():
        field = game.field(large, base=False)
        squares = [float((game.field(batches.next(), base=False) - field).norm()) ** 2 for _ in range(NOISE_BATCHES)]
    batches.position = position
    norm = float(field.norm())
    return norm, (sum(squares) / len(squares)) ** 0.5 / norm if norm > 0 else 0.0


def _stability(ordinary: Assembly, spectrum: Spectrum) -> tuple[Stability, float, str]:
    """Where a plain step of the run's size contracts, the largest factor there, and what to know about it."""
    rates = ordinary.game.rates
    h = math.prod(rates.values()) ** (1 / len(rates))
    name, factor = ordinary.config.method["name"], amplification(ordinary.method)
    notes = []
    if factor is None:
        notes.append(f"{name} has no region in λ alone: that of simultaneous steps is shown.")
        name, factor = "simultaneous", amplification(Simultaneous())
    assert factor is not None
    scaled = {type(o).__name__ for o in ordinary.game.optimizers.values() if not _plain(o)}
    if scaled:
        notes.append(f"{' and '.join(sorted(scaled))}: the rate is no step size, the region is that of a plain step.")
    if len(set(rates.values())) > 1:
        notes.append("h is the geometric mean of the players' rates.")
    grid = region(factor, h, spectrum.eigenvalues)
    largest = float(factor(h * torch.tensor(spectrum.eigenvalues, dtype=torch.complex128)).max())
    arrays = grid.real.numpy(), grid.imaginary.numpy(), grid.factors.numpy()
    return Stability(name, h, *arrays), largest, " ".join(notes)


def _plain(optimizer: torch.optim.Optimizer) -> bool:
    return isinstance(optimizer, torch.optim.SGD) and not any(group["momentum"] for group in optimizer.param_groups)


def _notes(gap: DualityGap | None, note: str) -> str:
    return " ".join(part for part in (f"Duality gap: {_gains(gap)}.", note) if part)


def _gains(gap: DualityGap | None) -> str:
    if gap is None:
        return "none, as the search for a best reply diverged"
    gains = ", ".join(f"the {name} could gain {gain:.3g}" for name, gain in gap.gains.items())
    return f"{gap.total:.3g} ({gains})"


def _tell(result: dict[str, Any], gap: DualityGap | None, turning: Rotation) -> None:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    values = [complex(*pair) for pair in result["eigenvalues"]]
    stability = result["stability"]
    table.add_row("at", f"{result['samples']:,} samples, on one batch of {result['batch_size']:,}")
    table.add_row("largest eigenvalues", "  ".join(f"{v:.3g}" for v in values[:4]))
    table.add_row("extremes", f"Re λ up to {result['most_real']:.3g}, |Im λ| up to {result['most_imaginary']:.3g}")
    table.add_row("unstable", f"{result['unstable']} of {len(values)} found have a negative real part")
    table.add_row("rotation", f"{result['rotation']:.2f} (0 pure descent, 1 pure rotation)")
    table.add_row(
        "a plain step",
        f"{stability['of']}, h = {stability['step']:.3g}: multiplies a mode by up to "
        f"{stability['largest_factor']:.6g}. {stability['note']}".rstrip(),
    )
    if result["largest_step"] > 0:
        table.add_row("largest step", f"simultaneous steps contract below h = {result['largest_step']:.3g}")
    table.add_row(
        "field norm", f"{result['field_norm']:.4g}, noise from batch to batch {result['noise_ratio']:.2f} of it"
    )
    if result["path"] is not None:
        near = result["path"]["cosines"][-4]
        table.add_row("last stretch", f"cosine of F with the way back {near:.2f} near its end")
    table.add_row("duality gap", _gains(gap))
    if turning.cosines:
        table.add_row(
            "further steps", f"turn by {turning.angle:.0f}° on the mean of {len(turning.cosines)} (90°: as noise does)"
        )
    err.print(table)
