"""A comparison of three methods, as `saddle compare` would have found it."""


def result(method, seed, score, curve, failed=False):
    evaluations = [4.0 * place for place in range(len(curve))]
    columns = {"evaluations": evaluations, "seconds": [e / 100 for e in evaluations], "score": curve}
    return {
        "method": method,
        "lr": 0.1,
        "seed": seed,
        "score": score,
        "failed": failed,
        "start": f"start-{seed}",
        "evaluations": 4 * (len(curve) - 1),
        "seconds": 0.1,
        "curve": columns if curve else {},
    }


def row(rank, method, mean, failures=0, **changes):
    return {
        "rank": rank,
        "method": method,
        "lr": 0.1,
        "ratio": 1.0,
        "rates": {"generator": 0.1, "discriminator": 0.1},
        "theory": "gradient descent",
        "mean": mean,
        "spread": None if mean is None else 0.0,
        "worst": mean if not failures else None,
        "worst_seed": 1,
        "failures": failures,
        "seeds": 2,
        "evaluations": 12.0,
        "products": 0.0,
        "seconds": 0.1,
        "search_evaluations": 0,
        "search_at_edge": False,
        **changes,
    }


def made_up(**changes):
    """Method `<a>` reaches the solution, `b` fails at one seed of two, `c` at both, at once."""
    good, bad = [1.0, 0.1, 0.01, 0.0], [1.0, 10.0, 1e200, None]
    comparison = {
        "settings": {
            **{"on": "bilinear", "entries": {"<a>": {}, "b": {}, "c": {}}, "seeds": 2},
            **{"search": [0.1, 1.0], "ratios": [0.125, 8.0]},
        },
        "optimizers": {"generator": "Adam", "discriminator": "Adam"},
        "metric": "distance",
        "measure": {"direction": "lower", "target": None, "summary": "", "unit": ""},
        "standings": [
            row(1, "<a>", 0.0, products=24.0, search_evaluations=8, search_at_edge=True),
            row(2, "b", 0.5, 1),
            row(3, "c", None, 2),
        ],
        "search": [
            {"method": "<a>", "lr": 0.1, "ratio": 1.0, "failed": False, "score": 0.5},
            {"method": "<a>", "lr": 1.0, "ratio": 1.0, "failed": True, "score": None},
            {"method": "<a>", "lr": 0.1, "ratio": 0.125, "failed": False, "score": 0.7},
            {"method": "<a>", "lr": 0.1, "ratio": 8.0, "failed": False, "score": 0.9},
        ],
        "results": [
            result("<a>", 0, 0.0, good),
            result("<a>", 1, 0.0, good),
            result("b", 0, 0.5, [1.0, 0.8, 0.6, 0.5]),
            result("b", 1, None, bad, failed=True),
            result("c", 0, None, [], failed=True),
            result("c", 1, None, [], failed=True),
        ],
        "citations": ["@article{x,\n  title={A & B}}"],
        "command": ["saddle", "compare", "bilinear", "--methods", "<a>,b,c"],
        "versions": {"saddlepoint": "0"},
    }
    return {**comparison, **changes}
