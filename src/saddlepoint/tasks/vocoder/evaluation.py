"""The evaluation of a vocoder on recordings that it never heard, beside what needs no network."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saddlepoint.core import rng
from saddlepoint.data.dataset import OnProgress, quiet
from saddlepoint.evaluation.evaluation import Evaluation
from saddlepoint.measures import Number, Protocol, numbers
from saddlepoint.metrics import log_spectral_distance, mel_distance, stft_distance
from saddlepoint.signals import MelFrontEnd, whole_hops
from saddlepoint.tasks.pictures import image_grid
from saddlepoint.tasks.task import EvaluationOptions, Subject
from saddlepoint.tasks.vocoder.data import Recordings
from saddlepoint.tasks.vocoder.model import Vocoder
from saddlepoint.tasks.vocoder.settings import VocoderConfig

#: Recordings that are heard, at most; steps of Griffin's and Lim's search: librosa's, and beyond which little changes.
HEARD, SEARCHES = 200, (32, 100)
#: Recordings that a picture shows.
SHOWN = 6
#: A log-mel (bands, frames) to a wave.
Way = Callable[[Tensor], Tensor]


def ways_of(vocoders: Mapping[str, Vocoder], seed: int = 0) -> dict[str, Way]:
    """What is measured, by name: vocoders, the first of them without its steps, and ways without a network.

    Those are Griffin's and Lim's search, and the first vocoder's steps from noise, which tell what the network is
    worth.
    """
    name, first = next(iter(vocoders.items()))
    found: dict[str, Way] = {weights: vocoder.wave_of for weights, vocoder in vocoders.items()}
    if first.steps:
        found[f"{name}, network alone"] = replace(first, steps=0).wave_of
        found[f"noise, {first.steps} steps"] = partial(_of_noise, first, seed)
    for steps in SEARCHES:
        found[f"griffin-lim, {steps} steps"] = partial(_searched, first, steps)
    return found


def evaluate_subject(
    subject: Subject[VocoderConfig, Recordings, Vocoder], options: EvaluationOptions, report: OnProgress = quiet
) -> Evaluation:
    """Of a run's vocoders, on what was held out; of other recordings, on all."""
    heard, split = subject.held_out(), "held-out recordings"
    if subject.other:
        heard, split = subject.data.whole, "other recordings"
    elif heard is None:
        heard, split = subject.data, "recordings that it was trained on"
    vocoders = {**subject.models, **subject.stages}
    found = evaluate_vocoders(
        vocoders, heard, split, samples=options.samples or HEARD, seed=options.seed, report=report
    )
    if not subject.pictures:
        return found
    real = [heard[k] for k in spaced(len(heard), SHOWN)]
    pictures = {f"vocoded-{name}": partial(_picture, vocoder, real) for name, vocoder in vocoders.items()}
    return replace(found, pictures=pictures)


def evaluate_vocoders(
    vocoders: Mapping[str, Vocoder],
    held_out: Recordings,
    split: str = "held-out recordings",
    *,
    samples: int = HEARD,
    seed: int = 0,
    report: OnProgress = quiet,
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


def _picture(vocoder: Vocoder, real: Sequence[Tensor]) -> NDArray[np.uint8]:
    return above_each_other(real, [vocoder.resynthesised(wave) for wave in real], vocoder.front)


def resemblance(real: Sequence[Tensor], made: Sequence[Tensor], front: MelFrontEnd) -> dict[str, float]:
    """How far waves (samples,) are from those that they are to be: means over recordings.

    `mel_l1`, of log-mels as the front end has them; `stft`, the sum of `stft_convergence` and `stft_log`, see
    `stft_distance`; `lsd` in dB.
    """
    found: dict[str, list[float]] = {"mel_l1": [], "stft": [], "stft_convergence": [], "stft_log": [], "lsd": []}
    for x, y in zip(real, made, strict=True):
        pair = x[None], y[None]
        distance = stft_distance(*pair)
        found["mel_l1"].append(mel_distance(*pair, **asdict(front)))
        found["stft"].append(distance.total)
        found["stft_convergence"].append(distance.convergence)
        found["stft_log"].append(distance.log_magnitude)
        found["lsd"].append(log_spectral_distance(*pair))
    return {name: sum(values) / len(values) for name, values in found.items()}


def spaced(n: int, count: int) -> list[int]:
    """At most so many of n indices, evenly spaced.

    >>> spaced(10, 3), spaced(2, 5)
    ([0, 3, 6], [0, 1])
    """
    return list(range(n)) if n <= count else [k * n // count for k in range(count)]


def above_each_other(real: Sequence[Tensor], made: Sequence[Tensor], front: MelFrontEnd) -> NDArray[np.uint8]:
    """Log-mel spectrograms of waves (samples,) in a row, and of as many others below; low frequencies below."""
    spectrograms = [front.mel(whole_hops(wave[None], front.hop))[0] for wave in (*real, *made)]
    frames = max(picture.shape[1] for picture in spectrograms)
    loudest, quietest = max(float(p.max()) for p in spectrograms), min(float(p.min()) for p in spectrograms)
    tiles = torch.zeros(len(spectrograms), 1, front.bands, frames, dtype=torch.uint8)
    for tile, picture in zip(tiles, spectrograms, strict=True):
        levels = (picture - quietest) / max(loudest - quietest, 1e-9)
        tile[0, :, : picture.shape[1]] = (levels.flip(0) * 255).round().to(torch.uint8)
    return image_grid(tiles, columns=len(real), scale=2)
