"""Folders of sounds: any rate, channels, length and format; files that are none; classes and what is held out."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from saddlepoint.data import DataError
from saddlepoint.data.audio import SoundData, sound_folder, write_wave


def tone(hertz: float = 440, seconds: float = 0.1, rate: int = 8000, level: float = 0.5) -> np.ndarray:
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Write a sound below the folder, and give the folder."""

    def write(name: str, wave: np.ndarray | None = None, rate: int = 8000, **how: str) -> Path:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(tmp_path / name, tone(rate=rate) if wave is None else wave, rate, **how)
        return tmp_path

    return write


def test_rates_channels_and_formats_come_to_one(put: Callable[..., Path]) -> None:
    both = np.stack([tone(rate=44100), np.zeros(4410)], 1)
    put("a.wav")
    put("b.flac", both, 44100)
    put("c.ogg", tone(rate=16000), 16000)
    put("d.WAV", tone(rate=48000), 48000, subtype="FLOAT", format="WAV")
    data = sound_folder(put("e.wav", subtype="PCM_24"), samples=800)
    assert data.waves.shape == (5, 800)
    x = data.floats()
    assert x.abs().amax(1).tolist() == pytest.approx([0.9] * 5, abs=1e-3)
    middle = x[:, 100:700]
    cosine = torch.nn.functional.cosine_similarity(middle, middle[:1])
    assert float(cosine.min()) > 0.98  # the same tone in phase, also from lossy OGG
    said = " ".join(data.notes)
    assert "Resampled to 8,000 Hz: 1 of 16,000 Hz, 1 of 44,100 Hz, 1 of 48,000 Hz" in said
    assert "Mixed down to the mean of their channels: 1 files" in said


def test_levels_are_kept_where_asked_and_mixing_down_takes_the_mean(put: Callable[..., Path]) -> None:
    folder = put("a.wav", np.stack([tone(level=0.8), np.zeros(800)], 1))
    assert float(sound_folder(folder, samples=900, level="kept").floats().abs().max()) == pytest.approx(0.4, abs=1e-3)


def test_what_the_new_rate_lacks_is_left_out(put: Callable[..., Path]) -> None:
    folder = put("a.wav", tone(200, rate=32000) + tone(9000, rate=32000), 32000)
    spectrum = torch.fft.rfft(sound_folder(folder, samples=800).floats()[0, 100:700]).abs()
    at = torch.arange(len(spectrum)) * 8000 / 600
    assert float(spectrum[at > 800].max() / spectrum.max()) < 0.02


def test_sounds_are_followed_by_silence_or_cut(put: Callable[..., Path]) -> None:
    wave = np.concatenate([tone(level=0.1, seconds=0.2), tone(level=0.5, seconds=0.1), tone(level=0.1, seconds=0.17)])
    put("short.wav")
    folder = put("long.wav", wave)
    start = sound_folder(folder, samples=1000, level="kept")
    assert "1 sounds followed by silence, 1 files cut (start)" in start.notes[-1]
    long, short = start.floats()
    assert int(short[800:].count_nonzero()) == 0
    assert float(long.abs().max()) == pytest.approx(0.1, abs=0.01)
    assert float(long[-1]) == 0  # faded
    loudest = sound_folder(folder, samples=800, level="kept", cut="loudest").floats()[0]
    assert float(loudest.square().mean().sqrt()) > 0.3
    windows = sound_folder(folder, samples=800, level="kept", cut="windows")
    assert len(windows) == 6  # 3760 samples are five stretches, the last of .7; and one of the other file
    np.testing.assert_allclose(windows.floats()[2, :700], wave[1600:2300], atol=1e-4)


def test_windows_of_another_rate_fit_together(put: Callable[..., Path]) -> None:
    folder = put("a.wav", tone(300, seconds=0.4, rate=44100), 44100)
    x = sound_folder(folder, samples=800, level="kept", cut="windows").floats()
    expected = torch.from_numpy(tone(300, seconds=0.4)).float().view(4, 800)
    assert float((x - expected)[1:3, :700].abs().max()) < 0.02


