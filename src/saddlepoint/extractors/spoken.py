"""A small classifier of spoken words, whose penultimate layer is a good space to compare spoken digits in."""

import copy
import hashlib
from collections.abc import Mapping
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d, relu

from saddlepoint.extractors.extractor import Extracted
from saddlepoint.extractors.stored import StoredClassifier
from saddlepoint.signals import log_mel, resampled

#: Samples a second of what it hears; window and hop of its spectra, in samples; bands; nats below the loudest that it
#: still hears; size of its features.
RATE, WINDOW, HOP, BANDS, REACH, FEATURES = 8000, 256, 128, 40, 10.0, 96


class SpokenClassifier(StoredClassifier):
    """Log-mel spectra less their maximum, four convolutions, the maximum over time, a hidden layer, a logit a class.

    How loud a sound is, and where in silence it lies, makes no difference.

    Args:
        classes: how many.
        widths: channels of the convolutions.

    >>> network = SpokenClassifier(widths=(2, 4, 4, 4)).eval()
    >>> network(torch.randn(5, 8192)).shape, network.features(torch.randn(5, 4000)).shape
    (torch.Size([5, 10]), torch.Size([5, 96]))
    """

    def __init__(self, classes: int = 10, widths: tuple[int, ...] = (16, 32, 64, 64)) -> None:
        super().__init__()
        self.widths = widths
        ends = zip((1, *widths[:-1]), widths, strict=True)
        self.convolutions = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1, bias=False) for a, b in ends)
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in widths)
        self.hidden = nn.Linear(BANDS // 8 * widths[-1], FEATURES, bias=False)
        self.norm = nn.BatchNorm1d(FEATURES)
        self.head = nn.Linear(FEATURES, classes)

    def features(self, waves: Tensor) -> Tensor:
        """Waves (N, samples) at 8 kHz → the penultimate layer, (N, 96)."""
        x = self.scaled_log_mel(waves)[:, None]
        for place, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            x = relu(norm(convolution(x)))
            if place < 3:
                x = max_pool2d(x, 2, ceil_mode=True)
        return relu(self.norm(self.hidden(x.amax(3).flatten(1))))

    def forward(self, waves: Tensor) -> Tensor:
        """Waves (N, samples) at 8 kHz → logits (N, classes)."""
        logits: Tensor = self.head(self.features(waves))
        return logits

    @staticmethod
    def scaled_log_mel(waves: Tensor) -> Tensor:
        """Waves (N, samples) → (N, bands, frames) in [0, 1], 1 where a sound is loudest."""
        logs = log_mel(waves, RATE, WINDOW, HOP, BANDS)
        return ((logs - logs.amax((1, 2), keepdim=True)) / REACH + 1).clamp_min(0)

    @classmethod
    def shaped(cls, state: Mapping[str, Tensor]) -> Self:
        """One of the widths that weights have."""
        widths = tuple(len(state[f"convolutions.{place}.weight"]) for place in range(4))
        return cls(len(state["head.weight"]), widths)


class SoundExtractor:
    """Reads sounds with a classifier that never changes; numbers made with one `digest` can be compared.

    Args:
        network: the classifier.
        name: what to call it.
        device: where it lives; sounds may be anywhere.
        batch: sounds read at once.

    >>> SoundExtractor(SpokenClassifier())(torch.randn(3, 16000), 16000).shape
    torch.Size([3, 96])
    """

    resizing = f"resampled to {RATE} Hz, log-mel ({WINDOW}/{HOP}/{BANDS}) less its maximum"

    def __init__(
        self,
        network: SpokenClassifier,
        name: str = "module",
        device: str | torch.device = "cpu",
        batch: int = 128,
    ) -> None:
        self.name, self.device, self.batch = name, torch.device(device), batch
        self._network = copy.deepcopy(network).to(self.device).eval().requires_grad_(False)
        digest = hashlib.sha256(self.resizing.encode())
        for key, value in network.state_dict().items():
            digest.update(key.encode())
            digest.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
        self.digest = digest.hexdigest()[:16]

    def __call__(self, waves: Tensor, rate: int) -> Tensor:
        """Features, float32 (n, d) on the CPU; raises as `read`."""
        return self.read(waves, rate).features

    def read(self, waves: Tensor, rate: int) -> Extracted:
        """Features and logits of sounds, float (n, samples) in [−1, 1], of so many samples a second.

        Raises:
            ValueError: other numbers.
        """
        if not waves.is_floating_point() or waves.ndim != 2 or 0 in waves.shape:
            raise ValueError(
                f"sounds are {waves.dtype} {tuple(waves.shape)}: expected floats (n, samples), none of them 0"
            )
        features, logits = [], []
        with torch.no_grad():
            for part in waves.split(self.batch):
                rows = self._network.features(resampled(part.to(self.device).float(), rate, RATE))
                features.append(rows.cpu())
                logits.append(self._network.head(rows).cpu())
        return Extracted(torch.cat(features), torch.cat(logits))
