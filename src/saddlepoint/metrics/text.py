"""How good texts are, and how various: texts are sequences of tokens, such as characters or words, or rows of tokens.

A reference is a real text. Sums over n-grams are kept, so that the cost is linear in the texts: to compare each of n
texts with all others by recounting would take n² counts.
"""

import math
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from math import exp, log
from typing import Any

import numpy as np
import torch
from torch import Tensor

#: A text; rows of arrays and tensors serve as well.
Tokens = Sequence[Hashable]
#: Added to a count of no matches at all (NLTK's `method1`: Chen, Cherry 2014, WMT).
EPSILON = 0.1
#: Added to every count of an n-gram before a divergence is taken.
PSEUDO = 0.5


def bleu(
    texts: Sequence[Tokens], references: Sequence[Tokens], orders: Sequence[int] = (2, 3, 4, 5)
) -> dict[int, float]:
    """Mean BLEU-n of texts, each against all references: how much of them is phrases of real texts.

    BLEU-n = min(1, exp(1 − r/c)) (Π_{k ≤ n} p_k)^(1/n): p_k is the share of a text's k-grams that some reference has as
    often, 0.1 over their number where none has; c the text's length, r that of the reference nearest to it, the shorter
    of two; 0 where no token is in any reference. Papineni et al. 2002; numbers are those of NLTK's `sentence_bleu` with
    `SmoothingFunction().method1`.

    Args:
        texts: that are judged.
        references: real texts.
        orders: n.

    Raises:
        ValueError: no texts, no references, or no orders.
    """
    texts, references = _pair(texts, references)
    _check_orders(orders)
    return _mean(_Phrases(references, max(orders)), texts, orders, others=False)


def self_bleu(texts: Sequence[Tokens], orders: Sequence[int] = (2, 3, 4, 5)) -> dict[int, float]:
    """Mean BLEU-n of each text against all others: how alike they are; 1 where all are the same.

    Zhu et al. 2018 (Texygen), arXiv 1802.01886. Depends on the number of texts: compare equal numbers.

    Raises:
        ValueError: fewer than two texts, or no orders.
    """
    texts = _plain(texts)
    if len(texts) < 2:
        raise ValueError(f"there are {len(texts)} texts: it takes two to be alike")
    _check_orders(orders)
    return _mean(_Phrases(texts, max(orders)), texts, orders, others=True)


def ngram_kl(references: Sequence[Tokens], texts: Sequence[Tokens], n: int) -> float:
    """KL(p ‖ q) of n-grams in references and in texts, nats; ½ is added to each count, over all that occur in either.

    Small where texts have the references' phrases as often as these do: phrases that they lack and phrases that they
    repeat both cost.

    Raises:
        ValueError: no texts, no reference with n tokens, or an n below 1.

    >>> round(ngram_kl(["aab"], ["abb"], 1), 4)      # p = (2.5, 1.5)/4, q = (1.5, 2.5)/4
    0.1277
    """
    texts, references = _pair(texts, references)
    if n < 1:
        raise ValueError(f"n is {n}: give at least 1")
    real, made = (Counter(gram for text in side for gram in _grams(text, n)) for side in (references, texts))
    if not real:
        raise ValueError(f"no reference has {n} tokens: give a smaller n")
    both = real.keys() | made.keys()
    of_real, of_made = (sum(counts.values()) + PSEUDO * len(both) for counts in (real, made))
    total = 0.0
    for gram in sorted(both, key=repr):  # sums of floats depend on the order, and that of sets is another each time
        p, q = (real[gram] + PSEUDO) / of_real, (made[gram] + PSEUDO) / of_made
        total += p * log(p / q)
    return total


def copied(texts: Sequence[Hashable], training: Iterable[Hashable]) -> float:
    """Share of texts that stand in the training set, whole.

    Raises:
        ValueError: no texts.

    >>> copied(["anna", "hanne"], {"anna"})
    0.5
    """
    known, made = set(_plain(training)), _some(texts)
    return sum(text in known for text in made) / len(made)


