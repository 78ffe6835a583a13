"""Trackers: each real library, offline, read by its own reader; and that none of them touches a training."""

import json
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

import saddlepoint as sp
from commands import TINY, Run
from saddlepoint.storage import RunFolder, read_records
from saddlepoint.storage.sealed import checksum
from saddlepoint.tracking import Tracker, following
from saddlepoint.training import Observer

WEIGHTS = "generator/generator.safetensors"


class Kept(Tracker):
    """Remembers all that it is told."""

    told: ClassVar[list[tuple[Any, ...]]] = []

    def begin(self, name: str, folder: Path, config: Mapping[str, Any], known: str | None) -> str:
        self.told.append(("begin", name, config["recipe"], known))
        return "the id"

    def scalars(self, values: Mapping[str, float], samples: int) -> None:
        self.told.append(("scalars", samples, dict(values)))

    def image(self, name: str, path: Path, samples: int) -> None:
        self.told.append(("image", name, samples))

    def sound(self, name: str, path: Path, samples: int) -> None:
        self.told.append(("sound", name, samples))

    def text(self, name: str, text: str, samples: int) -> None:
        self.told.append(("text", name, text))

    def end(self, failed: bool) -> None:
        self.told.append(("end", failed))


class NoModule(Kept):
    """Of a library that is not installed."""

    def __init__(self) -> None:
        raise ImportError("no module", name="nothing")


def train(run: Run, folder: Path, samples: int, *more: str) -> Any:
    return run("train", "digits", *TINY, "--keep-schedules", "--samples", str(samples), "--out", folder, *more)


def of(told: list[tuple[Any, ...]], what: str) -> list[tuple[Any, ...]]:
    return [one for one in told if one[0] == what]


@pytest.mark.slow
def test_a_tracker_of_the_users_is_told_all_and_a_resumed_run_goes_on_in_it(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Kept, "told", told := [])
    name = "test_trackers:Kept"
    assert train(run, tmp_path / "run", 160, "--track", name).code == 0
    first, told[:] = list(told), []
    assert first[0] == ("begin", "run", "digits", None)
    assert train(run, tmp_path / "run", 320, "--track", name).code == 0
    assert told[0] == ("begin", "run", "digits", "the id")
    records = read_records(RunFolder(tmp_path / "run").records)
    scalars = of([*first, *told], "scalars")
    assert [samples for _, samples, _ in scalars] == [record["samples"] for record in records], "each once"
    for (_, _, values), record in zip(scalars, records, strict=True):
        for player, loss in record["losses"].items():
            assert values[f"losses/{player}"] == loss
    assert {"verdicts/game", "monitors/discriminator_auc"} <= set(scalars[-1][2])
    assert of(told, "image")[-1] == ("image", "samples", 320)
    assert [one[1] for one in of(told, "text")][-1] == "outcome"
    assert told[-1] == ("end", False)


class Broken(Kept):
    """Fails in the method that is named."""

    where = ""

    def __getattribute__(self, name: str) -> Any:
        if name == Broken.where:
            raise SystemExit(3)
        return super().__getattribute__(name)


