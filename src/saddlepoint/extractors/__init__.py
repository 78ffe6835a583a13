"""What turns images or sounds into rows of numbers, so that sets of them can be compared: networks and weights."""

from saddlepoint.extractors.classifier import SmallClassifier
from saddlepoint.extractors.extractor import Extracted, Extractor
from saddlepoint.extractors.loading import (
    EXTRACTORS,
    PLAIN,
    SOUND_EXTRACTORS,
    WEIGHTS,
    classifier,
    load_extractor,
    load_sound_extractor,
    suited_to,
)
from saddlepoint.extractors.spoken import SoundExtractor, SpokenClassifier
from saddlepoint.extractors.stored import facts

__all__ = [
    "EXTRACTORS",
    "PLAIN",
    "SOUND_EXTRACTORS",
    "WEIGHTS",
    "Extracted",
    "Extractor",
    "SmallClassifier",
    "SoundExtractor",
    "SpokenClassifier",
    "classifier",
    "facts",
    "load_extractor",
    "load_sound_extractor",
    "suited_to",
]
