"""Files and folders that a network is applied to: what is read, where the results go, what was left out."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from saddlepoint.cli.console import err, fail
from saddlepoint.configuration import ConfigurationError
from saddlepoint.data.folder import printable
from saddlepoint.disk import walk, without_links
from saddlepoint.storage import run_of

#: Failures that are named on the screen.
NAMED = 10


@dataclass(frozen=True)
class Job:
    """One file that is read, and where its result goes."""

    source: Path
    target: Path


def new_file(path: Path | None) -> Path | None:
    """A path that an option names for a result. Raises ConfigurationError where it is a run's own file."""
    run = None if path is None else run_of(path)
    if run is not None:
        raise ConfigurationError(f"{path} is a file of the run {run}, and would be written over: give another name")
    return path


def jobs_of(
    inputs: Sequence[Path],
    out: Path,
    below: Callable[[Path], Sequence[str]],
    renamed: Callable[[Path], Path],
    what: str,
    *,
    awaited: bool = False,
) -> list[Job]:
    """What is read, and where its result goes.

    Where results of several files would have one name, as those of a.flac and a.wav, each keeps its own ending before
    that of the result: a.flac.wav; one that has the result's ending already is not renamed.

    Args:
        inputs: files and folders.
        out: the folder of the results.
        below: paths below a folder of the files that are taken.
        renamed: the name of a result by that of its input.
        what: the files are, in the plural.
        awaited: whether folders may be empty, as files are still to come.

    Raises:
        ConfigurationError: an input that is not there or holds nothing to read, or a file that would be written twice
            or in the place of an input.
    """
    target = without_links(out)
    jobs = []
    for given in inputs:
        if given.is_dir():
            names = below(given)
            if without_links(given) in target.parents:
                # What an earlier call wrote below the folder is no input of the next.
                names = [name for name in names if target not in without_links(given / name).parents]
            if not names and not awaited:
                raise ConfigurationError(f"{given} holds no {what}: give files, or folders that have some below them")
            jobs += [Job(given / name, out / renamed(Path(name))) for name in names]
        elif given.exists():
            jobs.append(Job(given, out / renamed(Path(given.name))))
        else:
            raise ConfigurationError(f"{given} does not exist: give files or folders of {what}")
    jobs = jobs if awaited else [_ending(job) if len(same) > 1 else job for same in _by_target(jobs) for job in same]
    for same in _by_target(jobs):
        if len(same) > 1:
            raise ConfigurationError(
                f"{same[0].source} and {same[1].source} would both be written to {same[0].target}: rename one, or call "
                f"twice with two folders --out"
            )
    inputs_there = {without_links(job.source) for job in jobs}
    for job in jobs:
        if without_links(job.target) in inputs_there:
            raise ConfigurationError(f"{job.target} is an input, and would be written over: give another folder --out")
    return jobs


def _by_target(jobs: Sequence[Job]) -> list[list[Job]]:
    found = defaultdict(list)
    for job in jobs:
        found[job.target].append(job)
    return list(found.values())


def _ending(job: Job) -> Job:
    """The job with its source's ending before that of the result, where they differ."""
    own, target = job.source.suffix, job.target
    return job if own.lower() == target.suffix.lower() else Job(job.source, target.with_suffix(own + target.suffix))


class Arrivals:
    """Tells which files are whole and new: as large and as old at two looks in a row, and otherwise than when taken.

    >>> arrivals = Arrivals()
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "a.png"
    ...     job = Job(file, Path("out/a.png"))
    ...     _ = file.write_bytes(b"half")
    ...     first = arrivals([job])
    ...     _ = file.write_bytes(b"all of it")
    ...     [len(found) for found in (first, arrivals([job]), arrivals([job]), arrivals([job]))]
    [0, 0, 1, 0]
    """

    def __init__(self) -> None:
        self._seen: dict[Path, tuple[int, int]] = {}
        self._taken: dict[Path, tuple[int, int]] = {}

    def __call__(self, jobs: Sequence[Job]) -> list[Job]:
        """Those of the jobs that can be done now; they are then taken."""
        before, self._seen = self._seen, {}
        whole = []
        for job in jobs:
            try:
                found = job.source.stat()
            except OSError:  # it is gone again
                continue
            state = self._seen[job.source] = (found.st_size, found.st_mtime_ns)
            if state == before.get(job.source) and state != self._taken.get(job.source) and found.st_size:
                self._taken[job.source] = state
                whole.append(job)
        return whole


def others_below(inputs: Sequence[Path], out: Path, jobs: Sequence[Job]) -> list[Path]:
    """Files below folders that are given and that no job reads, without hidden ones and those below `out`."""
    target, taken = without_links(out), {without_links(job.source) for job in jobs}
    found = []
    for given in filter(Path.is_dir, inputs):
        for place, names in walk(given):
            files = [place / name for name in names if not name.startswith(".")]
            found += [file for file in files if not _within(without_links(file), target, taken)]
    return sorted(found)


def _within(file: Path, target: Path, taken: set[Path]) -> bool:
    return file in taken or target in file.parents


def tell_of(
    jobs: Sequence[Job],
    failed: Mapping[Path, str],
    out: Path,
    what: str,
    already: int = 0,
    remarks: Mapping[Path, Sequence[str]] | None = None,
) -> None:
    """Say how many results were written, what is to be known of them, and what was left out; exit code 1 for that.

    Args:
        jobs: all that were to be done.
        failed: why which were left out.
        out: the folder of the results.
        what: a result is, in the singular.
        already: results that were there from an earlier call.
        remarks: on results that were written.
    """
    written = len(jobs) - len(failed) - already
    there = f"; {already:,} were there already, made of the same files alike" if already else ""
    err.print(f"wrote {written:,} {what}{'s' if written != 1 else ''} to {out}{there}", markup=False, soft_wrap=True)
    lines = [f"  {printable(str(path))}: {text}" for path, texts in (remarks or {}).items() for text in texts]
    for line in lines[:NAMED]:
        err.print(line, markup=False, soft_wrap=True)
    if len(lines) > NAMED:
        err.print(f"  … and {len(lines) - NAMED:,} remarks more, in --json", markup=False, soft_wrap=True)
    if failed:
        for path, reason in list(failed.items())[:NAMED]:
            err.print(f"  {printable(str(path))}: {reason}", markup=False, soft_wrap=True)
        more = f", the first {NAMED} of them named above" if len(failed) > NAMED else ""
        fail(f"{len(failed):,} of {len(jobs):,} files were left out{more}", 1)
