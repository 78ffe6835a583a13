"""One look of a discriminator at real and generated samples, and what both players' losses make of it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, interpolate

from saddlepoint.components.augmented import Augmented
from saddlepoint.components.regularisers import GeneratorPass, Regulariser
from saddlepoint.core.randomness import rewound
from saddlepoint.core.ranks import on_whole, rows_of_batch, whole
from saddlepoint.losses import AdversarialLoss
from saddlepoint.networks import DiscriminatorOutput
from saddlepoint.penalties import DiscriminatorPass, Penalty

Players = Mapping[str, nn.Module]


class AdversarialBatch(Protocol):
    """What the adversary reads of a batch, whatever else is in it."""

    @property
    def mix(self) -> Tensor:
        """Uniform on [0, 1], (N, 1, …), for penalties on segments between real and generated samples."""

    @property
    def penalty(self) -> Tensor | None:
        """A factor on the penalties, a scalar, where it is scheduled."""


@dataclass(frozen=True)
class DiscriminatorInput:
    """Real and generated samples, and how a discriminator is called with them.

    Attributes:
        discriminator: called with samples, conditions, and True where its features are wanted beside its logits.
        real, generated: samples (N, …).
        conditions: labels (N,), where there are classes.
        context: channels beside both, as a translator's input, (N, C, H, W).
        replay: what is shown for generated samples where the discriminator learns, as a buffer of earlier ones.
        latent: what the generator made them of, (N, latent size), for regularisers that differentiate it.
        generate: latents ↦ samples, for these.
    """

    discriminator: Callable[..., Any]
    real: Tensor
    generated: Tensor
    conditions: tuple[Tensor, ...] = ()
    context: Tensor | None = None
    replay: Callable[[Tensor], Tensor] | None = None
    latent: Tensor | None = None
    generate: Callable[[Tensor], Tensor] | None = None


def no_content() -> None:
    """No loss beside the adversary's."""


@dataclass(frozen=True)
class Forward:
    """What a task's generator did on a batch.

    Attributes:
        inputs: of each discriminator; empty while the generator trains alone and nothing has to be shown.
        content: its loss beside the adversary's, a scalar, or None; called after the discriminators have looked, so
            that draws keep their order.
    """

    inputs: tuple[DiscriminatorInput, ...] = ()
    content: Callable[[], Tensor | None] = no_content


@dataclass(frozen=True)
class Look:
    """What a discriminator said.

    Attributes:
        real: None where nobody asks what it says of real samples.
        seen: what penalties are given; None where the discriminator's loss is not asked for.
    """

    given: DiscriminatorInput
    generated: DiscriminatorOutput
    real: DiscriminatorOutput | None
    seen: DiscriminatorPass | None


