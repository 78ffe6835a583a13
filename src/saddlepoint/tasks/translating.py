"""The losses of a translator and its discriminator: images that are to look like the targets, and to be them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from saddlepoint.data.pair_stream import PairBatch
from saddlepoint.losses import AdversarialLoss, layer_matching
from saddlepoint.networks import DiscriminatorOutput
from saddlepoint.penalties import DiscriminatorPass, Penalty
from saddlepoint.tasks.adversarial import differentiable
from saddlepoint.components.content import ContentLoss


class TranslationLosses:
    """L_G and L_D of a translator G, inputs x to images like the targets y, and a discriminator D.

        L_D = loss_D(D(x, y), D(x, G(x))) + penalties
        L_G = Σ content(G(x), y) + a · (λ loss_G(D(x, y), D(x, G(x))) + μ E |φ(x, y) − φ(x, G(x))|)

    φ are D's layers, and a the batch's factor on all that comes from the adversary. On a batch that the generator has
    `alone` L_G is the content losses, D is not asked, and a loss of its own is not to be wanted. Where D is not
    conditioned x stands in no D. A pair of images goes into D as channels side by side, the input at the size of the
    target; penalties differentiate in the target.

    Args:
        loss: the pair of functions of logits.
        penalties: added to the discriminator's loss; those with a memory want `keep_memories_in`.
        content: of what is made to the target.
        conditional: whether D sees x too.
        adversarial: λ.
        matching: μ; above 0 it asks for a discriminator that tells its layers.

    Raises:
        ValueError: a negative weight, or nothing for the generator to learn from.
    """

    def __init__(
        self,
        loss: AdversarialLoss,
        penalties: Sequence[Penalty] = (),
        content: Sequence[ContentLoss] = (),
        *,
        conditional: bool = True,
        adversarial: float = 1.0,
        matching: float = 0.0,
    ) -> None:
        if min(adversarial, matching) < 0:
            raise ValueError(f"adversarial is {adversarial} and matching {matching}: give at least 0 each")
        if not (content or adversarial or matching):
            raise ValueError(
                "the generator has nothing to learn from: give a content loss, or an adversarial weight above 0"
            )
        self.adversary = Adversary(loss, penalties, matching=matching)
        self.content, self.conditional, self.adversarial = tuple(content), conditional, adversarial

    def __call__(self, players: Mapping[str, nn.Module], batch: PairBatch, names: Sequence[str]) -> dict[str, Tensor]:
        """The losses of the named players, scalars."""
        generator, discriminator = players["generator"], players["discriminator"]
        source, real, made = batch.source, batch.target, generator(batch.source)
        judged, asked = "discriminator" in names, "generator" in names
        losses: dict[str, Tensor] = {}
        due = [term for term in self.content if not (term.after_pretraining and batch.alone)]
        terms = [term(made, real) for term in due] if asked else []
        if judged or not batch.alone:
            condition = source if self.conditional else None
            bout = self.adversary.bout(discriminator, real, made, batch.mix, condition, judged=judged)
            if asked and not batch.alone:
                terms.append(self._of_the_adversary(bout, batch))
            if judged:
                losses["discriminator"] = self.adversary.discriminator(bout, batch.penalty)
        if asked:
            if not terms:
                raise ValueError("the generator is alone with nothing to be like: give a content loss, or an adversary")
            losses["generator"] = torch.stack(terms).sum()
        return losses

    def _of_the_adversary(self, bout: "Bout", batch: PairBatch) -> Tensor:
        term = self.adversarial * self.adversary.generator(bout) + self.adversary.matched(bout)
        return term if batch.adversarial is None else batch.adversarial * term

    def keep_memories_in(self, players: Mapping[str, nn.Module]) -> None:
        """Make what penalties remember a part of the discriminator, before a game is made of it."""
        self.adversary.keep_memories_in(players["discriminator"])


@dataclass(frozen=True)
class Bout:
    """One look of a discriminator at real and generated images.

    Attributes:
        real: None where nobody asks what it says of them.
        seen: what penalties are given; None where the discriminator's loss is not asked for.
    """

    generated: DiscriminatorOutput
    real: DiscriminatorOutput | None
    seen: DiscriminatorPass | None


class Adversary:
    """What a discriminator says of real and generated images, and what each player makes of it.

    Args:
        loss: the pair of functions of logits.
        penalties: added to the discriminator's loss.
        matching: weight of the distance between the discriminator's layers.
    """

    def __init__(self, loss: AdversarialLoss, penalties: Sequence[Penalty], *, matching: float = 0.0) -> None:
        self.loss, self.penalties, self.matching = loss, tuple(penalties), matching
        self._memories = [p.memory for p in penalties if p.memory is not None]
        self._real_differentiated = any(p.differentiates_real for p in penalties)
        self._generated_differentiated = any(p.differentiates_generated for p in penalties)

    def bout(
        self,
        discriminator: Callable[..., Any],
        real: Tensor,
        made: Tensor,
        mix: Tensor,
        condition: Tensor | None = None,
        *,
        judged: bool,
    ) -> Bout:
        """Show real and generated images, beside the condition where there is one; `judged` where L_D is asked for."""
        if judged and self._real_differentiated:
            real = differentiable(real)
        if judged and self._generated_differentiated:
            made = differentiable(made)
        of_made = self._judge(discriminator, with_context(condition, made))
        if not (judged or self.loss.generator_sees_real or self.matching):
            return Bout(of_made, None, None)
        of_real = self._judge(discriminator, with_context(condition, real))
        if not judged:
            return Bout(of_made, of_real, None)
        logits_of = partial(_logits, discriminator, condition)
        return Bout(of_made, of_real, DiscriminatorPass(logits_of, real, made, of_real.logits, of_made.logits, mix))

    def generator(self, bout: Bout) -> Tensor:
        """loss_G."""
        return self.loss.generator(None if bout.real is None else bout.real.logits, bout.generated.logits)

    def matched(self, bout: Bout) -> Tensor:
        """μ times the distance of layers; 0 where none is asked for."""
        if not self.matching:
            return bout.generated.logits.new_zeros(())
        assert bout.real is not None
        return self.matching * layer_matching(bout.real.layers, bout.generated.layers)

    def discriminator(self, bout: Bout, factor: Tensor | None) -> Tensor:
        """loss_D with the penalties, times a factor where they have one; what they remember moves."""
        assert bout.seen is not None
        penalties = sum(penalty(bout.seen) for penalty in self.penalties)
        for memory in self._memories:
            memory.observe(bout.seen)
        loss = self.loss.discriminator(bout.seen.real_logits, bout.seen.generated_logits)
        return loss + (penalties if factor is None else factor * penalties)

    def keep_memories_in(self, discriminator: nn.Module) -> None:
        """Make what penalties remember a part of the discriminator, whose device they go to."""
        device = next(discriminator.parameters()).device
        for number, memory in enumerate(self._memories):
            discriminator.add_module(f"memory_of_penalty_{number}", memory.to(device))

    def _judge(self, discriminator: Callable[..., Any], images: Tensor) -> DiscriminatorOutput:
        if self.matching:
            output: DiscriminatorOutput = discriminator(images, None, True)
            return output
        # A network of another maker need know no more than logits, which then are all its features.
        logits: Tensor = discriminator(images)
        return DiscriminatorOutput(logits, None, logits.reshape(len(logits), -1))


def with_context(condition: Tensor | None, images: Tensor) -> Tensor:
    """Images (N, C, H, W) with the condition's channels before their own, enlarged where it is smaller."""
    if condition is None:
        return images
    if condition.shape[2:] != images.shape[2:]:
        condition = interpolate(condition, images.shape[2:], mode="bilinear")
    return torch.cat([condition, images], 1)


def _logits(discriminator: Callable[..., Any], condition: Tensor | None, images: Tensor) -> Tensor:
    logits: Tensor = discriminator(with_context(condition, images))
    return logits
