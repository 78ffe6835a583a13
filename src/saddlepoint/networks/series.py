"""Networks of windows of a time series: one that makes them, one that judges them."""

from itertools import pairwise
from math import prod
from typing import ClassVar

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
        held: of the columns, so many at the end have one value over all steps. A run of a series fills it in.
        states: sizes of groups of columns before those, each −1 or 1: of a group of several the greatest one is 1.
            Their gradient is that of tanh, straight through. A run of a series fills them in.
        classes: how many there are; the class's embedding stands behind the latent.

    Raises:
        ValueError: more columns that hold or are states than there are.

    >>> WindowGenerator((24, 6), latent=8, width=16)(torch.randn(2, 8)).shape
    torch.Size([2, 24, 6])
    """

    #: What a run fills in, hidden from its configuration.
    supplied: ClassVar[tuple[str, ...]] = ("held", "states")

    def __init__(
        self,
        shape: tuple[int, ...],
        latent: int,
        width: int = 256,
        depth: int = 2,
        held: int = 0,
        states: tuple[int, ...] = (),
        classes: int = 0,
    ) -> None:
        super().__init__(classes)
        if not 0 <= held <= shape[-1] - sum(states):
            raise ValueError(
                f"held is {held}, states are {sum(states)}: give 0 to {shape[-1]} together, the number of columns"
            )
        self.shape, self.held, self.states = shape, held, tuple(states)
        self.entry = Code(latent, classes)
        self.body = nn.Sequential(
            nn.Linear(self.entry.size, width),
            *(ResidualLayer(width) for _ in range(depth)),
            nn.LayerNorm(width),
            nn.Linear(width, prod(shape[:-1]) * (shape[-1] - held) + held),
        )

    def generate(self, latent: Tensor, labels: Tensor | None) -> Tensor:
        """(N, latent) → (N, *shape)."""
        made: Tensor = self.body(self.entry(latent, labels))
        if not self.held and not self.states:
            return made.view(-1, *self.shape)
        moving, held = made.tensor_split([made.shape[1] - self.held], 1)
        steps, columns = self.shape
        moving = moving.view(-1, steps, columns - self.held)
        numbers, *states = moving.split([columns - self.held - sum(self.states), *self.states], 2)
        return torch.cat([numbers, *map(_chosen, states), held[:, None].expand(-1, steps, -1)], 2)


def _chosen(state: Tensor) -> Tensor:
    """1 or −1: whether a number is above 0, or is the greatest of a group (…, size); straight through."""
    soft = state.tanh()
    alone = state.shape[-1] == 1
    on = state > 0 if alone else nn.functional.one_hot(state.argmax(-1), state.shape[-1]) > 0
    hard = torch.where(on, 1.0, -1.0).to(state.dtype)
    return hard + (soft - soft.detach())  # exactly ±1


class WindowDiscriminator(Discriminator):
    """MLP that sees a window of a start and steps three times: as it is, how far it has moved, and where it stands.

    How far: Σ_{s≤t} x_s/√T over the steps up to t. Where: x_1 + Σ_{s≤t} c x_s, c the deviations of the steps. What is
    small in each step and adds up, or only goes together with where a series stands, is so seen at once.

    Args:
        shape: of a window, steps and columns.
        widths: of the hidden layers.
        sums: whether it sees how far the window has moved.
        scales: c, of each column, for where it stands; () does not look at that. A run of a series fills them in.
        slope: of the leaky ReLU below 0.
        packing: windows judged together.

    >>> WindowDiscriminator((24, 6), packing=2)(torch.randn(4, 24, 6)).shape
    torch.Size([2])
    """

    #: What a run fills in, hidden from its configuration.
    supplied: ClassVar[tuple[str, ...]] = ("scales",)
    scales: Tensor

    def __init__(
        self,
        shape: tuple[int, ...],
        widths: tuple[int, ...] = (256, 256),
        sums: bool = True,
        scales: tuple[float, ...] = (),
        slope: float = 0.2,
        packing: int = 1,
    ) -> None:
        super().__init__(shape, 0, False, packing)
        if not widths or min(widths) < 1:
            raise ValueError(f"widths are {widths}: give at least one, and each at least 1")
        if len(scales) not in (0, prod(shape[1:])):
            raise ValueError(f"scales are {len(scales)}: give one for each of {prod(shape[1:])} columns, or none")
        self.steps, self.sums = shape[0], sums
        self.register_buffer("scales", torch.tensor(scales), persistent=False)
        sizes = [(1 + sums + bool(scales)) * prod(self.seen), *widths]
        self.body = nn.Sequential(
            *(layer for before, after in pairwise(sizes) for layer in (nn.Linear(before, after), nn.LeakyReLU(slope)))
        )
        self.last = nn.Linear(sizes[-1], 1)
        self.add_heads(sizes[-1])

    def judge(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(N, *seen) → the last hidden layer (N, d) and logits (N, 1)."""
        windows = images.view(len(images), self.packing, self.steps, -1)
        start, moved = windows[:, :, :1], nn.functional.pad(windows[:, :, 1:].cumsum(2), (0, 0, 1, 0))
        seen = [windows]
        if self.sums:
            seen.append(moved / self.steps**0.5)
        if len(self.scales):
            seen.append(start + moved * self.scales)
        features = self.body(torch.cat(seen, 3).flatten(1))
        return features, self.last(features)
