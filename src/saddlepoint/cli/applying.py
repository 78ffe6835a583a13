"""`saddle translate` and `saddle enhance`: a trained translator on files and folders."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from PIL import Image
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from saddlepoint.cli.console import AsJson, err, print_json
from saddlepoint.cli.files import jobs_of, tell_of
from saddlepoint.configuration import ConfigurationError
from saddlepoint.data.decoding import Whole, available_formats, decode_whole
from saddlepoint.data.folder import WHITE, image_files
from saddlepoint.recipes.building import pick_device
from saddlepoint.storage import write_atomically
from saddlepoint.tasks.interpolation import load_between
from saddlepoint.tasks.translator import ImageTranslator

#: Formats that are written, by a name's ending; of any other ending, PNG.
WRITTEN = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".jfif": "JPEG", ".webp": "WEBP"}
SAVED: dict[str, dict[str, Any]] = {"PNG": {}, "JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"quality": 95}}
#: The longest side that a format holds.
LONGEST = {"JPEG": 65500, "WEBP": 16383}
#: Sides of the output beyond whose square images are taken by tiles, and of such a tile; what tiles share.
LARGE, SHARED = 1024, 32

RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, or its generator/ folder alone.")]
Inputs = Annotated[list[Path], typer.Argument(metavar="IN…", help="Files, and folders with all images below them.")]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the results go, by the names of the inputs.")]
Tile = Annotated[
    int | None,
    typer.Option(
        "--tile", min=1, help=f"Side of the tiles, in input pixels; by itself, whole up to {LARGE}x{LARGE} results."
    ),
]
Overlap = Annotated[
    int | None, typer.Option("--overlap", min=0, help=f"What tiles share; {SHARED}, of small tiles a quarter.")
]
Strength = Annotated[
    float | None,
    typer.Option("--strength", min=0, max=1, help="From 0, closest to the truth, to 1, as trained: most natural."),
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda …")]


def translate(
    run: RunArgument,
    inputs: Inputs,
    out: Out,
    tile: Tile = None,
    overlap: Overlap = None,
    strength: Strength = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Translate images by a trained network: files and folders of any size.

    Images are turned as their EXIF orientation says, and brought to 8 bits and to red, green and blue, or to grey where
    the network takes grey. Transparency is composited on white, as in training, and the result is opaque. Of an
    animation the first frame is taken. PNG, JPEG and WebP stay what they are; others become PNG. Files that cannot be
    read are named and left out, and the exit code is then 1.

    Examples:

      saddle translate runs/emoji photo.jpg --out translated

      saddle translate runs/emoji folder/ --out translated --tile 256 --strength 0.8
    """
    _apply(run, strength, inputs, out, tile, overlap, device, as_json, same=False)


