"""Runs that were made to fail, left alone and with --on-trouble rollback, beside the healthy run of the same length.

    python bench/rescue.py --seeds 2 --out runs/rescue
    python bench/rescue.py --only ring --seeds 1 --out runs/rescue

A run fails where it ends early, or where its score is no better than halfway between the healthy run's and the
untrained model's, on a logarithmic scale; it is rescued where it fails if left alone and does not with the policy. It
is noticed where a record says that something troubles the game, and at the share of its samples where the first one
does. A healthy run that is troubled is a false alarm. The same command goes on where it was stopped.
"""

import argparse
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import saddlepoint as sp
from saddlepoint.runs.intervening import interventions_of
from verdicts import few, series, table

HEALTHY = "healthy"
#: Rates of both players, of one of them, momentum, penalties and batches that no recipe would take.
RATES: dict[str, dict[str, Any]] = {
    "rates x60": {"optimizer.lr": 0.06},
    "rates x1,000": {"optimizer.lr": 1.0},
    "generator's rate x300": {"generator.optimizer.lr": 0.3},
    "discriminator's rate x100": {"discriminator.optimizer.lr": 0.1},
    "generator's rate / 1,000": {"generator.optimizer.lr": 1e-6},
    "discriminator's rate / 1,000": {"discriminator.optimizer.lr": 1e-6},
}


class Part(NamedTuple):
    """Runs of one recipe.

    Attributes:
        samples: of a run.
        common: settings of all.
        failures: settings by what is done to a run; `data` is a key of what else is given.
        data: of all but those of a failure; None takes the recipe's.
    """

    samples: int
    common: dict[str, Any]
    failures: dict[str, dict[str, Any]]
    data: Callable[[int], Any] | None = None


PARTS: dict[str, Part] = {
    "digits": Part(
        20_000,
        {"conditional": False, "score.samples": 512},
        {
            **RATES,
            "penalties x10,000": {"penalties.r1.weight": 10_000, "penalties.r2.weight": 10_000},
            "no penalties, hinge, rates x10": {"loss": "hinge", "penalties": {}, "optimizer.lr": 0.01},
            "minimax, discriminator x10": {"loss": "minimax", "penalties": {}, "discriminator.optimizer.lr": 0.01},
            "ten images": {"data": few},
        },
    ),
    "ring": Part(
        240_000,
        {"every.record": 4_800, "every.checkpoint": 24_000},
        {
            **RATES,
            "penalties x1,000": {"penalties.r1.weight": 1000.0},
            "no penalties, rates x10": {"penalties": {}, "optimizer.lr": 0.01},
            "momentum .95": {"optimizer.betas": [0.95, 0.99]},
            "ten moves of the discriminator at x30": {"method.counts": [10, 1], "discriminator.optimizer.lr": 0.03},
        },
    ),
    "table": Part(
        150_000,
        {"every.record": 5_000, "every.checkpoint": 15_000},
        {
            **RATES,
            "penalties x1,000": {"penalties.r1.weight": 1000.0},
            "no penalties, rates x10": {"penalties": {}, "optimizer.lr": 0.01},
            "momentum .95": {"optimizer.betas": [0.95, 0.99]},
            "batches of ten": {"batch_size": 10, "optimizer.lr": 0.01},
        },
        table,
    ),
    "series": Part(
        80_000,
        {"every.record": 2_560, "every.checkpoint": 7_680},
        {
            **RATES,
            "penalties x1,000": {"penalties.r1.weight": 1000.0},
            "no penalties, rates x10": {"penalties": {}, "optimizer.lr": 0.01},
            "momentum .95": {"optimizer.betas": [0.95, 0.99]},
            "batches of four": {"batch_size": 4, "optimizer.lr": 0.01},
        },
        series,
    ),
}


