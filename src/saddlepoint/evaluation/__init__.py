"""How good a trained generator is: every metric with the protocol that it was measured by."""

from saddlepoint.evaluation.audio import evaluate_sounds
from saddlepoint.evaluation.enhancement import compared_models, evaluate_enhancers
from saddlepoint.evaluation.evaluating import SAMPLES, evaluate_images
from saddlepoint.evaluation.evaluation import Evaluation
from saddlepoint.evaluation.feature_metrics import METRICS, chosen
from saddlepoint.evaluation.plane import evaluate_points
from saddlepoint.evaluation.real import RealSet, real_sets
from saddlepoint.evaluation.series import evaluate_series
from saddlepoint.evaluation.tables import evaluate_tables
from saddlepoint.evaluation.text import evaluate_texts
from saddlepoint.evaluation.translation import evaluate_translators
from saddlepoint.evaluation.vocoder import evaluate_vocoders

__all__ = [
    "METRICS",
    "SAMPLES",
    "Evaluation",
    "RealSet",
    "chosen",
    "compared_models",
    "evaluate_enhancers",
    "evaluate_images",
    "evaluate_points",
    "evaluate_series",
    "evaluate_sounds",
    "evaluate_tables",
    "evaluate_texts",
    "evaluate_translators",
    "evaluate_vocoders",
    "real_sets",
]
