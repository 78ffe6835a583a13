"""Windows that are continued from given rows.

    z = argmin |m ∘ (G(z) − c − σ ε)|²/2σ² + |z − ζ|²/2,   ζ, ε standard normal

with c the given rows as networks see them, m where they are known, G the generator. Each minimum is one continuation:
randomise, then optimise. For a linear G these are exact samples of the latents given the rows and noise σ; for others
near ones. Of windows that are seen by their steps what follows is made from the last given row on, so that nothing
jumps where they meet; of those that are seen by their levels it is as it was drawn.

Oliver, He, Reynolds (1996), Conditioning permeability fields to pressure data; Bardsley, Solonen, Haario, Laine (2014),
Randomize-then-optimize, SIAM J. Sci. Comput. 36.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saddlepoint.core import rng, seed_for
from saddlepoint.data import DataError
from saddlepoint.data.stream import draw_latent
from saddlepoint.data.tables import Cells, NumberColumn, TableData
from saddlepoint.data.tables.given import called, given_cells, given_texts
from saddlepoint.tasks.model import BLOCK
from saddlepoint.tasks.series.clock import Clock
from saddlepoint.tasks.series.coding import SeriesCoding
from saddlepoint.tasks.series.context import Facts

if TYPE_CHECKING:
    from saddlepoint.tasks.series.model import WindowGenerator

Numbers = NDArray[np.float64]
#: σ, in deviations of what networks see: what is made comes no nearer to real windows (LOG.md); latents by which a
#: search begins; its steps of Adam and their rate.
NOISE, POOL, STEPS, RATE = 1.0, 4096, 150, 0.1


@dataclass(frozen=True)
class Beginning:
    """Rows that are known, the latest last.

    Attributes:
        values: float64 (b, learnt columns).
        times: of each, seconds since 1970 on the clocks of the place (b,); None where they are not given.
        attributes: of their series (A,), NaN where they are not given.
    """

    values: Numbers
    times: Numbers | None
    attributes: Numbers

    @classmethod
    def of(cls, coding: SeriesCoding, given: Any) -> "Beginning":
        """Rows of one series, a path or a data frame, in the order of their times where those are given.

        Raises:
            DataError: a column that moves is not there, a value is missing or none of its column, the time of two rows
                is one, or an attribute has two values.
        """
        texts, name = given_texts(given, "--begin"), called(given)
        absent = [column.name for column in coding.learnt if column.name not in texts]
        if absent:
            raise DataError(f"{name} has no column {', '.join(absent)}: give all columns that change, for --begin")
        values = np.stack([_known(column, texts[column.name], name) for column in coding.learnt], 1)
        calendar, times = coding.context.calendar, None
        if calendar is not None and set(calendar.clock.names) <= texts.keys():
            times = _times(calendar.clock, texts, name)
            order = times.argsort(kind="stable")
            values, times = values[order], times[order]
            if (np.diff(times) <= 0).any():
                raise DataError(f"{name}: two rows are of the same time; give the rows of one series, for --begin")
        told = [_one(_known(column, texts[column.name], name), column.name, name) if column.name in texts else np.nan
                for column in coding.context.attributes]  # fmt: skip
        return cls(values, times, np.array(told, dtype=np.float64))


def _known(column: Any, texts: Sequence[str], name: str) -> Numbers:
    """Values of a column, none missing."""
    values = given_cells(column, texts, name).values.astype(np.float64)
    missing = np.isnan(values) | (values < 0 if not column.numeric else False)
    if missing.any():
        raise DataError(f"{name}, row {int(missing.argmax()) + 1}: {column.name} is missing; fill it, or begin later")
    return values


def _one(values: Numbers, column: str, name: str) -> float:
    if (values != values[0]).any():
        raise DataError(f"{name}: {column} has one value in each series; give the rows of one, for --begin")
    return float(values[0])


def _times(clock: Clock, texts: dict[str, list[str]], name: str) -> Numbers:
    columns = clock.columns[: clock.telling]
    cells: dict[str, Cells] = {c.name: given_cells(c, texts[c.name], name) for c in columns}
    times = clock.read(TableData(name, columns, cells, ""))
    if np.isnan(times).any():
        raise DataError(f"{name}, row {int(np.isnan(times).argmax()) + 1} has no time; leave it out, for --begin")
    return times


@dataclass(frozen=True)
class Continued:
    """Given rows and what may follow them.

    Attributes:
        windows: float64 (n, b + steps, learnt columns), the given rows first.
        told: of each window.
        times: of all rows (b + steps,); None where no times were given.
        latents: by which the first of the steps were made, (n, latent size).
    """

    windows: Numbers
    told: Facts
    times: Numbers | None
    latents: Tensor


def continued(model: "WindowGenerator", begun: Beginning, steps: int, n: int, seed: int) -> Continued:
    """n ways in which the rows may go on; the first of a seed do not depend on n.

    A window's first part is matched to the last rows that are known, as many as leave room for the steps that are
    wanted, at least half a window where there are so many; more steps than that are made from what was made.
    """
    coding, length = model.series_coding, int(model.shape[0])
    half = length // 2
    kept = begun.values[-max(length - steps, length - half) :]
    windows = np.broadcast_to(kept, (n, *kept.shape))
    times = _continued_times(coding, begun, len(kept), steps)
    attributes = np.broadcast_to(begun.attributes, (n, len(begun.attributes)))
    rounds: list[tuple[Facts, Tensor]] = []
    while (left := len(kept) + steps - windows.shape[1]) > 0:
        new = min(left, half)
        before = windows[:, -(length - new) :]
        moments = None if times is None else np.full(n, times[windows.shape[1] - before.shape[1]])
        made, told, latents = _round(model, before, Facts(moments, attributes), seed_for(seed, left, "begin"))
        windows = np.concatenate([windows, made[:, before.shape[1] :][:, :new]], 1)
        rounds.append((told, latents))
        attributes = told.attributes
    return Continued(windows, rounds[0][0], times, rounds[0][1])


def _continued_times(coding: SeriesCoding, begun: Beginning, kept: int, steps: int) -> Numbers | None:
    if begun.times is None or coding.context.calendar is None:
        return None
    following = coding.context.calendar.times(begun.times[-1:], steps + 1)[0, 1:]
    return np.concatenate([begun.times[-kept:], following])


def _round(model: "WindowGenerator", before: Numbers, facts: Facts, seed: int) -> tuple[Numbers, Facts, Tensor]:
    """Windows (n, length, C) that begin with `before` (n, b, C), their facts and latents."""
    coding, b, held = model.series_coding, before.shape[1], model.series_coding.context.size
    bounds = [(c.low, c.high) if isinstance(c, NumberColumn) else (-np.inf, np.inf) for c in coding.learnt]
    wanted, known = coding.begun(before.clip(*np.array(bounds).T), facts)
    latents = searched(model, wanted, known, seed)
    outputs = model.outputs(latents)
    outputs[:, :b] = torch.where(known, wanted, outputs[:, :b])
    if held:
        outputs[..., -held:] = outputs[:, :1, -held:]
    told = coding.told(outputs)
    if facts.moments is not None:
        told = Facts(facts.moments, told.attributes)
    made = coding.decode(outputs)
    made[:, :b] = before
    return made, told, latents


def searched(model: "WindowGenerator", wanted: Tensor, known: Tensor, seed: int) -> Tensor:
    """Latents whose windows begin as is wanted, (n, latent size).

    Args:
        model: the generator.
        wanted: (n, b, size), as networks see it.
        known: bool, of the same shape: what of it is to be met.
        seed: another one, other latents.
    """
    n, b = wanted.shape[:2]
    prior, noise = _normal(n, model.latent.size, seed_for(seed, "prior")), _normal(n, wanted[0].numel(), seed)
    aim, count = wanted + NOISE * noise.view_as(wanted), known.to(wanted.dtype)
    with model.evaluating() as device:
        pool = _normal(POOL, model.latent.size, seed_for(seed, "pool"))
        there = model.network(_latents(model, pool).to(device)).cpu()[:, :b]
        nearest = [((there - one) * seen).square().sum((1, 2)).argmin() for one, seen in zip(aim, count, strict=True)]
        aim, count, prior = (part.to(device) for part in (aim, count, prior))
        z = pool[torch.stack(nearest)].to(device).requires_grad_()
        adam = torch.optim.Adam([z], lr=RATE)
        falling = torch.optim.lr_scheduler.CosineAnnealingLR(adam, STEPS, RATE / 20)
        with torch.enable_grad():
            for _ in range(STEPS):
                apart = (model.network(_latents(model, z))[:, :b] - aim) * count
                loss = apart.square().sum() / (2 * NOISE**2) + (z - prior).square().sum() / 2
                (z.grad,) = torch.autograd.grad(loss, [z])
                adam.step()
                falling.step()
        return _latents(model, z.detach()).cpu()


def _normal(n: int, size: int, seed: int) -> Tensor:
    """Standard normal numbers (n, size); the first do not depend on n."""
    blocks = [draw_latent(BLOCK, size, "normal", rng(seed, at, "begin")) for at in range(-(-n // BLOCK))]
    return torch.cat(blocks)[:n]


def _latents(model: "WindowGenerator", normal: Tensor) -> Tensor:
    """Standard normal numbers as the generator's latents."""
    return normal if model.latent.distribution == "normal" else 2 * torch.special.ndtr(normal) - 1
