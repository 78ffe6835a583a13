"""Networks of rows of a table: numbers, and choices among states, side by side."""

from collections.abc import Sequence
from math import prod
from typing import ClassVar

import torch
from torch import Tensor, nn

from saddlepoint.networks.mlp import MLPDiscriminator
from saddlepoint.networks.players import Code, DiscriminatorOutput, Generator


class ResidualLayer(nn.Module):
    """h + B silu(A norm(h)): the identity where B is 0."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.inner, self.outer = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, h: Tensor) -> Tensor:
        """(N, width) → (N, width)."""
        change: Tensor = self.outer(nn.functional.silu(self.inner(self.norm(h))))
        return h + change


class TableGenerator(Generator):
    """Residual MLP with a head a column: tanh for a number, Gumbel-softmax for a choice.

    A choice with logits l becomes softmax((l + g)/τ), g independent standard Gumbel: its largest entry is a draw from
    softmax(l), and the smaller τ, the nearer to one 1 among zeros it is. Given a label, which names a state of a
    choice, that choice is that state, exactly, and the others learn to go with it. Noise comes from torch's global
    generator on the CPU, which a batch seeds at every evaluation.

    Jang, Gu, Poole 2017, arXiv 1611.01144; Maddison, Mnih, Teh 2017, arXiv 1611.00712; for tables Xu, Skoularidou,
    Cuesta-Infante, Veeramachaneni 2019, arXiv 1907.00503.

    Args:
        shape: of a row, (width,); any shape where there are no heads.
        latent: size of its input.
        heads: sizes of what comes out, in order: 1 is a number, k > 1 a choice among k states. A run of a table fills
            them in; () are numbers all.
        width: of the hidden layers.
        depth: residual layers.
        temperature: τ.
        straight: makes choices exact ones and zeros, whose gradient is that of the softmax (straight-through).
        noise: adds to each number normal noise of a deviation that is learned.
        classes: labels: states of all choices, counted through; 0 takes none.

    Raises:
        ValueError: heads that do not add up to the shape, classes that are not the heads' states, τ not above 0.

    >>> network = TableGenerator((4,), latent=2, heads=(1, 3), classes=3)
    >>> row = network(torch.randn(1, 2), torch.tensor([2]))
    >>> row[0, 1:].tolist()
    [0.0, 0.0, 1.0]
    """

    #: What a run fills in, hidden from its configuration.
    supplied: ClassVar[tuple[str, ...]] = ("heads",)
    numbers: Tensor
    states: Tensor
    owners: Tensor

    def __init__(
        self,
        shape: tuple[int, ...],
        latent: int,
        heads: tuple[int, ...] = (),
        width: int = 256,
        depth: int = 2,
        temperature: float = 0.2,
        straight: bool = False,
        noise: bool = False,
        classes: int = 0,
    ) -> None:
        super().__init__(classes)
        self.shape, self.temperature, self.straight = shape, temperature, straight
        heads = tuple(heads) or (1,) * prod(shape)
        states = sum(size for size in heads if size > 1)
        if sum(heads) != prod(shape):
            raise ValueError(f"heads are {sum(heads)} wide together, a row is {prod(shape)}: they have to fill it")
        if classes and classes != states:
            raise ValueError(f"there are {classes} classes and {states} states of choices: a label names such a state")
        if temperature <= 0:
            raise ValueError(f"temperature is {temperature}: give a number above 0")
        self.entry = Code(latent, classes)
        self.body = nn.Sequential(
            nn.Linear(self.entry.size, width), *(ResidualLayer(width) for _ in range(depth)), nn.LayerNorm(width)
        )
        self.head = nn.Linear(width, prod(shape))
        self.choices = sum(size > 1 for size in heads)
        self._lay(heads)
        self.log_deviation = nn.Parameter(torch.full((len(self.numbers),), -2.0)) if noise else None

    def _lay(self, heads: Sequence[int]) -> None:
        """Where numbers and choices lie in a row; not saved, as the heads say it."""
        starts = [sum(heads[:number]) for number in range(len(heads))]
        choices = [(start, size) for start, size in zip(starts, heads, strict=True) if size > 1]
        lists = {
            "numbers": [start for start, size in zip(starts, heads, strict=True) if size == 1],
            "states": [start + state for start, size in choices for state in range(size)],  # of each label
            "owners": [number for number, (_, size) in enumerate(choices) for _ in range(size)],  # its choice
        }
        for name, places in lists.items():
            self.register_buffer(name, torch.tensor(places, dtype=torch.int64), persistent=False)

    @property
    def uniforms(self) -> int:  # type: ignore[override]
        """Uniform numbers that are drawn for a row: one a state, and one a number where these are noisy."""
        return len(self.states) + (0 if self.log_deviation is None else len(self.numbers))

    def forward(self, latent: Tensor, labels: Tensor | None = None, uniform: Tensor | None = None) -> Tensor:
        """(N, latent), and int64 labels (N,) where it has classes → (N, *shape); see `activated`."""
        if uniform is None:
            return super().forward(latent, labels)
        return self.activated(self.raw(latent, labels), labels, uniform).view(-1, *self.shape)

    def generate(self, latent: Tensor, labels: Tensor | None) -> Tensor:
        """(N, latent) → (N, *shape)."""
        return self.activated(self.raw(latent, labels), labels).view(-1, *self.shape)

    def raw(self, latent: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, latent) → what the heads are given, (N, width): numbers before the tanh, logits of choices."""
        outputs: Tensor = self.head(self.body(self.entry(latent, labels)))
        return outputs

    def activated(self, raw: Tensor, labels: Tensor | None = None, uniform: Tensor | None = None) -> Tensor:
        """(N, width) → a row each, (N, width), by uniform numbers (N, uniforms), drawn where none are given."""
        if uniform is None:
            # In one draw, row by row, so that the noise of the first rows does not depend on how many there are.
            uniform = torch.rand(len(raw), self.uniforms)
        # Within (0, 1), as its logarithms and normal scores are taken.
        uniform = uniform.clamp(1e-20, 1 - 1e-7).to(raw)
        numbers = torch.tanh(raw[:, self.numbers])
        if self.log_deviation is not None:
            scores = torch.special.ndtri(uniform[:, len(self.states) :].clamp_min(1e-7))
            numbers = (numbers + self.log_deviation.exp() * scores).clamp(-1, 1)
        made = torch.empty_like(raw).index_copy(1, self.numbers, numbers)
        if not self.choices:
            return made
        return made.index_copy(1, self.states, self._chosen(raw, uniform[:, : len(self.states)], labels))

    def _chosen(self, raw: Tensor, uniform: Tensor, labels: Tensor | None) -> Tensor:
        """The states of all choices, (N, states), drawn by as many uniform numbers."""
        tempered = (raw[:, self.states] - (-uniform.log()).log()) / self.temperature
        states = self._log_softmax(tempered).exp()
        if self.straight:
            hard = (tempered.detach() == self._most(tempered)[:, self.owners]).to(states)
            states = hard + states - states.detach()
        if labels is None:
            return states
        wanted = torch.zeros_like(states).scatter(1, labels[:, None], 1.0)
        return torch.where(self.owners == self.owners[labels][:, None], wanted, states)

    def log_shares(self, raw: Tensor) -> Tensor:
        """log of the probability of each state, (N, states)."""
        return self._log_softmax(raw[:, self.states])

    def _log_softmax(self, logits: Tensor) -> Tensor:
        """Of each choice by itself."""
        centred = logits - self._most(logits)[:, self.owners]
        sums = torch.zeros(logits.shape[0], self.choices).to(logits).index_add(1, self.owners, centred.exp())
        return centred - sums.log()[:, self.owners]

    def _most(self, logits: Tensor) -> Tensor:
        """The largest of each choice, (N, choices), outside of the graph: a softmax does not depend on it."""
        least = torch.full((logits.shape[0], self.choices), -torch.inf).to(logits)
        return least.scatter_reduce(1, self.owners.expand(logits.shape[0], -1), logits.detach(), "amax")


