"""How images become what a network reads: a rule that is stated, because it is a part of the metric."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import interpolate

#: Rec. 601 luma, the rule of every picture library.
LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Preparation:
    """Sets channels, stretches to a size, scales to [0, 1], and takes (x − mean) / std.

    Args:
        size: (height, width) in pixels; None leaves it.
        channels: 1 makes colour grey (Rec. 601), 3 repeats grey; None leaves them.
        mean: one number, or one a channel.
        std: one number, or one a channel.

    Raises:
        ValueError: a size below 1, channels other than 1 and 3, or a mean or std that does not fit them.

    >>> import torch
    >>> colour = torch.tensor([255, 0, 0], dtype=torch.uint8).view(1, 3, 1, 1)
    >>> Preparation((2, 2), 1)(colour).flatten().tolist()  # 0.299 of 255 is 76
    [0.2980392277240753, 0.2980392277240753, 0.2980392277240753, 0.2980392277240753]
    """

    size: tuple[int, int] | None
    channels: int | None
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        if self.size is not None and min(self.size) < 1:
            raise ValueError(f"the size is {self.size} pixels: give a height and a width of at least 1, or None")
        if self.channels not in (1, 3, None):
            raise ValueError(f"channels is {self.channels}: give 1 for grey, 3 for colour, or None to leave them")
        fitting = {1, self.channels or max(len(self.mean), len(self.std))}
        if not {len(self.mean), len(self.std)} <= fitting or not all(value > 0 for value in self.std):
            raise ValueError(
                f"mean {self.mean} and std {self.std} don't fit {self.channels} channels: "
                f"give one number, or one a channel, std above 0"
            )

    def __call__(self, images: Tensor) -> Tensor:
        """uint8 (N, C, H, W) → float32 (N, channels, *size).

        Raises:
            ValueError: images of neither 1 nor 3 channels where a number of them is asked for.
        """
        return self._prepared(images.float(), torch.round)

    def differentiable(self, images: Tensor) -> Tensor:
        """Float (N, C, H, W) in [0, 1] → as bytes are prepared, but for the rounding, which has no slope; raises so."""
        return self._prepared(images * 255, lambda levels: levels)

    def _prepared(self, x: Tensor, rounded: Callable[[Tensor], Tensor]) -> Tensor:
        if self.channels is not None and x.shape[1] != self.channels:
            x = self._recoloured(x, rounded)
        if self.size is not None and x.shape[2:] != self.size:
            x = rounded(interpolate(x, self.size, mode="bicubic", antialias=True)).clamp(0, 255)
        mean, std = (x.new_tensor(values).view(-1, 1, 1) for values in (self.mean, self.std))
        return (x / 255 - mean) / std

    def __str__(self) -> str:
        parts = ["scaled to [0, 1]"]
        if self.size is not None:
            height, width = self.size
            parts.insert(0, f"stretched to {height}x{width} (bicubic with antialias, whole levels)")
        if self.channels == 1:
            parts.insert(0, "made grey (0.299 R + 0.587 G + 0.114 B, whole levels)")
        if self.channels == 3:
            parts.insert(0, "grey repeated to RGB")
        if set(self.mean) != {0.0} or set(self.std) != {1.0}:
            parts.append(f"less {self.mean}, over {self.std}")
        return ", ".join(parts)

    def _recoloured(self, x: Tensor, rounded: Callable[[Tensor], Tensor]) -> Tensor:
        if x.shape[1] not in (1, 3):
            raise ValueError(f"images have {x.shape[1]} channels: give grey (1) or RGB (3) ones, without transparency")
        if self.channels == 3:
            return x.expand(-1, 3, -1, -1)
        return rounded((x * x.new_tensor(LUMA).view(-1, 1, 1)).sum(1, keepdim=True))
