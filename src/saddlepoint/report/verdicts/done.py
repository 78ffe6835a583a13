"""Is it done: still improving, the best behind, or settled."""

import math

import numpy as np

from saddlepoint.report.history import compact, mapping, number
from saddlepoint.report.verdicts.diagnosis import Diagnosis, capital, percent
from saddlepoint.report.verdicts.evidence import PRESENT, Evidence
from saddlepoint.report.verdicts.finding import Finding, Level
from saddlepoint.report.verdicts.result import FAR, NEAR, gaps
from saddlepoint.report.verdicts.trend import improves, may_improve, trend_of

#: Steps below which nothing is expected of a network.
FEWEST_STEPS = 100
#: Distance above the floor of what is handed over, over that of the best: behind, and lost.
BEHIND, LOST = 1.5, 2.0
#: And so much of the way from real samples to the untrained model.
BEHIND_SHARE = 0.03
#: Standard deviation of the logarithms of neighbouring scores: from there on the end is a matter of luck.
RESTLESS = 0.5
#: Share of its plan at which a run that was stopped was stopped short.
SHORT = 0.5
#: Share of a run's steps in which they wait for data.
STARVED = 0.5
#: Seconds of steps of which that share can be told.
STARVED_SECONDS = 5.0
#: Change of a mean loss from the third quarter to the last, of its range and in standard errors, that is movement:
#: successive losses are correlated, so that two errors would be too few.
LOSS_MOVES, LOSS_ERRORS = 0.10, 4.0


class TooEarly(Diagnosis):
    """A run that has hardly begun."""

    name, question, threshold = "too-early", "done", float(FEWEST_STEPS)
    causes = ("stands", "non-finite", "stopped-short")

    def __call__(self, run: Evidence) -> Finding | None:
        """Few steps; or few records and a result that is still the untrained model's."""
        if not run.records:
            return self.found(
                "watch", "No records yet", "The run has written no record: it has just begun, or ended at once."
            )
        far = max(gaps(run).values(), default=1.0)
        few = run.steps < FEWEST_STEPS or len(run.records) < 6
        if not few or (far <= NEAR and run.steps >= FEWEST_STEPS):
            return None
        return self.found(
            "watch",
            "Too early to say",
            f"{run.steps:,} steps, {run.samples:,} samples: a verdict takes more.",
            "Train longer.",
            (run.longer(20 if run.steps < FEWEST_STEPS else 4),),
            steps=run.steps,
        )


class StoppedShort(Diagnosis):
    """A run that was stopped long before its end."""

    name, question, threshold = "stopped-short", "done", SHORT
    causes = ("non-finite", "diverges", "stands")

    def __call__(self, run: Evidence) -> Finding | None:
        """Samples seen over those of its budget, of a run that a signal or a command ended."""
        budget = run.look_up("budget.samples")
        stopped = run.ended and str(run.identity.get("message", "")).startswith("stopped by")
        if not stopped or not budget > 0 or run.samples >= SHORT * budget:
            return None
        share = run.samples / budget
        return self.found(
            "watch",
            f"Stopped at {percent(share)} of its plan",
            f"{run.samples:,} samples of {budget:,.0f}: rates and penalties that fall over a run, and the average, "
            "are where they are to be in the middle of one.",
            "Go on: the same folder continues.",
            (run.on(),),
            share=share,
        )


class DataStarved(Diagnosis):
    """Steps that wait for data."""

    name, question, threshold = "data-starved", "done", STARVED
    source = "Mohan et al. 2021, arXiv 2007.06775"

    def __call__(self, run: Evidence) -> Finding | None:
        """Seconds that drawing batches took over all seconds of steps."""
        times = mapping(run.identity.get("times"))
        waited, played = number(times.get("data")), number(times.get("steps"))
        if not (waited + played > STARVED_SECONDS and waited > STARVED * (waited + played)):
            return None
        share = waited / (waited + played)
        return self.found(
            "watch",
            "The steps wait for data",
            f"Reading took {percent(share)} of the time of the steps ({waited:.0f} of {waited + played:.0f} seconds).",
            "Keep the data on a local disk and in their final size, or decoded once as an array (.npy); more of the "
            "machine's memory keeps more of them decoded.",
            waited=share,
        )


class BestBehind(Diagnosis):
    """A result that was better before."""

    name, question, threshold = "best-behind", "done", BEHIND
    causes = ("non-finite", "average-behind")

    def __call__(self, run: Evidence) -> Finding | None:
        """What is handed over against the best score before, both counted from the floor.

        Noise is no excuse: what is handed over is the last, not the mean.
        """
        name, trend = run.score, trend_of(run, run.score)
        if trend is None:
            return None
        best, at = trend.best
        if at == trend.samples[-1]:
            return None
        share = self._share(run, name, trend.last - best)
        if trend.last <= BEHIND * best or share < BEHIND_SHARE:
            return None
        lost = trend.last > LOST * best and share > 2 * BEHIND_SHARE
        level: Level = "bad" if lost else "watch"
        shown = run.curves[name].finite()
        value = float(shown.values[np.argmin(np.abs(shown.samples - at))])
        return self.found(
            level,
            f"{capital(name)} got worse",
            f"Best {value:.4g} at {at:,} samples, {run.final(name):.4g} at the end; its own noise is "
            f"±{trend.noise:.2g}. The checkpoint with the best score is kept in checkpoints/.",
            f"The best was at {compact(at)} samples. Take shorter steps so that the run stays there, average for "
            "longer, or stop there.",
            (*run.rates(0.5), run.average(2.0), run.shorter(at)),
            best=best,
            last=trend.last,
        )

    @staticmethod
    def _share(run: Evidence, name: str, difference: float) -> float:
        floor, start = (run.measure(name).badness(run.known(what, name)) for what in ("real", "untrained"))
        return difference / (start - floor) if start > floor else 1.0


