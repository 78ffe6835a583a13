"""The one collective of the library: the field is averaged over ranks.

No DistributedDataParallel: its hooks miss `autograd.grad` and products of second order.
"""

import torch.distributed as dist

from saddlepoint.core.point import Point


def mean_over_ranks(point: Point) -> Point:
    """Average a point over all ranks with one all-reduce; the point itself where there is one rank."""
    if not (dist.is_available() and dist.is_initialized()) or dist.get_world_size() == 1:
        return point
    flat = point.flat()
    dist.all_reduce(flat)
    return point.unflat(flat / dist.get_world_size())
