"""`saddle evaluate`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from saddlepoint.cli.console import AsJson, err, print_json, print_wide, tell
from saddlepoint.cli.flags import options_of, parted
from saddlepoint.configuration import ConfigurationError, assigned, nearest
from saddlepoint.evaluation import Evaluation
from saddlepoint.report import FIGURES, save_png
from saddlepoint.report.evaluations import EvaluationTable, tabulated
from saddlepoint.runs import Run
from saddlepoint.runs.progress import work_here
from saddlepoint.runs.run import task_for
from saddlepoint.storage import read_evaluations
from saddlepoint.tasks import EvaluationOptions, tasks, write_picture
from saddlepoint.tasks.task import WEIGHTS


def evaluate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, or its generator/ folder alone.")],
    flags: Annotated[list[str] | None, typer.Argument(hidden=True)] = None,
    samples: Annotated[
        int | None, typer.Option("--samples", min=50, help="Drawn of each; by itself, what the task takes.")
    ] = None,
    data: Annotated[
        str | None, typer.Option("--data", metavar="NAME|PATH", help="Real data, in place of those of the run.")
    ] = None,
    weights: Annotated[
        str | None, typer.Option("--weights", metavar="average,live", help="The average, the trained weights, or both.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of latents, orders and subsets.")] = 0,
    device: Annotated[str, typer.Option("--device", help="Where extractors work: auto, cpu, cuda …")] = "auto",
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="DIR", help="Pictures: nearest training images, curves, classes.")
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="An option of the evaluation, as --KEY VALUE; may be repeated."
        ),
    ] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Import code outside of Saddlepoint that the folder names.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measure how good a generator is, and keep each number with what it was measured by in RUN/evaluation.json.

    Against the training data, the test data, and, as a floor, the test data against the training data. Numbers of
    different columns are of different protocols: compare along a row only what differs in what you ask about. What else
    may be chosen depends on the task: --features and --metrics of images and sounds, --target of a table.

    Examples:

      saddle evaluate runs/digits --samples 10000 --plot pictures

      saddle evaluate runs/mnist --metrics frechet,kernel --weights average
    """
    opened = Run.open(run, trust=trust)
    tell(opened.notes)
    if plot is not None and plot.exists() and not plot.is_dir():
        raise ConfigurationError(f"{plot} is a file: give a folder for pictures with --plot")
    task = task_for(opened)
    alone, given = parted(flags or [], task.Options)
    if alone:
        raise ConfigurationError(f"what is {alone[0]!r}? Options are given as --KEY VALUE")
    given |= {"seed": seed, "device": device, **dict(assigned(sets or ()))}
    given |= {"samples": samples} if samples is not None else {}
    given |= {"weights": _weights(weights)} if weights is not None else {}
    others = {f"evaluations of {name}": other.Options for name, other in tasks().items()}
    options: EvaluationOptions = options_of(task.Options, given, f"{run} holds {task.name}", others)
    read_evaluations(opened.storage.evaluations)  # a damaged file is to be found before the work, not after
    with work_here() as progress:
        found = opened.evaluate(data, pictures=plot is not None, progress=progress, **options.model_dump())
    record = read_evaluations(opened.storage.evaluations)[-1]
    _tell(record)
    err.print(f"wrote {opened.storage.evaluations}", markup=False, soft_wrap=True)
    if opened.storage.report.exists():
        err.print(f"wrote {opened.storage.report}", markup=False, soft_wrap=True)
    if plot is not None:
        _draw(plot, record, found)
    if as_json:
        print_json({"run": str(run), **record})


def _weights(words: str) -> tuple[str, ...] | None:
    names = tuple(dict.fromkeys(word.strip() for word in words.split(",") if word.strip()))
    for name in names:
        if name not in WEIGHTS:
            raise ConfigurationError(f"there are no weights {name!r}: {nearest(name, WEIGHTS)}")
    return names or None


def _tell(record: Mapping[str, Any]) -> None:
    table = tabulated([record])
    for part in table.parts(_columns(table)):
        shown = Table(box=None, pad_edge=False, header_style="bold")
        shown.add_column("", no_wrap=True)
        for head in part.heads:
            shown.add_column("\n".join(head), justify="right", no_wrap=True)
        for label, cells in part.rows:
            shown.add_row(Text(label), *map(Text, cells))
        print_wide(shown)
    err.print("Of all: " + "; ".join(table.common), style="dim", markup=False, soft_wrap=True)
    for note in record["notes"]:
        err.print(f"note: {note}", markup=False, soft_wrap=True)


def _columns(table: EvaluationTable) -> int:
    """How many columns the terminal takes beside the names of the rows; at least one."""
    widths = [
        max(map(len, (*head, *(cells[place] for _, cells in table.rows))), default=0) + 2
        for place, head in enumerate(table.heads)
    ]
    room = err.width - max((len(label) for label, _ in table.rows), default=0)
    return max(1, room // max(widths, default=1))


def _draw(folder: Path, record: Mapping[str, Any], found: Evaluation) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, picture in found.pictures.items():
        paths.append(folder / f"{name}.png")
        write_picture(paths[-1], picture())
    for name, figure_of in FIGURES.items():
        if (figure := figure_of(record)) is not None:
            paths.append(folder / f"{name}.png")
            save_png(figure, paths[-1])
    for path in paths:
        err.print(f"wrote {path}", markup=False, soft_wrap=True)
