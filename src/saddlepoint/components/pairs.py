"""What a generator makes of inputs, against the targets that belong to them."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from saddlepoint.components.adversary import DiscriminatorInput, Forward, Players
from saddlepoint.components.content import ContentLoss


class OfPairs:
    """Outputs G(x) of inputs x, beside targets y: content losses of both, and a discriminator of either.

        content = Σ content_i(G(x), y)

    Content losses that come `after_pretraining` are left out on a batch that the generator has `alone`.

    Args:
        content: of what is made to the target.
        conditioned: whether the discriminator sees x beside its image.
    """

    def __init__(self, content: Sequence[ContentLoss], *, conditioned: bool) -> None:
        self.content, self.conditioned = tuple(content), conditioned

    def __call__(self, players: Players, batch: Any, names: Sequence[str]) -> Forward:  # noqa: ARG002
        """What the generator makes of a batch of `source` and `target`."""
        source, target = batch.source, batch.target
        made = players["generator"](source)
        context = source if self.conditioned else None
        given = DiscriminatorInput(players["discriminator"], target, made, context=context)
        terms = [term for term in self.content if not (term.after_pretraining and batch.alone)]
        return Forward((given,), _sum_of(terms, made, target))


def _sum_of(terms: Sequence[ContentLoss], made: Tensor, target: Tensor) -> Callable[[], Tensor | None]:
    def content() -> Tensor | None:
        return torch.stack([term(made, target) for term in terms]).sum() if terms else None

    return content
