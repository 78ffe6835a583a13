"""The table of steps in one command: ours against plain PyTorch, compiled plain PyTorch and JAX.

Each side is a process of its own, JAX in an environment of its own, which is made below --folder. All are asked for
blocks of steps in turn, back and forth, so that a noisy machine disturbs all alike; each is kept on as many threads.
A cell is the median of the ratios of its blocks to the plain loop's neighbouring ones, with the quartiles.

    python bench/suite.py [--minutes 10] [--threads 1] [--folder build/suite] [--json FILE]
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from saddlepoint.cache import cache_folder
from saddlepoint.core import Outcome
from saddlepoint.engine import CompiledSteps, PackageCompiler
from saddlepoint.runs.assembly import Assembly, assemble
from step import CASES, Step, by_hand, by_us, settled

#: Sides in Python of this environment: `compiled` is the plain loop with `torch.compile` of both networks, `graph`
#: ours by `--engine compiled`.
OURS = ("hand", "ours", "compiled", "graph")
JAX = Path(__file__).parent / "peers" / "jax_classic.py"


# --- in the process of a side -----------------------------------------------------------------------------------


def compiled(start: Assembly) -> Assembly:
    """The same players, whose forward passes `torch.compile` makes."""
    for player in start.game.players.values():
        player.compile(fullgraph=True, dynamic=False)
    return start


def by_graph(start: Assembly) -> Step:
    """The step of our loop as one graph, compiled into the same folder as by `saddle train`."""
    steps = CompiledSteps(start.game, start.method, PackageCompiler(cache_folder() / "compiled"))
    steps.look_ahead(start.batches)

    def step() -> None:
        assert steps.step(start.batches).outcome is Outcome.RUNNING

    return step


def work(side: str, case: str, threads: int) -> None:
    """Answer blocks of steps on stdin by milliseconds a step, wall and CPU, on stdout."""
    torch.set_num_threads(threads)
    config, data = settled(*CASES[case])
    start = assemble(config, data)
    made: dict[str, Callable[[], Step]] = {
        "hand": lambda: by_hand(config, data, start),
        "compiled": lambda: by_hand(config, data, compiled(start)),
        "ours": lambda: by_us(start),
        "graph": lambda: by_graph(start),
    }
    step = made[side]()
    for _ in range(10):
        step()
    print(json.dumps({"ready": f"torch {torch.__version__}"}), flush=True)
    for line in sys.stdin:
        steps, wall, cpu = int(line), time.perf_counter(), time.process_time()
        for _ in range(steps):
            step()
        took = time.perf_counter() - wall, time.process_time() - cpu
        print(json.dumps([t / steps * 1e3 for t in took]), flush=True)


# --- in the process that asks -----------------------------------------------------------------------------------


class Side:
    """A process that plays blocks of steps.

    Args:
        words: its command.
        threads: that it may use.

    Raises:
        RuntimeError: it ended before it was ready; the last line that it said.
    """

    def __init__(self, words: list[str], threads: int, log: Path) -> None:
        flags = (
            f"--xla_cpu_multi_thread_eigen={'true' if threads > 1 else 'false'} intra_op_parallelism_threads={threads}"
        )
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
        with log.open("w") as errors:
            self._process = subprocess.Popen(
                words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
            )
        try:
            self.version = str(self._answer()["ready"])
        except RuntimeError as error:
            lines = [line for line in log.read_text().splitlines() if line.strip()]
            raise RuntimeError(lines[-1] if lines else str(error)) from error

    def block(self, steps: int) -> tuple[float, float]:
        """Milliseconds a step, wall and CPU."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{steps}\n")
        self._process.stdin.flush()
        wall, cpu = self._answer()
        return wall, cpu

    def end(self) -> None:
        """Let it go."""
        self._process.kill()
        self._process.communicate()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"it ended with {self._process.wait()}")
        return json.loads(line)


def jax_python(folder: Path) -> Path:
    """The interpreter of an environment with JAX, made where there is none."""
    python = folder / "jax" / "bin" / "python"
    if not python.exists():
        venv.create(folder / "jax", with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "jax"], check=True)
    return python


