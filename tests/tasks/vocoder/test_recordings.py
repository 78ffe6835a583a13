"""Recordings of any lengths, and crops of them: what is read, what is shown."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from saddlepoint.configuration import ConfigurationError
from saddlepoint.data import DataError
from saddlepoint.signals import MelFrontEnd, whole_hops
from saddlepoint.tasks.vocoder.batches import CropStream
from saddlepoint.tasks.vocoder.data import Recordings, adopted, recordings

FRONT = MelFrontEnd(2000, 64, 16, 8)


def write(path: Path, wave: np.ndarray, rate: int = 2000) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, wave, rate, subtype="PCM_16")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two speakers, and all that may lie among them."""
    time = np.arange(1200) / 2000
    write(tmp_path / "anna" / "0.wav", 0.5 * np.sin(2 * np.pi * 100 * time))
    write(tmp_path / "anna" / "1.flac", 0.25 * np.sin(2 * np.pi * 100 * time[:300]))
    write(tmp_path / "bert" / "0.wav", 0.5 * np.sin(2 * np.pi * 100 * np.arange(4000) / 4000), 4000)
    stereo = np.stack([0.5 * np.sin(2 * np.pi * 100 * time), np.zeros(1200)], 1)
    write(tmp_path / "bert" / "1.wav", stereo)
    write(tmp_path / "bert" / "silent.wav", np.zeros(500))
    write(tmp_path / "bert" / "clipped.wav", np.repeat([1.0, -1.0], 200))
    write(tmp_path / "bert" / "empty.wav", np.zeros(0))
    (tmp_path / "bert" / "broken.wav").write_bytes(b"RIFF no sound")
    (tmp_path / "notes.txt").touch()
    return tmp_path


def test_recordings_are_read_whole_and_what_was_met_is_said(folder: Path) -> None:
    found = recordings(folder, 2000)
    assert found.names == ("anna/0.wav", "anna/1.flac", "bert/0.wav", "bert/1.wav", "bert/clipped.wav")
    assert found.lengths.tolist() == [1200, 300, 2000, 1200, 400]
    assert found.seconds == 5100 / 2000
    assert found.peaks.tolist() == pytest.approx([0.5, 0.25, 0.5, 0.25, 1.0], abs=0.02)
    said = " ".join(found.notes)
    for phrase in (
        "Skipped 2 files: bert/broken.wav",
        "bert/empty.wav (it is empty)",
        "Resampled to 2,000 Hz: 1 of 4,000 Hz.",
        "Mixed down to the mean of their channels: 1 files.",
        "Left out 1 silent sounds (below −60 dB): bert/silent.wav.",
        "Clipped, and kept: 1 files (bert/clipped.wav).",
        "Left out 1 files that are no sounds",
    ):
        assert phrase in said


def test_speakers_are_held_out_by_a_pattern(folder: Path) -> None:
    train = recordings(folder, 2000, test="^anna/")
    test = recordings(folder, 2000, test="^anna/", split="test")
    assert all(name.startswith("bert/") for name in train.names)
    assert test.names == ("anna/0.wav", "anna/1.flac")
    assert train.fingerprint != test.fingerprint
    with pytest.raises(DataError, match="none of its 8 sounds has a name that fits"):
        recordings(folder, 2000, test="^cara/")


def test_folders_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no sounds"):
        recordings(tmp_path, 2000)
    (tmp_path / "a.wav").write_bytes(b"nothing")
    with pytest.raises(DataError, match="none of the 1 sound files can be used"):
        recordings(tmp_path, 2000)


