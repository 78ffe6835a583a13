"""A small classifier of 28x28 images, whose penultimate layer is a good space to compare digits or clothes in."""

from collections.abc import Mapping
from typing import Self

from torch import Tensor, nn

from saddlepoint.extractors.stored import StoredClassifier

#: Pixels a side of what it sees, size of its features.
SIDE, FEATURES = 28, 128


class SmallClassifier(StoredClassifier):
    """Three grids of 28, 14 and 7 pixels, a hidden layer of 128, a logit a class.

    Args:
        classes: how many.
        widths: channels of the three grids.
        channels: 1 for grey images, 3 for colour.

    Ioffe, Szegedy 2015, arXiv 1502.03167 (batch normalisation, which is why it trains in minutes).

    >>> import torch
    >>> network = SmallClassifier(widths=(2, 4, 4)).eval()
    >>> x = torch.rand(5, 1, 28, 28)
    >>> network.features(x).shape, network(x).shape
    (torch.Size([5, 128]), torch.Size([5, 10]))
    """

    def __init__(self, classes: int = 10, widths: tuple[int, int, int] = (32, 64, 128), channels: int = 1) -> None:
        super().__init__()
        fine, middle, coarse = widths
        self.body = nn.Sequential(
            *_convolution(channels, fine, 5),
            nn.MaxPool2d(2),
            *_convolution(fine, middle, 3),
            *_convolution(middle, middle, 3),
            nn.MaxPool2d(2),
            *_convolution(middle, coarse, 3),
            *_convolution(coarse, coarse, 3),
            # 3x3 and not the mean over the grid: where a stroke is tells one sample from another.
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(9 * coarse, FEATURES, bias=False),
            nn.BatchNorm1d(FEATURES),
            nn.ReLU(),
        )
        self.head = nn.Linear(FEATURES, classes)

    def features(self, images: Tensor) -> Tensor:
        """(N, channels, 28, 28) in [0, 1] → the penultimate layer, (N, 128)."""
        features: Tensor = self.body(images)
        return features

    def forward(self, images: Tensor) -> Tensor:
        """(N, channels, 28, 28) in [0, 1] → logits (N, classes)."""
        logits: Tensor = self.head(self.body(images))
        return logits

    @classmethod
    def shaped(cls, state: Mapping[str, Tensor]) -> Self:
        """One of the widths that weights have."""
        fine, middle, coarse = (len(state[f"body.{at}.weight"]) for at in (0, 4, 11))
        return cls(len(state["head.weight"]), (fine, middle, coarse), state["body.0.weight"].shape[1])


def _convolution(inputs: int, outputs: int, kernel: int) -> list[nn.Module]:
    """Convolution, batch normalisation, ReLU; the size is kept."""
    return [
        nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    ]
