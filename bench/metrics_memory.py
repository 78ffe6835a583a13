"""Peak memory and time of metrics on large feature sets: 50,000 x 2,048 must stay under 2 GB.

Each case runs in a process of its own, because ru_maxrss never falls. Both sets are float32, as extractors give them.
What the process holds before the metric (imports and both sets) is printed beside the peak, which includes it.

    OMP_NUM_THREADS=1 python bench/metrics_memory.py [--rows N] [--width D] [--cases NAME ...] [--json]
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saddlepoint.metrics import Moments, frechet_from_moments, kernel_distance, precision_recall

Array = NDArray[np.float32]
#: Rows of a chunk in the streamed case: what an extractor's batch gives.
CHUNK = 1000


def frechet_streamed(real: Array, generated: Array) -> float:
    """The Fréchet distance, each set added in chunks."""
    both = []
    for features in (real, generated):
        moments = Moments(features.shape[1])
        for start in range(0, len(features), CHUNK):
            moments.add(features[start : start + CHUNK])
        both.append(moments)
    return frechet_from_moments(both[0], both[1])


CASES: dict[str, Callable[[Array, Array], Any]] = {
    "frechet": frechet_streamed,
    "kernel": kernel_distance,
    "precision_recall": lambda real, generated: precision_recall(real, generated, k=3),
}


def peak_gb() -> float:
    """Most memory that this process ever held, in GB of 10⁹ bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e9


def measure(case: str, rows: int, width: int) -> dict[str, Any]:
    """One case, in this process."""
    rng = np.random.default_rng(0)
    real, generated = (rng.standard_normal((rows, width), dtype=np.float32) for _ in range(2))
    before, begin = peak_gb(), time.perf_counter()
    value = CASES[case](real, generated)
    return {
        "case": case,
        "rows": rows,
        "width": width,
        "before_gb": before,
        "peak_gb": peak_gb(),
        "seconds": time.perf_counter() - begin,
        "value": repr(value),
    }


def main() -> None:
    """Measure the cases and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=50_000, help="of each set")
    parser.add_argument("--width", type=int, default=2048, help="of a feature")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.here:
        print(json.dumps(measure(arguments.cases[0], arguments.rows, arguments.width)))
        return
    found = []
    for case in arguments.cases:
        size = ["--rows", str(arguments.rows), "--width", str(arguments.width)]
        command = [sys.executable, __file__, "--here", "--cases", case, *size]
        found.append(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))
    if arguments.json:
        print(json.dumps(found, indent=2))
        return
    print("| metric | rows x width | GB before | peak GB | seconds |\n|---|---|---|---|---|")
    for row in found:
        print(
            f"| {row['case']} | {row['rows']:,} x {row['width']:,} | {row['before_gb']:.2f} | {row['peak_gb']:.2f} "
            f"| {row['seconds']:.0f} |"
        )


if __name__ == "__main__":
    main()
