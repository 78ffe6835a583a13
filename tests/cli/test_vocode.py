"""Vocoders from the user's side: trained on recordings, applied to files and folders, evaluated; what is refused."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from commands import Run
from saddlepoint.cli import main
from saddlepoint.tasks import model_at
from saddlepoint.tasks.vocoder.model import VocoderOptions

TINY = (
    *("--device", "cpu", "--batch-size", "6", "--samples", "24", "--set", "regression=12"),
    *("--set", "data.rate=2000", "--set", "data.crop=192", "--set", "mel={window: 64, hop: 16, bands: 8}"),
    *("--set", "refinement.steps=2", "--set", "generator.network={name: vocoder, width: 8, factors: [4]}"),
    *("--set", "discriminator.network={name: vocoder-discriminator, width: 2, periods: [2], windows: [64]}"),
)


def tone(hertz: float, seconds: float, rate: int = 2000) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tones of two speakers, and what is none."""
    place = tmp_path_factory.mktemp("speech")
    for number in range(8):
        name = f"{number}_{'ann' if number % 2 else 'bob'}.wav"
        soundfile.write(place / name, tone(100 + 50 * number, 0.3 + 0.03 * number), 2000)
    (place / "broken.wav").write_bytes(b"RIFF")
    return place


@pytest.fixture(scope="module")
def vocoder(speech: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder of a vocoder that was hardly trained."""
    out = tmp_path_factory.mktemp("vocoder") / "run"
    command = ["saddle", "train", "vocoder", "--data", str(speech), *TINY, "--set", "data.test=_ann", "--out", str(out)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as leave:
            main()
    assert leave.value.code == 0
    return out


@pytest.mark.slow
def test_a_speaker_is_held_out_and_the_run_is_pictured(vocoder: Path) -> None:
    dataset = json.loads((vocoder / "run.json").read_text())["dataset"]
    assert dataset["recordings"] == 4
    said = " ".join(dataset["notes"])
    assert "Held out 4 files, whose names fit _ann." in said
    assert "Skipped 1 files: broken.wav" in said
    assert list((vocoder / "samples").glob("*.png"))
    assert (vocoder / "generator" / "regression" / "generator.safetensors").is_file()
    assert "saddle vocode" in (vocoder / "generator" / "README.md").read_text()


def test_files_folders_and_spectrograms_are_vocoded(run: Run, vocoder: Path, tmp_path: Path) -> None:
    given, out = tmp_path / "given", tmp_path / "out"
    (given / "deep").mkdir(parents=True)
    soundfile.write(given / "deep" / "loud.flac", tone(300, 0.5, 4000), 4000)
    stereo = np.stack([tone(200, 0.4), tone(400, 0.4)], 1)
    soundfile.write(given / "stereo.wav", stereo, 2000)
    trained = model_at(vocoder)
    wave = torch.from_numpy(stereo.mean(1)).float()
    np.save(given / "mel.npy", trained.log_mel(wave).numpy())
    (given / "notes.txt").touch()
    said = run("vocode", vocoder, given, "--out", out, "--json")
    assert said.code == 0, said.err
    assert said.json["written"] == 3
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.*")) == [
        "deep/loud.wav",
        "mel.wav",
        "stereo.wav",
    ]
    heard, rate = soundfile.read(out / "deep" / "loud.wav")
    assert (rate, len(heard)) == (4000, 2000)
    expected = trained.resynthesised(wave).numpy()
    # 16 bits round what was read and what was written.
    apart = np.stack([trained.resynthesised(torch.from_numpy(part).float()).numpy() for part in stereo.T], 1)
    np.testing.assert_allclose(soundfile.read(out / "stereo.wav")[0], apart, atol=2e-3)
    assert said.json["ignored"] == [str(given / "notes.txt")]
    assert said.json["notes"] == ["Nothing above 1,000 Hz, half of the vocoder's rate: loud.flac."]
    assert run("vocode", vocoder, given / "stereo.wav", "--out", tmp_path / "one", "--channels", "mixed").code == 0
    np.testing.assert_allclose(soundfile.read(tmp_path / "one" / "stereo.wav")[0], expected, atol=2e-3)
    np.testing.assert_allclose(soundfile.read(out / "mel.wav")[0][: len(expected)], expected, atol=2e-3)
    assert run("vocode", vocoder, given / "stereo.wav", "--out", tmp_path / "alone", "--steps", "0").code == 0
    model = trained.prepared(VocoderOptions(steps=0))
    alone = model.resynthesised(torch.from_numpy(stereo[:, 1]).float()).numpy()
    np.testing.assert_allclose(soundfile.read(tmp_path / "alone" / "stereo.wav")[0][:, 1], alone, atol=2e-3)


def test_what_cannot_be_read_is_named_and_left_out(run: Run, vocoder: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 2000)
    soundfile.write(tmp_path / "good.wav", tone(200, 0.3), 2000)
    np.save(tmp_path / "other.npy", np.zeros((40, 20), np.float32))
    np.save(tmp_path / "nothing.npy", np.full((8, 20), np.nan))
    np.save(tmp_path / "words.npy", np.array(["a", "b"]))
    (tmp_path / "damaged.npy").write_bytes(b"numbers")
    said = run("vocode", vocoder, tmp_path, "--out", tmp_path / "out", "--json")
    assert said.code == 1
    assert said.json["written"] == 1
    reasons = {Path(failure["file"]).name: failure["reason"] for failure in said.json["failed"]}
    assert set(reasons) == {"broken.wav", "damaged.npy", "empty.wav", "nothing.npy", "other.npy", "words.npy"}
    assert "(8 bands, frames), at least 2 frames of 16 samples at 2,000 Hz" in reasons["other.npy"]
    assert "it is empty" in reasons["empty.wav"]
    assert "no .npy file of numbers" in reasons["damaged.npy"]
    assert "give log-mels" in reasons["words.npy"]
    assert "6 of 7 files were left out" in said.flat


def test_what_cannot_be_done_is_one_sentence(
    run: Run, vocoder: Path, speech: Path, trained: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    name = speech / "0_bob.wav"
    for arguments, why in (
        (["vocode", vocoder, tmp_path / "empty", "--out", tmp_path / "o"], "holds no sounds"),
        (["vocode", vocoder, tmp_path / "nowhere", "--out", tmp_path / "o"], "does not exist"),
        (["vocode", vocoder, name, "--out", speech], "would be written over"),
        (["vocode", trained, name, "--out", tmp_path / "o"], "holds a generator of images: use it with `saddle sample"),
        (["sample", vocoder], f"holds a vocoder, which draws no samples: saddle vocode {vocoder}"),
        (["evaluate", vocoder / "generator"], "give the run folder"),
        (["evaluate", vocoder, "--features", "digits"], "holds vocoder: --features is for evaluations of audio,"),
        (["train", "vocoder", *TINY], "give their folder with --data FOLDER"),
        (["train", "vocoder", "--data", tmp_path / "empty", *TINY], "holds no sounds"),
        (["train", "vocoder", "--data", speech, *TINY, "--set", "data.test=_cid"], "change data.test"),
    ):
        said = run(*arguments, *(["--out", tmp_path / "run"] if arguments[0] == "train" else []))
        assert said.code == 2, arguments
        assert why in said.flat


def test_vocoders_are_evaluated_on_who_was_held_out(run: Run, vocoder: Path, speech: Path, tmp_path: Path) -> None:
    said = run("evaluate", vocoder, "--json", "--plot", tmp_path / "plot")
    assert said.code == 0, said.err
    found = {(v["metric"], v["protocol"]["weights"]): v["value"] for v in said.json["values"]}
    for name in ("average", "live", "regression", "average, network alone", "noise, 2 steps", "griffin-lim, 32 steps"):
        assert found["mel_l1", name] >= 0
        assert found["real_time", name] > 0
    assert {v["protocol"]["n_real"] for v in said.json["values"]} == {4}
    assert {path.name for path in (tmp_path / "plot").iterdir()} == {
        "vocoded-average.png",
        "vocoded-live.png",
        "vocoded-regression.png",
    }
    said = run("evaluate", vocoder, "--json", "--data", speech, "--weights", "live")
    assert said.code == 0, said.err
    assert {v["protocol"]["n_real"] for v in said.json["values"]} == {8}
    assert {v["protocol"]["split"] for v in said.json["values"]} == {"other recordings"}


def test_costs_are_told_before_training(run: Run, speech: Path) -> None:
    said = run("train", "vocoder", "--data", speech, *TINY, "--dry-run")
    assert said.code == 0
    assert "generator:" in said.out
    assert "discriminator:" in said.out


def test_what_is_vocoded_says_so_and_is_made_again(run: Run, vocoder: Path, speech: Path, tmp_path: Path) -> None:
    source = speech / "1_ann.wav"
    assert run("vocode", vocoder, source, "--out", tmp_path).code == 0
    said = run("verify", tmp_path / source.name, "--run", vocoder, "--source", source, "--json")
    assert (said.code, said.json["agreement"]) == (0, "bytes")
    assert said.json["mark"]["kind"] == "compositeWithTrainedAlgorithmicMedia"