def begun(case: str, threads: int, folder: Path) -> tuple[dict[str, Side], dict[str, str]]:
    """The sides of a case that there are, and why the others are not."""
    commands: dict[str, Callable[[], list[str]]] = {
        side: lambda side=side: [sys.executable, __file__, "--work", side, case, "--threads", str(threads)]  # type: ignore[misc]
        for side in OURS
    }
    if case.startswith("classic"):
        commands["jax"] = lambda: [str(jax_python(folder)), str(JAX), case.rpartition(" ")[2]]
    sides: dict[str, Side] = {}
    absent: dict[str, str] = {}
    for side, words in commands.items():
        try:
            sides[side] = Side(words(), threads, folder / f"{side}.log")
            sides[side].block(20)
        except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
            absent[side] = str(error)
            if side in sides:
                sides.pop(side).end()
    return sides, absent


def measured(sides: dict[str, Side], seconds: float) -> dict[str, dict[str, list[float]]]:
    """Blocks of each side by clock, in turn for so many seconds."""
    hand = sides["hand"].block(20)[0]
    steps = max(20, round(400 / hand))  # a block takes about 0.4 s
    times: dict[str, dict[str, list[float]]] = {side: {"wall": [], "cpu": []} for side in sides}
    until, turn = time.monotonic() + seconds, 0
    while time.monotonic() < until or turn < 4:
        for side in sides if turn % 2 == 0 else reversed(sides):
            for clock, took in zip(("wall", "cpu"), sides[side].block(steps), strict=True):
                times[side][clock].append(took)
        turn += 1
    return times


def summary(times: dict[str, dict[str, list[float]]]) -> dict[str, dict[str, Any]]:
    """Median milliseconds, and the median and quartiles of ratios to the plain loop, by side and clock."""
    found: dict[str, dict[str, Any]] = {}
    for side, clocks in times.items():
        found[side] = {}
        for clock, own in clocks.items():
            ratios = [a / b for a, b in zip(own, times["hand"][clock], strict=True)]
            low, _, high = statistics.quantiles(ratios, n=4)
            found[side][clock] = {
                "ms": statistics.median(own),
                "ratio": statistics.median(ratios),
                "quartiles": [low, high],
                "blocks": len(own),
            }
    return found


def processor() -> str:
    """The processor's name and instructions."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        facts = dict(line.split(":", 1) for line in info.read_text().splitlines() if ":" in line)
        facts = {key.strip(): value.strip() for key, value in facts.items()}
        name = f"{facts.get('model name', name)}, family {facts.get('cpu family')}, model {facts.get('model')}"
    return f"{name}, {torch.backends.cpu.get_cpu_capability()}, {os.cpu_count()} cores"


def main() -> None:
    """Measure all cases and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="for all blocks together; starts take two more")
    parser.add_argument("--threads", type=int, default=1, help="of each side (1: least noise)")
    parser.add_argument("--folder", type=Path, default=Path("build/suite"), help="for environments of peers and logs")
    parser.add_argument("--json", type=Path, help="write all numbers there, too")
    parser.add_argument("--work", nargs=2, metavar=("SIDE", "CASE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        side, case = arguments.work
        work(side, case, arguments.threads)
        return
    arguments.folder.mkdir(parents=True, exist_ok=True)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    whole: dict[str, Any] = {"processor": processor(), "threads": arguments.threads, "load": load, "cases": {}}
    print(f"{whole['processor']}; {arguments.threads} thread(s) a side; load {load:.1f}\n")
    print(
        "| case | side | ms a step, CPU | ratio, CPU | ratio, wall | blocks | versions |\n|---|---|---|---|---|---|---|"
    )
    for case in CASES:
        sides, absent = begun(case, arguments.threads, arguments.folder)
        try:
            found = summary(measured(sides, 60 * arguments.minutes / len(CASES)))
        finally:
            for one in sides.values():
                one.end()
        for name, clocks in found.items():
            cpu, wall = (
                f"{c['ratio']:.3f} ({c['quartiles'][0]:.3f} to {c['quartiles'][1]:.3f})"
                for c in (clocks["cpu"], clocks["wall"])
            )
            told = f"{clocks['cpu']['ms']:.2f} | {cpu} | {wall} | {clocks['cpu']['blocks']} | {sides[name].version}"
            print(f"| {case} | {name} | {told} |")
        for name, why in absent.items():
            print(f"| {case} | {name} | refused: {why[:160]} | | | | |", flush=True)
        whole["cases"][case] = {"found": found, "absent": absent}
    if arguments.json:
        arguments.json.write_text(json.dumps(whole, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
