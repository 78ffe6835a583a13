"""A small classifier of grey 28x28 images, whose penultimate layer is a good space to compare digits or clothes in."""

import json
from pathlib import Path
from typing import Self

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

#: Pixels a side of what it sees, size of its features.
SIDE, FEATURES = 28, 128


class SmallClassifier(nn.Module):
    """Three grids of 28, 14 and 7 pixels, a hidden layer of 128, a logit a class.

    Args:
        classes: how many.
        widths: channels of the three grids.

    Ioffe, Szegedy 2015, arXiv 1502.03167 (batch normalisation, which is why it trains in minutes).

    >>> import torch
    >>> network = SmallClassifier(widths=(2, 4, 4)).eval()
    >>> x = torch.rand(5, 1, 28, 28)
    >>> network.features(x).shape, network(x).shape
    (torch.Size([5, 128]), torch.Size([5, 10]))
    """

    def __init__(self, classes: int = 10, widths: tuple[int, int, int] = (32, 64, 128)) -> None:
        super().__init__()
        fine, middle, coarse = widths
        self.body = nn.Sequential(
            *_convolution(1, fine, 5),
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
        """(N, 1, 28, 28) in [0, 1] → the penultimate layer, (N, 128)."""
        features: Tensor = self.body(images)
        return features

    def forward(self, images: Tensor) -> Tensor:
        """(N, 1, 28, 28) in [0, 1] → logits (N, classes)."""
        logits: Tensor = self.head(self.body(images))
        return logits

    def save(self, path: Path, facts: dict[str, object]) -> None:
        """Weights in half precision as safetensors, with facts about them in the header."""
        state = {k: v.half() if v.is_floating_point() else v for k, v in self.state_dict().items()}
        save_file(state, path, {k: v if isinstance(v, str) else json.dumps(v) for k, v in facts.items()})

    @classmethod
    def load(cls, path: Path) -> Self:
        """The classifier that `save` wrote, in single precision, ready to read with.

        Raises:
            ValueError: there is no such file, or it holds something else.
        """
        try:
            with safe_open(path, framework="pt") as file:
                state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, not a dict
            fine, middle, coarse = (len(state[f"body.{at}.weight"]) for at in (0, 4, 11))
            network = cls(len(state["head.weight"]), (fine, middle, coarse))
            network.load_state_dict(state)
        except (OSError, SafetensorError, KeyError, RuntimeError) as error:
            raise ValueError(
                f"{path} does not hold a SmallClassifier ({error}): give a file that its save wrote"
            ) from None
        return network.eval()


def facts(path: Path) -> dict[str, str]:
    """What the header of a safetensors file says about the weights in it."""
    with safe_open(path, framework="pt") as file:
        return dict(file.metadata() or {})


def _convolution(inputs: int, outputs: int, kernel: int) -> list[nn.Module]:
    """Convolution, batch normalisation, ReLU; the size is kept."""
    return [
        nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    ]
