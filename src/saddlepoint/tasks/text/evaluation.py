"""The evaluation of a generator of text: quality and variety as curves over its temperature."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pydantic import Field

from saddlepoint.data.dataset import OnProgress, quiet
from saddlepoint.evaluation.evaluation import Evaluation
from saddlepoint.measures import Number, Protocol, measure, numbers
from saddlepoint.metrics import bleu, copied, distinct, line_forms, lines_of, ngram_kl, regular_lines, self_bleu, words
from saddlepoint.tasks.task import EvaluationOptions
from saddlepoint.tasks.text.data import TextData
from saddlepoint.tasks.text.model import TextGenerator

#: Texts of each temperature, and references at most.
TEXTS = 1_000
#: At which curves are drawn.
TEMPERATURES = (0.5, 0.7, 0.85, 1.0, 1.2)
#: n of the n-grams whose divergence is measured.
GRAMS = 3
#: Texts are verse where so many of the lines of real ones are regular, and so many are in each on average.
REGULAR, LINES = 0.8, 2


class TextEvaluationOptions(EvaluationOptions):
    """What may be chosen of an evaluation of texts."""

    temperatures: tuple[float, ...] = Field(default=TEMPERATURES, min_length=1)
    """At which texts are drawn: a curve of quality against variety."""


def evaluate_texts(
    generators: Mapping[str, TextGenerator],
    train: TextData,
    *,
    temperatures: Sequence[float] = TEMPERATURES,
    samples: int = TEXTS,
    seed: int = 0,
    report: OnProgress = quiet,
) -> Evaluation:
    """Every number of every generator at every temperature, and of real texts: the floor.

    One point says little, as a generator buys quality with variety by being colder: compare curves. `bleu_n` are high
    where texts are phrases of the references, `self_bleu_n` where they are like each other, as many in each set.
    `ngram_kl` is 0 where both are right. `nll` is of held-out texts, nats a token, at temperature 1. `copied` is the
    share that stands in the training set, of sentences; `valid`, `novel`, `found`: see `metrics.Words`.
    `regular_lines` is measured where real texts are verse, of lines of few lengths, as Chinese poems (see
    `metrics.regular_lines`).

    Caccia, Caccia, Fedus, Larochelle, Pineau, Charlin 2020, "Language GANs falling short", arXiv 1811.02549.

    Args:
        generators: by weights.
        train: what they were trained on, with what was held out.
        temperatures: of the texts.
        samples: texts of each; as many held-out ones are references, fewer where there are no more.
        seed: of the texts and of the choice of real ones.
        report: told how far it is.
    """
    held = train.held_out
    notes = [] if held is not None else ["references are training texts: hold some out with --set data.held_out=0.1"]
    judge = train if held is None else held
    references = judge.some(samples, seed)
    pieces = train.vocabulary.pieces
    real = [pieces(text) for text in references]
    forms = _forms(train, references)
    training, unseen = train.texts(), [] if held is None else held.texts()
    basis = Protocol(
        *("characters" if train.vocabulary.unit == "characters" else "words", "", "", train.name, train.fingerprint),
        *("held out" if held is not None else "train", len(real), samples, samples, seed),
        weights="",
    )
    measured: list[Number] = []

    def take(name: str, texts: Sequence[str], nll: float | None, detail: dict[str, object]) -> None:
        made = [pieces(text) for text in texts]
        protocol = replace(basis, weights=name, n_generated=len(texts))
        for family, scores in (("bleu", bleu(made, real)), ("self_bleu", self_bleu(made))):
            for n, value in scores.items():
                measured.append(Number(measure(family).of(n), value, detail=detail, protocol=protocol))
        found = {"ngram_kl": ngram_kl(real, made, GRAMS)}
        if nll is not None:
            found["nll"] = nll
        found["distinct"] = distinct(texts)
        if train.layout != "windows":
            found["copied"] = copied(texts, training)
        if forms:
            found["regular_lines"] = regular_lines(texts, forms)
        own = words(texts, training, unseen)
        found |= {"valid": own.valid, "novel": own.novel, "found": own.found}
        measured.extend(numbers(found, detail=detail, protocol=protocol))

    steps, done = len(generators) * len(temperatures), 0
    for weights, trained in generators.items():
        for temperature in temperatures:
            name = f"{weights}, temperature {temperature:g}"
            report(f"{weights}: at temperatures", done, steps)
            done += 1
            nll = trained.nll(judge.tokens, judge.labels) if temperature == 1 else None
            texts = trained.texts(samples, seed, temperature)
            take(name, texts, nll, {"curve": weights, "temperature": temperature})
    # Training texts stand in for generated ones: real, and others than the references.
    take("floor: training texts", train.some(samples, seed + 1), None, {})
    return Evaluation(measured, notes)


def _forms(train: TextData, references: Sequence[str]) -> frozenset[int]:
    """Lengths of lines of verse; none where the texts are no such thing."""
    if train.layout == "windows" or train.vocabulary.unit != "characters":
        return frozenset()
    forms = line_forms(references)
    several = sum(len(lines_of(text)) for text in references) >= LINES * len(references)
    return forms if several and regular_lines(references, forms) >= REGULAR else frozenset()