def distinct(texts: Sequence[Hashable]) -> float:
    """Number of different texts over the number of texts.

    Raises:
        ValueError: no texts.
    """
    made = _some(texts)
    return len(set(made)) / len(made)


class KnownPhrases:
    """The share of texts' runs of n tokens that stand in others: what is spelt or said as there.

    It is BLEU's precision of one order (Papineni et al. 2002) without its limit on repetitions, over all texts at once.

    Args:
        texts: int64 (N, L), a text a row; from the first `end` on, nothing stands there.
        n: tokens of a run.
        end: what follows a text.

    >>> known = KnownPhrases(torch.tensor([[1, 2, 3, 0], [2, 3, 4, 4]]), 2)
    >>> known(torch.tensor([[2, 3, 4, 0], [4, 3, 0, 0]]))
    0.6666666666666666
    """

    def __init__(self, texts: Tensor, n: int, end: int = 0) -> None:
        self._n, self._end = n, end
        self._known = self._runs(texts).unique()

    def __call__(self, texts: Tensor) -> float:
        """The share of texts (N, L), in [0, 1]; NaN where no text has n tokens."""
        runs = self._runs(texts)
        if not len(runs) or not len(self._known):
            return math.nan
        places = torch.searchsorted(self._known, runs).clamp(max=len(self._known) - 1)
        return float((self._known[places] == runs).double().mean())

    def _runs(self, texts: Tensor) -> Tensor:
        """A number for each run of every text, (M,); two runs share one by a chance of 2⁻⁶⁴."""
        texts = texts.long()
        if texts.shape[1] < self._n:
            return torch.zeros(0, dtype=torch.int64)
        windows = texts.unfold(1, self._n, 1)
        whole = ((texts == self._end).cumsum(1) == 0)[:, self._n - 1 :]
        numbers = torch.zeros_like(windows[..., 0])
        for place in range(self._n):
            numbers = (numbers + windows[..., place] + 1) * _MIXING
        return numbers[whole]


#: An odd factor whose products spread over all 64 bits (Knuth's golden ratio).
_MIXING = -7046029254386353131


@dataclass(frozen=True)
class Words:
    """Shares of the words of texts, a word that stands there twice counted twice.

    Attributes:
        valid: that stand in training or held-out texts.
        novel: that stand in no training text.
        found: novel and valid: they stand in held-out texts alone, and nobody showed them.
    """

    valid: float
    novel: float
    found: float


def words(texts: Iterable[str], training: Iterable[str], held_out: Iterable[str] = ()) -> Words:
    """Which words texts are made of; blanks separate words.

    >>> words(["anna bob", "carl dxq"], ["anna"], ["bob carl"])
    Words(valid=0.75, novel=0.75, found=0.5)
    """
    seen = {word for text in training for word in text.split()}
    unseen = {word for text in held_out for word in text.split()} - seen
    made = [word for text in texts for word in text.split()]
    n = max(1, len(made))
    found = sum(word in unseen for word in made) / n
    novel = sum(word not in seen for word in made) / n
    return Words(1 - novel + found if made else 0.0, novel, found)


def line_forms(texts: Iterable[str], *, least: float = 0.1) -> frozenset[int]:
    """Lengths that lines of verse have: those of a share of `least` of all lines at least, in characters.

    Lines end at line breaks and at commas, stops and the like, which are not counted.

    >>> sorted(line_forms(["床前明月光，疑是地上霜。", "白日依山尽，黄河入海流。"]))
    [5]
    """
    lengths = Counter(len(line) for text in texts for line in lines_of(text))
    return frozenset(length for length, n in lengths.items() if n >= least * lengths.total())


