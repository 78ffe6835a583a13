"""Enhancement of images: its configuration, and the recipe."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import torch
from pydantic import Field, field_validator

from saddlepoint.configuration import ConfigurationError
from saddlepoint.data import load_images, load_photographs
from saddlepoint.data.collection import OnRead
from saddlepoint.data.degradations import Chain
from saddlepoint.data.degraded_stream import DegradedStream, degraded_pairs
from saddlepoint.data.image_collection import Photographs
from saddlepoint.data.images import DataError, Split
from saddlepoint.data.pair_stream import PairSource
from saddlepoint.data.pairs import PairData
from saddlepoint.recipes.configuration import Average, Player
from saddlepoint.recipes.image import placed
from saddlepoint.recipes.image_to_image import Given, ImageToImageConfig, Pairing, Score
from saddlepoint.training import Budget, Intervals, Schedule, Schedules

#: The side at which the inputs of given pairs are read where none is given.
PAIR_SIZE = 32


class DegradedImages(Pairing):
    """Which images, to be degraded or given as pairs, and what is cut out of them.

    Attributes:
        source: a known set, `hf:NAME`, or "folder".
        size: pixels a side to which images are resized; None leaves each as it is. Of pairs, the inputs' side.
        crop: pixels a side of the targets that a batch shows; images of one size below that are taken whole.
        scale: of given pairs, a target's side over an input's.
    """

    source: str
    size: int | None = Field(default=None, ge=4, le=4096)
    crop: int = Field(default=32, ge=4)
    scale: int = Field(default=1, ge=1, le=8)

    def load(self, paired: bool, reading: OnRead | None = None) -> Given:
        """Read photographs, or pairs, with those that are held out."""
        if self.source == "folder" and self.path is None:
            raise ConfigurationError("this recipe needs images of yours: give their folder with --data FOLDER")
        if paired and self.path is None:
            raise ConfigurationError(
                f"{self.source} holds no pairs of a degraded and a clean image: say what to learn to undo with "
                f"--degrade downscale:4, or give a folder of pairs with --data FOLDER"
            )
        if paired:
            return self.pairs(self.size or PAIR_SIZE, scale=self.scale, reading=reading)
        train = self._photographs("train", reading)
        try:
            held_out = self._photographs("test", None)
        except DataError:
            train, held_out = train.split(self.held_out)
        return replace(train, held_out=held_out)

    def with_source(self, data: str) -> Self:
        """Other images. Raises ConfigurationError where there are none."""
        return self.read({**self.model_dump(), **placed(data)})

    def _photographs(self, split: Split, reading: OnRead | None) -> Photographs:
        if self.size is None:
            return load_photographs(self.source, path=self.path, split=split, progress=reading)
        return Photographs.of(load_images(self.source, self.size, path=self.path, split=split, progress=reading))


class EnhancementConfig(ImageToImageConfig):
    """A run that learns to undo what was done to images.

    Attributes:
        degrade: what is done to them, as `data.degradations` reads it; None trains on given pairs.
    """

    usage = "saddle enhance {} IN… --out DIR"
    command = "enhance"

    data: DegradedImages
    degrade: str | None
    conditioned: bool = False
    evaluation: Score = Score(samples=512)

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

    def load(self, reading: OnRead | None = None) -> Given:
        """Read photographs, or given pairs."""
        return self.data.load(self.degrade is None, reading)

    def pairs(self, data: Given, most: int | None = None) -> PairData:
        """Pairs that never change, to judge by: of what is held out, else of all; middles of photographs, degraded.

        Raises:
            DataError: no photograph is large enough.
        """
        shown = data if data.held_out is None else data.held_out
        if isinstance(shown, PairData):
            return shown
        assert self.chain is not None
        kept, _ = shown.holding(self.data.crop, self.chain.scale)
        return degraded_pairs(kept, self.chain, self.seed, most)

    def _stream(self, data: Given, device: torch.device) -> tuple[Given, PairSource]:
        """The photographs that are large enough, degraded as they are shown; or the pairs."""
        if isinstance(data, PairData):
            return super()._stream(data, device)
        assert self.chain is not None
        kept, crop = data.holding(self.data.crop, self.chain.scale)
        return kept, DegradedStream(kept, self.chain, crop, **self._streaming(device))

    def _card(self, data: Given) -> Mapping[str, Any]:
        return {**super()._card(data), "undoes": self.degrade or "what the given pairs show"}


def enhance() -> EnhancementConfig:
    """Photographs of yours made better: --data FOLDER --degrade downscale:4; twenty minutes on one core.

    A first half by the distance to the clean image alone, then an adversary, whose term weighs half as much as that
    distance does: at an eighth or less, what is made stays as blurred as it was (LOG.md).
    """
    adam = {"name": "Adam", "lr": 1e-3, "betas": (0.5, 0.99)}
    return EnhancementConfig(
        recipe="enhance",
        threads=1,
        data=DegradedImages(source="folder"),
        degrade="downscale:4",
        generator=Player(network={"name": "super-resolver", "width": 32, "blocks": 4}, optimizer=adam),
        discriminator=Player(network={"name": "patch-discriminator", "width": 32, "depth": 2}, optimizer=adam),
        loss={"name": "relativistic"},
        penalties={"r1": {"weight": 0.01}, "r2": {"weight": 0.01}},
        content={"reconstruction": {"weight": 2.0, "kind": "charbonnier"}},
        method={"name": "alternating"},
        average=Average(half_life=2_000, warm_up=0.05),
        schedules=Schedules(rate=Schedule(start=1.0, end=0.1, samples=200_000)),
        batch_size=16,
        regression=100_000,
        budget=Budget(samples=200_000),
        every=Intervals(record=2_000, snapshot=20_000, checkpoint=20_000),
    )
