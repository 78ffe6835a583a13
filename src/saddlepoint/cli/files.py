"""Files and folders that a network is applied to: what is read, where the results go, what was left out."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from saddlepoint.cli.console import err, fail
from saddlepoint.configuration import ConfigurationError
from saddlepoint.data.folder import printable
from saddlepoint.disk import without_links

#: Failures that are named on the screen.
NAMED = 10


@dataclass(frozen=True)
class Job:
    """One file that is read, and where its result goes."""

    source: Path
    target: Path


def jobs_of(
    inputs: Sequence[Path],
    out: Path,
    below: Callable[[Path], Sequence[str]],
    renamed: Callable[[Path], Path],
    what: str,
) -> list[Job]:
    """What is read, and where its result goes.

    Args:
        inputs: files and folders.
        out: the folder of the results.
        below: paths below a folder of the files that are taken.
        renamed: the name of a result by that of its input.
        what: the files are, in the plural.

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
            if not names:
                raise ConfigurationError(f"{given} holds no {what}: give files, or folders that have some below them")
            jobs += [Job(given / name, out / renamed(Path(name))) for name in names]
        elif given.exists():
            jobs.append(Job(given, out / renamed(Path(given.name))))
        else:
            raise ConfigurationError(f"{given} does not exist: give files or folders of {what}")
    by_target = defaultdict(list)
    for job in jobs:
        by_target[job.target].append(job.source)
    for path, sources in by_target.items():
        if len(sources) > 1:
            raise ConfigurationError(
                f"{sources[0]} and {sources[1]} would both be written to {path}: rename one, or call twice with two "
                f"folders --out"
            )
    inputs_there = {without_links(job.source) for job in jobs}
    for job in jobs:
        if without_links(job.target) in inputs_there:
            raise ConfigurationError(f"{job.target} is an input, and would be written over: give another folder --out")
    return jobs


def tell_of(jobs: Sequence[Job], failed: Mapping[Path, str], out: Path, what: str) -> None:
    """Say how many results were written, and name what was left out; exit code 1 where something was."""
    written = len(jobs) - len(failed)
    err.print(f"wrote {written:,} {what}{'s' if written != 1 else ''} to {out}", markup=False, soft_wrap=True)
    if failed:
        for path, reason in list(failed.items())[:NAMED]:
            err.print(f"  {printable(str(path))}: {reason}", markup=False, soft_wrap=True)
        more = f", the first {NAMED} of them named above" if len(failed) > NAMED else ""
        fail(f"{len(failed):,} of {len(jobs):,} files were left out{more}", 1)