def test_bad_files_are_named_and_skipped(put: Callable[..., Path]) -> None:
    folder = put("good.wav")
    (folder / "empty.wav").write_bytes(b"")
    put("none.wav", np.zeros(0))
    put("nan.wav", np.array([0.1, np.nan, 0.2]), subtype="FLOAT")
    (folder / "text.flac").write_text("no sound at all")
    (folder / "cut.flac").write_bytes(b"fLaC" + bytes(30))
    (folder / "readme.txt").write_text("hello")
    data = sound_folder(folder, samples=800)
    assert len(data) == 1
    said = " ".join(data.notes)
    assert "Skipped 5 files" in said
    assert "none.wav (it is empty)" in said
    assert "nan.wav (it holds numbers that are not finite)" in said
    assert "Left out 1 files that are no sounds by their endings: " in said
    (folder / "good.wav").unlink()
    with pytest.raises(DataError, match="none of the 5 sound files can be used"):
        sound_folder(folder)


def test_what_is_hardly_there_is_skipped(put: Callable[..., Path]) -> None:
    put("click.wav", tone(seconds=0.005))
    data = sound_folder(put("tick.wav", tone(seconds=0.012)), samples=800)
    assert len(data) == 1
    assert "Skipped 1 files: click.wav (it lasts 5 ms)" in " ".join(data.notes)


def test_a_class_whose_files_are_all_broken_is_none(put: Callable[..., Path]) -> None:
    put("a_1.wav")
    put("b_1.wav", tone(700))
    folder = put("c_1.wav", tone(900))
    (folder / "b_1.wav").write_text("no sound")
    data = sound_folder(folder, samples=800, label="prefix")
    assert (data.classes, data.labels.tolist()) == (("a", "c"), [0, 1])
    assert "Left out 1 classes without a sound: b." in " ".join(data.notes)


def test_silence_and_clipping_are_reported(put: Callable[..., Path]) -> None:
    put("silent.wav", np.zeros(800))
    put("clipped.wav", np.clip(tone(level=3), -1, 1))
    put("full.wav", tone(level=0.9999))  # touches full scale, and is not clipped
    data = sound_folder(put("fine.wav"), samples=800)
    said = " ".join(data.notes)
    assert len(data) == 3
    assert "Left out 1 silent sounds (below −60 dB): silent.wav" in said
    assert "Clipped, and kept: 1 files (clipped.wav)" in said


def test_classes_are_folders_prefixes_or_a_pattern(put: Callable[..., Path]) -> None:
    for name in ("zero/0_ann_1.wav", "one/1_bob_1.wav", "one/1_ann_2.wav"):
        folder = put(name)
    assert sound_folder(folder).classes == ("one", "zero")
    assert sound_folder(folder).labels.tolist() == [0, 0, 1]
    assert sound_folder(folder, label="prefix").classes == ("0", "1")
    assert sound_folder(folder, label="_([a-z]+)_").classes == ("ann", "bob")
    assert sound_folder(folder, label=None).labels is None
    put("loose.wav")
    beside = sound_folder(folder)
    assert (beside.classes, len(beside)) == (("one", "zero"), 3)
    assert "Left out 1 sounds beside the classes' folders: loose.wav." in beside.notes
    with pytest.raises(DataError, match=r"loose\.wav have no class by data.label"):
        sound_folder(folder, label="_([a-z]+)_")
    with pytest.raises(DataError, match="has no group"):
        sound_folder(folder, label="_[a-z]+_")
    with pytest.raises(DataError, match="no regular expression"):
        sound_folder(folder, label="(")


def test_half_of_the_sounds_beside_folders_take_the_classes_away(put: Callable[..., Path]) -> None:
    for name in ("zero/a.wav", "one/b.wav", "c.wav", "d.wav"):
        folder = put(name)
    data = sound_folder(folder)
    assert (data.classes, len(data)) == ((), 4)


