"""Spoken digits: a game of spectrograms, a game of waveforms, an autoencoder of spectrograms, and what is real.

    python bench/audio.py --data recordings --samples 100000 --out runs/sounds

DATA is the Free Spoken Digit Dataset's folder; others whose classes are the first _ of a name do as well, but the
listener knows digits. The recipes spoken-digits, audio-vae and audio-wave are trained as they are, but for the number
of samples. Prints one table of what the classifier of spoken digits hears in 1,000 generated sounds of each, and in the
sounds held out, as they are and through the spectrogram; writes RECIPE.png, spectrograms, of each. The same command
goes on.
"""

import argparse
import time
from pathlib import Path

import torch

from saddlepoint.configuration import assign
from saddlepoint.runs.run import Run
from saddlepoint.tasks import recipe_named
from saddlepoint.tasks.probe import write_picture

METRICS = ("frechet", "inception_score", "modes", "precision_recall", "memorisation")
#: Columns of the table.
SHOWN = ("inception_score", "frechet", "modes", "class_kl", "precision", "recall", "nearer_to_training")


def trained(name: str, data: Path, samples: int, home: Path, sets: list[str]) -> tuple[Run, float]:
    """A recipe's run, and the seconds of processor that this call spent on it."""
    config = assign(recipe_named(name).with_data(str(data)), [f"budget.samples={samples}", *sets])
    begun = time.process_time()
    run = Run.begin(config, home / name).train(report=False)
    return run, time.process_time() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the recordings")
    parser.add_argument("--samples", type=int, default=100_000, help="that each sees")
    parser.add_argument("--recipes", default="spoken-digits,audio-vae,audio-wave")
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="of all")
    given = parser.parse_args()
    torch.set_num_threads(1)
    rows: dict[str, dict[str, float]] = {}
    for name in given.recipes.split(","):
        run, seconds = trained(name, given.data, given.samples, given.out, given.set)
        picture = run.model.shown()
        assert picture is not None
        write_picture(given.out / f"{name}.png", picture)
        found = run.evaluate(metrics=METRICS, weights=("average",))
        for weights, own in found.by_weights("train").items():
            rows[name if weights == "average" else weights] = {key: number.value for key, number in own.items()}
        print(f"{name}: {given.samples:,} samples, {seconds:.0f} s of one processor", flush=True)
    print("| | " + " | ".join(SHOWN) + " |\n|---|" + "---|" * len(SHOWN))
    for name, row in rows.items():
        cells = (f"{row[key]:.3g}" if key in row else "" for key in SHOWN)
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
