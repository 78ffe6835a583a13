"""Is the result good: what is handed over, against real samples, the live weights, and what needs no adversary."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from saddlepoint.report.history import number
from saddlepoint.report.verdicts.diagnosis import Diagnosis, capital, percent
from saddlepoint.report.verdicts.evidence import Evidence
from saddlepoint.report.verdicts.finding import Finding, Level, Remedy

#: Shares, as of precision, between real samples, 0, and none, 1: up to here a result is called near, from there far.
NEAR, FAR = 0.3, 0.65
#: The same of a distance, between real samples and the untrained model, which may be anywhere: it is met soon.
NEAR_SCORE, FAR_SCORE = 0.15, 0.5
#: A distance so many times the floor is not near it, however far the untrained model began.
FLOORS = 20.0
#: The average's distance above the floor over that of the live weights; and how much of the scale lies between them.
BEHIND, BEHIND_SHARE = 1.5, 0.04
#: Share of samples that are copies, beyond that of real ones among the others.
COPIES, FEW_COPIES = 0.3, 0.1
#: Sharpness of edges, relative to the data.
SOFT, SOFTER, HARD = 0.72, 0.6, 1.5
#: Mean distance between samples above which it is noise that makes them differ.
DIVERSITY_NOISE = 1.3
#: A share of the classes' shares that is wrong.
CLASSES_OFF = 0.3
#: Shares of training samples: of one colour, equal to another one, of one class.
CONSTANT, REPEATED, ONE_CLASS = 0.1, 0.5, 0.8
#: Training samples that are few for any game; and too few to learn more than themselves.
FEW, FEWEST = 100, 20
#: Of the values that images may have, of which at least 1 is there, what theirs use.
FLAT_DATA = 0.25
#: Share of the places of an image where all images agree.
STILL = 0.5
#: Of how much better than chance the nearest sample tells a class, below which labels say nothing.
LABELS_SAY = 0.1
#: Shares of the way from real to untrained: what is called worse than a way without an adversary.
WORSE = 0.03


#: Shares that tell how much of what is made is as real.
_SHARES = ("high_quality", "precision", "coverage", "phrases")


def gaps(run: Evidence, values: Mapping[str, Any] | None = None) -> dict[str, float]:
    """Where the score and shares such as precision lie between real samples, 0, and the untrained model, 1.

    A distance is stretched so that the bounds of shares are its bounds, too.

    Args:
        run: what is known.
        values: numbers by name; None takes those of what is handed over.
    """
    found = {}
    for name in dict.fromkeys([run.score, *_SHARES]):
        if not name:
            continue
        value = run.final(name) if values is None else number(values.get(name))
        gap = run.gap(name, value)
        if math.isfinite(gap):
            found[name] = gap if name in _SHARES else float(np.interp(gap, *_STRETCHED)) if gap < 1 else gap
    return found


def away(run: Evidence) -> float:
    """How far the game is from the data, 0 to 1 and more: by the score of the live weights, where it is known."""
    gap = run.gap(run.score, run.final_live(run.score)) if run.score else math.nan
    if math.isfinite(gap):
        return float(np.interp(gap, *_STRETCHED)) if gap < 1 else gap
    return max(gaps(run).values(), default=1.0)


_STRETCHED = ((0.0, NEAR_SCORE, FAR_SCORE, 1.0), (0.0, NEAR, FAR, 1.0))


class Far(Diagnosis):
    """What is handed over, between real samples and the untrained model."""

    name, question, threshold = "far", "result", FAR
    source = "Kynkäänniemi et al. 2019, arXiv 1904.06991; Naeem et al. 2020, arXiv 2002.09797"
    causes = (
        *("stands", "non-finite", "diverges", "penalty-rules", "discriminator-wins", "discriminator-lost", "collapse"),
        *(
            "discriminator-weak",
            "average-behind",
            "blurred",
            "best-behind",
            "too-early",
            "stopped-short",
            "wrong-class",
            "memorised",
        ),
        *("constant-data", "one-class", "labels-say-nothing", "flat-data"),
    )

    def __call__(self, run: Evidence) -> Finding | None:
        """The worst of the score, precision and coverage."""
        where = gaps(run)
        if not where:
            return None
        worst = max(where, key=lambda name: where[name])
        said = "; ".join(self._said(run, name) for name in where)
        real, own = run.known("real", run.score), run.final(run.score)
        factor = run.measure(run.score).badness(own) / real if run.score and real > 0 else math.nan
        lower = bool(run.score) and run.measure(run.score).direction == "lower"
        many = lower and math.isfinite(factor) and factor > FLOORS
        if where[worst] > FAR:
            level: Level = "bad"
            title = f"The {run.things} are far from the data"
        elif where[worst] > NEAR or many:
            level, title = "watch", f"The {run.things} are on the way to the data"
        else:
            return self.found("good", f"The {run.things} are near the data", f"{said}.", "", (), **where)
        advice = "Train longer; where the score has stopped, a larger network or other settings."
        return self.found(level, title, f"{said}.", advice, (run.longer(),), **where)

    @staticmethod
    def _said(run: Evidence, name: str) -> str:
        own, real, start = run.final(name), run.known("real", name), run.known("untrained", name)
        words = [f"real {run.things} {real:.3g}"]
        words += [f"the untrained model {start:.3g}"] if math.isfinite(start) else []
        return f"{capital(name)} {own:.3g} ({', '.join(words)})"


class AverageBehind(Diagnosis):
    """An average of the weights that is worse than the weights."""

    name, question, threshold = "average-behind", "result", BEHIND
    source = "Yazıcı et al. 2019, arXiv 1806.04498"
    causes = ("stands", "non-finite")

    def __call__(self, run: Evidence) -> Finding | None:
        """The score of what is handed over against that of the live weights, now and in the looks before."""
        name = run.score
        own, live = run.final(name), run.final_live(name)
        if not name or not (math.isfinite(own) and math.isfinite(live)):
            return None
        mine, theirs = run.excess(name, own), run.excess(name, live)
        share = run.gap(name, own) - run.gap(name, live)
        if math.isnan(share):
            share = (mine - theirs) / max(mine, 1e-12)
        if mine <= BEHIND * theirs or share < BEHIND_SHARE:
            return None
        half_life = run.look_up("average.half_life")
        known = math.isfinite(half_life)
        said = f" Its half-life is {half_life:,.0f} samples, of {run.samples:,} seen." if known else ""
        real = run.known("real", name)
        floor = f", real {run.things} {real:.3g}" if math.isfinite(real) else ""
        return self.found(
            "bad" if mine > 2 * theirs and share > 2 * BEHIND_SHARE else "watch",
            "The average is behind the live weights",
            f"{capital(name)} of the averaged weights, which are handed over, is {own:.3g}; that of the live ones "
            f"{live:.3g}{floor}.{said}",
            "Average over a shorter time, or train longer; until then the live weights are the better ones.",
            (run.average(0.1), run.longer(4)),
            average=own,
            live=live,
        )


class Memorised(Diagnosis):
    """Samples that are copies of training samples."""

    name, question, threshold = "memorised", "result", COPIES
    source = "Yoon, Choi, Kwon, Ryu 2023 (ICML workshop); Karras et al. 2020, arXiv 2006.06676"

    def __call__(self, run: Evidence) -> Finding | None:
        """The share that lies three times nearer to one training sample than to the next, less that of real ones."""
        own, real = run.final("memorised"), run.known("real", "memorised")
        copies = own - (real if math.isfinite(real) else 0.0)
        if math.isfinite(own) and copies > FEW_COPIES:
            seen = (
                f"{percent(own)} of the {run.things} lie three times nearer to one training sample than to the next"
                + (f"; of real ones among the others {percent(real)}." if math.isfinite(real) else ".")
            )
        else:
            copied = run.final("copied")
            distinct = run.final("distinct")
            if not (math.isfinite(copied) and copied > 0.9 and distinct < 0.9):
                return None
            copies = copied
            seen = f"{percent(copied)} of the {run.things} stand in the training set; {percent(distinct)} are distinct."
        few = len_of_data(run)
        said = f" There are {few:,} training samples." if few else ""
        return self.found(
            "bad" if copies > COPIES else "watch",
            f"The {run.things} are copies of training samples",
            seen + said,
            "Give more data; with few, augment what the discriminator sees, and stop earlier.",
            (*augmented(run), run.shorter(max(1000, run.samples // 4))) if not run.alone else (),
            copies=copies,
        )


class Blurred(Diagnosis):
    """Edges that are softer than those of the data."""

    name, question, threshold = "blurred", "result", SOFT
    causes = ("stands", "non-finite", "average-behind", "too-early", "collapse", "penalty-rules")

    def __call__(self, run: Evidence) -> Finding | None:
        """Sharpness relative to training images, of what is handed over."""
        own = run.final("sharpness")
        if not math.isfinite(own) or own >= SOFT:
            return None
        return self.found(
            "bad" if own < SOFTER else "watch",
            f"The {run.things} are blurred",
            f"Their edges are {own:.2f} times as sharp as those of the data. Coarse pixels do not see that.",
            "See that the generator's network can draw edges (no smoothing layer at its end), and give it more width.",
            (),
            sharpness=own,
        )


class Noisy(Diagnosis):
    """Samples that differ by noise."""

    name, question, threshold = "noisy", "result", HARD
    causes = ("stands", "non-finite", "average-behind", "too-early")

    def __call__(self, run: Evidence) -> Finding | None:
        """Sharper edges, or larger distances, than the data have."""
        own, now = run.final("sharpness"), run.now("diversity")
        edges = math.isfinite(own) and own > HARD
        apart = now is not None and now > DIVERSITY_NOISE
        if not (edges or apart):
            return None
        told = [f"edges are {own:.2f} times as sharp as those of the data"] * edges
        told += [f"they are {now:.2f} times as diverse as the data"] * apart
        return self.found(
            "watch",
            "Samples still noisy",
            f"Of the generated {run.things}, {' and '.join(told)}: it is noise.",
            "Train longer, or average the parameters over a longer time.",
            (run.longer(), run.average(4.0)),
            **({"diversity": now} if now is not None and apart else {"sharpness": own}),
        )


class WrongClass(Diagnosis):
    """Samples that are not of the class that they were made for, or classes that are missing."""

    name, question, threshold = "wrong-class", "result", FAR
    source = "Miyato, Koyama 2018, arXiv 1802.05637; Odena, Olah, Shlens 2017, arXiv 1610.09585"
    causes = ("stands", "non-finite", "average-behind", "too-early", "labels-say-nothing", "penalty-rules", "blurred")

    def __call__(self, run: Evidence) -> Finding | None:
        """Classes of the nearest training samples, where labels say something."""
        own, real = run.final("class_agreement"), run.known("real", "class_agreement")
        if math.isfinite(own) and _labels_say(run) > 2 * LABELS_SAY:
            gap = run.gap("class_agreement", own)
            if math.isfinite(gap) and gap > NEAR:
                return self.found(
                    "bad" if gap > FAR else "watch",
                    f"The {run.things} are not of the class that is asked for",
                    f"The nearest training sample is of the wanted class {percent(own)} of the time; of real "
                    f"{run.things} {percent(real)}.",
                    "See that both networks are given the class and use it; an auxiliary classifier asks for it.",
                    () if run.alone else (_classifier(run),),
                    agreement=own,
                )
        off, usual = run.final("class_gap"), run.known("real", "class_gap")
        if math.isfinite(off) and off - (usual if math.isfinite(usual) else 0.0) > CLASSES_OFF:
            return self.found(
                "watch",
                "Classes are missing",
                f"Shares of the classes differ from those of the data by {percent(off)} (of the nearest sample).",
                "The generator covers a part of the data: a slower generator, or a stronger penalty; with labels, "
                "--set conditional=true.",
                () if run.alone else (run.rate("generator", 0.5), *run.penalty(10.0)),
                gap=off,
            )
        return None


class WorseThanBaseline(Diagnosis):
    """A result that something without an adversary beats."""

    name, question, threshold = "worse-than-baseline", "result", WORSE
    source = "Lucic et al. 2018, arXiv 1711.10337"
    causes = ("stands", "non-finite", "average-behind", "too-early", "far", "collapse", "penalty-rules", "diverges")

    def __call__(self, run: Evidence) -> Finding | None:
        """The score of what is handed over against that of each way that is known."""
        name, own = run.score, run.final(run.score)
        if not name or not math.isfinite(own):
            return None
        measure = run.measure(name)
        for way, values in run.references("baseline").items():
            theirs = number(values.get(name))
            if not math.isfinite(theirs):
                continue
            worse = measure.badness(own) - measure.badness(theirs)
            scale = abs(measure.badness(run.known("untrained", name)) - measure.badness(theirs))
            if not (math.isfinite(scale) and scale > 0 and worse > WORSE * scale):
                continue
            shared = [m for m in values if math.isfinite(run.final(m)) and run.measure(m).direction != "none"]
            all_of_them = all(
                run.measure(m).badness(run.final(m)) >= run.measure(m).badness(number(values[m])) for m in shared
            )
            return self.found(
                "bad" if all_of_them and worse > 0.2 * scale else "watch",
                f"Better without an adversary: {way}",
                f"{capital(name)} {own:.3g}; of {way}, which takes no adversary and no training, {theirs:.3g}.",
                "The game has not paid yet: train longer, or see what the game's own verdict says.",
                (run.longer(),),
                own=own,
                baseline=theirs,
            )
        return None


class Blind(Diagnosis):
    """Numbers that something passes by which nobody takes for the data."""

    name, question, threshold = "blind", "result", NEAR
    source = "Barratt, Sharma 2018, arXiv 1801.01973; Borji 2019, arXiv 1802.03446"

    def __call__(self, run: Evidence) -> Finding | None:
        """Whether the score, precision, coverage and sharpness together tell stand-ins from real samples."""
        for way, values in run.references("blind").items():
            where = gaps(run, values)
            sharp = number(values.get("sharpness"))
            if not where or max(where.values()) > NEAR or (math.isfinite(sharp) and not SOFT <= sharp <= HARD):
                continue
            return self.found(
                "watch",
                "The numbers can't see what an eye sees",
                f"Smooth fields of the data's mean and covariance ({way}) come to "
                + ", ".join(f"{name.replace('_', ' ')} {number(values[name]):.3g}" for name in where)
                + f": as near to real {run.things} as a good result.",
                "Look at the samples, and measure in features: saddle evaluate RUN.",
                (),
                **where,
            )
        if run.score or run.checks or not run.ended:
            return None
        return self.found(
            "watch",
            "Nothing measures the result",
            f"The run records no score of its {run.things}.",
            "Look at the samples; a game of your own is measured with saddlepoint.train(…, metrics=function).",
        )


class BadData(Diagnosis):
    """Training data that few would want made more of."""

    name, question, threshold = "constant-data", "result", CONSTANT

    def __call__(self, run: Evidence) -> Finding | None:
        """Samples of one colour, copies, and one class that is nearly all."""
        constant = run.examined("constant")
        if math.isfinite(constant) and constant > CONSTANT:
            return self.found(
                "bad",
                "Training samples are empty",
                f"{percent(constant)} of the training {run.things} are of one value throughout, as black images are: "
                "the generator is to make such ones, too.",
                "Take them out of the data, and train anew; see how the files are read where they are not empty.",
                constant=constant,
            )
        return None


class RepeatedData(Diagnosis):
    """Training samples that are copies of each other."""

    name, question, threshold = "repeated-data", "result", REPEATED
    source = "Lee et al. 2022, arXiv 2107.06499"

    def __call__(self, run: Evidence) -> Finding | None:
        """The share of samples that equal an earlier one, of images and sounds."""
        repeated = run.examined("repeated")
        if run.things not in ("images", "sounds") or not (math.isfinite(repeated) and repeated > REPEATED):
            return None
        return self.found(
            "watch",
            "Training samples repeat",
            f"{percent(repeated)} of the training {run.things} equal an earlier one, and count as often.",
            "Take the copies out of the data, where they are not meant.",
            repeated=repeated,
        )


class FewData(Diagnosis):
    """Training data that are too few to learn more than themselves from."""

    name, question, threshold = "few-data", "result", FEW
    source = "Karras et al. 2020, arXiv 2006.06676"
    causes = ("memorised",)

    def __call__(self, run: Evidence) -> Finding | None:
        """How many there are."""
        count = len_of_data(run)
        if not 0 < count < FEW:
            return None
        return self.found(
            "bad" if count < FEWEST else "watch",
            f"There are {count:,} training {run.things}",
            f"Of fewer than {FEW} a discriminator learns each by heart, and copies are what a generator can learn.",
            "Give more data; with few, augment what the discriminator sees, and begin from another run with --from.",
            () if run.alone else augmented(run),
            count=count,
        )


class FlatData(Diagnosis):
    """Images that use a small part of the values that they may have."""

    name, question, threshold = "flat-data", "result", FLAT_DATA

    def __call__(self, run: Evidence) -> Finding | None:
        """The range of all but a thousandth of their values, where 1 or 2 is black to white."""
        used = run.examined("range")
        if run.things != "images" or not (math.isfinite(used) and used < FLAT_DATA):
            return None
        return self.found(
            "bad",
            "The training images have hardly any contrast",
            f"All but a thousandth of their values lie within {used:.2g} of each other, where black to white is 1 or "
            "2: the range of values does not fit these files, as where one pixel is far brighter than all others.",
            "Say which values are black and white, and train anew: --set data.range=BLACK,WHITE.",
            (Remedy("data.range", 0, run.anew("--set data.range=BLACK,WHITE")),),
            range=used,
        )


class StillData(Diagnosis):
    """Images of which the larger part is the same in all of them."""

    name, question, threshold = "still-data", "result", STILL

    def __call__(self, run: Evidence) -> Finding | None:
        """The share of their places where all have one value, as borders have."""
        still = run.examined("still")
        if (
            run.things != "images"
            or not (math.isfinite(still) and still > STILL)
            or run.examined("constant") > CONSTANT
        ):
            return None
        return self.found(
            "watch",
            "Most of each training image is the same in all",
            f"At {percent(still)} of their places all training images have one value, as borders and backgrounds do: "
            "the networks spend their capacity there, and what differs is drawn small.",
            "Crop the images to what differs before training, and train anew.",
            still=still,
        )


class OneClass(Diagnosis):
    """A class that is nearly all of the data."""

    name, question, threshold = "one-class", "result", ONE_CLASS

    def __call__(self, run: Evidence) -> Finding | None:
        """Its share."""
        largest, chance = run.examined("largest_class"), run.examined("class_chance")
        if not (math.isfinite(largest) and ONE_CLASS < largest < 1 and chance < 1):
            return None
        return self.found(
            "watch",
            "One class is nearly all of the data",
            f"The largest class has {percent(largest)} of the training {run.things}: without classes the others hardly "
            "occur, with them they are learnt from few.",
            "Even the classes out (--set data.per_class=N), or give more of the rare classes.",
            share=largest,
        )


class Labels(Diagnosis):
    """Labels that say nothing of the samples."""

    name, question, threshold = "labels-say-nothing", "result", LABELS_SAY

    def __call__(self, run: Evidence) -> Finding | None:
        """Whether the nearest other training sample has the same class no more often than any other one."""
        own, chance = run.examined("class_agreement"), run.examined("class_chance")
        largest = run.examined("largest_class")
        if not (math.isfinite(own) and math.isfinite(chance)) or largest > 0.95 or _labels_say(run) >= LABELS_SAY:
            return None
        if 0 < len_of_data(run) < FEW:  # whose neighbours are of a class by chance
            return None
        return self.found(
            "bad" if math.isfinite(run.final("class_agreement")) else "watch",
            "The labels say nothing of the samples",
            f"The nearest other training sample is of the same class {percent(own)} of the time, any other one "
            f"{percent(chance)}: labels that were shuffled look like this.",
            "See that labels belong to their samples; or train without them.",
            (Remedy("conditional", 0, run.anew("--set conditional=false")),),
            agreement=own,
            chance=chance,
        )


def _labels_say(run: Evidence) -> float:
    """How much better than chance the nearest sample tells a class, as a share of all that could be told."""
    own, chance = run.examined("class_agreement"), run.examined("class_chance")
    return (own - chance) / max(1 - chance, 1e-9) if math.isfinite(own) and math.isfinite(chance) else math.nan


def len_of_data(run: Evidence) -> int:
    """Training samples; 0 where nobody says."""
    data = run.identity.get("dataset")
    count = number(data.get(str(data.get("kind")))) if isinstance(data, Mapping) else math.nan
    return int(count) if math.isfinite(count) else 0


def augmented(run: Evidence) -> tuple[Remedy, ...]:
    """More augmentation of what the discriminator sees; nothing where there is none to give more of."""
    adversary = run.config.get("adversary")
    if run.config and not (isinstance(adversary, Mapping) and "augmentation" in adversary):
        return ()
    own = adversary["augmentation"] if isinstance(adversary, Mapping) else None
    if not isinstance(own, Mapping):
        return (Remedy("augmentation", 1, run.anew("--set augmentation.kind=adaptive")),)
    strength = number(own.get("strength"))  # NaN of `auto`
    return () if strength >= 1 else (Remedy("augmentation", 1, run.anew("--set augmentation.strength=1")),)


def _classifier(run: Evidence) -> Remedy:
    return Remedy("auxiliary", 1, run.anew("--set auxiliary=1"))


RESULT: tuple[Diagnosis, ...] = (
    BadData(),
    RepeatedData(),
    FlatData(),
    StillData(),
    OneClass(),
    Labels(),
    AverageBehind(),
    Memorised(),
    FewData(),
    WrongClass(),
    Blurred(),
    Noisy(),
    Far(),
    WorseThanBaseline(),
    Blind(),
)
