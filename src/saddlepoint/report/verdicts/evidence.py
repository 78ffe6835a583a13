"""The records of a run as numbers that diagnoses ask for, and commands that fit the run."""

import math
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from saddlepoint.measures import Measure
from saddlepoint.report.history import Curve, Numbers, columns, mapping, measure_of, number
from saddlepoint.report.verdicts.finding import Remedy

#: "The last quarter": long enough to average noise, short enough to be the present.
PRESENT = 0.75
#: What the checks of a probe measure; shares are held against what real samples come to.
CHECKS = {
    "precision": Measure("precision", "share inside the real support", "higher"),
    "coverage": Measure("coverage", "share of real samples with a made one near by", "higher"),
    "class_agreement": Measure("class_agreement", "share whose nearest real sample is of their class", "higher"),
    "sharpness": Measure("sharpness", "of edges, as a share of the real ones", "target", target=1.0),
    "memorised": Measure("memorised", "share that are copies of a training sample", "lower"),
    "class_gap": Measure("class_gap", "difference of the classes' shares", "lower"),
}
#: What is made, where data are called otherwise.
_MADE = {"photographs": "images", "pairs": "images", "recordings": "sounds", "batches": "samples"}
#: Of the floor's distance to the untrained model: less is too little to tell better from worse by.
FEWEST_SCALE = 0.05


