"""Does a generator that was trained on few labelled digits help a classifier that has no more than these?

    python bench/small_sets.py --data FOLDER --labels 100,500,2000 --seeds 3 --out runs/small-sets
    python bench/small_sets.py --sets digits --seeds 3

For each number of labels and each seed, a conditional GAN is trained on that many digits of MNIST and no others,
evenly over the classes. Then one small classifier is trained, by equally many steps of the same optimizer, on

    real                the labelled digits
    classical           the same under small rotations, scales and shifts (those of bench/classifiers.py)
    real + generated    each batch half real, half generated
    both                the same, under the same rotations, scales and shifts
    generated           generated ones alone

and read on the 10,000 test digits. `digits` are those of scikit-learn, ten of each class, with four fifths of the set
held out to test with. Nothing in it has seen another label: the GAN's own judge are pixels, no checkpoint is picked,
no sample filtered. FOLDER holds the four IDX files; without it they are downloaded. Prints mean ± standard error over
seeds, and the differences within seeds. What is done is kept in --out: the same command goes on, and adds seeds.
"""

import argparse
import json
import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from classifiers import AUGMENTATIONS, Augmentation, accuracy, augmented, fit
from saddlepoint.configuration import assign
from saddlepoint.core import rng
from saddlepoint.core.randomness import seeded
from saddlepoint.data import ImageData
from saddlepoint.extractors import SmallClassifier
from saddlepoint.extractors.classifier import SIDE
from saddlepoint.runs.run import Run
from saddlepoint.storage import write_atomically
from saddlepoint.tasks import Config, recipe_named, task_of
from saddlepoint.tasks.images.model import ImageGenerator

Pool = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Dials:
    """What decides the numbers, beside set, labels and seed.

    Attributes:
        samples: that the GAN sees, by set.
        strength: of its augmentation (DiffAugment), the probability of each part.
        generated: images of each class.
        steps, batch: of every classifier.
        decay: of the average of its weights. With .995, as bench/classifiers.py has it, a twentieth of it would still
            be the beginning after so few steps, where all variances are 1 that are .05 later: it read nothing.
        widths: of its three grids.
    """

    samples: Mapping[str, int]
    strength: float = 0.5
    generated: int = 1000
    steps: int = 600
    batch: int = 64
    decay: float = 0.95
    widths: tuple[int, int, int] = (8, 16, 32)


DIALS = Dials({"mnist": 120_000, "digits": 200_000})
#: Penalties as when the table in the docs was made; the recipe has a tenth of them now.
SETS = {"mnist": ["penalties.r1.weight=1", "penalties.r2.weight=1"], "digits": ["data.held_out=0.8"]}
#: By arm: whether batches hold real and generated images, and what is done to them.
CLASSICAL = AUGMENTATIONS["mnist"]
ARMS: dict[str, tuple[bool, bool, Augmentation | None]] = {
    "real": (True, False, None),
    "classical": (True, False, CLASSICAL),
    "real + generated": (True, True, None),
    "both": (True, True, CLASSICAL),
    "generated": (False, True, None),
}
#: Arms whose difference within a seed is the answer.
ASKED = [("classical", "real"), ("real + generated", "real"), ("both", "classical"), ("generated", "real")]


def configuration(name: str, labels: int, seed: int, data: str | None) -> Config:
    """A short conditional run of the recipe on a few labels, through DiffAugment, which small sets need."""
    recipe = recipe_named(name)
    sets = [
        *SETS[name],
        *("threads=1", "device=cpu", f"seed={seed}"),
        *(f"data.seed={seed}", f"data.limit={labels}", f"budget.samples={DIALS.samples[name]}"),
        *("augmentation.kind=diffaugment", f"augmentation.strength={DIALS.strength}"),
        *("score.features=pixels", "score.samples=256"),
        *("every.record=20000", "every.snapshot=60000", "every.checkpoint=60000"),
    ]
    return assign(recipe if data is None or name != "mnist" else recipe.with_data(data), sets)


def trained(config: Config, path: Path) -> ImageGenerator:
    """The generator of a run, which is begun, gone on with, or over."""
    run = Run.begin(config, path).train(report=False)
    if run.result is not None and (run.result.signal is not None or run.result.exit_code):
        raise SystemExit(f"{path}: {run.result.message}; the same command goes on")
    assert isinstance(run.model, ImageGenerator)
    return run.model


def read(data: ImageData) -> Pool:
    """Images and labels as the classifier takes them."""
    assert data.labels is not None
    return data.resized(SIDE).images, data.labels


def enlarged(network: ImageGenerator, like: ImageData, seed: int) -> Pool:
    """So many images of each class, as `saddle augment` makes them."""
    parts = network.enlarge(DIALS.generated, seed).generated
    labels = torch.arange(len(parts)).repeat_interleave(DIALS.generated)
    return read(ImageData("generated", torch.cat(list(parts)), labels, like.classes, "Generated."))


