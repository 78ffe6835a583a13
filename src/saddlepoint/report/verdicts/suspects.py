"""What a run sets otherwise than its recipe: where something is wrong, the first that is looked at.

A recipe is known to work, so the settings that left it furthest behind are the likeliest cause, whatever the symptom:
a batch of one and a rate of a thousand times may look alike. They show nothing by themselves.
"""

import json
import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from saddlepoint.report.history import mapping, number
from saddlepoint.report.verdicts.evidence import Evidence
from saddlepoint.report.verdicts.finding import Remedy

#: A factor of ten is a departure of 1; of sizes (networks, batches, latents), a factor of four.
DECADE, SIZE = math.log(10), math.log(4)
#: From here on a setting is suspected.
SUSPECTED = 1.0
#: A setting that was switched off, and one that has another kind of value.
GONE, OTHER = 2.0, 1.0
#: What is next to nothing of a setting that the recipe has at 0.
NOTHING = {"weight_decay": 1e-4}
#: Settings that decide how long, where and on what a run is played, and not how: nobody's fault.
ASIDE = (
    *("schema_version", "task", "game", "recipe", "seed", "device", "threads", "engine", "channels_last", "accumulate"),
    *("budget", "plan", "every", "until", "start", "on_trouble", "score", "conditional", "data", "privacy"),
)
#: Of the data, what is set in numbers.
OF_DATA = ("data.limit", "data.per_class", "data.range")
#: A network of the caller's own.
OWN_NETWORK = 1.2
#: Symptoms that an average may cause: it is handed over, and plays no part in the game.
OF_AVERAGE = ("average-behind", "far", "worse-than-baseline", "noisy", "restless", "best-behind", "wrong-class")
#: Symptoms of too few data, and what else than data they may come from.
OF_FEW = ("memorised", "overfits")
NEAR_DATA = ("data.", "adversary.augmentation", "adversary.penalties", "discriminator.network")
#: Short names of what both players, or the adversary, have.
BOTH, WITHIN = ("generator.", "discriminator."), "adversary."


@dataclass(frozen=True)
class Suspect:
    """One setting that is far from the recipe's.

    Attributes:
        setting: as it is typed.
        own: the run's value.
        recipe: the recipe's value; None where it has none.
        departure: how far it is, at least 1.
    """

    setting: str
    own: Any
    recipe: Any
    departure: float

    @property
    def assignment(self) -> str:
        """What undoes it, as `key=value`."""
        return f"{self.setting}={_typed(self.recipe)}"

    @property
    def direction(self) -> int:
        """1 where the recipe has more, −1 where it has less, 0 where that can't be said."""
        own, recipe = number(self.own), number(self.recipe)
        if math.isfinite(recipe) and (self.own is None or math.isfinite(own)):
            return 1 if self.own is None or recipe > own else -1
        return 1 if self.own is None else 0

    @property
    def kind(self) -> str:
        """What advice of other findings calls it."""
        return "penalties" if self.setting.startswith("penalties.") else self.setting

    def told(self) -> str:
        """What undoes it, and what stands there now, for people."""
        if _is_own(self.own):
            role, name = self.setting.partition(".")[0], str(self.own.get("of", "")).rpartition(":")[2]
            return f"the {role}'s network is your own ({name}): see whether it is at fault, try the recipe's"
        return f"{self.assignment} (here {_typed(self.own)})"

    def explains(self, name: str) -> bool:
        """Whether it may be the cause of a finding of this name."""
        if self.setting.startswith("average"):
            return name in OF_AVERAGE
        if name == "average-behind":
            return False
        if name in OF_FEW:
            return any(f"{WITHIN}{self.setting}".startswith(p) or self.setting.startswith(p) for p in NEAR_DATA)
        return True


def suspects(run: Evidence) -> list[Suspect]:
    """What is far from the recipe's, the furthest first."""
    found: dict[tuple[str, str], Suspect] = {}
    for setting, recipe in mapping(run.identity.get("changed")).items():
        own = run.setting(str(setting))
        for part, one, other in _parts(str(setting), own, recipe):
            departure = departure_of(part, one, other)
            if departure >= SUSPECTED - 1e-9:
                key = part.removeprefix(WITHIN) if part.startswith((f"{WITHIN}pen", f"{WITHIN}loss")) else part
                found[key, _typed(other)] = Suspect(key, one, other, departure)
    return sorted(_together(found), key=lambda suspect: -suspect.departure)


