"""What is searched: settings of a recipe, each with a range or with choices."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self

from pydantic import Field, model_validator

from saddlepoint.comparison import labelled
from saddlepoint.components.registries import METHOD_REGISTRY
from saddlepoint.configuration import ConfigurationError, Settings, assign_values, nearest, parse_value
from saddlepoint.tasks import Config

#: How far from the recipe's value rates, weights of penalties and the half-life of the average are searched: down, up.
RATES, WEIGHTS, HALF_LIVES = (0.1, 10.0), (1 / 30, 30.0), (0.1, 3.0)
#: The same where the game itself proposes them.
ANY_RATE = (1e-7, 1e7)
#: Adam's betas.
BETAS = ([0.0, 0.9], [0.0, 0.99], [0.5, 0.9], [0.5, 0.99], [0.5, 0.999])
#: Methods beside the recipe's own, and orders and counts of players that move in turn.
METHODS = ("alternating", "extragradient", "optimistic", "lookahead")
TURNS = ("alternating[order=[generator,discriminator]]", "alternating[counts=[2,1]]", "alternating[counts=[1,2]]")
#: Of a network's width.
FACTORS = (0.5, 1.0, 2.0)
#: A range that is as wide as this is searched on a logarithmic scale.
WIDE = 10.0


class Axis(Settings):
    """Where one setting is looked for: between two numbers, or among choices as they are typed."""

    low: float | None = None
    """The least number."""
    high: float | None = None
    """The largest one."""
    log: bool = False
    """On a logarithmic scale."""
    whole: bool = False
    """Whole numbers only."""
    choices: tuple[str, ...] = Field(default=())
    """In place of numbers between two."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.choices:
            if self.low is not None or self.high is not None:
                raise ValueError("give choices, or a range from low to high")
        elif self.low is None or self.high is None or not self.low < self.high:
            raise ValueError(f"{self.low} .. {self.high} is no range: give KEY=LOW..HIGH, or KEY=A|B|C")
        elif self.log and self.low <= 0:
            raise ValueError(f"a logarithmic range begins above 0, not at {self.low:g}")
        return self

    def within(self, value: float) -> float:
        """What is nearest to a number in the range."""
        assert self.low is not None
        assert self.high is not None
        return min(self.high, max(self.low, value))

    def suggest(self, trial: Any, key: str) -> float | int | str:
        """A value of Optuna's, for a trial."""
        if self.choices:
            return str(trial.suggest_categorical(key, self.choices))
        assert self.low is not None
        assert self.high is not None
        if self.whole:
            return int(trial.suggest_int(key, int(self.low), int(self.high), log=self.log))
        return float(trial.suggest_float(key, self.low, self.high, log=self.log))


Space = dict[str, Axis]


def with_values(config: Config, values: Mapping[str, Any]) -> Config:
    """The configuration with values as an axis gives them; lengths stay stated for the recipe's own budget.

    Raises:
        ConfigurationError: they do not fit together.
    """
    changed = []
    for key, value in values.items():
        if key == "method" and isinstance(value, str):
            if value != OWN:
                changed.append(("method", next(iter(labelled(value).values()))))
        else:
            changed.append((key, parse_value(value) if isinstance(value, str) else value))
    return assign_values(config, changed)


#: The recipe's own method, where it has settings of its own.
OWN = "own"


def space_of(config: Config, over: Sequence[str] = ()) -> Space:
    """What is searched of a recipe.

    Args:
        config: of the recipe.
        over: groups (`rates`, `penalties`, `betas`, `average`, `method`, `width`), and settings as KEY=LOW..HIGH or
            KEY=A|B|C; nothing is all groups.

    Raises:
        ConfigurationError: no such group or setting, or nothing to search.
    """
    wanted = list(over) or list(GROUPS)
    found: Space = {}
    for word in wanted:
        key, equals, text = word.partition("=")
        if equals:
            found[key.strip()] = _axis(text)
            with_values(config, {key.strip(): default_of(config, key.strip(), found[key.strip()])})
        elif key in GROUPS:
            found |= GROUPS[key](config)
        else:
            raise ConfigurationError(f"{word!r} is no range KEY=LOW..HIGH, and no group: {nearest(key, GROUPS)}")
    if not found:
        raise ConfigurationError(
            f"{config.recipe} has nothing of {', '.join(wanted)} to search: give ranges with --over KEY=LOW..HIGH"
        )
    return found


def default_of(config: Config, key: str, axis: Axis) -> float | int | str:
    """The recipe's own value on an axis, or what is nearest to it."""
    value = _looked_up(config, key)
    if axis.choices:
        if key == "method":
            own = _own_method(config)
            return own if own in axis.choices else axis.choices[0]
        text = _text(value)
        return text if text in axis.choices else axis.choices[0]
    assert axis.low is not None
    assert axis.high is not None
    middle = (axis.low * axis.high) ** 0.5 if axis.log else (axis.low + axis.high) / 2
    number = axis.within(float(value)) if isinstance(value, int | float) else middle
    return round(number) if axis.whole else number


