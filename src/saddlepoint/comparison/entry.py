"""One entry: a method at a step size from one start, played to the end of its budget."""

import hashlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter

from saddlepoint.comparison.settings import Comparison, with_rate
from saddlepoint.components.analytic import AnalyticSettings
from saddlepoint.components.registries import GAME_REGISTRY, METHOD_REGISTRY, OPTIMIZER_REGISTRY
from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import Game, Outcome, rng
from saddlepoint.games.solving import judge
from saddlepoint.measures import Measure, measure
from saddlepoint.runs import Run
from saddlepoint.storage import plain_name, read_text, write_atomically
from saddlepoint.tasks import Config
from saddlepoint.training import Budget, Observer
from saddlepoint.training.observer import Progress

#: A distance so many times that of the start is divergence: nobody waits for the overflow.
FAR = 1e12
#: Points of a curve that are kept.
POINTS = 300

#: Told the share of the budget that is spent; raises or signals where the comparison is to stop.
OnShare = Callable[[float], None]


@dataclass(frozen=True)
class EntryResult:
    """How an entry came out.

    Attributes:
        metric: the score's name: distance to the solution, or the task's first metric.
        measure: which way it is good, as `run.json` has it.
        score: at the end; None where it failed.
        failed: diverged, or not finite.
        start: fingerprint of all players' parameters before the first step.
        curve: columns `evaluations`, `seconds` and `score`, as it went.
        ratio: of the players' step sizes, in units of the game's own.
    """

    method: str
    lr: float
    seed: int
    trial: bool
    metric: str
    measure: dict[str, Any]
    score: float | None
    failed: bool
    outcome: str
    message: str
    start: str
    steps: int
    samples: int
    evaluations: int
    products: int
    seconds: float
    curve: dict[str, list[float | None]]
    ratio: float = 1.0

    @property
    def badness(self) -> float:
        """Of the score, lower is better; infinite where it failed, or where the score has no direction."""
        found = math.nan if self.score is None else Measure.read(self.metric, self.measure).badness(self.score)
        return found if math.isfinite(found) else math.inf


_RESULT = TypeAdapter(EntryResult)


