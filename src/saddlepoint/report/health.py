"""What the records of a run say, in sentences: what was seen, and what to try next.

Every threshold is a named constant with its reason. "The last quarter" is a quarter of the samples seen.
"""

import math
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from saddlepoint.measures import Measure
from saddlepoint.report.history import Curve, Numbers, columns, compact, measure_of, number

Level = Literal["good", "watch", "bad"]

#: Below so many records a trend can't be told from noise: the quarters that are compared hold two each.
FEWEST_RECORDS = 8
#: Below so many values of a metric its noise can't be estimated: thirds of two, second differences of four.
FEWEST_METRICS = 6
#: "The last quarter": long enough to average noise, short enough to be the present.
PRESENT = 0.75
#: Mean distance between samples, relative to the data. Blur costs up to a quarter; below this, images repeat.
DIVERSITY_LOW = 0.7
#: Below this, few different images are left: two thirds of the distances that the data has are gone.
DIVERSITY_COLLAPSED = 0.35
#: Above this, samples differ more than the data can: it is noise that makes them differ.
DIVERSITY_NOISE = 1.3
#: Shares of right answers above which the losses of a discriminator saturate: its gradient fades for the generator.
DISCRIMINATOR_WINS = 0.98
#: A coin. Right at most so often on real *and* on generated images tells nothing to the generator.
COIN = 0.5
#: An AUC so far below ½ is no noise on 256 images (standard error 0.026): real ranks below generated.
AUC_LOST = 0.42
#: Of the noise of a metric: the best of 10 to 30 equal values lies 1.5 to 2 standard deviations below their mean.
WORSE_THAN_NOISE = 4.0
#: And so much worse than the best in any case: less than this no eye sees.
WORSE_SHARE = 0.10
#: A metric so many times as bad as its best was lost, not shaken.
LOST_FACTOR = 2.0
#: Two standard errors between the last third of a metric and the third before.
IMPROVING_ERRORS = 2.0
#: And at least so much of its value: less is not worth the time.
IMPROVING_SHARE = 0.02
#: Change of a mean loss from the third quarter to the last, of its size, that counts as moving.
LOSS_MOVES = 0.10
#: And in standard errors of that change: successive losses are correlated, so that two would be too few.
LOSS_ERRORS = 4.0
#: Cosine of successive moves: below this, most of a step undoes the one before. Independent moves have 0.
UNDONE = -0.3
#: Growth of a gradient's norm, from the second quarter to the last, that ends in overflow.
GRADIENT_GROWTH = 30.0
#: Fall of the generator's gradient over the same stretch, below which it no longer learns.
GRADIENT_FADES = 1e-3


@dataclass(frozen=True)
class Finding:
    """One thing that the records say.

    Attributes:
        level: "good", "watch" or "bad".
        title: its name.
        seen: what was seen, with numbers.
        advice: what to try next; empty where nothing is to be done.
        commands: the advice as it is typed.
    """

    level: Level
    title: str
    seen: str
    advice: str = ""
    commands: tuple[str, ...] = ()


def examine(
    records: Iterable[Mapping[str, Any]],
    *,
    config: Mapping[str, Any] | None = None,
    identity: Mapping[str, Any] | None = None,
    folder: Path | None = None,
) -> list[Finding]:
    """The findings of a run, the worst first; never empty.

    Args:
        records: as in `metrics.jsonl`.
        config: the resolved configuration, so that the advice names values; without it they read `…`.
        identity: `run.json`, for the outcome, and for the direction of each metric: one that it does not name is
            never called better or worse.
        folder: the run's folder, so that the commands name it.

    >>> [finding.title for finding in examine([])]
    ['No records yet']
    """
    run = _Evidence(list(records), config or {}, identity or {}, folder)
    findings = [finding for check in (_non_finite, _too_short) if (finding := check(run))]
    if not any(finding.title in _TOO_SHORT for finding in findings):
        checks = (_collapse, _noise, _wins, _lost, _gradients_grow, _rotation, _losses_move)
        findings += [finding for check in checks if (finding := check(run))]
        findings += [finding for metric in run.metrics if (finding := _metric(run, *metric))]
        if all(finding.level == "good" for finding in findings):
            findings.insert(0, _healthy(run))
    return sorted(findings, key=lambda finding: ("bad", "watch", "good").index(finding.level))