@pytest.mark.parametrize(
    "where", ["scalars", *(pytest.param(w, marks=pytest.mark.slow) for w in ("begin", "image", "text", "end"))]
)
def test_a_tracker_that_fails_is_told_once_and_touches_nothing(
    run: Run, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setattr(Broken, "where", where)
    said = run(
        "train", "digits", *TINY, "--samples", "320", "--out", tmp_path / "run", "--track", "test_trackers:Broken"
    )
    assert said.code == 0
    assert said.flat.count("the run goes on without it") == 1
    assert checksum(tmp_path / "run" / WEIGHTS) == checksum(trained / WEIGHTS), "bit for bit"


def test_a_tracker_that_hangs_is_left(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    never = threading.Event()
    monkeypatch.setattr(following, "PATIENCE", 0.2)
    monkeypatch.setattr(Kept, "scalars", lambda *_: never.wait())
    said = train(run, tmp_path / "run", 64, "--track", "test_trackers:Kept")
    never.set()
    assert said.code == 0
    assert "has not answered" in said.flat


def test_trackers_that_are_not_there_are_told_before_the_run(run: Run, tmp_path: Path) -> None:
    for name, word in (
        ("tensorbord", "tensorboard"),
        ("test_trackers:NoModule", "no module"),
        ("json:loads", "no sad"),
    ):
        said = train(run, tmp_path / "run", 64, "--track", name)
        assert (said.code, word in said.flat) == (2, True), said.err
    assert not (tmp_path / "run" / "metrics.jsonl").exists()


def test_what_a_handed_over_folder_says_of_trackers_is_checked(tmp_path: Path) -> None:
    for text in ("[]", "{", '{"a": 3}', '{"a": {"id": 3}}', '{"a": {"id": "x", "samples": "y"}}'):
        (tmp_path / "trackers.json").write_text(text)
        assert following._kept(tmp_path, "a") in [(None, -1), ("x", -1)]


def test_several_at_once_from_python_with_sounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Kept, "told", told := [])
    (tmp_path / "run" / "exhibits").mkdir(parents=True)
    observer = following.Following("kept", Kept(), pytest.fail)

    class Info:
        folder, continued = tmp_path / "run", False

        class config:
            @staticmethod
            def plain() -> dict[str, Any]:
                return {"recipe": "own"}

    class Ended:
        class progress:
            samples = 7

        class outcome:
            value = "non-finite"

        message = "it blew up"

    (tmp_path / "run" / "exhibits" / "made-0.wav").touch()
    (tmp_path / "run" / "exhibits" / "real-0.wav").touch()
    observer.planned(Info())  # type: ignore[arg-type]
    observer.ended(Ended())  # type: ignore[arg-type]
    assert of(told, "sound") == [("sound", "made-0", 7)]
    assert told[-1] == ("end", True)
    assert isinstance(observer, Observer)


# --- real libraries, offline -----------------------------------------------------------------------------------


@pytest.fixture
def twice(run: Run, tmp_path: Path) -> Any:
    """Train with a tracker, stop, and go on; gives the folder and what was said."""

    def train_twice(name: str) -> Path:
        folder = tmp_path / "runs" / "mine"
        for samples in (160, 320):
            said = train(run, folder, samples, "--track", name)
            assert (said.code, "goes on without it" in said.flat) == (0, False), said.err
        return folder

    return train_twice


def expected(folder: Path) -> list[tuple[int, float]]:
    return [(one["samples"], one["losses"]["generator"]) for one in read_records(RunFolder(folder).records)]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_tensorboard_reads_curves_pictures_and_settings(twice: Any) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = twice("tensorboard")
    events = EventAccumulator(str(folder / "tensorboard"), size_guidance={"images": 0, "scalars": 0}).Reload()
    found = [(one.step, one.value) for one in events.Scalars("losses/generator")]
    assert [step for step, _ in found] == [step for step, _ in expected(folder)]
    assert [value for _, value in found] == pytest.approx([value for _, value in expected(folder)], rel=1e-6)
    assert events.Images("samples")[-1].step == 320
    assert events.Images("samples")[-1].width > 8
    assert {"config/text_summary", "outcome/text_summary"} <= set(events.Tags()["tensors"])


@pytest.mark.filterwarnings("ignore")
def test_tensorboard_takes_sounds(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    import numpy as np
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from saddlepoint.data.audio import write_wave
    from saddlepoint.tracking import tracker_named

    write_wave(tmp_path / "a.wav", np.linspace(-1, 1, 800, dtype=np.float32), 8000)
    tracker = tracker_named("tensorboard")
    tracker.begin("a", tmp_path, {}, None)
    tracker.sound("made-0", tmp_path / "a.wav", 5)
    tracker.end(False)
    events = EventAccumulator(str(tmp_path / "tensorboard"), size_guidance={"audio": 0}).Reload()
    assert (events.Audio("made-0")[0].sample_rate, events.Audio("made-0")[0].step) == (8000, 5)


@pytest.mark.filterwarnings("ignore")
def test_trackio_keeps_curves_and_pictures_in_one_run(
    twice: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("trackio")
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))
    import trackio.sqlite_storage as storage
    import trackio.utils

    for module in (storage, trackio.utils):
        for name in ("TRACKIO_DIR",):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, tmp_path / "trackio")
    folder = twice("trackio")
    runs = storage.SQLiteStorage.get_runs("saddlepoint")
    names = [run["name"] if isinstance(run, dict) else run for run in runs]
    kept = json.loads((folder / "trackers.json").read_text())["trackio"]["id"]
    assert names == [kept]
    logs = storage.SQLiteStorage.get_logs("saddlepoint", kept)
    found = [(log["step"], log["losses/generator"]) for log in logs if "losses/generator" in log]
    assert found == expected(folder)
    assert any("samples" in log for log in logs)


def records_of(file: Path) -> Iterator[bytes]:
    """Records of a .wandb file, LevelDB's log: a head of 7 bytes, then blocks of 32 KiB of checksum, length, kind."""
    data, place, begun = file.read_bytes(), 7, b""
    while place + 7 <= len(data):
        if (left := 32768 - place % 32768) < 7:
            place += left
            continue
        length, kind = struct.unpack("<HB", data[place + 4 : place + 7])
        begun = (begun if kind in (3, 4) else b"") + data[place + 7 : place + 7 + length]
        if kind in (1, 4):
            yield begun
        place += 7 + length


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_wandb_writes_one_run_offline(twice: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb")
    from wandb.proto import wandb_internal_pb2

    monkeypatch.setenv("WANDB_MODE", "offline")
    folder = twice("wandb")
    files = sorted((folder / "wandb").glob("offline-run-*/*.wandb"))
    kept = json.loads((folder / "trackers.json").read_text())["wandb"]["id"]
    assert len(files) == 2
    found, config = [], ""
    for file in files:
        assert kept in file.name
        for data in records_of(file):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(data)
            if record.WhichOneof("record_type") == "history":
                items = record.history.item
                row = {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}
                if "losses/generator" in row:
                    found.append((row["samples"], row["losses/generator"]))
            if record.WhichOneof("record_type") == "run":
                config += " ".join(f"{one.key}={one.value_json}" for one in record.run.config.update)
    assert found == expected(folder)
    assert 'recipe="digits"' in config
    assert list((folder / "wandb").rglob("media/images/*.png"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_mlflow_keeps_curves_and_pictures_in_one_run(
    twice: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "mlruns").as_uri())
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    folder = twice("mlflow")
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name("saddlepoint")
    (found,) = client.search_runs([experiment.experiment_id])
    assert found.info.run_id == json.loads((folder / "trackers.json").read_text())["mlflow"]["id"]
    assert (found.info.status, found.data.params["recipe"]) == ("FINISHED", "digits")
    history = client.get_metric_history(found.info.run_id, "losses/generator")
    assert sorted((one.step, one.value) for one in history) == expected(folder)
    assert {one.path for one in client.list_artifacts(found.info.run_id)} == {"config.json", "samples"}
    assert "verdicts/game" in found.data.tags


@pytest.mark.slow
def test_python_takes_a_name_or_a_tracker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Kept, "told", told := [])
    run = sp.train("ring", samples=256, out=tmp_path / "run", track=Kept(), progress=False)
    assert run.outcome == "stopped"
    assert told[-1] == ("end", False)
