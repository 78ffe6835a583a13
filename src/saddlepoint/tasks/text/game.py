"""The losses of a game of text."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from saddlepoint.components.adversary import DiscriminatorInput, Forward, Players


class OfTexts:
    """Relaxed samples G of a writer at the batch's temperature, against the batch's texts x.

        content = μ NLL(x),    NLL(x) = −E log p_G(x)/length

    On a batch that the generator has alone μ is 1, and nothing is shown unless the discriminator's loss is asked for.

    Args:
        likelihood: μ.
    """

    def __init__(self, likelihood: float) -> None:
        self.likelihood = likelihood

    def __call__(self, players: Players, batch: Any, names: Sequence[str]) -> Forward:
        """What the writer makes of a batch."""
        writer = players["generator"]
        inputs: tuple[DiscriminatorInput, ...] = ()
        if "discriminator" in names or not batch.alone:
            made = writer(batch.latent, batch.labels, batch.temperature)
            inputs = (DiscriminatorInput(players["discriminator"], batch.real, made, batch.conditions),)
        weight = 1.0 if batch.alone else self.likelihood

        def content() -> Tensor | None:
            return weight * negative_log_likelihood(writer, batch) if weight else None

        return Forward(inputs, content)


def negative_log_likelihood(writer: nn.Module, batch: Any) -> Tensor:
    """−E log p over the length of a sample: a mean over samples, as a batch that comes in parts wants it."""
    logs: Tensor = writer(batch.latent, batch.labels, None, batch.tokens)
    return -logs.mean()
