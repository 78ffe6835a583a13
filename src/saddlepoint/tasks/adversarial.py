"""The adversarial game's losses, joint, so that one forward pass serves both players and the penalties."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from torch import Tensor, nn

from saddlepoint.data.stream import SampleBatch
from saddlepoint.losses import AdversarialLoss
from saddlepoint.penalties import CriticPass, Penalty


class AdversarialLosses:
    """L_D and L_G of a generator and a discriminator, the penalties added to L_D.

    Args:
        loss: the pair of functions of logits.
        penalties: added to the discriminator's loss.
        scale: a factor on all penalties, as a function of the samples seen; None is 1.
    """

    def __init__(
        self,
        loss: AdversarialLoss,
        penalties: Sequence[Penalty] = (),
        scale: Callable[[int], float] | None = None,
    ) -> None:
        self.loss, self.scale = loss, scale
        self.penalties = tuple(penalties)
        self._real_differentiated = any(p.differentiates_real for p in penalties)
        self._generated_differentiated = any(p.differentiates_generated for p in penalties)

    def __call__(self, players: Mapping[str, nn.Module], batch: SampleBatch, names: Sequence[str]) -> dict[str, Tensor]:
        """The losses of the named players, scalars."""
        generator, discriminator = players["generator"], players["discriminator"]
        judged = "discriminator" in names
        real, generated = batch.real, generator(batch.latent, *batch.conditions)
        if judged and self._real_differentiated:
            real = differentiable(real)
        if judged and self._generated_differentiated:
            generated = differentiable(generated)
        critic = partial(_judge, discriminator, batch)
        generated_logits = critic(generated)
        real_logits = critic(real) if judged or self.loss.generator_sees_real else None

        losses: dict[str, Tensor] = {}
        if "generator" in names:
            losses["generator"] = self.loss.generator(real_logits, generated_logits)
        if judged:
            assert real_logits is not None
            seen = CriticPass(critic, real, generated, real_logits, generated_logits, batch.mix)
            factor = 1.0 if self.scale is None else self.scale(batch.position)
            losses["discriminator"] = self.loss.discriminator(real_logits, generated_logits) + factor * sum(
                penalty(seen) for penalty in self.penalties
            )
        return losses


def _judge(discriminator: nn.Module, batch: SampleBatch, samples: Tensor) -> Tensor:
    logits: Tensor = discriminator(samples, *batch.conditions)
    return logits


def differentiable(samples: Tensor) -> Tensor:
    """The samples, so that a critic's gradient at them exists; a graph behind them stays."""
    return samples if samples.requires_grad else samples.detach().requires_grad_()
