"""Kill, starve and crowd everything that writes, and count the bits that are lost or differ in the end.

    python bench/soak.py --kills 500 --seed 0 --out FOLDER

Every task is trained once without a disturbance, a game of a Python caller's own among them, and so is one game by
every iteration. Then, at random:

    train           is killed (SIGKILL) at any moment, and begun again by the same command, until it ends: generator,
                    checkpoint, records, pictures and configuration have to be those of the undisturbed run, bit for bit
    sample, walk, augment, enhance, translate, vocode, export, solve, map, report
                    are killed as they write over what an earlier call wrote: a file is afterwards the old or the new
                    one as a whole
    evaluate        keeps what was measured before
    judge           leaves the generator as it is, and called again it makes the same judge
    compare, tune   that are called again, of methods, of baselines and of trials, end with the same results

Half of the kills come at a random moment, half as soon as an unfinished file is seen. Some of the processes have a slow
disk (each flush takes longer), a full one (no file may grow beyond a random size), a full file system where a small
tmpfs can be mounted, a clock that jumps, a second process that wants the same folder, or nine. Processes that are not
killed have to end with an exit code that the documentation knows, and without a traceback.

Processes are forked from this one, which has imported everything and trained once: what is killed is the work and not
the start of Python and torch, so that a kill takes about two CPU seconds in place of ten.

Prints a line a case, then kills, refusals of full disks, processes that were crowded out, tracebacks, and the number of
lost or differing bits. The exit code is 1 where that number, or that of the tracebacks, is not zero.
"""

import argparse
import gc
import json
import math
import multiprocessing
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

CONTEXT = multiprocessing.get_context("fork")
SAMPLES = 80
#: What `become` takes in the place of the command line's words: a training of a game of a Python caller's own.
OWN = "own game"
EVERY = ("--device", "cpu", "--set", "every.record=8", "--set", "every.checkpoint=16", "--set", "every.snapshot=40")
DISCRIMINATOR = ("--set", "discriminator.network.width=4", "--set", "discriminator.network.depth=1")
IMAGES = (
    *("--size", "8", "--set", "latent.size=6", "--set", "generator.network={name: mlp-generator, widths: [12]}"),
    *("--set", "discriminator.network={name: mlp-discriminator, widths: [12]}"),
)
UNET = ("--set", "data.size=16", "--set", "generator.network.width=4", "--set", "generator.network.depth=2")
#: By name, the words of `train` and what their data are made by.
TASKS: dict[str, tuple[str | None, tuple[str, ...]]] = {
    "images": (None, ("digits", "--conditional", *IMAGES)),
    "autoencoder": (None, ("vae", "--size", "8", "--set", "latent.size=4")),
    "points": (None, ("ring", "--set", "generator.network.widths=[8]", "--set", "discriminator.network.widths=[8]")),
    "enhancement": (
        "photographs",
        (
            *("enhance", "--degrade", "noise:9,downscale:2", "--set", "regression=40", "--set", "data.crop=16"),
            *("--set", "generator.network={name: super-resolver, width: 4, blocks: 1}", *DISCRIMINATOR),
        ),
    ),
    "pairs": ("photographs", ("translate", "--set", "regression=40", *UNET, *DISCRIMINATOR)),
    "cycle": ("photographs", ("translate", "--unpaired", *UNET, *DISCRIMINATOR)),
    "tables": (
        "rows",
        (
            *("table", "--set", "latent.size=4", "--set", "generator.network.width=8"),
            *("--set", "discriminator.network.widths=[8]"),
        ),
    ),
    "series": (
        "prices",
        (
            *("series", "--set", "latent.size=4", "--set", "data.window=8", "--set", "generator.network.width=8"),
            *("--set", "discriminator.network.widths=[8]"),
        ),
    ),
    "a VAE of rows": ("rows", ("table-vae", "--set", "latent.size=4")),
    "a VAE of windows": ("prices", ("series-vae", "--set", "latent.size=4", "--set", "data.window=8")),
    "text": (
        "names",
        (
            *("text", "--set", "likelihood=40", "--set", "generator.network.width=8"),
            *("--set", "discriminator.network.representations=2"),
        ),
    ),
    "audio": (
        "tones",
        (
            *("audio", "--conditional", "--set", "data.label=prefix", "--set", "latent.size=4"),
            *("--set", "data.rate=2000", "--set", "data.seconds=0.12"),
            *("--set", "spectrogram={window: 64, hop: 16, bands: 8, steps: 2}"),
            *("--set", "generator.network.width=4", "--set", "discriminator.network.width=4"),
        ),
    ),
    "vocoder": (
        "hums",
        (
            *("vocoder", "--set", "regression=40", "--set", "data.rate=2000", "--set", "data.crop=192"),
            *("--set", "mel={window: 64, hop: 16, bands: 8}", "--set", "refinement.steps=2"),
            *("--set", "generator.network={name: vocoder, width: 8, factors: [4]}"),
            *("--set", "discriminator.network={name: vocoder-discriminator, width: 2, periods: [2], windows: [64]}"),
        ),
    ),
}


