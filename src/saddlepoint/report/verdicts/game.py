"""Is the game sound: finite, moving, balanced, not going round."""

import math

import numpy as np

from saddlepoint.report.history import Curve, number
from saddlepoint.report.verdicts.diagnosis import Diagnosis, percent
from saddlepoint.report.verdicts.evidence import PRESENT, Evidence
from saddlepoint.report.verdicts.finding import Finding, Level
from saddlepoint.report.verdicts.result import FAR, NEAR, augmented, away, gaps, len_of_data
from saddlepoint.report.verdicts.trend import improves

#: Mean distance between samples, relative to the data. Blur costs up to a quarter; below this, samples repeat.
DIVERSITY_LOW = 0.7
#: Below this, few different samples are left: two thirds of the distances that the data has are gone.
DIVERSITY_COLLAPSED = 0.35
#: Below this, all samples are one, which no game does as well as a network that does not use its latent.
ONE_SAMPLE = 0.02
#: Of the samples seen so far, in which a collapse is sudden.
SUDDEN = 0.05
#: Shares of right answers above which the losses of a discriminator saturate: its gradient fades for the generator.
DISCRIMINATOR_WINS = 0.98
#: A coin. Right at most so often on real *and* on generated samples tells nothing to the generator.
COIN = 0.5
#: How much more often training samples are ranked above generated ones than real samples that were held out are; the
#: standard error of the difference is 0.036 on 256 samples each.
BY_HEART = 0.15
#: An AUC so far below ½ is no noise on 256 samples (standard error 0.026): real ranks below generated.
AUC_LOST = 0.42
#: An AUC up to which a discriminator does not see that samples are far from the data: one that does has nearly 1.
AUC_WEAK = 0.9
#: An AUC within this of ½ is a coin's, with the noise of some records.
AUC_COIN = 0.06
#: Growth of a gradient's norm, from the second quarter to the last, that ends in overflow.
GRADIENT_GROWTH = 30.0
#: Fall of the generator's gradient over the same stretch, below which it no longer learns.
GRADIENT_FADES = 1e-3
#: Cosine of successive moves: below this, most of a step undoes the one before. Independent moves have 0.
UNDONE = -0.3
#: Relative change of a player's parameter norm over a run, below which it does not move: Adam at a rate of 10⁻⁵ moves
#: by more in a hundred steps.
STANDS = 1e-6
#: Logits, in nats, that lie within so little of each other teach little, where samples are not near the data: losses of
#: both players are those of a coin, and the penalty alone is minimised. Measured on good runs: 0.03 to 0.3.
FLAT = 0.01
#: The same where the penalty's weight was set to ten times the recipe's, or more.
FLAT_BY_HAND = 0.1
#: A spread of logits beyond which their exponentials are 0 or 1.
SPREAD = 25.0
#: Share of the turns in the plane of the two losses that go one way, of which noise has none.
TURNS_ONE_WAY = 0.6
#: And so many whole turns.
TURNS = 3.0
#: Losses of which logits are in nats: for others a small spread may be all that is needed.
IN_NATS = ("non-saturating", "minimax", "relativistic", "relativistic-average")


class NonFinite(Diagnosis):
    """Losses or gradients that are no numbers."""

    name, question = "non-finite", "game"

    def __call__(self, run: Evidence) -> Finding | None:
        """Whether any was recorded, or ended the run."""
        where: dict[str, float] = {}
        norms = (s for s in run.monitors.values() if s.name.endswith("_gradient_norm"))
        for series in (*run.losses, *norms):
            lost = series.samples[~np.isfinite(series.values)]
            if len(lost):
                where[series.name.replace("_", " ")] = float(lost[0])
        ended = run.identity.get("outcome") == "non-finite"
        if not where and not ended:
            return None
        seen = "; ".join(f"{name}: first at {int(at):,} samples" for name, at in where.items())
        message = str(run.identity.get("message") or "").strip() if ended else ""
        lead = f"The run ended: {message.rstrip('.')}." if message else "Numbers that are not finite were recorded."
        return self.found(
            "bad",
            "Non-finite numbers",
            f"{lead} {seen}".strip() + ("." if seen else ""),
            "The steps are too long for this game. Begin anew with a quarter of the rates.",
            run.rates(0.25),
            **where,
        )


