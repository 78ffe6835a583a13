"""Waves made of spectrograms: the trained vocoder, what it is held against, and the task that judges a game of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from saddlepoint.core import Batch, Game, seed_for
from saddlepoint.data.pair_stream import PairBatch
from saddlepoint.data.recordings import CropStream, Recordings
from saddlepoint.losses import absolute_error, log_magnitude_distance, spectral_convergence
from saddlepoint.measures import Number, numbers
from saddlepoint.metrics import log_spectral_distance, mel_distance, stft_distance
from saddlepoint.networks import VocoderGenerator
from saddlepoint.signals import MelFrontEnd, stft, whole_hops
from saddlepoint.tasks.interpolation import REGRESSION
from saddlepoint.tasks.judging import gradient_norms, write_picture
from saddlepoint.components.content import ContentLoss
from saddlepoint.tasks.pictures import image_grid
from saddlepoint.tasks.trained import NETWORK_REGISTRY, Model

#: Frames that are made together, beside what they depend on.
CHUNK = 1024
#: Crops that monitors look at; recordings that metrics hear and pictures show, and frames of these.
MONITORED, JUDGED, SHOWN, FRAMES = 16, 24, 6, 160


class Refined(nn.Module):
    """A network of waves from spectrograms, whose waves are then brought nearer to their spectrogram.

    Args:
        network: (N, bands, T) → (N, (T − 1) · hop).
        front: how waves are heard.
        steps: see `MelFrontEnd.refined`; 0 leaves waves as the network makes them.
        momentum: of these steps.
    """

    def __init__(self, network: nn.Module, front: MelFrontEnd, steps: int, momentum: float = 0.0) -> None:
        super().__init__()
        self.network, self.front, self.steps, self.momentum = network, front, steps, momentum

    def forward(self, mel: Tensor) -> Tensor:
        """(N, bands, T) → (N, (T − 1) · hop)."""
        return self.front.refined(self.network(mel), mel, self.steps, self.momentum)


@dataclass
class Vocoder(Model):
    """Makes waves of log-mel spectrograms, of any length.

    Attributes:
        network: (N, bands, T) → (N, (T − 1) · hop).
        shape: (samples,) of what it was trained to make.
        source: (bands, frames) of what it was trained on.
        mel: how waves are heard, `MelFrontEnd`'s arguments as plain data.
        steps, momentum: by which waves are brought nearer to their spectrogram, see `MelFrontEnd.refined`.

    Load and use it in three lines:

        from saddlepoint.tasks.vocoder import Vocoder
        vocoder = Vocoder.load(Path("runs/vocoder/generator"))
        wave = vocoder.apply(mel)      # float (bands, T) → float (samples,), vocoder.front.rate samples a second

    Raises:
        ValueError: a network that makes no waves of spectrograms.
    """

    source: tuple[int, int]
    mel: Mapping[str, int]
    steps: int = 0
    momentum: float = 0.0

    kind = "vocoder"
    called = "a vocoder"
    command = "saddle vocode {} IN… --out DIR"

    def __post_init__(self) -> None:
        if not isinstance(self.network, VocoderGenerator):
            raise ValueError(f"{type(self.network).__name__} makes no waves of spectrograms: choose vocoder")

    @cached_property
    def front(self) -> MelFrontEnd:
        """How waves are heard."""
        return MelFrontEnd(**self.mel)

    def description(self) -> dict[str, Any]:
        """What it was trained on, how that was heard, and the steps."""
        return {
            "source": list(self.source),
            "mel": dict(self.mel),
            "steps": self.steps,
            "momentum": float(self.momentum),
        }

    @classmethod
    def described(cls, spec: Mapping[str, Any], shape: tuple[int, ...], description: Mapping[str, Any]) -> Self:
        """One with a new network, as a description has it."""
        rest = dict(description)
        bands, frames = rest.pop("source")
        network = NETWORK_REGISTRY.build(spec, source=(bands, frames), shape=shape)
        return cls(network, spec, shape, (bands, frames), **rest)

    def apply(self, mel: Tensor, chunk: int = CHUNK, progress: Callable[[int, int], None] | None = None) -> Tensor:
        """Log-mels of any length, float (bands, T) → float (samples,) in [−1, 1], (T − 1) · hop of them.

        Made by chunks with all the frames around that they depend on, so that they join without a seam, in memory that
        does not grow with the length.

        Args:
            mel: natural logarithms of power, as `front.mel` gives them.
            chunk: frames of one.
            progress: called with (frames done, of how many).

        Raises:
            ValueError: other bands than it was trained on, fewer than two frames, or numbers that are not finite.
        """
        if mel.ndim != 2 or mel.shape[0] != self.source[0] or mel.shape[1] < 2 or not bool(mel.isfinite().all()):
            raise ValueError(
                f"the spectrogram is {tuple(mel.shape)}: this vocoder takes finite log-mels ({self.source[0]} bands, "
                f"frames), at least 2 frames of {self.front.hop} samples at {self.front.rate:,} Hz"
            )
        assert isinstance(self.network, VocoderGenerator)
        hop, last = self.front.hop, mel.shape[1] - 1
        around = self.network.reach + self.steps * -(-self.front.window // hop) + self.front.margin // hop
        wave = torch.empty(last * hop)
        with self.evaluating() as device:
            whole = Refined(self.network, self.front, self.steps, self.momentum)
            for start in range(0, last, chunk):
                stop = min(start + chunk, last)
                low, high = max(0, start - around), min(last, stop + around)
                made = whole(mel[None, :, low : high + 1].to(device).float())[0]
                wave[start * hop : stop * hop] = made[(start - low) * hop : (stop - low) * hop].clamp(-1, 1).cpu()
                if progress is not None:
                    progress(stop, last)
        return wave

    def log_mel(self, wave: Tensor) -> Tensor:
        """A wave (samples,) as the network takes it, (bands, frames), its end filled up to whole hops."""
        return self.front.mel(whole_hops(wave[None], self.front.hop))[0]

    def resynthesised(self, wave: Tensor, progress: Callable[[int, int], None] | None = None) -> Tensor:
        """A wave (samples,) made anew of its spectrogram, as long."""
        return self.apply(self.log_mel(wave), progress=progress)[: len(wave)]

    def without_steps(self) -> "Vocoder":
        """The network alone."""
        return Vocoder(self.network, self.spec, self.shape, self.source, self.mel)


@dataclass(frozen=True)
class MelLoss(ContentLoss):
    """λ E |mel(G(m)) − mel(x)|, of logarithms of power in bands.

    Kong, Kim, Bae 2020, arXiv 2010.05646, equation 7.
    """

    weight: float
    front: MelFrontEnd

    paper = """@inproceedings{kong2020hifi,
  title={HiFi-GAN: Generative Adversarial Networks for Efficient and High Fidelity Speech Synthesis},
  author={Kong, Jungil and Kim, Jaehyeon and Bae, Jaekyoung},
  booktitle={NeurIPS}, year={2020}}"""

    def __call__(self, made: Tensor, target: Tensor) -> Tensor:
        """The term of waves (N, samples)."""
        return self.weight * absolute_error(self.front.mel(made), self.front.mel(target))


@dataclass(frozen=True)
class MultiResolutionSTFT(ContentLoss):
    """λ times spectral convergence and the distance of log-magnitudes, means over transforms of several windows.

    Yamamoto, Song, Kim 2020, arXiv 1910.11480.

    Attributes:
        windows: samples; hops are a quarter of them.
    """

    weight: float
    windows: Sequence[int] = (128, 256, 512)

    paper = """@inproceedings{yamamoto2020parallel,
  title={Parallel WaveGAN: A Fast Waveform Generation Model Based on Generative Adversarial Networks with
         Multi-Resolution Spectrogram},
  author={Yamamoto, Ryuichi and Song, Eunwoo and Kim, Jae-Min},
  booktitle={ICASSP}, year={2020}}"""

    def __call__(self, made: Tensor, target: Tensor) -> Tensor:
        """The term of waves (N, samples)."""
        terms = []
        for window in self.windows:
            of_made, of_target = (_magnitudes(waves, window) for waves in (made, target))
            terms += [spectral_convergence(of_made, of_target), log_magnitude_distance(of_made, of_target)]
        return self.weight * torch.stack(terms).sum() / len(self.windows)


def _magnitudes(waves: Tensor, window: int) -> Tensor:
    # The root of 0 has no slope.
    spectra = stft(waves, window, window // 4)
    return (spectra.real.square() + spectra.imag.square() + 1e-9).sqrt()


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


class VocoderTask:
    """Measures a game of a vocoder and a discriminator of waves.

    Args:
        game: the players; the generator an `Refined` around the vocoder's network.
        trained: the vocoder with its description; shares its network with the game.
        stream: gives the batches.
        judged: recordings that metrics hear.
        card: the model card's facts.
    """

    def __init__(
        self, game: Game, trained: Vocoder, stream: CropStream, judged: Recordings, card: Mapping[str, Any]
    ) -> None:
        self.game, self.trained, self.card = game, trained, dict(card)
        self._waves = [judged[k] for k in spaced(len(judged), JUDGED)]
        part = stream.part(batch_size=MONITORED, seed=seed_for(stream.seed, "watched"))
        self._watched = Batch(part.drawn(0), seed=seed_for(stream.seed, "watched"))

    def monitors(self) -> dict[str, float]:
        """Numbers that tell a healthy game from a failing one, on crops of the training that never change.

        `discriminator_auc`: how often the discriminator ranks a crop above what is made of its spectrogram (½: it can't
        tell). `loudness`: root mean square of made crops over that of the real ones. `…_gradient_norm`: norm of each
        player's gradient, with the adversary at its full weight.
        """
        value: PairBatch = self._watched.value
        generator, discriminator = self.game.players["generator"], self.game.players["discriminator"]
        with torch.no_grad(), self.game.untouched():
            made = generator(value.source)
            of_real, of_made = (discriminator(waves).flatten(1).mean(1) for waves in (value.target, made))
        return {
            "discriminator_auc": float((of_real[:, None] > of_made[None, :]).float().mean()),
            "loudness": float(made.square().mean().sqrt() / value.target.square().mean().sqrt().clamp_min(1e-9)),
            **gradient_norms(self.game, self._watched),
        }

    def metrics(self) -> list[Number]:
        """On recordings that are not trained on where there are such: see `resemblance`."""
        made = [self.trained.resynthesised(wave) for wave in self._waves]
        return numbers(resemblance(self._waves, made, self.trained.front))

    def snapshot(self, path: Path) -> None:
        """Spectrograms of recordings, and below them of what is made of these."""
        length = FRAMES * self.trained.front.hop
        real = [self._waves[k][:length] for k in spaced(len(self._waves), SHOWN)]
        write_picture(path, above_each_other(real, [self.trained.resynthesised(x) for x in real], self.trained.front))

    def deliver(self, folder: Path) -> None:
        """The vocoder with its configuration and model card."""
        self._save(folder)

    def keep_regression(self, folder: Path) -> None:
        """The vocoder as the first stage ended with it, below that folder."""
        self._save(folder / REGRESSION, stage="regression, without the adversary")

    def _save(self, folder: Path, **facts: str) -> None:
        told = "\n".join(f"- {key}: {value}" for key, value in {**self.card, **facts}.items())
        self.trained.save(folder, _CARD.format(facts=told))


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


_CARD = """# A vocoder trained with Saddlepoint

{facts}

Weights are in `generator.safetensors`; the network, its spectrogram and rate in `config.yaml`. Make sounds anew of
their spectrograms, or of log-mel spectrograms (bands, frames) in .npy files:

    saddle vocode THIS_FOLDER speech.wav folder/ --out made

or in Python:

    from pathlib import Path
    from saddlepoint.tasks.vocoder import Vocoder
    wave = Vocoder.load(Path("THIS_FOLDER")).apply(mel)   # float (bands, T) → float (samples,)
"""
