"""The configuration of a game of images made of images: what all such games share, and translation's own."""

from abc import ABC
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import torch
from pydantic import Field, field_validator, model_validator

from saddlepoint.components.registries import CONTENT_REGISTRY, REGULARISER_REGISTRY
from saddlepoint.components.settings import Choice, Pretraining, WeightedAdversary
from saddlepoint.configuration import ConfigurationError, NamedChoices, Settings
from saddlepoint.data.known_sets import is_path
from saddlepoint.data.pairs import PairLayout
from saddlepoint.data.scheduled import Timeline, after
from saddlepoint.disk import without_links
from saddlepoint.evaluation.fidelity import Features, features_of
from saddlepoint.tasks.config import SHORT, AdversarialConfig, DataSettings, Ends

#: Black and white.
RANGES = {"symmetric": (-1.0, 1.0), "unit": (0.0, 1.0)}
#: Images that the score looks at where nothing else is said.
JUDGED = 2048
Unpaired = Literal["cycle", "contrastive"]


class PairFiles(DataSettings):
    """Where pairs of images come from, and what a batch shows of them."""

    path: str | None = None
    """A folder, which may hold `train` and `val` or `test`."""
    a: str | None = None
    """Its sub-folder of inputs; none takes the first of the two that there are, by the alphabet."""
    b: str | None = None
    """Its sub-folder of targets; none takes the second."""
    split: PairLayout = "folders"
    """`folders`, or `side` for images with the input on their left and the target on their right half."""
    crop: int | None = Field(default=None, ge=4)
    """Pixels a side of the targets' crops that are trained on; none takes the images as they are, or crops of 64 pixels
    where these have sizes of their own."""
    flips: bool = True
    """Mirror half of the pairs."""
    range: Ends | None = None
    """Values that are black and white, of images of more than 8 bits; none finds one range for each side."""
    held_out: float = Field(default=0.1, gt=0, lt=1)
    """The share that judges, where the data hold nothing out themselves."""


class PairScore(Settings):
    """What judges the translator during training, at every checkpoint: by it the best one is kept."""

    features: str = "patches"
    """`patches` of 8x8 pixels, or an extractor, as `saddle evaluate --features` takes it."""
    samples: int = Field(default=JUDGED, ge=2)
    """Held-out images that are looked at, at most."""

    def load(self, device: torch.device) -> Features:
        """Where images are compared."""
        return features_of(self.features, device)


class PairAdversary(WeightedAdversary):
    """The adversarial loss beside the content losses, and what is added to it."""

    conditioned: bool = True
    """Whether the discriminator sees the input beside what is made of it."""


class ImageToImageConfig(AdversarialConfig, ABC):
    """Images made of images, first without an adversary where that is asked for, then with one."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = {
        **SHORT,
        "size": ("data.size",),
        "split": ("data.split",),
        "regression": ("pretraining.samples",),
        "adversarial": ("adversary.weight",),
        "conditioned": ("adversary.conditioned",),
        "matching": ("adversary.regularisers.layer-matching.weight",),
        "evaluation": ("score",),
    }
    has: ClassVar[frozenset[str]] = frozenset({"pairs"})

    data: PairFiles
    """Which images."""
    pretraining: Pretraining = Pretraining(samples=0)
    """The first stage: the content losses alone, in which the discriminator rests; what it ends with is kept."""
    content: Annotated[dict[str, Choice], NamedChoices(CONTENT_REGISTRY)] = Field(default_factory=dict)
    """Losses that hold what is made against its target, by name: `saddle list content`."""
    adversary: PairAdversary
    """The adversarial loss, and what is added to it."""
    score: PairScore = PairScore()
    """What judges the generator during training."""
    base: Literal["auto", "input", "colours"] | None = "auto"
    """What the generator learns the difference to: `input`, enlarged where targets are larger; `colours`, the input
    with its colours mapped as they come nearest to targets; none makes all itself; auto takes what is nearest."""
    value_range: Literal["symmetric", "unit"] = "symmetric"
    """The networks' values for black and white: -1 and 1, or 0 and 1."""

    @model_validator(mode="after")
    def _makes_images_of_images(self) -> Self:
        if self.packing > 1:
            raise ValueError(
                "a translator's discriminator judges images one by one: --set discriminator.network.packing=1"
            )
        if self.pretraining.samples != 0 and all(
            CONTENT_REGISTRY.entries[name].after_pretraining  # type: ignore[attr-defined]
            for name in self.terms
        ):
            raise ValueError(
                "a first stage without an adversary needs a content loss: --set content.reconstruction=on for pairs, "
                "or --set regression=0"
            )
        return self

    @property
    def terms(self) -> Mapping[str, Choice]:
        """The content losses that count."""
        return {name: spec for name, spec in self.content.items() if spec["weight"]}

    @property
    def conditioned(self) -> bool:
        """Whether the discriminator sees the input beside what is made of it."""
        return self.adversary.conditioned

    @property
    def timeline(self) -> Timeline:
        """What is put into batches by the samples seen; also when the adversary begins."""
        first = self.pretraining.samples
        return super().timeline if first == 0 else {**super().timeline, "adversarial": after(first)}

    @property
    def bibtex(self) -> list[str]:
        """Of the loss, the penalties and the content losses."""
        terms: list[Any] = [CONTENT_REGISTRY.entries[name] for name in self.terms]
        return [*super().bibtex, *(term.paper for term in terms)]


