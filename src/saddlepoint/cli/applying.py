"""`saddle translate`, `saddle enhance` and `saddle vocode`: what was trained, applied to files and folders."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from saddlepoint.cli.console import AsJson, err, print_json, tell
from saddlepoint.cli.files import jobs_of, tell_of
from saddlepoint.cli.flags import options_of, parted
from saddlepoint.cli.marking import Marked, Sign, credentials_of, signed
from saddlepoint.components.device import pick_device
from saddlepoint.configuration import ConfigurationError
from saddlepoint.runs import Run
from saddlepoint.runs.verifying import mark_of
from saddlepoint.storage.sealed import checksum
from saddlepoint.tasks import Converter, tasks

RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, or its generator/ folder alone.")]
Words = Annotated[list[str], typer.Argument(metavar="IN…", help="Files, and folders with all files below them.")]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the results go, by the names of the inputs.")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda …")]
Trust = Annotated[bool, typer.Option("--trust", help="Import code outside of Saddlepoint that the folder names.")]


def translate(
    run: RunArgument,
    words: Words,
    out: Out,
    device: Device = "auto",
    trust: Trust = False,
    mark: Marked = True,
    sign: Sign = None,
    as_json: AsJson = False,
) -> None:
    """Translate images by a trained network: files and folders of any size.

    Images are turned as their EXIF orientation says, and brought to 8 bits and to red, green and blue, or to grey where
    the network takes grey. Transparency is composited on white, as in training, and the result is opaque. Of an
    animation the first frame is taken. PNG, JPEG and WebP stay what they are; others become PNG. Files that cannot be
    read are named and left out, and the exit code is then 1. --tile, --overlap: side of tiles, and what they share;
    --strength from 0, closest to the target, to 1, as trained.

    Examples:

      saddle translate runs/emoji photo.jpg --out translated

      saddle translate runs/emoji folder/ --out translated --tile 256 --strength 0.8
    """
    apply(run, words, out, device, "translate", trust=trust, mark=mark, sign=sign, as_json=as_json)


def enhance(
    run: RunArgument,
    words: Words,
    out: Out,
    device: Device = "auto",
    trust: Trust = False,
    mark: Marked = True,
    sign: Sign = None,
    as_json: AsJson = False,
) -> None:
    """Enhance images by a trained network: files and folders of any size, photographs by tiles.

    Images are turned as their EXIF orientation says, and brought to 8 bits and to red, green and blue, or to grey where
    the network takes grey. Transparency is kept: the network sees the image on white, opacity is enlarged by the
    network's scale, and the white is taken out of the result again. Grey images stay grey, unless the network makes
    more channels than it takes. Of an animation the first frame is taken. PNG, JPEG (without transparency) and WebP
    stay what they are; others become PNG. Files that cannot be read are named and left out, and the exit code is then
    1. --tile, --overlap: side of tiles, and what they share; --strength from 0, closest to the truth, to 1, as trained.

    Examples:

      saddle enhance runs/photos small.jpg --out large

      saddle enhance runs/photos folder/ --out large --tile 256 --strength 0.6
    """
    apply(run, words, out, device, "enhance", trust=trust, mark=mark, sign=sign, as_json=as_json)


def vocode(
    run: RunArgument,
    words: Words,
    out: Out,
    device: Device = "auto",
    trust: Trust = False,
    mark: Marked = True,
    sign: Sign = None,
    as_json: AsJson = False,
) -> None:
    """Resynthesise audio files from their mel spectrograms by a trained vocoder: files and folders of any length.

    Sounds are brought to the vocoder's rate and to one channel. A .npy file is a log-mel spectrogram itself, (bands,
    frames). Results are 16-bit WAV files. Files that cannot be read are named and left out, and the exit code is then
    1. --steps: by which waves are brought nearer to their spectrogram; 0 is the network alone.

    Examples:

      saddle vocode runs/vocoder speech.wav --out vocoded

      saddle vocode runs/vocoder folder/ mel.npy --out vocoded --steps 0
    """
    apply(run, words, out, device, "vocode", trust=trust, mark=mark, sign=sign, as_json=as_json)


def apply(
    run: Path,
    words: list[str],
    out: Path,
    device: str,
    verb: str,
    *,
    trust: bool,
    mark: bool,
    sign: Path | None,
    as_json: bool,
) -> None:
    """Apply what was trained to files and folders.

    Args:
        run: a run folder, or its generator/ folder alone.
        words: inputs, and flags of the model's options.
        out: folder of the results.
        device: where the network computes.
        verb: of the command, which has to be the model's.
        trust: whether code that the folder names may be imported.
        mark: whether results say what made them.
        sign: what they are signed with.
        as_json: whether a line for machines ends it.

    Raises:
        ConfigurationError: a model of another kind, inputs that are not there, or a flag that is no option.
    """
    opened = Run.open(run, trust=trust)
    model = opened.model
    tell(opened.notes)
    if not isinstance(model, Converter) or model.verb != verb:
        raise ConfigurationError(f"{run} holds {model.title}: use it with `{model.usage()[0].format(run)}`")
    named, given = parted(words, model.Options)
    others = {kind.title: kind.Options for task in tasks().values() for kind in task.models}
    options = options_of(model.Options, given, f"{run} holds {model.title}", others)
    credentials = credentials_of(sign, mark=mark)
    own = mark_of(opened, model, verb, given) if mark else None
    model = model.prepared(options)
    jobs = jobs_of([Path(name) for name in named], out, model.inputs, model.renamed, model.takes)
    model.network.to(pick_device(device))
    failed: dict[Path, str] = {}
    columns = (
        TextColumn(f"{{task.completed:.1f}}/{{task.total:.0f}} {model.takes}"),
        BarColumn(bar_width=28),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, disable=not err.is_terminal, transient=True) as bar:
        task = bar.add_task("", total=len(jobs))
        for number, job in enumerate(jobs):

            def advance(_what: str, done: float, of: float, number: int = number) -> None:
                bar.update(task, completed=number + done / of)

            job.target.parent.mkdir(parents=True, exist_ok=True)
            of_this = own if own is None else replace(own, input=checksum(job.source))
            if (reason := model.convert(job.source, job.target, options, advance, of_this)) is not None:
                failed[job.source] = reason
            else:
                signed(credentials, [job.target])
            bar.update(task, completed=number + 1)
    if as_json:
        reasons = [{"file": str(path), "reason": reason} for path, reason in failed.items()]
        print_json({"out": str(out), "written": len(jobs) - len(failed), **model.facts(), "failed": reasons})
    tell_of(jobs, failed, out, model.takes.removesuffix("s"))
