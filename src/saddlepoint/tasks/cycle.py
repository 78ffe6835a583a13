"""Translation without pairs: two translators, there and back again, and a discriminator of each side (CycleGAN)."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from saddlepoint.data.pair_stream import PairBatch
from saddlepoint.losses import AdversarialLoss
from saddlepoint.penalties import Penalty
from saddlepoint.components.content import ContentLoss
from saddlepoint.tasks.translating import Adversary, Bout

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

    def __init__(self, size: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.register_buffer("images", torch.zeros(size, *shape))
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    def forward(self, generated: Tensor) -> Tensor:
        """What is shown for generated images (N, …), N at most the size; the buffer moves."""
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


class CycleLosses:
    """L_G and L_D of G: x → y and F: y → x, one player, and of D_y and D_x, the other.

        L_G = a λ [loss_G(D_y(G(x))) + loss_G(D_x(F(y)))]
              + cycle(F(G(x)), x) + cycle(G(F(y)), y) + identity(G(y), y) + identity(F(x), x)
        L_D = loss_D(D_y(y), D_y(G(x)')) + loss_D(D_x(x), D_x(F(y)')) + penalties

    G(x)' comes through a replay buffer where there is one. Zhu, Park, Isola, Efros 2017, arXiv 1703.10593.

    Args:
        loss: the pair of functions of logits.
        penalties: added to the loss of each discriminator; none with a memory.
        cycle: of what comes back to what went.
        identity: of what a translator makes of an image that it would make; None asks for nothing.
        adversarial: λ.
        buffers: of generated images, by the side whose discriminator is shown them; they want `keep_memories_in`.

    Raises:
        ValueError: a negative weight, or a penalty that remembers, which would mix both sides up.
    """

    def __init__(
        self,
        loss: AdversarialLoss,
        penalties: Sequence[Penalty],
        cycle: ContentLoss,
        identity: ContentLoss | None = None,
        *,
        adversarial: float = 1.0,
        buffers: Mapping[str, ReplayBuffer] | None = None,
    ) -> None:
        if adversarial < 0:
            raise ValueError(f"adversarial is {adversarial}: give at least 0")
        if any(penalty.memory is not None for penalty in penalties):
            raise ValueError("a penalty with a memory remembers one discriminator, and a cycle has two: leave it out")
        self.adversary = Adversary(loss, penalties)
        self.cycle, self.identity, self.adversarial = cycle, identity, adversarial
        self.buffers = dict(buffers or {})

    def __call__(self, players: Mapping[str, nn.Module], batch: PairBatch, names: Sequence[str]) -> dict[str, Tensor]:
        """The losses of both players, scalars."""
        generator, discriminator = players["generator"], players["discriminator"]
        x, y = batch.source, batch.target
        made = {TARGET: generator(x, ONWARD), SOURCE: generator(y, BACKWARD)}
        real = {TARGET: y, SOURCE: x}
        losses: dict[str, Tensor] = {}
        if "generator" in names:
            judged = [self._bout(discriminator, side, real[side], made[side], batch, judged=False) for side in made]
            adversarial = self.adversarial * torch.stack([self.adversary.generator(bout) for bout in judged]).sum()
            terms = [
                adversarial if batch.adversarial is None else batch.adversarial * adversarial,
                self.cycle(generator(made[TARGET], BACKWARD), x),
                self.cycle(generator(made[SOURCE], ONWARD), y),
            ]
            if self.identity is not None:
                terms += [self.identity(generator(y, ONWARD), y), self.identity(generator(x, BACKWARD), x)]
            losses["generator"] = torch.stack(terms).sum()
        if "discriminator" in names:
            shown = {side: self.buffers[side](images) if self.buffers else images for side, images in made.items()}
            judged = [self._bout(discriminator, side, real[side], shown[side], batch, judged=True) for side in made]
            parts = [self.adversary.discriminator(bout, batch.penalty) for bout in judged]
            losses["discriminator"] = torch.stack(parts).sum()
        return losses

    def _bout(
        self, discriminator: nn.Module, side: str, real: Tensor, made: Tensor, batch: PairBatch, *, judged: bool
    ) -> Bout:
        def of_side(images: Tensor, *rest: Any) -> Any:
            return discriminator(images, side, *rest)

        return self.adversary.bout(of_side, real, made, batch.mix, judged=judged)

    def keep_memories_in(self, players: Mapping[str, nn.Module]) -> None:
        """Make the buffers a part of the discriminator, before a game is made of it."""
        discriminator = players["discriminator"]
        device = next(discriminator.parameters()).device
        for side, buffer in self.buffers.items():
            discriminator.add_module(f"history_of_{side}", buffer.to(device))
