"""Measures cheap figures of README, docs and LOG again, over several seeds, and says which moved.

    python bench/claims.py
    python bench/claims.py floor "lookahead over extragradient, x·y"
    python bench/claims.py --data FOLDER "CIFAR-10"

A name stands for all whose names begin with it. What is claimed is read off the pages, so that a figure that was
changed, or is gone, is known here at once. Of tables these are taken whole: both kinds of docs/iterations.md (factors
and shares at the step sizes that stand there, GANs at the samples that stand there), optimizers of docs/images.md,
rates of docs/tuning.md, the classical system and its variants. With --data, what needs no training but data too: FOLDER
holds `adult`, `cifar10_6k`, `dcss_tiles`, `emoji_pairs`, `fashion_mnist`, `fsdd` and `mnist`.

A claim has moved where it lies further from the mean of the seeds than two of their standard deviations and half of its
last digit. Figures of minutes and hours are not here, nor times: the commands beside them are.
"""

import argparse
import functools
import json
import re
import statistics
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

import classical
import optimizers
from floors import floor
from iterations import GAMES, GANS, NOISY, SPECIAL, factor, remaining, trained
from saddlepoint.configuration import assign
from saddlepoint.games import solve, stochastic_bilinear
from saddlepoint.losses import LOSSES
from saddlepoint.methods import SVRE, Extragradient, Lookahead
from saddlepoint.metrics import density_coverage, frechet_at_infinity, frechet_distance
from saddlepoint.runs import Run
from saddlepoint.tasks import recipe_named, task_of

ROOT = Path(__file__).parent.parent
#: By the name that docs/enhancement.md has for it.
SETS = {"CIFAR-10": "cifar10_6k", "tiles": "dcss_tiles"}


@dataclass(frozen=True)
class Claim:
    """A figure.

    Attributes:
        where: it stands.
        claimed: as it is written.
        measure: of a seed.
        seeds: 1 where nothing is random.
    """

    where: str
    claimed: str
    measure: Callable[[int], float]
    seeds: int = 1


def number(text: str) -> str:
    """The first number of a cell."""
    match = re.search(r"[−-]?(\d[\d,]*)?\.?\d+(e-?\d+)?", text)
    assert match is not None, text
    return match[0].replace("−", "-").replace(",", "")


def ignoring(measure: Callable[[], float]) -> Callable[[int], float]:
    """What no seed changes."""
    return lambda _seed: measure()


def rows(page: str, *columns: str) -> Iterator[dict[str, str]]:
    """Of a page's tables that have these columns, the rows."""
    head: list[str] = []
    for line in (ROOT / page).read_text(encoding="utf-8").splitlines():
        row = [cell.strip() for cell in line.replace("\\|", "").strip("|").split("|")]
        if not line.startswith("|"):
            head = []
        elif not head:
            head = row
        elif set(columns) <= set(head) and not set(line) <= set("|-: "):
            # Of columns of one name the first counts.
            yield {**dict(zip(head[::-1], row[::-1], strict=True)), "row": row[0]}


def said(page: str, pattern: str, measure: Callable[[int], float], seeds: int = 1) -> Claim:
    """What a sentence says: the group of a pattern."""
    text = re.sub(r"\s+", " ", (ROOT / page).read_text(encoding="utf-8"))
    match = re.search(pattern, text)
    assert match is not None, f"{page} no longer says {pattern}"
    return Claim(page, number(match[1]), measure, seeds)


def cells() -> dict[str, Claim]:
    """The first table of docs/iterations.md: a factor, or a share of the first distance in noise, at a step size."""
    found = {}
    for row in rows("docs/iterations.md", *GAMES, *NOISY):
        for column in (*GAMES, *NOISY):
            if match := re.fullmatch(r"([\d.]+)(?: ± [\d.]+)? at ([\d.]+)", row[column]):
                found[f"{row['method']}, {column}"] = _cell(row["method"], column, match[1], float(match[2]))
    return found


def _cell(method: str, column: str, claimed: str, h: float) -> Claim:
    if column in GAMES:
        return Claim("docs/iterations.md", claimed, lambda _seed: factor(method, GAMES[column], h, 400))
    return Claim("docs/iterations.md", claimed, lambda seed: remaining(method, NOISY[column], h, 800, seed), 3)


