"""Output goes to the file that was named, as a whole, and over nothing else."""

import os
import stat
import threading
from pathlib import Path

import numpy as np
import pytest

from commands import TINY, Run
from saddlepoint.storage import RunFolder, write_atomically


def test_a_device_is_written_to_and_stays_one(trained: Path, run: Run) -> None:
    before = Path("/dev/null").stat()
    assert run("sample", trained, "-n", 2, "--npz", "/dev/null").code == 0
    assert (Path("/dev/null").stat().st_rdev, Path("/dev/null").stat().st_mode) == (before.st_rdev, before.st_mode)
    said = run("sample", trained, "-n", 2, "--npz", "/dev/full")
    assert (said.code, "No space left on device" in said.flat) == (1, True)
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)


def test_a_pipe_that_is_read_gets_the_content_and_one_that_is_not_is_refused(
    trained: Path, run: Run, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe.npz"
    os.mkfifo(pipe)
    said = run("sample", trained, "-n", 2, "--npz", pipe)
    assert (said.code, "a pipe that nobody reads" in said.flat) == (1, True)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    while True:  # until the other end is open
        said = run("sample", trained, "-n", 2, "--npz", pipe)
        if said.code == 0:
            break
    reader.join()
    run("sample", trained, "-n", 2, "--npz", tmp_path / "file.npz")
    assert got == [(tmp_path / "file.npz").read_bytes()]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_link_is_followed_and_stays_one(trained: Path, run: Run, tmp_path: Path) -> None:
    target, link = tmp_path / "elsewhere" / "grid.png", tmp_path / "grid.png"
    target.parent.mkdir()
    target.write_text("old")
    link.symlink_to(target)
    assert run("sample", trained, "-n", 4, "--out", link).code == 0
    assert link.is_symlink()
    assert target.read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in target.parent.iterdir()] == ["grid.png"]


@pytest.mark.parametrize("kind", ["folder", "circle of links", "write-protected file", "folder that is not there"])
def test_what_can_not_be_replaced_is_named_and_left(trained: Path, run: Run, tmp_path: Path, kind: str) -> None:
    place = tmp_path / "out.png"
    if kind == "folder":
        place.mkdir()
    elif kind == "circle of links":
        place.symlink_to(place)
    elif kind == "write-protected file":
        if os.geteuid() == 0:
            pytest.skip("nothing is protected from root")
        place.write_text("mine")
        place.chmod(0o400)
    else:
        place = Path("/proc/nowhere/out.png")
    said = run("sample", trained, "-n", 2, "--out", place)
    assert said.code == 1
    assert str(place) in said.flat or str(place.parent) in said.flat
    assert "Traceback" not in said.err


def test_a_file_keeps_its_permissions_when_it_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "private.txt"
    file.write_text("old")
    file.chmod(0o600)
    write_atomically(file, "new")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_link_under_a_temporary_name_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret"
    secret.write_text("mine")
    monkeypatch.setattr("saddlepoint.storage.files.partial_name", lambda _: ".planted.partial")
    (tmp_path / ".planted.partial").symlink_to(secret)
    with pytest.raises(FileExistsError):
        write_atomically(tmp_path / "report.html", "page")
    assert secret.read_text() == "mine"


@pytest.mark.parametrize(
    "name", ["x" * 251 + ".npz", "猫" * 83 + ".npz", "a\nb.npz", "caf\udce9.npz", "-n.npz", " .npz"]
)
def test_any_name_that_a_file_may_have_is_written_to(trained: Path, run: Run, tmp_path: Path, name: str) -> None:
    said = run("sample", trained, "-n", 2, "--npz", tmp_path / name)
    assert said.code == 0, said.err
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert np.load(tmp_path / name)["images"].shape == (2, 8, 8, 1)


def test_single_files_are_whole_or_absent_where_the_disk_is_full(
    trained: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import resource
    import signal

    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (60, limits[1]))
        said = run("sample", trained, "-n", 4, "--dir", tmp_path / "files")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert said.code == 1
    assert list((tmp_path / "files").iterdir()) == []


FOREIGN = {
    "a document": {"thesis.txt": "mine"},
    "another program's run": {"run.json": '{"id": 7}', "metrics.jsonl": "{}"},
    "a configuration of another program": {"config.yaml": "model: bert\n", "notes.txt": "mine"},
    "folders of our names": {
        "generator/README.md": "mine",
        "samples/cat.png": "mine",
        "checkpoints/000000000001/a": "x",
    },
    "a recipe beside other people's work": {"config.yaml": "OURS", "generator/README.md": "mine"},
    "hidden files": {".git/config": "mine"},
}


@pytest.mark.parametrize("what", FOREIGN)
def test_a_folder_that_is_not_a_runs_is_refused_and_untouched(run: Run, tmp_path: Path, what: str) -> None:
    folder = tmp_path / "mine"
    for name, text in FOREIGN[what].items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if text == "OURS":
            said = run("train", "digits", *TINY, "--samples", "32", "--dry-run")
            text = said.out
        (folder / name).write_text(text)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    said = run("train", "digits", *TINY, "--samples", "32", "--out", folder)
    assert said.code == 2
    assert "holds files of yours and no run" in said.flat
    assert "--out" in said.flat
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("command", ["fork", "compare"])
def test_a_folder_of_other_things_holds_no_runs_of_ours(run: Run, trained: Path, tmp_path: Path, command: str) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "fork.json").write_text("mine")
    words = (trained, "--set", "lr=1e-3") if command == "fork" else ("digits", "--baselines")
    for place in (tmp_path / "theirs", tmp_path / "theirs" / "fork.json"):
        said = run(command, *words, "--samples", 32, "--out", place)
        assert (said.code, "give" in said.flat and "--out" in said.flat) == (2, True)
    assert [path.read_text() for path in (tmp_path / "theirs").iterdir()] == ["mine"]


def test_a_run_that_was_killed_before_it_wrote_anything_is_no_foreign_folder(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / ".lock").touch()
    (folder / ".config.yaml.7-0.partial").write_text("half")
    with RunFolder(folder).held():
        assert not list(folder.glob("*.partial"))
    run = RunFolder(folder)
    run.write_config({"schema_version": 2})
    run.check()
    (folder / "notes.txt").write_text("beside, and the user's own")
    run.check()


def test_reports_and_curves_of_a_run_do_not_follow_links_out_of_it(trained: Path, run: Run, tmp_path: Path) -> None:
    import shutil

    copy, secret = tmp_path / "run", tmp_path / "secret"
    for name in ("report.html", "curves.png", "metrics.jsonl", "run.json", ".lock"):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(trained, copy)
        secret.write_text("mine")
        (copy / name).unlink(missing_ok=True)
        (copy / name).symlink_to(secret)
        said = run("report", copy)
        assert (said.code, "leads out of" in said.flat) == (2, True), (name, said.err)
        said = run("train", copy / "config.yaml", "--samples", "640", "--out", copy)
        assert (said.code, "leads out of" in said.flat) == (2, True), (name, said.err)
        assert secret.read_text() == "mine"
