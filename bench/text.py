"""A writer of text under likelihood alone and with an adversary, at equal processor time: curves over temperature.

    python bench/text.py names --data names.txt --minutes 4
    python bench/text.py coco --data image_coco.txt --test test_coco.txt --minutes 5

Each trains for so many minutes of one processor, the same generator from the same start, on the same texts, so that a
busy machine changes nothing. The adversary comes after `--warm-up` texts of likelihood; where it began is the third
curve. The table has a row a temperature, and training texts as the floor; the figure shows BLEU against self-BLEU.
"""

import argparse
import signal
import time
from pathlib import Path

from saddlepoint.configuration import assign
from saddlepoint.report import save_png
from saddlepoint.report.text import quality_diversity_figure
from saddlepoint.runs import Run
from saddlepoint.tasks import recipe_named
from saddlepoint.tasks.text.evaluation import TEMPERATURES, evaluate_texts
from saddlepoint.tasks.text.model import TextGenerator
from saddlepoint.tasks.text.settings import TextConfig
from saddlepoint.training import Observer
from saddlepoint.training.observer import Progress

SETS = {"names": ["data.unit=characters"], "coco": ["data.unit=words", "data.least=2", "data.length=24"]}
SHOWN = (
    *("bleu_2", "bleu_3", "bleu_4", "bleu_5", "self_bleu_2", "self_bleu_3", "self_bleu_4", "self_bleu_5"),
    *("ngram_kl", "nll", "distinct", "copied", "valid", "novel", "found"),
)


def configured(given: argparse.Namespace, likelihood: int | None) -> TextConfig:
    """The run of a name."""
    config = recipe_named("text").with_data(given.data)
    test = [] if given.test is None else [f"data.test={Path(given.test).resolve()}"]
    sets = [
        *("threads=1", "budget.samples=none", f"seed={given.seed}"),
        f"pretraining.samples={'none' if likelihood is None else likelihood}",
    ]
    config = assign(config, [*SETS[given.set_of], *test, *sets, *given.set])
    assert isinstance(config, TextConfig)
    return config


class Clock(Observer):
    """Asks a training to stop, as Ctrl-C does, once this process has computed for so long."""

    def __init__(self, minutes: float) -> None:
        self.end, self.rung = time.process_time() + 60 * minutes, False

    def stepped(self, progress: Progress) -> None:  # noqa: ARG002
        """Look at the time."""
        if not self.rung and time.process_time() > self.end:
            self.rung = True
            signal.raise_signal(signal.SIGINT)


def train(name: str, config: TextConfig, folder: Path, minutes: float) -> Run:
    """The run after so many minutes of the processor."""
    run = Run.begin(config, folder, observers=[Clock(minutes)]).train()
    if run.result is not None:
        print(f"{name}: {run.result.progress.samples:,} texts seen", flush=True)
    return run


def model_of(run: Run) -> TextGenerator:
    """The generator that a run handed over."""
    assert isinstance(run.model, TextGenerator)
    return run.model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set_of", choices=SETS, help="which settings")
    parser.add_argument("--data", required=True, help="a sentence a line")
    parser.add_argument("--test", help="held-out sentences, in place of a tenth of the data")
    parser.add_argument("--minutes", type=float, default=10.0, help="of the processor, each training")
    parser.add_argument("--warm-up", type=int, default=100_000, help="samples of likelihood before the adversary")
    parser.add_argument("--samples", type=int, default=1_000, help="texts that are judged, at each temperature")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], help="settings of both")
    parser.add_argument("--out", type=Path, default=Path("runs/text"))
    given = parser.parse_args()
    configs = {"likelihood": configured(given, None), "adversarial": configured(given, given.warm_up)}
    runs = {name: train(name, config, given.out / name, given.minutes) for name, config in configs.items()}
    generators = {name: model_of(run) for name, run in runs.items()}
    for stage in runs["adversarial"].stages().values():
        assert isinstance(stage, TextGenerator)
        generators["before the adversary"] = stage
    data = runs["likelihood"].data
    found = evaluate_texts(generators, data, temperatures=TEMPERATURES, samples=given.samples, seed=given.seed)
    values = found.by_weights()
    shown = [key for key in SHOWN if any(key in own for own in values.values())]
    print(f"| texts | {' | '.join(shown)} |\n|{'---|' * (len(shown) + 1)}")
    for name, own in values.items():
        print(f"| {name} | {' | '.join(f'{own[key].value:.3f}' if key in own else '' for key in shown)} |")
    for name, generator in generators.items():
        print(f"{name}: {' / '.join(generator.texts(12, given.seed))}")
    figure = quality_diversity_figure({"values": [measured.plain() for measured in found.numbers]})
    assert figure is not None
    save_png(figure, given.out / "curves.png")
    print(f"wrote {given.out / 'curves.png'}")


if __name__ == "__main__":
    main()
