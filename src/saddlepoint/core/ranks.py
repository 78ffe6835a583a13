"""The one collective of the library: the field is averaged over ranks.

No DistributedDataParallel: its hooks miss `autograd.grad` and products of second order.
"""

from collections.abc import Mapping, Sequence

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.nn.functional import all_reduce

from saddlepoint.core.point import Point


def _alone() -> bool:
    return not (dist.is_available() and dist.is_initialized()) or dist.get_world_size() == 1


def mean_over_ranks(point: Point) -> Point:
    """Average a point over all ranks with one all-reduce; the point itself where there is one rank."""
    if _alone():
        return point
    flat = point.flat()
    dist.all_reduce(flat)
    return point.unflat(flat / dist.get_world_size())


def mean_with_losses(point: Point, losses: Mapping[str, Tensor]) -> tuple[Point, dict[str, Tensor]]:
    """The same for a field and its losses together, so that what is made of a loss is one number on all ranks."""
    if _alone() or not losses:
        return mean_over_ranks(point), dict(losses)
    own = point.flat()
    flat = torch.cat([own, torch.stack([loss.detach().to(own) for loss in losses.values()])])
    dist.all_reduce(flat)
    flat = flat / dist.get_world_size()
    return point.unflat(flat[: len(own)]), dict(zip(losses, flat[len(own) :], strict=True))


def differentiable_mean_over_ranks(tensors: Sequence[Tensor]) -> Sequence[Tensor]:
    """The same for tensors inside a graph: a gradient that flows back is averaged too."""
    if _alone():
        return tensors
    total = all_reduce(torch.cat([t.reshape(-1) for t in tensors]))
    parts = (total / dist.get_world_size()).split([t.numel() for t in tensors])
    return [part.view_as(t) for part, t in zip(parts, tensors, strict=True)]
