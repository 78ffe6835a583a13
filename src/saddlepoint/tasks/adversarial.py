"""The adversarial game's losses, joint, so that one forward pass serves both players and the penalties."""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from saddlepoint.data.stream import ImageBatch
from saddlepoint.losses import AdversarialLoss
from saddlepoint.penalties import CriticPass, Penalty


class AdversarialLosses:
    """L_D and L_G of a generator and a discriminator, the penalties added to L_D.

    Args:
        loss: the pair of functions of logits.
        penalties: added to the discriminator's loss.
    """

    def __init__(self, loss: AdversarialLoss, penalties: Sequence[Penalty] = ()) -> None:
        self.loss = loss
        self.penalties = tuple(penalties)
        self._real_differentiated = any(p.differentiates_real for p in penalties)
        self._generated_differentiated = any(p.differentiates_generated for p in penalties)
        self._memories = [p.memory for p in penalties if p.memory is not None]

    def __call__(self, players: Mapping[str, nn.Module], batch: ImageBatch, names: Sequence[str]) -> dict[str, Tensor]:
        """The losses of the named players, scalars."""
        generator, discriminator = players["generator"], players["discriminator"]
        judged = "discriminator" in names
        real, generated = batch.real, generator(batch.latent)
        if judged and self._real_differentiated:
            real = differentiable(real)
        if judged and self._generated_differentiated:
            generated = differentiable(generated)
        generated_logits = discriminator(generated)
        real_logits = discriminator(real) if judged or self.loss.generator_sees_real else None

        losses: dict[str, Tensor] = {}
        if "generator" in names:
            losses["generator"] = self.loss.generator(real_logits, generated_logits)
        if judged:
            assert real_logits is not None
            seen = CriticPass(discriminator, real, generated, real_logits, generated_logits, batch.mix)
            losses["discriminator"] = self.loss.discriminator(real_logits, generated_logits) + sum(
                penalty(seen) for penalty in self.penalties
            )
            for memory in self._memories:
                memory.observe(seen)
        return losses

    def keep_memories_in(self, discriminator: nn.Module) -> None:
        """Make what the penalties remember a part of the discriminator, before a game is made of it.

        As its buffers the memories are saved with it and move once a step. Changes nothing where no penalty
        remembers anything.
        """
        for number, memory in enumerate(self._memories):
            device = next(discriminator.parameters()).device
            discriminator.add_module(f"memory_of_penalty_{number}", memory.to(device))


def differentiable(samples: Tensor) -> Tensor:
    """The samples, so that a critic's gradient at them exists; a graph behind them stays."""
    return samples if samples.requires_grad else samples.detach().requires_grad_()
