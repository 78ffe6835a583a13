"""What all evaluations share: sets of features and the measures of them, and what comes of an evaluation."""

from saddlepoint.evaluation.evaluation import Evaluation

__all__ = ["Evaluation"]