class Evidence:
    """What is known of a run.

    Args:
        records: as in `metrics.jsonl`.
        config: the resolved configuration; without it commands read `…`.
        identity: `run.json`: outcome, directions of metrics, what is known of real samples and of the data.
        folder: the run's folder, so that the commands name it.
    """

    def __init__(
        self,
        records: Iterable[Mapping[str, Any]],
        config: Mapping[str, Any],
        identity: Mapping[str, Any],
        folder: Path | None,
    ) -> None:
        self.records, self.config, self.identity = list(records), config, identity
        self.losses = columns(self.records, "losses")
        self.monitors = {
            curve.name: curve for group in ("monitors", "movement") for curve in columns(self.records, group)
        }
        self.live = {curve.name: curve for curve in columns(self.records, "live")}
        positions = [number(record.get("samples")) for record in self.records]
        last = max((int(p) for p in positions if math.isfinite(p)), default=0)
        end = number(identity.get("samples"))
        self.samples = max(last, int(end)) if math.isfinite(end) and self.ended else last
        self.curves = self._to_the_end("metrics")
        self.checks = self._to_the_end("checks")
        self.folder = shlex.quote(str(folder)) if folder is not None else None
        self._folder = self.folder or "RUN"
        self._config = shlex.quote(str(folder / "config.yaml")) if folder is not None else "RUN/config.yaml"

    def _to_the_end(self, group: str) -> dict[str, Curve]:
        """Numbers as they went, that of what was handed over last."""
        found = {curve.name: curve for curve in columns(self.records, group)}
        for name, value in mapping(self.identity.get(group)).items() if self.ended else ():
            before = found.get(name)
            at, own = float(self.samples), number(value)
            if before is None or not len(before.samples):
                found[name] = Curve(str(name), np.array([at]), np.array([own]))
            elif before.samples[-1] < at:
                found[name] = Curve(str(name), np.append(before.samples, at), np.append(before.values, own))
        return found

    # --- numbers ------------------------------------------------------------------------------------------

    @property
    def ended(self) -> bool:
        """Whether the run has ended, so that `run.json` says what was handed over."""
        return self.identity.get("state") == "ended"

    @property
    def fitted(self) -> bool:
        """Whether the model was fitted at once, so that nothing was played."""
        return self.config.get("game") == "fitted"

    @property
    def things(self) -> str:
        """What is made, in the plural."""
        kind = str(mapping(self.identity.get("dataset")).get("kind") or "samples")
        return _MADE.get(kind, kind)

    @property
    def alone(self) -> bool:
        """Whether there is one player, as a baseline is: no discriminator, and no penalty on it."""
        return bool(self.config) and "discriminator" not in self.config

    @property
    def steps(self) -> int:
        """Steps of the method so far."""
        steps = [number(record.get("steps")) for record in self.records]
        return max((int(s) for s in (*steps, number(self.identity.get("steps"))) if math.isfinite(s)), default=0)

    @property
    def score(self) -> str:
        """The name of the measure by which the best is kept; empty where nothing is measured."""
        return next((name for name in self.curves if self.measure(name).direction != "none"), "")

    def measure(self, name: str) -> Measure:
        """What a metric or a check measures."""
        declared = measure_of(self.identity.get("measures"), name)
        return CHECKS[name] if name in CHECKS and name not in self.curves else declared

    def now(self, monitor: str) -> float | None:
        """The mean of a monitor over the last quarter, or None."""
        values = self.monitors[monitor].part(PRESENT) if monitor in self.monitors else np.empty(0)
        return float(values.mean()) if len(values) else None

    def before(self, monitor: str, begin: float, end: float) -> Numbers:
        """The finite values of a monitor in a stretch of the run, both ends as shares of the samples seen."""
        return self.monitors[monitor].part(begin, end) if monitor in self.monitors else np.empty(0)

    def final(self, name: str) -> float:
        """The newest value of a metric or a check of what is handed over; NaN where there is none."""
        curve = self.curves.get(name) or self.checks.get(name)
        return float(curve.values[-1]) if curve is not None and len(curve.values) else math.nan

    def final_live(self, name: str) -> float:
        """The newest value of a metric of the live parameters; NaN where there is none."""
        if self.ended and name in mapping(self.identity.get("live")):
            return number(mapping(self.identity.get("live"))[name])
        curve = self.live.get(name)
        return float(curve.values[-1]) if curve is not None and len(curve.values) else math.nan

    def known(self, reference: str, name: str) -> float:
        """A number of what is known: of `real` samples, of the `untrained` model; NaN where there is none."""
        return number(mapping(mapping(self.identity.get("references")).get(reference)).get(name))

    def references(self, kind: str) -> dict[str, Mapping[str, Any]]:
        """What is known of one kind, `baseline` or `blind`, by name."""
        found = mapping(self.identity.get("references"))
        return {
            str(name).removeprefix(f"{kind}: "): mapping(value)
            for name, value in found.items()
            if str(name).startswith(f"{kind}: ")
        }

    def examined(self, name: str) -> float:
        """What the training data said of themselves; NaN where they were not asked."""
        return number(mapping(self.identity.get("examined")).get(name))

    def gap(self, name: str, value: float) -> float:
        """Where a number lies between real samples, 0, and the untrained model, 1; NaN where that is not known.

        Shares are held against 0, or against chance, in the place of the untrained model.
        """
        measure, real = self.measure(name), self.known("real", name)
        if name in ("precision", "coverage", "class_agreement"):
            chance = self.examined("class_chance") if name == "class_agreement" else 0.0
            worst = chance if math.isfinite(chance) else 0.0
        else:
            worst = self.known("untrained", name)
        floor, ceiling, own = (measure.badness(x) for x in (real, worst, value))
        if not (ceiling - floor > FEWEST_SCALE * max(abs(floor), abs(ceiling))):  # NaN, too
            return math.nan
        return (own - floor) / (ceiling - floor)

    def excess(self, name: str, value: float) -> float:
        """How much worse a number is than that of real samples, at least 0; than nothing where that is not known."""
        measure, real = self.measure(name), self.known("real", name)
        floor = measure.badness(real) if math.isfinite(real) else 0.0
        return max(0.0, measure.badness(value) - floor)

    # --- commands -----------------------------------------------------------------------------------------

    def anew(self, options: str) -> str:
        """The command of the same run with other options, in a folder that the command line names."""
        return f"saddle train {self._config} {options}"

    def longer(self, factor: float = 2.0) -> Remedy:
        """Go on in this folder."""
        samples = max(round(factor * self.samples), 20_000)
        return Remedy("budget", 1, f"saddle train {self._config} --out {self._folder} --samples {samples}")

    def on(self) -> Remedy:
        """Go on in this folder to the end of its plan."""
        return Remedy("budget", 1, f"saddle train {self._config} --out {self._folder}")

    def shorter(self, samples: int) -> Remedy:
        """Stop where it was best."""
        return Remedy("budget", -1, self.anew(f"--samples {samples}"))

    def scaled(self, setting: str, factor: float) -> Remedy:
        """A setting, `factor` times the present value, or as the recipe has it where the run left that far behind."""
        own, recipe = self.look_up(setting), self.recipe(setting)
        target = own * factor
        if math.isfinite(recipe) and math.isfinite(own) and recipe > 0 and own > 0:
            off = math.log(recipe / own)
            if off * math.log(factor) > 0 and abs(off) > abs(math.log(factor)) / 2:
                target = recipe
        said = f"{float(f'{target:.3g}'):.10g}" if math.isfinite(target) else "…"
        return Remedy(setting, 1 if factor > 1 else -1, self.anew(f"--set {setting}={said}"))

    def method(self, name: str) -> tuple[Remedy, ...]:
        """Another method, or nothing where the run has that one."""
        own = mapping(self.config.get("method")).get("name")
        return () if own == name else (Remedy("method", 0, self.anew(f"--method {name}")),)

    def moves(self, player: str) -> tuple[Remedy, ...]:
        """A player that moves twice as often as now beside the other one, where they take turns; at most five times."""
        method, place = mapping(self.config.get("method")), "method.counts"
        if method.get("name") != "alternating":
            method, place = mapping(method.get("base")), "method.base.counts"
        if self.alone or method.get("name") != "alternating" or method.get("order") is not None:
            return ()
        own = self.setting(place) or [1, 1]
        counts = [int(n) for n in (own.strip("[]").split(",") if isinstance(own, str) else own)]
        if len(counts) != 2:
            return ()
        mine = 0 if player == "discriminator" else 1  # the last player moves first
        if counts[1 - mine] > 1:
            counts[1 - mine] //= 2
        else:
            counts[mine] = min(5, 2 * counts[mine])
        return (Remedy("method.counts", 0, self.anew(f"--set {place}={counts[0]},{counts[1]}")),)

    def augmentation(self, strength: float) -> tuple[Remedy, ...]:
        """Augmentation of what the discriminator sees, of a strength; nothing where the game has no place for it."""
        adversary = mapping(self.config.get("adversary"))
        if "augmentation" not in adversary:
            return ()
        kind = "" if isinstance(adversary["augmentation"], Mapping) else "--set augmentation.kind=diffaugment "
        return (Remedy("augmentation", 1, self.anew(f"{kind}--set augmentation.strength={strength:g}")),)

    def rate(self, player: str, factor: float) -> Remedy:
        """A player's learning rate."""
        return self.scaled(f"{player}.optimizer.lr", factor)

    def rates(self, factor: float) -> tuple[Remedy, ...]:
        """The rates of all players, in one command."""
        if self.alone:
            return (self.rate("generator", factor),)
        both = [self.rate(player, factor) for player in ("generator", "discriminator")]
        options = [remedy.command.split(" --set ", 1)[-1] for remedy in both]
        values = {option.rpartition("=")[2] for option in options}
        said = f"--set optimizer.lr={values.pop()}" if len(values) == 1 else " ".join(f"--set {o}" for o in options)
        return (Remedy("optimizer.lr", both[0].direction, self.anew(said)),)

    def penalty(self, factor: float) -> tuple[Remedy, ...]:
        """The weights of the discriminator's penalties in one command; R1 where there are none and more is wanted."""
        if self.alone:
            return ()
        penalties = mapping(mapping(self.config.get("adversary")).get("penalties")) or mapping(
            self.config.get("penalties")
        )
        named = [name for name, own in penalties.items() if number(mapping(own).get("weight")) > 0]
        if not named:
            if factor < 1 or (self.config and not penalties):
                return () if factor < 1 else (Remedy("penalties", 1, self.anew("--set penalties.r1.weight=1")),)
            return (Remedy("penalties", 1, self.anew("--set penalties.r1.weight=1")),)
        options = [self.scaled(f"penalties.{name}.weight", factor).command.split(" --set ", 1)[-1] for name in named]
        said = " ".join(f"--set {option}" for option in options)
        return (Remedy("penalties", 1 if factor > 1 else -1, self.anew(said)),)

    def average(self, factor: float) -> Remedy:
        """The half-life of the average, or a twentieth of the run where there is none."""
        own = self.look_up("average.half_life")
        if not math.isfinite(own) or not own:
            return Remedy("average", 1, self.anew(f"--set average.half_life={max(1, self.samples // 20)}"))
        if factor > 1 and own >= self.samples / 4:  # longer than that it would hand over what is long gone
            return Remedy("average", 1)
        value = min(own * factor, self.samples / 4 if factor > 1 else max(1, self.samples // 20))
        return Remedy("average", 1 if factor > 1 else -1, self.anew(f"--set average.half_life={value:.3g}"))

    def look_up(self, setting: str) -> float:
        """A number of the configuration as it is now, by its dotted name; of penalties below `adversary`, too."""
        return number(self.setting(setting))

    def setting(self, name: str) -> Any:
        """A value of the configuration as it is now, by its dotted name; None where there is none."""
        short = name.removeprefix("adversary.")
        for change in reversed(self.identity.get("interventions", [])):
            for key, _, value in (said.partition("=") for said in change["settings"]):
                if key in (name, short) or (key == "optimizer.lr" and name.endswith(".optimizer.lr")):
                    return _read(value)
        for keys in (name.split("."), ["adversary", *short.split(".")], short.split(".")):
            found: Any = self.config
            for key in keys:
                found = found.get(key) if isinstance(found, Mapping) else None
            if found is not None:
                return found
        return None

    def recipe(self, setting: str) -> float:
        """The recipe's own value of a number that the run changed; NaN where it did not, or nobody knows."""
        changed = mapping(self.identity.get("changed"))
        for name in (setting, f"adversary.{setting}"):
            if name in changed:
                return number(changed[name])
        return math.nan


def _read(value: str) -> Any:
    """A value as it was typed: a number where it is one."""
    try:
        return float(value)
    except ValueError:
        return value


def settings_of(command: str) -> tuple[str, ...]:
    """The settings of a command, as `key=value`; a method among them.

    >>> settings_of("saddle train run/config.yaml --set lr=1e-3 --method lookahead")
    ('lr=1e-3', 'method=lookahead')
    """
    words = shlex.split(command)
    found = [words[n + 1] for n, word in enumerate(words[:-1]) if word == "--set"]
    return (*found, *(f"method={words[n + 1]}" for n, word in enumerate(words[:-1]) if word == "--method"))
