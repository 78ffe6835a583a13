"""What holds a wave that was made against the one that its spectrogram is of."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from saddlepoint.components.content import ContentLoss
from saddlepoint.core.ranks import on_whole
from saddlepoint.losses import absolute_error, log_magnitude_distance, spectral_convergence
from saddlepoint.signals import MelFrontEnd, stft


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
            terms += [
                on_whole(spectral_convergence, of_made, of_target),
                log_magnitude_distance(of_made, of_target),
            ]
        return self.weight * torch.stack(terms).sum() / len(self.windows)


def _magnitudes(waves: Tensor, window: int) -> Tensor:
    # The root of 0 has no slope.
    spectra = stft(waves, window, window // 4)
    return (spectra.real.square() + spectra.imag.square() + 1e-9).sqrt()