_TOO_SHORT = ("No records yet", "Too early to say")


class _Evidence:
    """The records as columns, and commands that fit the run."""

    def __init__(
        self,
        records: list[Mapping[str, Any]],
        config: Mapping[str, Any],
        identity: Mapping[str, Any],
        folder: Path | None,
    ) -> None:
        self.records, self.config, self.identity = records, config, identity
        self.losses = columns(records, "losses")
        measured = [
            (series, measure_of(identity.get("measures"), series.name)) for series in columns(records, "metrics")
        ]
        #: Those whose direction is known.
        self.metrics = [(series, measure) for series, measure in measured if measure.direction != "none"]
        self.score = next((series.name for series, _ in measured), "")
        self.monitors = {series.name: series for series in columns(records, "monitors")}
        self._folder = shlex.quote(str(folder)) if folder is not None else "RUN"
        self._config = shlex.quote(str(folder / "config.yaml")) if folder is not None else "RUN/config.yaml"
        positions = [number(record.get("samples")) for record in records]
        self.samples = max((int(p) for p in positions if math.isfinite(p)), default=0)

    @property
    def alone(self) -> bool:
        """Whether there is one player, as a baseline is: no discriminator, and no penalty on it."""
        return bool(self.config) and "discriminator" not in self.config

    def now(self, monitor: str) -> float | None:
        """The mean of a monitor over the last quarter, or None."""
        values = self.monitors[monitor].part(PRESENT) if monitor in self.monitors else np.empty(0)
        return float(values.mean()) if len(values) else None

    def anew(self, *options: str) -> str:
        """The command of the same run with other options, in a folder that the command line names."""
        return f"saddle train {self._config} {' '.join(options)}"

    def further(self, samples: int) -> str:
        """The command that goes on in this folder."""
        return f"saddle train {self._config} --out {self._folder} --samples {samples}"

    def method(self, name: str) -> tuple[str, ...]:
        """The command with another method, or none where the run has that one."""
        return () if self._look_up("method", "name") == name else (self.anew(f"--method {name}"),)

    def rate(self, player: str, factor: float) -> str:
        """An assignment of a player's learning rate, `factor` times the present one."""
        return f"--set {player}.optimizer.lr={_scaled(self._look_up(player, 'optimizer', 'lr'), factor)}"

    def rates(self, factor: float) -> str:
        """The same for all players."""
        if self.alone:
            return self.rate("generator", factor)
        lr = self._look_up("generator", "optimizer", "lr")
        if lr is not None and lr == self._look_up("discriminator", "optimizer", "lr"):
            return f"--set optimizer.lr={_scaled(lr, factor)}"
        return f"{self.rate('generator', factor)} {self.rate('discriminator', factor)}"

    def gentler(self, factor: float) -> tuple[str, ...]:
        """The command with a stronger penalty, or none where there is no discriminator to penalise."""
        return () if self.alone else (self.anew(self.penalty(factor)),)

    def beta(self, factor: float) -> tuple[str, ...]:
        """The command with another weight of a VAE's divergence, or none where there is no such weight."""
        beta = self._look_up("model", "beta")
        return (self.anew(f"--set model.beta={_scaled(beta, factor)}"),) if beta else ()

    def penalty(self, factor: float) -> str:
        """An assignment of the weight of R1, `factor` times the present one, or 1 where there is none."""
        weight = self._look_up("penalties", "r1", "weight")
        if self.config and not weight:
            return "--set penalties.r1.weight=1"
        return f"--set penalties.r1.weight={_scaled(weight, factor)}"

    def average(self, factor: float) -> str:
        """An assignment of the half-life of the average, or a twentieth of the run where there is none."""
        half_life = self._look_up("average", "half_life")
        if self.config and not half_life:
            return f"--set average.half_life={max(1, self.samples // 20)}"
        return f"--set average.half_life={_scaled(half_life, factor)}"

    def _look_up(self, *keys: str) -> Any:
        found: Any = self.config
        for key in keys:
            found = found.get(key) if isinstance(found, Mapping) else None
        return found


def _scaled(value: object, factor: float) -> str:
    known = number(value)
    return f"{float(f'{known * factor:.3g}'):.10g}" if math.isfinite(known) else "…"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


