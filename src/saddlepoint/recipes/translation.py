"""Translation of images: its configuration, and recipes."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, Self

import torch
from pydantic import Field, model_validator
from torch import nn

from saddlepoint.configuration import ConfigurationError, Settings
from saddlepoint.core import seed_for
from saddlepoint.core.randomness import seeded
from saddlepoint.data.catalogue import is_path
from saddlepoint.data.images import Split
from saddlepoint.data.pair_stream import PairStream
from saddlepoint.data.pairs import Layout, PairData, holds_out, read_pairs
from saddlepoint.extractors import load_extractor
from saddlepoint.networks import Costs, ResidualTranslator, costs
from saddlepoint.recipes.building import (
    Assembled,
    game_of,
    iteration,
    model_card,
    network,
    penalties_of,
    pick_device,
)
from saddlepoint.recipes.configuration import AdversarialRun, Average, Player, Reading
from saddlepoint.recipes.image import RANGES
from saddlepoint.recipes.registries import LOSS_REGISTRY
from saddlepoint.tasks.contrast import Contrasted, ContrastLosses
from saddlepoint.tasks.cycle import BACKWARD, ONWARD, SOURCE, TARGET, CycleLosses, History, Several
from saddlepoint.tasks.image import JUDGED
from saddlepoint.tasks.resemblance import Features
from saddlepoint.tasks.translating import Reconstruction, TranslationLosses
from saddlepoint.tasks.translation import TranslationTask
from saddlepoint.tasks.translator import ImageTranslator
from saddlepoint.train import Budget, Every, schedules

Unpaired = Literal["cycle", "contrastive"]
Grid = tuple[int, int, int]


class Pairs(Settings):
    """Where the pairs come from.

    Attributes:
        path: a folder, which may hold `train` and `val` or `test`.
        a, b: its sub-folders of inputs and of targets; None takes the two that there are, by the alphabet.
        split: `folders`, or `side` for images that hold the input on their left and the target on their right half.
        size: pixels a side.
        crop: side of the crops that are trained on; None takes whole images.
        flips: mirror half of the pairs.
        held_out: the share that judges, where the folder itself holds nothing out.
        match: whether equal names mean pairs, by which a translator that learns without pairs may be judged.
    """

    path: str | None = None
    a: str | None = None
    b: str | None = None
    split: Layout = "folders"
    size: int = Field(default=64, ge=16, le=1024)
    crop: int | None = Field(default=None, ge=4)
    flips: bool = True
    held_out: float = Field(default=0.1, gt=0, lt=1)
    match: bool = True

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.crop is not None and self.crop > self.size:
            raise ValueError(f"crops of {self.crop} pixels do not fit into images of {self.size}: give a smaller crop")
        return self

    def load(self, paired: bool, reading: Reading | None = None) -> PairData:
        """Read the pairs, with those that are held out.

        Raises:
            ValueError: there are none.
        """
        if self.path is None:
            raise ConfigurationError("this recipe needs pairs of images of yours: give their folder with --data FOLDER")
        train = self._read("train", paired, (None, None), reading)
        if holds_out(self.path):
            channels = (train.inputs.shape[0], train.targets.shape[0])
            held_out = self._read("test", paired, channels, reading)
        else:
            train, held_out = train.split(self.held_out)
        named = train if paired else train.unpaired()
        return replace(named, held_out=held_out)

    def _read(self, split: Split, paired: bool, channels: Any, reading: Reading | None) -> PairData:
        assert self.path is not None
        return read_pairs(
            self.path,
            self.size,
            a=self.a,
            b=self.b,
            layout=self.split,
            paired=True if paired else None if self.match else False,
            split=split,
            channels=channels,
            progress=reading,
        )


class Likeness(Settings):
    """How what is made is held against what it is to be."""

    weight: float = Field(ge=0)
    kind: Literal["l1", "charbonnier"] = "l1"


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


class Judging(Settings):
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


class TranslationRun(AdversarialRun):
    """A run that makes images of images.

    Attributes:
        unpaired: None learns from pairs; `cycle` and `contrastive` from two sets of images.
        after: samples that the generator learns alone, by reconstruction, before the adversary comes.
        adversarial: weight of the adversarial loss.
        reconstruction: what is made against the target, with pairs.
        matching: weight of the distance between the discriminator's layers, with pairs.
        conditioned: whether the discriminator sees the input too, with pairs.
    """

    data: Pairs
    unpaired: Unpaired | None = None
    after: int = Field(default=0, ge=0)
    adversarial: float = Field(default=1.0, ge=0)
    reconstruction: Likeness = Likeness(weight=100.0)
    matching: float = Field(default=0.0, ge=0)
    conditioned: bool = True
    cycle: Cycle = Cycle()
    contrast: Contrast = Contrast()
    evaluation: Judging = Judging()
    values: Literal["symmetric", "unit"] = "symmetric"

    @model_validator(mode="after")
    def _translates(self) -> Self:
        if self.regularisers or self.auxiliary:
            raise ValueError(
                "a translator has no latent and no classes: leave regularisers and auxiliary out (feature matching is "
                "--set matching=10)"
            )
        if self.packing > 1:
            raise ValueError(
                "a translator's discriminator judges images one by one: --set discriminator.network.packing=1"
            )
        if self.schedules.augmentation is not None:
            raise ValueError("a translator has no augmentation to schedule: --set schedules.augmentation=none")
        if self.unpaired is None:
            if self.after and not self.reconstruction.weight:
                raise ValueError("the generator would learn nothing alone: give reconstruction.weight, or after=0")
            return self
        if self.after:
            raise ValueError(f"{self.unpaired} has no target to learn alone from: --set after=0")
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
    def objective(self) -> str:
        """The loss, and how pairs are done without."""
        return super().objective if self.unpaired is None else f"{super().objective}, {self.unpaired}"

    @property
    def papers(self) -> list[str]:
        """Of the loss, the penalties, and what binds the output to the input."""
        return [*super().papers, _PAPERS[self.unpaired]]

    def load(self, reading: Reading | None = None) -> PairData:
        """Read the pairs."""
        return self.data.load(self.unpaired is None, reading)

    def build(self, data: PairData) -> Assembled:
        """The game of translators and discriminators."""
        if data.held_out is None:
            raise ConfigurationError(f"{data.name} holds no pairs out to judge by: give data.held_out")
        device = pick_device(self.device)
        low, high = RANGES[self.values]
        players, losses = self._players(data, low, high)
        players = {role: player.to(device) for role, player in players.items()}
        losses.keep_memories_in(players)
        game = game_of(self, players, losses)
        stream = PairStream(
            data,
            self.batch_size,
            self.seed,
            low,
            high,
            device,
            flips=self.data.flips,
            crop=self.data.crop,
            adversarial=self._from_then_on if self.after else None,
            penalty=schedules.of(self.schedules.penalty),
        )
        shapes, spec = (data.inputs.shape, data.targets.shape), self.generator.network
        generator = game.players["generator"]
        onward: nn.Module = generator
        backward = None
        if isinstance(generator, Several):
            onward = generator[ONWARD]
            backward = ImageTranslator(generator[BACKWARD], spec, shapes[0], shapes[1], (low, high))
        if isinstance(generator, Contrasted):
            onward = generator.translator
        trained = ImageTranslator(onward, spec, shapes[1], shapes[0], (low, high))
        task = TranslationTask(
            game,
            trained,
            stream,
            data.held_out,
            model_card(self, data),
            self.evaluation.load(device),
            self.evaluation.samples,
            conditional=self.unpaired is None and self.conditioned,
            backward=backward,
        )
        return Assembled(self, data, game, iteration(self), stream, task)

    def with_data(self, data: str) -> Self:
        """The same run on another folder."""
        if not (is_path(data) and Path(data).expanduser().is_dir()):
            raise ConfigurationError(f"{self.recipe} learns from a folder of pairs: --data {data} is none")
        path = str(Path(data).expanduser().resolve())
        return self.read({**self.model_dump(), "data": {**self.data.model_dump(), "path": path}})

    def costs(self, data: PairData) -> dict[str, Costs]:
        """What its networks cost for images such as these, by role, each once; nothing is computed."""
        given, made, seen = self._shapes(data)
        with torch.device("meta"):
            translator, critic = self._generator("generator", given, made), self._discriminator("discriminator", seen)
            return {
                "generator": costs(translator, torch.empty(1, *given)),
                "discriminator": costs(critic, torch.empty(1, *seen)),
            }

    # --- inside ---------------------------------------------------------------------------------------

    def _shapes(self, data: PairData) -> tuple[Grid, Grid, Grid]:
        """Of what the generator is given, of what it makes, of what the discriminator sees."""
        side = self.data.crop or self.data.size
        given, made = ((pairs.shape[0], side, side) for pairs in (data.inputs, data.targets))
        beside = given[0] if self.unpaired is None and self.conditioned else 0
        return given, made, (beside + made[0], side, side)

    def _from_then_on(self, position: int) -> float:
        """The adversary's weight."""
        return float(position >= self.after)

    def _players(
        self, data: PairData, low: float, high: float
    ) -> tuple[dict[str, nn.Module], TranslationLosses | CycleLosses | ContrastLosses]:
        given, made, seen = self._shapes(data)
        loss, penalties = LOSS_REGISTRY.build(self.loss), penalties_of(self, low, high)
        if self.unpaired == "cycle":
            players: dict[str, nn.Module] = {
                "generator": Several(
                    {
                        ONWARD: self._generator("generator", given, made),
                        BACKWARD: self._generator("generator, backward", made, given),
                    }
                ),
                "discriminator": Several(
                    {
                        TARGET: self._discriminator("discriminator", made),
                        SOURCE: self._discriminator("discriminator of inputs", given),
                    }
                ),
            }
            own, size = self.cycle, self.cycle.history
            return players, CycleLosses(
                loss,
                penalties,
                Reconstruction(own.weight),
                Reconstruction(own.identity) if own.identity and given == made else None,
                adversarial=self.adversarial,
                histories={TARGET: History(size, made), SOURCE: History(size, given)} if size else None,
            )
        generator = self._generator("generator", given, made)
        if self.unpaired == "contrastive":
            if not isinstance(generator, ResidualTranslator) or given[0] != made[0]:
                raise ConfigurationError(
                    "contrastive translation compares patches in a residual translator's layers, between images of "
                    "equal channels: --set generator.network=residual-translator, or --set unpaired=cycle"
                )
            with seeded(seed_for(self.seed, "patches", "initialisation")):
                contrasted = Contrasted(generator, self.contrast.width)
            options = self.contrast.model_dump(exclude={"width"})
            return (
                {"generator": contrasted, "discriminator": self._discriminator("discriminator", made)},
                ContrastLosses(loss, penalties, layers=len(contrasted.heads), adversarial=self.adversarial, **options),
            )
        own_terms = [Reconstruction(**self.reconstruction.model_dump())] if self.reconstruction.weight else []
        return (
            {"generator": generator, "discriminator": self._discriminator("discriminator", seen)},
            TranslationLosses(
                loss,
                penalties,
                own_terms,
                conditional=self.conditioned,
                adversarial=self.adversarial,
                matching=self.matching,
            ),
        )

    def _generator(self, role: str, given: Grid, made: Grid) -> nn.Module:
        if self.generator.network.get("residual_input") and given[0] not in (1, made[0]):
            raise ConfigurationError(
                f"{role}: {given[0]} channels can't be added to {made[0]}: --set generator.network.residual_input=false"
            )
        return network(self, role, self.generator.network, source=given, shape=made)

    def _discriminator(self, role: str, seen: Grid) -> nn.Module:
        return network(self, role, self.discriminator.network, shape=seen, classes=0)