class Adversary:
    """The adversarial part of both players' losses.

        L_D = Σ loss_D + penalties + α (CE(C(x), y) + CE(C(G), y))
        L_G = Σ λ loss_G + regularisers + α CE(C(G), y)

    over the discriminators of a task; C is an auxiliary classifier (Odena, Olah, Shlens 2017, arXiv 1610.09585).

    Args:
        loss: the pair of functions of logits.
        penalties: added to the discriminator's loss.
        regularisers: added to the generator's loss.
        augmented: what the discriminator sees samples through; None shows them as they are.
        auxiliary: α; above 0 it asks for a discriminator with an auxiliary classifier, and for labels.
        weight: λ.

    Raises:
        ValueError: a negative weight.
    """

    def __init__(
        self,
        loss: AdversarialLoss,
        penalties: Sequence[Penalty] = (),
        *,
        regularisers: Sequence[Regulariser] = (),
        augmented: Augmented | None = None,
        auxiliary: float = 0.0,
        weight: float = 1.0,
    ) -> None:
        if min(weight, auxiliary) < 0:
            raise ValueError(f"the adversary's weight is {weight} and auxiliary {auxiliary}: give at least 0 each")
        self.loss, self.augmented, self.auxiliary, self.weight = loss, augmented, auxiliary, weight
        self.penalties, self.regularisers = tuple(penalties), tuple(regularisers)
        self._memories = [p.memory for p in penalties if p.memory is not None]
        self._real_differentiated = any(p.differentiates_real for p in penalties)
        self._generated_differentiated = any(p.differentiates_generated for p in penalties)
        self._detailed = bool(auxiliary) or any(r.compares for r in regularisers)

    def look(self, given: DiscriminatorInput, batch: AdversarialBatch, *, learning: bool) -> Look:
        """Show real and generated samples; `learning` where the discriminator's loss is asked for."""
        real, generated = given.real, given.generated
        at_once = learning and self._at_once(given)
        if learning and self._real_differentiated:
            real = differentiable(real)
        if learning and self._generated_differentiated:
            generated = differentiable(generated)
        if at_once:
            of_real, of_generated = self._judged_at_once(given, batch, real, generated)
            return Look(given, of_generated, of_real, self._seen(given, batch, real, generated, of_real, of_generated))
        of_generated = self._judged(given, batch, generated)
        if not (learning or self.loss.generator_sees_real or any(r.compares for r in self.regularisers)):
            return Look(given, of_generated, None, None)
        of_real = self._judged(given, batch, real)
        if not learning:
            return Look(given, of_generated, of_real, None)
        return Look(given, of_generated, of_real, self._seen(given, batch, real, generated, of_real, of_generated))

    def _seen(
        self,
        given: DiscriminatorInput,
        batch: AdversarialBatch,
        real: Tensor,
        generated: Tensor,
        of_real: DiscriminatorOutput,
        of_generated: DiscriminatorOutput,
    ) -> DiscriminatorPass:
        return DiscriminatorPass(
            partial(self._logits, given, batch),
            real,
            generated,
            of_real.logits,
            of_generated.logits,
            batch.mix,
            both=self._real_differentiated and self._generated_differentiated,
            whole=whole,
        )

    def generator(self, looks: Sequence[Look]) -> Tensor:
        """λ loss_G, the regularisers and the auxiliary term, over all discriminators."""
        terms = []
        for look in looks:
            # A loss that is no mean over samples is that of all ranks' samples.
            seen = (None if look.real is None else look.real.logits, look.generated.logits)
            loss = self.loss.generator
            term = loss(*seen) if self.loss.mean_over_samples else on_whole(loss, *seen)
            term = term if self.weight == 1 else self.weight * term
            if self.regularisers:
                given = look.given
                made = GeneratorPass(given.generate, given.latent, given.generated, look.real, look.generated)
                term = term + sum(regulariser(made) for regulariser in self.regularisers)
            if self.auxiliary:
                term = term + self.auxiliary * misread(look.generated, look.given)
            terms.append(term)
        return terms[0] if len(terms) == 1 else torch.stack(terms).sum()

    def discriminator(self, looks: Sequence[Look], batch: AdversarialBatch) -> Tensor:
        """loss_D, the penalties and the auxiliary term, over all discriminators; what is remembered moves."""
        terms = []
        for look in looks:
            assert look.real is not None
            assert look.seen is not None
            penalties = sum(penalty(look.seen) for penalty in self.penalties)
            loss, both = self.loss.discriminator, (look.real.logits, look.generated.logits)
            term = (loss(*both) if self.loss.mean_over_samples else on_whole(loss, *both)) + (
                penalties if batch.penalty is None else batch.penalty * penalties
            )
            if self.auxiliary:
                term = term + self.auxiliary * (misread(look.real, look.given) + misread(look.generated, look.given))
            for memory in self._memories:
                memory.observe(look.seen)
            if self.augmented is not None:
                self.augmented.observe(whole(both[0]), whole(both[1]), rows_of_batch(len(look.seen.real)))
            terms.append(term)
        return terms[0] if len(terms) == 1 else torch.stack(terms).sum()

    def attach(self, players: Players) -> None:
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

    def _judged(self, given: DiscriminatorInput, batch: Any, samples: Tensor) -> DiscriminatorOutput:
        if not self._detailed:
            # A network of another maker need know no more than logits, which then are all its features.
            logits = self._logits(given, batch, samples)
            return DiscriminatorOutput(logits, None, logits if logits.dim() > 1 else logits[:, None])
        label = given.conditions[0] if given.conditions else None
        output: DiscriminatorOutput = given.discriminator(self._shown(given, batch, samples), label, True)
        return output

    def _at_once(self, given: DiscriminatorInput) -> bool:
        """Whether real and generated samples go through in one pass: half the calls, on twice the samples.

        Only where the network says that it judges each sample by itself (`Discriminator.separate`). Where one of both
        sides is differentiated, or the generator's graph hangs on one, the other's derivatives would be computed for
        nothing.
        """
        return (
            not self._detailed
            and self._real_differentiated == self._generated_differentiated
            and getattr(given.discriminator, "separate", False)
            and not given.generated.requires_grad
            and given.real.shape == given.generated.shape
        )

    def _judged_at_once(
        self, given: DiscriminatorInput, batch: Any, real: Tensor, generated: Tensor
    ) -> tuple[DiscriminatorOutput, DiscriminatorOutput]:
        shown = torch.cat([self._shown(given, batch, generated), self._shown(given, batch, real)])
        logits = given.discriminator(shown, *(torch.cat([c, c]) for c in given.conditions))
        of_generated, of_real = (
            DiscriminatorOutput(part, None, part if part.dim() > 1 else part[:, None]) for part in logits.chunk(2)
        )
        return of_real, of_generated

    def _logits(self, given: DiscriminatorInput, batch: Any, samples: Tensor) -> Tensor:
        logits: Tensor = given.discriminator(self._shown(given, batch, samples), *given.conditions)
        return logits

    def _shown(self, given: DiscriminatorInput, batch: Any, samples: Tensor) -> Tensor:
        samples = with_context(given.context, samples)
        return samples if self.augmented is None else self.augmented(samples, batch)


