"""Run a race: search step sizes, let all play, in parallel, and keep what is finished."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from saddlepoint.comparison.contestant import Contestant, Result
from saddlepoint.comparison.race import Race
from saddlepoint.comparison.standings import chosen, comparison
from saddlepoint.configuration import ConfigurationError
from saddlepoint.storage import RunFolder
from saddlepoint.train import RunFailed

#: Analytic games below so many evaluations in all are over before a process has started.
SMALL = 30_000

#: Told how many runs are done, parts of runs counted, and how many there are.
Progress = Callable[[float, int], None]


def run(
    race: Race, path: Path, *, jobs: int | None = None, progress: Progress = lambda _done, _of: None
) -> dict[str, Any]:
    """Run the race in a folder, or what is left of it, and return the comparison.

    Args:
        race: what is raced.
        path: its folder; finished contestants in it are not played again.
        jobs: processes; None is one a core, or this process alone where the race is small.
        progress: is told how far it is.

    Raises:
        ConfigurationError: the folder holds another race, or a method does not fit the game.
        RunBusy: another process races in this folder.
        RunFailed: a process died; the same call goes on from here.
        KeyboardInterrupt: a signal stopped it; the same call goes on from here.
    """
    folder = RunFolder(path)
    with folder.held():
        if folder.config.exists():
            _agree(race, folder)
        folder.write_config(race.plain())
        trials = [
            Contestant(race, path, label, h, race.seeds, trial=True)
            for label in race.entries
            if race.searched(label)
            for h in race.search
        ]
        of = len(trials) + len(race.entries) * race.seeds
        jobs = jobs or _jobs(race, of)
        tried = _play(trials, jobs, lambda done: progress(done, of))
        rates = {
            label: entry.lr or chosen(r for r in tried if r.method == label) for label, entry in race.entries.items()
        }
        contestants = [
            Contestant(race, path, label, rates[label], seed) for seed in range(race.seeds) for label in race.entries
        ]
        played = _play(contestants, jobs, lambda done: progress(len(trials) + done, of))
        return comparison(race, tried, sorted(played, key=lambda r: (list(race.entries).index(r.method), r.seed)))


def _agree(race: Race, folder: RunFolder) -> None:
    try:
        differences = race.differences(Race.read(folder.read_config()))
    except ValueError as error:
        raise ConfigurationError(f"{folder.path} holds no comparison: give another folder with --out") from error
    if differences:
        more = "; …" if len(differences) > 3 else ""
        raise ConfigurationError(
            f"{folder.path} holds another comparison ({'; '.join(differences[:3])}{more}): "
            "give another folder with --out"
        )


def _jobs(race: Race, runs: int) -> int:
    if race.analytic is not None and race.budget.minutes is None and runs * (race.budget.evaluations or 0) < SMALL:
        return 1
    return min(runs, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _play(contestants: Sequence[Contestant], jobs: int, progress: Callable[[float], None]) -> list[Result]:
    """The results in the order of the contestants."""
    kept = {c: result for c in contestants if (result := c.kept()) is not None}
    left = [c for c in contestants if c not in kept]
    progress(len(kept))
    played = _in_turn(left, len(kept), progress) if jobs == 1 else _in_processes(left, jobs, len(kept), progress)
    results = kept | dict(played)
    return [results[c] for c in contestants]


def _in_turn(
    left: Iterable[Contestant], before: int, progress: Callable[[float], None]
) -> Iterator[tuple[Contestant, Result]]:
    for done, contestant in enumerate(left, start=before):
        yield contestant, contestant.play(partial(_further, progress, done))
        progress(done + 1)


def _further(progress: Callable[[float], None], done: int, share: float) -> None:
    progress(done + share)


def _in_processes(
    left: Sequence[Contestant], jobs: int, before: int, progress: Callable[[float], None]
) -> list[tuple[Contestant, Result]]:
    if not left:
        return []
    context = multiprocessing.get_context("spawn")
    shares, stop = context.Value("d", 0.0), context.Event()
    with (
        _terminable(),
        ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin, initargs=(shares, stop)) as pool,
    ):
        waiting: set[Future[Result]] = set()
        try:
            futures = {pool.submit(_work, contestant): contestant for contestant in left}
            waiting = set(futures)
            while waiting:
                done, waiting = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
                progress(before + shares.value)
        except BrokenProcessPool as error:
            raise RunFailed(
                "a process of the race died, perhaps for want of memory: the same command goes on, with --jobs 1 if so"
            ) from error
        except BaseException:
            stop.set()  # those at work save and leave
            pool.shutdown(wait=True, cancel_futures=True)
            raise
        return [(contestant, future.result()) for future, contestant in futures.items()]


@contextmanager
def _terminable() -> Iterator[None]:
    """Inside the block SIGTERM is like Ctrl-C, so that the processes are told to save."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


# --- in a worker process --------------------------------------------------------------------------------

#: The shares that all workers have done, and the request to stop.
_shared: tuple[Any, Any] = (None, None)
_at_work = threading.Event()


def _begin(shares: Any, stop: Any) -> None:
    global _shared
    _shared = shares, stop
    if os.name == "posix":
        os.setpgrp()  # Ctrl-C of the terminal reaches the parent alone, which tells; a second signal would not save
    threading.Thread(target=_follow, daemon=True).start()


def _follow() -> None:
    """Leave, after saving, where the parent is gone."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        _shared[1].set()
        while _at_work.is_set():
            time.sleep(0.1)
        os._exit(1)


def _work(contestant: Contestant) -> Result:
    shares, stop = _shared
    told = 0.0

    def tell(share: float) -> None:
        nonlocal told
        with shares.get_lock():
            shares.value += share - told
        told = share

    def watch(share: float) -> None:
        if stop.is_set():
            if contestant.race.analytic is not None:
                raise KeyboardInterrupt
            signal.raise_signal(signal.SIGTERM)  # the loop of training ends after this step, and saves
        if share - told > 0.01:
            tell(share)

    _at_work.set()
    try:
        if stop.is_set():
            raise KeyboardInterrupt
        result = contestant.play(watch)
        tell(1.0)
        return result
    finally:
        _at_work.clear()
