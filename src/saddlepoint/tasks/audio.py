"""Sounds: trained generators of spectrograms that are heard, or of waves, and the task that judges a game of them."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from saddlepoint.core import rng
from saddlepoint.data.audio import SoundData
from saddlepoint.extractors import SoundExtractor
from saddlepoint.measures import Number, measure, numbers
from saddlepoint.metrics import Moments, frechet_from_moments, inception_score, mode_coverage
from saddlepoint.signals import Spectrogram
from saddlepoint.tasks.baseline import BaselineTask
from saddlepoint.tasks.image import ImageTask
from saddlepoint.tasks.judging import write_picture
from saddlepoint.tasks.pictures import CLASSES, image_grid
from saddlepoint.tasks.trained import ImageGenerator, Sampler, to_bytes

#: Sounds made together; the transform of more would take memory.
TOGETHER = 64
#: What levels 0 and 1 of a spectrogram are to the networks.
RANGE = (-1.0, 1.0)
#: Seconds of silence between the sounds of a preview.
PAUSE = 0.15


@dataclass
class SoundGenerator(Sampler):
    """Makes sounds, float (n, samples) in [−1, 1].

    Attributes:
        spectrogram: how sounds are pictured, as plain data.

    Load and use it in three lines:

        from saddlepoint.tasks.trained import Sampler
        generator = Sampler.load(Path("runs/audio/generator"))
        waves = generator.sample(16, seed=7)          # float, (16, samples), generator.rate samples a second
    """

    spectrogram: Mapping[str, int]

    @property
    @abstractmethod
    def pictures(self) -> ImageGenerator:
        """The same generator, of spectrograms: uint8 (n, 1, bands, frames)."""

    @cached_property
    def pictured(self) -> Spectrogram:
        """How sounds are pictured."""
        return Spectrogram(**self.spectrogram)

    @property
    def rate(self) -> int:
        """Samples a second."""
        return self.pictured.rate

    def picture(self, samples: Tensor, columns: int | None = None, scale: int | None = None) -> NDArray[np.uint8]:
        """Spectrograms of sounds (n, samples), low frequencies below."""
        return spectrograms(to_bytes(self.pictured.levels(samples), (0.0, 1.0)), columns, scale)


@dataclass
class SpectrogramGenerator(SoundGenerator):
    """Its network makes spectrograms, whose phases are then sought.

    Attributes:
        steps: of Griffin's and Lim's search for phases.
    """

    steps: int = 32

    kind = "sounds"

    def details(self) -> dict[str, Any]:
        """The spectrogram and the steps."""
        return {"spectrogram": dict(self.spectrogram), "steps": self.steps}

    @property
    def pictures(self) -> ImageGenerator:
        """What is learnt, before it is heard."""
        return ImageGenerator(self.network, self.spec, self.shape, self.latent, RANGE, classes=self.classes)

    def finished(self, outputs: Tensor) -> Tensor:
        """Waves (n, samples) in [−1, 1]."""
        return self.heard(to_bytes(outputs, RANGE))

    def heard(self, levels: Tensor) -> Tensor:
        """Pictures, uint8 (n, 1, bands, frames) → waves (n, samples)."""
        waves = [self.pictured.waves(part.float() / 255, self.steps) for part in levels.split(TOGETHER) if len(part)]
        return torch.cat(waves) if waves else torch.empty(0, self.pictured.samples)


@dataclass
class WaveformGenerator(SoundGenerator):
    """Its network makes the sounds themselves, (1, samples)."""

    kind = "waves"

    def details(self) -> dict[str, Any]:
        """The spectrogram."""
        return {"spectrogram": dict(self.spectrogram)}

    @property
    def pictures(self) -> ImageGenerator:
        """Spectrograms of what is made."""
        seen = _Seen(self.network, self.pictured)
        return ImageGenerator(seen, self.spec, self.pictured.shape, self.latent, RANGE, classes=self.classes)

    def finished(self, outputs: Tensor) -> Tensor:
        """Waves (n, samples) in [−1, 1]."""
        return outputs[:, 0].float().clamp(-1, 1)


class _Seen(nn.Module):
    """Spectrograms, in RANGE, of the sounds that a network makes."""

    def __init__(self, network: nn.Module, pictured: Spectrogram) -> None:
        super().__init__()
        self.network, self.pictured = network, pictured
        self.train(network.training)

    def forward(self, *inputs: Tensor) -> Tensor:
        low, high = RANGE
        return self.pictured.levels(self.network(*inputs)[:, 0]) * (high - low) + low


def spectrograms(levels: Tensor, columns: int | None = None, scale: int | None = None) -> NDArray[np.uint8]:
    """A grid of pictures, uint8 (n, 1, bands, frames), low frequencies below."""
    return image_grid(levels.flip(2), columns, scale)


def levels_of(data: SoundData, pictured: Spectrogram, indices: Tensor | None = None) -> Tensor:
    """Spectrograms of sounds, or of some of them: uint8 (n, 1, bands, frames)."""
    chosen = torch.arange(len(data)) if indices is None else indices
    parts = (pictured.levels(data.floats(part)) for part in chosen.split(TOGETHER))
    return torch.cat([to_bytes(part, (0.0, 1.0)) for part in parts])


def preview(waves: Tensor, rate: int) -> NDArray[np.float32]:
    """Sounds (n, samples) after one another as one wave, with a pause after each."""
    pause = waves.new_zeros(len(waves), round(PAUSE * rate))
    joined: NDArray[np.float32] = torch.cat([waves, pause], 1).flatten().numpy()
    return joined


class AudioTask:
    """Measures a game of sounds, by spectrograms that are seen and by what is heard.

    Args:
        images: judges and draws spectrograms.
        trained: the generator with its description; shares its network with the game.
        data: the sounds.
        seed: decides which of them are heard.
        card: the model card's facts.
        judge: hears the sounds; None compares coarse spectrograms.
        judged: sounds of each kind that the metric compares.
    """

    def __init__(
        self,
        images: ImageTask | BaselineTask,
        trained: SoundGenerator,
        data: SoundData,
        seed: int,
        card: Mapping[str, Any],
        judge: SoundExtractor | None,
        judged: int,
    ) -> None:
        self.images, self.card, self.judge = images, dict(card), judge
        self._trained, self._data = trained, data
        self._judged = torch.randperm(len(data), generator=rng(seed, "judged"))[:judged]

    @property
    def trained(self) -> SoundGenerator:
        """What is handed over; a density that it draws its codes through is fitted to the model as it is now."""
        assert isinstance(self.images.trained, ImageGenerator)  # fits it
        return self._trained

    def monitors(self) -> dict[str, float]:
        """As for images, of spectrograms: see `ImageTask` and `BaselineTask`."""
        return self.images.monitors()

    def metrics(self) -> list[Number]:
        """The distance of generated from real sounds, as many of each.

        `pixel_frechet` of spectrograms averaged to at most 8x8; or, where there is a judge, `frechet_…` in its
        features, with the Inception Score of its classes and how many of them are heard.
        """
        if self.judge is None:
            return self.images.metrics()
        heard = self.judge.read(self.trained.sample(len(self._judged), seed=1), self.trained.rate)
        assert heard.logits is not None
        labels = heard.logits.argmax(1).numpy()
        distance = frechet_from_moments(self._real, Moments.of(heard.features))
        heard_of = {
            "inception_score": inception_score(heard.logits, splits=1).mean,
            "modes": float(mode_coverage(labels, heard.logits.shape[1]).modes),
        }
        return [Number(measure("frechet").of(self.judge.name), distance), *numbers(heard_of)]

    @cached_property
    def _real(self) -> Moments:
        assert self.judge is not None
        return Moments.of(self.judge(self._data.floats(self._judged), self._data.rate))

    def snapshot(self, path: Path) -> None:
        """A grid of generated spectrograms from latents that never change, a column a class where there are some."""
        classes = len(self.trained.classes)
        columns = classes if 0 < classes <= CLASSES else 8
        write_picture(path, spectrograms(self.trained.pictures.sample(columns * 4, seed=0), columns))

    def deliver(self, folder: Path) -> None:
        """The generator with its spectrogram, configuration and model card."""
        facts = "\n".join(f"- {key}: {value}" for key, value in self.card.items())
        self.trained.save(folder, _CARD.format(facts=facts))


def plain(pictured: Spectrogram) -> dict[str, int]:
    """A spectrogram as plain data."""
    return asdict(pictured)


_CARD = """# A generator of sounds, trained with Saddlepoint

{facts}

Weights are in `generator.safetensors`; the network, its input and its spectrogram in `config.yaml`. Draw from it:

    saddle sample THIS_FOLDER -n 16 --seed 7 --dir sounds        # a WAV file each
    saddle sample THIS_FOLDER -n 16 --seed 7 --out preview.wav   # one after another

or in Python:

    from pathlib import Path
    from saddlepoint.tasks.trained import Sampler
    waves = Sampler.load(Path("THIS_FOLDER")).sample(16, seed=7)   # float, (16, samples)
"""