def enhance(
    run: RunArgument,
    inputs: Inputs,
    out: Out,
    tile: Tile = None,
    overlap: Overlap = None,
    strength: Strength = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Enhance images by a trained network: files and folders of any size, photographs by tiles.

    Images are turned as their EXIF orientation says, and brought to 8 bits and to red, green and blue, or to grey where
    the network takes grey. Transparency is kept: the network sees the image on white, opacity is enlarged by the
    network's scale, and the white is taken out of the result again. Grey images stay grey, unless the network makes
    more channels than it takes. Of an animation the first frame is taken. PNG, JPEG (without transparency) and WebP
    stay what they are; others become PNG. Files that cannot be read are named and left out, and the exit code is then
    1.

    Examples:

      saddle enhance runs/photos small.jpg --out large

      saddle enhance runs/photos folder/ --out large --tile 256 --strength 0.6
    """
    _apply(run, strength, inputs, out, tile, overlap, device, as_json, same=True)


def _apply(
    run: Path,
    strength: float | None,
    inputs: Sequence[Path],
    out: Path,
    tile: int | None,
    overlap: int | None,
    device: str,
    as_json: bool,
    same: bool,
) -> None:
    """One function under both; `same` where the result is the same picture, whose opacity and greyness it keeps."""
    translator = ImageTranslator.load(run) if strength is None else load_between(run, strength)
    if translator.source[0] not in (1, 3) or translator.shape[0] not in (1, 3):
        raise ConfigurationError(
            f"{run} makes {translator.shape[0]} channels of {translator.source[0]}: files have 1 or 3; call "
            f"ImageTranslator.apply on arrays"
        )
    jobs = jobs_of(inputs, out, image_files, _renamed, "images")
    translator.network.to(pick_device(device))
    formats = available_formats()
    failed: dict[Path, str] = {}
    columns = (
        TextColumn("{task.completed:.1f}/{task.total:.0f} images"),
        BarColumn(bar_width=28),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with (
        warnings.catch_warnings(),
        Progress(*columns, console=err, disable=not err.is_terminal, transient=True) as bar,
    ):
        warnings.simplefilter("ignore")  # of large files, odd palettes and EXIF blocks
        task = bar.add_task("", total=len(jobs))
        for number, job in enumerate(jobs):

            def advance(done: int, of: int, number: int = number) -> None:
                bar.update(task, completed=number + done / of)

            found = decode_whole(job.source, WHITE, formats)
            found = found if isinstance(found, str) else _fitting(found, job.target, translator.scale)
            if isinstance(found, str):
                failed[job.source] = found
            else:
                given = _given(found, translator.source[0])
                side, shared = _tiling(tile, overlap, translator.scale, given.shape[1:])
                made = translator.applied(given, side, shared, advance).permute(1, 2, 0).numpy()
                _write(job.target, made, found, translator, same)
            bar.update(task, completed=number + 1)
    if as_json:
        reasons = [{"file": str(path), "reason": reason} for path, reason in failed.items()]
        print_json({"out": str(out), "written": len(jobs) - len(failed), "scale": translator.scale, "failed": reasons})
    tell_of(jobs, failed, out, "image")


def _renamed(name: Path) -> Path:
    return name if name.suffix.lower() in WRITTEN else name.with_suffix(".png")


def _fitting(image: Whole, target: Path, scale: int) -> Whole | str:
    """The image, or what is wrong where its result is larger than a format allows."""
    kind = WRITTEN[target.suffix.lower()]
    height, width = (scale * side for side in image.pixels.shape[:2])
    if max(height, width) > LONGEST.get(kind, max(height, width)):
        return f"its result of {width}x{height} pixels is larger than {kind} holds; give it as PNG"
    return image


def _given(image: Whole, channels: int) -> torch.Tensor:
    """What the network takes of an image, uint8 (channels, H, W); grey is ITU-R 601 luma, as in training."""
    pixels = image.pixels
    if channels == 1:
        pixels = np.asarray(Image.fromarray(pixels).convert("L"))[..., None]
    return torch.from_numpy(pixels.transpose(2, 0, 1).copy())


def _tiling(tile: int | None, overlap: int | None, scale: int, size: Sequence[int]) -> tuple[int | None, int]:
    """Side of the tiles, None for the whole, and what they share."""
    if tile is None:
        if scale**2 * size[0] * size[1] <= LARGE**2:
            return None, 0
        tile = LARGE // scale
    return tile, min(SHARED, tile // 4) if overlap is None else overlap


def _write(path: Path, made: NDArray[np.uint8], found: Whole, translator: ImageTranslator, same: bool) -> None:
    kind = WRITTEN[path.suffix.lower()]
    picture = Image.fromarray(made if made.shape[2] == 3 else made[..., 0])
    if same and found.grey and translator.source[0] >= translator.shape[0]:
        picture = picture.convert("L")
    if same and found.alpha is not None and kind != "JPEG":
        alpha = Image.fromarray(found.alpha).resize(picture.size, Image.Resampling.BICUBIC)
        picture = _opened_up(picture, alpha)
    path.parent.mkdir(parents=True, exist_ok=True)
    dials = dict(SAVED[kind])
    if found.profile is not None and picture.mode in ("RGB", "RGBA"):
        dials["icc_profile"] = found.profile
    write_atomically(path, lambda file: picture.save(file, format=kind, **dials))


def _opened_up(picture: Image.Image, alpha: Image.Image) -> Image.Image:
    """A picture y on white with an opacity a: the colours x with a x + (1 − a) white = y, as near as there are such."""
    opacity = np.asarray(alpha)
    darkness = 255 - np.asarray(picture)
    if darkness.ndim == 3:
        opacity = opacity[..., None]
    colours = np.empty_like(darkness)
    for rows in range(0, len(darkness), 256):  # a photograph in floats would take more than its tiles do
        part = slice(rows, rows + 256)
        x = darkness[part].astype(np.float32) * 255 / np.maximum(opacity[part], 1)
        colours[part] = 255 - np.where(opacity[part] > 0, x, 0).round().clip(0, 255).astype(np.uint8)
    opened = Image.fromarray(colours)
    opened.putalpha(alpha)
    return opened
