"""How made samples lie among training samples: what a score of two means and two covariances can't see."""

from collections.abc import Callable
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from saddlepoint.metrics import Support, are_copies, nearest_neighbours

#: Made samples that are looked at, and training samples that they are looked for among.
MADE, TRAINING = 512, 8192
#: Fewer samples have no neighbourhoods: the fifth nearest is their radius.
FEWEST = 40
#: Side to which images are averaged before they are compared: shifts by a pixel count little.
SIDE = 16
#: Widest samples; of wider ones as many numbers are taken, evenly spaced.
WIDEST = 1024


class Closeness:
    """Looks for made samples among training samples.

    Args:
        training: gives training samples as numbers between which Euclidean distances are taken, (N, …), in an order
            that tells nothing; called once, when they are first looked at.
        labels: their classes, int64 (N,); None where there are none.
    """

    def __init__(self, training: Callable[[], Tensor], labels: Tensor | None = None) -> None:
        self._given, self._labels = training, labels

    def __call__(self, made: Tensor, labels: Tensor | None = None) -> dict[str, float]:
        """Of made samples (n, …), 512 of them at best.

        `precision`: share inside the support of real ones (Kynkäänniemi et al. 2019). `coverage`: share of real samples
        with a made one near by (Naeem et al. 2020). `memorised`: share that are copies of a training sample (see
        `metrics.memorised`). `class_agreement`: how often the nearest training sample is of the class that a sample was
        made for. `class_gap`: half the sum of differences of the classes' shares, by the nearest training sample.

        Args:
            made: as the training samples.
            labels: classes that they were made for; None without.
        """
        return self._among.found(_flat(made), labels)

    def nearest(self, made: Tensor, n: int) -> tuple[list[int], list[int]]:
        """Of made samples the n that lie nearest to one training sample, relative to the next; and these, by place."""
        training = self._training
        if len(training) < 2 or not len(made):
            return [], []
        found = nearest_neighbours(_flat(made), training, 2)
        ratio = found.distances[:, 0] / np.maximum(found.distances[:, 1], 1e-12)
        chosen = np.argsort(ratio, kind="stable")[:n]
        return chosen.tolist(), found.indices[chosen, 0].tolist()

    def of_real(self) -> dict[str, float]:
        """The same of training samples among the others: what a perfect generator would come to."""
        half = min(MADE, len(self._training) // 2)
        if half < 1:
            return {}
        classes = self._classes
        own = None if classes is None else torch.from_numpy(classes[:half])
        rest = None if classes is None else classes[half:]
        return _Among(self._training[half:], rest).found(self._training[:half], own)

    def of_data(self) -> dict[str, float]:
        """Of the training samples alone.

        `constant`: share of samples in which all numbers are equal, as black images are. `repeated`: share that equal
        an earlier one. `largest_class`: share of the largest class. `class_agreement`: how often the nearest other
        sample is of the same class; `class_chance`: how often any other is. `range`: between the thousandth lowest and
        highest of all numbers, which networks expect to be 1 or 2 of images; `still`: share of the places of a sample,
        as pixels, where all samples have one value to a hundredth of that.
        """
        rows, classes = self._training, self._classes
        constant = np.ptp(rows, axis=1) == 0 if rows.shape[1] > 1 else np.zeros(len(rows), bool)
        different = len(np.unique(rows[~constant], axis=0)) + int(constant.any())
        found = {"constant": float(constant.mean()), "repeated": 1 - different / len(rows)}
        if len(rows) > 2:
            low, high = np.quantile(rows[:MADE], (0.001, 0.999))
            still = np.ptp(rows, axis=0) <= 0.01 * (high - low)
            found |= {"range": float(high - low), "still": float(still.mean())}
        if classes is not None and len(rows) > 2:
            shares = np.bincount(classes) / len(classes)
            half = min(MADE, len(rows) // 2)
            near = nearest_neighbours(rows[:half], rows[half:]).indices[:, 0]
            found |= {
                "largest_class": float(shares.max()),
                "class_agreement": float((classes[half:][near] == classes[:half]).mean()),
                "class_chance": float(np.square(shares).sum()),
            }
        return found

    @cached_property
    def _among(self) -> "_Among":
        return _Among(self._training, self._classes)

    @cached_property
    def _training(self) -> NDArray[np.float64]:
        return _flat(self._given()[:TRAINING])

    @cached_property
    def _classes(self) -> NDArray[np.int64] | None:
        if self._labels is None:
            return None
        found: NDArray[np.int64] = self._labels[: len(self._training)].cpu().numpy().astype(np.int64)
        return found


class _Among:
    """Training samples as rows, with what is searched in them once: neighbourhoods, and which of them are different."""

    def __init__(self, training: NDArray[np.float64], classes: NDArray[np.int64] | None) -> None:
        self._training, self._classes = training, classes
        self._supports: dict[int, Support] = {}

    def found(self, made: NDArray[np.float64], labels: Tensor | None) -> dict[str, float]:
        """Of made rows (n, d), see `Closeness`."""
        if not np.isfinite(made).all() or not len(self._training):
            return {}
        found: dict[str, float] = {}
        n = min(len(made), len(self._training))
        if n >= FEWEST:
            if n not in self._supports:
                self._supports[n] = Support(self._training[:n])
            found["precision"] = self._supports[n].precision(made[:n])
            found["coverage"] = self._supports[n].coverage(made[:n])
        rows, places = self._different
        nearest = nearest_neighbours(made, rows, min(2, len(rows)))
        found["memorised"] = float(are_copies(nearest).mean()) if len(rows) > 1 else 0.0
        if self._classes is not None:
            near = self._classes[places[nearest.indices[:, 0]]]
            if labels is not None:
                found["class_agreement"] = float((near == labels.cpu().numpy()).mean())
            else:
                size = 1 + int(max(near.max(), self._classes.max()))
                shares = [np.bincount(own, minlength=size) / len(own) for own in (near, self._classes)]
                found["class_gap"] = float(np.abs(shares[0] - shares[1]).sum() / 2)
        return found

    @cached_property
    def _different(self) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Rows without those that equal an earlier one, and where they lie."""
        places = np.sort(np.unique(self._training, axis=0, return_index=True)[1])
        return (self._training if len(places) == len(self._training) else self._training[places]), places


def _flat(samples: Tensor) -> NDArray[np.float64]:
    """Samples (n, …) as rows; images averaged to at most 16x16."""
    samples = samples.detach().cpu().float()
    if samples.dim() == 4 and max(samples.shape[2:]) > SIDE:
        samples = adaptive_avg_pool2d(samples, (min(SIDE, samples.shape[2]), min(SIDE, samples.shape[3])))
    rows = samples.flatten(1)
    if rows.shape[1] > WIDEST:
        rows = rows[:, torch.linspace(0, rows.shape[1] - 1, WIDEST).long()]
    found: NDArray[np.float64] = rows.double().numpy()
    return found
