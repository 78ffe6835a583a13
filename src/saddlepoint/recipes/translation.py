"""Translation of images, with pairs and without: its configuration, and the recipe."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

import torch
from pydantic import Field, model_validator
from torch import nn

from saddlepoint.configuration import ConfigurationError, Settings
from saddlepoint.core import seed_for
from saddlepoint.core.randomness import seeded
from saddlepoint.data.collection import OnRead
from saddlepoint.data.known_sets import is_path
from saddlepoint.data.pairs import PairData
from saddlepoint.networks import ResidualTranslator
from saddlepoint.recipes.configuration import Average, Choice, Player
from saddlepoint.recipes.image_to_image import Grid, ImageToImageConfig, Pairing
from saddlepoint.tasks.contrast import Contrasted, ContrastLosses
from saddlepoint.tasks.cycle import BACKWARD, ONWARD, SOURCE, TARGET, CycleLosses, NetworkGroup, ReplayBuffer
from saddlepoint.components.content import Reconstruction
from saddlepoint.tasks.translating import TranslationLosses
from saddlepoint.tasks.translator import ImageTranslator
from saddlepoint.training import Budget, Intervals

Unpaired = Literal["cycle", "contrastive"]


class ImagePairs(Pairing):
    """Images and what is to be made of them.

    Attributes:
        size: pixels a side.
        match: whether equal names mean pairs, by which a translator that learns without pairs may be judged.
    """

    size: int = Field(default=64, ge=16, le=1024)
    match: bool = True

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.crop is not None and self.crop > self.size:
            raise ValueError(f"crops of {self.crop} pixels do not fit into images of {self.size}: give a smaller crop")
        return self

    def with_source(self, data: str) -> Self:
        """Another folder. Raises ConfigurationError where it is none."""
        if not (is_path(data) and Path(data).expanduser().is_dir()):
            raise ConfigurationError(f"pairs of images come from a folder: --data {data} is none")
        return self.read({**self.model_dump(), "path": str(Path(data).expanduser().resolve())})


class Cycle(Settings):
    """There and back again.

    Attributes:
        weight: of the distance between what went and what came back.
        identity: of that between an image and what is made of it by the translator that is to make such; 0 asks for
            nothing.
        history: generated images that each discriminator is shown again; 0 keeps none.
    """

    weight: float = Field(default=10.0, ge=0)
    identity: float = Field(default=5.0, ge=0)
    history: int = Field(default=50, ge=0)


class Contrast(Settings):
    """Patches told by their place: see `ContrastLosses`; `width` is the size of a patch's code."""

    weight: float = Field(default=1.0, ge=0)
    patches: int = Field(default=64, ge=2)
    temperature: float = Field(default=0.07, gt=0)
    identity: bool = True
    width: int = Field(default=64, ge=1)