class Stands(Diagnosis):
    """A player whose parameters do not change."""

    name, question, threshold = "stands", "game", STANDS

    def __call__(self, run: Evidence) -> Finding | None:
        """Whether the norm of its parameters stayed where it was, though its loss has a gradient."""
        for player in ("generator", "discriminator"):
            curve = run.monitors.get(f"{player}_parameter_norm")
            if curve is None:
                continue
            values = curve.finite().values
            loss = next((series.values for series in run.losses if series.name == player), np.ones(1))
            if len(values) < 3 or not values[-1] or not np.abs(loss).max():  # it rests where its loss is 0
                continue
            moved = float(np.ptp(values) / abs(values[-1]))
            if moved > STANDS:
                continue
            rate = run.look_up(f"{player}.optimizer.lr")
            said = f" Its rate is {rate:g}." if math.isfinite(rate) else ""
            recipe = run.recipe(f"{player}.optimizer.lr")
            factor = recipe / rate if math.isfinite(recipe) and rate > 0 else 1e-3 / rate if 0 < rate < 1e-5 else 10.0
            return self.found(
                "bad",
                f"The {player} does not move",
                f"The norm of its parameters is {values[-1]:.6g} and changed by {moved:.1g} of that over "
                f"{run.samples:,} samples.{said} The other player had nobody to play against.",
                "Give it a rate at which it moves, and see that its parameters are not frozen.",
                (run.rate(player, factor),),
                moved=moved,
            )
        return None


class Diverges(Diagnosis):
    """Gradients, or distances between logits, that grow without end."""

    name, question, threshold = "diverges", "game", GRADIENT_GROWTH
    source = "Mescheder, Geiger, Nowozin 2018, arXiv 1801.04406"

    def __call__(self, run: Evidence) -> Finding | None:
        """Medians of the second quarter against those of the last; and logits that no exponential takes."""
        grown: dict[str, float] = {}
        told = []
        for name in run.monitors:
            before, now = run.before(name, 0.25, 0.5), run.before(name, PRESENT, 1.0)
            if not (name.endswith("_gradient_norm") and len(before) and len(now)):
                continue
            start, end = float(np.median(before)), float(np.median(now))
            if end > GRADIENT_GROWTH * start > 0:
                grown[name] = end / start
                told.append(f"the {name.removesuffix('_gradient_norm')}'s from {start:.2g} to {end:.2g}")
        spread = run.before("logit_spread", PRESENT, 1.0)
        wide = float(np.median(spread)) if len(spread) else 0.0
        if wide > SPREAD and _in_nats(run):
            grown["logit_spread"] = wide
            told.append(f"logits lie {wide:.3g} apart from their median, where 1 is usual")
        if not grown:
            return None
        return self.found(
            "bad",
            "The game diverges",
            f"Norms of the gradients, second quarter to last, and logits: {'; '.join(told)}.",
            "The steps are too long: a quarter of the rate."
            if run.alone
            else "The steps are too long, or nothing holds the discriminator's slopes: first a quarter of the rates, "
            "then a stronger penalty.",
            (*run.rates(0.25), *run.penalty(10.0)),
            **grown,
        )


class PenaltyRules(Diagnosis):
    """A penalty that leaves the discriminator flat."""

    name, question, threshold = "penalty-rules", "game", FLAT
    source = "Mescheder, Geiger, Nowozin 2018, arXiv 1801.04406"
    causes = ("stands", "non-finite")

    def __call__(self, run: Evidence) -> Finding | None:
        """Whether logits of all samples agree to a hundredth, while samples are told apart by other means."""
        if run.alone or not _in_nats(run) or not run.penalty(0.1):
            return None
        reach = [abs(run.before(name, 0.5, 1.0)) for name in ("logit_margin", "logit_spread")]
        if not all(map(len, reach)):
            return None
        flat, by_hand = sum(float(np.median(part)) for part in reach), _raised(run)
        far = away(run)
        if flat > (FLAT_BY_HAND if by_hand else FLAT) or not (far > NEAR or by_hand):
            return None
        auc = run.now("discriminator_auc")
        order = f" It still ranks a real sample above a generated one {percent(auc)} of the time." if auc else ""
        return self.found(
            "bad" if far > FAR or flat < FLAT / 10 else "watch",
            "The penalty holds the discriminator flat",
            f"Over the last half, its logits of all samples lie within {flat:.2g} of each other, where differences of "
            f"about 1 are what its loss asks for.{order} What reaches the generator is that much smaller, too.",
            "Weaken the penalty on the discriminator's gradient.",
            run.penalty(0.1),
            logits=flat,
        )