class Restless(Diagnosis):
    """A score that depends on the moment."""

    name, question, threshold = "restless", "done", RESTLESS
    causes = ("non-finite", "stands", "best-behind", "too-early")

    def __call__(self, run: Evidence) -> Finding | None:
        """Jumps of the score between neighbours over the last half, up and down."""
        name, trend = run.score, trend_of(run, run.score)
        if trend is None or len(trend.excess) < 6 or max(gaps(run).get(name, 1.0), 0.0) < 0.02:
            return None
        tail = np.log(np.maximum(trend.excess[-max(6, len(trend.excess) // 2) :], 1e-12))
        jumps = np.diff(tail, 2) / math.sqrt(6)
        noise = float(np.median(np.abs(jumps)) * 1.4826)
        if noise < RESTLESS:
            return None
        return self.found(
            "watch",
            "The score depends on the moment",
            f"{capital(name)} jumps by a factor of {math.exp(noise):.2g} from look to look over the last half.",
            "Shorter steps, or a longer average.",
            (*run.rates(0.5), run.average(4.0)),
            jumps=noise,
        )


class StillImproves(Diagnosis):
    """A score that goes on getting better."""

    name, question = "improves", "done"
    causes = (
        *(
            "non-finite",
            "stands",
            "best-behind",
            "penalty-rules",
            "diverges",
            "average-behind",
            "too-early",
            "stopped-short",
            "collapse",
        ),
        *("wrong-class", "memorised", "constant-data", "one-class", "labels-say-nothing", "discriminator-lost"),
        *("blurred", "far"),
    )

    def __call__(self, run: Evidence) -> Finding | None:
        """The last third of the score against the third before."""
        name = run.score
        if not name or not improves(run, name):
            return None
        trend = trend_of(run, name)
        assert trend is not None
        before, now, _ = trend.gain
        real = run.known("real", name)
        above = f" above that of real {run.things}" if math.isfinite(real) else ""
        return self.found(
            "watch",
            f"{capital(name)} still improves",
            f"Means{above} of the middle and of the last third of the scores: {before:.4g} and {now:.4g}; its own "
            f"noise is ±{trend.noise:.2g}.",
            "It pays to train longer.",
            (run.longer(),),
            before=before,
            now=now,
        )


class LossesMove(Diagnosis):
    """Losses that have not levelled off, where nothing else tells."""

    name, question, threshold = "losses-move", "done", LOSS_MOVES
    causes = ("non-finite", "stands", "too-early")

    def __call__(self, run: Evidence) -> Finding | None:
        """The mean of the last quarter against the one before, where no score was taken."""
        if trend_of(run, run.score) is not None:
            return None  # the score judges better: losses of a game may stand still while samples improve
        moving = []
        for series in run.losses:
            before, now = series.part(0.5, PRESENT), series.part(PRESENT)
            if min(len(before), len(now)) < 2:
                continue
            change = float(now.mean() - before.mean())
            error = math.sqrt(before.var(ddof=1) / len(before) + now.var(ddof=1) / len(now))
            # Against what the loss went through, not its level: Wasserstein's level is a constant of the discriminator.
            everything = series.part(0.0)
            size = float(everything.max() - everything.min())
            if abs(change) > max(LOSS_ERRORS * error, LOSS_MOVES * size):
                moving.append(f"{series.name} {before.mean():.3g} to {now.mean():.3g}")
        if not moving:
            return None
        return self.found(
            "watch",
            "The losses still move",
            f"Mean losses, third quarter to last: {'; '.join(moving)}.",
            "The game has not settled: train longer.",
            (run.longer(),),
        )


class Settled(Diagnosis):
    """A score that has levelled off."""

    name, question = "settled", "done"

    def __call__(self, run: Evidence) -> Finding | None:
        """Nothing else to say of the score; good only where it levelled off near the data."""
        name, trend = run.score, trend_of(run, run.score)
        if trend is None:
            return None
        best, at = trend.best
        far = max(gaps(run).values(), default=0.0)
        where = f"{run.final(name):.4g} at the end, the best within reach of it at {at:,} samples"
        if far > FAR and may_improve(trend):
            return self.found(
                "watch",
                f"Too few scores to say whether {name.replace('_', ' ')} still improves",
                f"{len(trend.excess)} scores with a noise of ±{trend.noise:.2g}; {where}. It is far from the data.",
                "Train longer.",
                (run.longer(4),),
                best=best,
            )
        if far > FAR:
            return self.found(
                "watch",
                f"{capital(name)} has stopped, far from the data",
                f"{where}: longer training with these settings will not mend it.",
                "Change what the other verdicts name first.",
                best=best,
            )
        return self.found("good", f"{capital(name)} has settled", f"{where}.", best=best)


DONE: tuple[Diagnosis, ...] = (
    TooEarly(),
    StoppedShort(),
    BestBehind(),
    Restless(),
    StillImproves(),
    LossesMove(),
    DataStarved(),
)