class AdversarialLosses:
    """The joint loss of a generator and a discriminator, so that one forward pass serves both and the penalties.

        L_G = a · adversary + content,    L_D as the adversary has it

    a is the batch's `adversarial`, 1 where it has none; on a batch that the generator has `alone` L_G is the content.

    Args:
        forward: (players, batch, names) ↦ what the generator did: all that a task writes.
        adversary: what the discriminators say, and its losses.
    """

    def __init__(self, forward: Callable[[Players, Any, Sequence[str]], Forward], adversary: Adversary) -> None:
        self.forward, self.adversary = forward, adversary

    def __call__(self, players: Players, batch: Any, names: Sequence[str]) -> dict[str, Tensor]:
        """The losses of the named players, scalars.

        Raises:
            ValueError: the generator is to learn alone, and has no loss.
        """
        asked, learning = "generator" in names, "discriminator" in names
        with_adversary = asked and not getattr(batch, "alone", False)
        forward = self.forward(players, batch, names)
        replayed = learning and any(given.replay is not None for given in forward.inputs)
        looks: list[Look] = []
        if with_adversary or (learning and not replayed):
            looks = [self.adversary.look(g, batch, learning=learning and not replayed) for g in forward.inputs]
        losses: dict[str, Tensor] = {}
        if asked:
            # What the discriminator's penalties draw does not depend on whether the generator's loss is asked for, too.
            with rewound() if learning and self.adversary.regularisers else nullcontext():
                losses["generator"] = self._of_generator(forward, looks if with_adversary else [], batch)
        if learning:
            if replayed:
                shown = [replace(given, generated=_replayed(given)) for given in forward.inputs]
                looks = [self.adversary.look(given, batch, learning=True) for given in shown]
            losses["discriminator"] = self.adversary.discriminator(looks, batch)
        return losses

    def _of_generator(self, forward: Forward, looks: Sequence[Look], batch: Any) -> Tensor:
        terms = []
        if looks:
            term, factor = self.adversary.generator(looks), getattr(batch, "adversarial", None)
            terms.append(term if factor is None else factor * term)
        if (content := forward.content()) is not None:
            terms.append(content)
        if not terms:
            raise ValueError("the generator has no loss: set a content loss, or adversary.weight above 0")
        return terms[0] if len(terms) == 1 else torch.stack(terms).sum()


def of_latents(players: Players, batch: Any, names: Sequence[str]) -> Forward:  # noqa: ARG001
    """Samples of latents, of the batch's classes where there are any, against the batch's real ones."""
    network = players["generator"]

    def generate(latent: Tensor) -> Tensor:
        made: Tensor = network(latent, *batch.conditions)
        return made

    given = DiscriminatorInput(
        players["discriminator"],
        batch.real,
        generate(batch.latent),
        batch.conditions,
        latent=batch.latent,
        generate=generate,
    )
    return Forward((given,))


def misread(output: DiscriminatorOutput, given: DiscriminatorInput) -> Tensor:
    """The cross-entropy of the auxiliary classifier to the classes, nats; log classes where it can't tell."""
    assert output.class_logits is not None
    return cross_entropy(output.class_logits, given.conditions[0])


def differentiable(samples: Tensor) -> Tensor:
    """The samples, so that a discriminator's gradient at them exists; a graph behind them stays."""
    return samples if samples.requires_grad else samples.detach().requires_grad_()


def with_context(context: Tensor | None, samples: Tensor) -> Tensor:
    """Samples (N, C, H, W) with a context's channels before their own, brought to their size; as they are without."""
    if context is None:
        return samples
    if context.shape[2:] != samples.shape[2:]:
        context = interpolate(context, samples.shape[2:], mode="bilinear")
    return torch.cat([context, samples], 1)


def _replayed(given: DiscriminatorInput) -> Tensor:
    return given.generated if given.replay is None else on_whole(given.replay, given.generated)
