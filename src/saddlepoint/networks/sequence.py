"""Networks of sequences of tokens: one that writes them, one that judges them."""

from collections.abc import Sequence
from math import prod
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, one_hot, pad
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from saddlepoint.networks.causal import CausalAttention
from saddlepoint.networks.players import Discriminator, Generator


class SequenceWriter(Generator):
    """Network that writes a token after another: relaxed, so that a gradient passes, or drawn.

    Its likelihood is p(x) = Π_t softmax(l_t)[x_t], l_t the logits after x_1 … x_{t−1}. A relaxed token is
    y_t = softmax((l_t + g_t)/τ), g_t independent standard Gumbel: its largest entry is a draw from softmax(l_t), and
    the smaller τ, the nearer it is to a one among zeros. Straight through, y_t is that one, with the gradient of the
    softmax. After token 0, the end, all is token 0. What is written depends on the noise alone, which comes from
    torch's global generator on the CPU, seeded by a batch at every evaluation; latents tell no more than how many are
    wanted, so that p(x) stays what it is. With classes an embedding of the class is added to each input.

    Its memory of what was written is recurrent, or attention over all of it (`CausalAttention`). Tied, the embeddings E
    of tokens are what logits are taken by, too: E h'/√e, h' a linear map of the hidden state (Press, Wolf 2017, arXiv
    1608.05859; the root as Vaswani et al.).

    Jang, Gu, Poole 2017, arXiv 1611.01144; Kusner, Hernández-Lobato 2016, arXiv 1611.04051; RelGAN: Nie, Narodytska,
    Patel, ICLR 2019.

    Args:
        shape: of a sequence: its length, and how many tokens there are.
        cell: of the memory: `gru` and `lstm` are recurrent, `attention` makes a small transformer.
        embedding: size of a token's.
        width: of the hidden state.
        layers: of the memory, above each other.
        heads: of attention.
        tied: whether embeddings are the logits' weights, too.
        dropout: share of the numbers that are left out of embeddings, between layers and of hidden states, in training.
        temperature: τ where a batch does not say it.
        straight: straight through.
        classes: how many there are; 0 takes no labels.

    Raises:
        ValueError: τ not above 0, dropout not in [0, 1), or a width that heads do not share.

    >>> writer = SequenceWriter((5, 3), width=8)
    >>> writer(torch.randn(2, 1)).sum(2).tolist()
    [[1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0, 1.0]]
    >>> writer.log_likelihood(torch.tensor([[1, 2, 0, 0, 0]])).shape
    torch.Size([1, 5])
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        cell: Literal["gru", "lstm", "attention"] = "gru",
        embedding: int = 64,
        width: int = 256,
        layers: int = 1,
        heads: int = 4,
        tied: bool = False,
        dropout: float = 0.0,
        temperature: float = 1.0,
        straight: bool = True,
        classes: int = 0,
    ) -> None:
        super().__init__(classes)
        if temperature <= 0:
            raise ValueError(f"temperature is {temperature}: give a number above 0")
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout is {dropout}: give a number from 0 to below 1")
        self.shape, self.length, self.size = shape, shape[0], prod(shape[1:])
        self.temperature, self.straight = temperature, straight
        self.embedding = nn.Embedding(self.size, embedding)
        self.start = nn.Parameter(torch.zeros(embedding))
        self.memory: nn.GRU | nn.LSTM | CausalAttention
        if cell == "attention":
            self.memory = CausalAttention(embedding, width, layers, heads, dropout)
        else:
            recurrent = {"gru": nn.GRU, "lstm": nn.LSTM}[cell]
            between = dropout if layers > 1 else 0.0
            self.memory = recurrent(embedding, width, layers, batch_first=True, dropout=between)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, embedding if tied else self.size)
        self.bias = nn.Parameter(torch.zeros(self.size)) if tied else None
        self.of_class = nn.Embedding(classes, embedding) if classes else None

    def forward(
        self,
        latent: Tensor,
        labels: Tensor | None = None,
        temperature: Tensor | None = None,
        tokens: Tensor | None = None,
    ) -> Tensor:
        """(N, latent) → relaxed tokens (N, *shape) at a temperature; given tokens (N, length), their `log_likelihood`.

        With classes labels int64 (N,) say of which each is.
        All that a loss wants goes through here, so that methods may move the parameters of a call.
        """
        if tokens is not None:
            return self.log_likelihood(tokens, labels)
        if temperature is not None:
            return self.relaxed(len(latent), temperature, labels)
        return super().forward(latent, labels)

    def generate(self, latent: Tensor, labels: Tensor | None) -> Tensor:
        """(N, latent) → relaxed tokens (N, *shape) at the network's own temperature."""
        return self.relaxed(len(latent), self.head.weight.new_tensor(self.temperature), labels)

    def logits(self, hidden: Tensor) -> Tensor:
        """Hidden states (…, width) → logits of the next token (…, size)."""
        last: Tensor = self.head(self.dropout(hidden))
        return last if self.bias is None else linear(last * last.shape[-1] ** -0.5, self.embedding.weight, self.bias)

    def conditioned(self, given: Tensor, labels: Tensor | None) -> Tensor:
        """Embeddings of tokens, (N, embedding) or (N, length, embedding), with those of the classes if any.

        Raises:
            ValueError: there are classes and no labels.
        """
        if self.of_class is None:
            return given
        if labels is None:
            raise ValueError(f"this writer has {self.classes} classes and was called without labels: give int64 (N,)")
        own: Tensor = self.of_class(labels.to(given.device))
        return given + (own if given.dim() == 2 else own[:, None])

    def relaxed(self, n: int, temperature: Tensor, labels: Tensor | None = None) -> Tensor:
        """n sequences of relaxed tokens (n, *shape)."""
        # 1e-20: the logarithm of 0. In place: of many words these are the largest tensors that there are.
        uniform = torch.rand(n, self.length, self.size).to(self.head.weight)
        noise = uniform.clamp_min_(1e-20).log_().neg_().clamp_min_(1e-20).log_().neg_()
        end = one_hot(torch.zeros(n, dtype=torch.int64, device=noise.device), self.size).to(noise)
        ended = torch.zeros(n, 1, dtype=torch.bool, device=noise.device)
        given, state, written = self.start.expand(n, -1), None, []
        for at in range(self.length):
            logits, state = self._step(self.conditioned(given, labels), state)
            scores = logits + noise[:, at]
            most = scores.detach().argmax(1)
            if self.straight:
                token = one_hot(most, self.size).to(scores)
                if scores.requires_grad:
                    soft = (scores / temperature).softmax(1)
                    token = token + (soft - soft.detach())
            else:
                token = (scores / temperature).softmax(1)
            token = torch.where(ended, end, token)
            ended = ended | (most == 0)[:, None]
            given = token @ self.embedding.weight
            written.append(token)
        return torch.stack(written, 1).view(n, *self.shape)

    def log_likelihood(self, tokens: Tensor, labels: Tensor | None = None) -> Tensor:
        """log p of each token of int64 (N, length) after those before it, nats; 0 of all that follows an end."""
        given = torch.cat([self.start.expand(len(tokens), 1, -1), self.embedding(tokens[:, :-1])], 1)
        given = self.dropout(self.conditioned(given, labels))
        if isinstance(self.memory, CausalAttention):
            there = written(tokens)
            chosen = self.logits(self.memory(given)[0][there]).log_softmax(1).gather(1, tokens[there][:, None])
            logs = chosen.new_zeros(tokens.shape)
            logs[there] = chosen.squeeze(1)
            return logs
        # Packed, nothing is computed of what follows an end: sentences are half as long as the longest of them.
        lengths = written(tokens).sum(1).cpu()
        rows, wanted = (
            pack_padded_sequence(padded, lengths, batch_first=True, enforce_sorted=False) for padded in (given, tokens)
        )
        hidden, _ = self.memory(rows)
        chosen = self.logits(hidden.data).log_softmax(1).gather(1, wanted.data[:, None]).squeeze(1)
        logs, _ = pad_packed_sequence(wanted._replace(data=chosen), batch_first=True, total_length=self.length)
        return logs

    @torch.no_grad()
    def draw(
        self,
        n: int,
        source: torch.Generator,
        temperature: float = 1.0,
        barred: Sequence[int] = (),
        begin: Sequence[int] = (),
        labels: Tensor | None = None,
    ) -> Tensor:
        """n sequences, int64 (n, begin + length), each token drawn from softmax(l_t/T), T → 0 the likeliest.

        Args:
            n: how many.
            source: of the draws, on the CPU.
            temperature: T, above 0.
            barred: tokens that are not to be drawn.
            begin: tokens that all begin with; they are not drawn.
            labels: classes, int64 (n,), where there are any.
        """
        made = torch.zeros(n, len(begin) + self.length, dtype=torch.int64)
        given, state = self.start.expand(n, -1), None
        ended = torch.zeros(n, dtype=torch.bool)
        for at in range(made.shape[1]):
            logits, state = self._step(self.conditioned(given, labels), state)
            if at < len(begin):
                made[:, at] = begin[at]
            else:
                logits = logits.float().cpu() / temperature
                logits[:, list(barred)] = -torch.inf
                drawn = torch.multinomial(logits.softmax(1), 1, generator=source).squeeze(1)
                made[:, at] = torch.where(ended, 0, drawn)
                ended |= drawn == 0
            if ended.all():
                break
            given = self.embedding(made[:, at].to(self.head.weight.device))
        return made

    def _step(
        self, given: Tensor, state: Tensor | tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, Tensor | tuple[Tensor, Tensor]]:
        """The embedding of a token (N, embedding) → logits of the next one (N, size), and what to remember."""
        hidden, after = self.memory(self.dropout(given)[:, None], state)
        return self.logits(hidden[:, 0]), after


