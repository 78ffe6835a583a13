"""What is measured and drawn while a game is played."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from saddlepoint.components.adversary import DiscriminatorInput, Forward, with_context
from saddlepoint.core import Batch, Game, NonFinite
from saddlepoint.core.randomness import seeded
from saddlepoint.data.audio import write_wave
from saddlepoint.evaluation.closeness import MADE, Closeness
from saddlepoint.measures import Number, values
from saddlepoint.storage import write_atomically
from saddlepoint.tasks.model import LatentSampler, Model

M = TypeVar("M", bound=Model)


class Probe(ABC, Generic[M]):
    """Measures a game and the model in it. Called with the players at the point to be judged.

    Args:
        watched: a batch that never changes.
        forward: what the game's losses make of a batch: generated and real samples as the discriminator is shown them;
            None where there is no discriminator.
        closeness: looks for made samples among training samples, both as `comparable` has them; None where samples
            are not drawn.

    Attributes:
        unseen: a batch like `watched` of samples that are held out; None where there are none.
    """

    unseen: Batch | None = None

    def __init__(
        self, watched: Batch, forward: Callable[..., Forward] | None = None, closeness: Closeness | None = None
    ) -> None:
        self.watched, self.forward, self.closeness = watched, forward, closeness

    def monitors(self, game: Game) -> dict[str, float]:
        """Cheap numbers about the live players, at every record, on the batch that never changes.

        `discriminator_auc`: how often the discriminator ranks a real sample above a generated one (½: it can't tell;
        1: it always can), whatever constant is in D; left out while it rests. `unseen_auc`: the same of real samples
        that are held out: far below the first, the discriminator knows its training samples by heart. `diversity`:
        mean distance between generated samples over that between real ones (1: as diverse; 0: collapsed).
        `…_gradient_norm`: of each player's loss.
        """
        return {**self.of_samples(game), **gradient_norms(game, self.watched)}

    def of_samples(self, game: Game) -> dict[str, float]:
        """The monitors that compare generated with real samples."""
        found: dict[str, float] = {}
        with torch.no_grad(), game.untouched():
            with evaluating(game.players["generator"]):  # as it is handed over; first, as batch statistics move
                given = self._given(game, self.watched)
            if "discriminator" not in game.rested:  # as it is played
                with seeded(self.watched.seed):
                    found["discriminator_auc"] = area_under_curve(*logits_of(self._given(game, self.watched)))
                if self.unseen is not None:
                    with seeded(self.unseen.seed):
                        found["unseen_auc"] = area_under_curve(*logits_of(self._given(game, self.unseen)))
        return {**found, **self.compared(given.generated, given.real)}

    def _given(self, game: Game, batch: Batch) -> DiscriminatorInput:
        """What the first discriminator is shown of a batch that never changes."""
        assert self.forward is not None
        with seeded(batch.seed):
            return self.forward(game.players, batch.value, game.names).inputs[0]

    def compared(self, generated: Tensor, real: Tensor) -> dict[str, float]:
        """What monitors say of generated samples beside real ones, both as network values (n, …)."""
        return {"diversity": self.diversity(generated, real)}

    def diversity(self, generated: Tensor, real: Tensor) -> float:
        """Mean distance between generated samples over that between real ones, both as network values (n, …)."""
        made, given = (self.spread(samples.detach()) for samples in (generated, real))
        return made / max(given, 1e-9)

    def spread(self, samples: Tensor) -> float:
        """Mean distance between pairs of different samples."""
        return spread(self.comparable(samples))

    def comparable(self, samples: Tensor) -> Tensor:
        """Network values of samples, (n, …), as numbers between which Euclidean distances are taken."""
        return samples

    def movement(self, game: Game) -> dict[str, float]:
        """What tells a game that stands or tips over, at every record, on the batch that never changes.

        `…_parameter_norm`: of each player: it stays where a player does not move. `logit_margin`: the median logit of
        real samples less that of generated ones, `logit_spread`: the mean absolute deviation of both sets from their
        medians; a shift of all logits, which the losses may not determine, changes neither.
        """
        found = {f"{name}_parameter_norm": float(game.point.only(name).norm()) for name in game.names}
        if self.forward is None or "discriminator" in game.rested or "discriminator" not in game.names:
            return found
        with torch.no_grad(), game.untouched(), seeded(self.watched.seed):
            real, generated = logits_of(self._given(game, self.watched))
        spread = torch.cat([part - part.median() for part in (real, generated)]).abs().mean()
        return found | {
            "logit_margin": float(real.median() - generated.median()),
            "logit_spread": float(spread),
        }

    def checks(self, model: M) -> dict[str, float]:
        """What a score may be blind to, whenever it is taken: see `Closeness`; nothing where no samples are drawn."""
        if self.closeness is None or not isinstance(model, LatentSampler):
            return {}
        labels = model.labels(MADE, seed=2)
        made = self.comparable(model.outputs(model.latents(MADE, seed=2), labels))
        return self.closeness(made, labels if self.labelled else None)

    @property
    def labelled(self) -> bool:
        """Whether what samples are made for is a class of the data."""
        return True

    def references(self, model: M) -> dict[str, dict[str, float]]:  # noqa: ARG002
        """Scores and checks of what is known, by name, once a run: what the model's own are held against.

        `real`: other training samples, the floor. `baseline: …`: what needs no adversary, to be beaten. `blind: …`:
        what nobody takes for the data, to be told from them.
        """
        return {} if self.closeness is None else {"real": self.closeness.of_real()}

    def examined(self) -> dict[str, float]:
        """What the training data say of themselves, once a run: see `Closeness.of_data`."""
        return {} if self.closeness is None else self.closeness.of_data()

    def exhibit(self, model: M, folder: Path) -> None:
        """Write what a report lays beside the snapshots, by names that it knows.

        `real.png` and `real.txt`, training samples in the snapshots' layout; `nearest.png`, generated samples beside
        the nearest training samples; `real-N.wav`, `made-N.wav`; `rows.json` and `pairs.json` of tables;
        `captions.json`, what stands over the columns of pictures.
        """

    def judged(self, model: M) -> dict[str, float]:
        """Scores and checks together."""
        return {**values(self.score(model)), **self.checks(model)}

    @abstractmethod
    def score(self, model: M) -> Sequence[Number]:
        """How good the model is, at every checkpoint; the first is the score by which the best one is kept."""

    @abstractmethod
    def snapshot(self, model: M, path: Path) -> None:
        """A picture (PNG) of what the model makes of inputs that never change."""


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """A network as it is when it is handed over: without dropout, with the statistics of its batch norms."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def area_under_curve(real: Tensor, generated: Tensor) -> float:
    """How often a real sample's logit is above a generated one's, half for equal ones; (N,) and (M,)."""
    gap = real[:, None].double() - generated[None, :].double()
    return float((1 + gap.sign()).mean() / 2)