# --- data ------------------------------------------------------------------------------------------------------


def make_data(folder: Path) -> None:
    """Small data of every kind, below a folder."""
    import soundfile
    from PIL import Image

    dice = np.random.default_rng(0)
    for side in ("a", "b"):
        (folder / "photographs" / side).mkdir(parents=True)
        for number in range(12):
            noise = np.random.default_rng(number).integers(0, 256, (16, 16, 3), np.uint8)
            Image.fromarray(noise if side == "a" else 255 - noise).save(folder / "photographs" / side / f"{number}.png")
    cities, rents = dice.choice(["Ulm", "Bonn"], 200), dice.normal(900, 99, 200).round(1)
    lines = [f"{city},{rent}" for city, rent in zip(cities, rents, strict=True)]
    (folder / "rows").write_text("\n".join(["city,rent", *lines]) + "\n")
    low = (100 + dice.normal(size=200).cumsum()).round(2)
    lines = [f"{a},{a + b:.2f}" for a, b in zip(low, dice.uniform(0, 2, 200), strict=True)]
    (folder / "prices").write_text("\n".join(["low,high", *lines]) + "\n")
    letters = dice.integers(97, 123, (60, 5), np.uint8)
    (folder / "names").write_bytes(b"\n".join(row.tobytes() for row in letters))
    for name, count in (("tones", 24), ("hums", 12)):
        (folder / name).mkdir()
        for number in range(count):
            wave = 0.5 * np.sin(2 * np.pi * (180 + 20 * number) * np.arange(240 if name == "tones" else 600) / 2000)
            soundfile.write(folder / name / f"{number % 2}_{number}.wav", wave, 2000)


# --- processes -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Conditions:
    """What a process has to put up with."""

    slow: float = 0.0
    file_limit: int | None = None
    jumps: bool = False