class TranslationConfig(ImageToImageConfig):
    """A run that makes images of images, from pairs or without; regression, content losses and matching are for pairs.

    Attributes:
        unpaired: None learns from pairs; `cycle` and `contrastive` from two sets of images.
    """

    usage = "saddle translate {} IN… --out DIR"
    command = "translate"

    data: ImagePairs
    unpaired: Unpaired | None = None
    cycle: Cycle = Cycle()
    contrast: Contrast = Contrast()

    @model_validator(mode="after")
    def _translates(self) -> Self:
        if self.unpaired is None:
            return self
        if self.data.split == "side":
            raise ValueError("images side by side are pairs: leave --unpaired out, or give two folders")
        if self.unpaired == "cycle" and 0 < self.cycle.history < self.batch_size // self.accumulate:
            raise ValueError(
                f"a history of {self.cycle.history} is shorter than a batch, {self.batch_size}: give more, or 0"
            )
        if self.unpaired == "contrastive" and self.precision != "float32":
            raise ValueError("contrastive translation computes its codes in float32: --set precision=float32")
        return self

    @property
    def terms(self) -> Mapping[str, Choice]:
        """The content losses that count; none without pairs."""
        return super().terms if self.unpaired is None else {}

    @property
    def conditional(self) -> bool:
        """Whether the discriminator sees the input, to which nothing belongs without pairs."""
        return self.unpaired is None and self.conditioned

    @property
    def objective(self) -> str:
        """The loss, and how pairs are done without."""
        return super().objective if self.unpaired is None else f"{super().objective}, {self.unpaired}"

    @property
    def bibtex(self) -> list[str]:
        """Of the loss, the penalties, and what binds the output to the input."""
        return super().bibtex if self.unpaired is None else [*super().bibtex, _PAPERS[self.unpaired]]

    def load(self, reading: OnRead | None = None) -> PairData:
        """Read the pairs; where they are to be none, those that judge may still be."""
        if self.unpaired is None:
            return self.data.pairs(self.data.size, reading=reading)
        return self.data.pairs(self.data.size, paired=None if self.data.match else False, reading=reading).unpaired()

    def pairs(self, data: PairData, most: int | None = None) -> PairData:  # noqa: ARG002
        """What is held out."""
        if data.held_out is None:
            raise ConfigurationError(f"{data.name} holds no pairs out to judge by: give data.held_out")
        return data.held_out

    # --- without pairs ----------------------------------------------------------------------------------

    def _played(
        self, source: Grid, shape: Grid, device: torch.device
    ) -> tuple[dict[str, nn.Module], TranslationLosses | CycleLosses | ContrastLosses]:
        if self.unpaired is None:
            return super()._played(source, shape, device)
        loss, penalties = self._adversary()
        if self.unpaired == "cycle":
            players: dict[str, nn.Module] = {
                "generator": NetworkGroup(
                    {
                        ONWARD: self._generator(source, shape),
                        BACKWARD: self._generator(shape, source, "generator, backward"),
                    }
                ),
                "discriminator": NetworkGroup(
                    {
                        TARGET: self._discriminator(source, shape),
                        SOURCE: self._discriminator(shape, source, "discriminator of inputs"),
                    }
                ),
            }
            own, size = self.cycle, self.cycle.history
            return players, CycleLosses(
                loss,
                penalties,
                Reconstruction(own.weight),
                Reconstruction(own.identity) if own.identity and source == shape else None,
                adversarial=self.adversarial,
                buffers={TARGET: ReplayBuffer(size, shape), SOURCE: ReplayBuffer(size, source)} if size else None,
            )
        generator = self._generator(source, shape)
        if not isinstance(generator, ResidualTranslator) or source[0] != shape[0]:
            raise ConfigurationError(
                "contrastive translation compares patches in a residual translator's layers, between images of "
                "equal channels: --set generator.network=residual-translator, or --set unpaired=cycle"
            )
        with seeded(seed_for(self.seed, "patches", "initialisation")):
            contrasted = Contrasted(generator, self.contrast.width)
        options = self.contrast.model_dump(exclude={"width"})
        return (
            {"generator": contrasted, "discriminator": self._discriminator(source, shape)},
            ContrastLosses(loss, penalties, layers=len(contrasted.heads), adversarial=self.adversarial, **options),
        )

    def _handed_over(
        self, generator: nn.Module, source: Grid, shape: Grid
    ) -> tuple[ImageTranslator, ImageTranslator | None]:
        if isinstance(generator, NetworkGroup):
            back = self._translator(generator[BACKWARD], shape, source)
            return self._translator(generator[ONWARD], source, shape), back
        onward = generator.translator if isinstance(generator, Contrasted) else generator
        return super()._handed_over(onward, source, shape)


_PAPERS: dict[Unpaired, str] = {
    "cycle": """@inproceedings{zhu2017unpaired,
  title={Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks},
  author={Zhu, Jun-Yan and Park, Taesung and Isola, Phillip and Efros, Alexei A.},
  booktitle={ICCV}, year={2017}}""",
    "contrastive": """@inproceedings{park2020contrastive,
  title={Contrastive Learning for Unpaired Image-to-Image Translation},
  author={Park, Taesung and Efros, Alexei A. and Zhang, Richard and Zhu, Jun-Yan},
  booktitle={ECCV}, year={2020}}""",
}


def translate() -> TranslationConfig:
    """Images to images from pairs: --data FOLDER with train/ and val/ of two sides each; or --unpaired."""
    adam = {"name": "Adam", "lr": 1e-3, "betas": (0.0, 0.99)}
    return TranslationConfig(
        recipe="translate",
        data=ImagePairs(),
        generator=Player(
            network={"name": "unet-translator", "width": 16, "upsampling": "transposed", "residual_input": True},
            optimizer=adam,
        ),
        discriminator=Player(network={"name": "patch-discriminator", "width": 16, "depth": 2}, optimizer=adam),
        loss={"name": "relativistic"},
        # A patch's logit counts in the sum over all: per patch these are a thousand times as large.
        penalties={"r1": {"weight": 1e-4}, "r2": {"weight": 1e-4}},
        # Against the adversary it takes so much structure to stay more like the target than the input is (LOG.md).
        content={"reconstruction": {"weight": 15.0}, "ssim": {"weight": 15.0}},
        method={"name": "alternating"},
        average=Average(half_life=4_000, warm_up=0.05),
        batch_size=8,
        budget=Budget(samples=100_000),
        every=Intervals(record=2_000, snapshot=10_000, checkpoint=10_000),
    )
