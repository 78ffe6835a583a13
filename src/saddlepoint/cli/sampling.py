"""`saddle sample`."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from saddlepoint.cli.console import AsJson, err, print_json, tell
from saddlepoint.cli.files import new_file
from saddlepoint.cli.flags import options_of, parted
from saddlepoint.cli.linking import is_linked, sample_linked
from saddlepoint.cli.marking import Marked, Sign, credentials_of, signed
from saddlepoint.configuration import ConfigurationError
from saddlepoint.runs import Run
from saddlepoint.runs.verifying import FRAMES, mark_of
from saddlepoint.tasks import Sampler, tasks
from saddlepoint.tasks.judge import chosen, said_of
from saddlepoint.tasks.model import FOLDER
from saddlepoint.tasks.pictures import ANIMATED, write_animation


def sample(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, or its generator/ folder alone.")],
    flags: Annotated[list[str] | None, typer.Argument(hidden=True)] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="How many images, rows, windows, sounds or texts.")] = 64,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed, other samples.")] = 0,
    label: Annotated[
        str | None, typer.Option("--class", metavar="NAME", help="Only this class, of a conditional generator.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", callback=new_file, help="One file of all; its ending says the format."),
    ] = None,
    npz: Annotated[
        Path | None, typer.Option("--npz", metavar="FILE", callback=new_file, help="Arrays, with the latents.")
    ] = None,
    folder: Annotated[Path | None, typer.Option("--dir", metavar="DIR", help="A file each.")] = None,
    walk: Annotated[
        Path | None,
        typer.Option(
            "--walk",
            metavar="FILE",
            callback=new_file,
            help="An animated walk through latent space: .gif, .webp or .png.",
        ),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            "--weights",
            metavar="average|live",
            help="Weights of the newest checkpoint: averaged, or as trained. By itself, what was handed over.",
        ),
    ] = None,
    resample: Annotated[
        int | None,
        typer.Option("--resample", metavar="K", help="Choose each among K candidates by the judge: saddle judge RUN."),
    ] = None,
    reject: Annotated[bool, typer.Option("--reject", help="Take or reject candidates by the judge.")] = False,
    trust: Annotated[
        bool, typer.Option("--trust", help="Import code outside of Saddlepoint that the folder names.")
    ] = False,
    mark: Marked = True,
    sign: Sign = None,
    as_json: AsJson = False,
) -> None:
    """Draw samples from a trained generator. The same seed gives the same samples.

    What else may be chosen depends on what is made: --columns, --scale and --stops of images, --where COLUMN=VALUE,
    --balance COLUMN and --like FILE of a table, --begin FILE and --steps N of a series, --temperature and --prompt of
    text.

    A judge (`saddle judge RUN`) chooses samples: --resample K, or --reject.

    Files say that they were generated: images and sounds in XMP, Parquet in its metadata, .npz in the archive's
    comment; beside CSV and text lies FILE-metadata.json. `saddle verify FILE` reads it.

    Examples:

      saddle sample runs/digits -n 64 --seed 7 --out grid.png

      saddle sample runs/digits --walk walk.gif

      saddle sample runs/audio -n 16 --dir sounds --out preview.wav

      saddle sample runs/table -n 10000 --out rows.csv --where "income=>50K"

      saddle sample runs/series -n 20 --begin latest.csv --steps 48 --out ahead.csv

      saddle sample runs/text -n 20 --temperature 0.8 --prompt "the old"
    """
    if is_linked(run):
        paths = sample_linked(run, n, seed, folder, mark=mark)
        if as_json:
            print_json({"run": str(run), "n": n, "seed": seed, "class": label, "files": list(map(str, paths))})
        return
    opened = Run.open(run, trust=trust)
    model = opened.model if weights is None else opened.weighted(weights)
    tell(opened.notes)
    if not isinstance(model, Sampler):
        raise ConfigurationError(f"{run} holds {model.title}, which draws no samples: {model.usage()[0].format(run)}")
    alone, given = parted(flags or [], model.Options)
    if alone:
        raise ConfigurationError(f"what is {alone[0]!r}? Options are given as --KEY VALUE")
    others = {kind.title: kind.Options for task in tasks().values() for kind in task.models}
    options = options_of(model.Options, given, f"{run} holds {model.title}", others)
    label = model.class_named(label)
    drawing = chosen(model, run, resample, reject=reject)
    if drawing is not model and walk is not None:
        raise ConfigurationError(
            "--walk goes from latent to latent, and none is chosen: leave --resample or --walk out"
        )
    if walk is not None and walk.suffix.lower() not in ANIMATED:
        raise ConfigurationError(f"--walk {walk}: an animated file ends in {', '.join(ANIMATED)}")
    if walk is None or out or npz or folder:
        model.check_room(n, options)
    credentials = credentials_of(sign, mark=mark)
    said = {"run": str(run), "n": n, "seed": seed, "class": label}
    if not (out or npz or folder or walk):
        out = Path(model.default_out) if model.default_out else None
        if out is None:
            text = model.text(drawing.draw(n, seed, label, options))
            if as_json:
                print_json({**said, "files": [], "text": text})
            else:
                print(text, end="")
            return
    given = {**given, **said_of(drawing)}
    own = mark_of(opened, model, "sample", given, taken=weights, seed=seed, n=n, label=label) if mark else None
    wanted = [(out, None), (npz, ".npz"), (folder, FOLDER)]
    files = [(path, ending or path.suffix.lower()) for path, ending in wanted if path is not None]
    for path, ending in files:
        model.writer(ending, path)  # an unknown ending is found before the work
    written: list[Path] = []
    if files:
        drawn = drawing.draw(n, seed, label, options)
        for path, ending in files:
            written += model.write(drawn, path, ending, own)
            what = f"wrote {n} files to {path}" if ending == FOLDER else f"wrote {path}"
            err.print(what, markup=False, soft_wrap=True)
    if walk is not None:
        own = None if own is None else replace(own, command="walk", n=None)
        write_animation(walk, model.walk(FRAMES, seed, label, options), own)
        written.append(walk)
        err.print(f"wrote {walk}", markup=False, soft_wrap=True)
    signed(credentials, written)
    if as_json:
        print_json({**said, "files": list(map(str, written))})
