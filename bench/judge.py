"""What a judge's choice is worth: a recipe trained with several seeds, measured without a judge and with it.

    python bench/judge.py digits --samples 60000 --set data.held_out=0.2 --metrics frechet,precision_recall --draw 2000
    python bench/judge.py text --data names.txt --samples 20000 --set pretraining.samples=none --judge 64000 --draw 1000

A row a way of drawing and a number, its mean and standard deviation over the seeds, and in how many seeds it is better
than without the judge.
"""

import argparse
from collections import defaultdict
from pathlib import Path
from statistics import mean, stdev

from saddlepoint.configuration import assign
from saddlepoint.measures import Number
from saddlepoint.runs import Run
from saddlepoint.tasks import recipe_named


def trained(given: argparse.Namespace, seed: int) -> Run:
    """The run of a seed, with a judge."""
    config = recipe_named(given.recipe)
    if given.data is not None:
        config = config.with_data(given.data)
    samples = config.budget.samples if given.samples is None else given.samples
    config = assign(config.planned(samples), [f"budget.samples={samples}", "threads=1", f"seed={seed}", *given.set])
    run = Run.begin(config, given.out / f"{given.recipe}-{seed}").train(report=False)
    found = run.judge(given.judge)
    print(f"seed {seed}: {' '.join(found.sentences())}", flush=True)
    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("--data", help="as `saddle train` takes it")
    parser.add_argument("--samples", type=int, help="of the training; the recipe's own where it is left out")
    parser.add_argument("--judge", type=int, help="real samples that the judge is trained on, as of `saddle judge`")
    parser.add_argument("--resample", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--draw", type=int, default=1000, help="samples that are measured")
    parser.add_argument("--metrics", help="of images and sounds: some of them")
    parser.add_argument("--temperatures", help="of texts")
    parser.add_argument("--set", action="append", default=[], help="settings of the training")
    parser.add_argument("--out", type=Path, default=Path("runs/judge"))
    given = parser.parse_args()
    own = {key: value for key in ("metrics", "temperatures") if (value := getattr(given, key)) is not None}
    if given.temperatures is not None:
        own["temperatures"] = tuple(map(float, given.temperatures.split(",")))
    rows: dict[tuple[str, str], list[Number]] = defaultdict(list)
    for seed in range(given.seeds):
        run = trained(given, seed)
        ways = {"resample": given.resample, "reject": True, "weights": ("average",)}
        for number in run.evaluate(samples=given.draw, seed=seed, **ways, **own).numbers:
            assert number.protocol is not None
            rows[f"{number.measure.name}, of {number.protocol.split}", number.protocol.weights].append(number)
    print("| measure | drawn | mean ± deviation | better in |\n|---|---|---|---|")
    for (measure, drawn), numbers in rows.items():
        values = [number.value for number in numbers]
        base = rows.get((measure, drawn.replace(f", among {given.resample}", "").replace(", rejection", "")), numbers)
        sign = {"lower": -1, "higher": 1}.get(numbers[0].measure.direction, 0)
        better = sum(sign * (a - b.value) > 0 for a, b in zip(values, base, strict=False))
        shown = "" if base is numbers or not sign else f"{better} of {len(values)}"
        print(f"| {measure} | {drawn} | {mean(values):.4g} ± {stdev(values):.2g} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
