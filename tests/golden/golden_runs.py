"""Play the golden runs by the command line alone, and say in few numbers what came of them.

A golden run changes only where a change of numbers was meant. Then renew `expected.json`, for all or for some cases,
look at what `git diff` shows, and give the reason in the change log:

    python tests/golden/golden_runs.py
    python tests/golden/golden_runs.py digits "translate, cycle"
"""

import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
import yaml
from golden_cases import CASES, Case
from matplotlib.figure import Figure
from safetensors.torch import load_file

from saddlepoint.cli import main

#: Parts of a record that are held: what verdicts are drawn from besides is held by its own tests.
RECORDED = ("samples", "steps", "evaluations", "losses", "monitors", "metrics")
EXPECTED = Path(__file__).parent / "expected.json"


def command(*words: str | Path) -> int:
    """Run `saddle WORDS…` in this process and give its exit code."""
    before = sys.argv
    sys.argv = ["saddle", *map(str, words)]
    try:
        main()
    except SystemExit as leave:
        return leave.code if isinstance(leave.code, int) else int(leave.code is not None)
    finally:
        sys.argv = before
    return 0


@contextlib.contextmanager
def undrawn() -> Iterator[None]:
    """Figures are saved empty: drawing the report takes five times as long as the run, and is not looked at."""
    before = Figure.savefig
    Figure.savefig = lambda self, file, **options: None
    try:
        yield
    finally:
        Figure.savefig = before


def play(case: Case, folder: Path) -> Path:
    """Train as the case says, with its data and its run below `folder`; the run folder.

    Raises:
        RuntimeError: the command failed; what it said went to stderr.
    """
    data = () if case.data is None else ("--data", case.data(folder / "data"))
    settings = [word for setting in (*case.every, *case.settings) for word in ("--set", setting)]
    if code := command("train", case.recipe, *data, *settings, "--out", folder / "run"):
        raise RuntimeError(f"saddle train {case.recipe} left with {code}: {' '.join(settings)}")
    return folder / "run"


def weights(run: Path) -> dict[str, torch.Tensor]:
    """Every tensor of the newest checkpoint's weights and of all that was handed over below `generator/`.

    Keys begin with the file, `checkpoint` or its path below the run folder.
    """
    newest = max((run / "checkpoints").glob("*/weights.safetensors"))
    files = {"checkpoint": newest} | {
        file.relative_to(run).with_suffix("").as_posix(): file
        for file in sorted((run / "generator").rglob("*.safetensors"))
    }
    return {f"{name}: {key}": value for name, file in files.items() for key, value in sorted(load_file(file).items())}


def _keys(value: Any, above: str = "") -> Iterator[str]:
    """The keys of a nested mapping, dotted."""
    if isinstance(value, Mapping) and value:
        for key, below in value.items():
            yield from _keys(below, f"{above}.{key}" if above else str(key))
    else:
        yield above


def _rounded(value: Any) -> Any:
    """Every number to six significant digits."""
    if isinstance(value, Mapping):
        return {key: _rounded(below) for key, below in value.items()}
    return float(f"{value:.6g}") if isinstance(value, float) else value


def summary(run: Path) -> dict[str, Any]:
    """What a run came to.

    Returns:
        `tensors`: norm and sum of each; `configs`: the keys of every `config.yaml` below `generator/`; `record`: the
        last line of the records, those parts that are `RECORDED`; `run`: what run.json says of the outcome.
    """
    record = json.loads((run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    about = json.loads((run / "run.json").read_text(encoding="utf-8"))
    return {
        "tensors": {
            key: [_rounded(value.double().norm().item()), _rounded(value.double().sum().item())]
            for key, value in weights(run).items()
        },
        "configs": {
            file.relative_to(run).as_posix(): sorted(_keys(yaml.safe_load(file.read_text(encoding="utf-8"))))
            for file in sorted((run / "generator").rglob("config.yaml"))
        },
        "record": _rounded({key: value for key, value in record.items() if key in RECORDED}),
        "run": {key: about[key] for key in ("outcome", "samples", "steps", "evaluations", "parameters")},
    }


def differences(case: Case, found: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """A line for everything that is not as expected; none where all is."""
    lines = []
    for key in sorted(found["tensors"].keys() ^ expected["tensors"].keys()):
        lines.append(f"tensors: {key}: {'not expected' if key in found['tensors'] else 'missing'}")
    for key in found["tensors"].keys() & expected["tensors"].keys():
        mine, theirs = found["tensors"][key], expected["tensors"][key]
        if any(abs(a - b) > case.weights * abs(theirs[0]) + 2e-5 for a, b in zip(mine, theirs, strict=True)):
            lines.append(f"tensors: {key}: norm and sum {mine}, expected {theirs}")
    for part in ("configs", "run"):
        lines += [f"{part}: {found[part]}, expected {expected[part]}"] * (found[part] != expected[part])
    mine, theirs = (dict(_leaves(values["record"])) for values in (found, expected))
    for key in sorted(mine.keys() | theirs.keys()):
        a, b = mine.get(key), theirs.get(key)
        if a is None or b is None or abs(a - b) > case.numbers * abs(b) + 1e-6:
            lines.append(f"record: {key}: {a}, expected {b}")
    return lines


def _leaves(value: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, float]]:
    for key, below in value.items():
        name = f"{above}.{key}" if above else key
        if isinstance(below, Mapping):
            yield from _leaves(below, name)
        else:
            yield name, below


def renew(names: list[str]) -> None:
    """Play the named cases, or all, and write what came of them to `expected.json`."""
    kept = json.loads(EXPECTED.read_text(encoding="utf-8")) if names else {}
    for name in names or CASES:
        with undrawn(), tempfile.TemporaryDirectory() as folder:
            kept[name] = summary(play(CASES[name], Path(folder)))
    lines = []
    for name in CASES:
        parts = [f"  {json.dumps(part)}: {json.dumps(kept[name][part], sort_keys=True)}" for part in kept[name]]
        lines.append(f" {json.dumps(name)}: {{\n" + ",\n".join(parts) + "\n }")
    EXPECTED.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    torch.set_num_threads(1)
    renew(sys.argv[1:])
