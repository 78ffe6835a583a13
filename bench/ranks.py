"""What a step costs on 1, 2 and 4 ranks of one machine, and what a model of it predicts for many devices.

Each rank counts its own processor seconds (which do not depend on who else uses the machine), the growth of its memory
from before the first step to the peak, and what it sends: collectives and bytes a step, which are exact. A step's time
is then modelled as

    T(N) = fixed + sample · batch / N + sharing + collectives · latency · log2 N + 2 (N - 1) / N · bytes / bandwidth

    T(N) = fixed + sample · batch / N + sharing + collectives · latency · log2 N + 2 (N - 1) / N · bytes / width
these; `width` is bytes a second. Networks are stated, not measured.

    python bench/ranks.py [--steps N] [--recipes NAME,…] [--json]
"""

import argparse
import json
import math
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

RANKS, WARM = (1, 2, 4), 5
#: A recipe and settings of it.
RECIPES: dict[str, tuple[str, list[str]]] = {
    "digits": ("digits", []),
    "images 32x32": ("images", []),
    "images 32x32, DCGAN (batch norm)": (
        "images",
        ["generator.network=dcgan-generator", "discriminator.network=dcgan-discriminator"],
    ),
}
#: Latency in seconds and bytes a second: what is stated of networks.
NETWORKS = {"slow: 50 µs, 1.25 GB/s": (50e-6, 1.25e9), "quick: 10 µs, 25 GB/s": (10e-6, 25e9)}
#: Devices: how many times as quick as a core of this machine, in what is fixed (launches) and in what is not.
DEVICES = {"a core": (1.0, 1.0), "500 cores": (3.0, 500.0)}
MANY = (8, 64, 1024)


def work(name: str, steps: int, part: int, folder: Path) -> dict[str, float]:
    """Steps of one rank: seconds, memory, what is sent."""
    import torch
    import torch.distributed as dist

    from saddlepoint.core.ranks import by_itself
    from saddlepoint.runs import configured
    from saddlepoint.runs.assembly import assemble
    from saddlepoint.tasks import task_of
    from saddlepoint.training.processes import joined

    torch.set_num_threads(1)
    recipe, settings = RECIPES[name]
    data = str(folder / "images.npz") if recipe == "images" else None
    config = configured(recipe, data=data, assignments=[*settings, "device=cpu"])
    config = config.planned(config.budget.samples)
    config = config.model_copy(update={"batch_size": config.batch_size // part})
    sent = [0, 0]
    reduce = dist.all_reduce

    def counted(tensor: Any, *args: Any, **kwargs: Any) -> Any:
        sent[0] += 1
        sent[1] += tensor.numel() * tensor.element_size()
        return reduce(tensor, *args, **kwargs)

    with joined():
        with by_itself():
            assembly = assemble(config, task_of(config).read(config))
        dist.all_reduce = counted
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(WARM):
            assembly.method.step(assembly.game, assembly.batches)
        sent[:] = [0, 0]
        processor, wall = time.process_time(), time.perf_counter()
        for _ in range(steps):
            assembly.method.step(assembly.game, assembly.batches)
        return {
            "parameters": sum(p.numel() for player in assembly.setup.players.values() for p in player.parameters()),
            "batch": config.batch_size,
            "processor": (time.process_time() - processor) / steps,
            "wall": (time.perf_counter() - wall) / steps,
            "memory": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
            "collectives": sent[0] / steps,
            "bytes": sent[1] / steps,
        }


def on_ranks(name: str, many: int, steps: int, folder: Path, part: int = 1) -> list[dict[str, float]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {"WORLD_SIZE": str(many), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--rank", name, "--steps", str(steps), "--folder", str(folder)]
    command += ["--part", str(part)]
    ranks = [
        subprocess.Popen(
            command, env={**os.environ, **shared, "RANK": str(k), "LOCAL_RANK": str(k)}, stdout=subprocess.PIPE
        )
        for k in range(many)
    ]
    said = [rank.communicate()[0] for rank in ranks]
    if any(rank.returncode for rank in ranks):
        raise SystemExit(f"{name}: a rank of {many} failed")
    return [json.loads(text.splitlines()[-1]) for text in said]


def predicted(found: dict[int, dict[str, float]], quarter: dict[str, float]) -> dict[str, dict[str, list[float]]]:
    """How many times as quick as one device so many are: by device and network."""
    batch = found[1]["batch"]
    whole, part = found[1]["processor"], quarter["processor"]
    sample = max(0.0, (whole - part) / (batch - quarter["batch"]))
    fixed = whole - sample * batch
    shared = [row["processor"] - fixed - sample * batch / many for many, row in found.items() if many > 1]
    sharing = max(0.0, sum(shared) / len(shared))
    result: dict[str, dict[str, list[float]]] = {}
    for device, (launches, quicker) in DEVICES.items():
        for network, (latency, bandwidth) in NETWORKS.items():
            alone = fixed / launches + sample * batch / quicker
            sending = found[2]
            result.setdefault(device, {})[network] = [
                alone
                / (
                    (fixed + sharing) / launches
                    + sample * batch / many / quicker
                    + sending["collectives"] * latency * math.log2(many)
                    + 2 * (many - 1) / many * sending["bytes"] / bandwidth
                )
                for many in MANY
            ]
    result["fit"] = {"ms: fixed, a sample, sharing": [fixed * 1e3, sample * 1e3, sharing * 1e3]}
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--recipes", default="")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rank", help=argparse.SUPPRESS)
    parser.add_argument("--part", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.rank:
        print(json.dumps(work(options.rank, options.steps, options.part, options.folder)))
        return
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        images = np.random.default_rng(0).integers(0, 256, (512, 32, 32, 3), np.uint8)
        np.savez(Path(folder) / "images.npz", images=images)
        for name in [name for name in RECIPES if not options.recipes or name in options.recipes.split(";")]:
            rows: dict[int, dict[str, float]] = {}
            for many in RANKS:
                ranks = on_ranks(name, many, options.steps, Path(folder))
                rows[many] = {key: float(np.mean([rank[key] for rank in ranks])) for key in ranks[0]}
            [quarter] = on_ranks(name, 1, options.steps, Path(folder), part=4)
            result[name] = {"ranks": rows, "predicted": predicted(rows, quarter)}
    if options.json:
        print(json.dumps(result, indent=1))
        return
    for name, found in result.items():
        one = found["ranks"][1]
        print(f"{name}: {one['parameters']:,.0f} parameters, batch {one['batch']:.0f}")
        print("ranks  processor ms  ratio   wall ratio   memory MB  ratio  collectives       kB")
        for many, row in found["ranks"].items():
            print(
                f"{many:>5}{row['processor'] * 1e3:>14.2f}{row['processor'] / one['processor']:>7.2f}"
                f"{row['wall'] / one['wall']:>13.2f}{row['memory']:>12.1f}{row['memory'] / one['memory']:>7.2f}"
                f"{row['collectives']:>13.1f}{row['bytes'] / 1e3:>9.1f}"
            )
        for device, networks in found["predicted"].items():
            for network, numbers in networks.items():
                print(f"  {device}, {network}: {', '.join(f'{number:.2f}' for number in numbers)}")
        print(f"  (the numbers of a network are speed-ups on {', '.join(map(str, MANY))} devices)\n")


if __name__ == "__main__":
    main()
