"""`saddle inspect`."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from saddlepoint.cli.screen import err, print_json
from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import Batches, Game, NonFinite, Point
from saddlepoint.dynamics import along, spectrum
from saddlepoint.recipes import Assembled, read_run
from saddlepoint.report import save_png
from saddlepoint.report.dynamics import dynamics
from saddlepoint.runs import NoCheckpoint, RunFolder
from saddlepoint.train.state import load_state

#: Ordinary batches over which the field's noise is measured.
NOISE_BATCHES = 16


def inspect(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder with a checkpoint.")],
    batch_size: Annotated[int, typer.Option("--batch-size", min=2, help="Samples of the one large batch.")] = 1024,
    size: Annotated[int, typer.Option("--size", min=2, help="Eigenvalues to look for, at most.")] = 24,
    plot: Annotated[Path | None, typer.Option("--plot", metavar="FILE", help="Draw it as a PNG picture.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON on stdout.")] = False,
) -> None:
    """Look at a run's dynamics at its newest checkpoint, on one large batch.

    The spectrum of the game's Jacobian (Arnoldi), the norm of the field and its noise from batch to batch, and the
    field along the line from the checkpoint before.

    Example:

      saddle inspect runs/digits --plot dynamics.png
    """
    if plot is not None and plot.suffix.lower() != ".png":
        raise ConfigurationError(f"--plot {plot}: the picture is a .png file")
    folder = RunFolder(run)
    config = read_run(folder.read_config())
    data = config.load()
    ordinary = config.build(data)
    try:
        samples, before = _restore(folder, ordinary)
    except NoCheckpoint as error:
        raise ConfigurationError(f"{error}: give the folder of a run that was trained") from error
    large = config.model_copy(update={"batch_size": batch_size}).build(data).batches.next()
    game = ordinary.game
    try:
        found = spectrum(game, large, size)
        norm, noise = _noise(game, large, ordinary.batches)
        path = along(game, large, before, game.point.clone()) if before is not None else None
    except NonFinite as failure:
        raise ConfigurationError(f"the run can't be inspected at {samples:,} samples: {failure}") from failure
    result: dict[str, Any] = {
        "run": str(run),
        "samples": samples,
        "batch_size": batch_size,
        "eigenvalues": [[v.real, v.imag] for v in found.eigenvalues],
        "unstable": found.unstable,
        "rotation": found.rotation,
        "field_norm": norm,
        "noise_ratio": noise,
        "path": None if path is None else {"shares": path.shares, "cosines": path.cosines, "norms": path.norms},
    }
    if plot is not None:
        curves = None if path is None else (path.shares, path.cosines, path.norms)
        plot.parent.mkdir(parents=True, exist_ok=True)
        save_png(dynamics(found.eigenvalues, curves, f"{run.name} at {samples:,} samples"), plot)
        err.print(f"wrote {plot}", markup=False, soft_wrap=True)
    if as_json:
        print_json(result)
    else:
        _tell(result)


def _restore(folder: RunFolder, assembled: Assembled) -> tuple[int, Point | None]:
    """Put the newest checkpoint into the game; also the point of the newest one before it, where one is kept."""
    newest = folder.checkpoints.newest(lambda fault: err.print(fault, markup=False, soft_wrap=True))
    others = [c for c in folder.checkpoints.whole() if c.samples < newest.samples]
    before = None
    for checkpoint in (*others[-1:], newest):
        load_state(checkpoint.path, assembled.game, assembled.method, assembled.batches)
        if checkpoint is not newest:
            before = assembled.game.point.clone()
    return newest.samples, before


def _noise(game: Game, large: Any, batches: Batches) -> tuple[float, float]:
    """‖F‖ on the large batch, and the root mean square distance of ordinary batches' F from it, over ‖F‖."""
    with game.untouched():
        field = game.field(large, base=False)
        squares = [float((game.field(batches.next(), base=False) - field).norm()) ** 2 for _ in range(NOISE_BATCHES)]
    norm = float(field.norm())
    return norm, (sum(squares) / len(squares)) ** 0.5 / norm if norm > 0 else 0.0


def _tell(result: dict[str, Any]) -> None:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column()
    values = [complex(*pair) for pair in result["eigenvalues"]]
    table.add_row("at", f"{result['samples']:,} samples, on one batch of {result['batch_size']:,}")
    table.add_row("largest eigenvalues", "  ".join(f"{v:.3g}" for v in values[:4]))
    table.add_row("unstable", f"{result['unstable']} of {len(values)} found have a negative real part")
    table.add_row("rotation", f"{result['rotation']:.2f} (0 pure descent, 1 pure rotation)")
    table.add_row(
        "field norm", f"{result['field_norm']:.4g}, noise from batch to batch {result['noise_ratio']:.2f} of it"
    )
    if result["path"] is not None:
        near = result["path"]["cosines"][-4]
        table.add_row("last stretch", f"cosine of F with the way back {near:.2f} near its end")
    err.print(table)
