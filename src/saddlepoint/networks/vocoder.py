"""The vocoder and its judges: log-mel spectrograms to waves, and what hears whether waves are real (HiFi-GAN)."""

from collections.abc import Sequence
from itertools import pairwise
from math import ceil, prod

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu, pad
from torch.nn.utils.parametrizations import weight_norm

from saddlepoint.networks.players import Discriminator

#: Of the leaky rectifiers, as the paper has it.
SLOPE = 0.1
#: Logarithm of the largest magnitude that a bin of the inverse transform is given.
LOUDEST = 5.0


class VocoderGenerator(nn.Module):
    """Log-mel spectrograms to waves, of any number of frames.

    Each factor is a transposed convolution that makes so many points of one, half as wide, and residual blocks of
    several kernels behind it, whose mean goes on (multi-receptive-field fusion). What the factors leave of the hop is
    done by an inverse short-time Fourier transform, of a window of four times that: quicker, and as good (iSTFTNet).
    Where they leave nothing, a convolution and a hyperbolic tangent make the samples.

    Frame t is about sample t · hop, as in librosa's centred transform: of T frames come (T − 1) · hop samples.

    Args:
        source: (bands, frames) of a spectrogram; networks take any number of frames.
        shape: (samples,) of its wave; (frames − 1) · hop.
        width: channels at the frames' rate.
        factors: that the rate grows by; their product divides the hop.
        kernels: of the residual blocks, odd, one block each.
        dilations: of the layers of each block.
        before: fusions of residual blocks at the frames' own rate.

    Attributes:
        hop: samples a frame.
        reach: frames on either side of a place that what is made there depends on.

    Raises:
        ValueError: shapes that do not fit each other or the factors, or a dial out of range.

    Kong, Kim, Bae 2020, "HiFi-GAN", arXiv 2010.05646; Kaneko, Tanaka, Kameoka, Seki 2022, "iSTFTNet", arXiv 2203.02395.

    >>> VocoderGenerator((20, 9), (512,), width=8)(torch.randn(2, 20, 5)).shape
    torch.Size([2, 256])
    """

    def __init__(
        self,
        source: tuple[int, int],
        shape: tuple[int],
        width: int = 128,
        factors: tuple[int, ...] = (8,),
        kernels: tuple[int, ...] = (3, 5, 7),
        dilations: tuple[int, ...] = (1, 3),
        before: int = 0,
    ) -> None:
        super().__init__()
        bands, frames = source
        if frames < 2 or shape[0] % (frames - 1):
            raise ValueError(
                f"{frames} frames of {shape[0]} samples have no whole hop: give (frames − 1) · hop samples"
            )
        self.hop = shape[0] // (frames - 1)
        if min([2, *factors]) < 2 or self.hop % prod(factors):
            raise ValueError(
                f"factors {list(factors)} do not divide the hop of {self.hop} samples: give whole numbers from 2 whose "
                f"product does"
            )
        if not kernels or not dilations or min(dilations) < 1 or any(k < 1 or k % 2 == 0 for k in kernels):
            raise ValueError(
                f"kernels are {list(kernels)} and dilations {list(dilations)}: give odd kernels and dilations from 1"
            )
        if width < 2 ** len(factors):
            raise ValueError(f"width is {width}: give at least 2 for every factor, {2 ** len(factors)}")
        self.first = weight_norm(nn.Conv1d(bands, width, 7, padding=3))
        self.before = nn.Sequential(*(_Fusion(width, kernels, dilations) for _ in range(before)))
        self.stages = nn.ModuleList()
        for factor in factors:
            # An odd kernel that reaches from frame to frame: the new points lie on the old ones, and between them.
            grow = weight_norm(nn.ConvTranspose1d(width, width // 2, 2 * factor + 1, factor, padding=factor))
            width //= 2
            self.stages.append(nn.ModuleList([grow, _Fusion(width, kernels, dilations)]))
        # Frames that the first convolution, the blocks before, each stage and the last layers look at.
        within = max(sum(d * (kernel - 1) // 2 for d in dilations) for kernel in kernels)
        reach, rate = 3.0 + before * within, 1
        for factor in factors:
            reach += 1 / rate
            rate *= factor
            reach += within / rate
        self.reach = ceil(reach + (3 + 2) / rate)
        self.rest = self.hop // prod(factors)
        self.window = 4 * self.rest
        self.last = weight_norm(nn.Conv1d(width, 1 if self.rest == 1 else self.window + 2, 7, padding=3))

    def forward(self, mel: Tensor) -> Tensor:
        """(N, bands, T) → (N, (T − 1) · hop), T at least 2."""
        x = self.heard(mel)
        if self.rest == 1:
            return torch.tanh(x[:, 0, :-1])
        # Layers may compute in bfloat16; transforms do not.
        x = x.to(torch.promote_types(x.dtype, torch.float32))
        levels, phases = x.chunk(2, dim=1)
        spectra = torch.polar(levels.clamp_max(LOUDEST).exp(), phases)
        hann = torch.hann_window(self.window, dtype=x.dtype, device=x.device)
        waves: Tensor = torch.istft(spectra, self.window, self.rest, window=hann)
        return waves

    def heard(self, mel: Tensor) -> Tensor:
        """(N, bands, T) → what waves are made of: themselves before the tanh, (N, 1, …), or logarithms of magnitudes
        and phases of their spectra, (N, window + 2, …)."""
        x = self.before(self.first(mel))
        for stage in self.stages:
            assert isinstance(stage, nn.ModuleList)
            grow, fusion = stage
            x = fusion(grow(leaky_relu(x, SLOPE)))
        found: Tensor = self.last(leaky_relu(x, SLOPE))
        return found


class _Fusion(nn.Module):
    """The mean of residual blocks with different kernels."""

    def __init__(self, width: int, kernels: Sequence[int], dilations: Sequence[int]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.ModuleList(
                weight_norm(nn.Conv1d(width, width, kernel, dilation=d, padding=d * (kernel - 1) // 2))
                for d in dilations
            )
            for kernel in kernels
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, width, T) → the same."""
        total = torch.zeros_like(x)
        for block in self.blocks:
            y = x
            for layer in block:  # type: ignore[attr-defined]
                y = y + layer(leaky_relu(y, SLOPE))
            total = total + y
        return total / len(self.blocks)


class VocoderDiscriminator(Discriminator):
    """Judges of waves, by periods and by spectrograms: each a stack of convolutions with logits of its own.

    A judge of period p sees every p-th sample in a row, and so p rows side by side (HiFi-GAN's multi-period
    discriminator); one of a window sees magnitudes of the short-time Fourier transform, to the root, so that what is
    quiet is seen too (UnivNet's multi-resolution discriminator). Their maps are brought to the length of the longest,
    so that in a mean over logits all judges have about the same weight.

    Args:
        shape: (samples,) of a wave.
        width: channels of the first layers; of further ones twice, then four times that. The paper's is 32.
        periods: of the judges by periods; none for none.
        windows: of the judges by spectrograms, samples, even; none for none. Hops are a quarter of them.

    Raises:
        ValueError: no judges, or waves too short for them.

    Kong, Kim, Bae 2020, arXiv 2010.05646; Jang, Lim, Yoon, Kim, Kim 2021 (UnivNet), arXiv 2106.07889.

    >>> VocoderDiscriminator((2048,), width=4)(torch.randn(2, 2048)).shape
    torch.Size([2, 6, 99])
    """

    def __init__(
        self,
        shape: tuple[int],
        width: int = 16,
        periods: tuple[int, ...] = (2, 3, 5, 7),
        windows: tuple[int, ...] = (128, 512),
    ) -> None:
        super().__init__(shape, classes=0, auxiliary=False, packing=1)
        if width < 1 or not (periods or windows) or min([2, *periods]) < 1 or any(w < 8 or w % 4 for w in windows):
            raise ValueError(
                f"width is {width}, periods {list(periods)} and windows {list(windows)}: give at least one channel, "
                f"and one period or window; windows are multiples of 4"
            )
        least = max([27 * p for p in periods] + [*windows])
        if shape[0] < least:
            raise ValueError(
                f"waves of {shape[0]} samples are too short for periods {list(periods)} and windows {list(windows)}: "
                f"give at least {least} samples"
            )
        self.periods, self.windows = tuple(periods), tuple(windows)
        channels = (1, width, 2 * width, 4 * width, 4 * width)
        self.by_periods = nn.ModuleList(_stack(channels, (5, 1), (3, 1)) for _ in periods)
        self.by_windows = nn.ModuleList(_stack(channels, (3, 5), (2, 2)) for _ in windows)
        for window in windows:
            # Not part of the state: it follows the network's device, and never changes.
            self.register_buffer(f"hann_{window}", torch.hann_window(window), persistent=False)
        self.add_heads(4 * width * (len(periods) + len(windows)))

    def judge(self, images: Tensor) -> tuple[Tensor, ...]:
        """(N, samples) → means of the last layers (N, d), logits (N, judges, L), and every layer's output."""
        seen = [folded(images, period) for period in self.periods] + [
            self._spectrogram(images, w) for w in self.windows
        ]
        features, maps, layers = [], [], []
        for x, stack in zip(seen, [*self.by_periods, *self.by_windows], strict=True):
            *inner, last = stack
            for layer in inner:
                x = leaky_relu(layer(x), SLOPE)
                layers.append(x)
            features.append(x.mean((2, 3)))
            maps.append(last(x).flatten(2))
        length = max(found.shape[2] for found in maps)
        logits = torch.cat([interpolate(found, length, mode="nearest") for found in maps], 1)
        return torch.cat(features, 1), logits[:, None], *layers

    def _spectrogram(self, waves: Tensor, window: int) -> Tensor:
        """Roots of magnitudes, (N, 1, window/2 + 1, frames)."""
        # Layers may compute in bfloat16; transforms do not.
        waves = waves.to(torch.promote_types(waves.dtype, torch.float32))
        hann = getattr(self, f"hann_{window}").to(waves)
        spectra = torch.stft(waves, window, window // 4, window=hann, pad_mode="constant", return_complex=True)
        return (spectra.real.square() + spectra.imag.square() + 1e-6).pow(0.25)[:, None]


def folded(waves: Tensor, period: int) -> Tensor:
    """(N, samples) → (N, 1, rows, period), so that columns hold every period-th sample; the end is reflected.

    >>> folded(torch.arange(5.0)[None], 2)[0, 0].tolist()
    [[0.0, 1.0], [2.0, 3.0], [4.0, 3.0]]
    """
    whole = pad(waves[:, None], (0, -waves.shape[1] % period), mode="reflect") if waves.shape[1] % period else waves
    return whole.reshape(len(waves), 1, -1, period)


def _stack(channels: Sequence[int], kernel: tuple[int, int], stride: tuple[int, int]) -> nn.ModuleList:
    """Convolutions that stride, one that does not, and the logits."""
    layers = []
    for k, (inputs, outputs) in enumerate(pairwise(channels)):
        steps = stride if k < len(channels) - 2 else (1, 1)
        layers.append(weight_norm(nn.Conv2d(inputs, outputs, kernel, steps, _same(kernel))))
    last = (3, 1) if kernel[1] == 1 else (3, 3)
    layers.append(weight_norm(nn.Conv2d(channels[-1], 1, last, padding=_same(last))))
    return nn.ModuleList(layers)


def _same(kernel: tuple[int, int]) -> tuple[int, int]:
    return kernel[0] // 2, kernel[1] // 2
