"""A writer of text under likelihood alone and with an adversary, at equal time: curves over temperature.

    python bench/text.py names --data names.txt --minutes 10
    python bench/text.py coco --data image_coco.txt --test test_coco.txt --minutes 30

Each trains for so many minutes on one thread, the same generator from the same start, on the same texts. The adversary
comes after `--warm-up` samples of likelihood. Of both, and of training texts as the floor, the table has a row a
temperature; the figure shows BLEU against self-BLEU. The same command goes on.
"""

import argparse
from pathlib import Path

import torch

from saddlepoint.configuration import assign
from saddlepoint.evaluation.text import TEMPERATURES, evaluate_texts
from saddlepoint.recipes import RECIPES, TextRun
from saddlepoint.report import save_png
from saddlepoint.report.text import quality_diversity_figure
from saddlepoint.runs import RunFolder
from saddlepoint.tasks.text import TextGenerator
from saddlepoint.tasks.trained import TrainedGenerator
from saddlepoint.train import Silent

SETS = {"names": ["data.unit=characters"], "coco": ["data.unit=words", "data.least=2", "data.length=24"]}
SHOWN = (
    *("bleu_2", "bleu_3", "bleu_4", "bleu_5", "self_bleu_2", "self_bleu_3", "self_bleu_4", "self_bleu_5"),
    *("ngram_kl", "nll", "distinct", "copied", "valid", "novel", "found"),
)


def configured(given: argparse.Namespace, likelihood: int | None) -> TextRun:
    """The run of a name."""
    config = RECIPES["text"]().with_data(given.data)
    test = [] if given.test is None else [f"data.test={Path(given.test).resolve()}"]
    sets = [
        *("threads=1", "budget.samples=none", f"budget.minutes={given.minutes}", f"seed={given.seed}"),
        f"likelihood={'none' if likelihood is None else likelihood}",
    ]
    config = assign(config, [*SETS[given.set_of], *test, *sets, *given.set])
    assert isinstance(config, TextRun)
    return config


def train(name: str, config: TextRun, out: Path) -> TextGenerator:
    """The generator after so many minutes."""
    torch.set_num_threads(1)
    folder = RunFolder(out / name.replace(" ", "-"))
    folder.create()
    folder.write_config(config.plain())
    result = config.build(config.load()).training(folder, Silent()).run()
    print(f"{name}: {result.progress.samples:,} texts seen in {result.progress.seconds:.0f} s", flush=True)
    generator = TrainedGenerator.load(folder.path)
    assert isinstance(generator, TextGenerator)
    return generator


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set_of", choices=SETS, help="which settings")
    parser.add_argument("--data", required=True, help="a sentence a line")
    parser.add_argument("--test", help="held-out sentences, in place of a tenth of the data")
    parser.add_argument("--minutes", type=float, default=10.0, help="of each training")
    parser.add_argument("--warm-up", type=int, default=100_000, help="samples of likelihood before the adversary")
    parser.add_argument("--samples", type=int, default=1_000, help="texts that are judged, at each temperature")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], help="settings of both")
    parser.add_argument("--out", type=Path, default=Path("runs/text"))
    given = parser.parse_args()
    configs = {"likelihood": configured(given, None), "adversarial": configured(given, given.warm_up)}
    generators = {name: train(name, config, given.out) for name, config in configs.items()}
    data = configs["likelihood"].load()
    found = evaluate_texts(generators, data, temperatures=TEMPERATURES, samples=given.samples, seed=given.seed)
    values: dict[str, dict[str, float]] = {}
    for measured in found.measured:
        values.setdefault(measured.protocol.weights, {})[measured.metric] = measured.number.value
    shown = [key for key in SHOWN if any(key in own for own in values.values())]
    print(f"| texts | {' | '.join(shown)} |\n|{'---|' * (len(shown) + 1)}")
    for name, own in values.items():
        print(f"| {name} | {' | '.join(f'{own[key]:.3f}' if key in own else '' for key in shown)} |")
    for name, generator in generators.items():
        print(f"{name}: {' / '.join(generator.texts(12, given.seed))}")
    figure = quality_diversity_figure({"values": [measured.plain() for measured in found.measured]})
    assert figure is not None
    save_png(figure, given.out / "curves.png")
    print(f"wrote {given.out / 'curves.png'}")


if __name__ == "__main__":
    main()
