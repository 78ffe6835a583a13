"""Samples that are chosen among candidates by a judge: by importance among k, or by rejection."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import rng, seed_for

#: Samples that are chosen together: always so many, so that the first of a seed do not depend on n.
TOGETHER = 16
#: Candidates that are judged at once, and how many are drawn for samples that are chosen together.
AT_ONCE, TRIES = 256, 1 << 16

#: Numbers of samples (m,), as often as there are candidates for each, and a seed ↦ what the judge says of these
#: candidates, (m,), and what is kept of them, (m, …) each.
Propose = Callable[[Tensor, int], tuple[Tensor, tuple[Tensor, ...]]]


class Ratio(Protocol):
    """What chooses: an estimate of log p(x) − log q(x), p real and q generated."""

    @property
    def bound(self) -> float:
        """The largest value that was seen of generated samples."""

    def __call__(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Samples (n, …), as discriminators see them, labels (n,) where there are classes → (n,)."""


@dataclass(frozen=True)
class Choice:
    """How samples are chosen.

    Among k candidates x_1 … x_k one is taken with a probability in proportion to w(x_i) = p(x_i)/q(x_i), so that for
    k → ∞ samples are distributed as p (sampling-importance resampling: Rubin 1987; of texts Deng, Bakhtin, Ott, Szlam,
    Ranzato, "Residual energy-based models for text generation", ICLR 2020, arXiv 2004.11714). By rejection a candidate
    is taken with the probability min(1, w(x)/M), M the largest w that was seen (Azadi, Olsson, Darrell, Goodfellow,
    Odena, "Discriminator rejection sampling", ICLR 2019, arXiv 1810.06758, with γ = 0 and M as it was estimated once).

    Attributes:
        judge: estimates log w.
        among: k; None chooses by rejection.
    """

    judge: Ratio
    among: int | None

    def __call__(self, n: int, seed: int, propose: Propose) -> tuple[Tensor, ...]:
        """What is kept of n chosen samples, (n, …) each.

        Raises:
            ConfigurationError: next to no candidate is taken.
        """
        parts = [self._chosen(first, seed, propose) for first in range(0, n, TOGETHER)]
        return tuple(torch.cat(part)[:n] for part in zip(*parts, strict=True))

    def _chosen(self, first: int, seed: int, propose: Propose) -> tuple[Tensor, ...]:
        if self.among is None:
            return self._accepted(first, seed, propose)
        places = torch.arange(first, first + TOGETHER).repeat_interleave(self.among)
        ratios, kept = propose(places, seed_for(seed, first, "candidates"))
        uniform = torch.rand(TOGETHER, self.among, generator=rng(seed, first, "chosen"), dtype=torch.float64)
        # The largest of log w + Gumbel noise is a draw in proportion to w.
        best = (ratios.double().view(TOGETHER, -1) - uniform.log().neg().log()).argmax(1)
        rows = torch.arange(TOGETHER) * self.among + best
        return tuple(tensor[rows] for tensor in kept)

    def _accepted(self, first: int, seed: int, propose: Propose) -> tuple[Tensor, ...]:
        left, found, tried = torch.arange(TOGETHER), dict[int, tuple[Tensor, ...]](), 0
        while len(left):
            if tried >= TRIES:
                raise ConfigurationError(
                    f"of {tried:,} candidates the judge took {len(found)}, as the most likely one is a rare one: "
                    f"give --resample 8 in place of --reject"
                )
            each = -(-AT_ONCE // len(left))
            ratios, kept = propose(first + left.repeat_interleave(each), seed_for(seed, first, tried, "candidates"))
            uniform = torch.rand(len(ratios), generator=rng(seed, first, tried, "chosen"), dtype=torch.float64)
            taken = (uniform.log() < ratios.double() - self.judge.bound).view(len(left), each)
            for row in taken.any(1).nonzero().flatten().tolist():
                best = row * each + int(taken[row].int().argmax())
                found[int(left[row])] = tuple(tensor[best] for tensor in kept)
            left, tried = left[~taken.any(1)], tried + len(ratios)
        return tuple(torch.stack(part) for part in zip(*(found[row] for row in range(TOGETHER)), strict=True))
