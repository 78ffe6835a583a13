"""BLEU equals NLTK's, divergences and shares equal what hands compute."""

import json
import random
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from saddlepoint.metrics import (
    KnownPhrases,
    bleu,
    copied,
    distinct,
    line_forms,
    ngram_kl,
    regular_lines,
    self_bleu,
    words,
)


def test_bleu_equals_the_reference_values(shared_data: Path) -> None:
    values = json.loads((shared_data / "metric_refs" / "text_bleu.json").read_text())["values"]
    real, judged = (
        [line.split() for line in (shared_data / "text" / name).read_text(encoding="utf-8").splitlines()]
        for name in ("image_coco.txt", "test_coco.txt")
    )
    ours = {f"bleu{n}": value for n, value in bleu(judged[:100], real[:500]).items()}
    ours |= {f"self_bleu{n}": value for n, value in self_bleu(real[:100]).items()}
    assert ours == pytest.approx(values, rel=1e-12)


def test_bleu_equals_nltk_on_short_empty_and_repeated_texts() -> None:
    nltk = pytest.importorskip("nltk.translate.bleu_score")
    draw = random.Random(0)
    texts = [[draw.choice("aabc") for _ in range(draw.randrange(0, 9))] for _ in range(24)]
    references = [[draw.choice("aabd") for _ in range(draw.randrange(1, 12))] for _ in range(7)]
    smooth = nltk.SmoothingFunction().method1
    for order in (2, 3, 4, 5):

        def mean(pairs: list[tuple[list[str], list[list[str]]]], order: int = order) -> float:
            weights = (1 / order,) * order
            scores = [nltk.sentence_bleu(own, text, weights, smoothing_function=smooth) for text, own in pairs]
            return float(sum(scores) / len(scores))

        assert bleu(texts, references, [order])[order] == pytest.approx(mean([(t, references) for t in texts]))
        apart = [(text, [*texts[:at], *texts[at + 1 :]]) for at, text in enumerate(texts)]
        assert self_bleu(texts, [order])[order] == pytest.approx(mean(apart))


def test_a_text_is_all_its_own_phrases() -> None:
    text = ["a", "man", "rides", "a", "horse", "on", "a", "beach"]
    assert bleu([text], [text]) == pytest.approx(dict.fromkeys((2, 3, 4, 5), 1.0))
    assert self_bleu([text] * 3) == pytest.approx(dict.fromkeys((2, 3, 4, 5), 1.0))
    assert bleu([["zebra"]], [text]) == dict.fromkeys((2, 3, 4, 5), 0.0)


def test_a_divergence_of_phrases_is_nought_for_equal_ones_and_else_what_a_hand_computes() -> None:
    assert ngram_kl(["abab", "ba"], ["ba", "abab"], 2) == 0
    p, q = 2.5 / 4, 1.5 / 4
    assert ngram_kl(["aab"], ["abb"], 1) == pytest.approx(p * log(p / q) + q * log(q / p))
    assert ngram_kl(["ab"], ["cd"], 2) > ngram_kl(["ab", "cd"], ["cd"], 2) > 0


def test_shares() -> None:
    assert copied(["x", "y", "x", "z"], ["x"]) == 0.5
    assert distinct(["x", "y", "x", "z"]) == 0.75
    assert words([], ["a"]).valid == 0


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor, lambda rows: [torch.tensor(row) for row in rows]])
def test_rows_of_tokens_are_compared_by_their_tokens(kind: Any) -> None:
    real, made = [[1, 2, 3], [3, 2, 1]], [[1, 2, 3], [1, 2, 3], [4, 2, 1]]
    assert bleu(kind(made), kind(real), [2]) == bleu(made, real, [2])
    assert self_bleu(kind(made), [2]) == self_bleu(made, [2])
    assert ngram_kl(kind(real), kind(made), 2) == ngram_kl(real, made, 2)
    assert copied(kind(made), kind(real)) == distinct(kind(made)) == pytest.approx(2 / 3)


@pytest.mark.parametrize("n", [1, 2, 4])
def test_known_phrases_are_those_that_sets_of_tuples_find(n: int) -> None:
    source = torch.Generator().manual_seed(n)
    known, made = (torch.randint(0, 9, (60, 12), generator=source) for _ in range(2))  # 0 ends a text

    def runs(texts: torch.Tensor) -> list[tuple[int, ...]]:
        rows = [row[: row.index(0)] if 0 in row else row for row in texts.tolist()]
        return [tuple(row[at : at + n]) for row in rows for at in range(len(row) - n + 1)]

    there, own = set(runs(known)), runs(made)
    assert KnownPhrases(known, n)(made) == pytest.approx(sum(run in there for run in own) / len(own))
    assert np.isnan(KnownPhrases(known, n)(torch.zeros(3, 12)))


def test_what_can_not_be_measured_is_refused() -> None:
    for share in (distinct, lambda texts: copied(texts, ["a"])):
        with pytest.raises(ValueError, match="no texts: give at least one"):
            share([])
    for orders in ([], [0, 2]):
        with pytest.raises(ValueError, match="orders are"):
            bleu(["a"], ["a"], orders)
        with pytest.raises(ValueError, match="orders are"):
            self_bleu(["a", "a"], orders)
    with pytest.raises(ValueError, match="n is 0"):
        ngram_kl(["ab"], ["ab"], 0)
    with pytest.raises(ValueError, match="it takes two"):
        self_bleu(["a"])
    with pytest.raises(ValueError, match="0 texts and 1 references"):
        bleu([], ["a"])
    with pytest.raises(ValueError, match="no reference has 3 tokens"):
        ngram_kl(["ab"], ["abc"], 3)


def test_lines_of_verse_are_right_where_they_are_as_long_as_the_first_of_a_known_form() -> None:
    poems = ["春眠不觉晓，\n处处闻啼鸟。"] * 3 + ["朝辞白帝彩云间，千里江陵一日还。"] * 3
    forms = line_forms(poems)
    assert forms == {5, 7}
    assert regular_lines(poems, forms) == 1
    assert regular_lines(["春眠不觉晓，处处闻啼鸟啼鸟。"], forms) == 0.5  # a 7 in a poem of 5
    assert regular_lines(["春眠不，处处闻。"], forms) == 0
    assert regular_lines([""], forms) == 0
