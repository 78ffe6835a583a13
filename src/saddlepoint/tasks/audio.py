"""Sounds: the trained generator of spectrograms that are heard, and the task that judges a game of them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saddlepoint.core import Game, generator
from saddlepoint.data.audio import SoundData
from saddlepoint.data.stream import SampleStream
from saddlepoint.extractors import SoundExtractor
from saddlepoint.metrics import Moments, frechet_from_moments, inception_score, mode_coverage
from saddlepoint.signals import Spectrogram
from saddlepoint.tasks.image import ImageTask
from saddlepoint.tasks.judging import write_picture
from saddlepoint.tasks.pictures import CLASSES, image_grid
from saddlepoint.tasks.trained import ImageGenerator, TrainedGenerator, to_bytes

#: Sounds made together; the transform of more would take memory.
TOGETHER = 64
#: What the network's levels 0 and 1 are.
RANGE = (-1.0, 1.0)
#: Seconds of silence between the sounds of a preview.
PAUSE = 0.15


@dataclass
class WaveGenerator(TrainedGenerator):
    """Makes sounds, float (n, samples) in [−1, 1]: its network makes spectrograms, whose phases are then sought.

    Attributes:
        spectrogram: what pictures and sounds have to do with each other, as plain data.
        steps: of Griffin's and Lim's search for phases.

    Load and use it in three lines:

        from saddlepoint.tasks.trained import TrainedGenerator
        generator = TrainedGenerator.load(Path("runs/audio/generator"))
        waves = generator.sample(16, seed=7)          # float, (16, samples), generator.rate samples a second
    """

    spectrogram: Mapping[str, int]
    steps: int = 32

    kind = "sounds"

    def details(self) -> dict[str, Any]:
        """The spectrogram and the steps."""
        return {"spectrogram": dict(self.spectrogram), "steps": self.steps}

    @cached_property
    def pictured(self) -> Spectrogram:
        """How sounds are pictured."""
        return Spectrogram(**self.spectrogram)

    @property
    def rate(self) -> int:
        """Samples a second."""
        return self.pictured.rate

    @property
    def pictures(self) -> ImageGenerator:
        """The same network as a generator of images: what is learnt, before it is heard."""
        return ImageGenerator(self.network, self.spec, self.shape, self.latent, RANGE, classes=self.classes)

    def finished(self, outputs: Tensor) -> Tensor:
        """Waves (n, samples) in [−1, 1]."""
        low, high = RANGE
        levels = ((outputs.float() - low) / (high - low)).clamp(0, 1)
        waves = [self.pictured.waves(part, self.steps) for part in levels.split(TOGETHER) if len(part)]
        return torch.cat(waves) if waves else torch.empty(0, self.pictured.samples)

    def picture(self, samples: Tensor, columns: int | None = None, scale: int | None = None) -> NDArray[np.uint8]:
        """Spectrograms of sounds (n, samples), low frequencies below."""
        return spectrograms(to_bytes(self.pictured.levels(samples), (0.0, 1.0)), columns, scale)


def spectrograms(levels: Tensor, columns: int | None = None, scale: int | None = None) -> NDArray[np.uint8]:
    """A grid of pictures, uint8 (n, 1, bands, frames), low frequencies below."""
    return image_grid(levels.flip(2), columns, scale)


def levels_of(data: SoundData, pictured: Spectrogram) -> Tensor:
    """What networks see of sounds: uint8 (N, 1, bands, frames)."""
    parts = (pictured.levels(data.floats(part)) for part in torch.arange(len(data)).split(TOGETHER))
    return torch.cat([to_bytes(part, (0.0, 1.0)) for part in parts])


def preview(waves: Tensor, rate: int) -> NDArray[np.float32]:
    """Sounds (n, samples) after one another as one wave, with a pause after each."""
    pause = waves.new_zeros(len(waves), round(PAUSE * rate))
    joined: NDArray[np.float32] = torch.cat([waves, pause], 1).flatten().numpy()
    return joined


class AudioTask:
    """Measures a game of a generator and a discriminator of spectrograms, by what is seen and by what is heard.

    Args:
        game: the players.
        trained: the generator with its description; shares its network with the game.
        data: the sounds.
        stream: gives the batches, from levels uint8 (N, 1, bands, frames).
        card: the model card's facts.
        judge: hears the sounds; None compares coarse spectrograms.
        judged: sounds of each kind that the metric compares.
    """

    def __init__(
        self,
        game: Game,
        trained: WaveGenerator,
        data: SoundData,
        stream: SampleStream,
        card: Mapping[str, Any],
        judge: SoundExtractor | None,
        judged: int,
    ) -> None:
        self.game, self.trained, self.card, self.judge = game, trained, dict(card), judge
        self.images = ImageTask(game, trained.pictures, stream, card, None, judged)
        self._data = data
        self._judged = torch.randperm(len(data), generator=generator(stream.seed, "judged"))[:judged]

    def monitors(self) -> dict[str, float]:
        """As for images: see `ImageTask`; what is looked at are spectrograms."""
        return self.images.monitors()

    def metrics(self) -> dict[str, float]:
        """The distance of generated from real sounds, as many of each.

        `pixel_frechet` of spectrograms averaged to at most 8x8; or, where there is a judge, `frechet_…` in its
        features, with the Inception Score of its classes and how many of them are heard.
        """
        if self.judge is None:
            return self.images.metrics()
        heard = self.judge.read(self.trained.sample(len(self._judged), seed=1), self.trained.rate)
        assert heard.logits is not None
        name = self.judge.name.replace("-", "_")
        labels = heard.logits.argmax(1).numpy()
        return {
            f"frechet_{name}": frechet_from_moments(self._real, Moments.of(heard.features)),
            "inception": inception_score(heard.logits, splits=1).mean,
            "classes_heard": float(mode_coverage(labels, heard.logits.shape[1]).modes),
        }

    @cached_property
    def _real(self) -> Moments:
        assert self.judge is not None
        return Moments.of(self.judge(self._data.floats(self._judged), self._data.rate))

    def snapshot(self, path: Path) -> None:
        """A grid of generated spectrograms from latents that never change, a column a class where there are some."""
        classes = len(self.trained.classes)
        columns = classes if 0 < classes <= CLASSES else 8
        write_picture(path, spectrograms(self.images.trained.sample(columns * 4, seed=0), columns))

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
    from saddlepoint.tasks.trained import TrainedGenerator
    waves = TrainedGenerator.load(Path("THIS_FOLDER")).sample(16, seed=7)   # float, (16, samples)
"""