def undo(run: Evidence, found: Sequence[Suspect]) -> tuple[str, tuple[Remedy, ...]]:
    """What to say of suspects, and the commands that undo them: first the furthest, then all at once."""
    if not found:
        return "", ()
    most = found[0].departure
    first = [one for one in found if one.departure >= most * 2 / 3]
    said = f"First undo what is furthest from the recipe: {'; '.join(one.told() for one in first)}."
    remedies = list(_remedies(run, first))
    if len(found) > len(first):
        said += f" Then also {'; '.join(one.told() for one in found[len(first) :])}."
        remedies += _remedies(run, found)
    return said, tuple(remedies)


def _remedies(run: Evidence, found: Sequence[Suspect]) -> Iterator[Remedy]:
    options = " ".join(f"--set {shlex.quote(one.assignment)}" for one in found)
    for one in found:
        yield Remedy(one.kind, one.direction, run.anew(options))


def departure_of(setting: str, own: Any, recipe: Any) -> float:
    """How far a setting is from the recipe's: 1 is a factor of ten, or of four in a size; 0 where nobody minds.

    >>> departure_of("generator.optimizer.lr", 0.1, 0.001)
    2.0
    >>> departure_of("optimizer.betas", [0.9, 0.99], [0.0, 0.99])  # a memory of ten steps in place of one
    1.0
    >>> departure_of("batch_size", 4, 64)
    2.0
    """
    if own == recipe or (setting.partition(".")[0] in ASIDE and not setting.startswith(OF_DATA)):
        return 0.0
    if _is_own(own):
        return OWN_NETWORK
    last = setting.rpartition(".")[2]
    if setting.startswith(OF_DATA):
        return OTHER
    if last == "betas" and isinstance(own, Sequence) and isinstance(recipe, Sequence):
        horizons = [(1 - number(a), 1 - number(b)) for a, b in zip(own, recipe, strict=False)]
        return _rounded(max((abs(math.log(a / b)) for a, b in horizons if a > 0 and b > 0), default=OTHER) / DECADE)
    size = setting.startswith(("batch_size", "latent.size")) or ".network." in setting
    unit = SIZE if size else DECADE
    if _is_numbers(own) and _is_numbers(recipe):
        pairs = [(number(a), number(b)) for a, b in zip(own, recipe, strict=False)]
        apart = [abs(math.log(a / b)) / unit for a, b in pairs if a > 0 and b > 0]
        return _rounded(max([*apart, OTHER if len(own) != len(recipe) else 0.0]))
    if _is_number(own) and _is_number(recipe):
        mine, theirs = number(own), number(recipe)
        if mine > 0 and theirs > 0:
            return _rounded(abs(math.log(mine / theirs)) / unit)
        if theirs > 0:
            return GONE
        nothing = NOTHING.get(last)
        return OTHER if nothing is None or mine <= 0 else _rounded(math.log(max(1.0, mine / nothing)) / unit)
    if own is None and setting.startswith(f"{WITHIN}penalties"):
        return GONE
    return OTHER


def _parts(setting: str, own: Any, recipe: Any) -> Iterator[tuple[str, Any, Any]]:
    """A penalty that the run leaves out has a weight; all else is one thing."""
    if own is None and isinstance(recipe, Mapping) and setting.startswith(f"{WITHIN}penalties") and recipe:
        for name, value in recipe.items():
            yield f"{setting}.{name}", None, value
    else:
        yield setting, own, recipe


def _together(found: Mapping[tuple[str, str], Suspect]) -> Iterator[Suspect]:
    """What both players have at one value, in one."""
    for (setting, said), one in found.items():
        player = next((name for name in BOTH if setting.startswith(f"{name}optimizer")), None)
        if player is None:
            yield one
            continue
        rest = setting.removeprefix(player)
        other = found.get((f"{BOTH[player == BOTH[0]]}{rest}", said))
        if other is None:
            yield one
        elif player == BOTH[0]:
            furthest = max(one, other, key=lambda suspect: suspect.departure)
            yield Suspect(rest, furthest.own, one.recipe, furthest.departure)


def _is_own(value: Any) -> bool:
    """Whether it is a network of the caller's own."""
    return isinstance(value, Mapping) and value.get("name") == "own"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(number(value))


def _is_numbers(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and bool(value) and all(map(_is_number, value))


def _rounded(value: float) -> float:
    """Without the last bits of a logarithm."""
    return round(value, 6)


def _typed(value: Any) -> str:
    """A value as it is typed."""
    if value is None:
        return "none"
    if _is_number(value):
        return f"{value:.6g}"
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        if list(value) == ["name"]:
            return str(value["name"])
        off = (None, False) if "lr" in value else (None,)  # what an optimizer has at "off" is so by itself
        value = {key: part for key, part in value.items() if not any(part is one for one in off)}
    return json.dumps(value).replace('"', "")
