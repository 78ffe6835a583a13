"""Parts of a batch, for any dataclass of tensors: for accumulation, and for ranks that share a batch."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from torch import Tensor

from saddlepoint.core.ranks import Share

V = TypeVar("V")


def rows(value: V, some: slice | Tensor, n: int) -> V:
    """A batch with some of its samples: every tensor of n rows is cut, everything else stays.

    Args:
        value: a dataclass, a mapping, a tuple or list, or a tensor.
        some: which rows; a tensor holds their numbers.
        n: samples of the whole batch.

    >>> import torch
    >>> rows({"real": torch.arange(4), "strength": torch.tensor(0.5)}, slice(1, 3), 4)["real"].tolist()
    [1, 2]
    """
    result: Any = value
    if isinstance(value, Tensor):
        if value.dim() > 0 and len(value) == n:
            result = value[some] if isinstance(some, slice) else value[some.to(value.device)]
    elif is_dataclass(value) and not isinstance(value, type):
        result = replace(value, **{f.name: rows(getattr(value, f.name), some, n) for f in fields(value) if f.init})
    elif isinstance(value, dict):
        result = {key: rows(part, some, n) for key, part in value.items()}
    elif isinstance(value, list | tuple):
        result = type(value)(rows(part, some, n) for part in value)
    return result  # type: ignore[no-any-return]


def rows_at(value: V, share: Share, n: int) -> V:
    """A batch of n samples with those of a share."""
    if len(share.runs) == 1:
        return rows(value, slice(*share.runs[0]), n)
    return rows(value, share.rows(), n)


def samples_in(value: object) -> int:
    """Samples of a batch: the rows of its first tensor. Raises ValueError where it holds none."""
    first = next(_tensors(value), None)
    if first is None:
        raise ValueError(f"a batch of {type(value).__name__} holds no tensor: its samples can't be counted")
    return len(first)


def in_parts(value: V, size: int) -> Iterator[tuple[float, V]]:
    """A batch cut into parts of at most `size` samples, each with its share of the whole.

    >>> import torch
    >>> [(share, part.tolist()) for share, part in in_parts(torch.arange(4), 2)]
    [(0.5, [0, 1]), (0.5, [2, 3])]
    """
    n = samples_in(value)
    for start in range(0, n, size):
        stop = min(start + size, n)
        yield (stop - start) / n, rows(value, slice(start, stop), n)


def _tensors(value: object) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        if value.dim() > 0:
            yield value
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _tensors(getattr(value, field.name))
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _tensors(part)
