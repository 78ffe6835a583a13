"""Sounds on the command line: train, sample, evaluate, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from commands import Run

TINY = (
    *("--device", "cpu", "--batch-size", "12", "--samples", "24", "--set", "latent.size=4"),
    *("--set", "data.rate=2000", "--set", "data.seconds=0.12", "--set", "data.label=prefix"),
    *("--set", "spectrogram={window: 64, hop: 16, bands: 8, steps: 2}"),
    *("--set", "generator.network.width=4", "--set", "discriminator.network.width=4"),
)


@pytest.fixture(scope="module")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("tones")
    for number in range(30):
        time = np.arange(200) / 2000
        soundfile.write(place / f"{number % 2}_{number}.wav", 0.5 * np.sin(2 * np.pi * 20 * (9 + number) * time), 2000)
    (place / "torn.wav").write_text("no sound")
    return place


def test_sounds_are_trained_on_sampled_and_evaluated(run: Run, tones: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    said = run("train", "audio", "--data", tones, "--conditional", *TINY, "--out", folder)
    assert said.code == 0, said.err
    assert "Skipped 1 files: torn.wav" in said.flat
    assert f"saddle sample {folder} -n 16 --seed 7 --dir sounds" in said.flat
    assert list((folder / "samples").glob("*.png"))

    said = run("sample", folder, "-n", "4", "--dir", tmp_path / "all", "--out", tmp_path / "preview.wav")
    assert said.code == 0, said.err
    names = sorted(path.name for path in (tmp_path / "all").iterdir())
    assert names == ["0_0.wav", "0_2.wav", "1_1.wav", "1_3.wav"]
    first, rate = soundfile.read(tmp_path / "all" / "0_0.wav")
    whole, _ = soundfile.read(tmp_path / "preview.wav")
    assert (rate, len(first), len(whole)) == (2000, 256, 4 * (256 + 300))
    np.testing.assert_array_equal(whole[:256], first)
    said = run("sample", folder, "-n", "4", "--class", "1", "--out", tmp_path / "picture.png")
    assert said.code == 0, said.err
    with Image.open(tmp_path / "picture.png") as picture:
        assert picture.size[0] > 8
    assert run("sample", folder, "-n", "4", "--npz", tmp_path / "four.npz").code == 0
    assert np.load(tmp_path / "four.npz")["sounds"].shape == (4, 256)

    said = run("evaluate", folder / "generator", "--data", tones, "--samples", "50", "--metrics", "modes")
    assert said.code == 0, said.err
    said = run("evaluate", folder, "--samples", "50", "--metrics", "modes", "--plot", tmp_path / "plots")
    assert said.code == 0, said.err
    assert (tmp_path / "plots" / "spectrograms-average.png").is_file()

    for arguments, why in (
        (["sample", folder, "--walk", tmp_path / "walk.gif"], "a generator of sounds can't walk: --walk is for images"),
        (["sample", folder, "--where", "a=b"], "--where"),
        (
            ["sample", folder, "--out", tmp_path / "x.mp3"],
            "can't be written as x.mp3: give --out FILE with one of .wav, .png",
        ),
        (["evaluate", folder, "--features", "digits"], "no extractor 'digits' listens to sounds"),
        (["evaluate", folder / "generator"], "a generator alone does not say what it was trained on"),
    ):
        said = run(*arguments)
        assert said.code == 2
        assert why in said.flat


def test_no_folder_and_bad_ones_are_refused(run: Run, tones: Path, tmp_path: Path) -> None:
    for arguments, why in (
        ([], "give their folder with --data FOLDER"),
        (["--data", tmp_path / "nowhere"], "does not exist: give the path of a file or folder"),
        (["--data", tmp_path], "holds no sounds"),
        (["--data", tones, "--conditional", "--set", "data.label=none"], "--set data.label=prefix"),
    ):
        said = run("train", "audio", *TINY, *arguments, "--out", tmp_path / "run")
        assert said.code == 2
        assert why in said.flat