class ImagePairs(PairFiles):
    """Images and what is to be made of them."""

    size: int | None = Field(default=64, ge=16, le=1024)
    """Pixels a side to which middle squares are resized; none leaves images as large as they are, and a batch shows
    crops of them."""
    jitter: float = Field(default=0.0, ge=0, le=0.5)
    """Share of a side by which whole images of one size are moved at most, by whole pixels, both sides of a pair alike;
    edges are continued."""
    match: bool = True
    """Whether equal names mean pairs, by which a translator that learns without pairs may be judged."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.crop is not None and self.size is not None and self.crop > self.size:
            raise ValueError(f"crops of {self.crop} pixels do not fit into images of {self.size}: give a smaller crop")
        return self

    def with_source(self, data: str) -> Self:
        """Another folder. Raises ConfigurationError where it is none."""
        if not (is_path(data) and Path(data).expanduser().is_dir()):
            raise ConfigurationError(f"pairs of images come from a folder: --data {data} is none")
        return self.read({**self.model_dump(), "path": str(without_links(Path(data).expanduser())), "given": None})


class Cycle(Settings):
    """There and back again."""

    weight: float = Field(default=10.0, ge=0)
    """Of the distance between what went and what came back."""
    identity: float = Field(default=5.0, ge=0)
    """Of the distance between a target and what the translator makes of it; 0 asks for nothing."""
    history: int = Field(default=50, ge=0)
    """Generated images that each discriminator is shown again; 0 keeps none."""


class Contrast(Settings):
    """Patches of an output, told by their place in the input."""

    weight: float = Field(default=1.0, ge=0)
    """Of the contrastive loss."""
    patches: int = Field(default=64, ge=2)
    """Places of each layer that are compared."""
    temperature: float = Field(default=0.07, gt=0)
    """Of the softmax over places."""
    identity: bool = True
    """Whether targets are to be left as they are."""
    width: int = Field(default=64, ge=1)
    """Numbers in a patch's code."""


class TranslationConfig(ImageToImageConfig):
    """Images made of images, from pairs or without; pretraining and content losses are for pairs."""

    usage: ClassVar[str] = "saddle translate {} IN… --out DIR"

    task: Literal["translation"] = "translation"
    data: ImagePairs = ImagePairs()
    """Which images."""
    unpaired: Unpaired | None = None
    """None learns from pairs; `cycle` and `contrastive` from two sets of images."""
    cycle: Cycle = Cycle()
    """How unpaired=cycle comes back."""
    contrast: Contrast = Contrast()
    """How unpaired=contrastive compares."""

    @field_validator("unpaired", mode="before")
    @classmethod
    def _named(cls, unpaired: Any) -> Any:
        # The flag alone, --unpaired.
        return {True: "cycle", False: None}.get(unpaired, unpaired) if isinstance(unpaired, bool) else unpaired

    @model_validator(mode="after")
    def _translates(self) -> Self:
        if self.unpaired is None:
            return self
        if self.data.split == "side":
            raise ValueError("images side by side are pairs: leave --unpaired out, or give two folders")
        if self.unpaired == "contrastive" and self.precision != "float32":
            raise ValueError("contrastive translation computes its codes in float32: --set precision=float32")
        for name, spec in self.adversary.regularisers.items():
            if "pairs" in REGULARISER_REGISTRY.build({"name": name, **spec}).needs:
                raise ValueError(f"the regulariser {name} needs pairs: leave it out, or leave --unpaired out")
        if self.unpaired == "cycle" and any(p.memory is not None for p in self.adversary.build().penalties):
            raise ValueError("a penalty with a memory remembers one discriminator, and a cycle has two: leave it out")
        return self

    @property
    def terms(self) -> Mapping[str, Choice]:
        """The content losses that count; none without pairs."""
        return super().terms if self.unpaired is None else {}

    @property
    def conditioned(self) -> bool:
        """Whether the discriminator sees the input, to which nothing belongs without pairs."""
        return self.unpaired is None and self.adversary.conditioned

    @property
    def objective(self) -> str:
        """The loss, and how pairs are done without."""
        return super().objective if self.unpaired is None else f"{super().objective}, {self.unpaired}"

    @property
    def bibtex(self) -> list[str]:
        """Of the loss, the penalties, and what binds the output to the input."""
        return super().bibtex if self.unpaired is None else [*super().bibtex, _PAPERS[self.unpaired]]


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
