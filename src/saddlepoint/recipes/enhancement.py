"""Enhancement of images: its configuration, and the recipe."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal, Self

import torch
from pydantic import Field, field_validator, model_validator

from saddlepoint.configuration import ConfigurationError, Registry, Settings, Several
from saddlepoint.data import load_images, load_photographs
from saddlepoint.data.degradations import Chain
from saddlepoint.data.degraded_stream import DegradedStream, degraded_pairs
from saddlepoint.data.images import DataError, Split
from saddlepoint.data.pair_stream import PairSource, PairStream
from saddlepoint.data.pairs import Layout, PairData, read_pairs
from saddlepoint.data.photographs import Photographs
from saddlepoint.data.stream import Scheduled
from saddlepoint.recipes.building import Assembled, game_of, iteration, model_card, network, penalties_of, pick_device
from saddlepoint.recipes.configuration import AdversarialRun, Average, Choice, Player, Reading
from saddlepoint.recipes.image import RANGES, placed
from saddlepoint.recipes.registries import LOSS_REGISTRY
from saddlepoint.recipes.translation import Judging
from saddlepoint.tasks.enhancing import EnhancementTask, Perceptual
from saddlepoint.tasks.translating import Likeness, Reconstruction, TranslationLosses
from saddlepoint.tasks.translation import TranslationTask
from saddlepoint.tasks.translator import ImageTranslator
from saddlepoint.train import Budget, Every, Schedule, Schedules, Stage, schedules

LIKENESS_REGISTRY: Registry[Likeness] = Registry(
    "likeness", {"reconstruction": Reconstruction, "perceptual": Perceptual}, supplied=("low", "high", "device")
)
#: Photographs to be degraded, or pairs.
Given = Photographs | PairData
#: Images that are cut in halves to be pairs, or lie in two folders, are read at this side where none is given.
PAIR_SIZE = 32


class Photos(Settings):
    """Which images, and what is cut out of them.

    Attributes:
        source: a known set, `hf:NAME`, or "folder".
        path: where that is.
        size: pixels a side to which images are resized; None leaves each as it is. Of pairs, the inputs' side.
        held_out: the share that judges, where the data hold nothing out themselves.
        crop: pixels a side of the targets that a batch shows; images of one size below that are taken whole.
        flips: mirror half of the crops.
        layout: of given pairs, `folders` or `side` (by side).
        scale: of given pairs, a target's side over an input's.
    """

    source: str
    path: str | None = None
    size: int | None = Field(default=None, ge=4, le=4096)
    held_out: float = Field(default=0.1, gt=0, lt=1)
    crop: int = Field(default=32, ge=4)
    flips: bool = True
    layout: Layout = "folders"
    scale: int = Field(default=1, ge=1, le=8)

    def load(self, paired: bool, reading: Reading | None = None) -> Given:
        """Read photographs, or pairs, with those that are held out."""
        train = self._read(paired, "train", reading)
        held_out: Any  # of the same type as train
        try:
            held_out = self._read(paired, "test", None)
        except DataError:
            train, held_out = train.split(self.held_out)
        return replace(train, held_out=held_out)

    def named(self, data: str) -> Self:
        """Other images. Raises ConfigurationError where there are none."""
        return self.read({**self.model_dump(), **placed(data)})

    def _read(self, paired: bool, split: Split, reading: Reading | None) -> Given:
        if self.source == "folder" and self.path is None:
            raise ConfigurationError("this recipe needs images of yours: give their folder with --data FOLDER")
        if paired:
            if self.path is None:
                raise ConfigurationError(
                    f"{self.source} holds no pairs of a degraded and a clean image: say what to learn to undo with "
                    f"--degrade downscale:4, or give a folder of pairs with --data FOLDER"
                )
            size = PAIR_SIZE if self.size is None else self.size
            return read_pairs(self.path, size, layout=self.layout, scale=self.scale, split=split, progress=reading)
        if self.size is not None:
            images = load_images(self.source, self.size, path=self.path, split=split, progress=reading)
            return Photographs.of(images)
        return load_photographs(self.source, path=self.path, split=split, progress=reading)


class EnhancementRun(AdversarialRun):
    """A run that learns to undo what was done to images, first without an adversary, then with one.

    Attributes:
        data: which images.
        degrade: what is done to them, as `data.degradations` reads it; None trains on given pairs.
        regression: samples of the first stage, in which the discriminator rests; what it ends with is kept.
        likenesses: terms that hold what is made against what was there.
        adversarial: weight of the adversary's term in the generator's loss.
        matching: weight of the distance between the discriminator's layers.
        conditioned: whether the discriminator sees the degraded image too.
        evaluation: what judges the generator.
        values: black and white of the networks.
    """

    data: Photos
    degrade: str | None
    regression: int = Field(default=0, ge=0)
    likenesses: Annotated[dict[str, Choice], Several(LIKENESS_REGISTRY)] = Field(default_factory=dict)
    adversarial: float = Field(default=1.0, ge=0)
    matching: float = Field(default=0.0, ge=0)
    conditioned: bool = False
    evaluation: Judging = Judging(samples=512)
    values: Literal["symmetric", "unit"] = "symmetric"

    @field_validator("degrade", mode="before")
    @classmethod
    def _joined(cls, degrade: Any) -> Any:
        # An assignment on the command line comes as a list where there are commas.
        text = ",".join(map(str, degrade)) if isinstance(degrade, list | tuple) else degrade
        return str(Chain.read(text)) if isinstance(text, str) else text

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.regularisers or self.auxiliary:
            raise ValueError("an enhancer has neither latents nor classes: leave regularisers and auxiliary out")
        if self.regression and not {*self.likenesses} - {"perceptual"}:
            raise ValueError(
                "a first stage without an adversary needs something to be like: --set likenesses.reconstruction=on, "
                "or --set regression=0"
            )
        if self.schedules.augmentation is not None:
            raise ValueError("an enhancer's discriminator sees images as they are: leave schedules.augmentation out")
        return self

    @property
    def chain(self) -> Chain | None:
        """What is done to images; None where pairs are given."""
        return None if self.degrade is None else Chain.read(self.degrade)

    @property
    def papers(self) -> list[str]:
        """Of the loss, the penalties and the likenesses."""
        likenesses: list[Any] = [LIKENESS_REGISTRY.entries[name] for name in self.likenesses]
        return [*super().papers, *(likeness.paper for likeness in likenesses)]

    def load(self, reading: Reading | None = None) -> Given:
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

    def build(self, data: Given) -> Assembled:
        """The game of a translator and a discriminator of images."""
        device = pick_device(self.device)
        low, high = RANGES[self.values]
        data, stream = self._stream(data, low, high, device)
        shown = stream(0).value
        source, shape = tuple(shown.source.shape[1:]), tuple(shown.target.shape[1:])
        likenesses = self._likenesses(low, high, device, shape)
        seen = (shape[0] + source[0] if self.conditioned else shape[0], *shape[1:])
        players = {
            "generator": network(self, "generator", self.generator.network, source=source, shape=shape, classes=0),
            "discriminator": network(self, "discriminator", self.discriminator.network, shape=seen, classes=0),
        }
        trained = self._translator(players["generator"], source, shape, (low, high))
        losses = TranslationLosses(
            LOSS_REGISTRY.build(self.loss),
            penalties_of(self, low, high),
            likenesses,
            conditional=self.conditioned,
            adversarial=self.adversarial,
            matching=self.matching,
        )
        players = {role: player.to(device) for role, player in players.items()}
        losses.keep_memories_in(players)
        game = game_of(self, players, losses)
        own, card = self.evaluation, self._card(data)
        pairs = self.pairs(data, own.samples)
        judged = TranslationTask(
            game, trained, stream, pairs, card, own.load(device), own.samples, conditional=self.conditioned
        )
        task = EnhancementTask(judged, pairs, card)
        stages = (Stage(self.regression, task.keep_regression),) if self.regression else ()
        return Assembled(self, data, game, iteration(self), stream, task, stages)

    def with_data(self, data: str) -> Self:
        """The same run on a data set known by name, or on a folder or file of the user's."""
        return self.read({**self.model_dump(), "data": self.data.named(data).model_dump()})

    def _stream(self, data: Given, low: float, high: float, device: torch.device) -> tuple[Given, PairSource]:
        """The data that are large enough, and their stream."""
        scheduled: dict[str, Scheduled | None] = {
            "adversarial": (lambda seen: float(seen >= self.regression)) if self.regression else None,
            "penalty": schedules.of(self.schedules.penalty),
        }
        if isinstance(data, Photographs):
            chain = self.chain
            assert chain is not None
            kept, crop = data.holding(self.data.crop, chain.scale)
            stream = DegradedStream(
                kept, chain, crop, self.batch_size, self.seed, low, high, device, flips=self.data.flips, **scheduled
            )
            return kept, stream
        _, height, width = data.inputs.shape
        cut = max(1, self.data.crop // data.scale)
        crop_of_inputs = cut if cut < min(height, width) else None
        return data, PairStream(
            data,
            self.batch_size,
            self.seed,
            low,
            high,
            device,
            flips=self.data.flips,
            crop=crop_of_inputs,
            **scheduled,
        )

    def _likenesses(self, low: float, high: float, device: torch.device, shape: tuple[int, ...]) -> list[Likeness]:
        """Built, and tried on an image of nothing, as extractors are of many makers."""
        found = []
        for name, spec in self.likenesses.items():
            likeness = LIKENESS_REGISTRY.build({"name": name, **spec}, low=low, high=high, device=device)
            blank = torch.zeros(1, *shape, device=device)
            try:
                likeness(blank.clone().requires_grad_(), blank)
            except (ValueError, RuntimeError) as error:
                raise ConfigurationError(f"the likeness {name!r} does not take images of {shape}: {error}") from error
            found.append(likeness)
        return found

    def _translator(
        self, made: torch.nn.Module, source: tuple[int, ...], shape: tuple[int, ...], ends: tuple[float, float]
    ) -> ImageTranslator:
        try:
            return ImageTranslator(made, self.generator.network, shape, source, ends)
        except ValueError as error:
            raise ConfigurationError(f"generator: {error}") from error

    def _card(self, data: Given) -> Mapping[str, Any]:
        undone = self.degrade or "what the given pairs show"
        return {**model_card(self, data), "undoes": undone, "regression": f"{self.regression:,} samples"}


def enhance() -> EnhancementRun:
    """Photographs of yours made better: --data FOLDER --degrade downscale:4; twenty minutes on one core.

    A first half by the distance to the clean image alone, then an adversary, whose term weighs half as much as that
    distance does: at an eighth or less, what is made stays as blurred as it was (LOG.md).
    """
    adam = {"name": "Adam", "lr": 1e-3, "betas": (0.5, 0.99)}
    return EnhancementRun(
        recipe="enhance",
        threads=1,
        data=Photos(source="folder"),
        degrade="downscale:4",
        generator=Player(network={"name": "super-resolver", "width": 32, "blocks": 4}, optimizer=adam),
        discriminator=Player(network={"name": "patch-discriminator", "width": 32, "depth": 2}, optimizer=adam),
        loss={"name": "relativistic"},
        penalties={"r1": {"weight": 0.01}, "r2": {"weight": 0.01}},
        likenesses={"reconstruction": {"weight": 2.0, "kind": "charbonnier"}},
        method={"name": "alternating"},
        average=Average(half_life=2_000, warm_up=0.05),
        schedules=Schedules(rate=Schedule(start=1.0, end=0.1, samples=200_000)),
        batch_size=16,
        regression=100_000,
        budget=Budget(samples=200_000),
        every=Every(record=2_000, snapshot=20_000, checkpoint=20_000),
    )
