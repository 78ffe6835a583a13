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
from saddlepoint.recipes import RECIPES, EnhancementConfig, parse_config
from saddlepoint.tasks.interpolation import REGRESSION
from saddlepoint.tasks.judging import write_picture
from saddlepoint.tasks.translator import ImageTranslator

from saddlepoint.configuration import assign
from saddlepoint.core import Batches
from saddlepoint.evaluation import compared_models, evaluate_enhancers
from saddlepoint.extractors import load_extractor
from saddlepoint.report import save_png
from saddlepoint.report.evaluations import tabulated
from saddlepoint.report.perception_distortion import trade_figure
from saddlepoint.storage import RunFolder, append_evaluation
from saddlepoint.tasks.translation import SHOWN, beside_each_other
from saddlepoint.training import NoObserver

#: Of the time, what the first stage gets; steps that are timed; pairs that are judged, at most.
FIRST, TIMED, JUDGED = 0.4, 8, 2000


def seconds(config: EnhancementConfig, data: object, regression: int) -> float:
    """Of the clock a sample, in one of the stages."""
    assembled = assign(config, [f"regression={regression}"]).build(data)
    batches = Batches(assembled.stream)
    assembled.method.step(assembled.game, batches)
    begun = time.monotonic()
    for _ in range(TIMED):
        assembled.method.step(assembled.game, batches)
    return (time.monotonic() - begun) / (TIMED * config.batch_size)


def configured(data: str, degrade: str, minutes: float, sets: list[str]) -> EnhancementConfig:
    """The recipe with stages as long as fit."""
    config = assign(RECIPES["enhance"]().with_data(data), ["threads=1", f"degrade={degrade}", *sets])
    assert isinstance(config, EnhancementConfig)
    read = config.load()
    first, second = seconds(config, read, 10**9), seconds(config, read, 0)
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
    """The table, and the cost."""
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
    folder = RunFolder(arguments.out)
    folder.create()
    if folder.config.exists():
        config = parse_config(folder.read_config())
    else:
        config = configured(arguments.data, arguments.degrade, arguments.minutes, arguments.set)
        folder.write_config(config.plain())
    assert isinstance(config, EnhancementConfig)
    data = config.load()
    print(f"{len(data):,} images, {config.regression:,} samples by regression, {config.budget.samples:,} in all")
    begun, processor = time.monotonic(), time.process_time()
    result = config.build(data).training(folder, NoObserver()).run()
    print(
        f"{result.message}; {time.monotonic() - begun:.0f} s, {time.process_time() - processor:.0f} s of the processor"
    )

    if result.signal is not None:
        raise SystemExit(result.exit_code)
    pairs = config.pairs(data, JUDGED)
    regression = ImageTranslator.load(folder.generator / REGRESSION)
    adversarial = ImageTranslator.load(folder.generator)
    judge = None if arguments.features == "patches" else load_extractor(arguments.features)
    found = evaluate_enhancers(compared_models({"adversarial": adversarial}, regression), pairs, config.chain, judge)
    record = {
        "samples": result.progress.samples,
        "notes": list(found.notes),
        "values": [value.plain() for value in found.numbers],
    }
    append_evaluation(folder.evaluations, record)
    tell(record)
    for note in found.notes:
        print(note)
    regressed, adversarially = (found.by_weights()[name] for name in ("regression", "adversarial"))
    cost = regressed["psnr"].value - adversarially["psnr"].value
    nearer = regressed["frechet"].value / adversarially["frechet"].value
    print(f"The adversary costs {cost:.2f} dB and divides the Fréchet distance by {nearer:.2f}.")
    figure = trade_figure(record)
    assert figure is not None
    save_png(figure, folder.path / "trade.png")
    inputs, targets = (side.images[:SHOWN] for side in (pairs.inputs, pairs.targets))
    made = [network.apply(inputs) for network in (regression, adversarial)]
    write_picture(folder.path / "enhanced.png", beside_each_other([inputs, *made, targets]))
    print(f"wrote {folder.path / 'trade.png'} and {folder.path / 'enhanced.png'}")


if __name__ == "__main__":
    main()