def play(recipe: str, name: str, policy: str, seed: int, out: Path) -> dict[str, Any]:
    """What came of one run."""
    part = PARTS[recipe]
    plain = "".join(letter if letter.isalnum() else "-" for letter in name)
    folder = out / f"{recipe}-{plain}-{policy}-{seed}"
    file = folder / "rescue.json"
    if file.exists():
        kept: dict[str, Any] = json.loads(file.read_text())
        return kept
    settings = {**part.common, **part.failures.get(name, {}), "on_trouble": policy}
    given = settings.pop("data", part.data)
    data = None if given is None else given(seed)
    try:
        run = sp.train(
            *(recipe, data),
            samples=part.samples,
            out=folder,
            seed=seed,
            device="cpu",
            settings=settings,
            progress=False,
        )
    except RuntimeError:  # it ended in values that are not finite in an earlier session
        run = sp.load(folder)
    identity = run.storage.read_identity()
    score = next(iter(run.metrics.values()), None)
    untrained = identity.get("references", {}).get("untrained", {})
    alarms = [(record["samples"], record["troubles"][0]) for record in run.history if record.get("troubles")]
    changes = interventions_of(run.storage)
    alarms += [(one.at, one.why) for one in changes]  # records from before a change were taken away
    found = {
        "recipe": recipe,
        "name": name,
        "policy": policy,
        "seed": seed,
        "outcome": str(run.outcome),
        "samples": identity.get("samples"),
        "badness": None if score is None else score.badness,
        "untrained": None if score is None else untrained.get(score.measure.name),
        "changes": len(changes),
        "alarm": min(alarms)[1] if alarms else "non-finite" if run.outcome == "non-finite" else None,
        "alarmed_at": min(alarms)[0] if alarms else identity.get("samples") if run.outcome == "non-finite" else None,
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
    parser.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS))
    parser.add_argument("--out", type=Path, default=Path("runs/rescue"))
    given = parser.parse_args()
    lost = rescued = noticed = alarms = healthy_runs = 0
    delays, relative = list[float](), list[float]()
    print(
        f"{'recipe':<8}{'run':<38}{'seed':>4}{'alone':>9}{'rollback':>10}{'healthy':>9}{'changes':>9}"
        f"{'noticed at':>12}  by"
    )
    for seed in range(given.seeds):
        for recipe in given.only:
            healthy = play(recipe, HEALTHY, "ignore", seed, given.out)
            for name in (HEALTHY, *PARTS[recipe].failures):
                alone = play(recipe, name, "ignore", seed, given.out)
                mended = play(recipe, name, "rollback", seed, given.out)
                if name == HEALTHY:
                    healthy_runs += 1
                    alarms += alone["alarm"] is not None
                elif failed(alone, healthy):
                    lost += 1
                    if alone["alarm"] is not None:
                        noticed += 1
                        delays.append(alone["alarmed_at"] / PARTS[recipe].samples)
                    if not failed(mended, healthy):
                        rescued += 1
                        relative.append(abs(mended["badness"] / healthy["badness"]))
                scores = [math.nan if one["badness"] is None else one["badness"] for one in (alone, mended, healthy)]
                at = "-" if alone["alarmed_at"] is None else f"{alone['alarmed_at'] / PARTS[recipe].samples:.0%}"
                print(
                    f"{recipe:<8}{name:<38}{seed:>4}{scores[0]:>9.3g}{scores[1]:>10.3g}{scores[2]:>9.3g}"
                    f"{mended['changes']:>9}{at:>12}  {alone['alarm'] or '-'}"
                    f"{'; lost alone' if name != HEALTHY and failed(alone, healthy) else ''}",
                    flush=True,
                )
    print(
        f"lost alone {lost}: noticed {noticed}, at {np.median(delays or [math.nan]):.0%} of their samples (median); "
        f"rescued {rescued}, to {np.median(relative or [math.nan]):.2f} times the healthy score (median); "
        f"false alarms {alarms} of {healthy_runs} healthy runs"
    )


if __name__ == "__main__":
    main()
