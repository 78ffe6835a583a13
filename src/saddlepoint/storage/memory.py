"""Memory: what is left of it, and what is told where more was asked for."""

import re
import sys
from contextlib import suppress
from pathlib import Path
from traceback import clear_frames

#: How libraries say that they got none.
_SAID = re.compile(
    r"out of memory|OutOfMemory|not enough memory|can't allocate memory|cannot allocate memory|unable to allocate|"
    r"bad_alloc|size calculation overflowed|array is too big|integer multiplication overflow|"
    r"maximum supported dimension|failed to map segment|could not create a primitive(?! desc)",
    re.IGNORECASE,
)
_ASKED = re.compile(r"allocate ([\d.]+) ?(bytes|[KMGTPE]i?B)", re.IGNORECASE)
#: Where a system says nothing of its memory, or too little is left to read it.
_UNTOLD = (ImportError, OSError, ValueError, IndexError, MemoryError)
#: Bytes that have to be free where a command begins.
LEAST = 32 << 20
_UNITS = {letter: 1024**power for power, letter in enumerate("bkmgtpe")}


def shortage(error: BaseException) -> str | None:
    """What was asked for and what there is, where an error, or what caused it, is for want of memory; else None.

    >>> shortage(ValueError("no such class")) is None
    True
    """
    while not isinstance(error, MemoryError) and not _SAID.search(f"{type(error).__name__} {error}"):
        if error.__cause__ is None:
            return None
        error = error.__cause__
    clear_frames(error.__traceback__)  # where it was raised, what took the memory is still held
    asked = _ASKED.search(str(error))
    amount = "more" if asked is None else in_words(float(asked[1]) * _UNITS[asked[2][0].lower()])
    torch = sys.modules.get("torch")
    if type(error).__name__ == "OutOfMemoryError" or "CUDA" in str(error):
        free = torch.cuda.mem_get_info()[0] if torch is not None and torch.cuda.is_available() else None
        device = "the GPU"
    else:
        free, device = free_memory(), "this computer"
    left = "" if free is None else f", and {in_words(free)} are free"
    return f"{device} has not enough memory: {amount} at once was asked for{left}"


def free_memory() -> int | None:
    """Bytes that this process may still get, by the machine, its container and its limits; None where nobody says."""
    found = []
    with suppress(*_UNTOLD):
        [line] = [line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemAvailable")]
        found.append(1024 * int(line.split()[1]))
    with suppress(*_UNTOLD):  # a container's; its page cache counts as used, and would be given back
        group = Path("/sys/fs/cgroup")
        used = int((group / "memory.current").read_text())
        cache = re.search(r"^inactive_file (\d+)$", (group / "memory.stat").read_text(), re.MULTILINE)
        limit = int((group / "memory.max").read_text())
        found.append(limit - used + (int(cache[1]) if cache else 0))
    with suppress(*_UNTOLD):
        import resource

        pages = [int(word) * resource.getpagesize() for word in Path("/proc/self/statm").read_text().split()]
        for limit, used in ((resource.RLIMIT_AS, pages[0]), (resource.RLIMIT_DATA, pages[5])):
            if (soft := resource.getrlimit(limit)[0]) != resource.RLIM_INFINITY:
                found.append(soft - used)
    return max(0, min(found)) if found else None


def bound_memory() -> None:
    """Let this process not take more than is free now: an error that can be told, in place of being killed.

    Systems promise more memory than they have, and kill whoever comes to use it. Nothing is done where there is a GPU,
    whose driver reserves addresses without using them, or where the system has no such limit.

    Raises:
        MemoryError: next to none is left, where libraries end a process in place of raising.
    """
    bytearray(LEAST)
    if any(Path(device).exists() for device in ("/dev/nvidiactl", "/dev/kfd")):
        return
    with suppress(ImportError, OSError, ValueError):
        import resource

        free = free_memory()
        used = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        if free is not None:
            soft = used + free if hard == resource.RLIM_INFINITY else min(hard, used + free)
            resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def in_words(count: float) -> str:
    """Bytes for people.

    >>> in_words(512), in_words(3 * 10**9)
    ('512 bytes', '3.0 GB')
    """
    if count >= 10**21:
        return "more than a billion TB"
    for size, unit in ((1e15, "PB"), (1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if count >= size:
            return f"{count / size:,.1f} {unit}"
    return f"{count:,.0f} bytes"
