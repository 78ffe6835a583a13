"""What is compared: one game, several methods, the same budget, starts and data for each."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field, SerializeAsAny, field_validator

from saddlepoint.components.analytic import AnalyticSettings, Mover
from saddlepoint.components.registries import GAME_REGISTRY, METHOD_REGISTRY
from saddlepoint.components.settings import Player
from saddlepoint.configuration import ConfigurationError, Settings, assign, nearest, parse_value
from saddlepoint.configuration.outside import is_outside
from saddlepoint.games import GAMES
from saddlepoint.runs.api import configured as configured_recipe
from saddlepoint.tasks import Config, FittedConfig, read_config, recipes
from saddlepoint.training import Budget, Intervals

#: A trial of the search plays this share of the budget.
TRIAL_SHARE = 4
#: The widest ratio of two players' step sizes that a search tries, in units of the game's own.
WIDEST = 8.0
#: Measurements of the metric in a run of an image recipe whose players move once a batch.
LOOKS = 12
#: Evaluations where a comparison on an analytic game names no budget.
EVALUATIONS = 2_000
_METHOD = re.compile(r"([^\[\]=,]+)(?:\[(.*)\])?", re.DOTALL)


class MethodChoice(Settings):
    """A method that takes part, and its step size h; None has it searched."""

    method: Annotated[dict[str, Any], METHOD_REGISTRY]
    lr: float | None = Field(default=None, gt=0)


class Comparison(Settings):
    """The whole comparison; `config.yaml` in its folder is this. Exactly one of `analytic` and `recipe` is given.

    A search tries the step sizes `search` at the players' own ratio, then, at the best one, the `ratios`.
    """

    on: str
    analytic: AnalyticSettings | None = None
    recipe: SerializeAsAny[Config] | None = None
    entries: dict[str, MethodChoice]
    search: tuple[float, ...] = ()
    ratios: tuple[float, ...] = ()
    seeds: int = Field(default=5, ge=1)
    budget: Budget

    @field_validator("recipe", mode="before")
    @classmethod
    def _of_its_task(cls, recipe: Any) -> Any:
        return read_config(recipe) if isinstance(recipe, Mapping) else recipe

    @property
    def game(self) -> AnalyticSettings | Config:
        """What all play."""
        game = self.analytic or self.recipe
        assert game is not None
        return game

    def searched(self, label: str) -> bool:
        """Whether this method's step size is chosen by trials."""
        return self.entries[label].lr is None

    @property
    def trial_budget(self) -> Budget:
        """What one trial of the search may spend."""
        full = self.budget
        return Budget(
            samples=full.samples and max(1, full.samples // TRIAL_SHARE),
            minutes=full.minutes and full.minutes / TRIAL_SHARE,
            evaluations=full.evaluations and max(1, full.evaluations // TRIAL_SHARE),
        )

    def differences(self, other: Self) -> list[str]:
        """`key: here / there` for all that differs."""
        mine, theirs = dict(_leaves(self.plain())), dict(_leaves(other.plain()))
        keys = [key for key in {**mine, **theirs} if mine.get(key) != theirs.get(key)]
        return [f"{key}: {mine.get(key)} here, {theirs.get(key)} there" for key in keys]


def configured(
    on: str,
    methods: str,
    *,
    seeds: int = 5,
    budget: Budget | None = None,
    lr: float | None = None,
    search: int = 0,
    sets: Sequence[str] = (),
    data: str | None = None,
) -> Comparison:
    """A comparison from what a command line says.

    Args:
        on: an analytic game or a recipe.
        methods: as `labelled` reads them.
        seeds: starts (and data orders) that each method is given.
        budget: of each run; None is 2,000 evaluations, or what the recipe's samples cost an alternating run.
        lr: step size of all; None is the game's own, or the recipe's.
        search: how many step sizes each method tries, and then ratios of two players' step sizes; 0 is none.
        sets: assignments to the game or the recipe.
        data: of the recipe, as the command line names them; None is its own.

    Raises:
        ConfigurationError: an unknown name (the nearest is named), or things that do not fit together.
    """
    if search and lr is not None:
        raise ConfigurationError("--lr gives the step size and --search looks for it: give one of them")
    if search == 1:
        raise ConfigurationError("--search 1 is no search: give at least 2 step sizes")
    game = _game(on, budget, sets, data)
    rate = _rate(game)
    entries = {}
    for label, spec in labelled(methods).items():
        own = spec.pop("lr", lr if lr is not None else None if search else rate)
        entries[label] = MethodChoice.read({"method": spec, "lr": own})
        METHOD_REGISTRY.build(entries[label].method)
    low, high = (0.01, 1.0) if isinstance(game, AnalyticSettings) else (rate / 10, rate * 10)
    sizes = tuple(float(f"{h:.3g}") for h in np.geomspace(low, high, search)) if search else ()
    ratios = tuple(r for r in _ratios(search) if r != 1) if search and len(game.players) == 2 else ()
    if isinstance(game, AnalyticSettings):
        budget = budget or Budget(evaluations=EVALUATIONS)
        return Comparison(
            on=on, analytic=game, entries=entries, search=sizes, ratios=ratios, seeds=seeds, budget=budget
        )
    budget = budget or Budget(evaluations=len(game.players) * (game.budget.samples or 100_000) // game.batch_size)
    return Comparison(on=on, recipe=game, entries=entries, search=sizes, ratios=ratios, seeds=seeds, budget=budget)


def _ratios(count: int) -> list[float]:
    """So many numbers from 1/8 to 8, at equal distances of their logarithms."""
    return [float(f"{r:.3g}") for r in np.geomspace(1 / WIDEST, WIDEST, count)]


def _game(on: str, budget: Budget | None, sets: Sequence[str], data: str | None) -> AnalyticSettings | Config:
    if on in GAMES:
        if data is not None:
            raise ConfigurationError(f"{on} is a game in closed form, without data: leave --data out")
        if budget is not None and budget.samples is not None:
            raise ConfigurationError(f"{on} has no samples to see: give the budget with --evaluations or --minutes")
        own = {*AnalyticSettings.model_fields, *AnalyticSettings.aliases}
        qualified = [s if re.split(r"[.=]", s, maxsplit=1)[0] in own else f"game.{s}" for s in sets]
        settings = assign(AnalyticSettings.read({"game": on}), qualified)
        GAME_REGISTRY.build(settings.game)
        return settings
    if on not in recipes() and not is_outside(on):
        raise ConfigurationError(f"there is no game or recipe {on!r}: {nearest(on, [*GAMES, *recipes()])}")
    recipe = configured_recipe(on, data=data, assignments=sets)
    if isinstance(recipe, FittedConfig):
        raise ConfigurationError(f"{on} is fitted at once: it has no methods to compare; name a game")
    for assignment in sets:
        key = assignment.partition("=")[0].partition(".")[0]
        if key in ("method", "budget"):
            raise ConfigurationError(
                f"--set {assignment}: in a comparison the {key} is no setting of the recipe, see --help"
            )
    if any(assignment.startswith("every.") for assignment in sets):
        return recipe
    # These intervals are already those of the comparison's budget.
    plan = recipe.plan.model_copy(update={"given": (*recipe.plan.given, "every")})
    return recipe.model_copy(update={"every": _looks(recipe, budget or Budget()), "plan": plan})


def _looks(recipe: Config, budget: Budget) -> Intervals:
    """Judge a dozen times in a run, and draw only its ends."""
    samples = budget.samples or (recipe.budget.samples or 100_000)
    if budget.evaluations is not None:
        samples = budget.evaluations * recipe.batch_size // len(recipe.players)
    interval = max(recipe.batch_size, samples // LOOKS)
    return Intervals(record=interval, checkpoint=interval, snapshot=2 * samples + recipe.batch_size)


def _rate(game: AnalyticSettings | Config) -> float:
    """The first player's step size."""
    players: Mapping[str, Mover | Player] = game.players
    optimizer = next(iter(players.values())).optimizer
    if "lr" not in optimizer:
        raise ConfigurationError(
            f"the optimizer {optimizer['name']} has no one step size to compare methods at: choose another with "
            f"--set optimizer=Adam"
        )
    return float(optimizer["lr"])


def with_rate(game: AnalyticSettings | Config, h: float, ratio: float = 1.0) -> AnalyticSettings | Config:
    """The game with the first player's step size h, the others' in their ratio to it.

    Where the ratio is multiplied by `ratio`, the first player's is divided by its root and the others' multiplied by
    it, so that of two players the geometric mean stays.
    """
    rates = rates_at(game, h, ratio)
    return assign(game, [f"{name}.optimizer.lr={rate!r}" for name, rate in rates.items()])


def rates_at(game: AnalyticSettings | Config, h: float, ratio: float = 1.0) -> dict[str, float]:
    """Each player's step size, as `with_rate` sets it."""
    own, first = _rate(game), next(iter(game.players))
    return {
        name: h * float(player.optimizer["lr"]) / own * (ratio**-0.5 if name == first else ratio**0.5)
        for name, player in game.players.items()
    }


def labelled(methods: str) -> dict[str, dict[str, Any]]:
    """Methods as people write them, by that label: names with commas between, parameters in brackets.

    >>> labelled("alternating, lookahead[base=extragradient, base.k=2, k=5]")["alternating"]
    {'name': 'alternating'}
    >>> labelled("lookahead[base=extragradient,k=5,lr=0.2]")
    {'lookahead[base=extragradient,k=5,lr=0.2]': {'name': 'lookahead', 'base': 'extragradient', 'k': 5, 'lr': 0.2}}

    Raises:
        ConfigurationError: brackets that do not match, no name, or the same method twice.
    """
    found: dict[str, dict[str, Any]] = {}
    for part in _split(methods):
        label = re.sub(r"\s+", "", part)
        match = _METHOD.fullmatch(label)
        if match is None:
            raise ConfigurationError(f"{part!r} is no method: write NAME or NAME[key=value,key=value]")
        if label in found:
            raise ConfigurationError(f"{label} is given twice: each method takes part once")
        spec: dict[str, Any] = {"name": match[1]}
        for assignment in _split(match[2] or ""):
            path, equals, value = assignment.partition("=")
            if not equals:
                raise ConfigurationError(f"{assignment!r} in {label} is not an assignment: write key=value")
            *parents, key = path.split(".")
            place = spec
            for parent in parents:
                if not isinstance(place.get(parent), dict):
                    place[parent] = {"name": place[parent]} if parent in place else {}
                place = place[parent]
            place[key] = parse_value(value)
        found[label] = spec
    if not found:
        raise ConfigurationError("no method is given: name some with --methods extragradient,optimistic")
    return found


def _split(text: str) -> Iterator[str]:
    """Parts between commas that stand outside of all brackets."""
    depth, part = 0, ""
    for letter in text + ",":
        depth += (letter == "[") - (letter == "]")
        if letter == "," and depth == 0:
            if part.strip():
                yield part.strip()
            part = ""
        else:
            part += letter
    if depth or part.strip(","):
        raise ConfigurationError(f"the brackets in {text!r} do not match: write NAME[key=value,key=value]")


def _leaves(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value
