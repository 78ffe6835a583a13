"""A DataFrame in, a DataFrame out, with a condition. Needs the extra `table`."""

import numpy as np
import pandas as pd

import saddlepoint as sp

rng = np.random.default_rng(0)
people = pd.DataFrame({"age": rng.integers(18, 80, 600), "city": rng.choice(["Ulm", "Bonn"], 600)})
people["income"] = (1000 + 40 * people["age"] + rng.normal(0, 300, 600)).round(2)

run = sp.train("table", data=people, samples=4000, out="people", progress=False)
made = run.sample(200, seed=7, where={"city": "Ulm"})
print(made.describe())
assert list(made.columns) == list(people.columns)
assert set(made["city"]) == {"Ulm"}