@dataclass(frozen=True, eq=False)
class Entry:
    """A method, a step size and a seed in a comparison; its trials are those of the search.

    Attributes:
        folder: of the comparison.
        ratio: of the players' step sizes, see `with_rate`.
    """

    comparison: Comparison
    folder: Path
    label: str
    lr: float
    seed: int
    trial: bool = False
    ratio: float = 1.0

    @property
    def file(self) -> Path:
        """Where the result is kept."""
        return self.folder / "results" / f"{'search-' if self.trial else ''}{self._slug}-{self._size}-{self.seed}.json"

    @property
    def run(self) -> Path:
        """The run folder, where the game is a recipe's."""
        if self.trial:
            return self.folder / "search" / f"{self._slug}-{self._size}-{self.seed}"
        return self.folder / "runs" / f"{self._slug}-{self.seed}"

    @property
    def _size(self) -> str:
        return f"{self.lr:g}" + (f"x{self.ratio:g}" if self.ratio != 1 else "")

    @property
    def _slug(self) -> str:
        return plain_name(self.label.replace(":", "_"))

    def kept(self) -> EntryResult | None:
        """The result of an earlier session."""
        try:
            return _RESULT.validate_json(read_text(self.file), strict=True)
        except (OSError, ValueError):
            return None

    def play(self, watch: OnShare) -> EntryResult:
        """Play to the end of the budget and keep the result.

        Raises:
            ConfigurationError: the method does not fit the game.
            KeyboardInterrupt: a signal stopped it; a run then goes on from here.
        """
        game = with_rate(self.comparison.game, self.lr, self.ratio)
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            if isinstance(game, AnalyticSettings):
                result = self._play_analytic(game, watch)
            else:
                result = self._play_recipe(game, watch)
        except ConfigurationError as error:
            raise ConfigurationError(f"{self.label}: {error}") from error
        finally:
            torch.set_num_threads(threads)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self.file, json.dumps(asdict(result), allow_nan=False) + "\n")
        return result

    @property
    def _budget(self) -> Budget:
        return self.comparison.trial_budget if self.trial else self.comparison.budget

    # --- games in closed form -------------------------------------------------------------------------

    def _play_analytic(self, settings: AnalyticSettings, watch: OnShare) -> EntryResult:
        analytic = GAME_REGISTRY.build(settings.game)
        start = torch.randn(sum(analytic.sizes), generator=rng(self.seed, "start"), dtype=torch.float64)
        movers = {"generator": settings.generator, "discriminator": settings.discriminator}
        game = analytic.play(
            lambda name, parameters: OPTIMIZER_REGISTRY.build(movers[name].optimizer, params=parameters),
            start.tolist(),
        )
        method = METHOD_REGISTRY.build(self.comparison.entries[self.label].method)
        begun, fingerprint, batches, budget = (
            time.monotonic(),
            fingerprint_of(game),
            analytic.batches(self.seed),
            self._budget,
        )
        distance, path = [analytic.distance(game.point)], [game.point.flat().tolist()]
        evaluations, seconds = [0], [0.0]
        finite = True
        while finite and distance[-1] > 0 and budget.spent(0, seconds[-1], evaluations[-1]) is None:
            step = method.step(game, batches)
            now = analytic.distance(method.answer(game))
            finite = step.outcome is Outcome.RUNNING and math.isfinite(now) and now < FAR * max(distance[0], 1e-12)
            distance.append(now)
            path.append(game.point.flat().tolist())
            evaluations.append(game.evaluations)
            seconds.append(time.monotonic() - begun)
            watch(budget.share(0, seconds[-1], evaluations[-1]))
        outcome = judge(distance, path) if finite else Outcome.DIVERGED
        kept = sorted({round(i * (len(distance) - 1) / POINTS) for i in range(POINTS + 1)})
        return self._result(
            measure("distance"),
            distance[-1],
            outcome,
            outcome.sentence,
            fingerprint,
            Progress(batches.position if analytic.draw else 0, len(distance) - 1, game.evaluations, seconds[-1]),
            game.products,
            [(evaluations[i], seconds[i], distance[i]) for i in kept],
        )

    # --- recipes --------------------------------------------------------------------------------------

    def _play_recipe(self, recipe: Config, watch: OnShare) -> EntryResult:
        method = self.comparison.entries[self.label].method
        config = recipe.on_budget(self._budget).model_copy(update={"seed": recipe.seed + self.seed, "method": method})
        run = Run.begin(config, self.run, observers=[OnBudget(config.budget, watch)])
        fingerprint = fingerprint_of(run.assembly().game)
        ended = run.train(report=False).result
        if ended is None:  # it ended in an earlier session, which was stopped before it kept the result
            identity = run.storage.read_identity()
            progress = Progress(*(identity[key] for key in ("samples", "steps", "evaluations", "seconds")))
            outcome, message, products = Outcome(identity["outcome"]), str(identity["message"]), 0
        else:
            if ended.signal is not None:
                raise KeyboardInterrupt
            progress, outcome, message, products = ended.progress, ended.outcome, ended.message, ended.products
        number = next(iter(run.metrics.values()), None)
        scored = Measure("score", "", "none") if number is None else number.measure
        score = math.nan if number is None else float(number)
        curve = [
            (record["evaluations"], record["seconds"], float(record["metrics"][scored.name]))
            for record in run.history
            if record.get("metrics", {}).get(scored.name) is not None and record["evaluations"] < progress.evaluations
        ]
        if math.isfinite(score):
            curve.append((progress.evaluations, progress.seconds, score))
        return self._result(scored, score, outcome, message, fingerprint, progress, products, curve)

    def _result(
        self,
        scored: Measure,
        score: float,
        outcome: Outcome,
        message: str,
        start: str,
        progress: Progress,
        products: int,
        curve: list[tuple[int, float, float]],
    ) -> EntryResult:
        failed = outcome in (Outcome.DIVERGED, Outcome.NON_FINITE) or not math.isfinite(score)
        columns = dict(zip(("evaluations", "seconds", "score"), zip(*curve, strict=True), strict=True)) if curve else {}
        return EntryResult(
            self.label,
            self.lr,
            self.seed,
            self.trial,
            scored.name,
            scored.plain(),
            None if failed else score,
            failed,
            outcome.value,
            message,
            start,
            products=products,
            curve={name: [v if math.isfinite(v) else None for v in values] for name, values in columns.items()},
            **asdict(progress),
            ratio=self.ratio,
        )


class OnBudget(Observer):
    """Tells a function how much of a run's budget is spent."""

    def __init__(self, budget: Budget, tell: OnShare) -> None:
        self.budget, self.tell = budget, tell

    def stepped(self, progress: Progress) -> None:
        """Tell it."""
        self.tell(self.budget.share(progress.samples, progress.seconds, progress.evaluations))


def fingerprint_of(game: Game) -> str:
    """A short hash of all parameters, so that equal starts can be seen to be equal."""
    digest = hashlib.blake2b(digest_size=8)
    for tensor in game.point.tensors:
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
