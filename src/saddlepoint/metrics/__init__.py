"""How good a generator is: functions of feature arrays, NumPy or torch in, float64 inside."""

from saddlepoint.metrics.frechet import frechet_distance

__all__ = ["frechet_distance"]
