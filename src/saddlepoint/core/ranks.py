"""Several processes (ranks) that play one game: each evaluates its share of a batch, and the field is their mean.

No DistributedDataParallel: its hooks miss `autograd.grad` and products of second order. Two collectives are all: the
mean of fields, and `total`, a sum inside a graph, by which whatever looks at a batch as a whole sees it as a whole. A
sum's transpose is a sum, so that gradients of any order through it are those of one process.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from saddlepoint.core.point import Point

#: Of this process: whether it computes by itself, and the share of a batch that it evaluates now.
_by_itself = False
_current: "Share | None" = None


def rank() -> int:
    """The number of this process among those that play together, from 0; 0 where it is alone."""
    return dist.get_rank() if dist.is_available() and dist.is_initialized() else 0


def world() -> int:
    """How many processes there are; 1 where this one is alone."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def ranks() -> int:
    """How many processes evaluate a batch; 1 where this one is alone, or computes by itself."""
    return 1 if _by_itself else world()


def _alone() -> bool:
    return ranks() == 1


@contextmanager
def by_itself() -> Iterator[None]:
    """Inside the block this rank computes as if it were alone, on whole batches, and waits for no other."""
    global _by_itself
    before, _by_itself = _by_itself, True
    try:
        yield
    finally:
        _by_itself = before


@contextmanager
def together() -> Iterator[None]:
    """Inside the block, which all ranks have to enter, they play together again."""
    global _by_itself
    before, _by_itself = _by_itself, False
    try:
        yield
    finally:
        _by_itself = before


# --- shares -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Share:
    """The rows of a batch that a rank evaluates.

    Attributes:
        runs: (first, end) of rows that follow each other.
        of: rows of the whole batch.

    >>> Share(((2, 4), (6, 8)), 8).count
    4
    """

    runs: tuple[tuple[int, int], ...]
    of: int

    @property
    def count(self) -> int:
        """Rows of this rank."""
        return sum(end - first for first, end in self.runs)

    @property
    def weight(self) -> float:
        """What a mean over these rows is multiplied by, so that the mean over ranks is that over the whole batch."""
        return ranks() * self.count / self.of

    def rows(self, of: int | None = None) -> Tensor:
        """Their numbers in a tensor of so many rows, of which each of the batch has the same number; int64 (n,)."""
        scale = 1.0 if of is None else of / self.of
        return torch.cat([torch.arange(round(first * scale), round(end * scale)) for first, end in self.runs])


