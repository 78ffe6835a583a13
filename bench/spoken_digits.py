"""Trains the classifier of spoken digits whose weights the package carries.

    python bench/spoken_digits.py --data recordings \
        --out src/saddlepoint/extractors/weights/spoken.safetensors

The data are the Free Spoken Digit Dataset, `{digit}_{speaker}_{i}.wav`; i in 0..4 is the test split, which is read
once, at the end, by the rounded weights that are kept. The same seed on the same machine gives the same weights.
"""

import argparse
import time
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from saddlepoint.core import rng
from saddlepoint.core.randomness import seeded
from saddlepoint.data.audio import sound_folder
from saddlepoint.extractors.spoken import RATE, SpokenClassifier
from saddlepoint.signals import resampled

#: Of the test split, of names; samples of a sound: a second and a bit.
TEST, SAMPLES = r"_[0-4]$", 8192
BATCH, SLOWEST, QUICKEST, SHIFT, NOISE = 64, 0.88, 1.12, 2000, 0.02


def augmented(waves: Tensor, source: torch.Generator) -> Tensor:
    """A batch at another speed, each sound later by up to a quarter of a second, in noise of a level of its own."""
    draw = float(torch.rand((), generator=source))
    waves = resampled(waves, round(RATE * (SLOWEST + (QUICKEST - SLOWEST) * draw)), RATE)
    shifts = torch.randint(SHIFT, (len(waves),), generator=source)
    places = (torch.arange(SAMPLES) - shifts[:, None]).clamp_min(-1) + 1
    padded = torch.nn.functional.pad(waves, (1, max(0, SAMPLES + SHIFT - waves.shape[1])))
    level = NOISE * torch.rand(len(waves), 1, generator=source).pow(3)
    return padded.gather(1, places) + level * torch.randn(len(waves), SAMPLES, generator=source)


def train(waves: Tensor, labels: Tensor, epochs: int, seed: int) -> SpokenClassifier:
    with seeded(seed):
        network = SpokenClassifier(int(labels.max()) + 1)
    steps = len(waves) // BATCH
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.98), use_buffers=True)
    optimizer = torch.optim.AdamW(network.parameters(), lr=4e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=epochs * steps, pct_start=0.2)
    for epoch in range(epochs):
        source, total = rng(seed, epoch, "classifier"), 0.0
        for chosen in torch.randperm(len(waves), generator=source).split(BATCH)[:steps]:
            loss = cross_entropy(network(augmented(waves[chosen], source)), labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            average.update_parameters(network)
            total += loss.item()
        print(f"epoch {epoch + 1} of {epochs}: loss {total / steps:.4f}", flush=True)
    kept = average.module
    assert isinstance(kept, SpokenClassifier)
    return kept.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the recordings")
    parser.add_argument("--out", type=Path, required=True, help="the .safetensors file to write")
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    read = partial(sound_folder, given.data, rate=RATE, samples=SAMPLES, label="prefix", test=TEST)
    training, test = read(), read(split="test")
    assert training.labels is not None
    assert test.labels is not None
    start = time.process_time()
    network = train(training.floats(), training.labels, given.epochs, given.seed)
    seconds = time.process_time() - start
    about = {
        "data": "Free Spoken Digit Dataset, i in 0..4 held out",
        "classes": training.classes,
        "train_fingerprint": training.fingerprint,
        "test_fingerprint": test.fingerprint,
        "command": f"python bench/spoken_digits.py --epochs {given.epochs} --seed {given.seed}",
        "torch": torch.__version__,
    }
    network.save(given.out, about)
    kept = SpokenClassifier.load(given.out)
    with torch.no_grad():
        guesses = torch.cat([kept(part).argmax(1) for part in test.floats().split(100)])
    reached = float((guesses == test.labels).double().mean())
    network.save(given.out, {**about, "test_accuracy": reached})
    size = given.out.stat().st_size
    print(f"spoken digits: test accuracy {reached:.2%}, {seconds:.0f} CPU s, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
