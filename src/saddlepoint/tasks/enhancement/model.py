"""The trained enhancer of images."""

from dataclasses import dataclass
from typing import ClassVar

from saddlepoint.tasks.translation.model import ImageTranslator


@dataclass
class Enhancer(ImageTranslator):
    """A network that makes an image better; opacity and greyness stay."""

    kind = "enhancement"
    title = "an enhancer of images"
    verb = "enhance"
    same: ClassVar[bool] = True