_PAPERS: dict[Unpaired | None, str] = {
    None: Reconstruction.paper,
    "cycle": """@inproceedings{zhu2017unpaired,
  title={Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks},
  author={Zhu, Jun-Yan and Park, Taesung and Isola, Phillip and Efros, Alexei A.},
  booktitle={ICCV}, year={2017}}""",
    "contrastive": """@inproceedings{park2020contrastive,
  title={Contrastive Learning for Unpaired Image-to-Image Translation},
  author={Park, Taesung and Efros, Alexei A. and Zhang, Richard and Zhu, Jun-Yan},
  booktitle={ECCV}, year={2020}}""",
}


def translate() -> TranslationRun:
    """Images to images from pairs: --data FOLDER with train/ and val/ of two sides each; or --unpaired."""
    adam = {"name": "Adam", "lr": 1e-3, "betas": (0.0, 0.99)}
    return TranslationRun(
        recipe="translate",
        data=Pairs(),
        generator=Player(
            network={"name": "unet-translator", "width": 16, "upsampling": "transposed", "residual_input": True},
            optimizer=adam,
        ),
        discriminator=Player(network={"name": "patch-discriminator", "width": 16, "depth": 2}, optimizer=adam),
        loss={"name": "relativistic"},
        # A patch's logit counts in the sum over all: per patch these are a thousand times as large.
        penalties={"r1": {"weight": 1e-4}, "r2": {"weight": 1e-4}},
        reconstruction=Likeness(weight=15.0),
        method={"name": "alternating"},
        average=Average(half_life=4_000, warm_up=0.05),
        batch_size=8,
        budget=Budget(samples=100_000),
        every=Every(record=2_000, snapshot=10_000, checkpoint=10_000),
    )
