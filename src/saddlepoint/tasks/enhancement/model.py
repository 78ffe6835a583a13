"""The trained enhancer of images."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from saddlepoint.configuration import ConfigurationError
from saddlepoint.data.decoding import available_formats, decode_whole
from saddlepoint.data.folder import EXTENSIONS
from saddlepoint.data.originals import Original
from saddlepoint.tasks.enhancement.degradations import masked
from saddlepoint.tasks.translation.files import Hidden
from saddlepoint.tasks.translation.model import ImageTranslator, TranslatorOptions

#: Mask from what is transparent, or from a colour.
ALPHA, COLOUR = "alpha", "colour:"
#: Of a mask's levels those that hide.
WHITE_FROM = 128


class EnhancerOptions(TranslatorOptions):
    """What may be chosen when images are enhanced."""

    mask: str | None = None
    """What is to be filled: a picture that is white there, a folder of such by the names of the images, `alpha` for
    what is not opaque, or `colour:ff00ff` for what has that colour; none takes what is not opaque."""


@dataclass
class Enhancer(ImageTranslator):
    """A network that makes an image better; opacity and greyness stay."""

    kind = "enhancement"
    title = "an enhancer of images"
    verb = "enhance"
    Options = EnhancerOptions
    same: ClassVar[bool] = True

    def renamed(self, name: Path) -> Path:
        """PNG where pixels are to stay as they are; otherwise as a translator's."""
        return name.with_suffix(".png") if self.keeps else super().renamed(name)

    def hidden_of(self, source: Path, options: EnhancerOptions) -> Hidden | None:
        """What of a file is to be filled; None where the network fills nothing.

        Raises:
            ConfigurationError: a mask for a network that takes none, or a colour that is none.
        """
        if not self.masked:
            if options.mask is not None:
                raise ConfigurationError("this network takes no mask: train one by `saddle train inpaint`")
            return None
        mask = options.mask or ALPHA
        colour = _colour(mask.removeprefix(COLOUR)) if mask.startswith(COLOUR) else None

        def hidden(original: Original, given: Tensor) -> tuple[Tensor, NDArray[np.bool_]] | str:
            size = original.colours.shape[:2]
            if mask == ALPHA:
                alpha = original.whole.alpha
                found = np.zeros(size, bool) if alpha is None else alpha < 255
            elif colour is not None:
                found = (original.colours == colour).all(2)
            else:
                read = _mask_of(Path(mask), source)
                if isinstance(read, str):
                    return read
                found = read
            if found.shape != size:
                return f"its mask has {found.shape[1]}x{found.shape[0]} pixels, and it {size[1]}x{size[0]}"
            if not found.any():
                return (
                    "nothing of it is hidden: give --mask FILE, white where it is to be filled, --mask alpha or "
                    "--mask colour:ff00ff"
                )
            if found.all():
                return "all of it is hidden"
            return masked(given, torch.from_numpy(found)), found

        return hidden


def _colour(text: str) -> NDArray[np.uint8]:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != 3:
        raise ConfigurationError(f"{COLOUR}{text} is no colour: give red, green and blue as in {COLOUR}ff00ff")
    return np.frombuffer(found, np.uint8)


def _mask_of(mask: Path, source: Path) -> NDArray[np.bool_] | str:
    """Which pixels a picture hides, or that of a folder which has the source's name; or why that can't be said."""
    path = mask.expanduser()
    if path.is_dir():
        names = [path / f"{source.stem}{ending}" for ending in (source.suffix, ".png", *sorted(EXTENSIONS))]
        there = [name for name in names if name.exists()]
        if not there:
            return f"no mask of its name is in {mask}"
        path = there[0]
    read = decode_whole(path, (0, 0, 0), available_formats())
    if isinstance(read, str):
        return f"its mask {path} can't be read: {read}"
    return np.asarray(Image.fromarray(read.pixels).convert("L")) >= WHITE_FROM
