"""The classifier of spoken words: what makes no difference to it, and what is kept of it."""

import json
from pathlib import Path

import pytest
import torch

from saddlepoint.data.audio import sound_folder
from saddlepoint.extractors import SoundExtractor, SpokenClassifier, facts, load_extractor, load_sound_extractor
from saddlepoint.extractors.loading import SPOKEN
from saddlepoint.signals import resampled


@pytest.fixture(scope="module")
def network() -> SpokenClassifier:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return SpokenClassifier(widths=(2, 4, 4, 4)).eval()


def test_how_loud_a_sound_is_makes_no_difference(network: SpokenClassifier) -> None:
    t = torch.arange(8192) / 8000
    x = (torch.sin(2 * torch.pi * 500 * t) + 0.1 * torch.sin(2 * torch.pi * 1500 * t))[None]
    torch.testing.assert_close(network(0.05 * x), network(0.9 * x), rtol=1e-2, atol=1e-3)


def test_batches_and_rates_make_no_difference(network: SpokenClassifier) -> None:
    t = torch.arange(4096) / 8000
    envelope = torch.hann_window(4096)
    x = torch.stack([envelope * torch.sin(2 * torch.pi * f * t) for f in (300.0, 700.0, 1500.0)])
    t = torch.arange(8192) / 16000
    doubled = torch.stack([torch.hann_window(8192) * torch.sin(2 * torch.pi * f * t) for f in (300.0, 700.0, 1500.0)])
    one, three = (SoundExtractor(network, batch=batch) for batch in (1, 3))
    torch.testing.assert_close(one(x, 8000), three(x, 8000), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(three(doubled, 16000), three(x, 8000), rtol=1e-2, atol=1e-3)
    assert one.digest == three.digest
    with pytest.raises(ValueError, match="expected floats"):
        one.read(torch.zeros(3, 1, 8, 8, dtype=torch.uint8), 8000)


def test_weights_are_kept_in_half_precision(network: SpokenClassifier, tmp_path: Path) -> None:
    network.save(tmp_path / "a.safetensors", {"data": "none"})
    again = SpokenClassifier.load(tmp_path / "a.safetensors")
    x = torch.randn(2, 4000, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(again(x), network(x), rtol=1e-2, atol=1e-2)
    (tmp_path / "b.safetensors").write_text("nothing")
    with pytest.raises(ValueError, match="does not hold a SpokenClassifier"):
        SpokenClassifier.load(tmp_path / "b.safetensors")


def test_the_weights_that_come_along_know_what_they_were_tested_on() -> None:
    about = facts(SPOKEN)
    assert float(about["test_accuracy"]) >= 0.97
    assert SPOKEN.stat().st_size < 300_000
    assert len(json.loads(about["classes"])) == 10


@pytest.mark.slow
def test_spoken_digits_are_understood(shared_data: Path) -> None:
    """Of recordings that the classifier was not trained on; also where they are softer, later and of another rate."""
    data = sound_folder(shared_data / "fsdd" / "recordings", label="prefix", test=r"_[0-4]$", split="test")
    assert data.labels is not None
    listener = load_sound_extractor("spoken-digits")
    heard = listener.read(data.floats(), data.rate)
    assert heard.logits is not None
    assert float((heard.logits.argmax(1) == data.labels).double().mean()) >= 0.97
    later = torch.nn.functional.pad(0.3 * data.floats()[::7], (400, 0))
    again = listener.read(resampled(later, 8000, 16000), 16000)
    assert again.logits is not None
    assert float((again.logits.argmax(1) == data.labels[::7]).double().mean()) >= 0.95


def test_ears_and_eyes_are_told_apart() -> None:
    with pytest.raises(ValueError, match="listens to sounds: for images give one of"):
        load_extractor("spoken-digits")
    with pytest.raises(ValueError, match="no extractor 'digits' listens to sounds"):
        load_sound_extractor("digits")
