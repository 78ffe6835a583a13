"""The evaluation of a vocoder on recordings that it never heard, beside what needs no network."""

import time
from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor

from saddlepoint.core import rng
from saddlepoint.data.recordings import Recordings
from saddlepoint.evaluation.evaluation import Evaluation
from saddlepoint.evaluation.feature_sets import OnProgress
from saddlepoint.measures import Number, Protocol, numbers
from saddlepoint.tasks.vocoder import Vocoder, resemblance, spaced

#: Recordings that are heard, at most; steps of Griffin's and Lim's search: librosa's, and beyond which little changes.
HEARD, SEARCHES = 200, (32, 100)
#: A log-mel (bands, frames) to a wave.
Way = Callable[[Tensor], Tensor]


def ways_of(vocoders: Mapping[str, Vocoder], seed: int = 0) -> dict[str, Way]:
    """What is measured, by name: vocoders, the first of them without its steps, and ways without a network.

    Those are Griffin's and Lim's search, and the first vocoder's steps from noise, which tell what the network is
    worth.
    """
    name, first = next(iter(vocoders.items()))
    found: dict[str, Way] = {weights: vocoder.apply for weights, vocoder in vocoders.items()}
    if first.steps:
        found[f"{name}, network alone"] = first.without_steps().apply
        found[f"noise, {first.steps} steps"] = partial(_of_noise, first, seed)
    for steps in SEARCHES:
        found[f"griffin-lim, {steps} steps"] = partial(_searched, first, steps)
    return found


def evaluate_vocoders(
    vocoders: Mapping[str, Vocoder],
    held_out: Recordings,
    split: str = "held-out recordings",
    *,
    samples: int = HEARD,
    seed: int = 0,
    report: OnProgress = lambda *_: None,
) -> Evaluation:
    """Each way from the recordings' log-mels to waves, held against the recordings.

    `mel_l1` in nats of power, `stft`, the sum of spectral convergence and the distance of log-magnitudes, and both of
    them, `lsd` in dB; `real_time`: seconds of sound a second of the clock, on as many threads as torch has now.

    Args:
        vocoders: by weights.
        held_out: the recordings.
        split: what they are.
        samples: recordings, at most.
        seed: of the noise.
        report: told how far it is.
    """
    first = next(iter(vocoders.values()))
    chosen = spaced(len(held_out), samples)
    real = [held_out[k] for k in chosen]
    mels = [first.log_mel(wave) for wave in real]
    measured: list[Number] = []
    for weights, way in ways_of(vocoders, seed).items():
        made, seconds = [], 0.0
        way(mels[0])  # what happens once, such as reserving memory, is no part of the rate
        for place, (wave, mel) in enumerate(zip(real, mels, strict=True)):
            report(f"{weights}: vocoding", place, len(real))
            begun = time.perf_counter()
            found = way(mel)
            seconds += time.perf_counter() - begun
            made.append(found[: len(wave)].clamp(-1, 1))
        speed = {"real_time": sum(map(len, real)) / first.front.rate / max(seconds, 1e-9)}
        protocol = Protocol(
            extractor=said_of(first),
            digest="",
            resizing="",
            dataset=held_out.name,
            fingerprint=held_out.fingerprint,
            split=split,
            n_real=len(real),
            n_generated=len(made),
            most=samples,
            seed=seed,
            weights=weights,
        )
        measured += numbers(resemblance(real, made, first.front), protocol=protocol)
        measured += numbers(speed, settings={"threads": torch.get_num_threads()}, protocol=protocol)
    return Evaluation(measured)


def said_of(vocoder: Vocoder) -> str:
    """How it hears, in words."""
    front = vocoder.front
    return f"{front.bands} mels, window {front.window}, hop {front.hop}, {front.rate:,} Hz"


def _searched(vocoder: Vocoder, steps: int, mel: Tensor) -> Tensor:
    return vocoder.front.searched(mel[None], steps)[0]


def _of_noise(vocoder: Vocoder, seed: int, mel: Tensor) -> Tensor:
    front = vocoder.front
    noise = torch.randn(1, (mel.shape[1] - 1) * front.hop, generator=rng(seed, "noise")) * 0.01
    return front.refined(noise, mel[None], vocoder.steps, vocoder.momentum)[0]
