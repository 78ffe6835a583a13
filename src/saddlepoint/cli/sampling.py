"""`saddle sample`."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image
from torch import Tensor

from saddlepoint.cli.console import err
from saddlepoint.configuration import ConfigurationError
from saddlepoint.data.audio import write_wave
from saddlepoint.storage import write_atomically
from saddlepoint.tasks.audio import SoundGenerator, preview
from saddlepoint.tasks.pictures import CLASSES, frames_of
from saddlepoint.tasks.series import WindowsGenerator
from saddlepoint.tasks.table import RowGenerator
from saddlepoint.tasks.text import TextGenerator, joined
from saddlepoint.tasks.trained import ImageGenerator, Sampler

#: Frames between two stops of a walk, and milliseconds a frame.
FRAMES, MILLISECONDS = 24, 50
TEXTS = (".txt", ".text")
PARQUET = (".parquet", ".pq")
TABLES = (".csv", ".tsv", *PARQUET)
ANIMATED = {".gif": "GIF", ".webp": "WEBP", ".png": "PNG"}


def sample(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, or its generator/ folder alone.")],
    n: Annotated[int, typer.Option("-n", min=1, help="How many images, rows, windows, sounds or texts.")] = 64,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed, other images.")] = 0,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="One picture of all, a grid; a table; a text a line.")
    ] = None,
    npz: Annotated[
        Path | None, typer.Option("--npz", metavar="FILE", help="An array `images`, uint8 (n, H, W, C), and `latents`.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--dir", metavar="DIR", help="A PNG file each; a WAV file of sounds.")
    ] = None,
    walk: Annotated[
        Path | None,
        typer.Option("--walk", metavar="FILE", help="An animated walk through latent space: .gif, .webp or .png."),
    ] = None,
    label: Annotated[
        str | None, typer.Option("--class", metavar="NAME", help="Only this class, of a conditional generator.")
    ] = None,
    columns: Annotated[
        int | None, typer.Option("--columns", min=1, help="Columns of the grid; one a class where there are classes.")
    ] = None,
    scale: Annotated[int | None, typer.Option("--scale", min=1, help="Enlarge pixels by a whole factor.")] = None,
    stops: Annotated[int, typer.Option("--stops", min=2, help="Images that the walk goes through.")] = 8,
    where: Annotated[
        list[str] | None,
        typer.Option("--where", metavar="COLUMN=VALUE", help="Of a table: only such rows; may be repeated."),
    ] = None,
    temperature: Annotated[
        float | None, typer.Option("--temperature", help="Of text: below 1 likelier, above 1 wilder.")
    ] = None,
) -> None:
    """Draw images from a trained generator. The same seed gives the same images.

    Examples:

      saddle sample runs/digits -n 64 --seed 7 --out grid.png

      saddle sample runs/digits --walk walk.gif

      saddle sample runs/audio -n 16 --dir sounds --out preview.wav

      saddle sample runs/table -n 10000 --out rows.csv --where "income=>50K"

      saddle sample runs/series -n 100 --out windows.csv

      saddle sample runs/text -n 20 --temperature 0.8
    """
    trained = Sampler.load(run)
    if temperature is not None and not isinstance(trained, TextGenerator):
        raise ConfigurationError(f"{run} makes {trained.kind}: --temperature is for text")
    if where and not isinstance(trained, RowGenerator):
        raise ConfigurationError(f"{run} makes {trained.kind}: --where is for tables")
    if isinstance(trained, RowGenerator) and (out is None or out.suffix.lower() in TABLES or where):
        if npz or folder or walk or label or columns or scale:
            raise ConfigurationError(f"{run} makes rows of a table: give --out FILE.csv, .parquet or .png alone")
        _write_table(trained, n, seed, out or Path("rows.csv"), where or [])
        return
    if isinstance(trained, WindowsGenerator) and not npz and (out is None or out.suffix.lower() in TABLES):
        if folder or walk or label or columns or scale:
            raise ConfigurationError(f"{run} makes windows: give --out FILE.csv, .parquet or .png, or --npz FILE")
        made = trained.table(n, seed)
        out = out or Path("windows.csv")
        parquet = out.suffix.lower() in PARQUET
        _write(out, lambda path: made.write(path, parquet=parquet))
        return
    heard = folder is not None or (out.suffix.lower() == ".wav" if out is not None else not (npz or walk))
    if isinstance(trained, SoundGenerator) and heard:
        if npz or walk:
            raise ConfigurationError(f"{run} makes sounds: give --dir DIR, --out FILE.wav, or --out FILE.png")
        _write_sounds(trained, trained.latents(n, seed), trained.labels(n, label, seed), folder, out, columns, scale)
        return
    if isinstance(trained, TextGenerator):
        if npz or folder or walk or label or columns or scale:
            raise ConfigurationError(f"{run} makes text: give --out FILE.txt, or nothing, which prints it")
        _write_text(trained, n, seed, out, 1.0 if temperature is None else temperature)
        return
    if not (out or npz or folder or walk):
        out = Path("grid.png")
    if walk is not None and walk.suffix.lower() not in ANIMATED:
        raise ConfigurationError(f"--walk {walk}: an animated file ends in {', '.join(ANIMATED)}")
    if out is not None:
        _picture_format(out)
    if not isinstance(trained, ImageGenerator) and (folder or walk):
        raise ConfigurationError(f"{run} makes {trained.kind}: --dir and --walk are for images, take --out or --npz")
    latents, labels = trained.latents(n, seed), trained.labels(n, label)
    if out or npz or folder:
        samples = trained.render(latents, labels)
    if out is not None:
        # Classes come in turn, so that as many columns are a class each.
        if columns is None and label is None and 0 < len(trained.classes) <= CLASSES:
            columns = len(trained.classes)
        grid = Image.fromarray(trained.picture(samples, columns, scale))
        _write(out, lambda path: grid.save(path, format=_picture_format(out)))
    if npz is not None:
        shown = samples.permute(0, 2, 3, 1) if samples.dim() == 4 else samples
        arrays = {trained.kind: shown.numpy(), "latents": latents.numpy()}
        if labels is not None:
            arrays["labels"] = labels.numpy()

        def write_arrays(path: Path) -> None:
            with path.open("wb") as file:
                np.savez_compressed(file, allow_pickle=False, **arrays)

        _write(npz, write_arrays)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        digits = len(str(n - 1))
        for number, pixels in enumerate(frames_of(samples, scale or 1)):
            # Grey images are grey files, as those are that they were learnt from.
            single = pixels[..., 0] if trained.shape[0] == 1 else pixels
            Image.fromarray(single).save(folder / f"{number:0{digits}d}.png")
        err.print(f"wrote {n} files to {folder}", markup=False, soft_wrap=True)
    if walk is not None:
        frames = [Image.fromarray(p) for p in frames_of(trained.walk(stops, FRAMES, seed, label), scale, side=128)]
        _write(
            walk,
            lambda path: frames[0].save(
                path,
                format=ANIMATED[walk.suffix.lower()],
                save_all=True,
                append_images=frames[1:],
                duration=MILLISECONDS,
                loop=0,
            ),
        )


def _write_table(trained: RowGenerator, n: int, seed: int, out: Path, where: list[str]) -> None:
    if out.suffix.lower() not in TABLES:
        raise ConfigurationError(f"--out {out}: a table ends in {', '.join(TABLES)}")
    conditions = {}
    for condition in where:
        name, equals, text = condition.partition("=")
        if not equals:
            raise ConfigurationError(f"--where {condition} is no condition: write COLUMN=VALUE")
        conditions[name] = text
    made = trained.table(n, seed, conditions)
    _write(out, lambda path: made.write(path, parquet=out.suffix.lower() in PARQUET))


def _write_sounds(
    trained: SoundGenerator,
    latents: Tensor,
    labels: Tensor | None,
    folder: Path | None,
    out: Path | None,
    columns: int | None,
    scale: int | None,
) -> None:
    """A WAV file each in the folder, and all in one file: a preview that is heard, or spectrograms."""
    out = Path("preview.wav") if not (folder or out) else out
    waves = trained.render(latents, labels)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        digits = len(str(len(waves) - 1))
        for number, wave in enumerate(waves.numpy()):
            name = (
                f"{number:0{digits}d}"
                if labels is None
                else f"{trained.classes[labels[number]].replace('/', '_')}_{number:0{digits}d}"
            )
            write_wave(folder / f"{name}.wav", wave, trained.rate)
        err.print(f"wrote {len(waves)} files to {folder}", markup=False, soft_wrap=True)
    if out is not None and out.suffix.lower() == ".wav":
        _write(out, lambda path: write_wave(path, preview(waves, trained.rate), trained.rate))
    elif out is not None:
        picture = Image.fromarray(trained.picture(waves, columns, scale))
        kind = _picture_format(out)
        _write(out, lambda path: picture.save(path, format=kind))


def _picture_format(out: Path) -> str:
    """Raises ConfigurationError where there is none of this ending."""
    known = Image.registered_extensions()
    if out.suffix.lower() not in known:
        raise ConfigurationError(f"--out {out}: a picture ends in .png, .jpg or .webp")
    return known[out.suffix.lower()]


def _write_text(trained: TextGenerator, n: int, seed: int, out: Path | None, temperature: float) -> None:
    if out is not None and out.suffix.lower() not in TEXTS:
        raise ConfigurationError(f"--out {out}: a text ends in {', '.join(TEXTS)}")
    content = joined(trained.texts(n, seed, temperature))
    if out is None:
        print(content, end="")
    else:
        _write(out, content)


def _write(path: Path, write: Callable[[Path], None] | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, write)
    err.print(f"wrote {path}", markup=False, soft_wrap=True)
