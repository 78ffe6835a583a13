"""What makes a labelled set larger: samples of each class, those left out that a classifier reads as another."""

import json
from dataclasses import dataclass

import torch
from torch import Tensor

from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import seed_for
from saddlepoint.extractors import WEIGHTS, Extractor, facts, load_extractor
from saddlepoint.tasks.trained import ImageGenerator

#: Images drawn together, and how often the wanted number is drawn before a class is given up.
DRAWN, PATIENCE = 256, 20


@dataclass(frozen=True)
class ClassifierFilter:
    """Keeps the samples that a classifier reads as their class with at least this probability.

    A classifier brings what it learned elsewhere: one of ours has seen 60,000 labelled images, so a set that it
    filtered can't show what few labels are worth.
    """

    classifier: Extractor
    probability: float

    @classmethod
    def of_ours(
        cls, classes: tuple[str, ...], probability: float, device: torch.device | str = "cpu"
    ) -> "ClassifierFilter":
        """With the one of the package's classifiers that knows these classes, in this order.

        Raises:
            ConfigurationError: a probability out of (0, 1), or none of them knows these classes.
        """
        if not 0 < probability < 1:
            raise ConfigurationError(f"the probability to keep from is {probability}: give one between 0 and 1")
        for name, weights in WEIGHTS.items():
            if weights.is_file() and tuple(json.loads(facts(weights)["classes"])) == classes:
                return cls(load_extractor(name, device), probability)
        raise ConfigurationError(
            f"no classifier of ours knows the classes {', '.join(classes)} ({', '.join(WEIGHTS)} are what there is): "
            f"take all samples, without --keep"
        )

    def keeps(self, images: Tensor, label: int) -> Tensor:
        """Which images (uint8, N C H W) are read as this class, bool (N,)."""
        return self.classifier.logits(images).softmax(1)[:, label] >= self.probability


@dataclass(frozen=True)
class Filtered:
    """Samples of one class, uint8 (n, C, H, W), and how many were drawn for them."""

    images: Tensor
    drawn: int


def samples_of_class(
    trained: ImageGenerator, label: int, n: int, seed: int = 0, classifier_filter: ClassifierFilter | None = None
) -> Filtered:
    """The first n ≥ 1 samples of a class that the filter keeps; those of a smaller n are the first of them.

    Raises:
        ConfigurationError: a generator without classes, or one of whose samples too few are read as this class.
    """
    if not trained.classes:
        raise ConfigurationError(
            "the generator makes no classes on demand, so its samples have no labels: train one with "
            "saddle train RECIPE --conditional"
        )
    kept: list[Tensor] = []
    found = drawn = 0
    while True:
        latents = trained.latents(DRAWN, seed_for(seed, label, drawn, "enlarge"))
        images = trained.render(latents, torch.full((DRAWN,), label))
        chosen = (
            torch.ones(DRAWN, dtype=torch.bool) if classifier_filter is None else classifier_filter.keeps(images, label)
        )
        places = chosen.nonzero()[: n - found, 0]
        kept.append(images[places])
        found += len(places)
        if found == n:
            return Filtered(torch.cat(kept), drawn + int(places[-1]) + 1)
        drawn += DRAWN
        if classifier_filter is not None and drawn >= PATIENCE * max(n, DRAWN):
            raise ConfigurationError(
                f"of {drawn:,} samples of class {trained.classes[label]!r}, {found:,} are read as it by the classifier "
                f"{classifier_filter.classifier.name} with probability {classifier_filter.probability:g}, "
                f"but {n:,} were asked for: train for longer, ask for fewer, or keep from a lower probability"
            )
