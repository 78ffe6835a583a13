"""`saddle vocode`: a trained vocoder on files and folders of sounds, or of spectrograms."""

import os
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor

from saddlepoint.cli.applying import Device, RunArgument
from saddlepoint.cli.console import AsJson, err, print_json
from saddlepoint.cli.files import jobs_of, tell_of
from saddlepoint.configuration import ConfigurationError
from saddlepoint.data.audio import ENDINGS, read_sound, write_wave
from saddlepoint.data.images import DataError
from saddlepoint.recipes.building import pick_device
from saddlepoint.storage import write_atomically
from saddlepoint.tasks.vocoder import Vocoder

#: Of a file that holds a spectrogram.
ARRAY = ".npy"


def vocode(
    run: RunArgument,
    inputs: Annotated[list[Path], typer.Argument(metavar="IN…", help="Files, and folders with all sounds below them.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where the results go, by the names of the inputs.")
    ],
    steps: Annotated[
        int | None,
        typer.Option(
            "--steps", min=0, help="By which waves are brought nearer to their spectrogram; 0 is the network."
        ),
    ] = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Make sounds anew of their spectrograms, by a trained vocoder: files and folders of any length.

    WAV, FLAC and OGG are resampled to the vocoder's rate and mixed down. A .npy file holds natural log-mels of power
    (bands, frames), as `MelFrontEnd.mel` gives them. Results are 16-bit mono WAV files. What cannot be read is named
    and left out, and the exit code is then 1.

    Examples:

      saddle vocode runs/vocoder speech.flac folder/ --out made

      saddle vocode runs/vocoder mel.npy --out made
    """
    vocoder = Vocoder.load(run)
    if steps is not None:
        vocoder.steps = steps
    jobs = jobs_of(inputs, out, _below, lambda name: name.with_suffix(".wav"), "sounds")
    vocoder.network.to(pick_device(device))
    failed: dict[Path, str] = {}
    seconds = 0.0
    columns = (
        TextColumn("{task.completed:.1f}/{task.total:.0f} sounds"),
        BarColumn(bar_width=28),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, disable=not err.is_terminal, transient=True) as bar:
        task = bar.add_task("", total=len(jobs))
        for number, job in enumerate(jobs):

            def advance(done: int, of: int, number: int = number) -> None:
                bar.update(task, completed=number + done / of)

            try:
                if job.source.suffix.lower() == ARRAY:
                    made = vocoder.apply(_spectrogram(job.source), progress=advance)
                else:
                    wave = torch.from_numpy(read_sound(job.source, vocoder.front.rate).wave).float()
                    made = vocoder.resynthesised(wave, advance)
            except ConfigurationError:
                raise
            except ValueError as error:
                failed[job.source] = str(error)
            else:
                job.target.parent.mkdir(parents=True, exist_ok=True)
                write = partial(write_wave, wave=made.numpy(), rate=vocoder.front.rate)
                write_atomically(job.target, write)
                seconds += len(made) / vocoder.front.rate
            bar.update(task, completed=number + 1)
    if as_json:
        reasons = [{"file": str(path), "reason": reason} for path, reason in failed.items()]
        written = len(jobs) - len(failed)
        print_json({"out": str(out), "written": written, "seconds": round(seconds, 3), "failed": reasons})
    tell_of(jobs, failed, out, "sound")


def _below(folder: Path) -> list[str]:
    """Sounds and spectrograms below a folder, sorted."""
    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(place, name).relative_to(folder).as_posix() for name in files if _taken(name)]
    return sorted(found)


def _taken(name: str) -> bool:
    return not name.startswith(".") and Path(name).suffix.lower() in (*ENDINGS, ARRAY)


def _spectrogram(path: Path) -> Tensor:
    """Numbers (bands, frames) of a .npy file. Raises DataError where it holds none."""
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"it is no .npy file of numbers ({error})") from error
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "fiu":
        raise DataError("it is no .npy file of numbers: give log-mels, floats (bands, frames)")
    return torch.from_numpy(found.astype(np.float32))
