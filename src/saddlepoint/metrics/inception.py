"""The Inception Score: a classifier's certainty on each sample against its variety over all."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy

from saddlepoint.metrics.features import Features, double, feature_array


@dataclass(frozen=True)
class InceptionScore:
    """The score over splits.

    Attributes:
        mean: over splits, in [1, classes].
        deviation: standard deviation over splits (ddof 0).
    """

    mean: float
    deviation: float


def inception_score(logits: Features, splits: int = 10) -> InceptionScore:
    """exp(mean of KL(p(c|x) ‖ p(c))), where p(c) is the mean of p(c|x) over a split, in nats.

    1 where all samples look alike to the classifier or it knows none; the number of classes where it is certain of each
    and they are equally many. A split of fewer rows gives a smaller score: state n and splits.

    Splits are those of the paper's code: rows ⌊n i/splits⌋ to ⌊n (i + 1)/splits⌋, and the deviation of a population.
    torch-fidelity shuffles rows before, unless told otherwise; torchmetrics shuffles them always, cuts splits of
    ⌈n/splits⌉ rows, and divides by splits − 1 in the deviation.

    Args:
        logits: a classifier's (n, classes), in the order in which samples were drawn: rows are not shuffled.
        splits: parts of neighbouring rows.

    Raises:
        ValueError: splits below 1 or above n, or logits that are not finite.

    Paper: Salimans et al. 2016, "Improved techniques for training GANs", arXiv 1606.03498.

    >>> round(inception_score(np.eye(4) * 100, splits=1).mean, 9)
    4.0
    """
    array = feature_array(logits, "logit")
    if not 1 <= splits <= len(array):
        raise ValueError(f"splits is {splits}, with {len(array)} rows: give 1 to {len(array)}")
    log_p = scipy.special.log_softmax(double(array), axis=1)
    edges = [len(array) * i // splits for i in range(splits + 1)]
    scores = []
    for start, stop in pairwise(edges):
        part = log_p[start:stop]
        marginal = scipy.special.logsumexp(part, axis=0) - np.log(len(part))
        scores.append(np.exp((np.exp(part) * (part - marginal)).sum(1).mean()))
    return InceptionScore(float(np.mean(scores)), float(np.std(scores)))
