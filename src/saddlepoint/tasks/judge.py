"""A judge: a discriminator against a generator that does not move any more, which estimates a ratio of densities."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

import torch
from torch import Tensor, nn

from saddlepoint.components.registries import NETWORK_REGISTRY
from saddlepoint.configuration import ConfigurationError
from saddlepoint.tasks.candidates import Choice
from saddlepoint.tasks.model import LatentSampler, Model, folder_of, load_model

M = TypeVar("M", bound=Model)

#: The folder of a judge, below that of the generator.
FOLDER = "judge"
#: Samples that are judged at once.
TOGETHER = 256


@dataclass
class Judge(Model):
    """Estimates log p(x) − log q(x), p of real and q of generated samples, as slope · D(x) + level.

    Where D was trained by cross-entropy to tell both apart, its logit is that number at its best (Gutmann, Hyvärinen,
    "Noise-contrastive estimation", AISTATS 2010); slope and level are a logistic regression on samples that it was not
    trained on (Platt 1999), so that a constant that a loss leaves free does no harm.

    Attributes:
        classes: of its samples; 0 has none.
        of: SHA-256 of the weights of the generator that it judges, hexadecimal.
        slope, level: of the calibration.
        bound: the largest estimate of as many generated samples as `runs.judging` looked at.
        supplied: further arguments of the network that a task supplied.
    """

    classes: int
    of: str
    slope: float
    level: float
    bound: float
    supplied: Mapping[str, Any] = field(default_factory=dict)

    kind: ClassVar[str] = "judge"
    title: ClassVar[str] = "a judge of samples"

    def __call__(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """log p − log q of samples (n, …) as discriminators see them, and labels (n,) where there are classes: (n,)."""
        return self.slope * self.logits(samples, labels) + self.level

    def logits(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """D(x), of patches and the like the mean, (n,) on the CPU."""
        given = [samples] if labels is None else [samples, labels]
        with self.evaluating() as device:
            chunks = zip(*(tensor.split(TOGETHER) for tensor in given), strict=True)
            said = [mean_logits(self.network, *(part.to(device) for part in chunk)) for chunk in chunks]
        return torch.cat(said).cpu()

    def description(self) -> dict[str, Any]:
        """All but the network."""
        return {
            "classes": self.classes,
            "of": self.of,
            "slope": self.slope,
            "level": self.level,
            "bound": self.bound,
            "supplied": dict(self.supplied),
        }

    @classmethod
    def described(
        cls, network: nn.Module | None, spec: Mapping[str, Any], shape: tuple[int, ...], description: Mapping[str, Any]
    ) -> Self:
        """One as a description has it, with a network that is given, or with a new one where it is None."""
        rest = dict(description)
        if network is None:
            network = NETWORK_REGISTRY.build(spec, shape=shape, classes=rest["classes"], **rest["supplied"])
        return cls(network, spec, shape, **rest)

    def tried(self) -> None:
        """Judge one sample of zeros."""
        self(torch.zeros(1, *self.shape), torch.zeros(1, dtype=torch.int64) if self.classes else None)

    def usage(self) -> tuple[str, str]:
        """The command and the Python that use it, from the run's folder."""
        return "saddle sample RUN --resample 8   # {} lies below RUN/generator", "run.sample(64, resample=8)"


def mean_logits(network: nn.Module, samples: Tensor, labels: Tensor | None = None) -> Tensor:
    """What a discriminator says of samples (n, …) and their classes, of patches and the like the mean: (n,)."""
    logits: Tensor = network(samples) if labels is None else network(samples, labels)
    return logits.reshape(len(samples), -1).mean(1)


def chosen(model: M, path: Path, resample: int | None, *, reject: bool) -> M:
    """A model whose samples are chosen by the judge that lies below it, where either is asked for.

    Args:
        model: that draws.
        path: its run's folder, or its own.
        resample: candidates of each sample.
        reject: whether candidates are taken or rejected.

    Raises:
        ConfigurationError: both are given, or fewer than two candidates; no judge, or one of other weights.
        ValueError: the judge's files are damaged.
    """
    if resample is None and not reject:
        return model
    if resample is not None and reject:
        raise ConfigurationError("samples are chosen among --resample K candidates, or by --reject: give one of them")
    if resample is not None and resample < 2:
        raise ConfigurationError(f"--resample {resample}: give the number of candidates of each sample, at least 2")
    if not isinstance(model, LatentSampler):
        raise ConfigurationError(f"{path} holds {model.title}, and no discriminator beside it to judge samples by")
    return model.chosen_by(Choice(judge_of(model, path), resample))


def with_chosen(models: Mapping[str, Model], path: Path, resample: int | None, *, reject: bool) -> dict[str, Model]:
    """Models by name, and behind those that the judge below a path is of, what it chooses; raises as `chosen`."""
    found = dict(models)
    asked = ([(f"among {resample}", resample)] if resample is not None else []) + ([("rejection", None)] * reject)
    judge = judge_of(None, path) if asked else None
    for way, among in asked:
        for name, model in models.items():
            if isinstance(model, LatentSampler) and judge is not None and model.digest == judge.of:
                found[f"{name}, {way}"] = model.chosen_by(Choice(judge, among))
    if asked and len(found) == len(models):
        raise ConfigurationError(f"the judge of {path} is of none of these weights: make one with  saddle judge {path}")
    return found


def said_of(model: Model) -> dict[str, Any]:
    """What a mark says of how a model's samples are chosen: what is asked for, and the judge's weights."""
    choice = model.choice if isinstance(model, LatentSampler) else None
    if choice is None:
        return {}
    assert isinstance(choice.judge, Judge)
    asked = {"reject": True} if choice.among is None else {"resample": choice.among}
    return {**asked, "judge": choice.judge.digest}


def chosen_as(said: Mapping[str, Any], model: M, path: Path) -> tuple[M, dict[str, Any]]:
    """A model that chooses as a mark's options say, and the options that are left.

    Raises:
        ValueError: there is no such judge, or it is another one by now.
    """
    left = dict(said)
    resample, reject, judge = left.pop("resample", None), left.pop("reject", False), left.pop("judge", None)
    try:
        found = chosen(model, path, resample, reject=reject)
    except ConfigurationError as error:
        raise ValueError(f"its samples were chosen by a judge: {error}") from error
    own = said_of(found).get("judge")
    if own != judge:
        raise ValueError(f"its samples were chosen by another judge than {path} has now")
    return found, left


def judge_of(model: Model | None, path: Path) -> "Judge":
    """The judge of a model, or of any, from below its folder; raises as `chosen`."""
    place = folder_of(path) / FOLDER
    if not place.is_dir():
        raise ConfigurationError(f"{path} has no judge: make one with  saddle judge {path}")
    found = load_model(place, _kind)
    assert isinstance(found, Judge)
    if model is not None and found.of != model.digest:
        raise ConfigurationError(
            f"the judge in {place} is of other weights (SHA-256 {found.of[:16]}, and these have {model.digest[:16]}): "
            f"make one of what {path} hands over with  saddle judge {path}"
        )
    return found


def _kind(kind: str) -> type[Model]:
    if kind != Judge.kind:
        raise ValueError(f"its kind is {kind!r}, and a judge is expected")
    return Judge
