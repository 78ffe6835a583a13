"""A game and its baselines side by side: same data, decoder, budget and measure."""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saddlepoint.comparison.playing import play
from saddlepoint.configuration import ConfigurationError, assign, nearest
from saddlepoint.core import Outcome, rng
from saddlepoint.data import ImageData
from saddlepoint.extractors import Extractor, load_extractor, suited_to
from saddlepoint.measures import measure
from saddlepoint.metrics import frechet_distance, precision_recall
from saddlepoint.recipes import RECIPES, ImageConfig, ImageDataConfig, baseline, parse_config
from saddlepoint.storage import RunFolder
from saddlepoint.tasks.pictures import image_grid
from saddlepoint.tasks.trained import Sampler
from saddlepoint.training import Budget

#: What stands side by side.
MODELS = ("gan", "vae", "autoencoder")
#: Images of each side that are compared, and the seed of those that are drawn.
COMPARED, DRAWN = 2048, 1
#: Images a side of a picture's grid.
SIDE = 8
#: Numbers of a run that the table shows, with seeds' means.
NUMBERS = ("frechet", "precision", "recall", "pixel_frechet", "reconstruction", "seconds", "samples", "evaluations")


class OnEntryProgress(Protocol):
    """Told how far it is."""

    def __call__(self, number: int, share: float, of: int) -> None:
        """The run of this number goes on, and so much of it is done."""


@dataclass(frozen=True)
class Entry:
    """One run of the comparison.

    Attributes:
        on: the recipe that it belongs to.
        model: one of MODELS.
        seed: added to the recipe's.
    """

    on: str
    model: str
    seed: int
    config: ImageDataConfig

    def folder(self, home: Path) -> Path:
        """Where it is trained."""
        return home / self.on / f"{self.model}-{self.seed}"


def entries_for(
    recipes: Sequence[str], *, budget: Budget | None = None, seeds: int = 1, sets: Sequence[str] = ()
) -> list[Entry]:
    """The runs that a command line asks for, each recipe's game and baselines after one another.

    Args:
        recipes: of images.
        budget: of each run; None is the recipe's, so that all see equally many samples.
        seeds: runs of each.
        sets: assignments to the recipe, which its baselines inherit; after `vae.` or `autoencoder.`, to that alone.

    Raises:
        ConfigurationError: no image recipe, one twice, or settings that do not fit.
    """
    own = {model: [s.removeprefix(f"{model}.") for s in sets if s.startswith(f"{model}.")] for model in MODELS[1:]}
    shared = [s for s in sets if not s.startswith(tuple(f"{model}." for model in own))]
    found = []
    for on in recipes:
        if recipes.count(on) > 1:
            raise ConfigurationError(f"{on} is given twice: each recipe stands in the table once")
        recipe = _recipe(on)
        if budget is not None:
            recipe = recipe.model_copy(update={"budget": budget})
        game = assign(recipe, shared)
        for seed in range(seeds):
            seeded = game.model_copy(update={"seed": game.seed + seed})
            found.append(Entry(on, "gan", seed, seeded))
            found += [
                Entry(on, model, seed, assign(baseline(seeded, model), changes)) for model, changes in own.items()
            ]
    return found


def _recipe(on: str) -> ImageConfig:
    fit = [name for name, recipe in RECIPES.items() if isinstance(recipe(), ImageConfig)]
    if on not in fit:
        raise ConfigurationError(f"there is no image recipe {on!r} to compare with baselines: {nearest(on, fit)}")
    recipe = RECIPES[on]()
    assert isinstance(recipe, ImageConfig)
    return recipe


def differences(entries: Sequence[Entry], home: Path) -> list[str]:
    """`run: key: here / there` for what a folder holds of another comparison; its budget counts too."""
    found = []
    for entry in entries:
        folder = RunFolder(entry.folder(home))
        if folder.config.exists():
            before = parse_config(folder.read_config())
            told = entry.config.differences(before)
            if entry.config.budget != before.budget:
                told.append(f"budget: {entry.config.budget} here, {before.budget} there")
            found += [f"{entry.on} {entry.model}: {difference}" for difference in told]
    return found


