"""Translation without pairs: two translators, there and back again, and a discriminator of each side (CycleGAN)."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from saddlepoint.components.adversary import DiscriminatorInput, Forward, Players
from saddlepoint.components.content import ContentLoss
from saddlepoint.data.pair_stream import PairBatch

#: The two ways: from inputs to targets, and back.
ONWARD, BACKWARD = "onward", "backward"
#: Who judges what they make.
TARGET, SOURCE = "target", "source"


class NetworkGroup(nn.ModuleDict):
    """Networks of one player, by name: they share an optimizer, and a method moves them as one."""

    def forward(self, images: Tensor, which: str, *inputs: Any) -> Any:
        """What the one of this name makes of images."""
        return self[which](images, *inputs)


class ReplayBuffer(nn.Module):
    """The last so many generated images: the discriminator is shown one of them in place of half of the new ones.

    While there is room a new image is kept and shown. Then, for each, a coin decides whether it is shown as it is, or
    takes the place of a kept one, drawn at random, which is shown. As buffers the images are saved with the
    discriminator, and move once a step. Draws come from torch's global generator on the CPU, which a batch seeds.

    Shrivastava, Pfister, Tuzel, Susskind, Wang, Webb 2017, arXiv 1612.07828, section 2.3.

    Args:
        size: images kept.
        shape: of one.
    """

    images: Tensor
    count: Tensor
    moves_between_steps = True

    def __init__(self, size: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.register_buffer("images", torch.zeros(size, *shape))
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    def forward(self, generated: Tensor) -> Tensor:
        """What is shown for generated images (N, …); the buffer moves. More than its size come one after another."""
        return torch.cat([self._shown(part) for part in generated.split(len(self.images))])

    def _shown(self, generated: Tensor) -> Tensor:
        n, size, device = len(generated), len(self.images), generated.device
        coins, keys = torch.rand(n).to(device) < 0.5, torch.rand(size).to(device)
        places = self.count + torch.arange(n, device=device)
        full = places >= size
        # Different places for all, and none that is empty or filled just now.
        drawn = (keys + (torch.arange(size, device=device) >= self.count)).argsort()[:n]
        at = torch.where(full, drawn[(places - size).clamp_min(0).clamp_max(n - 1)], places)
        swapped = (full & coins).view(n, *(1 for _ in generated.shape[1:]))
        kept = (~full | coins).view_as(swapped)
        before = self.images[at]
        shown = torch.where(swapped, before, generated)
        with torch.no_grad():
            # New tensors, not new values in the old ones: a graph may hold those.
            self.images = self.images.index_copy(0, at, torch.where(kept, generated, before))
            self.count = (self.count + n).clamp_max(size)
        return shown


class OfCycle:
    """What G: x → y and F: y → x, one player, make of a batch, for D_y and D_x, the other.

        content = cycle(F(G(x)), x) + cycle(G(F(y)), y) + identity(G(y), y) + identity(F(x), x)

    Where a discriminator learns, G(x) comes through a replay buffer where there is one. Zhu, Park, Isola, Efros 2017,
    arXiv 1703.10593.

    Args:
        cycle: of what comes back to what went.
        identity: of what a translator makes of an image that it would make; None asks for nothing.
        buffers: of generated images, by the side whose discriminator is shown them; they want `attach`.
    """

    def __init__(
        self,
        cycle: ContentLoss,
        identity: ContentLoss | None = None,
        buffers: Mapping[str, ReplayBuffer] | None = None,
    ) -> None:
        self.cycle, self.identity, self.buffers = cycle, identity, dict(buffers or {})

    def __call__(self, players: Players, batch: PairBatch, names: Sequence[str]) -> Forward:  # noqa: ARG002
        """There, and back again when the content is asked for."""
        generator, discriminator = players["generator"], players["discriminator"]
        x, y = batch.source, batch.target
        made = {TARGET: generator(x, ONWARD), SOURCE: generator(y, BACKWARD)}
        real = {TARGET: y, SOURCE: x}

        def content() -> Tensor:
            terms = [
                self.cycle(generator(made[TARGET], BACKWARD), x),
                self.cycle(generator(made[SOURCE], ONWARD), y),
            ]
            if self.identity is not None:
                terms += [self.identity(generator(y, ONWARD), y), self.identity(generator(x, BACKWARD), x)]
            return torch.stack(terms).sum()

        given = [
            DiscriminatorInput(
                partial(_of_side, discriminator, side), real[side], made[side], replay=self._replay(side)
            )
            for side in made
        ]
        return Forward(tuple(given), content)

    def attach(self, discriminator: nn.Module) -> None:
        """Make the buffers a part of the discriminator, before a game is made of it."""
        device = next(discriminator.parameters()).device
        for side, buffer in self.buffers.items():
            discriminator.add_module(f"history_of_{side}", buffer.to(device))

    def _replay(self, side: str) -> ReplayBuffer | None:
        return self.buffers.get(side)


def _of_side(discriminator: nn.Module, side: str, images: Tensor, *rest: Any) -> Any:
    return discriminator(images, side, *rest)
