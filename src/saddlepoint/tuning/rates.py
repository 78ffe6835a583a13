"""Rates from the game itself: from a short run's modes, where both players' rates break, and a few below to try."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import NonFinite
from saddlepoint.data.dataset import Dataset
from saddlepoint.dynamics import reduced
from saddlepoint.runs import Run
from saddlepoint.tasks import Config
from saddlepoint.training import Budget, RunFailed
from saddlepoint.tuning.space import with_values

#: Share of a trial that the short run sees, and its least number of steps.
SHARE, STEPS = 0.1, 60
#: By what the rates are divided where they don't hold in the short run itself, and how often that is tried.
LOWER, TRIES = 10.0, 7
#: Shares of the rates at the edge that are tried.
BELOW = (0.5, 0.15, 0.05)
#: Samples of the batch on which the modes are sought.
BATCH = 1024
#: Scales of all rates together among which the edge of the whole game is looked for.
SCALES = torch.logspace(-4, 0, 81, dtype=torch.float64)


@dataclass(frozen=True)
class Edge:
    """Where rates break, near the end of a short run.

    Attributes:
        samples: that the short run had seen.
        alone: the rate from which on each player overshoots while the others rest, by its setting.
        together: the share of these up to which the method's step on the whole game holds.
        tried: what is proposed, by setting, the highest first.
    """

    samples: int
    alone: Mapping[str, float]
    together: float
    tried: tuple[Mapping[str, float], ...]

    def plain(self) -> dict[str, Any]:
        """As `tuning.json` has it."""
        return {**asdict(self), "alone": dict(self.alone), "tried": [dict(values) for values in self.tried]}


def edge_of(config: Config, samples: int, folder: Path, data: Dataset | None = None) -> Edge:
    """Play a recipe for a moment, and ask its modes how large both rates may be.

    The modes are those of the Jacobian between the roots of the optimizers' preconditioner (`dynamics.reduced`), so
    that a rate of Adam's means a step as one of plain gradient descent does. Each player's own block says from what
    rate it overshoots alone, which sets their ratio; the method's linear map says what share of these holds together.

    Args:
        config: the recipe with its own rates, which may be bad ones.
        samples: of a trial; the short run sees a tenth.
        folder: of the short run; the same call goes on there.
        data: read before; None reads those that the recipe names.

    Raises:
        ConfigurationError: a recipe whose players have no rates, or whose run breaks at a millionth of them, too.
    """
    rates = {
        f"{role}.optimizer.lr": float(player.optimizer["lr"])
        for role, player in config.players.items()
        if isinstance(player.optimizer.get("lr"), int | float) and player.optimizer["lr"] > 0
    }
    if len(rates) < len(config.players):
        raise ConfigurationError(f"{config.recipe} has a player without a rate of its own: search with --over instead")
    length = min(samples, max(round(SHARE * samples), STEPS * int(config.batch_size)))
    found: Edge | None = None
    for turn in range(TRIES):
        lower = {key: rate / LOWER**turn for key, rate in rates.items()}
        short = with_values(config, lower).on_budget(Budget(samples=length))
        run = Run.begin(short.model_copy(update={"on_trouble": "stop"}), folder / f"short-{turn}")
        if data is not None:
            run.with_data(data)
        try:
            run.train(report=False)
            if run.result is not None and run.result.signal is not None:
                raise KeyboardInterrupt(f"what is finished is saved in {folder}: the same call goes on")
            found = _at_the_end(run, lower)
        except (RunFailed, NonFinite):
            continue
        if all(rate <= found.together * found.alone[key] for key, rate in lower.items()):
            return found  # else it went where no such rates would lead
    if found is None:
        raise ConfigurationError(f"{config.recipe} breaks at all rates down to {min(lower.values()):.2g}")
    return found


def _at_the_end(run: Run, rates: Mapping[str, float]) -> Edge:
    assembly, seen = run.at_checkpoint()
    game = assembly.game
    small = reduced(game, assembly.setup.batches.part(batch_size=BATCH)(0))
    edges = small.edges
    factors = torch.tensor([edges[name] for name in small.sizes], dtype=torch.float64)
    if not bool(torch.isfinite(factors).all()):
        raise NonFinite(next(name for name in small.sizes if math.isinf(edges[name])), "rate from which it overshoots")
    holds = SCALES[~small.breaks(assembly.method, SCALES[:, None] * factors)]
    together = float(holds.max()) if len(holds) else float(SCALES[0])
    alone = {f"{name}.optimizer.lr": rates[f"{name}.optimizer.lr"] * edges[name] for name in small.sizes}
    tried = tuple({key: float(f"{share * together * rate:.2g}") for key, rate in alone.items()} for share in BELOW)
    return Edge(seen, alone, together, tried)
