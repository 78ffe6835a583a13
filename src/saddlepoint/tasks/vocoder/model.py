"""The trained vocoder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import conv_transpose1d

from saddlepoint.components.registries import NETWORK_REGISTRY
from saddlepoint.configuration import Settings
from saddlepoint.core import rng
from saddlepoint.data import DataError
from saddlepoint.data.audio import DEPTHS, ENDINGS, SILENT, Sound, Wave, at_rate, mixed, read_sound, write_wave
from saddlepoint.data.collection import some
from saddlepoint.data.dataset import OnProgress, quiet
from saddlepoint.data.folder import printable
from saddlepoint.disk import found_at, walk
from saddlepoint.marks import Mark, write_marked
from saddlepoint.networks import VocoderGenerator
from saddlepoint.networks.vocoder import LOUDEST
from saddlepoint.signals import MelFrontEnd, whole_hops
from saddlepoint.tasks.graph import Graph, plain
from saddlepoint.tasks.model import Converter, Remark, silent

#: Frames that are made together, beside what they depend on.
CHUNK = 1024
#: Of a file that holds a spectrogram.
ARRAY = ".npy"
#: What rounding to 8 bits, and to more of them, changes of a level at most.
ROUNDED_8, ROUNDED = 2.0**-8, 2.0**-15


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
    rate: int | None = Field(default=None, ge=1000, le=192_000)
    """Samples a second of the files that are written; none is that of each file that is read."""
    channels: Literal["kept", "mixed"] = "kept"
    """Whether each channel is vocoded, or their mean as one."""


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
        remarks: what is to be said of it, with the files.

    Raises:
        ValueError: a network that makes no waves of spectrograms.
    """

    source: tuple[int, int]
    mel: Mapping[str, int]
    steps: int = 0
    momentum: float = 0.0
    seconds: float = field(default=0.0, init=False, compare=False)
    remarks: dict[str, list[str]] = field(default_factory=dict, init=False, compare=False)

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
        remark: Remark = silent,  # noqa: ARG002
    ) -> str | None:
        """Make a sound, or a .npy file of log-mels (bands, frames), into a WAV file, as `revoiced` says."""
        model = self.prepared(options)
        try:
            if source.suffix.lower() == ARRAY:
                made = model.wave_of(_spectrogram(source), progress=progress)
                sound = Sound(made.double().numpy()[:, None], self.front.rate)
                if options.rate is not None:
                    sound = Sound(at_rate(sound.samples[:, 0], sound.rate, options.rate)[:, None], options.rate)
            else:
                given = read_sound(source)
                sound = model.revoiced(given, options, progress)
                self._remark(source.name, given, sound)
        except ValueError as error:
            return str(error)
        write = partial(write_wave, wave=sound.samples, rate=sound.rate, depth=sound.depth)
        write_marked(target, write, mark)
        self.seconds += len(sound.samples) / sound.rate
        return None

    def revoiced(self, sound: Sound, options: VocoderOptions, progress: OnProgress = quiet) -> Sound:
        """A sound made anew of its spectrograms, with its own rate, channels, length and depth.

        Each channel is resampled to the vocoder's rate, vocoded by itself and resampled back. What lies above half of
        the vocoder's rate is empty then. A channel that is another one times a factor gets that one's result times the
        factor, and a silent one stays silent: a sound in the middle stays there, antiphase stays antiphase. A sound
        beyond full scale is scaled to it, vocoded, and scaled back; where the depth holds none beyond full scale, the
        result is scaled down to it. Depths that WAV files lack, as MP3's, become 16 bits.

        Args:
            sound: as `read_sound` gives it.
            options: its `rate` in place of the sound's own, and whether `channels` are mixed.
            progress: told how many frames are done, of all channels together.
        """
        rate = options.rate or sound.rate
        channels = sound.samples if options.channels == "kept" else mixed(sound.samples)[:, None]
        level = max(1.0, float(np.abs(channels).max()))
        frames = max(1, round(len(channels) * rate / sound.rate))
        rounded = ROUNDED_8 if sound.depth == "PCM_U8" else ROUNDED
        result = np.zeros((frames, channels.shape[1]))
        for place, wave in enumerate(channels.T):

            def told(what: str, done: float, of: float, place: int = place) -> None:
                progress(what, place + done / of, channels.shape[1])

            factors = [(k, _factor(channels[:, k], wave, rounded)) for k in range(place)]
            if known := [(k, factor) for k, factor in factors if factor]:
                result[:, place] = known[0][1] * result[:, known[0][0]]
            elif np.abs(wave).max() > SILENT:
                own = torch.from_numpy(at_rate(wave / level, sound.rate, self.front.rate)).float()
                made = at_rate(self.resynthesised(own, told).double().numpy(), self.front.rate, rate)[:frames]
                result[: len(made), place] = level * made
        depth = sound.depth if sound.depth in DEPTHS else "PCM_16"
        if not depth.startswith(("FLOAT", "DOUBLE")):
            result /= max(1.0, float(np.abs(result).max()))
        return Sound(result, rate, depth)

    def _remark(self, name: str, given: Sound, made: Sound) -> None:
        half = self.front.rate // 2
        found = {
            f"nothing above {half:,} Hz, half of the vocoder's rate": made.rate > self.front.rate,
            f"written at {made.rate:,} Hz, as was asked for": made.rate != given.rate,
            "of one channel, mixed of several, as was asked for": made.samples.shape[1] != given.samples.shape[1],
            f"written with 16 bits, in place of {given.depth}": made.depth != given.depth,
            "beyond full scale, scaled to it and back": given.peak > 1,
            "silent, and left so": given.peak <= SILENT,
        }
        for remark, applies in found.items():
            if applies:
                self.remarks.setdefault(remark, []).append(printable(name))

    def notes(self) -> list[str]:
        """What is to be said of the files that were written, a sentence each."""
        return [f"{remark[0].upper()}{remark[1:]}: {some(names)}." for remark, names in self.remarks.items()]


def _factor(other: Wave, wave: Wave, rounded: float) -> float:
    """By which a wave is another one, both (samples,), but for rounding; 0 where it is not."""
    power = float(other @ other)
    factor = float(other @ wave) / power if power else 0.0
    return factor if np.abs(factor * other - wave).max() <= 2 * rounded * (1 + abs(factor)) else 0.0


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
