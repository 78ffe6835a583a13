"""A vocoder beside Griffin's and Lim's search, on speakers that it never heard.

    python bench/vocoder.py --data recordings --test "_(lucas|theo)_" --out runs/vocoder

Trains the recipe as it is, or goes on with the run that the folder holds, and prints the table of `saddle evaluate` on
what is held out: the average that is handed over, what the first stage ended with, each network alone, the same steps
from noise, and the search. `real_time` is seconds of sound a second of the clock, for one thread and for two; the rest
does not depend on threads.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import torch

from saddlepoint.configuration import assign
from saddlepoint.runs import Run
from saddlepoint.tasks import recipe_named
from saddlepoint.tasks.probe import write_picture
from saddlepoint.tasks.vocoder.data import Recordings
from saddlepoint.tasks.vocoder.evaluation import SHOWN, above_each_other, evaluate_vocoders, spaced
from saddlepoint.tasks.vocoder.model import Vocoder

METRICS = ("mel_l1", "stft", "stft_convergence", "stft_log", "lsd")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="a folder of recordings")
    parser.add_argument("--test", required=True, help="regular expression of the names of those to hold out")
    parser.add_argument("--recordings", type=int, default=200, help="that are heard, at most")
    parser.add_argument("--out", type=Path, default=Path("runs/vocoder"))
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="any setting of the recipe")
    arguments = parser.parse_args()

    config = recipe_named("vocoder").with_data(arguments.data)
    run = Run.begin(assign(config, [f"data.test={arguments.test}", *arguments.set]), arguments.out)
    data = run.data
    assert isinstance(data, Recordings)
    assert data.held_out is not None
    print(f"{len(data):,} recordings, {data.seconds:,.0f} s; {len(data.held_out):,} held out")
    begun, processor = time.monotonic(), time.process_time()
    result = run.train().result
    print(f"{run.message}; {time.monotonic() - begun:.0f} s, {time.process_time() - processor:.0f} s of the CPU")
    if result is not None and result.signal is not None:
        raise SystemExit(result.exit_code)

    first = run.model
    assert isinstance(first, Vocoder)
    vocoders = {"adversarial": first}
    for name, stage in run.stages().items():
        assert isinstance(stage, Vocoder)
        vocoders |= {name: stage, f"{name}, network alone": replace(stage, steps=0)}
    rows: dict[str, dict[str, float]] = {}
    for threads in (2, 1):
        torch.set_num_threads(threads)
        found = evaluate_vocoders(vocoders, data.held_out, samples=arguments.recordings)
        for weights, own in found.by_weights().items():
            for key, number in own.items():
                rows.setdefault(weights, {})[f"x on {threads}" if key == "real_time" else key] = number.value
    heads = (*METRICS, "x on 1", "x on 2")
    print(f"{'':28s}", *(f"{head:>16s}" for head in heads))
    for name, row in rows.items():
        print(f"{name:28s}", *(f"{row[head]:16.4g}" for head in heads))
    real = [data.held_out[k] for k in spaced(len(data.held_out), SHOWN)]
    shown = above_each_other(real, [first.resynthesised(wave) for wave in real], first.front)
    write_picture(run.path / "vocoded.png", shown)
    print(f"wrote {run.path / 'vocoded.png'}")


if __name__ == "__main__":
    main()
