"""The evaluation of a generator of sounds: what an extractor that listens says of them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import torch
from pydantic import Field, field_validator
from torch import Tensor

from saddlepoint.components.device import pick_device
from saddlepoint.core import rng
from saddlepoint.data.audio import SoundData
from saddlepoint.data.dataset import OnProgress, quiet
from saddlepoint.evaluation.evaluation import Evaluation
from saddlepoint.evaluation.feature_metrics import METRICS, MOST, REAL, SUBSET, Compared, chosen, compare
from saddlepoint.evaluation.feature_sets import Seen
from saddlepoint.extractors import SoundExtractor, load_sound_extractor
from saddlepoint.measures import Number, Protocol
from saddlepoint.tasks.audio.model import SoundGenerator, SpectrogramGenerator, levels_of
from saddlepoint.tasks.task import EvaluationOptions, Subject

#: Generated sounds; how many are made and heard together; and the fewest in a split of the Inception Score, as few
#: sounds of ten classes look less varied than they are.
SOUNDS, TOGETHER, FEWEST = 1000, 64, 100


class SoundEvaluationOptions(EvaluationOptions):
    """What may be said of an evaluation of sounds."""

    samples: int | None = Field(default=None, ge=50)
    """Generated sounds; none are 1,000."""
    metrics: tuple[str, ...] | None = None
    """Some of them, as in `saddle list metrics`; none takes all that can be had."""
    features: str = "spoken-digits"
    """What listens."""

    @field_validator("metrics", mode="before")
    @classmethod
    def _known(cls, metrics: str | Iterable[str] | None) -> tuple[str, ...] | None:
        return None if metrics is None else chosen(metrics)


def evaluate_subject(
    subject: Subject[Any, SoundData, SoundGenerator], options: SoundEvaluationOptions, progress: OnProgress = quiet
) -> Evaluation:
    """What `Task.evaluate` gives of sounds."""
    return evaluate_sounds(
        subject.models,
        subject.data,
        subject.held_out(),
        load_sound_extractor(options.features, pick_device(options.device)),
        options.metrics,
        samples=options.samples or SOUNDS,
        seed=options.seed,
        report=progress,
    )


def evaluate_sounds(
    generators: Mapping[str, SoundGenerator],
    train: SoundData,
    test: SoundData | None,
    extractor: SoundExtractor,
    metrics: Iterable[str] | None = None,
    *,
    samples: int = SOUNDS,
    seed: int = 0,
    report: OnProgress = quiet,
) -> Evaluation:
    """Every metric of every generator against the sounds that it was trained on, and against others.

    Floors: the sounds held out, as they are; and, where a generator makes spectrograms, the same through these and the
    search for phases, which is the best that it could do.

    Args:
        generators: by weights.
        train: that they were trained on.
        test: others of the same kind; what needs them is left out where there are none.
        extractor: listens.
        metrics: names of `METRICS`; None takes all that can be had.
        samples: generated sounds.
        seed: of latents, orders and subsets.
        report: told how far it is.

    Raises:
        ConfigurationError: a metric was asked for by name that can't be had of these sets.
    """
    names, demanded = (list(METRICS), False) if metrics is None else (list(metrics), True)
    order = torch.randperm(len(train), generator=rng(seed, "evaluated"))[:REAL]
    seen_train = _heard(train, order, extractor, report, "listening to train")
    basis = Protocol(
        *(extractor.name, extractor.digest, extractor.resizing, train.name, train.fingerprint, "train"),
        *(len(order), samples, MOST, seed),
        weights="",
    )
    sets = [(basis, seen_train)]
    seen_test = None
    if test is not None:
        shuffled = torch.randperm(len(test), generator=rng(seed, "tested"))
        seen_test = _heard(test, shuffled, extractor, report, "listening to test")
        sets.append((replace(basis, fingerprint=test.fingerprint, split="test", n_real=len(test)), seen_test))
    fewest = min(samples, *(len(seen) for _, seen in sets))
    subset, splits = min(SUBSET, fewest), min(10, max(1, fewest // FEWEST))
    measured: list[Number] = []
    notes: dict[str, None] = {}
    pictures = {f"spectrograms-{weights}": trained.shown for weights, trained in generators.items()}
    for weights, trained in generators.items():
        made = _made(trained, samples, seed, extractor, report, f"{weights}: generating")
        for protocol, real in sets:
            held_out = seen_test if protocol is basis else None
            compared = Compared(real, made, held_out, MOST, subset, seed, extractor.name, splits)
            asked = [name for name in names if protocol is basis or not METRICS[name].once]
            own, left = compare(compared, asked, replace(protocol, weights=weights), report, demanded)
            measured += own
            notes |= dict.fromkeys(left)
    if test is None or seen_test is None:
        notes["floors are left out: no sounds are held out; train with --set data.held_out=0.1"] = None
        return Evaluation(measured, tuple(notes), pictures)
    floors = {"floor: test": seen_test.first(samples)}
    trained = next(iter(generators.values()))
    if isinstance(trained, SpectrogramGenerator):
        again = seen_test.order[:samples]
        through = trained.heard(levels_of(test, trained.pictured, again))
        floors["floor: test, resynthesised"] = _seen(through, test.rate, extractor, again)
    for name, floor in floors.items():
        protocol = replace(basis, weights=name, n_generated=len(floor))
        compared = Compared(seen_train, floor, None, MOST, subset, seed, extractor.name, splits)
        measured += compare(compared, names, protocol, report, demanded=False)[0]
    return Evaluation(measured, tuple(notes), pictures)


def _heard(data: SoundData, order: Tensor, extractor: SoundExtractor, report: OnProgress, what: str) -> Seen:
    report(what, 0, len(order))
    return _seen(data.floats(order), data.rate, extractor, order)


def _made(trained: SoundGenerator, n: int, seed: int, extractor: SoundExtractor, report: OnProgress, what: str) -> Seen:
    latents, labels = trained.latents(n, seed), trained.labels(n)
    parts = []
    for start in range(0, n, TOGETHER):
        report(what, start, n)
        part = slice(start, start + TOGETHER)
        waves = trained.render(latents[part], None if labels is None else labels[part])
        parts.append(extractor.read(waves, trained.rate))
    logits = torch.cat([part.logits for part in parts if part.logits is not None])
    return Seen(torch.cat([part.features for part in parts]).numpy(), logits.numpy(), None, torch.arange(n))


def _seen(waves: Tensor, rate: int, extractor: SoundExtractor, order: Tensor) -> Seen:
    heard = extractor.read(waves, rate)
    return Seen(heard.features.numpy(), None if heard.logits is None else heard.logits.numpy(), None, order)
