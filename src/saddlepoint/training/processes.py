"""Processes that train one game together: how they join, what the first tells the others, and what ends them all.

The first, rank 0, leads: it alone writes, scores, draws and decides; the others evaluate their shares of the batches,
and wait for its word. A process that dies or hangs would leave the others waiting in a collective for good, so each has
a thread beside its work that shows that it lives, looks after its neighbour, and ends the process where one is lost.
"""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, NoReturn
from uuid import uuid4

import torch
import torch.distributed as dist

from saddlepoint.core.ranks import rank

#: Seconds between two signs of life, and after which a process that gave none is lost.
BEAT, SILENCE = 0.5, 10.0
#: What a launcher has to set.
VARIABLES = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
#: Collectives wait so long: for a rank that scores. Who is lost is found otherwise.
PATIENCE = timedelta(days=7)
#: How long processes wait for each other to come.
COMING = timedelta(minutes=5)
#: The process that started this one, which must not outlive it; set by `--processes`.
PARENT = "SADDLEPOINT_PARENT"
#: The store of this process's life, and a mark for each time that it joined.
_met: list[tuple[Any, int, int]] = []
_times: list[int] = []
CONTINUES = "what was saved last is intact, and the same command continues it, with as many processes as there are then"


def leads() -> bool:
    """Whether this process writes and decides: rank 0, or one that is alone."""
    return rank() == 0


def launched() -> int:
    """How many processes a launcher started, by its variables; 1 where there was none.

    Raises:
        ValueError: some of the variables are missing or no numbers.
    """
    many = os.environ.get("WORLD_SIZE", "1")
    if not many.isdecimal() or int(many) < 1:
        raise ValueError(f"WORLD_SIZE is {many!r}: a number of processes is expected")
    if int(many) == 1:
        return 1
    if missing := [name for name in VARIABLES if name not in os.environ]:
        raise ValueError(
            f"WORLD_SIZE is {many}, and {', '.join(missing)} not set: a launcher sets {', '.join(VARIABLES)}"
        )
    if not os.environ["RANK"].isdecimal() or int(os.environ["RANK"]) >= int(many):
        raise ValueError(f"RANK is {os.environ['RANK']!r}: a number below WORLD_SIZE={many} is expected")
    return int(many)


@contextmanager
def joined() -> Iterator[None]:
    """Inside the block this process plays with the others of its launcher; alone where there are none.

    Raises:
        ValueError: the launcher's variables are wrong.
        RuntimeError: the others do not come.
    """
    if launched() == 1 or dist.is_initialized():
        yield
        return
    accelerated = torch.cuda.is_available() and dist.is_nccl_available()
    store, number, many = _rendezvous()
    dist.init_process_group(
        "cpu:gloo,cuda:nccl" if accelerated else "gloo",
        store=dist.PrefixStore("collectives", store),  # type: ignore[attr-defined]
        rank=number,
        world_size=many,
        timeout=PATIENCE,
    )
    watch = _Watch(store, number, many)
    watch.start()
    try:
        yield
    except BaseException as error:
        if not watch.failed(error):  # another one says why
            raise SystemExit(1) from None
        raise
    else:
        watch.done()
        with suppress(RuntimeError):
            dist.barrier()
            dist.destroy_process_group()


def _rendezvous() -> tuple[Any, int, int]:
    """The store of all processes, a new part of it for each time that they join; the rank, and how many there are."""
    from torch.distributed.rendezvous import rendezvous  # where torch has no processes it has not this either

    if not _met:
        store, number, many = next(iter(rendezvous("env://", timeout=COMING)))
        _met.append((dist.PrefixStore(_round(store, number, many), store), number, many))  # type: ignore[attr-defined]
    store, number, many = _met[0]
    _times.append(len(_times))
    return dist.PrefixStore(f"time {len(_times)}", store), number, many  # type: ignore[attr-defined]


def _round(store: Any, number: int, many: int) -> str:
    """A name that these processes share with none before them.

    The store of a launcher that starts them again still holds what those before them wrote, addresses above all. So
    each comes with a mark of its own, and rank 0 answers every mark with the name of the round.
    """
    mark = uuid4().hex
    store.set(f"came {number}", mark)
    if number:
        name: str = store.get(f"round of {mark}").decode()
        store.set(f"joined {name} {number}", "")
        return name
    missing, until = set(range(1, many)), time.monotonic() + COMING.total_seconds()
    while missing:
        for other in sorted(missing):
            if store.check([f"joined {mark} {other}"]):
                missing.discard(other)
            elif store.check([f"came {other}"]):
                store.set(f"round of {store.get(f'came {other}').decode()}", mark)
        if time.monotonic() > until:
            raise RuntimeError(f"of {many} processes {sorted(missing)} did not come within {COMING}")
        time.sleep(0.02)
    return mark


