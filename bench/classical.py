"""The table of `docs/classical.md`: the classical system and its variants, one run each, as `saddle train` makes them.

Every run sees the same number of samples of the embedded digits from the same seed. Prints Markdown; a run that is
already in the folder is not repeated, so an interrupted table is continued by the same command.

    python bench/classical.py [--samples 300000] [--seed 0] [--out runs/classical] [--only NAME ...]
"""

import argparse
import json
import os
import re
import shlex
import statistics
import subprocess
import sys
from pathlib import Path

#: what the description says, or one change to it ↦ the options that realise it.
VARIANTS = {
    "as coded": "",
    "minimax": "--set loss=minimax",
    "literal": "--set loss=literal",
    "generator first": "--set method.order=generator,discriminator",
    "simultaneous": "--method simultaneous",
    "double sigmoid": "--set loss=double-sigmoid",
    "five to one": "--set method.counts=5,1",
    "unequal rates": "--set discriminator.optimizer.lr=4e-4",
    "gradient descent": "--set optimizer.name=SGD --set optimizer.lr=0.02",
    "Nesterov": (
        "--set optimizer.name=SGD --set optimizer.lr=0.02 --set optimizer.momentum=0.9 --set optimizer.nesterov=true"
    ),
    "RMSprop": "--set optimizer.name=RMSprop",
    "batch of 256": "--batch-size 256",
    "paired, penalised": "--set loss=relativistic --set penalties.r1.weight=1 --set penalties.r2.weight=1",
    "Adam (0, 0.99)": "--set optimizer.betas=0,0.99",
}
#: the description's losses taken at their word; no option, because nobody wants them.
LITERAL = """
from saddlepoint.losses import LOSSES, AdversarialLoss, minimax
same = minimax().discriminator
LOSSES["literal"] = lambda: AdversarialLoss(same, same, generator_sees_real=True)
"""
RUN = "from saddlepoint.cli import main; main()"


def options(name: str, samples: int, seed: int) -> list[str]:
    """The arguments of `saddle train` for a variant, without the folder."""
    return ["classic", "--samples", str(samples), "--seed", str(seed), *shlex.split(VARIANTS[name])]


def train(name: str, samples: int, seed: int, folder: Path) -> None:
    """Make the run, or continue it; a run that is whole is left alone by `saddle train` itself."""
    # One thread: small matrices gain nothing from a second, and the numbers do not depend on the machine's cores.
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    code = LITERAL + RUN if name == "literal" else RUN
    command = [sys.executable, "-c", code, "train", *options(name, samples, seed), "--out", str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{shlex.join(command)} failed:\n{done.stderr}")


def row(folder: Path) -> dict[str, str]:
    """What a run came to. Losses and monitors are means over the last ten records (epochs)."""
    identity = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    lines = (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines][-10:]

    def mean(group: str, key: str, digits: int) -> str:
        values = [r[group][key] for r in records if r[group].get(key) is not None]
        return f"{statistics.mean(values):.{digits}f}" if values else "–"

    frechet = (identity.get("metrics") or {}).get("pixel_frechet")
    return {
        "L_D": mean("losses", "discriminator", 2),
        "L_G": mean("losses", "generator", 2),
        "discriminator_auc": mean("monitors", "discriminator_auc", 2),
        "diversity": mean("monitors", "diversity", 2),
        "pixel_frechet": "–" if frechet is None else f"{frechet:.2f}",
        "evaluations": f"{identity.get('evaluations', 0):,}",
        "outcome": str(identity["outcome"]),
    }


def main() -> None:
    """Train what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--samples", type=int, default=300_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/classical"))
    parser.add_argument("--only", nargs="*", choices=list(VARIANTS), help="these variants only")
    arguments = parser.parse_args()
    rows = {}
    for name in arguments.only or VARIANTS:
        folder = arguments.out / f"{'-'.join(re.findall('[a-z0-9.]+', name.lower()))}-{arguments.seed}"
        print(f"{name} …", file=sys.stderr, flush=True)
        train(name, arguments.samples, arguments.seed, folder)
        rows[name] = row(folder)
    columns = list(next(iter(rows.values())))
    print(f"| variant | options after `saddle train classic` | {' | '.join(columns)} |")
    print("|---" * (len(columns) + 2) + "|")
    for name, values in rows.items():
        given = f"`{VARIANTS[name]}`" if VARIANTS[name] else "none"
        given = "both minimise L_G; no option" if name == "literal" else given
        print(f"| {name} | {given} | {' | '.join(values.values())} |")


if __name__ == "__main__":
    main()