def _axis(text: str) -> Axis:
    low, dots, high = text.partition("..")
    if not dots:
        choices = tuple(part.strip() for part in text.split("|"))
        if len(choices) < 2:
            raise ConfigurationError(f"{text!r} is one value: give a range LOW..HIGH, or choices A|B|C")
        return Axis(choices=choices)
    ends = [parse_value(low), parse_value(high)]
    if not all(isinstance(end, int | float) for end in ends):
        raise ConfigurationError(f"{text!r} is no range of numbers: give LOW..HIGH, as 1e-4..1e-2")
    log = ends[0] > 0 and ends[1] / ends[0] >= WIDE
    return Axis.read({"low": ends[0], "high": ends[1], "log": log, "whole": all(isinstance(e, int) for e in ends)})


def _about(value: float, factors: tuple[float, float]) -> Axis:
    low, high = (float(f"{value * factor:.3g}") for factor in factors)
    return Axis(low=low, high=high, log=True)


def _rates(config: Config) -> Space:
    rates = {role: player.optimizer.get("lr") for role, player in config.players.items()}
    return {f"{role}.optimizer.lr": _about(lr, RATES) for role, lr in rates.items() if isinstance(lr, float) and lr > 0}


def any_rates(config: Config) -> Space:
    """Of all players' rates, as far as a rate test may propose them."""
    return {key: _about((axis.low or 0.0) / RATES[0], ANY_RATE) for key, axis in _rates(config).items()}


def _penalties(config: Config) -> Space:
    penalties = getattr(getattr(config, "adversary", None), "penalties", {})
    weights = {name: spec.get("weight") for name, spec in penalties.items()}
    return {f"penalties.{name}.weight": _about(w, WEIGHTS) for name, w in weights.items() if w}


def _betas(config: Config) -> Space:
    own = {r: list(player.optimizer["betas"]) for r, player in config.players.items() if player.optimizer.get("betas")}
    if not own or len(own) < len(config.players):
        return {}
    shared = "optimizer" in config.aliases and len({tuple(betas) for betas in own.values()}) == 1
    keys = (
        {"optimizer.betas": next(iter(own.values()))} if shared else {f"{r}.optimizer.betas": b for r, b in own.items()}
    )
    return {key: Axis(choices=tuple(dict.fromkeys([_text(betas), *map(_text, BETAS)]))) for key, betas in keys.items()}


def _average(config: Config) -> Space:
    return {} if config.average is None else {"average.half_life": _about(config.average.half_life, HALF_LIVES)}


def _method(config: Config) -> Space:
    if len(config.players) < 2:
        return {}
    turns = TURNS if set(config.players) == {"generator", "discriminator"} else ()
    return {"method": Axis(choices=tuple(dict.fromkeys([_own_method(config), *METHODS, *turns])))}


def _own_method(config: Config) -> str:
    name = str(config.method["name"])
    return name if config.method == METHOD_REGISTRY.resolve(name) else OWN


def _width(config: Config) -> Space:
    sizes = [dict(_widths(config, factor)) for factor in FACTORS]
    return {key: Axis(choices=tuple(dict.fromkeys(_text(size[key]) for size in sizes))) for key in sizes[0]}


def _widths(config: Config, factor: float) -> Iterator[tuple[str, Any]]:
    """The widths of all networks, times a factor, by key."""
    for role, player in config.players.items():
        for key in ("width", "widths"):
            if value := player.network.get(key):
                size = [max(1, round(factor * w)) for w in value] if key == "widths" else max(1, round(factor * value))
                yield f"{role}.network.{key}", size


def resized(config: Config, factor: float) -> Config:
    """The configuration with networks of so many times the width. Raises ConfigurationError where they do not fit."""
    return config if factor == 1 else assign_values(config, list(_widths(config, factor)))


#: What may be searched, by group.
GROUPS: Mapping[str, Callable[[Config], Space]] = {
    "rates": _rates,
    "penalties": _penalties,
    "betas": _betas,
    "average": _average,
    "method": _method,
    "width": _width,
}


def _text(value: Any) -> str:
    """A value as it is typed."""
    return value if isinstance(value, str) else json.dumps(list(value) if isinstance(value, tuple) else value)


def _looked_up(config: Config, key: str) -> Any:
    """A setting's value by its key, short ones included; None where there is none."""
    head, dot, tail = key.partition(".")
    value: Any = config
    for part in (config.aliases.get(head, (head,))[0] + dot + tail).split("."):
        value = value.get(part) if isinstance(value, Mapping) else getattr(value, part, None)
    return value