def batches(pools: list[Pool], seed: int, how: Augmentation | None) -> Iterator[Pool]:
    """Batches of equal parts of each pool; drawn alike for all arms."""
    for step in range(DIALS.steps):
        source = rng(seed, step, "classifier")
        places = [torch.randint(len(y), (DIALS.batch // len(pools),), generator=source) for _, y in pools]
        x = torch.cat([images[at] for (images, _), at in zip(pools, places, strict=True)]).float() / 255
        y = torch.cat([labels[at] for (_, labels), at in zip(pools, places, strict=True)])
        yield (x if how is None else augmented(x, how, source)), y


def classified(pools: list[Pool], seed: int, how: Augmentation | None, test: Pool) -> float:
    """Test accuracy of a classifier trained on these pools."""
    with seeded(seed):
        network = SmallClassifier(widths=DIALS.widths)
    return accuracy(fit(network, batches(pools, seed, how), DIALS.steps, DIALS.decay), *test)


def measured(name: str, labels: int, seed: int, data: str | None, out: Path) -> dict[str, Any]:
    """Accuracy by arm, and what it took; each is kept as soon as it is known."""
    place = out / f"{name}-{labels}-{seed}"
    kept = place / "accuracy.json"
    dials = json.loads(json.dumps(asdict(DIALS)))
    found = json.loads(kept.read_text()) if kept.exists() else {"dials": dials, "accuracy": {}, "seconds": {}}
    if found["dials"] != dials:
        raise SystemExit(f"{place} was made with other dials ({found['dials']}): give another folder with --out")
    missing = [arm for arm in ARMS if arm not in found["accuracy"]]
    if not missing:
        return found
    config = configuration(name, labels, seed, data)
    task = task_of(config)
    few = task.read(config)
    held_out = task.held_out(config, few)
    assert held_out is not None
    test = read(held_out)

    def timed(what: str, work: Callable[[], Any]) -> Any:
        start = time.process_time()
        result = work()
        found["seconds"][what] = found["seconds"].get(what, 0.0) + time.process_time() - start
        return result

    network = timed("gan", lambda: trained(config, place / "gan"))
    real, generated = read(few), timed("drawing", lambda: enlarged(network, few, seed))
    for arm in missing:
        with_real, with_generated, how = ARMS[arm]
        pools = [real] * with_real + [generated] * with_generated
        found["accuracy"][arm] = timed(arm, partial(classified, pools, seed, how, test))
        write_atomically(kept, json.dumps(found, indent=1) + "\n")
        print(f"{name}, {labels} labels, seed {seed}: {arm} {found['accuracy'][arm]:.2%}", flush=True)
    return found


def spread(values: list[float], sign: str = "") -> str:
    """Mean ± standard error, in per cent."""
    mean = f"{100 * statistics.mean(values):{sign}.2f}"
    return mean if len(values) < 2 else f"{mean} ± {100 * statistics.stdev(values) / math.sqrt(len(values)):.2f}"


def tables(found: Mapping[tuple[str, int], list[dict[str, Any]]]) -> None:
    """Accuracy by arm, and differences of arms within a seed."""
    print(
        f"\ntest accuracy, %; mean ± standard error\n{'labels':16}" + "".join(f"{arm:>18}" for arm in ARMS) + "   CPU s"
    )
    for (name, labels), runs in found.items():
        cells = "".join(f"{spread([run['accuracy'][arm] for run in runs]):>18}" for arm in ARMS)
        seconds = statistics.mean(sum(run["seconds"].values()) for run in runs)
        print(f"{f'{name} {labels}':16}{cells}{seconds:8.0f}")
    heads = [f"{arm} − {base}" for arm, base in ASKED]
    print(f"\ndifferences within seeds, points\n{'labels':16}" + "".join(f"{head:>26}" for head in heads))
    for (name, labels), runs in found.items():
        pairs = ([run["accuracy"][arm] - run["accuracy"][base] for run in runs] for arm, base in ASKED)
        print(f"{f'{name} {labels}':16}" + "".join(f"{spread(pair, '+'):>26}" for pair in pairs))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="folder of the four IDX files of MNIST; downloaded where none is given")
    parser.add_argument("--sets", default="mnist,digits", help="which of mnist and digits")
    parser.add_argument("--labels", default="100,500,2000", help="of MNIST, multiples of ten; digits have 100")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("runs/small-sets"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    sizes = {"mnist": [int(word) for word in given.labels.split(",")], "digits": [100]}
    found = {
        (name, labels): [measured(name, labels, seed, given.data, given.out) for seed in range(given.seeds)]
        for name in given.sets.split(",")
        for labels in sizes[name]
    }
    tables(found)


if __name__ == "__main__":
    main()
