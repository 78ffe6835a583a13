"""`saddle judge`: what a run hands over, and a judge that chooses among its samples."""

from pathlib import Path
from typing import Annotated

import typer

from saddlepoint.cli.console import AsJson, err, print_json, tell
from saddlepoint.runs import Run
from saddlepoint.runs.progress import work_here
from saddlepoint.tasks.judge import FOLDER
from saddlepoint.tasks.model import folder_of


def judge(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, with its data.")],
    samples: Annotated[
        int | None,
        typer.Option(
            "--samples",
            min=0,
            metavar="N",
            help="Real samples to train on, with repetitions; 0, the default but of text, calibrates the run's "
            "discriminator as it is.",
        ),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Begin with a new network in place of the run's discriminator.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of order and candidates.")] = 0,
    trust: Annotated[
        bool, typer.Option("--trust", help="Import code outside of Saddlepoint that the folder names.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train a judge against what a run hands over, by which `sample --resample` and `--reject` choose.

    The judge is the run's discriminator, calibrated on data kept apart; of text it is trained on before, against the
    writer, which does not move any more. It is written to RUN/generator/judge, and only this command writes one.

    Examples:

      saddle judge runs/text

      saddle sample runs/text -n 20 --resample 8

      saddle judge runs/digits && saddle sample runs/digits --reject
    """
    opened = Run.open(run, trust=trust)
    with work_here() as progress:
        found = opened.judge(samples, fresh=fresh, seed=seed, progress=progress)
    tell(opened.notes)
    folder = folder_of(run) / FOLDER
    for line in (*found.sentences(), f"wrote {folder}; use it:  saddle sample {run} --resample 8"):
        err.print(line, markup=False, soft_wrap=True)
    if as_json:
        print_json({"run": str(run), "judge": str(folder), **found.plain()})