class TableDiscriminator(nn.Module):
    """MLP that judges rows, each with the embedding of its label beside it, by packs.

    In a pack, every row has a label of its own, so that packing (Lin, Khetan, Fanti, Oh 2018, arXiv 1712.04086) and
    conditions go together, as they do in CTGAN (arXiv 1907.00503).

    Args:
        shape: of a row.
        widths: of the hidden layers.
        slope: of the leaky ReLU below 0.
        spectral: spectral norm of every layer.
        packing: rows judged together.
        embedding: size of a label's.
        classes: labels; 0 takes none.

    Raises:
        ValueError: see `MLPDiscriminator`.

    >>> TableDiscriminator((5,), packing=2, classes=3)(torch.randn(4, 5), torch.tensor([0, 1, 2, 0])).shape
    torch.Size([2])
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        widths: tuple[int, ...] = (256, 256),
        slope: float = 0.2,
        spectral: bool = False,
        packing: int = 1,
        embedding: int = 32,
        classes: int = 0,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(classes, embedding) if classes else None
        seen = prod(shape) + (embedding if classes else 0)
        self.discriminator = MLPDiscriminator((seen,), widths, slope, spectral=spectral, packing=packing)

    def forward(
        self, rows: Tensor, labels: Tensor | None = None, detailed: bool = False
    ) -> Tensor | DiscriminatorOutput:
        """(N, *shape), and int64 labels (N,) where there are classes → logits (N/packing,), or all of the output."""
        if (labels is None) != (self.embedding is None):
            raise ValueError("labels are given to a discriminator with classes, and to no other")
        seen = rows.flatten(1)
        if self.embedding is not None:
            seen = torch.cat([seen, self.embedding(labels)], dim=1)
        judged: Tensor | DiscriminatorOutput = self.discriminator(seen, None, detailed)
        return judged
