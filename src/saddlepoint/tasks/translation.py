"""Images made of images: the task that judges a translator on pairs that it never saw, and hands it over."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from saddlepoint.core import Batch, Game, rng, seed_for
from saddlepoint.data.pair_stream import PairBatch, PairSource
from saddlepoint.data.pairs import PairData
from saddlepoint.measures import Number, measure, numbers
from saddlepoint.metrics import Moments
from saddlepoint.tasks.cycle import ONWARD, TARGET, NetworkGroup
from saddlepoint.tasks.image import JUDGED, spread
from saddlepoint.tasks.interpolation import REGRESSION
from saddlepoint.tasks.judging import gradient_norms, write_picture
from saddlepoint.tasks.pictures import image_grid
from saddlepoint.evaluation.fidelity import Features, in_channels, relative_sharpness, resemblance
from saddlepoint.tasks.translating import with_context
from saddlepoint.tasks.translator import ImageTranslator, card_of

#: Pairs that monitors look at, and that pictures show, and how many stand in a row of those.
MONITORED, SHOWN, ACROSS = 32, 24, 3
#: Where the way back of a cycle is handed over, below the generator's folder.
BACK = "backward"


class TranslationTask:
    """Measures a game of a translator, or of two that are each other's inverse, and a discriminator.

    Args:
        game: the players.
        trained: the translator with its description; shares its network with the game.
        stream: gives the batches.
        held_out: pairs, or inputs and targets, that the game is not trained on.
        card: the model card's facts.
        features: where made images are compared with targets.
        judged: images of each kind that metrics look at, at most.
        conditional: whether the discriminator sees the input too.
        backward: the translator back, where there is one.
        command: that applies what is handed over.
    """

    def __init__(
        self,
        game: Game,
        trained: ImageTranslator,
        stream: PairSource,
        held_out: PairData,
        card: Mapping[str, Any],
        features: Features,
        judged: int = JUDGED,
        *,
        conditional: bool = True,
        backward: ImageTranslator | None = None,
        command: str = "translate",
    ) -> None:
        self.game, self.trained, self.backward, self.card, self.command = game, trained, backward, dict(card), command
        self.features, self.conditional, self.paired = features, conditional, held_out.paired
        self._inputs, self._targets = chosen_of(held_out, judged, stream.seed)
        self._watched = _watched(stream)

    def monitors(self) -> dict[str, float]:
        """Numbers that tell a healthy game from a failing one, on pairs of the training that never change.

        `discriminator_auc`: how often the discriminator ranks a target above what is made of an input (½: it can't
        tell). `diversity`: mean distance between made images over that between targets. `…_gradient_norm`: norm of each
        player's gradient, with the adversary at its full weight.
        """
        value: PairBatch = self._watched.value
        with torch.no_grad(), self.game.untouched():
            made = self._made(value)
            condition = value.source if self.conditional else None
            of_target, of_made = (self._judged(with_context(condition, images)) for images in (value.target, made))
        low, high = self.trained.range
        real, ours = (((images - low) / (high - low)).clamp(0, 1) for images in (value.target, made))
        return {
            "discriminator_auc": float((of_target[:, None] > of_made[None, :]).float().mean()),
            "diversity": spread(ours * 255) / max(spread(real * 255), 1e-9),
            **gradient_norms(self.game, self._watched),
        }

    def metrics(self) -> list[Number]:
        """On what is held out: `frechet_…`, the distance of what is made from the targets, and `sharpness`, a ratio.

        Where they are pairs also `l1`, `psnr` and `ssim` (see `resemblance`).
        """
        made = self.trained.apply(self._inputs)
        distance = Number(measure("frechet").of(self.features.name), self.features.distance(self._real, made))
        found = resemblance(made, self._targets) if self.paired else {}
        return [distance, *numbers({**found, "sharpness": relative_sharpness(made, self._targets)})]

    def snapshot(self, path: Path) -> None:
        """Input, output, and target or, without pairs, what comes back; three times across."""
        shown = self._inputs[:SHOWN]
        made = self.trained.apply(shown)
        columns = [shown, made]
        if self.paired:
            columns.append(self._targets[:SHOWN])
        elif self.backward is not None:
            columns.append(self.backward.apply(made))
        write_picture(path, beside_each_other(columns))

    def deliver(self, folder: Path) -> None:
        """The translator with its configuration and model card, and the one back below it."""
        self._save(self.trained, folder)
        if self.backward is not None:
            self._save(self.backward, folder / BACK, way="back, from targets to inputs")

    def keep_regression(self, folder: Path) -> None:
        """The translator as the first stage ended with it, below that folder."""
        self._save(self.trained, folder / REGRESSION, stage="regression, without the adversary")

    def _save(self, trained: ImageTranslator, folder: Path, **facts: str) -> None:
        trained.save(folder, card_of({**self.card, **facts}, self.command))

    @cached_property
    def _real(self) -> Moments:
        return self.features.moments(self._targets)

    def _made(self, batch: PairBatch) -> Tensor:
        network = self.game.players["generator"]
        made: Tensor = network(batch.source, ONWARD) if isinstance(network, NetworkGroup) else network(batch.source)
        return made

    def _judged(self, images: Tensor) -> Tensor:
        """A logit an image: the mean over its patches."""
        network = self.game.players["discriminator"]
        logits: Tensor = network(images, TARGET) if isinstance(network, NetworkGroup) else network(images)
        return logits.reshape(len(images), -1).mean(1)


def beside_each_other(columns: list[Tensor]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Images (uint8, N C H W) of several kinds, those that belong together side by side, as one picture.

    Smaller ones are enlarged by the nearest pixel, grey ones shown in grey.
    """
    largest = max((images.shape[2:] for images in columns), key=tuple)
    colour = [in_channels(interpolate(images, largest, mode="nearest"), 3) for images in columns]
    rows = torch.stack(colour, 1).flatten(0, 1)
    return image_grid(rows, columns=len(columns) * ACROSS)


def chosen_of(data: PairData, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """So many inputs and targets (uint8), at most, in an order of the seed; pairs stay together."""
    inputs, targets = data.inputs.images, data.targets.images
    order = torch.randperm(len(inputs), generator=rng(seed, "judged"))[:count]
    columns = order
    if not data.paired:
        columns = torch.randperm(len(targets), generator=rng(seed, "judged targets"))[:count]
    return inputs[order], targets[columns]


def _watched(stream: PairSource) -> Batch:
    """A batch that never changes, on which all players are awake."""
    part = stream.part(batch_size=MONITORED, seed=seed_for(stream.seed, "watched"))
    value: PairBatch = part.drawn(0)
    return Batch(value, seed=seed_for(stream.seed, "watched"))
