"""Windows of a time series, made of noise."""

from saddlepoint.tasks.series.task import TASK

__all__ = ["TASK"]
