"""Text: read from files, as tokens of a vocabulary, and drawn by batches."""

from saddlepoint.data.text.reading import LONGEST, TextData, TextLayout, read_text
from saddlepoint.data.text.stream import ADVERSARY, TextBatch, TextStream
from saddlepoint.data.text.vocabulary import END, UNKNOWN, BytePairs, Listed, Unit, Vocabulary

__all__ = [
    "ADVERSARY",
    "END",
    "LONGEST",
    "UNKNOWN",
    "BytePairs",
    "Listed",
    "TextBatch",
    "TextData",
    "TextLayout",
    "TextStream",
    "Unit",
    "Vocabulary",
    "read_text",
]