# --- the findings ---------------------------------------------------------------------------------------


def _non_finite(run: _Evidence) -> Finding | None:
    where: dict[str, float] = {}
    for series in (*run.losses, *(s for s in run.monitors.values() if s.name.endswith("_gradient_norm"))):
        lost = series.samples[~np.isfinite(series.values)]
        if len(lost):
            where[series.name.replace("_", " ")] = float(lost[0])
    ended = run.identity.get("outcome") == "non-finite"
    if not where and not ended:
        return None
    seen = "; ".join(f"{name}: first at {int(at):,} samples" for name, at in where.items())
    message = str(run.identity.get("message") or "").strip() if ended else ""
    lead = f"The run ended: {message.rstrip('.')}." if message else "Numbers that are not finite were recorded."
    return Finding(
        "bad",
        "Non-finite numbers",
        f"{lead} {seen}".strip() + ("." if seen else ""),
        "The steps are too long for this game. Begin anew with a quarter of the rate"
        + ("." if run.alone else ", or with a stronger penalty on the discriminator's gradient."),
        (run.anew(run.rates(0.25)), *run.gentler(10.0)),
    )


def _too_short(run: _Evidence) -> Finding | None:
    if not run.records:
        return Finding("watch", _TOO_SHORT[0], "The run has written no record: it has just begun, or ended at once.")
    records = len(run.records)
    if records >= FEWEST_RECORDS:
        return None
    return Finding(
        "watch",
        _TOO_SHORT[1],
        f"{records} record{'s' if records > 1 else ''} so far, up to {run.samples:,} samples: "
        f"a verdict takes {FEWEST_RECORDS}.",
        "Train longer.",
        (run.further(max(10 * run.samples, 100_000)),),
    )


def _collapse(run: _Evidence) -> Finding | None:
    now = run.now("diversity")
    if now is None or now >= DIVERSITY_LOW:
        return None
    series = run.monitors["diversity"].finite()
    peak = int(np.argmax(series.values))
    seen = (
        f"Generated images are {now:.2f} times as diverse as the data over the last quarter; the most was "
        f"{series.values[peak]:.2f}, at {int(series.samples[peak]):,} samples."
    )
    before = run.monitors["diversity"].part(0.5, PRESENT)
    if now >= DIVERSITY_COLLAPSED and len(before) and now > float(before.mean()) + 0.02:
        return Finding(
            "watch",
            "Low diversity, rising",
            f"{seen} In the quarter before it was {float(before.mean()):.2f}.",
            "Train longer.",
            (run.further(2 * run.samples),),
        )
    level: Level = "bad" if now < DIVERSITY_COLLAPSED else "watch"
    if run.alone:
        return Finding(
            level,
            "Low diversity",
            seen,
            "The codes tell the decoder little of what it is to draw. Train longer, or let them tell more.",
            (run.further(2 * run.samples), *run.beta(0.25)),
        )
    return Finding(
        level,
        "Generator collapse" if now < DIVERSITY_COLLAPSED else "Low diversity",
        seen,
        "The generator covers a part of the data. A stronger penalty keeps the discriminator's slopes gentle; a "
        "slower generator, or a method that looks ahead, does not rush to where the discriminator is weak now.",
        (run.anew(run.penalty(10.0)), run.anew(run.rate("generator", 0.5)), *run.method("extragradient")),
    )


def _noise(run: _Evidence) -> Finding | None:
    now = run.now("diversity")
    if now is None or now <= DIVERSITY_NOISE:
        return None
    return Finding(
        "watch",
        "Samples still noisy",
        f"Generated images are {now:.2f} times as diverse as the data over the last quarter: it is noise.",
        "Train longer, or average the parameters over a longer time.",
        (run.further(2 * run.samples), run.anew(run.average(4.0))),
    )


def _right(run: _Evidence) -> tuple[list[float], str] | None:
    """Shares of right answers of the discriminator over the last quarter, and the same in words."""
    real, generated = run.now("real_accuracy"), run.now("generated_accuracy")
    if real is not None and generated is not None:
        words = (
            f"the discriminator is right about {_percent(real)} of real and {_percent(generated)} of generated images"
        )
        return [real, generated], words
    auc = run.now("discriminator_auc")
    if auc is not None:
        return [auc], f"the discriminator ranks a real sample above a generated one {_percent(auc)} of the time"
    return None


