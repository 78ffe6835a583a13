"""The adversarial game's losses, joint, so that one forward pass serves both players and the penalties."""

from collections.abc import Mapping, Sequence
from functools import partial

from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from saddlepoint.data.stream import SampleBatch
from saddlepoint.losses import AdversarialLoss
from saddlepoint.networks import DiscriminatorOutput
from saddlepoint.penalties import DiscriminatorPass, Penalty
from saddlepoint.components.augmented import Augmented
from saddlepoint.components.regularisers import GeneratorPass, Regulariser


class AdversarialLosses:
    """L_D and L_G of a generator and a discriminator, the penalties added to L_D, the regularisers to L_G.

    With an auxiliary classifier C of weight λ, over the classes y of the real samples, which the generated ones are
    made for, L_D gains λ (E CE(C(x), y) + E CE(C(G(z, y)), y)) and L_G gains λ E CE(C(G(z, y)), y): both players want
    the class to be seen (Odena, Olah, Shlens 2017, arXiv 1610.09585).

    Args:
        loss: the pair of functions of logits.
        penalties: added to the discriminator's loss.
        augmented: what the discriminator sees samples through; None shows them as they are.
        regularisers: added to the generator's loss.
        auxiliary: λ; above 0 it asks for a discriminator with an auxiliary classifier, and for labels.
    """

    def __init__(
        self,
        loss: AdversarialLoss,
        penalties: Sequence[Penalty] = (),
        augmented: Augmented | None = None,
        *,
        regularisers: Sequence[Regulariser] = (),
        auxiliary: float = 0.0,
    ) -> None:
        self.loss, self.augmented, self.auxiliary = loss, augmented, auxiliary
        self.penalties, self.regularisers = tuple(penalties), tuple(regularisers)
        self._real_differentiated = any(p.differentiates_real for p in penalties)
        self._generated_differentiated = any(p.differentiates_generated for p in penalties)
        self._memories = [p.memory for p in penalties if p.memory is not None]
        self._features_compared = any(r.compares_features for r in regularisers)

    def __call__(self, players: Mapping[str, nn.Module], batch: SampleBatch, names: Sequence[str]) -> dict[str, Tensor]:
        """The losses of the named players, scalars."""
        generator, discriminator = players["generator"], players["discriminator"]
        judged = "discriminator" in names
        real, generated = batch.real, generator(batch.latent, *batch.conditions)
        if judged and self._real_differentiated:
            real = differentiable(real)
        if judged and self._generated_differentiated:
            generated = differentiable(generated)
        of_generated = self._judge(discriminator, batch, generated)
        real_needed = judged or self.loss.generator_sees_real or self._features_compared
        of_real = self._judge(discriminator, batch, real) if real_needed else None
        real_logits = None if of_real is None else of_real.logits

        losses: dict[str, Tensor] = {}
        if "generator" in names:
            losses["generator"] = self.loss.generator(real_logits, of_generated.logits)
            if self.regularisers:
                made = GeneratorPass(
                    lambda latent: generator(latent, *batch.conditions),
                    batch.latent,
                    generated,
                    None if of_real is None else of_real.features,
                    of_generated.features,
                )
                losses["generator"] = losses["generator"] + sum(term(made) for term in self.regularisers)
            if self.auxiliary:
                losses["generator"] = losses["generator"] + self.auxiliary * misread(of_generated, batch)
        if judged:
            assert of_real is not None
            logits_of = partial(self._logits, discriminator, batch)
            seen = DiscriminatorPass(logits_of, real, generated, of_real.logits, of_generated.logits, batch.mix)
            penalties = sum(penalty(seen) for penalty in self.penalties)
            losses["discriminator"] = self.loss.discriminator(of_real.logits, of_generated.logits) + (
                penalties if batch.penalty is None else batch.penalty * penalties
            )
            if self.auxiliary:
                classified = misread(of_real, batch) + misread(of_generated, batch)
                losses["discriminator"] = losses["discriminator"] + self.auxiliary * classified
            for memory in self._memories:
                memory.observe(seen)
            if self.augmented is not None:
                self.augmented.observe(of_real.logits, of_generated.logits, len(real))
        return losses

    def _judge(self, discriminator: nn.Module, batch: SampleBatch, samples: Tensor) -> DiscriminatorOutput:
        if not (self.auxiliary or self._features_compared):
            # A network of another maker need know no more than logits, which then are all its features.
            logits = self._logits(discriminator, batch, samples)
            return DiscriminatorOutput(logits, None, logits[:, None])
        output: DiscriminatorOutput = discriminator(self._shown(samples, batch), batch.labels, True)
        return output

    def _logits(self, discriminator: nn.Module, batch: SampleBatch, samples: Tensor) -> Tensor:
        logits: Tensor = discriminator(self._shown(samples, batch), *batch.conditions)
        return logits

    def _shown(self, samples: Tensor, batch: SampleBatch) -> Tensor:
        return samples if self.augmented is None else self.augmented(samples, batch)

    def keep_memories_in(self, players: Mapping[str, nn.Module]) -> None:
        """Make what is remembered a part of its player, before a game is made of it.

        What penalties and augmentation remember goes to the discriminator, what regularisers do to the generator. As
        buffers the memories are saved with it and move once a step. Changes nothing where nothing is remembered.
        """
        discriminator, generator = players["discriminator"], players["generator"]
        device = next(discriminator.parameters()).device
        if self.augmented is not None:
            discriminator.add_module("augmented", self.augmented.to(device))
        for number, memory in enumerate(self._memories):
            discriminator.add_module(f"memory_of_penalty_{number}", memory.to(device))
        for number, term in enumerate(self.regularisers):
            if term.memory is not None:
                generator.add_module(f"memory_of_regulariser_{number}", term.memory.to(device))


def misread(output: DiscriminatorOutput, batch: SampleBatch) -> Tensor:
    """The cross-entropy of the auxiliary classifier to the batch's classes, nats; log classes where it can't tell."""
    assert output.class_logits is not None
    assert batch.labels is not None
    return cross_entropy(output.class_logits, batch.labels)


def differentiable(samples: Tensor) -> Tensor:
    """The samples, so that a discriminator's gradient at them exists; a graph behind them stays."""
    return samples if samples.requires_grad else samples.detach().requires_grad_()
