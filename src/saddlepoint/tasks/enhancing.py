"""Enhancement of images: the task that judges a game of degraded images and of what is made of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from saddlepoint.core import Batch, Game, seed_for
from saddlepoint.data.pair_stream import PairBatch, PairSource
from saddlepoint.data.pairs import PairData
from saddlepoint.extractors import Extractor, load_extractor
from saddlepoint.losses import perceptual
from saddlepoint.metrics import Moments, frechet_from_moments, patch_moments, psnr
from saddlepoint.tasks.interpolation import REGRESSION
from saddlepoint.tasks.judging import field_norms, write_picture
from saddlepoint.tasks.pictures import image_grid
from saddlepoint.tasks.translating import Likeness, beside
from saddlepoint.tasks.translator import ImageTranslator

#: Pairs that monitors look at; rows of a snapshot, and triples in a row.
MONITORED, ROWS, TRIPLES = 64, 8, 2


@dataclass(frozen=True)
class Perceptual(Likeness):
    """λ E |φ(G(x)) − φ(y)| / E |φ(y)|, φ an extractor's features, once the adversary plays.

    Johnson, Alahi, Fei-Fei 2016, arXiv 1603.08155.

    Attributes:
        features: an extractor's name, timm:NAME, or a TorchScript file.
        low, high: black and white.
        device: of the extractor.
    """

    weight: float = 1.0
    features: str = "pixels"
    low: float = -1.0
    high: float = 1.0
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    extractor: Extractor = field(init=False, compare=False, repr=False)

    waits = True
    paper = """@inproceedings{johnson2016perceptual,
  title={Perceptual Losses for Real-Time Style Transfer and Super-Resolution},
  author={Johnson, Justin and Alahi, Alexandre and Fei-Fei, Li},
  booktitle={ECCV}, year={2016}}"""

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "extractor", load_extractor(self.features, self.device))

    def __call__(self, made: Tensor, target: Tensor) -> Tensor:
        """λ times the distance; raises ValueError where the extractor lets no gradient through."""
        ours, theirs = (
            self.extractor.differentiable((images - self.low) / (self.high - self.low)) for images in (made, target)
        )
        return self.weight * perceptual(ours, theirs)


class EnhancementTask:
    """Measures a game of a translator, called generator, and a discriminator, on pairs that never change.

    Args:
        game: the players.
        trained: the generator with its description; shares its network with the game.
        pairs: degraded images, and what they were.
        stream: gives the batches.
        card: the model card's facts.
        conditional: whether the discriminator sees the degraded image too.
        judge: gives the features in which the Fréchet distance is taken; None takes patches of pixels.
    """

    def __init__(
        self,
        game: Game,
        trained: ImageTranslator,
        pairs: PairData,
        stream: PairSource,
        card: Mapping[str, Any],
        conditional: bool = False,
        judge: Extractor | None = None,
    ) -> None:
        self.game, self.trained, self.pairs, self.card = game, trained, pairs, dict(card)
        self.conditional, self.judge = conditional, judge
        self._watched = self._batch(stream)

    def _batch(self, stream: PairSource) -> Batch:
        """The first of another order, as the stream gives them."""
        watched = stream.part(batch_size=min(MONITORED, len(self.pairs)), seed=seed_for(stream.seed, "watched"))
        value: PairBatch = watched(0).value
        both = PairBatch(value.source, value.target, torch.full_like(value.mix, 0.5))
        return Batch(both, seed=seed_for(stream.seed, "watched"))

    def monitors(self) -> dict[str, float]:
        """`separation`, how often a clean image's mean logit is above that of a made one, and norms of the gradients.

        The gradients are those with the adversary, in the first stage too.
        """
        return {"separation": self._separation(), **field_norms(self.game, self._watched)}

    def _separation(self) -> float:
        value: PairBatch = self._watched.value
        translator, discriminator = self.game.players["generator"], self.game.players["discriminator"]
        condition = value.source if self.conditional else None
        with torch.no_grad(), self.game.untouched():
            real, made = (
                discriminator(beside(condition, images)).reshape(len(images), -1).mean(1)
                for images in (value.target, translator(value.source))
            )
        return float((real[:, None] > made[None, :]).float().mean())

    def metrics(self) -> dict[str, float]:
        """The Fréchet distance of what is made from what was there, then PSNR in dB.

        `frechet_patches` is taken between patches of 8x8 pixels, in [0, 1] units, `frechet_…` in the features of the
        extractor of that name. The distance, and not the PSNR, is the score by which the best checkpoint is kept.
        """
        made = self.trained.apply(self.pairs.inputs.images)
        distance = frechet_from_moments(self._real, moments(made, self.judge))
        return {self._name: distance, "psnr": float(psnr(made, self.pairs.targets.images).mean())}

    @property
    def _name(self) -> str:
        name = "patches" if self.judge is None else self.judge.name
        return "frechet_" + "".join(c if c.isalnum() else "_" for c in name)

    @cached_property
    def _real(self) -> Moments:
        return moments(self.pairs.targets.images, self.judge)

    def snapshot(self, path: Path) -> None:
        """Degraded, made and clean side by side, twice a row."""
        some = slice(0, ROWS * TRIPLES)
        inputs, targets = self.pairs.inputs.images[some], self.pairs.targets.images[some]
        write_picture(path, triples(inputs, self.trained.apply(inputs), targets))

    def deliver(self, folder: Path) -> None:
        """The generator with its configuration and model card."""
        self.trained.save(folder, _CARD.format(facts=self._facts()))

    def keep_regression(self, folder: Path) -> None:
        """The generator as the first stage ended with it, below that folder."""
        self.trained.save(folder / REGRESSION, _CARD.format(facts=self._facts() + "\n- stage: regression"))

    def _facts(self) -> str:
        return "\n".join(f"- {key}: {value}" for key, value in self.card.items())


def moments(images: Tensor, judge: Extractor | None) -> Moments:
    """What a Fréchet distance is taken between, of images uint8 (N, C, H, W): of an extractor's features, or of patches.

    Patches of 8x8 pixels need no weights, and see what is sharp; whole images averaged to so few pixels would not.
    """
    return patch_moments(images) if judge is None else Moments.of(judge(images))


def triples(inputs: Tensor, made: Tensor, targets: Tensor) -> Any:
    """Inputs (enlarged where they are smaller, grey as colour), made and targets in one picture, two triples a row."""
    shown = [enlarged(inputs, targets.shape), made, targets]
    rows = torch.stack([images.expand(-1, 3, -1, -1) for images in shown], 1).flatten(0, 1)
    return image_grid(rows, columns=3 * TRIPLES)


def enlarged(images: Tensor, shape: torch.Size) -> Tensor:
    """Images (uint8) at the height and width of a shape, by the nearest pixel."""
    if images.shape[2:] == shape[2:]:
        return images
    return interpolate(images, shape[2:], mode="nearest")


_CARD = """# An enhancer of images trained with Saddlepoint

{facts}

Weights are in `generator.safetensors`, the network and its input in `config.yaml`; `regression/`, where it is there, is
the network before the adversary. Apply it to files and folders, the strength between the two:

    saddle enhance THIS_FOLDER photo.jpg folder/ --out enhanced --strength 0.8

or in Python:

    from pathlib import Path
    from saddlepoint.tasks.translator import ImageTranslator
    made = ImageTranslator.load(Path("THIS_FOLDER")).apply(images)   # uint8, (N, C, H, W) → (N, C', scale H, scale W)
"""