def become(words: list[str], log: str, conditions: Conditions) -> None:
    """Become `saddle …`; runs in the child."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(output, stream)
    if conditions.file_limit is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (conditions.file_limit, conditions.file_limit))
    if conditions.slow:
        flush = os.fsync

        def slowly(descriptor: int) -> None:
            time.sleep(conditions.slow)
            flush(descriptor)

        os.fsync = slowly  # type: ignore[assignment]
    if conditions.jumps:
        now, dice = time.time, random.Random(log)
        time.time = lambda: now() + dice.uniform(-1e6, 1e6)
    if words[0] == OWN:
        try:
            train_own(Path(words[-1]))
        except (OSError, ValueError) as error:  # which is a caller's to catch
            sys.exit(f"error: {error}")
        return
    from saddlepoint.cli import main

    sys.argv = ["saddle", *words]
    main()


def warm(home: Path) -> None:
    """Import all that commands import, and train once, so that what is forked of this process need not."""
    import faker  # noqa: F401
    import onnxruntime  # noqa: F401
    import onnxscript  # noqa: F401
    import optuna  # noqa: F401
    import pandas  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import soundfile  # noqa: F401
    import torch

    import saddlepoint.cli.comparing
    import saddlepoint.cli.evaluating
    import saddlepoint.cli.exporting
    import saddlepoint.cli.training
    import saddlepoint.cli.tuning
    import saddlepoint.training.loop
    from saddlepoint.runs import train
    from saddlepoint.tasks.registry import recipes

    torch.set_num_threads(1)
    saddlepoint.training.loop.PICTURE = math.inf  # those by the clock are as many as the machine is slow
    recipes()
    train("digits", samples=16, out=home / "warm", seed=0, settings={"batch_size": 8}, progress=False)
    shutil.rmtree(home / "warm")
    gc.freeze()  # or each of them copies what its collector looks at


def train_own(out: Path) -> None:
    """Train a small game of one's own in a folder."""
    import torch
    from torch import Tensor, nn

    import saddlepoint as sp
    from saddlepoint.core import Batch
    from saddlepoint.training import Intervals

    torch.manual_seed(0)
    players = {"generator": nn.Linear(2, 2), "critic": nn.Sequential(nn.Linear(2, 8), nn.Dropout(0.1), nn.Linear(8, 1))}

    def generator_loss(players: Any, batch: Any) -> Tensor:
        return -torch.as_tensor(players["critic"](players["generator"](batch["noise"])).mean())

    def critic_loss(players: Any, batch: Any) -> Tensor:
        real, made = players["critic"](batch["data"]), players["critic"](players["generator"](batch["noise"]))
        return torch.as_tensor(made.mean() - real.mean() + 0.1 * (real**2 + made**2).mean())

    def batch_at(position: int) -> Batch:
        source = torch.Generator().manual_seed(position)
        value = {"data": 3 + torch.randn(8, 2, generator=source), "noise": torch.randn(8, 2, generator=source)}
        return Batch(value, 8, position)

    optimizers = {name: torch.optim.Adam(player.parameters(), lr=1e-2) for name, player in players.items()}
    whole = sp.Game(players, {"generator": generator_loss, "critic": critic_loss}, optimizers)
    every = Intervals(record=8, snapshot=40, checkpoint=16)
    batches, samples = sp.Batches(batch_at), 2 * SAMPLES
    try:
        sp.train(whole, data=batches, samples=samples, out=out, method="lookahead", average=100, every=every)
    except RuntimeError as error:  # another process trains in the folder, or the disk is full
        if not hasattr(error, "exit_code"):
            raise
        sys.exit(f"error: {error}")


def text_of(log: Path) -> str:
    """What a process said; nothing where it was killed before it could begin to."""
    return log.read_text(errors="replace") if log.exists() else ""