def _wins(run: _Evidence) -> Finding | None:
    right = _right(run)
    if right is None or min(right[0]) <= DISCRIMINATOR_WINS:
        return None
    now = run.now("generator_gradient_norm")
    before = (
        run.monitors["generator_gradient_norm"].part(0.25, 0.5)
        if "generator_gradient_norm" in run.monitors
        else np.empty(0)
    )
    fades = now is not None and len(before) > 0 and now < GRADIENT_FADES * float(np.median(before))
    seen = f"Over the last quarter {right[1]}."
    if fades:
        seen += f" The generator's gradient fell from {float(np.median(before)):.2g} to {now:.2g}."
    learning = any(_still_improving(*metric) for metric in run.metrics) and not fades
    if learning:
        seen += " The generator still improves, so its gradient has not faded yet."
    weaker = (run.anew(run.penalty(10.0)), run.anew(run.rate("discriminator", 0.5)))
    return Finding(
        "watch" if learning else "bad",
        "The discriminator wins",
        seen,
        "Train on while the metric improves; where it stops, weaken the discriminator."
        if learning
        else "The generator gets little to learn from. Weaken the discriminator: a stronger penalty on its gradient, "
        "or a lower rate.",
        (*((run.further(2 * run.samples),) if learning else ()), *weaker),
    )


def _lost(run: _Evidence) -> Finding | None:
    right = _right(run)
    if right is None:
        return None
    shares, words = right
    lost = max(shares) <= COIN if len(shares) > 1 else shares[0] < AUC_LOST
    if not lost:
        return None
    diversity = run.now("diversity")
    fits = diversity is not None and DIVERSITY_LOW <= diversity <= DIVERSITY_NOISE
    if len(shares) > 1 and min(shares) > AUC_LOST and fits:
        return Finding(
            "good",
            "The discriminator can't tell",
            f"Over the last quarter {words}, and the samples are {diversity:.2f} times as diverse as the data: "
            "near the solution of the game a coin does as well.",
        )
    seen = f"Over the last quarter {words}: a coin does as well."
    if diversity is not None:
        seen += f" So it is at the solution too, but there diversity is 1, and here it is {diversity:.2f}."
    return Finding(
        "bad",
        "The discriminator has lost",
        seen,
        "What it teaches the generator is noise. Strengthen it: a higher rate, or a weaker penalty.",
        (run.anew(run.rate("discriminator", 2.0)), run.anew(run.penalty(0.1))),
    )


def _gradients_grow(run: _Evidence) -> Finding | None:
    grown = []
    for name, series in run.monitors.items():
        before, now = series.part(0.25, 0.5), series.part(PRESENT)
        if name.endswith("_gradient_norm") and len(before) and len(now):
            start, end = float(np.median(before)), float(np.median(now))
            if end > GRADIENT_GROWTH * start > 0:
                grown.append(f"the {name.removesuffix('_gradient_norm')}'s from {start:.2g} to {end:.2g}")
    if not grown:
        return None
    return Finding(
        "bad",
        "Gradients grow",
        f"Norms of the gradients, second quarter to last: {'; '.join(grown)}.",
        "The iteration is about to overflow. Halve the rates"
        + ("." if run.alone else ", or penalise the discriminator's gradient more."),
        (run.anew(run.rates(0.5)), *run.gentler(10.0)),
    )


def _rotation(run: _Evidence) -> Finding | None:
    now = run.now("rotation")
    if now is None or now >= UNDONE:
        return None
    return Finding(
        "watch",
        "The players go round",
        f"The cosine between successive moves is {now:.2f} over the last quarter: each undoes much of the last.",
        "Take a method made for rotation, or shorter steps.",
        (*run.method("extragradient"), *run.method("lookahead"), run.anew(run.rates(0.5))),
    )


