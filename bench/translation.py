"""Translation of emojis: the input unchanged, a generator that learns by L1 alone, the same against a discriminator.

    python bench/translation.py --data FOLDER --minutes 30 --out runs/translation
    python bench/translation.py --data FOLDER --minutes 30 --out runs/translation --unpaired

FOLDER holds train/ and val/ with google/ and twitter/. All runs of a call have one thread and the same minutes, and go
at once, so that they share the machine's noise. Prints, on the held-out pairs, L1 in [0, 1], PSNR in dB, SSIM, the
Fréchet distance in patches of 8x8 pixels, in whole images averaged to 8x8, and in the features of our clothes
classifier, and the sharpness of edges over that of the targets. Writes comparison.png: input, outputs, target.
With --unpaired also a cycle and a contrastive translator, which never learn which images are pairs. The same command
goes on.
"""

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch
from saddlepoint.recipes import RECIPES, TranslationConfig
from saddlepoint.tasks.judging import write_picture
from saddlepoint.tasks.translator import ImageTranslator
from torch import Tensor

from saddlepoint.configuration import assign
from saddlepoint.evaluation.fidelity import Features, relative_sharpness, resemblance
from saddlepoint.extractors import load_extractor
from saddlepoint.storage import RunFolder
from saddlepoint.tasks.translation import beside_each_other, chosen_of
from saddlepoint.training import NoObserver

#: Samples a minute that the generator learns alone where there is an adversary: half of its time, on a slow core.
ALONE = 900
SETS = {
    "L1 alone": [f"regression={10**12}", "content.ssim=none"],
    "against a discriminator": [],
    "cycle": ["unpaired=cycle"],
    "contrastive": ["unpaired=contrastive", "generator.network={name: residual-translator, width: 16, blocks: 4}"],
}
PAIRED = 2
#: Where sets of images are compared; None are patches.
SPACES = {"patches": None, "8x8": "pixels", "clothes": "fashion"}


def configured(name: str, data: str, minutes: float, sets: list[str]) -> TranslationConfig:
    """The recipe as it is, but for the budget, one thread, and what the name says."""
    common = ["threads=1", "budget.samples=none", f"budget.minutes={minutes}"]
    stage = [] if SETS[name] else [f"regression={round(ALONE * minutes)}"]
    config = assign(RECIPES["translate"]().with_data(data), [*common, *stage, *SETS[name], *sets])
    assert isinstance(config, TranslationConfig)
    return config


def play(name: str, data: str, minutes: float, out: Path, sets: list[str]) -> tuple[int, float]:
    """Samples seen, and seconds of the processor."""
    torch.set_num_threads(1)
    config = configured(name, data, minutes, sets)
    folder, begun = RunFolder(out / name.replace(" ", "-")), time.process_time()
    folder.create()
    folder.write_config(config.plain())
    result = config.build(config.load()).training(folder, NoObserver()).run()
    return result.progress.samples, time.process_time() - begun


def measured(made: Tensor, targets: Tensor) -> list[float]:
    """A row of the table."""
    row = list(resemblance(made, targets).values())
    for name in SPACES.values():
        space = Features(None if name is None else load_extractor(name))
        row.append(space.distance(space.moments(targets), made))
    return [*row, relative_sharpness(made, targets)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="a folder with train/ and val/ of two sides each")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--threads", type=int, default=1, help="runs at once; each has one thread")
    parser.add_argument("--unpaired", action="store_true", help="a cycle and a contrastive translator too")
    parser.add_argument("--out", type=Path, default=Path("runs/translation"))
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="of all runs")
    given = parser.parse_args()
    names = list(SETS) if given.unpaired else list(SETS)[:PAIRED]
    with ProcessPoolExecutor(given.threads) as pool:
        futures = {name: pool.submit(play, name, given.data, given.minutes, given.out, given.set) for name in names}
        played = {name: future.result() for name, future in futures.items()}
    data = configured(names[0], given.data, given.minutes, given.set).load()
    assert data.held_out is not None
    inputs, targets = chosen_of(data.held_out, 10_000, seed=0)
    made = {"input unchanged": inputs}
    for name in names:
        made[name] = ImageTranslator.load(given.out / name.replace(" ", "-")).apply(inputs)
    heads = ["l1", "psnr", "ssim", *(f"frechet {name}" for name in SPACES), "sharpness"]
    print(f"{len(inputs)} held-out pairs".ljust(26) + "".join(head.rjust(17) for head in heads))
    for name, images in made.items():
        print(name.ljust(26) + "".join(f"{value:17.4f}" for value in measured(images, targets)))
    for name, (samples, seconds) in played.items():
        print(f"{name}: {samples:,} samples in {seconds:,.0f} s of one core")
    write_picture(given.out / "comparison.png", beside_each_other([*(x[:24] for x in made.values()), targets[:24]]))
    print(f"columns of {given.out / 'comparison.png'}: {', '.join([*made, 'target'])}")


if __name__ == "__main__":
    main()
