"""Text: read from files, as tokens of a vocabulary, and drawn by batches."""

from saddlepoint.data.text.reading import LONGEST, Layout, TextData, read_text
from saddlepoint.data.text.stream import ADVERSARY, TextBatch, TextStream
from saddlepoint.data.text.vocabulary import END, UNKNOWN, Listed, Pairs, Unit, Vocabulary

__all__ = [
    "ADVERSARY",
    "END",
    "LONGEST",
    "UNKNOWN",
    "Layout",
    "Listed",
    "Pairs",
    "TextBatch",
    "TextData",
    "TextStream",
    "Unit",
    "Vocabulary",
    "read_text",
]