def compare(
    entries: Sequence[Entry], home: Path, *, features: str | None = None, watch: OnEntryProgress
) -> tuple[dict[str, Any], dict[str, list[tuple[str, NDArray[np.uint8]]]]]:
    """Train all that is not trained yet, one after another, and measure what they handed over.

    Args:
        entries: from `entries_for`.
        home: folder of all runs.
        features: name of the extractor; None takes what suits the data.
        watch: is told how far it is.

    Returns:
        Plain data: `rows`, a recipe and model each, means over the seeds (`spread`: their standard deviations), None
        where there is no such number; `runs`; `measures`, as `run.json` has them; and `features` by recipe. And by
        recipe the pictures of the data and of the first seed's samples, titled.

    Raises:
        ConfigurationError: the folder holds another comparison, the data are not there, or networks do not fit them.
        KeyboardInterrupt: a signal stopped it; the same call goes on from here.
    """
    if told := differences(entries, home):
        more = "; …" if len(told) > 3 else ""
        raise ConfigurationError(
            f"{home} holds another comparison ({'; '.join(told[:3])}{more}): give another folder with --out"
        )
    runs: list[dict[str, Any]] = []
    measures = {name: measure(name).plain() for name in _Judge.measured}
    pictures: dict[str, list[tuple[str, NDArray[np.uint8]]]] = {}
    read: dict[str, _Judge] = {}
    for number, entry in enumerate(entries):
        if entry.on not in read:
            read[entry.on] = _Judge(entry.config.load(), features)
            pictures[entry.on] = [("data", read[entry.on].picture())]
        judge, folder = read[entry.on], RunFolder(entry.folder(home))
        _train(entry.config, folder, judge.data, partial(watch, number, of=len(entries)))
        identity = folder.read_identity()
        numbers = {key: identity.get(key) for key in ("seconds", "samples", "evaluations", "outcome", "message")}
        numbers |= identity.get("metrics", {})
        measures |= identity.get("measures", {})
        failed = identity.get("outcome") in (Outcome.NON_FINITE, Outcome.DIVERGED)
        if not failed:
            made = Sampler.load(folder.generator).sample(len(judge.real), seed=DRAWN)
            numbers |= judge(made)
            if entry.seed == 0:
                pictures[entry.on].append((entry.model, image_grid(made[: SIDE * SIDE], columns=SIDE)))
        runs.append({"on": entry.on, "model": entry.model, "seed": entry.seed, "failed": failed, **numbers})
        watch(number, 1.0, of=len(entries))
    return {
        "rows": list(_rows(runs)),
        "runs": runs,
        "measures": measures,
        "features": {on: judge.features.name for on, judge in read.items()},
        "images": {on: len(judge.real) for on, judge in read.items()},
    }, pictures


def _train(config: ImageDataConfig, folder: RunFolder, data: ImageData, watch: Callable[[float], None]) -> None:
    """Train what is not trained yet; time is fair only if all take the threads that their configuration says."""
    threads = torch.get_num_threads()
    torch.set_num_threads(config.threads or threads)
    try:
        with folder.held():
            if folder.read_identity().get("state") != "ended":
                play(config.build(data), folder, watch)
    finally:
        torch.set_num_threads(threads)


class _Judge:
    """Measures samples against a data set's."""

    measured = ("frechet", "precision", "recall")

    def __init__(self, data: ImageData, features: str | None) -> None:
        self.data = data
        self.features: Extractor = load_extractor(features or suited_to(data.name))
        chosen = torch.randperm(len(data.images), generator=rng(0, "compared"))[:COMPARED]
        self.real = data.images[chosen]
        self._seen = self.features(self.real)

    def picture(self) -> NDArray[np.uint8]:
        return image_grid(self.real[: SIDE * SIDE], columns=SIDE)

    def __call__(self, made: Tensor) -> dict[str, float]:
        seen = self.features(made)
        shares = precision_recall(self._seen, seen)
        return {
            "frechet": frechet_distance(self._seen.double().numpy(), seen.double().numpy()),
            "precision": shares.precision,
            "recall": shares.recall,
        }


def _rows(runs: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for on, model in dict.fromkeys((run["on"], run["model"]) for run in runs):
        own = [run for run in runs if (run["on"], run["model"]) == (on, model)]
        well = [run for run in own if not run["failed"]]
        row: dict[str, Any] = {"on": on, "model": model, "seeds": len(own), "failures": len(own) - len(well)}
        columns = {name: [float(run[name]) for run in well if run.get(name) is not None] for name in NUMBERS}
        row |= {name: statistics.fmean(values) if values else None for name, values in columns.items()}
        row["spread"] = {name: statistics.stdev(values) for name, values in columns.items() if len(values) > 1}
        yield row
