"""From results to a table: who is first, by how much, and how often each failed."""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from saddlepoint.comparison.entry import EntryResult
from saddlepoint.comparison.settings import Comparison, rates_at
from saddlepoint.components.citing import bibtex
from saddlepoint.components.registries import METHOD_REGISTRY


def chosen(trials: Iterable[EntryResult]) -> EntryResult:
    """The trial that ended best; the one of the smallest step size where all failed."""
    return min(trials, key=lambda r: (r.failed, r.lr if r.failed else r.badness))


def summary(comparison: Comparison, trials: Sequence[EntryResult], results: Sequence[EntryResult]) -> dict[str, Any]:
    """Everything, as plain data: the settings, the standings best first, the search, and all results."""
    badness = {label: _mean_badness(r for r in results if r.method == label) for label in comparison.entries}
    rows = [
        {
            **standing(label, [r for r in results if r.method == label], [t for t in trials if t.method == label]),
            "theory": METHOD_REGISTRY.build(comparison.entries[label].method).theory,
        }
        for label in comparison.entries
    ]
    for row in rows:
        row["rates"] = rates_at(comparison.game, row["lr"], row["ratio"])
    rows.sort(key=lambda row: (row["failures"], badness[row["method"]], -row["evaluations"]))
    scored = next((r for r in results if not r.failed), results[0])
    methods = [METHOD_REGISTRY.build(comparison.entries[row["method"]].method) for row in rows]
    return {
        "settings": comparison.plain(),
        "optimizers": {name: str(player.optimizer["name"]) for name, player in comparison.game.players.items()},
        "metric": scored.metric,
        "measure": scored.measure,
        "standings": [{"rank": rank, **row} for rank, row in enumerate(rows, start=1)],
        "search": [asdict(t) for t in trials],
        "results": [asdict(r) for r in results],
        "citations": list(dict.fromkeys(paper for method in methods for paper in bibtex(method))),
    }


def standing(label: str, results: Sequence[EntryResult], trials: Sequence[EntryResult]) -> dict[str, Any]:
    """One row: mean and spread over the seeds that did not fail, the worst seed, and what it cost.

    A failure is never dropped: it is counted, it is the worst seed, and it ranks behind every method that fails less.
    """
    scores = [r.score for r in results if r.score is not None]
    worst = max(results, key=lambda r: (r.failed, r.badness))
    return {
        "method": label,
        "lr": results[0].lr,
        "ratio": results[0].ratio,
        "mean": statistics.fmean(scores) if scores else None,
        "spread": statistics.stdev(scores) if len(scores) > 1 else 0.0 if scores else None,
        "worst": worst.score,
        "worst_seed": worst.seed,
        "failures": sum(r.failed for r in results),
        "seeds": len(results),
        "outcomes": {o: sum(r.outcome == o for r in results) for o in dict.fromkeys(r.outcome for r in results)},
        "steps": statistics.fmean(r.steps for r in results),
        "evaluations": statistics.fmean(r.evaluations for r in results),
        "products": statistics.fmean(r.products for r in results),
        "seconds": statistics.fmean(r.seconds for r in results),
        "search_evaluations": sum(t.evaluations for t in trials),
        "search_at_edge": _at_edge(results[0].lr, [t.lr for t in trials])
        or _at_edge(results[0].ratio, [t.ratio for t in trials]),
    }


def _at_edge(value: float, tried: Sequence[float]) -> bool:
    """Whether a chosen value is the least or the greatest of several that were tried."""
    return len(set(tried)) > 1 and value in (min(tried), max(tried))


def _mean_badness(results: Iterable[EntryResult]) -> float:
    """Over the seeds that did not fail: of a score that is right at a value, the mean may be right by chance."""
    badness = [result.badness for result in results if not result.failed]
    return statistics.fmean(badness) if badness else math.inf
