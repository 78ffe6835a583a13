"""`saddle runs`, `stop`, `checkpoint`, `tag` and `rm`: runs by their folders alone, whoever trains them."""

import shutil
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.cells import cell_len
from rich.text import Text

from saddlepoint.cli.console import AsJson, err, print_json
from saddlepoint.report import COLOURS, listed
from saddlepoint.report.history import compact, duration, number
from saddlepoint.storage import RunBusy, RunFolder, is_run, runs_below

#: Seconds that a stop and a checkpoint are waited for.
WAIT = 60.0
#: Of the list of runs, and those of them that are numbers.
COLUMNS = ("run", "recipe", "state", "samples", "time", "score", "game", "result", "done", "tags")
RIGHT = (3, 4)

RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")]
Wait = Annotated[float, typer.Option("--wait", min=0, metavar="SECONDS", help="Wait so long at most until it is done.")]


def runs(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where runs are.")] = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """List the runs in a folder and in those inside it, with their verdicts.

    Examples:

      saddle runs

      saddle runs ~/experiments --json
    """
    found = listed(folder)
    if not found:
        err.print(f"no runs in {folder}: train one with: saddle train digits", markup=False, soft_wrap=True)
    elif not as_json:
        err.print(_table(folder, found), soft_wrap=True)
    if as_json:
        print_json({"folder": str(folder), "runs": found})


def _table(folder: Path, found: list[dict[str, Any]]) -> Text:
    """A line a run. Rich's own table takes three times as long as all the rest for a thousand of them."""
    rows: list[list[tuple[str, str]]] = [[(column, "bold") for column in COLUMNS]]
    for one in found:
        path = Path(one["run"])
        name = str(path.relative_to(folder)) if path != folder else path.name
        if "error" in one:
            rows.append([(name, ""), ("", ""), ("unreadable", "red")])
            continue
        levels = {answer["question"]: answer["level"] for answer in one["verdicts"]}
        cells = [
            name,
            one["recipe"],
            one["outcome"] if one["outcome"] in ("non-finite", "diverged") else one["state"],
            compact(number(one["samples"])),
            duration(number(one["seconds"])),
            next((f"{key} {number(value):.4g}" for key, value in one["metrics"].items()), ""),
        ]
        judged = [(levels[question], COLOURS[levels[question]]) for question in ("game", "result", "done")]
        rows.append([*((cell, "") for cell in cells), *judged, (" ".join(one["tags"]), "")])
    widths = [max(cell_len(row[at][0]) for row in rows if at < len(row)) for at in range(len(COLUMNS))]
    text = Text()
    for row in rows:
        line = Text(end="")
        for at, (cell, style) in enumerate(row):
            gap = " " * (widths[at] - cell_len(cell))
            line.append(gap if at in RIGHT else "").append(cell.replace("\n", " "), style)
            line.append("  " if at in RIGHT else f"{gap}  ")
        line.rstrip()
        text.append(line).append("\n")
    text.right_crop(1)
    return text


def stop(run: RunPath, wait: Wait = WAIT) -> None:
    """Ask the process that trains a run to save and stop, as Ctrl-C does where it runs.

    Examples:

      saddle stop runs/digits
    """
    folder = _folder(run)
    folder.ask("stop")
    if _until(lambda: not folder.busy, wait):
        err.print(f"stopped and saved: {run}", markup=False, soft_wrap=True)
    else:
        err.print(f"asked: {run} stops after the step that it is at; see saddle status", markup=False, soft_wrap=True)


def checkpoint(run: RunPath, wait: Wait = WAIT) -> None:
    """Ask the process that trains a run for a checkpoint and a picture now.

    Examples:

      saddle checkpoint runs/digits
    """
    folder = _folder(run)
    before = _newest(folder)
    folder.ask("checkpoint")
    if _until(lambda: _newest(folder) != before, wait):
        err.print(f"saved: {_newest(folder)}", markup=False, soft_wrap=True)
    else:
        err.print(f"asked: {run} saves after the step that it is at", markup=False, soft_wrap=True)


def tag(
    run: RunPath,
    words: Annotated[list[str] | None, typer.Argument(metavar="TAG …", help="Tags to add.")] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", metavar="TAG", help="A tag to take away.")] = None,
    note: Annotated[
        str | None, typer.Option("--note", help='A note in place of the one that it has; "" for none.')
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Keep tags and a note with a run; without any, print those that it has.

    Examples:

      saddle tag runs/digits best paper

      saddle tag runs/digits --note "the one in figure 3" --remove best
    """
    folder = _folder(run)
    tags, said = folder.read_notes()
    if words or remove or note is not None:
        kept = [word for word in (*tags, *(words or ())) if word not in (remove or ())]
        folder.write_notes(kept, said if note is None else note)
        tags, said = folder.read_notes()
    err.print(" ".join(tags) or "no tags", markup=False, soft_wrap=True)
    if said:
        err.print(said, markup=False, soft_wrap=True)
    if as_json:
        print_json({"run": str(run), "tags": tags, "note": said})


def rm(
    named: Annotated[list[Path], typer.Argument(metavar="RUN …", help="Run folders.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove run folders with all that is in them; asks first.

    Examples:

      saddle rm runs/digits-2 runs/digits-3
    """
    for path in named:
        folder = _folder(path)
        if folder.busy:
            raise RunBusy(f"a process trains in {path}: stop it first, with saddle stop")
        others = [other for other in runs_below(path) if other != path]
        if others:
            raise ValueError(f"{path} holds other runs, as {others[0]}: remove those first")
        strangers = folder.strangers()
        also = f" It also holds files that no run wrote: {', '.join(strangers[:5])}." if strangers else ""
        if not yes and not typer.confirm(f"Remove {path} and all that is in it?{also}", err=True):
            err.print("kept", markup=False)
            continue
        if path.is_symlink():
            raise ValueError(f"{path} is a link: name the folder that it leads to")
        shutil.rmtree(path)
        err.print(f"removed {path}", markup=False, soft_wrap=True)


def _folder(path: Path) -> RunFolder:
    if not is_run(path):
        raise ValueError(f"{path} holds no run: name the folder of one, as in runs/digits")
    return RunFolder(path)


def _newest(folder: RunFolder) -> Path | None:
    return max((checkpoint.path for checkpoint in folder.checkpoints.whole()), default=None)


def _until(done: Any, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() >= end:
            return False
        time.sleep(0.1)
    return True
