"""One command as several processes of this machine, that train one game together."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType

import torch.distributed as dist

from saddlepoint.cli.console import err
from saddlepoint.training.processes import CONTINUES, PARENT

#: Seconds that the others have to end by themselves, where one has failed.
GRACE = 5.0


def launch(many: int, arguments: Sequence[str]) -> int:
    """Run `saddle …` as so many ranks, and wait for all; the exit code of rank 0, or of whoever failed.

    Ctrl-C and SIGTERM reach rank 0, and by it the others. Where one dies, all end.

    Args:
        many: processes.
        arguments: of the command line.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    store = dist.TCPStore(  # type: ignore[attr-defined]
        "127.0.0.1", 0, is_master=True, wait_for_workers=False
    )
    common = {
        "WORLD_SIZE": str(many),
        "LOCAL_WORLD_SIZE": str(many),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(store.port),
        # As those of torchrun: the store is this process's, and outlives rank 0.
        "TORCHELASTIC_USE_AGENT_STORE": "True",
        "TORCHELASTIC_RESTART_COUNT": "0",
        "TORCH_CPP_LOG_LEVEL": os.environ.get("TORCH_CPP_LOG_LEVEL", "ERROR"),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(max(1, cores // many))),
        PARENT: str(os.getpid()),
    }
    # As this process finds modules of the user's.
    here = () if sys.path and sys.path[0] in ("", str(Path.cwd())) else ("-P",)
    command = [sys.executable, *here, "-m", "saddlepoint", *arguments]
    ranks = [
        subprocess.Popen(
            command, env={**os.environ, **common, "RANK": str(k), "LOCAL_RANK": str(k)}, start_new_session=True
        )
        for k in range(many)
    ]

    def forward(number: int, _frame: FrameType | None) -> None:
        with suppress(OSError):
            ranks[0].send_signal(number)

    before = {number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return _awaited(ranks)
    finally:
        for process in ranks:
            process.kill()
            process.wait()
        for number, handler in before.items():
            signal.signal(number, handler)


def _awaited(ranks: Sequence["subprocess.Popen[bytes]"]) -> int:
    until: float | None = None
    lost: int | None = None
    while None in [process.poll() for process in ranks]:
        if lost is None:
            lost = next((k for k, process in enumerate(ranks) if process.returncode not in (None, 0)), None)
            if lost is not None:
                until = time.monotonic() + GRACE
                if (code := ranks[lost].returncode) < 0:
                    name = signal.Signals(-code).name
                    err.print(f"Error: rank {lost} was ended by {name}: all {len(ranks)} processes end; {CONTINUES}")
        if until is not None and time.monotonic() > until:
            break
        time.sleep(0.05)
    codes = [process.poll() for process in ranks]
    if codes[0] is not None and codes[0] > 0:
        return codes[0]
    return max((abs(code) and 1 for code in codes if code), default=0)
