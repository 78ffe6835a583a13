"""`saddle augment`."""

from pathlib import Path
from typing import Annotated

import typer

from saddlepoint.cli.console import AsJson, err, print_json, tell
from saddlepoint.cli.files import new_file
from saddlepoint.cli.marking import Marked, Sign, credentials_of, signed
from saddlepoint.configuration import ConfigurationError
from saddlepoint.data.dataset import Dataset
from saddlepoint.runs import Run
from saddlepoint.runs.progress import work_here
from saddlepoint.runs.verifying import mark_of
from saddlepoint.tasks import Sampler
from saddlepoint.tasks.registry import task_of_model


def augment(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, or its generator/ folder alone.")],
    per_class: Annotated[int, typer.Option("--per-class", min=1, metavar="N", help="Generated images of each class.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="A new folder: a sub-folder a class, a PNG file each.")
    ] = None,
    npz: Annotated[
        Path | None,
        typer.Option(
            "--npz",
            metavar="FILE",
            callback=new_file,
            help="Arrays `images`, `labels`, `classes`, and which are `generated`.",
        ),
    ] = None,
    real: Annotated[bool, typer.Option("--real", help="Put the run's own training images beside them.")] = False,
    data: Annotated[
        str | None, typer.Option("--data", metavar="NAME|PATH", help="Put these real images beside them instead.")
    ] = None,
    keep: Annotated[
        float | None,
        typer.Option(
            "--keep",
            metavar="P",
            help="Only samples that our classifier (of digits, of clothes) reads as their class with probability P.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed, other images.")] = 0,
    trust: Annotated[
        bool, typer.Option("--trust", help="Import code outside of Saddlepoint that the folder names.")
    ] = False,
    mark: Marked = True,
    sign: Sign = None,
    as_json: AsJson = False,
) -> None:
    """Enlarge a labelled set of images by samples of a conditional generator. The same seed gives the same images.

    DIR is a data set as `saddle train images --data DIR` and other programs read one: a sub-folder a class, with
    real-….png and generated-….png in it. DIR/augmented.json says what it was made of.

    Examples:

      saddle train mnist --conditional --data.per-class 50 --augmentation.kind diffaugment

      saddle augment runs/mnist --per-class 500 --real --out larger
    """
    if out is None and npz is None:
        raise ConfigurationError("say where the images shall go: --out DIR, --npz FILE, or both")
    opened = Run.open(run, trust=trust)
    model = opened.model
    tell(opened.notes)
    if not isinstance(model, Sampler):
        raise ConfigurationError(f"{run} holds {model.title}: sets of images are what can be enlarged")
    credentials = credentials_of(sign, mark=mark)
    origin = {"run": str(run), "weights_sha256": model.digest[:16]}
    options = {} if keep is None else {"keep": keep}
    own = mark_of(opened, model, "augment", options, seed=seed, n=per_class) if mark else None
    with work_here() as progress:
        beside = _real(opened, model, data, wanted=real)
        found = model.enlarge(per_class, seed, beside=beside, keep=keep, origin=origin, progress=progress)
        for path in (out, npz):
            if path is not None:
                found.write(path, progress, own)
    for path in (out, npz):
        if path is not None:
            err.print(f"wrote {found} to {path}", markup=False, soft_wrap=True)
    signed(credentials, [] if out is None else sorted(out.glob("*/generated-*.png")))
    if found.kept is not None:
        err.print(f"kept {found.kept:.1%} of the samples, those read as their class", markup=False, soft_wrap=True)
    if as_json:
        print_json(found.manifest)


def _real(run: Run, model: Sampler, data: str | None, *, wanted: bool) -> Dataset | None:
    """The real samples to put beside the generated ones; None where none are wanted."""
    if data is not None:
        task = task_of_model(model)
        found: Dataset = task.read(task.config_for(model, data))
        return found
    if not wanted:
        return None
    if run.config is None:
        raise ConfigurationError(
            f"{run.path} does not say what the generator was trained on: give the run folder, or the images with --data"
        )
    read = run.read_data()
    if (other := run.changed) is not None:
        err.print(f"note: {other}", markup=False, soft_wrap=True)
    return read
