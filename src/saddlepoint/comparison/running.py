"""Run a comparison: search step sizes, let all play, in parallel, and keep what is finished."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from saddlepoint.comparison.entry import Entry, EntryResult
from saddlepoint.comparison.settings import Comparison
from saddlepoint.comparison.standings import chosen, summary
from saddlepoint.configuration import ConfigurationError
from saddlepoint.runs.progress import err
from saddlepoint.storage import RunFolder, remove_partial
from saddlepoint.training import RunFailed

#: Analytic games below so many evaluations in all are over before a process has started.
SMALL = 30_000

#: Processes that may be killed, the last included, without anything that is finished meanwhile.
DEATHS = 3

T = TypeVar("T")
R = TypeVar("R")

#: Told how many runs are done, parts of runs counted, and how many there are.
OnRun = Callable[[float, int], None]


def run(
    comparison: Comparison, path: Path, *, jobs: int | None = None, progress: OnRun = lambda _done, _of: None
) -> dict[str, Any]:
    """Play all in a folder, or what is left of it, and return everything as plain data, see `summary`.

    Args:
        comparison: what is played.
        path: its folder; finished entries in it are not played again.
        jobs: processes; None is one a core, or this process alone where the games are small.
        progress: is told how far it is.

    Raises:
        ConfigurationError: the folder holds another comparison, or a method does not fit the game.
        RunBusy: another process is at work in this folder.
        RunFailed: processes died again and again; the same call goes on from here.
        KeyboardInterrupt: a signal stopped it; the same call goes on from here.
    """
    folder = RunFolder(path)
    with folder.held():
        if folder.config.exists():
            _agree(comparison, folder)
        folder.write_config(comparison.plain())
        remove_partial(path / "results")
        trials = [
            Entry(comparison, path, label, h, comparison.seeds, trial=True)
            for label in comparison.entries
            if comparison.searched(label)
            for h in comparison.search
        ]
        searched = [label for label in comparison.entries if comparison.searched(label)]
        before = len(trials) + len(searched) * len(comparison.ratios)
        of = before + len(comparison.entries) * comparison.seeds
        jobs = jobs or _jobs(comparison, of)
        tried = _play(trials, jobs, lambda done: progress(done, of))
        sizes = {label: chosen(r for r in tried if r.method == label).lr for label in searched}
        turned = [
            Entry(comparison, path, label, sizes[label], comparison.seeds, trial=True, ratio=ratio)
            for label in searched
            for ratio in comparison.ratios
        ]
        tried += _play(turned, jobs, lambda done: progress(len(trials) + done, of))
        best = {label: chosen(r for r in tried if r.method == label) for label in searched}
        rates = {
            label: (entry.lr, 1.0) if entry.lr else (best[label].lr, best[label].ratio)
            for label, entry in comparison.entries.items()
        }
        entries = [
            Entry(comparison, path, label, rates[label][0], seed, ratio=rates[label][1])
            for seed in range(comparison.seeds)
            for label in comparison.entries
        ]
        played = _play(entries, jobs, lambda done: progress(before + done, of))
        return summary(
            comparison, tried, sorted(played, key=lambda r: (list(comparison.entries).index(r.method), r.seed))
        )


def _agree(comparison: Comparison, folder: RunFolder) -> None:
    try:
        differences = comparison.differences(Comparison.read(folder.read_config()))
    except ValueError as error:
        raise ConfigurationError(f"{folder.path} holds no comparison: give another folder with --out") from error
    if differences:
        more = "; …" if len(differences) > 3 else ""
        raise ConfigurationError(
            f"{folder.path} holds another comparison ({'; '.join(differences[:3])}{more}): "
            "give another folder with --out"
        )


def _jobs(comparison: Comparison, runs: int) -> int:
    if (
        comparison.analytic is not None
        and comparison.budget.minutes is None
        and runs * (comparison.budget.evaluations or 0) < SMALL
    ):
        return 1
    return min(runs, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _play(entries: Sequence[Entry], jobs: int, progress: Callable[[float], None]) -> list[EntryResult]:
    """The results in the order of the entries."""
    kept = {c: result for c in entries if (result := c.kept()) is not None}
    left = [c for c in entries if c not in kept]
    progress(len(kept))
    played = _in_turn(left, len(kept), progress) if jobs == 1 else _in_processes(left, jobs, len(kept), progress)
    results = kept | dict(played)
    return [results[c] for c in entries]


def _in_turn(
    left: Iterable[Entry], before: int, progress: Callable[[float], None]
) -> Iterator[tuple[Entry, EntryResult]]:
    for done, entry in enumerate(left, start=before):
        yield entry, entry.play(partial(_further, progress, done))
        progress(done + 1)


def _further(progress: Callable[[float], None], done: int, share: float) -> None:
    progress(done + share)


def _in_processes(
    left: Sequence[Entry], jobs: int, before: int, progress: Callable[[float], None]
) -> list[tuple[Entry, EntryResult]]:
    context = multiprocessing.get_context("spawn")
    shares, stop = context.Value("d", 0.0), context.Event()
    played = gathered(
        _work,
        left,
        jobs,
        begin=partial(_begin, shares, stop),
        watch=lambda _: progress(before + shares.value),
        stop=stop.set,
    )
    return list(zip(left, played, strict=True))


def gathered(
    work: Callable[[T], R],
    items: Sequence[T],
    jobs: int,
    *,
    begin: Callable[[], None],
    watch: Callable[[int], None],
    stop: Callable[[], None] = lambda: None,
) -> list[R]:
    """What `work` gives of each item, in processes.

    Where one of them dies (killed, or for want of memory), that is told, and what is not finished is begun again by
    half as many.

    Args:
        work, items, begin: can be pickled; `begin` is called first in each process.
        jobs: processes.
        watch: is told several times a second how many are finished.
        stop: asks the processes to leave, where an exception ends the work.

    Raises:
        RunFailed: `DEATHS` processes died, and no item was finished meanwhile.
    """
    found: dict[int, R] = {}
    deaths = 0
    while left := [place for place in range(len(items)) if place not in found]:
        before = len(found)
        with (
            terminable(),
            ProcessPoolExecutor(
                min(jobs, len(left)), mp_context=multiprocessing.get_context("spawn"), initializer=begin
            ) as pool,
        ):
            futures: dict[Future[R], int] = {}
            try:
                with nameless_main():
                    futures |= {pool.submit(work, items[place]): place for place in left}
                waiting = set(futures)
                while waiting:
                    done, waiting = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
                    found |= {futures[future]: future.result() for future in done}
                    watch(len(found))
            except BrokenProcessPool as error:
                # All that wait end by this error; those that were finished beside it count.
                finished = [future for future in futures if future.done() and future.exception() is None]
                found |= {futures[future]: future.result() for future in finished}
                deaths = deaths + 1 if len(found) == before else 1
                if deaths == DEATHS:
                    raise RunFailed(
                        "a process died again, perhaps for want of memory: the same command goes on, with --jobs 1 if "
                        "so"
                    ) from error
                jobs = max(1, jobs // 2)
                others = f"{len(items) - len(found)} of {len(items)} go on in {jobs} process{'es' if jobs > 1 else ''}"
                err.print(
                    f"note: a process died, perhaps for want of memory: {others}",
                    markup=False,
                    soft_wrap=True,
                )
            except BaseException:
                stop()  # those at work save and leave
                pool.shutdown(wait=True, cancel_futures=True)
                raise
    return [found[place] for place in range(len(items))]


@contextmanager
def nameless_main() -> Iterator[None]:
    """Inside the block the program has no file of its own, so that new processes don't run a user's script again."""
    main = sys.modules["__main__"]
    kept = {name: vars(main)[name] for name in ("__file__", "__spec__") if name in vars(main)}
    for name in kept:
        setattr(main, name, None)
    try:
        yield
    finally:
        for name, value in kept.items():
            setattr(main, name, value)


@contextmanager
def terminable() -> Iterator[None]:
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


def _work(entry: Entry) -> EntryResult:
    if (kept := entry.kept()) is not None:  # of a process that died before it could say so
        return kept
    shares, stop = _shared
    told = 0.0

    def tell(share: float) -> None:
        nonlocal told
        with shares.get_lock():
            shares.value += share - told
        told = share

    def watch(share: float) -> None:
        if stop.is_set():
            if entry.comparison.analytic is not None:
                raise KeyboardInterrupt
            signal.raise_signal(signal.SIGTERM)  # the loop of training ends after this step, and saves
        if share - told > 0.01:
            tell(share)

    _at_work.set()
    try:
        if stop.is_set():
            raise KeyboardInterrupt
        result = entry.play(watch)
        tell(1.0)
        return result
    finally:
        _at_work.clear()
