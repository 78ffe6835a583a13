"""What is looked at while a game of text is played."""

import math
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from saddlepoint.core import Batch, rng
from saddlepoint.measures import Number, numbers
from saddlepoint.metrics import KnownPhrases, copied, distinct, ngram_kl
from saddlepoint.storage import write_atomically
from saddlepoint.tasks.probe import Probe, write_picture
from saddlepoint.tasks.text.data import TextData
from saddlepoint.tasks.text.game import OfTexts
from saddlepoint.tasks.text.model import SHOWN, TextGenerator, joined, page

#: Texts that the metrics judge.
JUDGED = 1024
#: n of the n-grams in the score.
GRAMS = (1, 2, 3)
#: Tokens of a phrase, by what a token is; and training texts of which phrases are known, at most.
PHRASE, FEW_WORDS, PHRASES_OF = {"characters": 4}, 2, 20_000


class TextProbe(Probe[TextGenerator]):
    """Measures how generated texts are like real ones.

    Args:
        watched: a batch that never changes.
        forward: of the game's losses.
        data: the texts; those held out judge where there are any.
        seed: decides which of them are looked at.
    """

    def __init__(self, watched: Batch, forward: OfTexts, data: TextData, seed: int) -> None:
        super().__init__(watched, forward)
        self.data, self._seed = data, seed
        judge = data if data.held_out is None else data.held_out
        chosen = torch.randperm(len(judge), generator=rng(seed, "judged"))[:JUDGED]
        self._judged = judge.tokens[chosen]
        self._labels = None if judge.labels is None else judge.labels[chosen]

    def spread(self, samples: Tensor) -> float:
        """Mean number of places at which two texts differ."""
        return float(torch.pdist(samples.argmax(2).double().cpu(), p=0).mean()) if len(samples) > 1 else 0.0

    def score(self, model: TextGenerator) -> Sequence[Number]:
        """On texts that are held out, all where none are; the first is the score.

        `ngram_kl`: mean divergence of 1-, 2- and 3-grams of tokens (see `metrics.ngram_kl`). `nll`: nats a token.
        `distinct`: share of different texts among 1,024. `copied`: share that stand in the training set, of sentences.
        `phrases`: share of runs of four characters, or of two other tokens, that stand in training texts: what is no
        language has few of them, however often it has each character.
        """
        made = self._counted(model.tokens(JUDGED, seed=1))
        return numbers({"ngram_kl": made.pop("ngram_kl"), "nll": model.nll(self._judged, self._labels), **made})

    def references(self, model: TextGenerator) -> dict[str, dict[str, float]]:
        """`real`: training texts that are not judged by; `baseline: independent tokens`: each place of another text."""
        known = super().references(model)
        rest = torch.randperm(len(self.data), generator=rng(self._seed, "judged"))
        rest = rest[JUDGED if self.data.held_out is None else 0 :][:JUDGED]
        if len(rest) < 2:
            return known
        real = self.data.tokens[rest]
        places = range(real.shape[1])
        drawn = torch.stack([torch.randperm(len(real), generator=rng(0, t, "apart")) for t in places], 1)
        floor = self._counted(real)
        floor.pop("copied", None)  # they are the training texts themselves
        if floor.pop("phrases", None) is not None and self.data.held_out is not None:
            floor["phrases"] = self._phrases(self._judged)
        known["real"] = floor
        known["baseline: independent tokens"] = self._counted(real.gather(0, drawn))
        return known

    def _counted(self, tokens: Tensor) -> dict[str, float]:
        """What is counted of texts, whoever wrote them."""
        made = [tuple(_cut(row)) for row in tokens.tolist()]
        real = [tuple(_cut(row)) for row in self._judged.tolist()]
        grams = [n for n in GRAMS if max(map(len, real)) >= n]
        found = {
            "ngram_kl": sum(ngram_kl(real, made, n) for n in grams) / len(grams),
            "distinct": distinct(made),
        }
        if math.isfinite(phrases := self._phrases(tokens)):  # texts of a single token have none
            found["phrases"] = phrases
        if self.data.layout != "windows":
            found["copied"] = copied(made, self._known)
        return found

    @cached_property
    def _phrases(self) -> KnownPhrases:
        chosen = torch.randperm(len(self.data), generator=rng(self._seed, "phrases"))[:PHRASES_OF]
        return KnownPhrases(self.data.tokens[chosen], PHRASE.get(self.data.vocabulary.unit, FEW_WORDS))

    @cached_property
    def _known(self) -> set[tuple[int, ...]]:
        return {tuple(_cut(row)) for part in self.data.tokens.split(1 << 12) for row in part.tolist()}

    def exhibit(self, model: TextGenerator, folder: Path) -> None:  # noqa: ARG002
        """Real texts, as many as a snapshot shows."""
        write_atomically(folder / "real.txt", joined(self.data.some(SHOWN, self._seed)))

    def snapshot(self, model: TextGenerator, path: Path) -> None:
        """Texts as a picture, and in a file beside it."""
        texts = model.texts(SHOWN, seed=0)
        write_atomically(path.with_suffix(".txt"), joined(texts))
        write_picture(path, page(texts))


def _cut(tokens: list[int]) -> list[int]:
    return tokens[: tokens.index(0)] if 0 in tokens else tokens
