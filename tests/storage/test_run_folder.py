"""The run folder: one process at a time, a name of its own, a configuration that reads back."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from saddlepoint.storage import RunBusy, RunFolder, free_name, started_with

HOLDER = """
import sys
from pathlib import Path
from saddlepoint.storage import RunFolder
with RunFolder(Path(sys.argv[1])).held():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_refused_until_the_first_is_gone_however_it_went(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(run.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(RunBusy, match=r"another process is training in .*--out"), run.held():
            pytest.fail("two processes held one folder")
        process.kill()
    with run.held():
        pass


def test_a_folder_can_be_held_again_after_an_error_inside(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    with pytest.raises(ZeroDivisionError), run.held():
        raise ZeroDivisionError
    with run.held():
        pass


def test_a_folder_into_which_nothing_was_written_goes_again(tmp_path: Path) -> None:
    made, given = RunFolder(tmp_path / "made"), RunFolder(tmp_path / "given")
    given.path.mkdir()
    for run in (made, given):
        with pytest.raises(ZeroDivisionError), run.held():
            raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == [given.path], "but not one that was there"
    with made.held():
        made.write_config({"schema_version": 2})
    with made.held():
        pass
    assert made.config.exists()


def test_a_file_in_the_way_of_a_run_folder_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    run = RunFolder(tmp_path / "file")
    with pytest.raises(ValueError, match="is a file: give a folder with --out"):
        run.create()
    with pytest.raises(ValueError, match="is a file: give a folder with --out"), run.held():
        pytest.fail("a file was held")
    assert (tmp_path / "file").read_text() == "mine"


def write(path: Path, **config: Any) -> None:
    path.mkdir(parents=True)
    RunFolder(path).write_config(config)


def seed_seven(config: Mapping[str, Any]) -> bool:
    return config["seed"] == 7


def test_a_run_is_given_the_folder_of_the_same_run_or_the_first_free_name(tmp_path: Path) -> None:
    assert free_name(tmp_path, "digits", seed_seven) == tmp_path / "digits"
    write(tmp_path / "digits", seed=1)
    assert free_name(tmp_path, "digits", seed_seven) == tmp_path / "digits-2"
    (tmp_path / "digits-2").mkdir()  # no configuration: something else of the user's
    assert free_name(tmp_path, "digits", seed_seven) == tmp_path / "digits-3"
    write(tmp_path / "digits-3", seed=7)
    write(tmp_path / "digits-4", seed=7)
    assert free_name(tmp_path, "digits", seed_seven) == tmp_path / "digits-3"


def test_a_configuration_reads_back_as_written(tmp_path: Path) -> None:
    config = {
        "seed": 7,
        "rate": 1e-4,
        "name": "häßlich: ja",
        "betas": [0.0, 0.99],
        "none": None,
        "map": {"b": 1, "a": 2},
    }
    run = RunFolder(tmp_path)
    run.write_config(config)
    assert run.read_config() == config
    assert list(run.read_config()) == list(config)


@pytest.mark.parametrize("text", ["a: [1, 2", "just words", "- 1\n- 2", "\x00\x01"])
def test_a_configuration_that_is_none_is_a_clear_error(tmp_path: Path, text: str) -> None:
    run = RunFolder(tmp_path)
    run.config.write_text(text)
    with pytest.raises(ValueError, match=r"config\.yaml"):
        run.read_config()


def test_a_missing_configuration_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="can't be read"):
        RunFolder(tmp_path).read_config()


def test_the_identity_keeps_fields_that_are_not_written_again_and_survives_damage(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.write_identity(state="running", samples=1)
    run.write_identity(samples=2)
    assert run.read_identity() == {"state": "running", "samples": 2}
    run.identity.write_text('{"state": "runn')
    assert run.read_identity() == {}
    run.identity.write_bytes(b"\xff\xfe\x00")
    assert run.read_identity() == {}


def test_a_name_from_elsewhere_leads_nowhere_else(tmp_path: Path) -> None:
    for name in ("../../evil", "/etc/evil", "..", "a/../../evil", "x:../evil", "\0evil", "~/evil"):
        place = free_name(tmp_path / "runs", name, lambda _: False)
        assert place.parent == tmp_path / "runs"
        assert place.name.strip(".")


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["/usr/bin/saddle", "train", "digits"], ["saddle", "train", "digits"]),
        (["/lib/saddlepoint/__main__.py", "train"], ["saddle", "train"]),
        (["train.py", "--fast"], ["python", "train.py", "--fast"]),
        (["/lib/ipykernel_launcher.py", "-f", "kernel.json"], []),
        ([""], []),
        (["-c"], []),
        ([], []),
    ],
)
def test_a_run_says_how_it_was_started(typed: list[str], told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", typed)
    assert started_with() == told
