"""Sounds, made of noise."""

from saddlepoint.tasks.audio.task import TASK

__all__ = ["TASK"]
