"""Writers of text by likelihood alone at equal processor time, beside an n-gram model with Kneser-Ney smoothing.

    python bench/writers.py --data book.txt --minutes 1

Every writer learns the same windows for so many minutes of one processor and is held against the same held-out ones,
each from its first token on. `bits` is what a character of these costs. The n-gram model is interpolated, with one
discount of .75 for all orders (Kneser, Ney 1995; Chen, Goodman 1999). It gives the probabilities of nltk's, whose
scores count all n-grams anew.
"""

import argparse
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from saddlepoint.configuration import assign
from saddlepoint.tasks import recipe_named
from saddlepoint.tasks.text.settings import TextConfig
from text import model_of, train

WRITERS = {
    "gru": [],
    "gru, tied": ["generator.network.tied=true", "generator.network.embedding=128"],
    "gru, tied, dropout": [
        "generator.network.tied=true",
        "generator.network.embedding=128",
        "generator.network.dropout=0.2",
    ],
    "attention": [
        *("generator.network.cell=attention", "generator.network.layers=2", "generator.network.width=128"),
        "generator.optimizer.lr=1e-3",
    ],
    "attention, tied, dropout": [
        *("generator.network.cell=attention", "generator.network.layers=2", "generator.network.width=128"),
        *("generator.network.tied=true", "generator.network.embedding=128", "generator.network.dropout=0.1"),
        "generator.optimizer.lr=1e-3",
    ],
}
DISCOUNT = 0.75


class KneserNey:
    """p(w|h) = max(c(hw) − d, 0)/c(h) + d n(h)/c(h) p(w|h'), h' shorter by one; of lower orders c counts contexts.

    >>> model = KneserNey([[1, 2, 1, 2, 3]], order=2, size=4)
    >>> round(sum(model.probability([1], word) for word in range(4)), 9)
    1.0
    """

    def __init__(self, rows: Sequence[Sequence[int]], order: int, size: int) -> None:
        self.order, self.size = order, size
        self.counts: list[Counter[tuple[int, ...]]] = [Counter() for _ in range(order)]
        for row in rows:
            padded = [-1] * (order - 1) + list(row)
            self.counts[-1].update(zip(*(padded[at:] for at in range(order)), strict=False))
        for n in range(order - 1, 0, -1):
            self.counts[n - 1].update(gram[1:] for gram in self.counts[n])
        self.totals: list[dict[tuple[int, ...], list[int]]] = []
        for counts in self.counts:
            totals: dict[tuple[int, ...], list[int]] = defaultdict(lambda: [0, 0])
            for gram, count in counts.items():
                own = totals[gram[:-1]]
                own[0], own[1] = own[0] + count, own[1] + 1
            self.totals.append(totals)

    def probability(self, before: Sequence[int], word: int) -> float:
        """Of a token after others, the latest of them last."""
        found, context = 1 / self.size, tuple([-1] * (self.order - 1) + list(before))
        for n in range(self.order):
            own = context[len(context) - n :]
            total, kinds = self.totals[n].get(own, (0, 0))
            if total:
                found = max(self.counts[n][(*own, word)] - DISCOUNT, 0) / total + DISCOUNT * kinds / total * found
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="a text")
    parser.add_argument("--minutes", type=float, default=1.0, help="of the processor, each writer")
    parser.add_argument("--only", help="writers, by comma")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], help="settings of all")
    parser.add_argument("--out", type=Path, default=Path("runs/writers"))
    given = parser.parse_args()
    usual = ["threads=1", "budget.samples=none", "pretraining.samples=none", f"seed={given.seed}"]
    usual += ["data.layout=windows", *given.set]
    chosen = WRITERS if given.only is None else {name: WRITERS[name] for name in given.only.split(";")}
    print("| writer | seen | bits a character |\n|---|---|---|")
    for name, sets in chosen.items():
        config = assign(recipe_named("text").with_data(given.data), [*usual, *sets])
        assert isinstance(config, TextConfig)
        run = train(name, config, given.out / name.replace(", ", "-"), given.minutes)
        held = run.data.held_out.tokens[::8]
        letters = sum(map(len, run.data.held_out.texts()[::8]))
        bits = model_of(run).nll(held) * held.numel() / letters / math.log(2)
        print(f"| {name} | {run.storage.read_identity()['samples']:,} | {bits:.3f} |", flush=True)
    data = run.data
    for order in (3, 5):
        model = KneserNey(data.tokens[::8].tolist(), order, data.vocabulary.size)
        loss = 0.0
        for row in held.tolist():
            loss -= sum(math.log2(model.probability(row[:at], word)) for at, word in enumerate(row))
        print(f"| Kneser-Ney, order {order} | {len(data.tokens[::8]):,} | {loss / letters:.3f} |", flush=True)


if __name__ == "__main__":
    main()
