"""Rows of a table, made of noise and of conditions."""

from saddlepoint.tasks.tables.task import TASK

__all__ = ["TASK"]