def regular_lines(texts: Iterable[str], forms: Collection[int]) -> float:
    """The share of lines that are as long as the first line of their text, where that is of one of the forms.

    >>> regular_lines(["床前明月光，疑是地上霜。", "白日依山尽，黄河流。"], {5, 7})
    0.75
    """
    right = n = 0
    for text in texts:
        lengths = [len(line) for line in lines_of(text)]
        n += len(lengths)
        right += sum(length == lengths[0] and length in forms for length in lengths)
    return right / max(1, n)


def lines_of(text: str) -> list[str]:
    """Lines of verse, without blanks: what line breaks and marks of punctuation separate."""
    return [line for part in re.split(r"[\n,，、.。;；:：!！?？]", text) if (line := "".join(part.split()))]


def _plain(texts: Iterable[Any]) -> list[Any]:
    """Texts that compare by their tokens: a tensor's elements equal themselves alone, lists have no hash."""
    texts = (text.tolist() if isinstance(text, (np.ndarray, torch.Tensor)) else text for text in texts)
    return [tuple(text) if isinstance(text, list) else text for text in texts]


def _some(texts: Iterable[Any]) -> list[Any]:
    found = _plain(texts)
    if not found:
        raise ValueError("there are no texts: give at least one")
    return found


def _pair(texts: Iterable[Any], references: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    made, real = _plain(texts), _plain(references)
    if not made or not real:
        raise ValueError(f"there are {len(made)} texts and {len(real)} references: give at least one of each")
    return made, real


def _check_orders(orders: Sequence[int]) -> None:
    if not orders or min(orders) < 1:
        raise ValueError(f"orders are {list(orders)}: give at least one, each at least 1")


def _grams(text: Tokens, n: int) -> Iterable[tuple[Hashable, ...]]:
    return zip(*(text[start:] for start in range(n)), strict=False)


class _Phrases:
    """Of every n-gram the largest count in a reference, whose that is, and the largest among the others."""

    def __init__(self, references: Sequence[Tokens], most: int) -> None:
        self.tops: dict[tuple[Hashable, ...], tuple[int, int, int]] = {}
        self.lengths = sorted(len(reference) for reference in references)
        for owner, reference in enumerate(references):
            for n in range(1, most + 1):
                for gram, count in Counter(_grams(reference, n)).items():
                    first, whose, second = self.tops.get(gram, (0, -1, 0))
                    if count > first:
                        self.tops[gram] = count, owner, first
                    elif count > second:
                        self.tops[gram] = first, whose, count

    def matches(self, text: Tokens, n: int, without: int) -> tuple[int, int]:
        """n-grams of a text that a reference has as often, and how many there are."""
        found = total = 0
        for gram, count in Counter(_grams(text, n)).items():
            first, whose, second = self.tops.get(gram, (0, -1, 0))
            found += min(count, second if whose == without else first)
            total += count
        return found, max(1, total)

    def nearest(self, length: int, without: bool) -> int:
        """The length that is nearest to that of a text, which is one of the references itself where it is left out."""
        lengths, at = self.lengths, bisect_left(self.lengths, length)
        below = lengths[at - 1] if at else None
        if without:
            at += 1
        above = lengths[at] if at < len(lengths) else None
        return min((other for other in (below, above) if other is not None), key=lambda r: (abs(r - length), r))


def _mean(phrases: _Phrases, texts: Sequence[Tokens], orders: Sequence[int], *, others: bool) -> dict[int, float]:
    sums = dict.fromkeys(orders, 0.0)
    for number, text in enumerate(texts):
        counted = [phrases.matches(text, n, number if others else -2) for n in range(1, max(orders) + 1)]
        if not counted[0][0]:
            continue
        shorter = exp(min(0.0, 1 - phrases.nearest(len(text), others) / len(text)))
        logs = [log((found or EPSILON) / total) for found, total in counted]
        for order in orders:
            sums[order] += shorter * exp(sum(logs[:order]) / order)
    return {order: total / len(texts) for order, total in sums.items()}