def share_of(n: int, pack: int = 1, parts: int = 1) -> Share:
    """The rows of a batch of n that are this rank's: of each part as many packs, up to one.

    Args:
        n: rows of the batch.
        pack: rows that must not be parted.
        parts: that the batch comes in, one after another (`accumulate`).

    Raises:
        ValueError: fewer packs in a part than ranks.
    """
    here, many, packs = rank(), ranks(), n // parts // pack
    if packs < many:
        raise ValueError(
            f"a batch of {n}{f' in {parts} parts' * (parts > 1)}{f' in packs of {pack}' * (pack > 1)} can't be shared "
            f"by {many} processes: give --batch-size {many * pack * parts} or more, or fewer processes"
        )
    cuts = [pack * (packs * k // many) for k in range(many + 1)]
    each = n // parts
    return Share(tuple((p * each + cuts[here], p * each + cuts[here + 1]) for p in range(parts)), n)


def parts_of(share: Share) -> list[Share]:
    """The same of each part of a batch that comes in parts, as a batch of its own."""
    each = share.of // len(share.runs)
    return [Share(((first - k * each, end - k * each),), each) for k, (first, end) in enumerate(share.runs)]


@contextmanager
def sharing(share: Share | None) -> Iterator[None]:
    """Inside the block losses are evaluated on a share of a batch: what looks at whole batches goes over all ranks."""
    global _current
    if share is None:
        yield
        return
    before, _current = _current, share
    try:
        with _WholeBatch():
            yield
    finally:
        _current = before


@contextmanager
def _on_the_whole() -> Iterator[None]:
    global _current
    before, _current = _current, None
    try:
        yield
    finally:
        _current = before


def rows_of_batch(here: int) -> int:
    """Rows of the whole batch, where this rank evaluates so many rows."""
    return here if _current is None else round(here * _current.of / _current.count)


def whole(rows: Tensor) -> Tensor:
    """The rows of all ranks, in their order, differentiable as often as one likes; as they are where nothing is shared.

    Args:
        rows: this rank's, (n, …), of which each sample of its share has the same number, or each pack one.
    """
    if _current is None or rows.dim() == 0:
        return rows
    of = rows_of_batch(len(rows))
    index = _current.rows(of).to(rows.device)
    return total(rows.new_zeros(of, *rows.shape[1:]).index_copy(0, index, rows))


def on_whole(function: Callable[..., Tensor], *rows: Tensor | None) -> Tensor:
    """A function of the rows of all ranks; of what it gives, the rows of this rank, where it gives as many."""
    if _current is None:
        return function(*rows)
    gathered = [None if part is None else whole(part) for part in rows]
    share = _current
    with _on_the_whole():
        found = function(*gathered)
    of = next(len(part) for part in gathered if part is not None)
    return found[share.rows(of).to(found.device)] if found.dim() > 0 and len(found) == of else found


# --- collectives --------------------------------------------------------------------------------------


class _Total(torch.autograd.Function):
    @staticmethod
    def forward(_context: Any, tensor: Tensor) -> Tensor:
        summed = tensor.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(summed)
        return summed

    @staticmethod
    def backward(_context: Any, *gradients: Tensor) -> Any:
        return total(gradients[0])


def total(tensor: Tensor) -> Tensor:
    """The sum over ranks, inside a graph; a gradient that flows back is summed, too, and has derivatives again."""
    return tensor if _alone() else _Total.apply(tensor)  # type: ignore[no-untyped-call]


def mean_over_ranks(point: Point) -> Point:
    """Average a point over all ranks with one all-reduce; the point itself where there is one rank."""
    if _alone():
        return point
    flat = point.flat()
    dist.all_reduce(flat)
    return point.unflat(flat / ranks())


def mean_with_losses(point: Point, losses: Mapping[str, Tensor]) -> tuple[Point, dict[str, Tensor]]:
    """The same for a field and its losses together, so that what is made of a loss is one number on all ranks."""
    if _alone() or not losses:
        return mean_over_ranks(point), dict(losses)
    own = point.flat()
    flat = torch.cat([own, torch.stack([loss.detach().to(own) for loss in losses.values()])])
    dist.all_reduce(flat)
    flat = flat / ranks()
    return point.unflat(flat[: len(own)]), dict(zip(losses, flat[len(own) :], strict=True))


def differentiable_mean_over_ranks(tensors: Sequence[Tensor]) -> Sequence[Tensor]:
    """The same for tensors inside a graph: a gradient that flows back is averaged too."""
    if _alone():
        return tensors
    summed = total(torch.cat([t.reshape(-1) for t in tensors]))
    parts = (summed / ranks()).split([t.numel() for t in tensors])
    return [part.view_as(t) for part, t in zip(parts, tensors, strict=True)]


@torch.no_grad()
def as_on_the_first(networks: Iterable[nn.Module]) -> None:
    """Give networks the parameters and buffers that they have on rank 0."""
    if not _alone():
        for network in networks:
            for tensor in (*network.parameters(), *network.buffers()):
                dist.broadcast(tensor.data, src=0)


# --- what looks at a batch as a whole -------------------------------------------------------------------


def see_whole_batches(network: nn.Module) -> None:
    """Let modules with `couples_samples`, functions of a whole batch (N, …) ↦ (N, …), be given it under ranks."""
    if network in _SEEING:
        return
    _SEEING.add(network)
    for part in network.modules():
        if getattr(part, "couples_samples", False):
            part.register_forward_pre_hook(lambda _module, inputs: (whole(inputs[0]), *inputs[1:]))
            part.register_forward_hook(lambda _module, _inputs, output: _own(output))


def _own(rows: Tensor) -> Tensor:
    return rows if _current is None else rows[_current.rows(len(rows)).to(rows.device)]


#: Networks whose modules are given whole batches already.
_SEEING: "WeakSet[nn.Module]" = WeakSet()


class _WholeBatch(TorchFunctionMode):
    """Inside the block batch norm takes the statistics of the whole batch, and numbers are drawn for all of it.

    A draw from the global generator with as many rows as the share (or twice as many: real and generated samples one
    after another) is drawn for the whole batch, and the rank takes its rows. So it does not depend on the number of
    ranks. Draws by a generator that is given are the same on all ranks.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """The function, or what stands in its place."""
        kwargs = kwargs or {}
        if _current is not None and (other := _OVER_RANKS.get(func)) is not None:
            return other(func, *args, **kwargs)
        return func(*args, **kwargs)


def batch_statistics(x: Tensor) -> tuple[Tensor, Tensor, int]:
    """Mean and variance (not Bessel's) a channel of the whole batch (N, C, …), (1, C, 1, …), and the values of each."""
    over = [0, *range(2, x.dim())]
    count = rows_of_batch(len(x)) * math.prod(x.shape[2:])
    mean = total(x.sum(dim=over, keepdim=True)) / count
    centred = x - mean
    return mean, total((centred * centred).sum(dim=over, keepdim=True)) / count, count


def _batch_norm(
    func: Callable[..., Any],
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    if not training:
        result: Tensor = func(input, running_mean, running_var, weight, bias, training, momentum, eps)
        return result
    mean, variance, count = batch_statistics(input.float() if input.dtype in (torch.bfloat16, torch.float16) else input)
    if count == 1:
        raise ValueError(f"batch norm needs more than one value a channel in training, given {tuple(input.shape)}")
    if running_mean is not None and running_var is not None:
        with torch.no_grad():
            running_mean.lerp_(mean.reshape(-1).to(running_mean), momentum)
            running_var.lerp_(variance.reshape(-1).to(running_var) * (count / (count - 1)), momentum)
    normal = ((input - mean) * (variance + eps).rsqrt()).to(input.dtype)
    shape = [1, -1] + [1] * (input.dim() - 2)
    normal = normal if weight is None else normal * weight.reshape(shape)
    return normal if bias is None else normal + bias.reshape(shape)


def _dropout(
    func: Callable[..., Any], input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Any:
    if not training or p == 0 or input.dim() == 0 or (blocks := _blocks(len(input))) is None:
        return func(input, p, training, inplace)
    assert _current is not None
    like = input.new_ones(blocks * _current.of, *input.shape[1:])
    if input.dim() == 4 and input.is_contiguous(memory_format=torch.channels_last):
        like = like.contiguous(memory_format=torch.channels_last)
    return input * func(like, p, True, False)[_rows(blocks).to(input.device)]


def _drawn(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Factories: the shape is the first argument, or all that are whole numbers; of `randint` the last sequence."""
    if kwargs.get("generator") is not None:
        return func(*args, **kwargs)
    place = next((k for k, value in enumerate(args) if isinstance(value, tuple | list)), None)
    shape = tuple(args[place]) if place is not None else args if func in (torch.rand, torch.randn) else ()
    if "size" in kwargs:
        shape = tuple(kwargs["size"])
    if not shape or not isinstance(shape[0], int) or (blocks := _blocks(shape[0])) is None:
        return func(*args, **kwargs)
    assert _current is not None
    large = (blocks * _current.of, *shape[1:])
    if "size" in kwargs:
        found = func(*args, **{**kwargs, "size": large})
    elif place is not None:
        found = func(*args[:place], large, *args[place + 1 :], **kwargs)
    else:
        found = func(*large, **kwargs)
    return found[_rows(blocks).to(found.device)]


def _drawn_like(func: Callable[..., Any], input: Tensor, *args: Any, **kwargs: Any) -> Any:
    if kwargs.get("generator") is not None or input.dim() == 0 or (blocks := _blocks(len(input))) is None:
        return func(input, *args, **kwargs)
    assert _current is not None
    like = input.detach().new_empty(blocks * _current.of, *input.shape[1:])
    return func(like, *args, **kwargs)[_rows(blocks).to(input.device)]


def _bernoulli(func: Callable[..., Any], input: Tensor, *args: Any, **kwargs: Any) -> Any:
    if kwargs.get("generator") is not None or input.dim() == 0 or (blocks := _blocks(len(input))) is None:
        return func(input, *args, **kwargs)
    assert _current is not None
    rows = _rows(blocks).to(input.device)
    like = input.detach().new_zeros(blocks * _current.of, *input.shape[1:]).index_copy(0, rows, input.detach())
    return func(like, *args, **kwargs)[rows]


def _blocks(rows: int) -> int | None:
    """How often the share lies in so many rows, 1 or 2; None where they are none of its."""
    assert _current is not None
    return next((k for k in (1, 2) if rows == k * _current.count), None)


def _rows(blocks: int) -> Tensor:
    assert _current is not None
    return torch.cat([k * _current.of + _current.rows() for k in range(blocks)])


_OVER_RANKS: dict[Callable[..., Any], Callable[..., Any]] = {
    F.batch_norm: _batch_norm,
    **dict.fromkeys((F.dropout, F.dropout1d, F.dropout2d, F.dropout3d, F.alpha_dropout), _dropout),
    **dict.fromkeys((torch.rand, torch.randn, torch.randint), _drawn),
    **dict.fromkeys((torch.rand_like, torch.randn_like, torch.randint_like), _drawn_like),
    torch.bernoulli: _bernoulli,
}