def written(tokens: Tensor) -> Tensor:
    """Which tokens (N, length) belong to a sequence: all up to its first end, that included."""
    return ((tokens == 0).cumsum(1) - (tokens == 0).long()) == 0


class SequenceDiscriminator(Discriminator):
    """Convolutions over several embeddings of a sequence, each judged by itself: a logit for every embedding.

    Filters of several widths, their maxima over all places, a hidden layer; all embeddings share them. A loss takes the
    mean over the embeddings' logits. Packed, sequences follow one another.

    Nie, Narodytska, Patel, "RelGAN: relational generative adversarial networks for text generation", ICLR 2019; Kim
    2014, arXiv 1408.5882.

    Args:
        shape: of a sequence: its length, and how many tokens there are.
        representations: embeddings.
        embedding: size of each.
        channels: of the filters of each width.
        widths: of filters, in tokens.
        hidden: width of the hidden layer.
        slope: of the leaky ReLU below 0.
        packing: sequences judged together.
        classes: how many there are; 0 takes no labels.

    >>> SequenceDiscriminator((9, 5), representations=3)(torch.rand(4, 9, 5)).shape
    torch.Size([4, 3])
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        representations: int = 8,
        embedding: int = 16,
        channels: int = 32,
        widths: tuple[int, ...] = (2, 3, 4, 5),
        hidden: int = 64,
        slope: float = 0.2,
        packing: int = 1,
        classes: int = 0,
    ) -> None:
        super().__init__((shape[0], prod(shape[1:])), classes, False, packing)
        if representations < 1 or not widths or min(widths) < 1:
            raise ValueError(f"representations is {representations} and widths {widths}: give at least 1 of each")
        self.representations, self.widest = representations, max(widths)
        self.embedding = nn.Linear(prod(shape[1:]), representations * embedding, bias=False)
        self.filters = nn.ModuleList(nn.Conv1d(embedding, channels, width) for width in widths)
        self.active = nn.LeakyReLU(slope)
        self.hidden = nn.Linear(channels * len(widths), hidden)
        self.last = nn.Linear(hidden, 1)
        self.add_heads(hidden * representations)

    def judge(self, images: Tensor) -> tuple[Tensor, ...]:
        """(N, *seen) → features (N, d), logits (N, representations), and the maxima of the filters."""
        n, length = len(images), images.shape[1]
        embedded = self.embedding(images.reshape(n, length, -1)).view(n, length, self.representations, -1)
        rows = embedded.permute(0, 2, 3, 1).flatten(0, 1)
        rows = pad(rows, (0, max(0, self.widest - length)))
        seen = torch.cat([self.active(convolve(rows)).amax(2) for convolve in self.filters], 1)
        features = self.active(self.hidden(seen))
        return features.view(n, -1), self.last(features).view(n, -1), seen.view(n, -1)