def _losses_move(run: _Evidence) -> Finding | None:
    if any(len(metric.finite().values) >= FEWEST_METRICS for metric, _ in run.metrics):
        return None  # the metric judges better: losses of a game may stand still while samples improve
    moving = []
    for series in run.losses:
        before, now = series.part(0.5, PRESENT), series.part(PRESENT)
        if min(len(before), len(now)) < 2:
            continue
        change = float(now.mean() - before.mean())
        error = math.sqrt(before.var(ddof=1) / len(before) + now.var(ddof=1) / len(now))
        size = max(abs(float(now.mean())), abs(float(before.mean())))
        if abs(change) > max(LOSS_ERRORS * error, LOSS_MOVES * size):
            moving.append(f"{series.name} {before.mean():.3g} to {now.mean():.3g}")
    if not moving:
        return None
    return Finding(
        "watch",
        "The losses still move",
        f"Mean losses, third quarter to last: {'; '.join(moving)}.",
        "The game has not settled: train longer.",
        (run.further(2 * run.samples),),
    )


def _metric(run: _Evidence, metric: Curve, measure: Measure) -> Finding | None:
    series, best = metric.finite(), metric.best(measure)
    if len(series.values) < FEWEST_METRICS or best is None:
        return None
    value, at = best
    name = metric.name.replace("_", " ")
    last = float(series.values[-3:].mean())
    noise = metric_noise(series.values)
    worse = measure.badness(last) - measure.badness(value)
    if worse > max(WORSE_THAN_NOISE * noise, WORSE_SHARE * abs(value)):
        factor = max(abs(last), abs(value)) / max(min(abs(last), abs(value)), 1e-300)
        return Finding(
            "bad" if factor > LOST_FACTOR else "watch",
            f"{_capital(name)} got worse",
            f"Best {value:.4g} at {at:,} samples, {last:.4g} over the last three evaluations; "
            f"its own noise is ±{noise:.2g}."
            + (" The checkpoint with the best score is kept in checkpoints/." if metric.name == run.score else ""),
            f"The best snapshot is the one at {compact(at)} samples: stop there, or average for longer and take "
            "shorter steps so that the run stays there.",
            (run.anew(f"--samples {at}"), run.anew(run.average(2.0)), run.anew(run.rates(0.5))),
        )
    if _still_improving(metric, measure):
        third = len(series.values) // 3
        return Finding(
            "watch",
            f"{_capital(name)} still improves",
            f"Mean {series.values[-2 * third : -third].mean():.4g} over the middle third of the evaluations, "
            f"{series.values[-third:].mean():.4g} over the last third; its own noise is ±{noise:.2g}.",
            "It pays to train longer.",
            (run.further(2 * run.samples),),
        )
    return Finding(
        "good",
        f"{_capital(name)} has settled",
        f"{last:.4g} over the last three evaluations, best {value:.4g} at {at:,} samples: "
        f"the last third is no better than the one before. Its own noise is ±{noise:.2g}.",
    )


def _still_improving(metric: Curve, measure: Measure) -> bool:
    values = metric.finite().values
    if len(values) < FEWEST_METRICS:
        return False
    third = len(values) // 3
    before, now = float(values[-2 * third : -third].mean()), float(values[-third:].mean())
    gain = measure.badness(before) - measure.badness(now)
    error = metric_noise(values) * math.sqrt(2 / third)
    return gain > max(IMPROVING_ERRORS * error, IMPROVING_SHARE * abs(before))


def metric_noise(values: Numbers) -> float:
    """The standard deviation of independent noise on a slow trend, from the last half of the values.

    Second differences e_{i-1} − 2 e_i + e_{i+1} of noise have 6 times its variance and drop any straight line;
    their median is deaf to single jumps. NaN-free input; 0 for fewer than three values.

    >>> metric_noise(np.arange(9.0))
    0.0
    """
    tail = values[-max(len(values) // 2, 5) :]
    if len(tail) < 3:
        return 0.0
    return float(np.median(np.abs(np.diff(tail, 2))) * 1.4826 / math.sqrt(6))


def _healthy(run: _Evidence) -> Finding:
    facts: list[str] = []
    diversity, right = run.now("diversity"), _right(run)
    if diversity is not None:
        facts.append(f"samples are {diversity:.2f} times as diverse as the data")
    if right is not None:
        facts.append(right[1])
    facts.append(f"all losses are finite over {run.samples:,} samples")
    return Finding("good", "Healthy", f"Nothing is wrong: {'; '.join(facts)}.")


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