def left(method: Callable[[], Extragradient | Lookahead | SVRE], steps: int) -> Callable[[int], float]:
    """The distance on the stochastic bilinear game at h = .04 after 12,000 evaluations."""

    def measure(seed: int) -> float:
        game = stochastic_bilinear()
        played = game.play(lambda _, parameters: torch.optim.SGD(parameters, lr=0.04))
        return solve(game, played, method(), steps, seed).distance[-1]

    return measure


def halves(_seed: int) -> float:
    from digits_recipe import digits, pixels  # its scikit-learn takes two seconds, and a test imports this file

    real = pixels(digits(16)[0])
    return frechet_distance(real[: len(real) // 2], real[len(real) // 2 :])


def normal_samples(seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    source = np.random.default_rng(seed)
    return source.normal(size=(100_000, 8)), source.normal(size=(4000, 8))


def equal_modes(seed: int) -> float:
    """KL from equal modes of 25,600 draws of 1,000."""
    counts = np.random.default_rng(seed).multinomial(25_600, np.full(1000, 1e-3))
    shares = counts[counts > 0] / counts.sum()
    return float((shares * np.log(1000 * shares)).sum())


def short(recipe: str, samples: int, number: str, *settings: str) -> Callable[[int], float]:
    """What a run of a recipe that is this short scores, schedules in proportion."""

    def measure(seed: int) -> float:
        config = assign(recipe_named(recipe), ["threads=1", f"seed={seed}", *settings])
        return trained(config, task_of(config).read(config), samples)[number]

    return measure


def gans() -> dict[str, Claim]:
    """The other tables of docs/iterations.md: scores of GANs after so many samples."""
    found = {}
    for row in rows("docs/iterations.md", "ring: samples", "pixel Fréchet"):
        for recipe, column in (("ring", "high quality"), ("digits", "pixel Fréchet")):
            method = json.dumps(SPECIAL.get(row["method"], {"name": row["method"]}))
            samples, (sets, score) = int(row[f"{recipe}: samples"].replace(",", "")), GANS[recipe]
            measure = short(recipe, samples, score, *sets, f"method={method}")
            found[f"{recipe}, {row['method']}, {samples:,}"] = Claim(
                "docs/iterations.md", number(row[column]), measure, 3
            )
    return found


def by_optimizers() -> dict[str, Claim]:
    """Of docs/images.md, digits after so many samples."""
    found = {}
    for row in rows("docs/images.md", "optimizer", "digits: samples"):
        name = max((each for each in optimizers.OPTIMIZERS if row["optimizer"].startswith(each)), key=len)
        spec = {"name": name.partition(",")[0], "lr": float(row["rate"]), **optimizers.OPTIMIZERS[name][0]}
        samples = int(row["digits: samples"].replace(",", ""))
        measure = short("digits", samples, "pixel_frechet", f"optimizer={json.dumps(spec)}")
        found[f"optimizer {name}"] = Claim("docs/images.md", number(row["distance"]), measure, 3)
    return found


def by_rates() -> dict[str, Claim]:
    """Of docs/tuning.md, digits by given rates: seeds 0 and 1 stand apart."""
    found = {}
    for row in rows("docs/tuning.md", "rates given", "with these"):
        lr = number(row["rates given"])
        for seed, cell in enumerate(row["with these"].split(", ")):
            of_seed = functools.partial(short("digits", 20_000, "pixel_frechet", f"optimizer.lr={lr}"), seed)
            found[f"rate {lr}, seed {seed}"] = Claim("docs/tuning.md", number(cell), ignoring(of_seed))
    return found


@functools.cache
def as_described(variant: str) -> dict[str, str]:
    """A row of docs/classical.md, trained anew."""
    with tempfile.TemporaryDirectory() as folder:
        classical.train(variant, 300_000, 0, Path(folder, "run"))
        return classical.row(Path(folder, "run"))


def described(variant: str, column: str) -> float:
    return float(as_described(variant)[column])


def of_classical() -> dict[str, Claim]:
    found = {}
    for row in rows("docs/classical.md", "variant", "pixel_frechet"):
        for column in ("L_D", "L_G", "discriminator_auc", "diversity", "pixel_frechet"):
            of_row = functools.partial(described, row["variant"], column)
            found[f"classical, {row['variant']}, {column}"] = Claim(
                "docs/classical.md", number(row[column]), ignoring(of_row)
            )
    return found


# --- with data, and without training ------------------------------------------------------------------------


@functools.cache
def evaluated(recipe: str, path: str, sets: tuple[str, ...], options: str) -> dict[str, dict[str, float]]:
    """What a run that has hardly begun is evaluated beside."""
    with tempfile.TemporaryDirectory() as folder:
        config = assign(recipe_named(recipe).with_data(path), sets)
        run = Run.begin(config, Path(folder, "run")).train(report=False)
        found = run.evaluate(**json.loads(options))
        return {name: {column: each.value for column, each in found[name].items()} for name in found}


@dataclass(frozen=True)
class Plain:
    """A row of a page that no network made: what a column of `saddle evaluate` says beside any run of a recipe."""

    page: str
    row: str
    heads: tuple[str, ...]
    column: str
    recipe: str
    data: str
    sets: tuple[str, ...] = ("threads=1", "budget.samples=64")
    options: str = "{}"

    def claims(self, data: Path) -> dict[str, Claim]:
        found = {}
        asked = functools.partial(evaluated, self.recipe, str(data / self.data), self.sets, self.options)
        for row in rows(self.page, *self.heads):
            for head in self.heads if row["row"] == self.row else ():

                def measure(_: int, name: str = NAMES[head]) -> float:
                    return asked()[name][self.column]

                found[f"{self.row}, {head}"] = Claim(self.page, number(row[head]), measure)
        assert found, f"{self.page} no longer has {self.row}"
        return found


#: What `saddle evaluate` calls the heads of tables.
NAMES = {
    **{"PSNR, dB": "psnr", "SSIM": "ssim", "sharpness": "sharpness", "consistency": "consistency", "L1": "l1"},
    **{"Fréchet": "frechet", "Fréchet, 8x8 patches": "frechet", "Inception Score": "inception_score"},
    **{"precision": "precision", "recall": "recall", "columns": "columns", "pairs": "pairs", "F1": "utility_f1"},
    **{"AUC": "utility_auc", "detection": "detection"},
}
ENHANCED = ("PSNR, dB", "SSIM", "Fréchet", "sharpness", "consistency")
HEARD = ("Inception Score", "Fréchet", "precision", "recall")
LISTENED = '{"metrics": ["frechet", "inception_score", "precision_recall"]}'


def enhanced(row: str, data: str, degrade: str) -> Plain:
    sets = (*Plain.sets, "regression=none", f"degrade={degrade}")
    return Plain("docs/enhancement.md", row, ENHANCED, "bicubic", "enhance", data, sets, '{"samples": 2000}')


PLAIN = [
    *(enhanced(f"{name}, x{k}", data, f"downscale:{k}") for name, data in SETS.items() for k in (4, 2)),
    Plain(
        "docs/translation.md",
        "input unchanged",
        ("L1", "PSNR, dB", "SSIM", "Fréchet, 8x8 patches", "sharpness"),
        "input unchanged",
        "translate",
        "emoji_pairs",
        (*Plain.sets, "regression=none", "data.a=google", "data.b=twitter"),
    ),
    *(
        Plain("docs/audio.md", row, HEARD, column, "spoken-digits", "fsdd/recordings", options=LISTENED)
        for row, column in (
            ("recordings held out (300)", "floor: test"),
            ("… through the picture and the search for phases", "floor: test, resynthesised"),
        )
    ),
    Plain(
        "docs/tables.md",
        "real, held out",
        ("columns", "pairs", "F1", "AUC", "detection"),
        "floor: held out",
        "table-independent",
        "adult/adult.csv",
        ("data.target=income",),
        '{"samples": 8000}',
    ),
]


def of_data(data: Path) -> dict[str, Claim]:
    """Floors, and ways that need no network."""
    found = {name: claim for plain in PLAIN for name, claim in plain.claims(data).items()}
    for dataset, pattern in (("mnist", r"floors.py mnist"), ("fashion-mnist", r"`fashion-mnist`")):
        for n, place in ((2048, r"[^.]*?(\.\d+)"), (10_000, r"[^.]*?\.\d+[^.]*(\.\d+)")):
            measure = ignoring(functools.partial(floor, dataset, str(data / dataset.replace("-", "_")), n, 0))
            found[f"{dataset}, floor at {n:,}"] = said("LOG.md", pattern + place, measure)
    return found


def certain(real: float, generated: float, player: str) -> Callable[[int], float]:
    """The double sigmoid's loss where the discriminator is as sure as can be."""
    loss = LOSSES["double-sigmoid"]()
    sides = torch.full((4,), real), torch.full((4,), generated)
    return lambda _seed: float(getattr(loss, player)(*sides))


def of_two(name: str) -> Callable[[int], float]:
    """Density and coverage of two samples of one distribution, k = 5."""

    def measure(seed: int) -> float:
        source = np.random.default_rng(seed)
        found = density_coverage(source.normal(size=(2000, 8)), source.normal(size=(2000, 8)), k=5)
        return float(getattr(found, name))

    return measure


CLAIMS: dict[str, Claim] = {
    **cells(),
    **gans(),
    **by_optimizers(),
    **by_rates(),
    **of_classical(),
    "lookahead over extragradient": said(
        "LOG.md", r"lookahead over extragradient ([\d.]+) ±", left(lambda: Lookahead(Extragradient()), 3000), 3
    ),
    "extragradient, noisy": said("LOG.md", r"; extragradient ([\d.]+) ±", left(Extragradient, 3000), 3),
    "svre, noisy": said("LOG.md", r"`svre\[k=5\]` ([\d.]+) ±", left(lambda: SVRE(k=5), 1000), 3),
    "digits, 52,544 samples": said(
        "LOG.md", r"52,544 samples, pixel Fréchet (\.\d+)", short("digits", 52_544, "pixel_frechet"), 3
    ),
    "ring, 65,400 samples": said(
        "LOG.md",
        r"alternation, high quality (\.\d+)",
        short("ring", 65_400, "high_quality", "batch_size=200", "method=alternating"),
        3,
    ),
    "grid, 400,000 samples": said(
        "LOG.md", r"400,000 samples, high quality (\.\d+)", short("grid", 400_000, "high_quality"), 3
    ),
    "floor": said("LOG.md", r"gives (\.\d+) at 16x16", halves),
    "at n": said("LOG.md", r"distribution: (\.\d+) ±", lambda seed: frechet_distance(*normal_samples(seed)), 10),
    "at infinity": said(
        "LOG.md", r"at n, (−\.\d+) ±", lambda seed: frechet_at_infinity(*normal_samples(seed)).at_infinity, 10
    ),
    "equal modes": said("LOG.md", r"equal modes \| \| 1000 \| (\.\d+)", equal_modes, 5),
    "double sigmoid, L_D": said("docs/classical.md", r"= (1\.0064)", certain(100.0, -100.0, "discriminator")),
    "double sigmoid, least L_G": said("docs/classical.md", r"between (\.3133)", certain(0.0, 100.0, "generator")),
    "double sigmoid, most L_G": said("docs/classical.md", r"and (\.6931)", certain(0.0, -100.0, "generator")),
    "density of two samples": said("docs/evaluation.md", r"outliers; (1) and 1 − 2⁻⁵", of_two("density"), 3),
    "coverage of two samples": Claim("docs/evaluation.md", "0.96875", of_two("coverage"), 3),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="of claims, or how some begin; all without")
    parser.add_argument("--data", type=Path, help="the folder of the sets, for claims on them, too")
    given = parser.parse_args()
    claims = {**CLAIMS, **({} if given.data is None else of_data(given.data))}
    # What a name is of itself it means alone.
    begun = [begin for begin in given.names if begin not in claims]
    chosen = [name for name in claims if not given.names or name in given.names or name.startswith(tuple(begun))]
    if unknown := [begin for begin in given.names if not any(name.startswith(begin) for name in claims)]:
        parser.error(f"nothing is claimed of {unknown[0]!r}: take some of {list(claims)}")
    torch.set_num_threads(1)
    print("| figure | where | claimed | measured | seeds | moved |\n|---|---|---|---|---|---|")
    for name in chosen:
        claim = claims[name]
        found = [claim.measure(seed) for seed in range(claim.seeds)]
        mean, spread = statistics.fmean(found), statistics.stdev(found) if len(found) > 1 else 0.0
        exponent = Decimal(claim.claimed).as_tuple().exponent
        assert isinstance(exponent, int)
        moved = abs(mean - float(claim.claimed)) > 2 * spread + 0.51 * 10.0**exponent
        measured = f"{mean:.4g} ± {spread:.2g}" if len(found) > 1 else f"{mean:.4g}"
        row = (name, claim.where, claim.claimed, measured, str(claim.seeds), "moved" if moved else "")
        print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