def test_antiphase_and_what_is_beyond_full_scale_are_kept_and_told(put: Callable[..., Path]) -> None:
    put("anti.wav", np.stack([tone(), -tone()], 1))
    put("three.wav", tone(level=3), subtype="FLOAT")
    put("whole.wav", tone(level=20000), subtype="FLOAT")
    folder = put("a.aiff")
    put("b.mp3", tone(seconds=0.3))
    data = sound_folder(folder, samples=800, level="kept")
    said = " ".join(data.notes)
    assert len(data) == 5
    assert "of which the loudest is taken: 1 files (anti.wav)" in said
    assert "Beyond full scale, and scaled to it: 2 files (three.wav, whole.wav)" in said
    assert "Clipped" not in said
    _, anti, _, three, whole = data.floats().abs().amax(1).tolist()
    assert anti == pytest.approx(0.5, abs=1e-3)
    assert three == whole == pytest.approx(1, abs=1e-3)
    middle = data.floats()[-1, 100:700]
    assert float(torch.nn.functional.cosine_similarity(middle, data.floats()[0, 100:700], 0)) > 0.999  # no square wave


def test_what_is_held_out_follows_a_rule(put: Callable[..., Path]) -> None:
    for number in range(40):
        folder = put(f"{number % 2}_x_{number}.wav", tone(200 + 10 * number))
    train, test = (sound_folder(folder, test=r"_\d$", label="prefix", split=s) for s in ("train", "test"))
    assert (len(train), len(test)) == (30, 10)
    assert train.classes == test.classes == ("0", "1")
    train, test = (sound_folder(folder, held_out=0.3, split=s) for s in ("train", "test"))
    assert len(train) + len(test) == 40
    assert 4 <= len(test) <= 20
    before = {wave.tobytes() for wave in test.waves.numpy()}
    put("another.wav", tone(1234))
    after = {wave.tobytes() for wave in sound_folder(folder, held_out=0.3, split="test").waves.numpy()}
    assert before <= after  # a file that is added moves no other
    with pytest.raises(DataError, match="no sounds to test with"):
        sound_folder(folder, split="test")
    with pytest.raises(DataError, match="all of its 41 sounds are to test with"):
        sound_folder(folder, test=".")
    with pytest.raises(DataError, match="none of its 41 sounds has a name that fits"):
        sound_folder(folder, test="nothing")


def test_train_and_test_may_be_folders(put: Callable[..., Path]) -> None:
    for name in ("train/a/1.wav", "train/b/1.wav", "test/b/2.wav"):
        folder = put(name)
    train, test = sound_folder(folder), sound_folder(folder, split="test")
    assert (len(train), train.classes) == (2, ("a", "b"))
    assert (len(test), test.classes, test.labels.tolist()) == (1, ("a", "b"), [1])
    put("test/c/1.wav")
    with pytest.raises(DataError, match="of the class 'c', which none of the sounds to train with has"):
        sound_folder(folder, split="test")


def test_a_missing_folder_an_empty_one_and_a_missing_extra_say_what_to_do(
    put: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataError, match="does not exist: expected a folder of sounds"):
        sound_folder(tmp_path / "nowhere")
    (tmp_path / "song.m4a").write_bytes(b"x")
    with pytest.raises(DataError, match=r"holds no sounds: looked for .* found 1 of \.m4a"):
        sound_folder(tmp_path)
    with pytest.raises(DataError, match="at least 100 samples a second"):
        sound_folder(tmp_path, rate=0)
    folder = put("a.wav")
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(DataError, match=r"pip install 'saddlepoint\[audio\]'"):
        sound_folder(folder)


def test_fingerprints_follow_the_samples() -> None:
    waves = torch.zeros(2, 10, dtype=torch.int16)
    a, b = (SoundData("two", w, 8000, None, (), "Made here.") for w in (waves, waves + 1))
    assert a.fingerprint != b.fingerprint
    with pytest.raises(DataError, match=r"expected torch\.int16"):
        SoundData("two", waves.float(), 8000, None, (), "Made here.")


def test_a_written_wave_is_read_as_it_was(tmp_path: Path) -> None:
    wave = tone().astype(np.float32)
    write_wave(tmp_path / "a.wav", wave, 8000)
    read, rate = soundfile.read(tmp_path / "a.wav")
    assert rate == 8000
    np.testing.assert_allclose(read, wave, atol=1e-4)


@pytest.mark.slow
def test_spoken_digits_are_read_by_their_names(shared_data: Path) -> None:
    folder = shared_data / "fsdd" / "recordings"
    test = sound_folder(folder, label="prefix", test=r"_[0-4]$", split="test")
    assert (len(test), test.classes) == (300, tuple("0123456789"))
    assert test.labels.bincount().tolist() == [30] * 10
