"""Samples as pictures."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from saddlepoint.configuration import ConfigurationError
from saddlepoint.marks import Mark, write_marked
from saddlepoint.storage import write_atomically

#: Side in pixels to which pictures enlarge small images, and below which they do so smoothly.
SIDE, SMOOTH = 48, 24
#: Most columns of a grid in which a column is a class.
CLASSES = 100
#: Pillow's names of the formats that pictures are written in, by a file's ending, and of those that are animated.
PICTURES = {
    **{".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"},
    **{".gif": "GIF", ".bmp": "BMP", ".tif": "TIFF", ".tiff": "TIFF"},
}
ANIMATED = {".gif": "GIF", ".webp": "WEBP", ".png": "PNG"}
#: Colours of pictures: paper, ink, what is real, what is made.
PAPER, INK, REAL, MADE = (252, 252, 250), (60, 60, 60), (190, 190, 186), (31, 78, 160)
#: Milliseconds that a frame of an animation is shown.
MILLISECONDS = 50


def tensor_of(images: Tensor | NDArray[np.uint8]) -> Tensor:
    """An array as a tensor: of a read-only or mirrored one, which torch does not take, a copy."""
    return images if isinstance(images, Tensor) else torch.from_numpy(np.require(images, requirements=["C", "W"]))


def image_grid(
    images: Tensor, columns: int | None = None, scale: int | None = None, gap: int = 2, side: int = SIDE
) -> NDArray[np.uint8]:
    """Images side by side, as one picture.

    Args:
        images: uint8 (N, C, H, W); other than one or three channels are shown in grey, one beside the other.
        columns: None makes the grid as square as it gets.
        scale: whole factor by which every pixel is enlarged; None enlarges small images to at least `side` pixels,
            and tiny ones smoothly, as bare pixels of 8x8 or 16x16 images are hard to read.
        gap: grey pixels around every image, so that one does not run into the next.
        side: see scale.

    Returns:
        uint8 (rows · (H · scale + gap) + gap, columns · (W · scale + gap) + gap, 3).
    """
    n, channels = images.shape[:2]
    if channels not in (1, 3):
        images = images.permute(0, 2, 1, 3).reshape(n, 1, images.shape[2], -1)
    columns = columns or max(1, round(n**0.5))
    rows = -(-n // columns)
    tiles = _enlarged(images, scale, side).expand(-1, 3, -1, -1).permute(0, 2, 3, 1).numpy()
    height, width = tiles.shape[1:3]
    down, across = height + gap, width + gap
    grid = np.full((rows * down + gap, columns * across + gap, 3), 96, dtype=np.uint8)
    for k, tile in enumerate(tiles):
        top, left = gap + (k // columns) * down, gap + (k % columns) * across
        grid[top : top + height, left : left + width] = tile
    return grid


def _enlarged(images: Tensor, scale: int | None, side: int) -> Tensor:
    longer = max(images.shape[2:])
    if scale is None and longer < SMOOTH:
        factor = -(-side // longer)
        return interpolate(images.float(), scale_factor=factor, mode="bicubic").round().clamp(0, 255).byte()
    factor = scale or max(1, -(-side // longer))
    return images.repeat_interleave(factor, 2).repeat_interleave(factor, 3)


def frames_of(images: Tensor, scale: int | None = 1, side: int = SIDE) -> Sequence[NDArray[np.uint8]]:
    """Each image as its own picture, for animations and single files."""
    return [image_grid(image[None], columns=1, scale=scale, gap=0, side=side) for image in images]


def scatter(points: Tensor, reach: float, side: int) -> NDArray[np.uint8]:
    """Points (n, 2) in the square [−reach, reach]², as a picture, uint8 (side, side, 3); those outside are left out."""
    places = ((points.double() / reach + 1) / 2 * side).floor().long()
    inside = places[((places >= 0) & (places < side)).all(1)]
    count = torch.zeros(side, side, dtype=torch.double)
    count.index_put_(
        (side - 1 - inside[:, 1], inside[:, 0]), torch.ones(len(inside), dtype=torch.double), accumulate=True
    )
    # Dots of 3x3 pixels, so that single points are seen.
    shade = 1 - torch.exp(-avg_pool2d(count[None], 3, 1, 1, divisor_override=1)[0])
    ink, paper = torch.tensor([31.0, 78.0, 160.0]), torch.tensor([252.0, 252.0, 250.0])
    return torch.lerp(paper.double(), ink.double(), shade[..., None]).round().byte().numpy()


def class_columns(classes: Sequence[str]) -> int | None:
    """Columns of a grid in which each is a class; None where there are no classes, or too many."""
    return len(classes) if 0 < len(classes) <= CLASSES else None


def of_each_class(order: Tensor, labels: Tensor, classes: int, rows: int) -> Tensor:
    """Indices of samples for a grid in which each column is a class, row by row, int64 (rows · classes,).

    A class of fewer samples than rows repeats them; one of none shows the first sample of all.

    Args:
        order: in which samples are taken, int64 (n,), of those that may be shown.
        labels: of all samples, int64 (N,).
        classes: how many there are.
        rows: samples of each.
    """
    own = (order[labels[order] == number] for number in range(classes))
    columns = [some[torch.arange(rows) % len(some)] if len(some) else order[:1].expand(rows) for some in own]
    return torch.stack(columns, 1).flatten()


def to_bytes(values: Tensor, ends: tuple[float, float]) -> Tensor:
    """Bytes of a network's values, whose ends are black and white: 0 and 255."""
    low, high = ends
    return ((values.float() - low) / (high - low) * 255).round().clamp(0, 255).to(torch.uint8)


def write_frames(folder: Path, frames: Sequence[NDArray[np.uint8]]) -> None:
    """A PNG file each, named by its number, whole or absent."""
    digits = len(str(len(frames) - 1))
    for number, frame in enumerate(frames):
        picture = partial(Image.fromarray(frame).save, format="PNG")
        write_atomically(folder / f"{number:0{digits}d}.png", picture, flushed=False)


def write_animation(path: Path, frames: Sequence[NDArray[np.uint8]], mark: Mark | None = None) -> None:
    """An animation that repeats, whole or absent, in the format of the path's ending.

    Raises:
        ConfigurationError: no animated format has this ending.
    """
    form = ANIMATED.get(path.suffix.lower())
    if form is None:
        raise ConfigurationError(f"{path}: an animated file ends in {', '.join(ANIMATED)}")
    first, *rest = map(Image.fromarray, frames)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_marked(
        path,
        lambda file: first.save(file, format=form, save_all=True, append_images=rest, duration=MILLISECONDS, loop=0),
        mark,
    )
