"""Causal self-attention as a memory of sequences, with the interface of `torch.nn.GRU`."""

import torch
from torch import Tensor, nn


class CausalAttention(nn.Module):
    """Blocks of self-attention that look back only: the body of a small GPT.

        x ← x + A(norm(x)),   x ← x + W₂ gelu(W₁ norm(x))

    Each place asks all places up to its own; how far apart two of them are is told by rotary angles. What is remembered
    are keys and values of all places so far, so a further one costs as much as looking at them once.

    Vaswani et al. 2017, arXiv 1706.03762; Radford et al. 2019; rotary angles: Su et al. 2021, arXiv 2104.09864.

    Args:
        size: of an input.
        width: of the hidden state.
        layers: blocks.
        heads: of the attention, which share the width.
        dropout: share of the numbers that are left out behind each part of a block, in training.

    Raises:
        ValueError: a width that heads of an even size do not make.

    >>> memory = CausalAttention(4, 16)
    >>> hidden, after = memory(torch.randn(2, 3, 4))
    >>> hidden.shape, after.shape
    (torch.Size([2, 3, 16]), torch.Size([1, 2, 2, 4, 3, 4]))
    """

    angles: Tensor

    def __init__(self, size: int, width: int, layers: int = 1, heads: int = 4, dropout: float = 0.0) -> None:
        super().__init__()
        if width % (2 * heads):
            raise ValueError(f"width is {width}: give a multiple of {2 * heads}, as {heads} heads share it in pairs")
        self.heads = heads
        self.entry = nn.Linear(size, width)
        self.blocks = nn.ModuleList(_Block(width, heads, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        each = width // heads
        self.register_buffer("angles", 1e4 ** (-torch.arange(0, each, 2) / each), persistent=False)

    def forward(self, given: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """(N, T, size) and what is remembered → hidden states (N, T, width), and what is to be remembered.

        What is remembered are keys and values, (layers, 2, N, heads, places, width/heads); None at the beginning.
        """
        past = 0 if state is None else state.shape[4]
        places = torch.arange(past + given.shape[1], device=given.device)
        unseen = places > places[past:, None]
        turns = places[past:, None] * self.angles
        hidden, after = self.entry(given), []
        for number, block in enumerate(self.blocks):
            hidden, own = block(hidden, None if state is None else state[number], turns, unseen)
            after.append(own)
        return self.norm(hidden), torch.stack(after)


class _Block(nn.Module):
    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.asked, self.told = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, state: Tensor | None, turns: Tensor, unseen: Tensor) -> tuple[Tensor, Tensor]:
        query, key, value = self.asked(self.first(x)).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        query, key = _turned(query, turns), _turned(key, turns)
        known = torch.stack([key, value])
        if state is not None:
            known = torch.cat([state, known], 3)
        # Not the fused attention: second-order methods differentiate this twice.
        scores = query @ known[0].transpose(2, 3) * query.shape[3] ** -0.5
        seen = scores.masked_fill(unseen, -torch.inf).softmax(3) @ known[1]
        x = x + self.dropout(self.told(seen.transpose(1, 2).flatten(2)))
        return x + self.dropout(self.mlp(self.second(x))), known


def _turned(x: Tensor, turns: Tensor) -> Tensor:
    """Pairs of numbers (N, heads, T, d) turned by angles (T, d/2)."""
    even, odd = x.chunk(2, 3)
    cosine, sine = turns.cos(), turns.sin()
    return torch.cat([even * cosine - odd * sine, odd * cosine + even * sine], 3)
