"""What a vocoder hears: log-mel spectrograms of waves, and ways back that need no network."""

from dataclasses import dataclass

import torch
from torch import Tensor

from saddlepoint.signals.mel import FLOOR, log_mel, mel_filters, parted
from saddlepoint.signals.phase import griffin_lim
from saddlepoint.signals.stft import inverse_stft, stft

#: A step of `MelFrontEnd.refined` changes the power in a bin by no more than e to this. With more, a network that
#: learns through a few steps need not be as loud as what it is to make, and grows quiet until slopes overflow.
STEEPEST = 2.0


@dataclass(frozen=True)
class MelFrontEnd:
    """Log-mel spectrograms in librosa's convention: centred Hann windows, Slaney's scale and norm, natural logarithm.

    Args:
        rate: samples a second.
        window: samples that a frame looks at, even.
        hop: samples from frame to frame.
        bands: of the mel scale, from 0 Hz to half the rate.

    Raises:
        ValueError: a hop of more than half a window, or more bands than the window tells apart.

    >>> MelFrontEnd(8000).mel(torch.zeros(2, 8192)).shape
    torch.Size([2, 40, 129])
    """

    rate: int
    window: int = 256
    hop: int = 64
    bands: int = 40

    def __post_init__(self) -> None:
        if self.window % 2 or not 1 <= self.hop <= self.window // 2 or min(self.bands, self.rate) < 1:
            raise ValueError(
                f"window is {self.window} and hop {self.hop}: give an even window and a hop of at most half of it; "
                f"at least 1 band and sample a second"
            )
        mel_filters(self.rate, self.window, self.bands)

    @property
    def margin(self) -> int:
        """Samples on either side that a frame looks at, in whole hops."""
        return -(-self.window // (2 * self.hop)) * self.hop

    def mel(self, waves: Tensor) -> Tensor:
        """Waves (N, samples) → (N, bands, 1 + samples // hop)."""
        return log_mel(waves, self.rate, self.window, self.hop, self.bands)

    def searched(self, mel: Tensor, steps: int = 32) -> Tensor:
        """Waves (N, (T − 1) · hop) of log-mels (N, bands, T), by parting their power and Griffin's and Lim's search."""
        power = (mel.exp() - FLOOR).clamp_min(0)
        magnitudes = parted(power, mel_filters(self.rate, self.window, self.bands).to(mel)).sqrt()
        return griffin_lim(magnitudes, self.window, self.hop, (mel.shape[2] - 1) * self.hop, steps)

    def refined(self, waves: Tensor, mel: Tensor, steps: int, momentum: float = 0.5) -> Tensor:
        """Waves near to these, whose log-mels are nearer to the given ones; differentiable.

            t_n = istft(√r · stft(c_{n−1})),   r = Mᵀ exp(mel − mel(c_{n−1})) / Mᵀ1,

            c_n = t_n + α (t_n − t_{n−1}),

        differences of log-mels no larger than 2, up or down.

        As in Griffin's and Lim's search, but that what is asked for is power in bands, not in frequencies: how it lies
        within a band, and all phases, are those of the waves. 0 steps change nothing.

        Args:
            waves: (N, (T − 1) · hop).
            mel: (N, bands, T).
            steps: n.
            momentum: α.
        """
        filters = mel_filters(self.rate, self.window, self.bands).to(mel)
        whole = filters.sum(0)[:, None]
        before = waves
        for number in range(steps):
            spectra = stft(waves, self.window, self.hop)
            found = (filters @ spectra.abs().square() + FLOOR).log()
            lacking = (mel - found).clamp(-STEEPEST, STEEPEST).exp()
            # Bins that no band looks at stay as they are.
            factors = (filters.T @ lacking + 1e-9) / (whole + 1e-9)
            nearer = inverse_stft(factors.sqrt() * spectra, self.window, self.hop, waves.shape[1])
            last = number == steps - 1
            waves, before = nearer if last else nearer + momentum * (nearer - before), nearer
        return waves


def whole_hops(waves: Tensor, hop: int) -> Tensor:
    """Waves (N, samples), followed by silence up to whole hops.

    >>> whole_hops(torch.ones(1, 5), 4).shape
    torch.Size([1, 8])
    """
    return torch.nn.functional.pad(waves, (0, -waves.shape[1] % hop))
