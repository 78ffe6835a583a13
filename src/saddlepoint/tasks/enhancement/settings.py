"""The configuration of a game that undoes what was done to images."""

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, field_validator

from saddlepoint.configuration import ConfigurationError, nearest
from saddlepoint.data import DATASETS
from saddlepoint.data.hugging_face import PREFIX, absolute
from saddlepoint.data.known_sets import is_path, settled
from saddlepoint.tasks.enhancement.degradations import Chain
from saddlepoint.tasks.translation.settings import ImageToImageConfig, PairFiles, PairScore


class DegradedImages(PairFiles):
    """Which images, to be degraded or given as pairs, and what is cut out of them."""

    source: str
    """A name of `saddle list data`, `hf:NAME`, or `folder`, which `path` gives."""
    size: int | None = Field(default=None, ge=4, le=4096)
    """Pixels a side to which middle squares are resized; none leaves each as it is. Of pairs, the inputs' side."""
    crop: int = Field(default=32, ge=4)
    """Pixels a side of the targets that a batch shows; images of one size below that are taken whole."""
    scale: int = Field(default=1, ge=1, le=8)
    """Of given pairs, a target's side over an input's."""

    def with_source(self, data: str) -> Self:
        """Other images. Raises ConfigurationError where there are none."""
        if data in DATASETS:
            placed: dict[str, str | None] = {"source": data, "path": None}
        elif data.startswith(PREFIX):
            placed = {"source": absolute(data), "path": None}
        elif is_path(data):
            placed = {"source": "folder", "path": settled(data)}
        else:
            raise ConfigurationError(f"there is no data set {data!r}, and no such folder: {nearest(data, DATASETS)}")
        return self.read({**self.model_dump(), **placed, "given": None})


class EnhancementConfig(ImageToImageConfig):
    """A network that learns to undo what was done to images."""

    usage: ClassVar[str] = "saddle enhance {} IN… --out DIR"

    task: Literal["enhancement"] = "enhancement"
    data: DegradedImages
    """Which images."""
    degrade: str | None
    """What is done to them, as "blur:1.2,downscale:2,noise:5-25"; none trains on given pairs."""
    score: PairScore = PairScore(samples=512)
    """What judges the network during training."""

    @field_validator("degrade", mode="before")
    @classmethod
    def _joined(cls, degrade: Any) -> Any:
        # An assignment on the command line comes as a list where there are commas.
        text = ",".join(map(str, degrade)) if isinstance(degrade, list | tuple) else degrade
        return str(Chain.read(text)) if isinstance(text, str) else text

    @property
    def chain(self) -> Chain | None:
        """What is done to images; None where pairs are given."""
        return None if self.degrade is None else Chain.read(self.degrade)