def test_recordings_are_given_in_python_as_they_are_read_from_files(folder: Path) -> None:
    read = recordings(folder, 2000)
    waves = [soundfile.read(folder / name)[0] for name in read.names if not name.startswith("bert/0")]
    found = adopted(([*waves, np.zeros(500), torch.zeros(8, dtype=torch.int16)], 2000), 2000, 0.0)
    assert found.lengths.tolist() == [1200, 300, 1200, 400]
    kept = torch.cat([read[k] for k, name in enumerate(read.names) if not name.startswith("bert/0")])
    assert torch.allclose(found.waves.float() / 32768, kept, atol=2 / 32768)
    assert found.held_out is None
    assert "Left out 2 silent sounds (below −60 dB): recording 4, recording 5." in found.notes
    halves = adopted((waves, 4000), 2000, 0.5)
    assert halves.held_out is not None
    assert (len(halves), len(halves.held_out), len(halves.whole)) == (2, 2, 4)
    assert sorted(halves.whole.lengths.tolist()) == [150, 200, 600, 600]
    assert adopted(read, 2000, 0.5) is read


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (np.zeros((3, 100)), r"recordings are \(waves, rate\).*, not ndarray"),
        ((3.0, 2000), "and the waves are float"),
        (([np.array(["a"])], 2000), "recording 0 is <U1"),
        (([np.array([np.nan])], 2000), "recording 0 is empty or holds numbers that are not finite"),
        (([], 2000), "none of the 0 recordings can be used"),
        (([np.zeros(100)], 2000), "none of the 1 recordings can be used"),
    ],
)
def test_what_is_no_recording_is_refused(given: object, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        adopted(given, 2000, 0.0)


def ramps(*lengths: int) -> Recordings:
    """Recordings whose samples count: 1, 2, 3 … of 32768, those of the second from 10,001 on …"""
    waves = torch.cat([torch.arange(1, n + 1) + 10_000 * k for k, n in enumerate(lengths)]).to(torch.int16)
    return Recordings("ramps", waves, torch.tensor(lengths), 2000, tuple(f"{k}.wav" for k in range(len(lengths))), "")


def stream(data: Recordings, batch_size: int = 8, seed: int = 0, quieter: float = 0.0) -> CropStream:
    return CropStream(data, 64, 16, FRONT.margin, FRONT.mel, batch_size, seed, quieter)


def test_crops_are_stretches_of_recordings_followed_by_silence_where_these_are_short() -> None:
    data = ramps(1000, 40)
    value = stream(data).drawn(0)
    assert value.source.shape == (8, 8, 5)
    assert value.target.shape == (8, 64)
    assert value.mix.shape == (8, 1)
    for wave in value.target:
        for number, peak in ((1, 10_040), (0, 1000)):
            counted = (wave * peak / 0.9).round().long() - 10_000 * number
            if int(counted[0]) < 1 or int(counted[0]) > 1000:
                continue
            if number == 1:
                assert counted[:40].tolist() == list(range(1, 41))
                assert not bool(wave[40:].any())
            else:
                assert counted.tolist() == list(range(int(counted[0]), int(counted[0]) + 64))
            break
        else:
            pytest.fail("a crop of no recording")


def test_spectrograms_of_crops_are_parts_of_those_of_whole_recordings() -> None:
    noise = (torch.randn(640, generator=torch.Generator().manual_seed(0)) * 3000).to(torch.int16)
    data = Recordings("noise", noise, torch.tensor([640]), 2000, ("0.wav",), "")
    whole = data[0] * (0.9 / data.peaks[0])
    mel = FRONT.mel(whole_hops(whole[None], 16))[0]
    value = stream(data, batch_size=64).drawn(0)
    at_hops = 0
    for source, target in zip(value.source, value.target, strict=True):
        start = next(k for k in range(640 - 63) if torch.allclose(whole[k : k + 64], target, atol=1e-6))
        if start % 16 == 0:
            at_hops += 1
            assert torch.allclose(source, mel[:, start // 16 : start // 16 + 5], atol=1e-4)
    assert at_hops


def test_a_batch_is_a_function_of_seed_and_position() -> None:
    data = ramps(1000, 40, 500)
    first, again = stream(data, quieter=24.0), stream(data, quieter=24.0)
    first.drawn(0)
    for position in (16, 8):
        ours, theirs = first.drawn(position), again.drawn(position)
        assert torch.equal(ours.source, theirs.source)
        assert torch.equal(ours.target, theirs.target)
    assert not torch.equal(first.drawn(0).target, stream(data, seed=1, quieter=24.0).drawn(0).target)


def test_every_epoch_shows_a_crop_of_every_stretch() -> None:
    data = ramps(640, 64)
    value = stream(data, batch_size=11).drawn(0)
    from_second = (value.target[:, 0] * 10_064 / 0.9).round() == 10_001
    assert int(from_second.sum()) == 1  # of eleven stretches, ten are of the first


def test_crops_are_quieter_by_no_more_than_is_said() -> None:
    tone = (torch.sin(torch.arange(6400.0)) * 8000).to(torch.int16)
    data = Recordings("tone", tone, torch.tensor([6400]), 2000, ("0.wav",), "")
    peaks = stream(data, batch_size=256, quieter=20.0).drawn(0).target.abs().amax(1)
    assert 0.09 * 0.98 < float(peaks.min()) < 0.1
    assert 0.85 < float(peaks.max()) <= 0.9001


def test_a_part_shows_its_recordings_alone() -> None:
    value = stream(ramps(1000, 40)).part(torch.tensor([1]), batch_size=3).drawn(0)
    assert len(value.target) == 3
    assert bool(((value.target[:, 0] * 10_040 / 0.9).round() == 10_001).all())


def test_what_is_no_whole_hops_is_refused() -> None:
    with pytest.raises(ValueError, match="no whole hops"):
        CropStream(ramps(1000), 60, 16, 32, FRONT.mel, 4, 0)
