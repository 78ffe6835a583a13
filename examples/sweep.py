"""A sweep of one setting: a run each, and a table of their scores."""

import saddlepoint as sp

scores = {}
for rate in (3e-4, 1e-3, 3e-3):
    run = sp.train("ring", samples=1000, seed=0, out=f"sweep/{rate:g}", progress=False, settings={"optimizer.lr": rate})
    scores[rate] = float(next(iter(run.metrics.values())))
name = next(iter(run.metrics))
for rate, score in sorted(scores.items(), key=lambda each: each[1]):
    print(f"lr {rate:g}: {name} {score:.3f}")
