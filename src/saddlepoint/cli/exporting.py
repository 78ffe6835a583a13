"""`saddle export`."""

from pathlib import Path
from typing import Annotated

import typer

from saddlepoint.cli.console import AsJson, err, print_json, tell
from saddlepoint.cli.files import new_file
from saddlepoint.configuration import ConfigurationError
from saddlepoint.runs import Run
from saddlepoint.runs.exporting import export as write


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, or its generator/ folder alone.")],
    onnx: Annotated[
        Path | None,
        typer.Option("--onnx", metavar="FILE", callback=new_file, help="For ONNX Runtime, also in a browser."),
    ] = None,
    pt2: Annotated[
        Path | None, typer.Option("--pt2", metavar="FILE", callback=new_file, help="For PyTorch: torch.export.load.")
    ] = None,
    safetensors: Annotated[
        Path | None, typer.Option("--safetensors", metavar="DIR", help="Weights, configuration, card and manifest.")
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            "--weights",
            metavar="average|live",
            help="Weights of the newest checkpoint: averaged, or as trained. By itself, what was handed over.",
        ),
    ] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Import code outside of Saddlepoint that the folder names.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write what was trained for other programs. A graph is run and compared with the model as it is written.

    Its inputs are latents, classes and noise by name, or the images or spectrograms that it converts; batches, and
    sides of images, may have any size. What they are stands in the file's metadata, under `saddlepoint`.

    Examples:

      saddle export runs/digits --onnx digits.onnx

      saddle export runs/digits --pt2 digits.pt2 --safetensors digits
    """
    wanted = [
        (path, ending) for path, ending in ((onnx, ".onnx"), (pt2, ".pt2"), (safetensors, "")) if path is not None
    ]
    if not wanted:
        raise ConfigurationError("say what is to be written: --onnx FILE, --pt2 FILE or --safetensors DIR")
    for path, ending in wanted:
        if path.suffix.lower() != ending and ending:
            raise ConfigurationError(f"{path} has to end in {ending}")
    opened = Run.open(run, trust=trust)
    model = opened.model if weights is None else opened.weighted(weights)
    tell(opened.notes)
    files = []
    for path, ending in wanted:
        with err.status(f"writing {path}"):
            found = write(model, path)
        files.append({"path": str(path), "difference": found.difference})
        checked = "" if found.difference is None else f"; checked, {found.difference:.1g} from the model at most"
        err.print(f"wrote {path}{checked}", markup=False, soft_wrap=True)
        if ending:
            for name, meaning in found.about.items():
                err.print(f"  {name}: {meaning}", markup=False, soft_wrap=True)
    if as_json:
        print_json({"files": files})