@dataclass
class Soak:
    """Where it is done, and what was counted."""

    home: Path
    dice: random.Random
    patience: float
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    number: int = 0

    def start(self, words: Sequence[str], conditions: Conditions = Conditions()) -> tuple[Any, Path]:
        """A process, and the file that has what it says."""
        self.number += 1
        log = self.home / "logs" / f"{self.number}.txt"
        log.parent.mkdir(exist_ok=True)
        process = CONTEXT.Process(target=become, args=(list(words), str(log), conditions), daemon=True)
        process.start()
        return process, log

    def ended(self, process: Any, log: Path, words: Sequence[str], *, well: bool) -> int:
        """Wait for the end: the exit code. `well`: whether nothing but 0 is right."""
        process.join(self.patience)
        if process.exitcode is None:
            process.kill()
            process.join()
            self.fault(f"hung: saddle {' '.join(words)}")
            return 1
        said = text_of(log)
        if "Traceback" in said:
            self.counts["tracebacks"] += 1
            self.faults.append(f"traceback of saddle {' '.join(words)}: {said[-400:]}")
        if process.exitcode not in ((0,) if well else (0, 1, 2)):
            self.fault(f"exit code {process.exitcode} of saddle {' '.join(words)}: {said[-400:]}")
        elif well:
            log.unlink(missing_ok=True)
        return int(process.exitcode)

    def whole(self, *words: str) -> None:
        """Run undisturbed to a good end."""
        process, log = self.start(words)
        self.ended(process, log, words, well=True)

    def disturbed(self, words: Sequence[str], about: float, watched: Path) -> None:
        """Run once, killed at a random moment or as a file is unfinished, or under a hardship."""
        hardship = self.dice.choice(["none", "none", "none", "slow", "slow", "full", "jumps", "second", "crowd"])
        conditions = Conditions(
            slow=self.dice.choice([0.002, 0.02]) if hardship == "slow" else 0.0,
            file_limit=self.dice.choice([0, 50, 500, 5000, 20_000]) if hardship == "full" else None,
            jumps=hardship == "jumps",
        )
        process, log = self.start(words, conditions)
        others = [self.start(words) for _ in range({"second": 1, "crowd": 9}.get(hardship, 0))]
        if hardship == "full" and self.dice.random() < 0.5:
            code = self.ended(process, log, words, well=False)
            self.counts["full disks that were told"] += code != 0
            return
        unfinished = self.dice.random() < 0.5
        end = time.monotonic() + self.dice.uniform(0, 0.7 * about) * (3 if conditions.slow else 1)
        latest = time.monotonic() + 3 * about + 1
        while process.is_alive() and time.monotonic() < (latest if unfinished else end):
            if unfinished and self.dice.random() < 0.3 and any(watched.rglob(".*.partial")):
                break
            time.sleep(0.0005)
        if process.is_alive():
            os.kill(process.pid, signal.SIGKILL)
        process.join()
        killed = process.exitcode == -signal.SIGKILL
        self.counts["kills"] += killed
        if unfinished and killed:
            self.counts["kills as a file was unfinished"] += 1
        if not killed and process.exitcode != 0:
            self.counts["ended by themselves"] += 1
        if "Traceback" in text_of(log):
            self.counts["tracebacks"] += 1
            self.faults.append(f"traceback of saddle {' '.join(words)}: {log.read_text(errors='replace')[-400:]}")
        for other in others:
            code = self.ended(*other, words, well=False)
            self.counts["further processes refused"] += code == 1

    def fault(self, what: str) -> None:
        """Something that is wrong but no bits."""
        self.counts["wrong ends"] += 1
        self.faults.append(what)

    def differing(self, what: str, one: bytes | None, *others: bytes | None) -> None:
        """Count the bits in which content is none of those that it may be."""
        if any(one == other for other in others):
            return
        other = others[0]
        if one is None or other is None:
            bits = 8 * len(one or other or b"")
        else:
            pairs = zip(one, other, strict=False)
            bits = sum((a ^ b).bit_count() for a, b in pairs) + 8 * abs(len(one) - len(other))
        self.counts["lost or differing bits"] += max(1, bits)
        self.faults.append(f"{what}: {bits:,} bits")


# --- what is compared ------------------------------------------------------------------------------------------


def contents(run: Path) -> dict[str, bytes]:
    """All that a training is judged by: files by name, records and the summary without their times."""
    found = {}
    newest = max((run / "checkpoints").glob("[0-9]*"), key=lambda path: path.name)
    places = [run / "config.yaml", *(run / "samples").rglob("*"), *(run / "generator").rglob("*"), *newest.iterdir()]
    for path in places:
        if path.is_file() and path.name not in ("state.pt", "manifest.json"):
            found[str(path.relative_to(run))] = path.read_bytes()
    found["state"] = json.dumps(_state(newest / "state.pt"), sort_keys=True).encode()
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    found["records"] = json.dumps([{k: v for k, v in r.items() if k != "seconds"} for r in records]).encode()
    identity = json.loads((run / "run.json").read_text())
    keys = ("outcome", "samples", "steps", "evaluations", "metrics", "measures", "dataset", "parameters")
    found["summary"] = json.dumps({key: identity.get(key) for key in keys}).encode()
    return found


