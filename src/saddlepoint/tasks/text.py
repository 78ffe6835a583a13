"""Text: the losses of a game of it, the trained generator, and the task that judges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor, nn

from saddlepoint.core import Game, rng
from saddlepoint.core.randomness import seeded
from saddlepoint.data.text import ADVERSARY, TextBatch, TextData, TextStream, Vocabulary
from saddlepoint.losses import AdversarialLoss
from saddlepoint.measures import Number, numbers
from saddlepoint.metrics import copied, distinct, ngram_kl
from saddlepoint.networks import SequenceWriter
from saddlepoint.networks.sequence import written
from saddlepoint.penalties import Penalty
from saddlepoint.storage import write_atomically
from saddlepoint.tasks.judging import gradient_norms, write_picture
from saddlepoint.tasks.trained import Sampler
from saddlepoint.tasks.translating import Adversary

#: Texts that monitors look at, that the metrics judge, that a snapshot shows.
MONITORED, JUDGED, SHOWN = 64, 1024, 24
#: Texts that are drawn together.
TOGETHER = 256
#: Where the generator as the likelihood stage ended with it lies.
LIKELIHOOD = "likelihood"
#: n of the n-grams in the score.
GRAMS = (1, 2, 3)


class TextLosses:
    """L_G and L_D of a writer G of sequences and a discriminator D.

        L_D = loss_D(D(x), D(G)) + penalties
        L_G = λ loss_G(D(x), D(G)) + μ NLL(x),    NLL(x) = −E log p_G(x)/length

    G stands for relaxed samples at the batch's temperature. On a batch that the generator has alone L_G = NLL(x), D is
    not asked, and a loss of its own is not to be wanted.

    Args:
        loss: the pair of functions of logits.
        penalties: added to the discriminator's loss.
        adversarial: λ.
        likelihood: μ.

    Raises:
        ValueError: a negative weight.
    """

    def __init__(
        self,
        loss: AdversarialLoss,
        penalties: Sequence[Penalty] = (),
        *,
        adversarial: float = 1.0,
        likelihood: float = 0.0,
    ) -> None:
        if min(adversarial, likelihood) < 0:
            raise ValueError(f"adversarial is {adversarial} and likelihood {likelihood}: give at least 0 each")
        self.adversary = Adversary(loss, penalties)
        self.adversarial, self.likelihood = adversarial, likelihood

    def __call__(self, players: Mapping[str, nn.Module], batch: TextBatch, names: Sequence[str]) -> dict[str, Tensor]:
        """The losses of the named players, scalars."""
        writer, judged, asked = players["generator"], "discriminator" in names, "generator" in names
        losses: dict[str, Tensor] = {}
        bout = None
        if judged or not batch.alone:
            made = writer(batch.latent, None, batch.temperature)
            bout = self.adversary.bout(players["discriminator"], batch.real, made, batch.mix, judged=judged)
        if asked:
            terms = []
            if bout is not None and not batch.alone:
                terms.append(self.adversarial * self.adversary.generator(bout))
            weight = 1.0 if batch.alone else self.likelihood
            if weight:
                terms.append(weight * likelihood_loss(writer, batch))
            losses["generator"] = torch.stack(terms).sum()
        if judged:
            assert bout is not None
            losses["discriminator"] = self.adversary.discriminator(bout, batch.penalty)
        return losses

    def keep_memories_in(self, players: Mapping[str, nn.Module]) -> None:
        """Make what penalties remember a part of the discriminator, before a game is made of it."""
        self.adversary.keep_memories_in(players["discriminator"])


def likelihood_loss(writer: nn.Module, batch: TextBatch) -> Tensor:
    """−E log p over the length of a sample: a mean over samples, as a batch that comes in parts wants it."""
    logs: Tensor = writer(batch.latent, None, None, batch.tokens)
    return -logs.mean()


@dataclass
class TextGenerator(Sampler):
    """Makes texts. `sample` gives numbers of tokens; `texts` what a user reads.

    Attributes:
        vocabulary: of the tokens, as plain data.

    Load and use it in three lines:

        from saddlepoint.tasks.trained import Sampler
        generator = Sampler.load(Path("runs/text/generator"))
        for text in generator.texts(20, seed=7, temperature=0.8): print(text)
    """

    vocabulary: Mapping[str, Any]

    kind = "text"
    files: ClassVar[tuple[str, ...]] = ("vocabulary",)

    def details(self) -> dict[str, Any]:
        """The vocabulary."""
        return {"vocabulary": dict(self.vocabulary)}

    @cached_property
    def words(self) -> Vocabulary:
        """The vocabulary."""
        return Vocabulary.read(self.vocabulary)

    @property
    def writer(self) -> SequenceWriter:
        """The network."""
        assert isinstance(self.network, SequenceWriter)
        return self.network

    def finished(self, outputs: Tensor) -> Tensor:
        """Numbers of tokens, int64 (n, length)."""
        return outputs.flatten(2).argmax(2)

    def sample(self, n: int, seed: int = 0, label: str | None = None, temperature: float = 1.0) -> Tensor:
        """Numbers of tokens, int64 (n, length), ends filling up; the first of a seed do not depend on n.

        Raises:
            ValueError: a temperature not above 0, or a class, which there are none of.
        """
        if temperature <= 0:
            raise ValueError(
                f"temperature is {temperature}: give a number above 0; below 1 is likelier, above 1 wilder"
            )
        self.labels(n, label, seed)
        with self.evaluating():
            blocks = [
                self.writer.draw(TOGETHER, rng(seed, block, "texts"), temperature, self.words.barred)
                for block in range(-(-n // TOGETHER))
            ]
        return torch.cat(blocks)[:n] if blocks else torch.empty(0, self.shape[0], dtype=torch.int64)

    def texts(self, n: int, seed: int = 0, temperature: float = 1.0) -> list[str]:
        """n texts. Below a temperature of 1 they are likelier and more alike, above it wilder; see `sample`."""
        return [self.words.decode(row) for row in self.sample(n, seed, temperature=temperature).tolist()]

    def nll(self, tokens: Tensor) -> float:
        """−log p a token of int (N, length), nats, ends included: the likelihood of texts that it is shown."""
        total = count = 0.0
        with self.evaluating() as device:
            for part in tokens.split(TOGETHER):
                rows = part.long().to(device)
                total -= float(self.writer.log_likelihood(rows).double().sum())
                count += float(written(rows).sum())
        return total / count

    def picture(self, samples: Tensor, columns: int | None = None, scale: int | None = None) -> NDArray[np.uint8]:  # noqa: ARG002
        """A text a line."""
        return page([self.words.decode(row) for row in samples.tolist()], scale or 1)


def joined(texts: Sequence[str]) -> str:
    """A text a line; an empty line between texts that have line breaks of their own."""
    between = "\n\n" if any("\n" in text for text in texts) else "\n"
    return between.join(texts) + "\n"


def page(texts: Sequence[str], scale: int = 1) -> NDArray[np.uint8]:
    """Texts below each other as a picture, uint8 (H, W, 3), line breaks as blanks.

    Letters that the font lacks are boxes: texts in other scripts are read from a file of samples.
    """
    font, height = ImageFont.load_default(13 * scale), 18 * scale
    lines = [" ".join(text.splitlines())[:160] for text in texts]
    width = max((int(font.getlength(line)) for line in lines), default=0) + 16 * scale
    sheet = Image.new("RGB", (max(width, 64), height * max(1, len(lines)) + 8 * scale), "white")
    pen = ImageDraw.Draw(sheet)
    for number, line in enumerate(lines):
        pen.text((8 * scale, 4 * scale + number * height), line, fill=(28, 36, 48), font=font)
    return np.asarray(sheet)


class TextTask:
    """Measures a game of texts.

    Args:
        game: the players.
        trained: the generator with its description; shares its network with the game.
        stream: gives the batches.
        data: the texts; those held out judge where there are any.
        card: the model card's facts.
    """

    def __init__(
        self, game: Game, trained: TextGenerator, stream: TextStream, data: TextData, card: Mapping[str, Any]
    ) -> None:
        self.game, self.trained, self.card, self.data = game, trained, dict(card), data
        self._watched = stream.watched(MONITORED)
        judge = data if data.held_out is None else data.held_out
        chosen = torch.randperm(len(judge), generator=rng(stream.seed, "judged"))[:JUDGED]
        self._judged = judge.tokens[chosen]

    def monitors(self) -> dict[str, float]:
        """Numbers that tell a healthy game from a failing one, on a batch that never changes.

        `discriminator_auc`, once an adversary plays (see `judging.discriminator_auc`); `diversity`: mean number of
        places at which two generated texts differ, over that of real ones; norms of the field, with the adversary.
        """
        value: TextBatch = self._watched.value
        found = {}
        with torch.no_grad(), self.game.untouched(), seeded(self._watched.seed):
            made = self.game.players["generator"](value.latent, None, value.temperature)
            # One that rests has a loss of 0, and knows nothing yet.
            if self.game.loss_values.get(ADVERSARY, torch.zeros(())).item():
                judge = self.game.players["discriminator"]
                real, generated = (_mean_logits(judge(seen)) for seen in (value.real, made.to(value.latent)))
                found["discriminator_auc"] = float((real[:, None] > generated[None, :]).float().mean())
        spreads = [float(torch.pdist(rows.double().cpu(), p=0).mean()) for rows in (made.argmax(2), value.tokens)]
        return {**found, "diversity": spreads[0] / max(spreads[1], 1e-9), **gradient_norms(self.game, self._watched)}

    def metrics(self) -> list[Number]:
        """On texts that are held out, all where none are; the first is the score.

        `ngram_kl`: mean divergence of 1-, 2- and 3-grams of tokens (see `metrics.ngram_kl`). `nll`: nats a token.
        `distinct`: share of different texts among 1,024. `copied`: share that stand in the training set, of sentences.
        """
        made = [tuple(_cut(row)) for row in self.trained.sample(JUDGED, seed=1).tolist()]
        real = [tuple(_cut(row)) for row in self._judged.tolist()]
        grams = [n for n in GRAMS if max(map(len, real)) >= n]
        found = {
            "ngram_kl": sum(ngram_kl(real, made, n) for n in grams) / len(grams),
            "nll": self.trained.nll(self._judged),
            "distinct": distinct(made),
        }
        if self.data.layout == "lines":
            found["copied"] = copied(made, self._known)
        return numbers(found)

    @cached_property
    def _known(self) -> set[tuple[int, ...]]:
        return {tuple(_cut(row)) for part in self.data.tokens.split(1 << 12) for row in part.tolist()}

    def snapshot(self, path: Path) -> None:
        """Texts as a picture, and in a file beside it."""
        texts = self.trained.texts(SHOWN, seed=0)
        write_atomically(path.with_suffix(".txt"), joined(texts))
        write_picture(path, page(texts))

    def deliver(self, folder: Path) -> None:
        """The generator with its vocabulary, configuration and model card."""
        self.trained.save(folder, _card(self.card))

    def keep_likelihood(self, folder: Path) -> None:
        """The generator as the likelihood stage ended with it, below that folder."""
        self.trained.save(folder / LIKELIHOOD, _card({**self.card, "stage": "likelihood, without the adversary"}))


def _mean_logits(logits: Tensor) -> Tensor:
    """(N,) of one logit or several a sample."""
    return logits if logits.dim() == 1 else logits.flatten(1).mean(1)


def _cut(tokens: list[int]) -> list[int]:
    return tokens[: tokens.index(0)] if 0 in tokens else tokens


def _card(facts: Mapping[str, Any]) -> str:
    return _CARD.format(facts="\n".join(f"- {key}: {value}" for key, value in facts.items()))


_CARD = """# A generator of text, trained with Saddlepoint

{facts}

Weights are in `generator.safetensors`, the network and its input in `config.yaml`, the tokens in `vocabulary.json`;
`likelihood/`, where it is there, is the network before the adversary. Draw from it:

    saddle sample THIS_FOLDER -n 20 --seed 7 --temperature 0.8

or in Python:

    from pathlib import Path
    from saddlepoint.tasks.trained import Sampler
    texts = Sampler.load(Path("THIS_FOLDER")).texts(20, seed=7, temperature=0.8)
"""
