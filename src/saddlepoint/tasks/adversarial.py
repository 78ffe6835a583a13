"""The adversarial game's losses, joint, so that one forward pass serves both players and the penalties."""

from collections.abc import Mapping, Sequence
from functools import partial

from torch import Tensor, nn

from saddlepoint.data.stream import SampleBatch
from saddlepoint.losses import AdversarialLoss
from saddlepoint.penalties import CriticPass, Penalty
from saddlepoint.tasks.augmented import Augmented


class AdversarialLosses:
    """L_D and L_G of a generator and a discriminator, the penalties added to L_D.

    Args:
        loss: the pair of functions of logits.
        penalties: added to the discriminator's loss.
        augmented: what the discriminator sees samples through; None shows them as they are.
    """

    def __init__(
        self,
        loss: AdversarialLoss,
        penalties: Sequence[Penalty] = (),
        augmented: Augmented | None = None,
    ) -> None:
        self.loss, self.augmented = loss, augmented
        self.penalties = tuple(penalties)
        self._real_differentiated = any(p.differentiates_real for p in penalties)
        self._generated_differentiated = any(p.differentiates_generated for p in penalties)
        self._memories = [p.memory for p in penalties if p.memory is not None]

    def __call__(self, players: Mapping[str, nn.Module], batch: SampleBatch, names: Sequence[str]) -> dict[str, Tensor]:
        """The losses of the named players, scalars."""
        generator, discriminator = players["generator"], players["discriminator"]
        judged = "discriminator" in names
        real, generated = batch.real, generator(batch.latent, *batch.conditions)
        if judged and self._real_differentiated:
            real = differentiable(real)
        if judged and self._generated_differentiated:
            generated = differentiable(generated)
        critic = partial(self._judge, discriminator, batch)
        generated_logits = critic(generated)
        real_logits = critic(real) if judged or self.loss.generator_sees_real else None

        losses: dict[str, Tensor] = {}
        if "generator" in names:
            losses["generator"] = self.loss.generator(real_logits, generated_logits)
        if judged:
            assert real_logits is not None
            seen = CriticPass(critic, real, generated, real_logits, generated_logits, batch.mix)
            penalties = sum(penalty(seen) for penalty in self.penalties)
            losses["discriminator"] = self.loss.discriminator(real_logits, generated_logits) + (
                penalties if batch.penalty is None else batch.penalty * penalties
            )
            for memory in self._memories:
                memory.observe(seen)
            if self.augmented is not None:
                self.augmented.observe(real_logits)
        return losses

    def _judge(self, discriminator: nn.Module, batch: SampleBatch, samples: Tensor) -> Tensor:
        shown = samples if self.augmented is None else self.augmented(samples, batch)
        logits: Tensor = discriminator(shown, *batch.conditions)
        return logits

    def keep_memories_in(self, discriminator: nn.Module) -> None:
        """Make what penalties and augmentation remember a part of the discriminator, before a game is made of it.

        As its buffers the memories are saved with it and move once a step. Changes nothing where nothing is
        remembered.
        """
        if self.augmented is not None:
            discriminator.add_module("augmented", self.augmented.to(next(discriminator.parameters()).device))
        for number, memory in enumerate(self._memories):
            device = next(discriminator.parameters()).device
            discriminator.add_module(f"memory_of_penalty_{number}", memory.to(device))


def differentiable(samples: Tensor) -> Tensor:
    """The samples, so that a critic's gradient at them exists; a graph behind them stays."""
    return samples if samples.requires_grad else samples.detach().requires_grad_()
