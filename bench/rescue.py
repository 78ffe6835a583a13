"""Runs that were made to fail, left alone and with --on-trouble rollback, beside the healthy run of the same length.

    python bench/rescue.py --seeds 2 --out runs/rescue

A run fails where it ends early, or where its score is no better than halfway between the healthy run's and the
untrained model's, on a logarithmic scale; it is rescued where it fails if left alone and does not with the policy. A
healthy run that is stopped, or changed, is a false alarm. The same command goes on where it was stopped.
"""

import argparse
import json
import math
from pathlib import Path
from typing import Any

import saddlepoint as sp
from saddlepoint.runs.intervening import interventions_of

HEALTHY = "healthy"
#: By recipe: samples of a run, settings of all, and what is done to it: settings by name.
FAILURES: dict[str, tuple[int, dict[str, Any], dict[str, dict[str, Any]]]] = {
    "digits": (
        20_000,
        {"conditional": False, "score.samples": 512},
        {
            HEALTHY: {},
            "rates x60": {"optimizer.lr": 0.06},
            "generator's rate x300": {"generator.optimizer.lr": 0.3},
            "discriminator's rate x100": {"discriminator.optimizer.lr": 0.1},
            "penalties x10,000": {"penalties.r1.weight": 10_000, "penalties.r2.weight": 10_000},
            "no penalties, hinge, rates x10": {"loss": "hinge", "penalties": {}, "optimizer.lr": 0.01},
            "minimax, discriminator x10": {"loss": "minimax", "penalties": {}, "discriminator.optimizer.lr": 0.01},
        },
    ),
    "ring": (
        60_000,
        {},
        {
            HEALTHY: {},
            "rates x100": {"optimizer.lr": 0.1},
            "discriminator's rate / 1,000": {"discriminator.optimizer.lr": 1e-6},
            "penalties x1,000": {"penalties.r1.weight": 1000.0},
        },
    ),
}


def play(recipe: str, name: str, policy: str, seed: int, out: Path) -> dict[str, Any]:
    """What came of one run."""
    samples, common, failures = FAILURES[recipe]
    folder = out / f"{recipe}-{name.replace(' ', '-').replace('/', 'by').replace(',', '')}-{policy}-{seed}"
    file = folder / "rescue.json"
    if file.exists():
        kept: dict[str, Any] = json.loads(file.read_text())
        return kept
    settings = {**common, **failures[name], "on_trouble": policy}
    try:
        run = sp.train(recipe, samples=samples, out=folder, seed=seed, device="cpu", settings=settings, progress=False)
    except RuntimeError:  # it ended in values that are not finite in an earlier session
        run = sp.load(folder)
    identity = run.storage.read_identity()
    score = next(iter(run.metrics.values()), None)
    untrained = identity.get("references", {}).get("untrained", {})
    found = {
        "recipe": recipe,
        "name": name,
        "policy": policy,
        "seed": seed,
        "outcome": str(run.outcome),
        "samples": identity.get("samples"),
        "badness": None if score is None else score.badness,
        "untrained": None if score is None else untrained.get(score.measure.name),
        "changes": len(interventions_of(run.storage)),
        "alarmed": [n for record in run.history for n in record.get("troubles", [])][:1],
    }
    file.write_text(json.dumps(found))
    return found


def failed(one: dict[str, Any], healthy: dict[str, Any]) -> bool:
    """Whether a run came to less than half of the way, of logarithms, from the untrained model to the healthy run."""
    if one["badness"] is None or one["samples"] < healthy["samples"]:
        return True
    worst, best = abs(one["untrained"]), abs(healthy["badness"])
    return bool(abs(one["badness"]) > math.sqrt(worst * best))


def main() -> None:
    """Play all, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("runs/rescue"))
    given = parser.parse_args()
    lost = rescued = 0
    print(f"{'recipe':<8}{'run':<34}{'seed':>4}{'alone':>9}{'rollback':>10}{'healthy':>9}  changes  first alarm")
    for recipe, (_, _, failures) in FAILURES.items():
        for seed in range(given.seeds):
            healthy = play(recipe, HEALTHY, "ignore", seed, given.out)
            for name in failures:
                alone = play(recipe, name, "ignore", seed, given.out)
                mended = play(recipe, name, "rollback", seed, given.out)
                fails = name != HEALTHY and failed(alone, healthy)
                lost += fails
                rescued += fails and not failed(mended, healthy)
                scores = [math.nan if one["badness"] is None else one["badness"] for one in (alone, mended, healthy)]
                print(
                    f"{recipe:<8}{name:<34}{seed:>4}{scores[0]:>9.3g}{scores[1]:>10.3g}{scores[2]:>9.3g}"
                    f"  {mended['changes']:>7}  {', '.join(mended['alarmed']) or '-'}{'  lost alone' if fails else ''}",
                    flush=True,
                )
    print(f"lost alone {lost}, of them rescued {rescued}")


if __name__ == "__main__":
    main()