def tell(word: Any) -> None:
    """Tell all others a word, plain data; they wait in `told` for it. Nothing where this process is alone."""
    if dist.is_initialized() and dist.get_world_size() > 1:
        dist.broadcast_object_list([word], src=0, device=torch.device("cpu"))


def told() -> Any:
    """What the first process tells."""
    heard: list[Any] = [None]
    dist.broadcast_object_list(heard, src=0, device=torch.device("cpu"))
    return heard[0]


def agreed(*numbers: int) -> tuple[int, ...]:
    """Of each number the largest of all ranks."""
    if not dist.is_initialized() or dist.get_world_size() == 1:
        return numbers
    all_numbers = torch.tensor(numbers)
    dist.all_reduce(all_numbers, op=dist.ReduceOp.MAX)
    return tuple(all_numbers.tolist())


class _Watch(threading.Thread):
    """Shows that this process lives, and ends it where another one is lost."""

    def __init__(self, store: Any, number: int, many: int) -> None:
        super().__init__(daemon=True, name="watch over ranks")
        # A connection of its own, as a wait of the main thread would hold the shared one.
        self.store = dist.PrefixStore("watch", store.clone())  # type: ignore[attr-defined]
        self.number, self.many, self.neighbour = number, many, (number + 1) % many
        self.parent = int(os.environ.get(PARENT, "0"))
        self.over = threading.Event()
        self.looked = time.monotonic()
        self.store.set(f"place {number}", f"{socket.gethostname()} {os.getpid()}")

    def run(self) -> None:
        """Beat, and look."""
        threading.Thread(target=self._guard, daemon=True, name="guard of the watch").start()
        seen, since, before = -1, time.monotonic(), time.monotonic()
        try:
            while not self.over.wait(BEAT):
                if self.parent and os.getppid() != self.parent:
                    self._leave("")
                self.store.add(f"beat {self.number}", 1)
                if self.store.check(["failed"]):
                    self._leave("")
                self.looked = time.monotonic()
                if self.store.check([f"done {self.neighbour}"]):
                    continue
                beats, now = self.store.add(f"beat {self.neighbour}", 0), time.monotonic()
                if beats != seen or now - before > SILENCE / 2:  # this process itself was stopped for a while
                    seen, since = beats, now
                before = self.looked = now
                if now - since > SILENCE:
                    self._lost()
        except Exception:  # the store is gone, with the process or the launcher that kept it
            if not self.over.is_set():
                self._leave(self._gone())

    def _guard(self) -> None:
        """Where rank 0 keeps the store, and is stopped, the watch itself waits for good."""
        while not self.over.wait(BEAT):
            behind = time.monotonic() - self.looked
            if 2 * SILENCE < behind < 4 * SILENCE:
                self._leave(self._gone())

    def _gone(self) -> str:
        """What is said where the store does not answer, by one of all."""
        return f"rank 0, or what started it, does not answer: all end; {CONTINUES}" * (self.number == 1)

    def _lost(self) -> None:
        host, pid = self.store.get(f"place {self.neighbour}").decode().rsplit(" ", 1)
        if self._first():
            self._say(
                f"rank {self.neighbour} (process {pid} on {host}) has given no sign of life for {SILENCE:.0f} seconds: "
                f"all {self.many} processes end; {CONTINUES}"
            )
        if host == socket.gethostname():  # one that is stopped would hold its launcher up
            with suppress(OSError):
                os.kill(int(pid), signal.SIGKILL)
        self._leave("")

    def failed(self, error: BaseException) -> bool:
        """This process ends by an error of its own, or by one that another's end made here; whether it is to say so."""
        if _by_others(error):
            # Whoever was lost is named by its neighbour, or by the launcher; then this process ends in its turn.
            time.sleep(2 * SILENCE)
            self._leave(f"rank {self.number} has lost the others; {CONTINUES}")
        if self.number:  # what fails on all is said by rank 0
            time.sleep(1)
        first = True
        with suppress(Exception):
            first = self._first()
        self.done()
        return first

    def _first(self) -> bool:
        """Whether this is the first process that says that all end."""
        first = self.store.add("sayers", 1) == 1
        self.store.set("failed", str(self.number))
        return first

    def done(self) -> None:
        """This process is through."""
        self.over.set()
        with suppress(Exception):
            self.store.set(f"done {self.number}", "")

    def _say(self, sentence: str) -> None:
        if sentence:
            print(f"Error: {sentence}", file=sys.stderr, flush=True)

    def _leave(self, sentence: str) -> NoReturn:
        self._say(sentence)
        sys.stdout.flush()
        os._exit(1)


def _by_others(error: BaseException) -> bool:
    """Whether an error is that a collective or the store failed."""
    if isinstance(error, dist.DistError):
        return True
    words = ("gloo", "Connection closed by peer", "Connection reset", "NCCL", "Broken pipe", "Read error")
    return isinstance(error, RuntimeError) and any(word in str(error) for word in words)
