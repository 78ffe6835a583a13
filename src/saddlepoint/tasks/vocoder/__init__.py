"""Waves of mel spectrograms: a vocoder against a discriminator of waves, after a first stage by regression."""

from saddlepoint.tasks.vocoder.task import TASK

__all__ = ["TASK"]
