"""What turns images into rows of numbers, so that sets of images can be compared: networks with their weights."""

from saddlepoint.extractors.classifier import SmallClassifier, facts
from saddlepoint.extractors.extractor import Extractor, Reading
from saddlepoint.extractors.loading import EXTRACTORS, WEIGHTS, classifier, load_extractor, suited_to

__all__ = [
    "EXTRACTORS",
    "WEIGHTS",
    "Extractor",
    "Reading",
    "SmallClassifier",
    "classifier",
    "facts",
    "load_extractor",
    "suited_to",
]
