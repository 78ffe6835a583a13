"""Rates from the game itself: from a short run's modes, where both players' rates break, and a few below to try."""

import copy
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from saddlepoint.configuration import ConfigurationError, assign_values
from saddlepoint.core import NonFinite
from saddlepoint.data.dataset import Dataset
from saddlepoint.dynamics import reduced
from saddlepoint.tasks import Config
from saddlepoint.training import Budget, RunFailed

if TYPE_CHECKING:
    from saddlepoint.runs.run import Run

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

    @property
    def chosen(self) -> Mapping[str, float]:
        """The rates that a run takes which is to find its own, by setting."""
        return self.tried[0]

    @property
    def told(self) -> str:
        """What was found, in a sentence."""
        own = ", ".join(f"{key.partition('.')[0]} {rate:.2g}" for key, rate in self.chosen.items())
        alone = ", ".join(f"{key.partition('.')[0]} {rate:.2g}" for key, rate in self.alone.items())
        return (
            f"rates: {own}, half of what the game holds (each player overshoots alone at {alone}; "
            f"all together hold {self.together:.0%} of these)"
        )

    def plain(self) -> dict[str, Any]:
        """As `tuning.json` and `run.json` have it."""
        return {**asdict(self), "alone": dict(self.alone), "tried": [dict(values) for values in self.tried]}


def edge_of(
    config: Config,
    samples: int,
    folder: Path,
    data: Dataset | None = None,
    networks: Mapping[str, nn.Module] | None = None,
) -> Edge:
    """Play a recipe for a moment, and ask its modes how large both rates may be.

    The modes are those of the Jacobian between the roots of the optimizers' preconditioner (`dynamics.reduced`), so
    that a rate of Adam's means a step as one of plain gradient descent does. Each player's own block says from what
    rate it overshoots alone, which sets their ratio; the method's linear map says what share of these holds together.

    Args:
        config: the recipe with its own rates, which may be bad ones.
        samples: of a trial, or of the whole run; the short run sees a tenth.
        folder: of the short run; the same call goes on there.
        data: read before; None reads those that the recipe names.
        networks: of a Python caller, by role; they are not touched.

    Raises:
        ConfigurationError: a recipe whose players have no rates, or whose run breaks at a millionth of them, too; one
            whose privacy counts each look at the rows.
    """
    from saddlepoint.runs.run import Run

    if config.only_reading is not None:
        raise ConfigurationError(
            f"a short run would look at the data besides: {config.only_reading}; give rates that were found on public "
            f"data of the same kind"
        )
    rates = {
        f"{role}.optimizer.lr": float(player.optimizer["lr"])
        for role, player in config.players.items()
        if isinstance(player.optimizer.get("lr"), int | float) and player.optimizer["lr"] > 0
    }
    if len(rates) < len(config.players):
        raise ConfigurationError(
            f"{config.recipe} has a player without a rate of its own: give the rates, or search with --over"
        )
    length = min(samples, max(round(SHARE * samples), STEPS * int(config.batch_size)))
    found: Edge | None = None
    for turn in range(TRIES):
        lower = {key: rate / LOWER**turn for key, rate in rates.items()}
        short = assign_values(config, lower).on_budget(Budget(samples=length))
        plan = short.plan.model_copy(update={"auto_rates": False})
        short = short.model_copy(update={"on_trouble": "stop", "engine": "eager", "plan": plan})
        run = Run.begin(short, folder / f"short-{turn}", networks=copy.deepcopy(networks))
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


def _at_the_end(run: "Run", rates: Mapping[str, float]) -> Edge:
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
