"""Networks of windows of a time series: one that makes them, one that judges them."""

from math import prod

import torch
from torch import Tensor, nn

from saddlepoint.networks.players import Code, Discriminator, Generator
from saddlepoint.networks.table import ResidualLayer


class WindowGenerator(Generator):
    """Residual MLP: latent → all steps of a window at once.

    Args:
        shape: of a window, steps and columns.
        latent: size of its input.
        width: of the hidden layers.
        depth: residual layers.
        classes: how many there are; the class's embedding stands behind the latent.

    >>> WindowGenerator((24, 6), latent=8, width=16)(torch.randn(2, 8)).shape
    torch.Size([2, 24, 6])
    """

    def __init__(self, shape: tuple[int, ...], latent: int, width: int = 256, depth: int = 2, classes: int = 0) -> None:
        super().__init__(classes)
        self.shape = shape
        self.code = Code(latent, classes)
        self.body = nn.Sequential(
            nn.Linear(self.code.size, width),
            *(ResidualLayer(width) for _ in range(depth)),
            nn.LayerNorm(width),
            nn.Linear(width, prod(shape)),
        )

    def generate(self, latent: Tensor, labels: Tensor | None) -> Tensor:
        """(N, latent) → (N, *shape)."""
        windows: Tensor = self.body(self.code(latent, labels))
        return windows.view(-1, *self.shape)


class WindowCritic(Discriminator):
    """MLP that sees a window twice: as it is, and its running sums from the second step on, over √steps.

    Of windows coded as a start and steps, the sums are how far the series has moved, which a sum of many small errors
    would be felt in late.

    Args:
        shape: of a window, steps and columns.
        widths: of the hidden layers.
        sums: whether it sees running sums.
        slope: of the leaky ReLU below 0.
        packing: windows judged together.

    >>> WindowCritic((24, 6), packing=2)(torch.randn(4, 24, 6)).shape
    torch.Size([2])
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        widths: tuple[int, ...] = (256, 256),
        sums: bool = True,
        slope: float = 0.2,
        packing: int = 1,
    ) -> None:
        super().__init__(shape, 0, False, packing)
        if not widths or min(widths) < 1:
            raise ValueError(f"widths are {widths}: give at least one, and each at least 1")
        self.steps, self.sums = shape[0], sums
        sizes = [(1 + sums) * prod(self.seen), *widths]
        self.body = nn.Sequential(
            *(
                layer
                for before, after in zip(sizes[:-1], sizes[1:], strict=True)
                for layer in (nn.Linear(before, after), nn.LeakyReLU(slope))
            )
        )
        self.last = nn.Linear(sizes[-1], 1)
        self.add_heads(sizes[-1])

    def judge(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(N, *seen) → the last hidden layer (N, d) and logits (N, 1)."""
        windows = images.view(len(images), self.packing, self.steps, -1)
        if self.sums:
            later = windows[:, :, 1:].cumsum(2) / self.steps**0.5
            windows = torch.cat([windows, nn.functional.pad(later, (0, 0, 1, 0))], 3)
        features = self.body(windows.flatten(1))
        return features, self.last(features)
