"""`saddle solve`."""

import math
from pathlib import Path
from typing import Annotated, Any, ClassVar

import torch
import typer
from rich.table import Table

from saddlepoint.cli.console import AsJson, err, print_json
from saddlepoint.cli.files import new_file
from saddlepoint.components.analytic import BOTH_OPTIMIZERS, Mover
from saddlepoint.components.registries import GAME_REGISTRY, METHOD_REGISTRY, OPTIMIZER_REGISTRY
from saddlepoint.configuration import ConfigurationError, Settings, assign
from saddlepoint.core import Outcome, rng
from saddlepoint.games import Trajectory
from saddlepoint.games import solve as solve_game
from saddlepoint.report import save_png, trajectory


class SolveSettings(Settings):
    """An analytic game, a method, and where to start."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = BOTH_OPTIMIZERS

    game: Annotated[dict[str, Any], GAME_REGISTRY]
    method: Annotated[dict[str, Any], METHOD_REGISTRY]
    generator: Mover
    discriminator: Mover
    x0: list[float] | None = None


def solve(
    game: Annotated[str, typer.Argument(metavar="GAME", help="An analytic game (`saddle list games`).")],
    method: Annotated[str, typer.Option("--method", help="The iteration (`saddle list methods`).")] = "alternating",
    lr: Annotated[float, typer.Option("--lr", help="The step size h of both players.")] = 0.1,
    iterations: Annotated[int, typer.Option("--iterations", min=1, help="Steps.")] = 1000,
    tolerance: Annotated[
        float,
        typer.Option("--tolerance", min=0, help="End at the solution, at this share of the first distance; 0 goes on."),
    ] = 0.0,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", min=0, help="Start at a standard normal point of this seed, not at ones; also orders data."
        ),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", callback=new_file, help="Draw the way as a PNG picture.")
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A parameter of the game (sigma=2), of the method (method.k=5), the start (x0=1,2), "
            "or of a player's optimizer (generator.optimizer.lr=0.2); may be repeated.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run an iteration on a game whose solution is known, and measure its factor a step.

    Examples:

      saddle solve bilinear --method extragradient --lr 0.3 --plot way.png

      saddle solve quadratic --method lookahead --set method.base=simultaneous --set method.k=5 --set mu=0.2
    """
    mover = {"optimizer": {"name": "SGD", "lr": lr}}
    settings = SolveSettings.read({"game": game, "method": method, "generator": mover, "discriminator": mover})
    settings = assign(settings, [_qualified(assignment) for assignment in sets or []])
    analytic = GAME_REGISTRY.build(settings.game)
    start = settings.x0
    if start is None and seed is not None:
        start = torch.randn(sum(analytic.sizes), generator=rng(seed, "start"), dtype=torch.float64).tolist()
    movers = {"generator": settings.generator, "discriminator": settings.discriminator}
    played = analytic.play(
        lambda name, parameters: OPTIMIZER_REGISTRY.build(movers[name].optimizer, params=parameters), start
    )
    found = solve_game(analytic, played, METHOD_REGISTRY.build(settings.method), iterations, seed or 0, tolerance)
    if plot is not None:
        if plot.suffix.lower() != ".png":
            raise ConfigurationError(f"--plot {plot}: the picture is a .png file")
        plot.parent.mkdir(parents=True, exist_ok=True)
        save_png(_figure(settings, found), plot)
        err.print(f"wrote {plot}", markup=False, soft_wrap=True)
    if as_json:
        print_json(
            {
                "game": game,
                "method": settings.method["name"],
                "lr": lr,
                "iterations": found.iterations,
                "evaluations": found.evaluations,
                "distance": found.distance,
                "rate": found.rate if math.isfinite(found.rate) else None,  # NaN is not JSON
                "outcome": found.outcome.value,
                "settings": settings.plain(),
            }
        )
        return
    _tell(found)


def _qualified(assignment: str) -> str:
    """A bare name is a parameter of the game."""
    head = assignment.partition("=")[0].partition(".")[0]
    known = {*SolveSettings.model_fields, *SolveSettings.aliases}
    return assignment if head in known else f"game.{assignment}"


def _figure(settings: SolveSettings, found: Trajectory) -> Any:
    return trajectory(
        distance=found.distance,
        path=found.path if len(found.path[0]) == 2 else None,
        evaluations=found.evaluations,
        rate=found.rate,
        outcome=found.outcome.value,
        title=f"{settings.method['name']} on {settings.game['name']}",
    )


def _tell(found: Trajectory) -> None:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column()
    early = "On its way when the steps ended; more --iterations would tell."
    sentence = early if found.outcome is Outcome.RUNNING else found.outcome.sentence
    table.add_row("outcome", f"{found.outcome}: {sentence}")
    table.add_row("distance", f"{found.distance[0]:.6g} at the start, {found.distance[-1]:.6g} at the end")
    table.add_row("factor a step", f"{found.rate:.6f} (geometric, over the last half)")
    table.add_row("spent", f"{found.iterations:,} iterations, {found.evaluations:,} gradient evaluations")
    err.print(table)
