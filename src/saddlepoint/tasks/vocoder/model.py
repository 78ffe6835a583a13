"""The trained vocoder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import conv_transpose1d

from saddlepoint.components.registries import NETWORK_REGISTRY
from saddlepoint.configuration import Settings
from saddlepoint.core import rng
from saddlepoint.data import DataError
from saddlepoint.data.audio import ENDINGS, read_sound, write_wave
from saddlepoint.data.dataset import OnProgress, quiet
from saddlepoint.disk import found_at, walk
from saddlepoint.marks import Mark, write_marked
from saddlepoint.networks import VocoderGenerator
from saddlepoint.networks.vocoder import LOUDEST
from saddlepoint.signals import MelFrontEnd, whole_hops
from saddlepoint.tasks.graph import Graph, plain
from saddlepoint.tasks.model import Converter

#: Frames that are made together, beside what they depend on.
CHUNK = 1024
#: Of a file that holds a spectrogram.
ARRAY = ".npy"


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


class VocoderGraph(nn.Module):
    """A vocoder whose inverse transform is written as a convolution, which every program has.

    Args:
        network: the vocoder.
    """

    basis: Tensor
    squares: Tensor

    def __init__(self, network: VocoderGenerator) -> None:
        super().__init__()
        copied = plain(network)
        assert isinstance(copied, VocoderGenerator)
        self.network = copied
        window = copied.window
        hann = torch.hann_window(window, dtype=torch.float64)
        # Frames of each frequency's cosine and sine: the inverse transform is linear.
        units = torch.eye(window // 2 + 1, dtype=torch.complex128)
        cosines, sines = (torch.fft.irfft(unit, window) * hann for unit in (units, 1j * units))
        self.register_buffer("basis", torch.cat([cosines, sines])[:, None].float())
        self.register_buffer("squares", hann.square()[None, None].float())

    def forward(self, mel: Tensor) -> Tensor:
        """(N, bands, T) → (N, (T − 1) · hop)."""
        network = self.network
        x = network.heard(mel)
        if network.rest == 1:
            return torch.tanh(x[:, 0, :-1])
        levels, phases = x.chunk(2, dim=1)
        sizes = levels.clamp_max(LOUDEST).exp()
        spectra = torch.cat([sizes * phases.cos(), sizes * phases.sin()], 1)
        added = conv_transpose1d(spectra, self.basis, stride=network.rest)
        weights = conv_transpose1d(torch.ones_like(spectra[:1, :1]), self.squares, stride=network.rest)
        cut = network.window // 2
        return (added[:, 0, cut:-cut] / weights[:, 0, cut:-cut]).clamp(-1, 1)


class VocoderOptions(Settings):
    """What may be chosen when a vocoder is applied."""

    steps: int | None = Field(default=None, ge=0)
    """By which waves are brought nearer to their spectrogram; 0 is the network alone, none as it was trained."""


@dataclass
class Vocoder(Converter):
    """Makes waves of log-mel spectrograms, of any length.

    Attributes:
        network: (N, bands, T) → (N, (T − 1) · hop).
        shape: (samples,) of what it was trained to make.
        source: (bands, frames) of what it was trained on.
        mel: `MelFrontEnd`'s arguments as plain data.
        steps, momentum: by which waves are brought nearer to their spectrogram, see `MelFrontEnd.refined`.
        seconds: of sound that `convert` has written.

    Raises:
        ValueError: a network that makes no waves of spectrograms.
    """

    source: tuple[int, int]
    mel: Mapping[str, int]
    steps: int = 0
    momentum: float = 0.0
    seconds: float = field(default=0.0, init=False, compare=False)

    kind: ClassVar[str] = "vocoder"
    title: ClassVar[str] = "a vocoder"
    verb: ClassVar[str] = "vocode"
    takes: ClassVar[str] = "sounds"
    Options: ClassVar[type[Settings]] = VocoderOptions

    def __post_init__(self) -> None:
        if not isinstance(self.network, VocoderGenerator):
            raise ValueError(f"{type(self.network).__name__} makes no waves of spectrograms: choose vocoder")

    @cached_property
    def front(self) -> MelFrontEnd:
        """How sounds become mel spectrograms."""
        return MelFrontEnd(**self.mel)

    def description(self) -> dict[str, Any]:
        """What it was trained on, its spectrograms, and the steps."""
        return {
            "source": list(self.source),
            "mel": dict(self.mel),
            "steps": self.steps,
            "momentum": float(self.momentum),
        }

    @classmethod
    def described(
        cls, network: nn.Module | None, spec: Mapping[str, Any], shape: tuple[int, ...], description: Mapping[str, Any]
    ) -> Self:
        """One as a description has it, with a network that is given, or with a new one where it is None."""
        rest = dict(description)
        bands, frames = rest.pop("source")
        if network is None:
            network = NETWORK_REGISTRY.build(spec, source=(bands, frames), shape=shape)
        return cls(network, spec, shape, (bands, frames), **rest)

    def usage(self) -> tuple[str, str]:
        """The command and the Python that use it."""
        return "saddle vocode {} IN… --out DIR", "wave = run.apply(mel)   # float (bands, T) → float (samples,)"

    def graph(self) -> Graph:
        """Log-mels of any length to waves, by the network alone: without the steps that bring them nearer."""
        bands, hop = self.source[0], self.front.hop
        about = {
            "mel": f"natural logarithms of mel power (N, {bands}, T), T at least 2",
            "waves": f"(N, (T - 1) · {hop}) in [-1, 1], {self.front.rate:,} samples a second",
        }
        example = torch.randn(2, bands, 9, generator=rng(0, "mel"))
        assert isinstance(self.network, VocoderGenerator)
        module = VocoderGraph(self.network).eval()
        return Graph(module, {"mel": example}, ("waves",), about, {"mel": (0, 2)}, {"mel": dict(self.mel)})

    def tried(self) -> None:
        """Make two hops of sound."""
        self.wave_of(torch.zeros(self.source[0], 3))

    # --- spectrograms to waves ------------------------------------------------------------------------------

    def applied(self, given: Any, options: VocoderOptions, progress: OnProgress = quiet) -> Tensor:  # noqa: ARG002
        """A log-mel spectrogram, tensor or array (bands, T), to a wave, float (samples,) in [−1, 1].

        Raises:
            ValueError: see `wave_of`.
        """
        return self.wave_of(torch.as_tensor(given), progress=progress)

    def wave_of(self, mel: Tensor, chunk: int = CHUNK, progress: OnProgress = quiet) -> Tensor:
        """Log-mels of any length, float (bands, T) → float (samples,) in [−1, 1], (T − 1) · hop of them.

        Made by chunks with all the frames around that they depend on, so that they join without a seam, in memory that
        does not grow with the length.

        Args:
            mel: natural logarithms of power, as `front.mel` gives them.
            chunk: frames of one.
            progress: told how many frames are done.

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
                progress("vocoding", stop, last)
        return wave

    def log_mel(self, wave: Any) -> Tensor:
        """A wave, tensor or array (samples,), as the network takes it, (bands, frames), its end filled to whole hops.

        Raises:
            ValueError: it has more than one channel.
        """
        wave = torch.as_tensor(wave).float()
        if wave.ndim != 1:
            raise ValueError(f"the wave is {tuple(wave.shape)}: give one channel, (samples,)")
        return self.front.mel(whole_hops(wave[None], self.front.hop))[0]

    def resynthesised(self, wave: Tensor, progress: OnProgress = quiet) -> Tensor:
        """A wave (samples,) made anew of its spectrogram, as long."""
        return self.wave_of(self.log_mel(wave), progress=progress)[: len(wave)]

    # --- files ------------------------------------------------------------------------------------------------

    def prepared(self, options: VocoderOptions) -> Self:
        """The same with as many steps as the options say."""
        return self if options.steps is None else replace(self, steps=options.steps)

    def facts(self) -> dict[str, Any]:
        """Seconds of sound that were written."""
        return {"seconds": round(self.seconds, 3)}

    def inputs(self, folder: Path) -> Sequence[str]:
        """Sounds and spectrograms below a folder, sorted."""
        found = []
        for place, files in walk(folder):
            found += [(place / name).relative_to(folder).as_posix() for name in files if _taken(name)]
        return sorted(found)

    def renamed(self, name: Path) -> Path:
        """A WAV file."""
        return name.with_suffix(".wav")

    def convert(
        self,
        source: Path,
        target: Path,
        options: VocoderOptions,
        progress: OnProgress = quiet,
        mark: Mark | None = None,
    ) -> str | None:
        """Make a sound, or a .npy file of log-mels (bands, frames), into a 16-bit mono WAV file."""
        model = self.prepared(options)
        try:
            if source.suffix.lower() == ARRAY:
                made = model.wave_of(_spectrogram(source), progress=progress)
            else:
                wave = torch.from_numpy(read_sound(source, self.front.rate).wave).float()
                made = model.resynthesised(wave, progress)
        except ValueError as error:
            return str(error)
        write_marked(target, partial(write_wave, wave=made.numpy(), rate=self.front.rate), mark)
        self.seconds += len(made) / self.front.rate
        return None


def _taken(name: str) -> bool:
    return not name.startswith(".") and Path(name).suffix.lower() in (*ENDINGS, ARRAY)


def _spectrogram(path: Path) -> Tensor:
    """Numbers (bands, frames) of a .npy file. Raises DataError where it holds none."""
    try:
        if found := found_at(path):
            raise OSError(f"it {found}")
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"it is no .npy file of numbers ({error})") from error
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "fiu":
        raise DataError("it is no .npy file of numbers: give log-mels, floats (bands, frames)")
    return torch.from_numpy(found.astype(np.float32))