def _state(path: Path) -> Any:
    """The rest of a checkpoint as plain data, tensors as the digits of their bytes, without its time."""
    import torch

    def plain(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return value.detach().cpu().contiguous().numpy().tobytes().hex()
        if isinstance(value, dict):
            return {str(key): plain(inner) for key, inner in value.items() if key != "seconds"}
        return [plain(inner) for inner in value] if isinstance(value, list | tuple) else value

    return plain(torch.load(path, weights_only=True))


# --- cases -----------------------------------------------------------------------------------------------------


def train_words(name: str, home: Path) -> list[str]:
    """The command that trains a case, without its folder."""
    if name == OWN:
        return [OWN]
    task, _, method = name.partition(" by ")
    data, words = TASKS[task]
    found = ["train", *words, *EVERY, "--batch-size", "8", "--samples", str(SAMPLES), "--set", "threads=1"]
    found += ["--data", str(home / "data" / data)] if data is not None else []
    return found + (["--method", method] if method else [])


def straight(soak: Soak, name: str, durations: dict[str, float]) -> Path:
    """The undisturbed run of a training, made where it is first asked for; `durations` then has how long it took."""
    run = soak.home / "straight" / name
    if name not in durations:
        begin = time.monotonic()
        soak.whole(*train_words(name, soak.home), "--out", str(run))
        durations[name] = time.monotonic() - begin
    return run


def soak_training(soak: Soak, name: str, durations: dict[str, float]) -> None:
    """Kill one training a few times, let it end, and compare."""
    words = train_words(name, soak.home)
    expected = straight(soak, name, durations)
    run = soak.home / "killed"
    shutil.rmtree(run, ignore_errors=True)
    for _ in range(soak.dice.randrange(4, 12)):
        soak.disturbed([*words, "--out", str(run)], durations[name], run)
    soak.whole(*words, "--out", str(run))
    before = soak.counts["lost or differing bits"]
    try:
        mine, theirs = contents(run), contents(expected)
    except (OSError, ValueError) as error:
        soak.fault(f"{name}: {error}")
        return
    for key in {**theirs, **mine}:
        soak.differing(f"{name}: {key}", mine.get(key), theirs.get(key))
    if soak.counts["lost or differing bits"] == before:
        shutil.rmtree(run)
    else:
        shutil.move(run, soak.home / f"differing-{soak.number}")


def soak_writing(soak: Soak, command: str, references: dict[str, Any]) -> None:
    """Kill a command that writes over what an earlier call wrote: old or new, as a whole."""
    words, name, old, new, about = references[command]
    folder = soak.home / "written"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    if old is not None:
        _lay(folder / name, old)
    for _ in range(soak.dice.randrange(1, 5)):
        soak.disturbed([*words, str(folder / name)], about, folder)
    found = _content(folder / name)
    keys = {**(old or {}), **new} if found else {}
    if not found and old is not None:
        soak.differing(f"{command}: everything", None, next(iter(new.values())))
    for key in keys:
        own = [None, new.get(key)] if old is None else [old.get(key), new.get(key)]
        if old is None and command in ("augment into a folder", "export weights"):  # a new folder comes as a whole
            own = [new.get(key)]
        soak.differing(f"{command}: {key}", found.get(key), *own)
    told = {name, f"{name}-metadata.json"}  # of rows, what says that they were generated lies beside them
    visible = [path.name for path in folder.iterdir() if not path.name.startswith(".") and path.name not in told]
    if visible:
        soak.fault(f"{command} left {visible}")


def soak_evaluating(soak: Soak, references: dict[str, Any]) -> None:
    """Kill an evaluation of a copy of a run: what was measured before stays, and what is new is whole."""
    about = references["evaluate"]
    run = soak.home / "evaluated"
    shutil.rmtree(run, ignore_errors=True)
    shutil.copytree(soak.home / "straight" / "images", run)
    words = ["evaluate", str(run), "--samples", "50", "--features", "pixels", "--metrics", "frechet"]
    soak.whole(*words)
    before = json.loads((run / "evaluation.json").read_text())
    for _ in range(soak.dice.randrange(1, 4)):
        soak.disturbed(words, about, run)
    after = json.loads((run / "evaluation.json").read_text())
    soak.differing("evaluate", json.dumps(after[: len(before)]).encode(), json.dumps(before).encode())
    for more in after[len(before) :]:
        mine, theirs = ({k: v for k, v in one.items() if k != "evaluated"} for one in (more, before[-1]))
        soak.differing("evaluate anew", json.dumps(mine).encode(), json.dumps(theirs).encode())


def soak_judging(soak: Soak, references: dict[str, Any]) -> None:
    """Kill what makes a judge in a copy of a run: the generator stays, and the end is the same judge."""
    about, expected = references["judge"]
    run = soak.home / "judged"
    shutil.rmtree(run, ignore_errors=True)
    shutil.copytree(soak.home / "straight" / "images", run)
    words = ["judge", str(run), "--samples", "160"]
    for _ in range(soak.dice.randrange(1, 4)):
        soak.disturbed(words, about, run)
        process, log = soak.start(["sample", str(run), "-n", "4", "--resample", "2", "--out", str(soak.home / "g.png")])
        soak.ended(process, log, ["sample"], well=False)  # by a judge that is whole, or told that there is none
    soak.whole(*words)
    found = _content(run / "generator")
    for key in {**expected, **found}:
        soak.differing(f"judge: {key}", found.get(key), expected.get(key))


def comparisons(home: Path) -> dict[str, list[str]]:
    """The commands of comparisons and of a search, without their folder: two methods, a table's baselines, trials."""
    tiny = ("latent.size=4", "generator.network.width=8", "discriminator.network.widths=[8]", "table-vae.latent.size=4")
    return {
        "compare methods": [
            *("compare", "digits", "--methods", "alternating,extragradient", "--seeds", "2", "--samples", "64"),
            *("--jobs", "1", *(f"--set={word}" for word in IMAGES[3::2]), "--set", "data.size=8"),
        ],
        "compare baselines": [
            *("compare", "table", "--baselines", "--data", str(home / "data" / "rows"), "--samples", "64"),
            *("--set", "batch_size=8", *(f"--set={word}" for word in tiny)),
        ],
        "tune": [
            *("tune", "digits", "--trials", "3", "--samples", "64", "--over", "rates", "--jobs", "1"),
            *(*IMAGES, "--device", "cpu", "--set", "batch_size=8", "--set", "every.record=16"),
        ],
    }


def results(out: Path) -> bytes:
    """What a comparison or a search found, without its times."""
    found = []
    if (out / "tuning.json").exists():
        trials = json.loads((out / "tuning.json").read_text())["trials"]
        found += [{key: value for key, value in trial.items() if key != "seconds"} for trial in trials]
    for path in sorted((out / "results").glob("*.json")):
        result = json.loads(path.read_text())
        result["curve"].pop("seconds", None)
        found.append({key: value for key, value in result.items() if key != "seconds"})
    if (out / "baselines.json").exists():
        for row in json.loads((out / "baselines.json").read_text())["rows"]:
            found.append({**row, "values": {key: value for key, value in row["values"].items() if key != "seconds"}})
    return json.dumps(found).encode()


def soak_comparing(soak: Soak, name: str, references: dict[str, Any]) -> None:
    """Kill a comparison a few times, let it end, and compare the results."""
    words, about, expected = references[name]
    out = soak.home / "compared"
    shutil.rmtree(out, ignore_errors=True)
    for _ in range(soak.dice.randrange(1, 4)):
        soak.disturbed([*words, "--out", str(out)], about, out)
    soak.whole(*words, "--out", str(out))
    soak.differing(name, results(out), expected)


def _lay(path: Path, content: dict[str, bytes]) -> None:
    for name, part in content.items():
        file = path / name if name else path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(part)


def _content(path: Path) -> dict[str, bytes]:
    """A file under the name "", or the files of a folder by their names; unfinished ones are not there."""
    if path.is_file():
        return {"": path.read_bytes()}
    files = [file for file in path.rglob("*") if file.is_file() and not file.name.endswith(".partial")]
    return {str(file.relative_to(path)): file.read_bytes() for file in files}


def prepare(soak: Soak, names: Sequence[str], durations: dict[str, float]) -> dict[str, Any]:
    """What commands write of undisturbed runs, and how long each takes."""
    for name in names:
        straight(soak, name, durations)
    runs, data = soak.home / "straight", soak.home / "data"
    images, photographs = str(runs / "images"), str(data / "photographs" / "a")
    # Two ways of saying it for what is written and what it is written over; None: over other content of those names.
    seeds = (["--seed", "1"], ["--seed", "2"])
    made: dict[str, tuple[list[str], tuple[list[str], list[str]] | None, list[str], str, bool]] = {
        "sample a picture": (["sample", images], seeds, ["--out"], "grid.png", True),
        "sample arrays": (["sample", images, "-n", "500"], seeds, ["--npz"], "arrays.npz", True),
        "sample single files": (["sample", images, "-n", "40"], seeds, ["--dir"], "files", True),
        "sample a walk": (["sample", images, "--stops", "3"], seeds, ["--walk"], "walk.gif", True),
        "sample rows": (["sample", str(runs / "tables"), "-n", "2000"], seeds, ["--out"], "rows.csv", True),
        "sample windows": (["sample", str(runs / "series"), "-n", "200"], seeds, ["--out"], "windows.csv", True),
        "sample sounds": (["sample", str(runs / "audio"), "-n", "20"], seeds, ["--dir"], "sounds", True),
        "sample texts": (["sample", str(runs / "text"), "-n", "500"], seeds, ["--out"], "texts.txt", True),
        "augment into a folder": (["augment", images, "--per-class", "5"], seeds, ["--out"], "larger", False),
        "augment into arrays": (["augment", images, "--per-class", "20"], seeds, ["--npz"], "larger.npz", True),
        "enhance": (["enhance", str(runs / "enhancement"), photographs, "--force"], None, ["--out"], "better", True),
        "translate": (["translate", str(runs / "pairs"), photographs], None, ["--out"], "other", True),
        "vocode": (["vocode", str(runs / "vocoder"), str(data / "hums")], None, ["--out"], "sounds", True),
        "solve": (["solve", "bilinear", "--iterations", "50"], None, ["--plot"], "way.png", True),
        "map": (["map", "bilinear", "--grid", "5", "--iterations", "20"], None, ["--plot"], "map.png", True),
        "export a graph": (["export", images], None, ["--onnx"], "made.onnx", True),
        "export a program": (["export", images], None, ["--pt2"], "made.pt2", True),
        "export weights": (["export", images], None, ["--safetensors"], "weights", False),
        "report": (["report"], None, [], "run", True),
    }
    references: dict[str, Any] = {}
    for command, (words, ways, flag, name, replaces) in made.items():
        if any(word.startswith(str(runs)) and not Path(word).exists() for word in words):
            continue  # of a task that is not among those that were asked for
        found, first = [], _content(Path(images)) if command == "report" else {}
        for way in ways or ([], []):
            out = soak.home / "written" / name
            shutil.rmtree(out.parent, ignore_errors=True)
            _lay(out, first)
            begin = time.monotonic()
            soak.whole(*words, *way, *flag, str(out))
            about = time.monotonic() - begin
            found.append(_content(out))
        old, new = found
        if not new:
            soak.fault(f"{command} wrote nothing")
            continue
        if ways is None:  # the second time wrote the same, or the command is not soaked by comparing bits
            soak.differing(f"{command} twice", json.dumps(sorted(old)).encode(), json.dumps(sorted(new)).encode())
            written = ("report.html", "curves.png") if command == "report" else tuple(old)
            old = {key: b"what was here before" if key in written else content for key, content in old.items()}
        words = [*words, *(ways or ([], []))[1], *flag]
        references[command] = (words, name, old if replaces else None, new, about)
    begin = time.monotonic()
    copy = soak.home / "reference" / "evaluated"
    shutil.copytree(images, copy)
    soak.whole("evaluate", str(copy), "--samples", "50", "--features", "pixels", "--metrics", "frechet")
    references["evaluate"] = time.monotonic() - begin
    begin, copy = time.monotonic(), soak.home / "reference" / "judged"
    shutil.copytree(images, copy)
    soak.whole("judge", str(copy), "--samples", "160")
    references["judge"] = time.monotonic() - begin, _content(copy / "generator")
    for name, words in comparisons(soak.home).items():
        begin, out = time.monotonic(), soak.home / "reference" / name.replace(" ", "-")
        soak.whole(*words, "--out", str(out))
        references[name] = words, time.monotonic() - begin, results(out)
    return references


def small_disk(home: Path) -> Path | None:
    """A file system of a few megabytes, where this process may mount one."""
    place = home / "small"
    place.mkdir(exist_ok=True)
    try:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(place)], capture_output=True)
    except OSError:
        return None
    return place if done.returncode == 0 else None


