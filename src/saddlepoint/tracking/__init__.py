"""Experiment trackers that watch a run: TensorBoard, Trackio, Weights & Biases, MLflow, or one of the user's."""

from saddlepoint.tracking.following import Following
from saddlepoint.tracking.tracker import GROUP, TRACKERS, Tracker, tracker_named

__all__ = ["GROUP", "TRACKERS", "Following", "Tracker", "tracker_named"]
