"""Several seeds at once, a process each. A run that was killed goes on when this is started again."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import mean, stdev

import saddlepoint as sp


def score(seed: int) -> float:
    """The score of one short run; it lies in a folder of its own."""
    run = sp.train("ring", samples=1000, seed=seed, out=f"seeds/{seed}", progress=False, settings={"threads": 1})
    return float(next(iter(run.metrics.values())))


if __name__ == "__main__":
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        scores = list(pool.map(score, range(2)))
    print(f"{mean(scores):.3f} ± {stdev(scores):.3f} over {len(scores)} seeds")