class DiscriminatorWins(Diagnosis):
    """A discriminator that is always right."""

    name, question, threshold = "discriminator-wins", "game", DISCRIMINATOR_WINS
    source = "Arjovsky, Bottou 2017, arXiv 1701.04862"
    causes = ("stands", "non-finite", "penalty-rules", "average-behind")

    def __call__(self, run: Evidence) -> Finding | None:
        """Whether it is, over the last quarter, and whether the generator learns nevertheless."""
        right = _right(run)
        if right is None or min(right[0]) <= DISCRIMINATOR_WINS:
            return None
        now, before = run.now("generator_gradient_norm"), run.before("generator_gradient_norm", 0.25, 0.5)
        fades = now is not None and len(before) > 0 and now < GRADIENT_FADES * float(np.median(before))
        seen = f"Over the last quarter {right[1]}."
        if fades:
            seen += f" The generator's gradient fell from {float(np.median(before)):.2g} to {now:.2g}."
        learning = not fades and any(improves(run, name) for name in run.curves)
        weaker = (run.rate("discriminator", 0.5), *run.penalty(10.0))
        flat = abs(run.now("logit_margin") or 1.0) < FLAT
        if learning:
            return self.found(
                "watch",
                "The discriminator wins",
                f"{seen} The generator still improves, so its gradient has not faded yet.",
                "Train on while the score improves; where it stops, weaken the discriminator.",
                (run.longer(), *weaker),
                right=min(right[0]),
            )
        return self.found(
            "bad",
            "The discriminator wins",
            seen,
            "The generator gets little to learn from. "
            + (
                "Its logits lie close together: weaken the penalty."
                if flat
                else "Weaken the discriminator: a lower rate, or a stronger penalty on its gradient."
            ),
            run.penalty(0.1) if flat else weaker,
            right=min(right[0]),
        )


class DiscriminatorLost(Diagnosis):
    """A discriminator that a coin does as well as, though the samples are not like the data."""

    name, question, threshold = "discriminator-lost", "game", AUC_LOST
    causes = ("stands", "non-finite", "penalty-rules", "collapse")

    def __call__(self, run: Evidence) -> Finding | None:
        """Whether it tells nothing over the last quarter; at the solution of the game that is right, which is said."""
        right = _right(run)
        if right is None:
            return None
        shares, words = right
        below = max(shares) <= COIN if len(shares) > 1 else shares[0] < AUC_LOST
        coin = len(shares) == 1 and abs(shares[0] - COIN) <= AUC_COIN
        far = bool(gaps(run)) and away(run) > FAR
        if not below and not (coin and far):
            return None
        diversity = run.now("diversity")
        like = diversity is not None and DIVERSITY_LOW <= diversity <= 1 / DIVERSITY_LOW and not far
        if len(shares) > 1 and min(shares) > AUC_LOST and like:
            return self.found(
                "good",
                "The discriminator can't tell",
                f"Over the last quarter {words}, and the {run.things} are {diversity:.2f} times as diverse as the "
                "data: near the solution of the game a coin does as well.",
            )
        seen = f"Over the last quarter {words}: a coin does as well."
        if far:
            seen += f" At the solution it would, but these {run.things} are far from the data."
        elif diversity is not None:
            seen += f" So it does at the solution, where diversity is 1; here it is {diversity:.2f}."
        return self.found(
            "bad",
            "The discriminator has lost",
            seen,
            "What it teaches the generator is noise. Strengthen it: a weaker penalty, or a higher rate.",
            (*run.penalty(0.1), run.rate("discriminator", 2.0)),
            right=max(shares),
        )


class DiscriminatorWeak(Diagnosis):
    """A discriminator that tells samples far from the data from the data seldom."""

    name, question, threshold = "discriminator-weak", "game", AUC_WEAK
    source = "Arora et al. 2017, arXiv 1703.00573"
    causes = ("stands", "non-finite", "diverges", "penalty-rules", "discriminator-lost", "collapse")

    def __call__(self, run: Evidence) -> Finding | None:
        """Its AUC over the last quarter, where the score says that what it sees is far from the data."""
        auc = run.now("discriminator_auc")
        far = away(run) if gaps(run) else 0.0
        if auc is None or auc < AUC_LOST or auc > AUC_WEAK or far <= FAR or run.alone:
            return None
        begun = run.measure(run.score).badness(run.known("untrained", run.score))
        ways = (number(values.get(run.score)) for values in run.references("baseline").values())
        if any(run.measure(run.score).badness(way) >= begun for way in ways):
            return None  # what begins as a simple method is far from nothing, and from the data by its own measure
        if abs(auc - COIN) <= AUC_COIN:  # it has lost, which is said
            return None
        learning = any(improves(run, name) for name in run.curves)
        return self.found(
            "watch" if learning else "bad",
            "The discriminator is too weak",
            f"These {run.things} are far from the data, and over the last quarter it ranks a real sample above a "
            f"generated one only {percent(auc)} of the time: there is a difference that it does not see.",
            "Give it more: a larger network, more moves, a higher rate, or a weaker penalty.",
            (*run.moves("discriminator"), run.rate("discriminator", 2.0), *run.penalty(0.1)),
            auc=auc,
        )


