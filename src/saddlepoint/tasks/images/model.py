"""The trained generator of images."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field
from torch import Tensor

from saddlepoint.configuration import ConfigurationError, Settings
from saddlepoint.data import ImageData
from saddlepoint.data.dataset import OnProgress, quiet
from saddlepoint.tasks.images.synthetic import LabelledSet, enlarged
from saddlepoint.tasks.model import FOLDER, LatentSampler
from saddlepoint.tasks.pictures import PICTURES, SIDE, class_columns, frames_of, image_grid, to_bytes, write_frames

#: Rows of a grid of images that never change, and columns where they are no classes.
ROWS, COLUMNS = 8, 8


class ImageOptions(Settings):
    """What may be chosen of pictures of images."""

    columns: int | None = Field(default=None, ge=1)
    """Columns of the grid; one a class where there are classes, else as square as it gets."""
    scale: int | None = Field(default=None, ge=1)
    """Enlarge pixels by a whole factor."""
    stops: int = Field(default=8, ge=2)
    """Images that a walk goes through."""


@dataclass(frozen=True)
class DrawnImages:
    """Images with what they were made of.

    Attributes:
        images: uint8 (n, C, H, W).
        latents: (n, latent size).
        labels: int64 (n,), or None.
        label: the class that was asked for, or None.
    """

    images: Tensor
    latents: Tensor
    labels: Tensor | None
    label: str | None
    options: ImageOptions


def _picture_as(form: str) -> Callable[["ImageGenerator", DrawnImages, Path], None]:
    """Writes a grid in a format of Pillow's."""
    return lambda model, drawn, path: model.write_grid(drawn, path, form)


@dataclass
class ImageGenerator(LatentSampler):
    """Makes images, uint8 (n, C, H, W).

    Attributes:
        range: the network's values for black and white.
    """

    range: tuple[float, float]

    kind = "images"
    title = "a generator of images"
    Options = ImageOptions
    default_out = "grid.png"

    def details(self) -> dict[str, Any]:
        """The range."""
        return {"range": [float(end) for end in self.range]}

    def usage(self) -> tuple[str, str]:
        """The command and the Python that use it."""
        return (
            "saddle sample {} -n 64 --seed 7 --out grid.png",
            "images = run.sample(64, seed=7)   # uint8 (64, C, H, W)",
        )

    exports: ClassVar[tuple[str, str]] = ("images", "uint8 (N, C, H, W)")

    def exported(self, outputs: Tensor) -> Tensor:
        """Bytes."""
        return self.finished(outputs)

    def finished(self, outputs: Tensor) -> Tensor:
        """Bytes: black 0, white 255."""
        return to_bytes(outputs, self.range)

    def draw(self, n: int, seed: int, label: str | None, options: ImageOptions) -> DrawnImages:
        """Images with their latents and classes."""
        labels = self.labels(n, label)
        outputs, latents = self.drawn(n, seed, labels)
        return DrawnImages(self.finished(outputs), latents, labels, label, options)

    def bytes_each(self, options: ImageOptions) -> int:
        """Of its enlarged pixels in a picture, too."""
        side = max(self.shape[1:])
        return super().bytes_each(options) + 12 * (side * (options.scale or -(-SIDE // side))) ** 2

    def presented(self, drawn: DrawnImages) -> Tensor:
        """The images, uint8 (n, C, H, W)."""
        return drawn.images

    def picture(self, images: Tensor, columns: int | None = None, scale: int | None = None) -> NDArray[np.uint8]:
        """A grid, uint8 (H, W, 3)."""
        return image_grid(images, columns, scale)

    def shown(self) -> NDArray[np.uint8]:
        """A grid of images from latents that never change, a column a class where there are some and not too many."""
        columns = class_columns(self.classes) or COLUMNS
        return self.picture(self.made(columns * ROWS, seed=0), columns)

    def in_chunks(self, n: int, seed: int, chunk: int) -> Iterator[Tensor]:
        """The images of `made(n, seed)`, so many at a time."""
        if self.choice is not None:
            yield from self.made(n, seed).split(chunk)
            return
        latents, labels = self.latents(n, seed), self.labels(n)
        for start in range(0, n, chunk):
            part = slice(start, start + chunk)
            yield self.render(latents[part], None if labels is None else labels[part])

    def walk(self, frames: int, seed: int, label: str | None, options: ImageOptions) -> list[NDArray[np.uint8]]:
        """Pictures along a closed walk through latent space, small images enlarged."""
        self.check_room(options.stops * frames, options)
        images = self.on_walk(options.stops, frames, seed, label)
        return list(frames_of(images, options.scale, side=128))

    def enlarge(
        self,
        per_class: int,
        seed: int = 0,
        *,
        beside: Any = None,
        keep: float | None = None,
        origin: Mapping[str, str] | None = None,
        progress: OnProgress = quiet,
    ) -> LabelledSet:
        """A labelled set of generated images, of as many of each class, with real images beside them if given.

        Args:
            per_class: generated images of each class; those of a smaller number are the first of them.
            seed: another one, other images.
            beside: real images (`ImageData`) of the generator's shape and classes.
            keep: leave out images that our classifier does not read as their class with this probability.
            origin: what the set's manifest says of the generator, as its run.
            progress: told how far it is.

        Raises:
            ConfigurationError: a generator without classes, real images that don't fit, no classifier that knows the
                classes, or too few images that it reads as theirs.
        """
        if beside is not None and not isinstance(beside, ImageData):
            raise ConfigurationError(f"generated images are put beside ImageData, not {type(beside).__name__}")
        self.check_room(per_class * max(1, len(self.classes)), self.Options())
        return enlarged(self, per_class, seed, beside, keep, origin or {}, progress)

    def write_grid(self, drawn: DrawnImages, path: Path, form: str) -> None:
        """One picture of all images, in a format of Pillow's."""
        columns = drawn.options.columns
        # Classes come in turn, so that as many columns are a class each.
        if columns is None and drawn.label is None:
            columns = class_columns(self.classes)
        Image.fromarray(self.picture(drawn.images, columns, drawn.options.scale)).save(path, format=form)

    def _write_npz(self, drawn: DrawnImages, path: Path) -> None:
        arrays = {"images": drawn.images.permute(0, 2, 3, 1).numpy(), "latents": drawn.latents.numpy()}
        if drawn.labels is not None:
            arrays["labels"] = drawn.labels.numpy()
        with path.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)

    def _write_folder(self, drawn: DrawnImages, folder: Path) -> None:
        frames = frames_of(drawn.images, drawn.options.scale or 1)
        # Grey images are grey files, as those are that they were learnt from.
        write_frames(folder, [pixels[..., 0] if self.shape[0] == 1 else pixels for pixels in frames])

    formats: ClassVar[Mapping[str, Callable[[Any, Any, Path], None]]] = {
        **{ending: _picture_as(form) for ending, form in PICTURES.items()},
        ".npz": _write_npz,
        FOLDER: _write_folder,
    }
