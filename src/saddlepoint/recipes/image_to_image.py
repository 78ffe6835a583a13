"""What translation and enhancement of images share: their data as pairs, their settings, and the game of them."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, ClassVar, Literal, Self

import torch
from pydantic import Field, model_validator
from torch import nn

from saddlepoint.configuration import ConfigurationError, NamedChoices, Settings
from saddlepoint.data.collection import OnRead
from saddlepoint.data.image_collection import Photographs
from saddlepoint.data.pair_stream import PairSource, PairStream
from saddlepoint.data.pairs import PairData, PairLayout, holds_out, read_pairs
from saddlepoint.extractors import load_extractor
from saddlepoint.networks import Costs, costs
from saddlepoint.recipes.building import (
    Assembled,
    game_of,
    iteration,
    model_card,
    network,
    penalties_of,
    pick_device,
)
from saddlepoint.recipes.configuration import AdversarialConfig, Choice, DataSettings
from saddlepoint.recipes.image import RANGES
from saddlepoint.components.registries import CONTENT_REGISTRY, LOSS_REGISTRY
from saddlepoint.tasks.contrast import ContrastLosses
from saddlepoint.tasks.cycle import CycleLosses
from saddlepoint.tasks.image import JUDGED
from saddlepoint.components.content import ContentLoss
from saddlepoint.evaluation.fidelity import Features
from saddlepoint.tasks.translating import TranslationLosses
from saddlepoint.tasks.translation import TranslationTask
from saddlepoint.tasks.translator import ImageTranslator
from saddlepoint.training import Stage, schedules

#: (C, H, W).
Grid = tuple[int, int, int]
#: Pairs, or photographs to be degraded.
Given = Photographs | PairData


class Pairing(DataSettings):
    """Where pairs of images come from, and what a batch shows of them.

    Attributes:
        path: a folder, which may hold `train` and `val` or `test`.
        a, b: its sub-folders of inputs and of targets; None takes the two that there are, by the alphabet.
        split: `folders`, or `side` for images that hold the input on their left and the target on their right half.
        crop: side in pixels of the targets' crops that are trained on; None takes whole images.
        flips: mirror half of the pairs.
        held_out: the share that judges, where the data hold nothing out themselves.
    """

    path: str | None = None
    a: str | None = None
    b: str | None = None
    split: PairLayout = "folders"
    crop: int | None = Field(default=None, ge=4)
    flips: bool = True
    held_out: float = Field(default=0.1, gt=0, lt=1)

    def pairs(
        self, size: int, *, paired: bool | None = True, scale: int = 1, reading: OnRead | None = None
    ) -> PairData:
        """Read the pairs, with those that are held out; `size`, `paired` and `scale` as `read_pairs` has them.

        Raises:
            ValueError: there are none.
        """
        if self.path is None:
            raise ConfigurationError("this recipe needs pairs of images of yours: give their folder with --data FOLDER")
        read = partial(
            read_pairs,
            self.path,
            size,
            a=self.a,
            b=self.b,
            layout=self.split,
            paired=paired,
            scale=scale,
            progress=reading,
        )
        train = read(split="train")
        if holds_out(self.path):
            held_out = read(split="test", channels=(train.inputs.shape[0], train.targets.shape[0]))
        else:
            train, held_out = train.split(self.held_out)
        return replace(train, held_out=held_out)


class Score(Settings):
    """What judges the translator during training, at every checkpoint.

    Attributes:
        features: `patches` of 8x8 pixels, or an extractor.
        samples: held-out images that are looked at, at most.
    """

    features: str = "patches"
    samples: int = Field(default=JUDGED, ge=2)

    def load(self, device: torch.device) -> Features:
        """Where images are compared."""
        return Features(None if self.features == "patches" else load_extractor(self.features, device))


class ImageToImageConfig(AdversarialConfig):
    """A run that makes images of images, first without an adversary where that is asked for, then with one.

    Attributes:
        data: which images.
        regression: samples of the first stage, in which the discriminator rests; what it ends with is kept.
        content: terms that hold what is made against the target.
        adversarial: weight of the adversary's term in the generator's loss.
        matching: weight of the distance between the discriminator's layers.
        conditioned: whether the discriminator sees the input too.
        evaluation: what judges the generator.
        value_range: black and white of the networks.
    """

    #: Of `saddle`, that applies what is handed over.
    command: ClassVar[str]

    data: Pairing
    regression: int = Field(default=0, ge=0)
    content: Annotated[dict[str, Choice], NamedChoices(CONTENT_REGISTRY)] = Field(default_factory=dict)
    adversarial: float = Field(default=1.0, ge=0)
    matching: float = Field(default=0.0, ge=0)
    conditioned: bool = True
    evaluation: Score = Score()
    value_range: Literal["symmetric", "unit"] = "symmetric"

    @model_validator(mode="after")
    def _makes_images_of_images(self) -> Self:
        if self.regularisers or self.auxiliary:
            raise ValueError(
                "images are made of images here, of neither latents nor classes: leave regularisers and auxiliary out "
                "(feature matching is --set matching=10)"
            )
        if self.packing > 1:
            raise ValueError(
                "a translator's discriminator judges images one by one: --set discriminator.network.packing=1"
            )
        if self.schedules.augmentation is not None:
            raise ValueError("the discriminator sees images as they are: --set schedules.augmentation=none")
        if self.regression and all(CONTENT_REGISTRY.entries[name].after_pretraining for name in self.terms):  # type: ignore[attr-defined]
            raise ValueError(
                "a first stage without an adversary needs a target, and something to be like it: --set "
                "content.reconstruction=on for pairs, or --set regression=0"
            )
        return self

    @property
    def terms(self) -> Mapping[str, Choice]:
        """The content losses that count."""
        return {name: spec for name, spec in self.content.items() if spec["weight"]}

    @property
    def conditional(self) -> bool:
        """Whether the discriminator sees the input beside what is made of it."""
        return self.conditioned

    @property
    def bibtex(self) -> list[str]:
        """Of the loss, the penalties and the content losses."""
        terms: list[Any] = [CONTENT_REGISTRY.entries[name] for name in self.terms]
        return [*super().bibtex, *(term.paper for term in terms)]

    @abstractmethod
    def load(self, reading: OnRead | None = None) -> Given:
        """Read the data."""

    @abstractmethod
    def pairs(self, data: Any, most: int | None = None) -> PairData:
        """Pairs that never change, to judge by, `most` of them at most where they are yet to be made."""

    def build(self, data: Any) -> Assembled:
        """The game of a translator and a discriminator of images."""
        device = pick_device(self.device)
        data, stream, source, shape = self._streamed(data, device)
        players, losses = self._played(source, shape, device)
        players = {role: player.to(device) for role, player in players.items()}
        losses.keep_memories_in(players)
        game = game_of(self, players, losses)
        trained, backward = self._handed_over(game.players["generator"], source, shape)
        own = self.evaluation
        task = TranslationTask(
            game,
            trained,
            stream,
            self.pairs(data, own.samples),
            self._card(data),
            own.load(device),
            own.samples,
            conditional=self.conditional,
            backward=backward,
            command=self.command,
        )
        stages = (Stage(self.regression, task.keep_regression, "the adversary"),) if self.regression else ()
        return Assembled(self, data, game, iteration(self), stream, task, stages)

    def costs(self, data: Any) -> dict[str, Costs]:
        """What its networks cost for images such as these, by role, each once; nothing is computed."""
        *_, source, shape = self._streamed(data, torch.device("cpu"))
        with torch.device("meta"):
            translator, discriminator = self._generator(source, shape), self._discriminator(source, shape)
            return {
                "generator": costs(translator, torch.empty(1, *source)),
                "discriminator": costs(discriminator, torch.empty(1, *self._seen(source, shape))),
            }

    # --- what a task may have otherwise -----------------------------------------------------------------

    def _stream(self, data: Any, device: torch.device) -> tuple[Given, PairSource]:
        """The data that can be shown, and their stream."""
        crop = None if self.data.crop is None else max(1, self.data.crop // data.scale)
        fits = crop is not None and crop < min(data.inputs.shape[1:])
        return data, PairStream(data, crop=crop if fits else None, **self._streaming(device))

    def _played(
        self, source: Grid, shape: Grid, device: torch.device
    ) -> tuple[dict[str, nn.Module], TranslationLosses | CycleLosses | ContrastLosses]:
        """The players, on the CPU, and their losses, for images of these shapes."""
        players = {"generator": self._generator(source, shape), "discriminator": self._discriminator(source, shape)}
        return players, TranslationLosses(
            *self._adversary(),
            self._content(shape, device),
            conditional=self.conditional,
            adversarial=self.adversarial,
            matching=self.matching,
        )

    def _handed_over(
        self, generator: nn.Module, source: Grid, shape: Grid
    ) -> tuple[ImageTranslator, ImageTranslator | None]:
        """The generator's translator, and the one back where there is one."""
        return self._translator(generator, source, shape), None

    def _card(self, data: Given) -> Mapping[str, Any]:
        return {**model_card(self, data), "regression": f"{self.regression:,} samples"}

    # --- parts ------------------------------------------------------------------------------------------

    def _streamed(self, data: Any, device: torch.device) -> tuple[Given, PairSource, Grid, Grid]:
        """Also the shapes of inputs and targets, as a batch shows them."""
        data, stream = self._stream(data, device)
        shown = stream(0).value
        return data, stream, tuple(shown.source.shape[1:]), tuple(shown.target.shape[1:])

    def _streaming(self, device: torch.device) -> dict[str, Any]:
        """What every stream of pairs takes."""
        low, high = RANGES[self.value_range]
        return {
            "batch_size": self.batch_size,
            "seed": self.seed,
            "low": low,
            "high": high,
            "device": device,
            "flips": self.data.flips,
            "adversarial": (lambda seen: float(seen >= self.regression)) if self.regression else None,
            "penalty": schedules.of(self.schedules.penalty),
        }

    def _adversary(self) -> tuple[Any, list[Any]]:
        """Its loss and penalties."""
        return LOSS_REGISTRY.build(self.loss), penalties_of(self, *RANGES[self.value_range])

    def _content(self, shape: Grid, device: torch.device) -> list[ContentLoss]:
        """Built, and tried on an image of nothing, as extractors are of many makers."""
        low, high = RANGES[self.value_range]
        found = []
        for name, spec in self.terms.items():
            term = CONTENT_REGISTRY.build({"name": name, **spec}, low=low, high=high, device=device)
            blank = torch.zeros(1, *shape, device=device)
            try:
                term(blank.clone().requires_grad_(), blank)
            except (ValueError, RuntimeError) as error:
                raise ConfigurationError(
                    f"the content loss {name!r} does not take images of {shape}: {error}; or --set content.{name}=none"
                ) from error
            found.append(term)
        return found

    def _generator(self, source: Grid, shape: Grid, role: str = "generator") -> nn.Module:
        return network(self, role, self.generator.network, source=source, shape=shape, classes=0)

    def _discriminator(self, source: Grid, shape: Grid, role: str = "discriminator") -> nn.Module:
        return network(self, role, self.discriminator.network, shape=self._seen(source, shape), classes=0)

    def _seen(self, source: Grid, shape: Grid) -> Grid:
        """What the discriminator sees: what is made, after the input where it is conditioned on that."""
        return (source[0] + shape[0] if self.conditional else shape[0], *shape[1:])

    def _translator(self, made: nn.Module, source: Grid, shape: Grid) -> ImageTranslator:
        try:
            return ImageTranslator(made, self.generator.network, shape, source, RANGES[self.value_range])
        except ValueError as error:
            raise ConfigurationError(f"generator: {error}") from error
