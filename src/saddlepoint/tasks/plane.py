"""A game of points in the plane as it stands: what the discriminator says everywhere, and where it points."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from saddlepoint.storage import write_atomically

#: Logits a side of the grid, points that are kept, and those of them that have an arrow.
GRID, POINTS, ARROWS = 41, 400, 80


def in_plane(samples: Tensor) -> bool:
    """Whether samples are points (n, 2)."""
    return samples.dim() == 2 and samples.shape[1] == 2


def write_plane(path: Path, made: Tensor, reach: float, logits: Callable[[Tensor], Tensor]) -> None:
    """Write generated points and the discriminator's field beside a picture of them, as JSON.

    `reach`, half the side of the square about 0 that is shown; `made`, points; `field`, logits on a grid of the square,
    rows from below; `arrows`, the gradient of the logit at the first of the points. A number that is not finite is
    null.

    Args:
        path: of the file.
        made: generated points (n, 2).
        reach: half the side of the square.
        logits: points (n, 2) ↦ logits (n,), differentiable.
    """
    line = torch.linspace(-reach, reach, GRID)
    grid = torch.cartesian_prod(line, line).flip(1)
    kept = made[:POINTS].detach().float()
    with torch.no_grad():
        field = logits(grid).reshape(GRID, GRID)
    with torch.enable_grad():
        places = kept[:ARROWS].clone().requires_grad_(True)
        [arrows] = torch.autograd.grad(logits(places).sum(), [places])
    found = {"reach": reach, "made": _numbers(kept), "field": _numbers(field), "arrows": _numbers(arrows)}
    write_atomically(path, json.dumps(found, allow_nan=False, separators=(",", ":")))


def write_real(path: Path, real: Tensor, reach: float) -> None:
    """Write some of the data's points (n, 2) in the same form, as JSON."""
    write_atomically(path, json.dumps({"reach": reach, "made": _numbers(real[:POINTS])}, separators=(",", ":")))


def judged(discriminator: nn.Module, points: Tensor, companions: Tensor, packing: int) -> Tensor:
    """Logits (n,) of points (n, 2), on the CPU; where packs are judged, of each point in a pack with real ones.

    Args:
        discriminator: points, or packs of them one after another ↦ logits.
        points: float (n, 2).
        companions: real points (N, 2) that fill the packs.
        packing: points in a pack.
    """
    beside = companions[torch.arange(len(points) * (packing - 1)) % len(companions)].to(points)
    packs = torch.cat([points[:, None], beside.view(len(points), packing - 1, 2)], 1).flatten(0, 1)
    device = next((p.device for p in discriminator.parameters()), points.device)
    logits: Tensor = discriminator(packs.to(device))
    return logits.flatten(1).mean(1).cpu() if logits.dim() > 1 else logits.cpu()


def _numbers(values: Tensor) -> list[Any]:
    """Nested lists of four digits each, null for what is not finite."""
    if values.dim() > 1:
        return [_numbers(row) for row in values]
    return [float(f"{v:.4g}") if v == v and abs(v) != float("inf") else None for v in values.tolist()]
