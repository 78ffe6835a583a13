"""Trained generators of sounds: of spectrograms, whose phases are then sought, and of waves."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field
from torch import Tensor

from saddlepoint.configuration import Settings
from saddlepoint.data.audio import SoundData, at_rate, write_wave
from saddlepoint.signals import Spectrogram
from saddlepoint.storage import write_atomically
from saddlepoint.tasks.model import FOLDER, LatentSampler
from saddlepoint.tasks.pictures import PICTURES, class_columns, image_grid, to_bytes

#: Sounds made together; the transform of more would take memory.
TOGETHER = 64
#: What levels 0 and 1 of a spectrogram are to the networks.
RANGE = (-1.0, 1.0)
#: Rows of a grid of sounds that never change, and columns where they are no classes.
ROWS, COLUMNS = 4, 8
#: Seconds of silence between the sounds of a preview.
PAUSE = 0.15


class SoundOptions(Settings):
    """What may be chosen of sounds, and of pictures of them."""

    columns: int | None = Field(default=None, ge=1)
    """Columns of a grid of spectrograms; none makes it as square as it gets."""
    scale: int | None = Field(default=None, ge=1)
    """Enlarge pixels by a whole factor."""
    rate: int | None = Field(default=None, ge=1000, le=192_000)
    """Samples a second of the files that are written; none is that of the training."""


class Sounds(NamedTuple):
    """Sounds, float32 (n, samples) in [−1, 1], and their samples a second."""

    waves: Tensor
    rate: int


@dataclass(frozen=True)
class DrawnSounds:
    """Sounds with what they were made of.

    Attributes:
        waves: float32 (n, samples).
        latents: (n, latent size).
        labels: int64 (n,), or None.
    """

    waves: Tensor
    latents: Tensor
    labels: Tensor | None
    options: SoundOptions


def _picture_as(form: str) -> Callable[["SoundGenerator", DrawnSounds, Path], None]:
    """Writes spectrograms in a format of Pillow's."""
    return lambda model, drawn, path: model.write_grid(drawn, path, form)


@dataclass
class SoundGenerator(LatentSampler):
    """Makes sounds, float32 (n, samples) in [−1, 1].

    Attributes:
        spectrogram: how sounds are pictured, as plain data.
    """

    spectrogram: Mapping[str, int]

    title = "a generator of sounds"
    Options = SoundOptions
    default_out = "preview.wav"

    @abstractmethod
    def levels(self, outputs: Tensor) -> Tensor:
        """Spectrograms of the network's outputs, uint8 (n, 1, bands, frames)."""

    @cached_property
    def pictured(self) -> Spectrogram:
        """How sounds are pictured."""
        return Spectrogram(**self.spectrogram)

    @property
    def rate(self) -> int:
        """Samples a second."""
        return self.pictured.rate

    def usage(self) -> tuple[str, str]:
        """The command and the Python that use it."""
        return (
            "saddle sample {} -n 16 --seed 7 --dir sounds   # or --out preview.wav, one after another",
            "waves, rate = run.sample(16, seed=7)   # float (16, samples)",
        )

    def draw(self, n: int, seed: int, label: str | None, options: SoundOptions) -> DrawnSounds:
        """Sounds with their latents and classes."""
        labels = self.labels(n, label, seed)
        outputs, latents = self.drawn(n, seed, labels)
        return DrawnSounds(self.finished(outputs), latents, labels, options)

    def presented(self, drawn: DrawnSounds) -> Sounds:
        """The sounds and their rate."""
        return self._at_rate(drawn)

    def _at_rate(self, drawn: DrawnSounds) -> Sounds:
        """The sounds at the rate that was asked for."""
        if (rate := drawn.options.rate or self.rate) == self.rate:
            return Sounds(drawn.waves, rate)
        waves = [torch.from_numpy(at_rate(wave, self.rate, rate)) for wave in drawn.waves.double().numpy()]
        return Sounds(torch.stack(waves).float(), rate)

    def made_levels(self, n: int, seed: int) -> Tensor:
        """Spectrograms of the sounds of `made(n, seed)`."""
        return self.levels(self.drawn(n, seed, self.labels(n))[0])

    def picture(self, waves: Tensor, columns: int | None = None, scale: int | None = None) -> NDArray[np.uint8]:
        """Spectrograms of sounds (n, samples), low frequencies below."""
        return spectrograms(to_bytes(self.pictured.levels(waves), (0.0, 1.0)), columns, scale)

    def shown(self) -> NDArray[np.uint8]:
        """A grid of spectrograms of latents that never change, a column a class where there are some."""
        columns = class_columns(self.classes) or COLUMNS
        return spectrograms(self.made_levels(columns * ROWS, seed=0), columns)

    def write_grid(self, drawn: DrawnSounds, path: Path, form: str) -> None:
        """One picture of all spectrograms, in a format of Pillow's."""
        picture = self.picture(drawn.waves, drawn.options.columns, drawn.options.scale)
        Image.fromarray(picture).save(path, format=form)

    def _write_preview(self, drawn: DrawnSounds, path: Path) -> None:
        waves, rate = self._at_rate(drawn)
        write_wave(path, preview(waves, rate), rate)

    def _write_npz(self, drawn: DrawnSounds, path: Path) -> None:
        waves, rate = self._at_rate(drawn)
        arrays = {self.kind: waves.numpy(), "latents": drawn.latents.numpy(), "rate": np.array(rate)}
        if drawn.labels is not None:
            arrays["labels"] = drawn.labels.numpy()
        with path.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)

    def _write_folder(self, drawn: DrawnSounds, folder: Path) -> None:
        digits = len(str(len(drawn.waves) - 1))
        waves, rate = self._at_rate(drawn)
        for number, wave in enumerate(waves.numpy()):
            name = f"{number:0{digits}d}"
            if drawn.labels is not None:
                name = f"{self.classes[int(drawn.labels[number])].replace('/', '_')}_{name}"
            write_atomically(folder / f"{name}.wav", partial(write_wave, wave=wave, rate=rate), flushed=False)

    formats: ClassVar[Mapping[str, Callable[[Any, Any, Path], None]]] = {
        ".wav": _write_preview,
        **{ending: _picture_as(form) for ending, form in PICTURES.items()},
        ".npz": _write_npz,
        FOLDER: _write_folder,
    }


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

    exports: ClassVar[tuple[str, str]] = (
        "levels",
        "spectrograms, uint8 (N, 1, bands, frames), whose phases are to be sought",
    )

    def exported(self, outputs: Tensor) -> Tensor:
        """Bytes."""
        return self.levels(outputs)

    def levels(self, outputs: Tensor) -> Tensor:
        """What is learnt, before it is heard: uint8 (n, 1, bands, frames)."""
        return to_bytes(outputs, RANGE)

    def finished(self, outputs: Tensor) -> Tensor:
        """Waves (n, samples) in [−1, 1]."""
        return self.heard(self.levels(outputs))

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

    def levels(self, outputs: Tensor) -> Tensor:
        """Spectrograms of what is made, uint8 (n, 1, bands, frames)."""
        return to_bytes(self.pictured.levels(self.finished(outputs)), (0.0, 1.0))

    exports: ClassVar[tuple[str, str]] = ("waves", "(N, samples) in [-1, 1]")

    def exported(self, outputs: Tensor) -> Tensor:
        """Waves."""
        return self.finished(outputs)

    def finished(self, outputs: Tensor) -> Tensor:
        """Waves (n, samples) in [−1, 1]."""
        return outputs[:, 0].float().clamp(-1, 1)


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
