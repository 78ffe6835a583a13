"""What a number measures and which way it is good: declared once, for training, evaluation, standings and report."""

from saddlepoint.measures.measure import Direction, Measure
from saddlepoint.measures.number import Number, Protocol, declared, numbers, values
from saddlepoint.measures.registry import MEASURES, measure

__all__ = [
    "MEASURES",
    "Direction",
    "Measure",
    "Number",
    "Protocol",
    "declared",
    "measure",
    "numbers",
    "values",
]
