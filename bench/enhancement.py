"""Enhancement: no network, the same network by regression alone, against a discriminator, and what lies between.

    python bench/enhancement.py --data FOLDER --degrade downscale:4 --minutes 30 --out runs/x4
    python bench/enhancement.py --data fashion-mnist --degrade noise:50 --minutes 30 --out runs/noise

FOLDER holds images, with a part to test with or without. The recipe is trained as it is, but that its two stages are as
long as fit into the minutes on this machine: a few steps of each are timed first, and two fifths of the time go to the
first. Prints the table of `saddle evaluate` on what is held out, 2,000 images at most, and what the adversary costs in
PSNR; writes trade.png, PSNR against the Fréchet distance, and enhanced.png: degraded, regression, adversarial, clean.
The same command goes on.
"""

import argparse
import time
from collections.abc import Mapping
from pathlib import Path

import torch

from saddlepoint.configuration import assign
from saddlepoint.core import Batches
from saddlepoint.report import save_png
from saddlepoint.report.evaluations import tabulated
from saddlepoint.report.perception_distortion import trade_figure
from saddlepoint.runs import Run
from saddlepoint.runs.assembly import assemble
from saddlepoint.tasks import read_config, recipe_named, write_picture
from saddlepoint.tasks.enhancement.data import Given
from saddlepoint.tasks.enhancement.evaluation import SHOWN
from saddlepoint.tasks.enhancement.settings import EnhancementConfig
from saddlepoint.tasks.enhancement.task import TASK, judged
from saddlepoint.tasks.translation.model import ImageTranslator
from saddlepoint.tasks.translation.pictures import beside_each_other

#: Of the time, what the first stage gets; steps that are timed; pairs that are judged, at most.
FIRST, TIMED, JUDGED = 0.4, 8, 2000


def seconds(config: EnhancementConfig, data: Given, regression: int | str) -> float:
    """Of the clock a sample, in one of the stages."""
    assembly = assemble(assign(config, [f"regression={regression}"]), data)
    batches = Batches(assembly.setup.batches)
    assembly.method.step(assembly.game, batches)
    begun = time.monotonic()
    for _ in range(TIMED):
        assembly.method.step(assembly.game, batches)
    return (time.monotonic() - begun) / (TIMED * config.batch_size)


def configured(data: str, degrade: str, minutes: float, sets: list[str]) -> EnhancementConfig:
    """The recipe with stages as long as fit."""
    config = assign(recipe_named("enhance").with_data(data), ["threads=1", f"degrade={degrade}", *sets])
    assert isinstance(config, EnhancementConfig)
    read = TASK.read(config)
    first, second = seconds(config, read, "none"), seconds(config, read, 0)
    regression = int(FIRST * minutes * 60 / first)
    samples = regression + int((1 - FIRST) * minutes * 60 / second)
    return assign(
        config,
        [
            f"regression={regression}",
            f"budget.samples={samples}",
            f"schedules.rate.samples={samples}",
            f"every.checkpoint={samples // 8}",
            f"every.snapshot={samples // 8}",
        ],
    )


def tell(record: Mapping[str, object]) -> None:
    """The table."""
    table = tabulated([record])
    rows = [("", [" ".join(head) for head in table.heads]), *table.rows]
    width = max(len(cell) for _, cells in rows for cell in cells)
    for label, cells in rows:
        print(f"{label:16s}", *(f"{cell:>{width}s}" for cell in cells))
    print("; ".join(table.common))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="a folder of images, or a known data set")
    parser.add_argument("--degrade", required=True, help="what is to be undone, as downscale:4")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--features", default="patches", help="of the Fréchet distance: patches, fashion, digits …")
    parser.add_argument("--out", type=Path, default=Path("runs/enhancement"))
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="any setting of the recipe")
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    if (arguments.out / "config.yaml").exists():
        config = read_config(Run.open(arguments.out).storage.read_config())
    else:
        config = configured(arguments.data, arguments.degrade, arguments.minutes, arguments.set)
    assert isinstance(config, EnhancementConfig)
    run = Run.begin(config, arguments.out)
    stages = f"{config.pretraining.samples:,} samples by regression, {config.budget.samples:,} in all"
    print(f"{len(run.data):,} images, {stages}")
    begun, processor = time.monotonic(), time.process_time()
    result = run.train().result
    print(f"{run.message}; {time.monotonic() - begun:.0f} s, {time.process_time() - processor:.0f} s of the processor")
    if result is not None and result.signal is not None:
        raise SystemExit(result.exit_code)

    found = run.evaluate(features=arguments.features, samples=JUDGED, weights=["average"])
    record = found.plain()
    tell(record)
    for note in found.notes:
        print(note)
    regressed, adversarial = (found.by_weights()[name] for name in ("regression", "average"))
    cost = regressed["psnr"].value - adversarial["psnr"].value
    nearer = regressed["frechet"].value / adversarial["frechet"].value
    print(f"The adversary costs {cost:.2f} dB and divides the Fréchet distance by {nearer:.2f}.")
    figure = trade_figure(record)
    assert figure is not None
    save_png(figure, run.path / "trade.png")
    pairs = judged(config, run.data, JUDGED)
    inputs, targets = (side[:SHOWN] for side in pairs.stacked)
    networks = [model for model in (run.stages()["regression"], run.model) if isinstance(model, ImageTranslator)]
    made = [network.made(inputs) for network in networks]
    write_picture(run.path / "enhanced.png", beside_each_other([inputs, *made, targets]))
    print(f"wrote {run.path / 'trade.png'} and {run.path / 'enhanced.png'}")


if __name__ == "__main__":
    main()