class KnowsByHeart(Diagnosis):
    """A discriminator that tells the training samples from others of their kind."""

    name, question, threshold = "overfits", "game", BY_HEART
    source = "Karras et al. 2020, arXiv 2006.06676"
    causes = ("stands", "non-finite", "penalty-rules")

    def __call__(self, run: Evidence) -> Finding | None:
        """Whether it takes real samples that were held out for generated ones more often than those of its training."""
        own, unseen = run.now("discriminator_auc"), run.now("unseen_auc")
        if own is None or unseen is None or own - unseen <= BY_HEART:
            return None
        few = len_of_data(run)
        return self.found(
            "bad" if own - unseen > 2 * BY_HEART else "watch",
            "The discriminator knows the training samples by heart",
            f"Over the last quarter it ranks a training sample above a generated one {percent(own)} of the time, a "
            f"real sample that was held out only {percent(unseen)}." + f" It was trained on {few:,}." * (few > 0),
            "What it teaches is to copy. Augment what it sees, give more data, or stop earlier.",
            (*augmented(run), run.shorter(max(1000, run.samples // 4))),
            gap=own - unseen,
        )


class Collapse(Diagnosis):
    """Samples that are all alike."""

    name, question, threshold = "collapse", "game", DIVERSITY_LOW
    source = "Mescheder, Geiger, Nowozin 2018, arXiv 1801.04406; Gidel et al. 2019, arXiv 1802.10551"
    causes = ("stands", "non-finite", "penalty-rules")

    def __call__(self, run: Evidence) -> Finding | None:
        """Whether distances between samples are below those of the data, of what is handed over and now."""
        now = run.now("diversity")
        if now is None or now >= DIVERSITY_LOW:
            return None
        series = run.monitors["diversity"].finite()
        fell = self._fell(series)
        seen = (
            f"Generated {run.things} are {now:.2f} times as diverse as the data over the last quarter; the most was "
            f"{series.values.max():.2f}, at {int(series.samples[np.argmax(series.values)]):,} samples."
        )
        if fell is not None and now < DIVERSITY_COLLAPSED:
            how = "at once" if fell[1] - fell[0] <= SUDDEN * series.samples[-1] else "little by little"
            seen += (
                f" It fell {how}, from {DIVERSITY_LOW} to {DIVERSITY_COLLAPSED} between {fell[0]:,} and {fell[1]:,}."
            )
        before = run.monitors["diversity"].part(0.5, PRESENT)
        if now >= DIVERSITY_COLLAPSED and len(before) and now > float(before.mean()) + 0.02:
            return self.found(
                "watch",
                "Low diversity, rising",
                f"{seen} In the quarter before it was {float(before.mean()):.2f}.",
                "Train longer.",
                (run.longer(),),
                diversity=now,
            )
        level: Level = "bad" if now < DIVERSITY_COLLAPSED else "watch"
        if run.alone:
            beta = run.look_up("model.beta")
            tell = (run.scaled("model.beta", 0.25),) if math.isfinite(beta) and beta > 0 else ()
            return self.found(
                level,
                "Low diversity",
                seen,
                "The codes tell the decoder little of what it is to draw. Train longer, or let them tell more.",
                (run.longer(), *tell),
                diversity=now,
            )
        slower = (run.rate("generator", 0.5), *run.penalty(10.0), *run.method("extragradient"))
        if now < DIVERSITY_COLLAPSED and fell is not None and fell[1] - fell[0] <= SUDDEN * series.samples[-1]:
            return self.found(
                level,
                "Sudden collapse",
                seen,
                "One step too long was enough: a quarter of the rates, from a checkpoint of before it; then a method "
                "that looks ahead.",
                (*run.rates(0.25), *slower[1:]),
                diversity=now,
                at=float(fell[1]),
            )
        return self.found(
            level,
            "Generator collapse" if now < DIVERSITY_COLLAPSED else "Low diversity",
            seen,
            ("See first that the generator's network uses its latent: all samples are one. " * (now < ONE_SAMPLE))
            + "The generator covers a part of the data. A slower one, or a method that looks ahead, does not rush to "
            "where the discriminator is weak now; a penalty keeps the discriminator's slopes gentle.",
            slower,
            diversity=now,
        )

    @staticmethod
    def _fell(series: Curve) -> tuple[int, int] | None:
        """Samples at the last look with as much diversity as the data nearly, and at the first of a collapse after."""
        high = np.flatnonzero(series.values >= DIVERSITY_LOW)
        low = np.flatnonzero(series.values < DIVERSITY_COLLAPSED)
        low = low[low > high[-1]] if len(high) else low
        return (int(series.samples[high[-1]]), int(series.samples[low[0]])) if len(high) and len(low) else None


class GoesRound(Diagnosis):
    """Players that chase each other without progress."""

    name, question, threshold = "circles", "game", TURNS_ONE_WAY
    source = "Mescheder, Nowozin, Geiger 2017, arXiv 1705.10461; Gidel et al. 2019, arXiv 1802.10551"
    causes = ("non-finite", "diverges", "stands")

    def __call__(self, run: Evidence) -> Finding | None:
        """Whether successive moves undo each other, or the two losses turn one way in their plane."""
        now = run.now("rotation")
        cures = (*run.method("extragradient"), *run.method("lookahead"), *run.rates(0.5))
        if now is not None and now < UNDONE:
            return self.found(
                "watch",
                "The players go round",
                f"The cosine between successive moves is {now:.2f} over the last quarter: each undoes much of the "
                "one before.",
                "Take a method made for rotation, or shorter steps.",
                cures,
                cosine=now,
            )
        losses = {series.name: series for series in run.losses}
        if set(losses) != {"generator", "discriminator"}:
            return None
        one_way, turns = turning(losses["generator"], losses["discriminator"])
        if one_way < TURNS_ONE_WAY or turns < TURNS or any(improves(run, name) for name in run.curves):
            return None
        return self.found(
            "watch",
            "The players go round",
            f"In the plane of the two losses the last half of the run makes {turns:.0f} turns, {percent(one_way)} of "
            "them one way, and no score improves.",
            "Take a method made for rotation, or shorter steps.",
            cures,
            one_way=one_way,
            turns=turns,
        )


def turning(first: Curve, second: Curve) -> tuple[float, float]:
    """How much of the turning about their means of two losses goes one way, and the whole turns, over the last half.

    >>> time = np.arange(200.0)
    >>> one_way, turns = turning(Curve("a", time, np.cos(time / 3)), Curve("b", time, np.sin(time / 3)))
    >>> round(one_way, 2), round(turns)
    (1.0, 5)
    """
    shared, one, other = np.intersect1d(first.samples, second.samples, return_indices=True)
    x, y = first.values[one], second.values[other]
    kept = np.isfinite(x) & np.isfinite(y) & (shared >= (shared[-1] / 2 if len(shared) else 0))
    x, y = x[kept], y[kept]
    if len(x) < 12 or not x.std() or not y.std():
        return 0.0, 0.0
    angles = np.arctan2((y - y.mean()) / y.std(), (x - x.mean()) / x.std())
    steps = (np.diff(angles) + np.pi) % (2 * np.pi) - np.pi
    return float(abs(steps.sum()) / np.abs(steps).sum()), float(abs(steps.sum()) / (2 * np.pi))


def _raised(run: Evidence) -> bool:
    """Whether a penalty's weight is ten times the recipe's, or more."""
    settings = (f"penalties.{name}.weight" for name in ("r1", "r2"))
    return any(run.look_up(setting) >= 10 * run.recipe(setting) for setting in settings)


def _in_nats(run: Evidence) -> bool:
    """Whether the loss is one of logits in nats, as far as the configuration says."""
    adversary = run.config.get("adversary")
    loss = (adversary if isinstance(adversary, dict) else run.config).get("loss") or {}
    return not run.config or str(loss.get("name") if isinstance(loss, dict) else loss) in IN_NATS


def _right(run: Evidence) -> tuple[list[float], str] | None:
    """Shares of right answers of the discriminator over the last quarter, and the same in words."""
    real, generated = run.now("real_accuracy"), run.now("generated_accuracy")
    if real is not None and generated is not None:
        told = f"{percent(real)} of real and {percent(generated)} of generated {run.things}"
        return [real, generated], f"the discriminator is right about {told}"
    auc = run.now("discriminator_auc")
    if auc is not None:
        return [auc], f"the discriminator ranks a real sample above a generated one {percent(auc)} of the time"
    return None


GAME: tuple[Diagnosis, ...] = (
    NonFinite(),
    Stands(),
    Diverges(),
    PenaltyRules(),
    KnowsByHeart(),
    Collapse(),
    DiscriminatorWins(),
    DiscriminatorLost(),
    DiscriminatorWeak(),
    GoesRound(),
)
