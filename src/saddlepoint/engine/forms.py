"""What of a batch decides which graph takes it, and a batch of the same form with other tensors."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from torch import Tensor

from saddlepoint.core import Batch
from saddlepoint.engine.numbers import Untraceable


def form(batch: Batch, seen: list[Tensor]) -> Hashable:
    """The structure of a batch, its shapes, and all in it that is no tensor; appends its tensors.

    Raises:
        Untraceable: it holds what is neither.
    """
    if batch.share is not None or batch.parts is not None:
        raise Untraceable("several processes share its batches")
    return batch.size, batch.resting, _form(batch.value, seen)


def filled(batch: Batch, tensors: Iterator[Tensor]) -> Batch:
    """A batch of the same form with other tensors, in the order of `form`, that seeds nothing."""
    return replace(batch, value=_filled(batch.value, tensors), seed=None)


def form_of(tensor: Tensor) -> Hashable:
    """What of a tensor decides which graphs take it."""
    return tuple(tensor.shape), tensor.stride(), tensor.dtype, tensor.device.type


def _form(value: Any, seen: list[Tensor]) -> Hashable:
    if isinstance(value, Tensor):
        seen.append(value)
        return form_of(value)
    if is_dataclass(value):
        return type(value), *(_form(getattr(value, f.name), seen) for f in fields(value))
    if isinstance(value, Mapping):
        return tuple((key, _form(part, seen)) for key, part in value.items())
    if isinstance(value, list | tuple):
        return type(value), *(_form(part, seen) for part in value)
    if value is None or isinstance(value, bool | int | str):
        return value
    raise Untraceable(f"a batch holds {value!r:.80}, which is no tensor, word or whole number")


def _filled(value: Any, tensors: Iterator[Tensor]) -> Any:
    if isinstance(value, Tensor):
        return next(tensors)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _filled(getattr(value, f.name), tensors) for f in fields(value)})
    if isinstance(value, Mapping):
        return {key: _filled(part, tensors) for key, part in value.items()}
    if isinstance(value, list | tuple):
        parts = [_filled(part, tensors) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value
