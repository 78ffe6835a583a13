"""File systems that are full, read-only, far away or gone: told in a sentence, and the same command goes on."""

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from commands import TINY, Run
from faults import FAULTS, failing, failing_at, shim
from saddlepoint import report
from saddlepoint.storage import RunFolder, write_atomically

#: Little enough to be trained some times a second; its report would take longer than its training.
WORDS = ("train", "digits", *TINY, "--samples", "64", "--set", "every.checkpoint=32", "--set", "every.snapshot=64")
MORE = pytest.mark.slow  # of a kind of which others are run each time


@pytest.fixture(autouse=True)
def no_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages and curves are made of what is written here, and slowly."""
    pages = SimpleNamespace(
        write_curves=lambda run: run,
        write_report=lambda run: run,
        examine_run=report.examine_run,
        evidence_of=report.evidence_of,
    )
    monkeypatch.setattr("saddlepoint.runs.run.pages", pages)


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("straight") / "run"


@pytest.fixture
def reference(straight: Path, run: Run) -> Path:
    """The run that nothing happened to."""
    if not straight.exists():
        assert run(*WORDS, "--out", straight).code == 0
    return straight


def trained_under(run: Run, folder: Path, act: Callable[[int, str, str], None], reference: Path, alike: Any) -> None:
    """Train while something fails: an end that is told; the same command then ends as if nothing had failed."""
    with shim(folder, act) as seen:
        said = run(*WORDS, "--out", folder)
    assert said.code in (0, 1), said.err
    assert seen.seen
    assert "Traceback" not in said.err
    if said.code:
        assert "error: " in said.flat
        assert str(folder) in said.flat
    assert run(*WORDS, "--out", folder).code == 0
    alike(folder, reference, "generator.safetensors", "config.yaml")
    assert not list(folder.rglob("*.partial"))


#: The operations of one training that write, by number; a few of them where a test has to be quick.
SOME = (16, 37, 90)
#: Of the operations that write, of which a run of these words has 119: SADDLE_EVERY_OPERATION=1 takes all of them.
ALL = range(0, 112, 1 if "SADDLE_EVERY_OPERATION" in os.environ else 8)


@pytest.mark.parametrize("number", SOME)
def test_a_disk_that_fails_at_any_operation_is_told_and_nothing_is_lost(
    run: Run, tmp_path: Path, reference: Path, alike: Any, number: int
) -> None:
    code = [*FAULTS.values()][number % len(FAULTS)]
    trained_under(run, tmp_path / "run", failing(number, code), reference, alike)


@pytest.mark.slow
@pytest.mark.parametrize("once", [False, True], ids=["from then on", "once"])
@pytest.mark.parametrize("number", ALL)
def test_a_disk_that_fails_at_every_operation_is_told_and_nothing_is_lost(
    run: Run, tmp_path: Path, reference: Path, alike: Any, number: int, *, once: bool
) -> None:
    code = [*FAULTS.values()][(number + once) % len(FAULTS)]
    trained_under(run, tmp_path / "run", failing(number, code, once=once), reference, alike)


@pytest.mark.parametrize("fault", ["stale NFS handle", "busy", "another device"])
def test_a_rename_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path, fault: str) -> None:
    file = tmp_path / "a.json"
    file.write_text("old")
    with shim(tmp_path, failing_at("os.rename", FAULTS[fault])), pytest.raises(OSError, match=str(file)) as caught:
        write_atomically(file, "new")
    assert caught.value.errno == FAULTS[fault]
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize(
    "fault", ["stale NFS handle", pytest.param("busy", marks=MORE), pytest.param("another device", marks=MORE)]
)
def test_a_checkpoint_that_can_not_be_renamed_leaves_the_one_before(
    run: Run, tmp_path: Path, reference: Path, alike: Any, fault: str
) -> None:
    folder = tmp_path / "run"

    def act(_number: int, event: str, path: str) -> None:
        if event == "os.rename" and path.endswith(".000000000064.partial"):
            raise OSError(FAULTS[fault], os.strerror(FAULTS[fault]), path)

    trained_under(run, folder, act, reference, alike)
    assert RunFolder(folder).checkpoints.newest().samples == 64


def vanish(at: int, what: Path) -> Callable[[int, str, str], None]:
    def act(number: int, _event: str, _path: str) -> None:
        if number == at:
            shutil.rmtree(what, ignore_errors=True)

    return act


@pytest.mark.parametrize(
    ("inside", "number"),
    [
        ("", 36),
        ("checkpoints", 60),
        *(
            pytest.param(inside, number, marks=MORE)
            for inside in ("samples", "generator", "exhibits")
            for number in (36, 60)
        ),
    ],
)
def test_a_folder_that_vanishes_during_training_is_told(run: Run, tmp_path: Path, inside: str, number: int) -> None:
    folder = tmp_path / "run"
    with shim(folder, vanish(number, folder / inside)):
        said = run(*WORDS, "--out", folder)
    assert said.code in (0, 1)
    assert "Traceback" not in said.err
    if said.code:
        assert str(folder) in said.flat
    assert run(*WORDS, "--out", folder).code == 0


@pytest.mark.parametrize("command", ["sample", "evaluate", "report", "inspect", "augment"])
@pytest.mark.parametrize("fault", ["read-only", "stale NFS handle"])
def test_a_command_that_can_not_write_says_what_and_why(
    trained: Path, run: Run, tmp_path: Path, command: str, fault: str
) -> None:
    copy = tmp_path / "run"
    shutil.copytree(trained, copy)
    words: dict[str, list[object]] = {
        "sample": ["-n", 4, "--out", tmp_path / "grid.png"],
        "evaluate": ["--samples", 50, "--features", "pixels", "--metrics", "frechet"],
        "report": [],
        "inspect": ["--batch-size", 32, "--size", 2, "--steps", 2, "--plot", tmp_path / "dynamics.png"],
        "augment": ["--per-class", 2, "--out", tmp_path / "larger"],
    }
    before = set(tmp_path.rglob("*"))
    with shim(tmp_path, failing(0, FAULTS[fault])):
        said = run(command, copy, *words[command])
    assert said.code == 1
    assert os.strerror(FAULTS[fault]) in said.flat
    assert str(tmp_path) in said.flat
    assert set(tmp_path.rglob("*")) == before


def test_data_that_vanish_while_they_are_read_are_told(run: Run, tmp_path: Path) -> None:
    import numpy as np
    from PIL import Image

    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(40):
        noise = np.random.default_rng(number).integers(0, 256, (8, 8, 3), np.uint8)
        Image.fromarray(noise).save(folder / f"{number}.png")
    with pytest.MonkeyPatch.context() as patch:
        opened = Image.open

        def gone(*given: Any, **more: Any) -> Any:
            shutil.rmtree(folder, ignore_errors=True)
            return opened(*given, **more)

        patch.setattr(Image, "open", gone)
        said = run("train", "images", "--size", "8", "--data", folder, "--samples", "64", "--out", tmp_path / "run")
    assert said.code == 2
    assert str(folder) in said.flat
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    "way", ["backwards", *(pytest.param(w, marks=MORE) for w in ("jumping", "before 1970", "far away"))]
)
def test_clocks_that_jump_change_nothing(
    run: Run, tmp_path: Path, reference: Path, alike: Any, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    now, calls = time.time, iter(range(10**9))
    shift: dict[str, Callable[[int], float]] = {
        "backwards": lambda n: now() - 3600 * n,
        "jumping": lambda n: now() + (-1) ** n * 1e6,
        "before 1970": lambda n: -1e9 - n,
        "far away": lambda n: 1e11 + n,
    }
    monkeypatch.setattr(time, "time", lambda: shift[way](next(calls)))
    folder = tmp_path / "run"
    assert run(*WORDS, "--out", folder).code == 0
    records = alike(folder, reference, "generator.safetensors", "config.yaml")
    assert all(record.get("seconds", 0) >= 0 for record in records)
    assert json.loads((folder / "run.json").read_text())["seconds"] >= 0
    assert run("report", folder).code == 0
    assert run("sample", folder, "-n", 2, "--npz", tmp_path / "x.npz").code == 0


@pytest.mark.parametrize(
    "name", ["caf\udce9", *(pytest.param(name, marks=MORE) for name in ("a\nb", "\x1b[31mred", " ", "-x", "猫" * 80))]
)
def test_any_name_that_a_folder_may_have_holds_a_run(
    run: Run, tmp_path: Path, reference: Path, alike: Any, name: str
) -> None:
    folder = tmp_path / name
    said = run(*WORDS, "--out", folder)
    assert said.code == 0, said.err
    assert "\x1b" not in said.err
    alike(folder, reference, "generator.safetensors", "config.yaml")
    for words in (
        ["report", folder],
        ["sample", folder, "-n", 2, "--out", folder / "grid.png"],
        [*WORDS, "--out", folder],
    ):
        said = run(*words)
        assert said.code == 0, said.err
        assert "\x1b" not in said.err


@pytest.mark.slow
def test_a_table_of_a_name_that_is_no_text_is_trained_on(run: Run, tmp_path: Path) -> None:
    rows = "".join(f"{number % 7},{number % 3}\n" for number in range(60))
    place = tmp_path / "caf\udce9.csv"
    place.write_text("a,b\n" + rows)
    words = ("--samples", 32, "--batch-size", 8, "--set", "generator.network.width=4")
    said = run("train", "table", "--data", place, *words, "--out", tmp_path / "run")
    assert said.code == 0, said.err
    assert run("sample", tmp_path / "run", "-n", 3, "--out", tmp_path / "out.csv").code == 0
    assert run("report", tmp_path / "run").code == 0