def logits_of(given: DiscriminatorInput) -> tuple[Tensor, Tensor]:
    """Mean logits of real and of generated samples, (N,) each; of packs where packs are judged."""
    real, generated = (
        _mean_logits(given.discriminator(with_context(given.context, samples), *given.conditions))
        for samples in (given.real, given.generated)
    )
    return real, generated


def _mean_logits(logits: Tensor) -> Tensor:
    """(N,) of one logit or several a sample."""
    return logits if logits.dim() == 1 else logits.flatten(1).mean(1)


def spread(samples: Tensor) -> float:
    """Mean Euclidean distance between pairs of different samples (n, …); 0 of fewer than two."""
    return float(torch.pdist(samples.flatten(1).double().cpu()).mean()) if len(samples) > 1 else 0.0


def gradient_norms(game: Game, batch: Batch) -> dict[str, float]:
    """`…_gradient_norm`: the norm of each player's gradient; NaN where it is not finite."""
    try:
        with game.untouched():
            field = game.field(batch, base=False)
    except NonFinite:
        return {f"{name}_gradient_norm": float("nan") for name in game.names}
    return {f"{name}_gradient_norm": float(field.only(name).norm()) for name in field.names}


def write_captions(folder: Path, **columns: Sequence[str]) -> None:
    """What stands over the columns of a picture, by its name: `grid` is that of the snapshots."""
    write_atomically(folder / "captions.json", json.dumps({name: list(words) for name, words in columns.items()}))


def write_sounds(folder: Path, real: Sequence[Tensor] | Tensor, made: Sequence[Tensor] | Tensor, rate: int) -> None:
    """Real and made sounds, float (samples,) each, as `real-N.wav` and `made-N.wav`."""
    for kind, waves in (("real", real), ("made", made)):
        for place, wave in enumerate(waves):
            write = partial(write_wave, wave=wave.detach().cpu().numpy(), rate=rate)
            write_atomically(folder / f"{kind}-{place}.wav", write)


def write_picture(path: Path, picture: NDArray[np.uint8]) -> None:
    """A PNG file of uint8 (H, W) or (H, W, 3), whole or absent."""

    def write(file: Path) -> None:
        Image.fromarray(picture).save(file, format="PNG", compress_level=1)  # four times as quick, a sixth larger

    write_atomically(path, write)