def soak_small_disk(soak: Soak, place: Path, name: str, durations: dict[str, float]) -> None:
    """Train where there is no room: told, not a traceback; with room again the run ends as it should."""
    run, words = place / "run", train_words(name, soak.home)
    process, log = soak.start([*words, "--out", str(run)])
    soak.counts["full disks that were told"] += soak.ended(process, log, words, well=False) != 0
    roomy = soak.home / "roomy"
    shutil.rmtree(roomy, ignore_errors=True)
    if run.exists():
        shutil.move(run, roomy)
    soak.whole(*words, "--out", str(roomy))
    mine, theirs = contents(roomy), contents(straight(soak, name, durations))
    for key in {**theirs, **mine}:
        soak.differing(f"{name} on a small disk: {key}", mine.get(key), theirs.get(key))
    shutil.rmtree(roomy)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="a new folder; a temporary one by default")
    parser.add_argument("--tasks", help="only these, as images,tables")
    parser.add_argument(
        "--cases", help="only cases whose names begin with one of these, as compare,sample,train images"
    )
    parser.add_argument("--minutes", type=float, default=math.inf, help="end after these, also with fewer kills")
    parser.add_argument("--patience", type=float, default=600, help="seconds after which a process counts as hung")
    given = parser.parse_args()
    home = given.out or Path(tempfile.mkdtemp(prefix="soak-"))
    home.mkdir(parents=True, exist_ok=True)
    from saddlepoint.methods import METHODS

    warm(home)
    soak = Soak(home, random.Random(given.seed), given.patience)
    make_data(home / "data")
    tasks = given.tasks.split(",") if given.tasks else [*TASKS, OWN]
    names = [*dict.fromkeys([*tasks, "images", "tables"])]
    durations: dict[str, float] = {}
    references = prepare(soak, names, durations)
    if "images" in tasks:
        names += [f"images by {method}" for method in METHODS]
    print(f"{len(names)} trainings, {len(references)} commands, by {time.strftime('%H:%M')}", flush=True)
    for fault in soak.faults:
        print(fault)
    disk = small_disk(home)
    cases: list[tuple[str, Callable[[], None]]] = [
        *((f"train {name}", lambda name=name: soak_training(soak, name, durations)) for name in names),
        *((name, lambda name=name: soak_comparing(soak, name, references)) for name in comparisons(home)),
        ("evaluate", lambda: soak_evaluating(soak, references)),
        ("judge", lambda: soak_judging(soak, references)),
        *(
            (name, lambda name=name: soak_writing(soak, name, references))
            for name in references
            if name not in ("evaluate", "judge", *comparisons(home))
        ),
        *([("a small disk", lambda: soak_small_disk(soak, disk, soak.dice.choice(names), durations))] if disk else []),
    ]
    if given.cases:
        cases = [case for case in cases if case[0].startswith(tuple(given.cases.split(",")))]
    begin, played = time.monotonic(), Counter[str]()
    while soak.counts["kills"] < given.kills and time.monotonic() - begin < 60 * given.minutes:
        order = soak.dice.sample(cases, len(cases))
        for name, case in order:
            if soak.counts["kills"] >= given.kills or time.monotonic() - begin >= 60 * given.minutes:
                break
            before, told = soak.counts["kills"], len(soak.faults)
            case()
            played[name] += 1
            print(f"{name}: {soak.counts['kills'] - before} kills, {soak.counts['kills']} in all", flush=True)
            for fault in soak.faults[told:]:
                print(f"  {fault}", flush=True)
    if disk is not None:
        subprocess.run(["umount", str(disk)], check=False)
    print(f"\n{sum(played.values())} rounds of {len(played)} cases in {(time.monotonic() - begin) / 60:.0f} minutes")
    if disk is None:
        print("no small tmpfs could be mounted here: full disks were limits on the size of files")
    for what in (
        *("kills", "kills as a file was unfinished", "full disks that were told", "further processes refused"),
        *("wrong ends", "tracebacks", "lost or differing bits"),
    ):
        print(f"{soak.counts[what]:>8,} {what}")
    sys.exit(any(soak.counts[what] for what in ("wrong ends", "tracebacks", "lost or differing bits")))


if __name__ == "__main__":
    main()
