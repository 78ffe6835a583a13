"""Settings that a task includes or leaves out, each with what it builds."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from saddlepoint.components.adversary import Adversary
from saddlepoint.components.registries import (
    AUGMENTATION_REGISTRY,
    LOSS_REGISTRY,
    NETWORK_REGISTRY,
    OPTIMIZER_REGISTRY,
    PENALTY_REGISTRY,
    REGULARISER_REGISTRY,
)
from saddlepoint.configuration import NamedChoices, Settings
from saddlepoint.data.stream import Distribution
from saddlepoint.training import Length, Schedule

Choice = dict[str, Any]


class Latent(Settings):
    """The generator's input."""

    size: int = Field(default=64, ge=1)
    """Numbers in a latent vector."""
    distribution: Distribution = "normal"
    """`normal`: standard normal; `uniform`: uniform on [-1, 1]."""


class Player(Settings):
    """A network and the optimizer that moves it."""

    network: Annotated[Choice, NETWORK_REGISTRY]
    """The network: a name of `saddle list networks`, or `package.module:Name`."""
    optimizer: Annotated[Choice, OPTIMIZER_REGISTRY]
    """What turns a direction into a step: a name of `saddle list optimizers`."""
    clip: float | None = Field(default=None, gt=0)
    """As the run begins and after each step parameters are projected on [-clip, clip]; none leaves them."""
    freeze: int = Field(default=0, ge=0)
    """So many first layers with weights stay as the run begins with them. Of a discriminator that was taken from
    another run that is FreezeD (Mo, Cho, Shin 2020, arXiv 2002.10964)."""


class Pretraining(Settings):
    """A first stage, in which the generator learns without the adversary."""

    samples: Annotated[int | None, Length()] = Field(default=0, ge=0)
    """Samples seen before the adversary begins; none leaves the adversary out."""


class AdversarySettings(Settings):
    """The discriminator's loss, and what is added to it."""

    loss: Annotated[Choice, LOSS_REGISTRY]
    """The adversarial loss of both players: a name of `saddle list losses`."""
    penalties: Annotated[dict[str, Choice], NamedChoices(PENALTY_REGISTRY)] = Field(default_factory=dict)
    """Added to the discriminator's loss, by name: `saddle list penalties`."""
    penalty_schedule: Schedule | None = None
    """A factor on all penalties by the samples seen; none leaves them as they are."""
    regularisers: Annotated[dict[str, Choice], NamedChoices(REGULARISER_REGISTRY)] = Field(default_factory=dict)
    """Added to the generator's loss, by name: `saddle list regularisers`."""

    def build(self, *, low: float = -1.0, high: float = 1.0, **more: Any) -> Adversary:
        """The adversary that these settings describe.

        Args:
            low, high: black and white, where samples are images.
            more: further arguments of `Adversary`.
        """
        return Adversary(
            LOSS_REGISTRY.build(self.loss),
            [PENALTY_REGISTRY.build({"name": n, **spec}, low=low, high=high) for n, spec in self.penalties.items()],
            regularisers=[
                REGULARISER_REGISTRY.build({"name": name, **spec})
                for name, spec in self.regularisers.items()
                if spec["weight"]
            ],
            **more,
        )

    @property
    def batchwise(self) -> list[str]:
        """Of loss, penalties and regularisers those that are no means over samples, so that a batch has to be whole."""
        built = self.build()
        weighed = [name for name, spec in self.regularisers.items() if spec["weight"]]
        names = [str(self.loss["name"]), *self.penalties, *weighed]
        means = [
            built.loss.mean_over_samples,
            *(penalty.mean_over_samples for penalty in built.penalties),
            *(regulariser.mean_over_samples for regulariser in built.regularisers),
        ]
        return [name for name, mean in zip(names, means, strict=True) if not mean]

    @property
    def bibtex(self) -> list[str]:
        """Papers of the loss, the penalties and the regularisers."""
        built = self.build()
        return [
            built.loss.paper,
            *(penalty.paper for penalty in built.penalties),
            *(regulariser.paper for regulariser in built.regularisers),
        ]


class WeightedAdversary(AdversarySettings):
    """The adversarial loss beside content losses, and what is added to it."""

    weight: float = Field(default=1.0, ge=0)
    """Of the adversarial loss in the generator's loss."""

    def build(self, *, low: float = -1.0, high: float = 1.0, **more: Any) -> Adversary:
        """The adversary that these settings describe; see `AdversarySettings.build`."""
        return super().build(low=low, high=high, weight=self.weight, **more)


class ClassAdversary(AdversarySettings):
    """The discriminator of samples that may have classes."""

    auxiliary: float = Field(default=0.0, ge=0)
    """Weight of an auxiliary classifier in the discriminator (AC-GAN); it needs `conditional`."""

    def check(self, discriminator: Choice, *, conditional: bool) -> None:
        """Raise ValueError where an auxiliary classifier lacks its classes, its network or its weight."""
        if self.auxiliary and not conditional:
            raise ValueError("an auxiliary classifier needs classes: give --conditional, or --set auxiliary=0")
        if self.auxiliary and "auxiliary" not in discriminator:
            raise ValueError(f"{discriminator['name']} has no auxiliary classifier: --set auxiliary=0")
        if discriminator.get("auxiliary") and not self.auxiliary:
            raise ValueError("the discriminator's auxiliary classifier would learn nothing: --set auxiliary=1")

    def with_classifier(self, discriminator: Choice) -> Choice:
        """The discriminator's network, with its classifier where that has a weight."""
        return {**discriminator, "auxiliary": True} if self.auxiliary else discriminator

    def build(self, *, low: float = -1.0, high: float = 1.0, **more: Any) -> Adversary:
        """The adversary that these settings describe; see `AdversarySettings.build`."""
        return super().build(low=low, high=high, auxiliary=self.auxiliary, **more)


class Augmentation(Settings):
    """What the discriminator sees images through; a name alone is that kind with its usual strength."""

    kind: Annotated[Choice, AUGMENTATION_REGISTRY]
    """`diffaugment` or `adaptive`, with the parts that are applied."""
    strength: Annotated[float, Field(ge=0, le=1)] | Literal["auto"] = 1.0
    """Probability of each part; where there is a target, where it begins; `auto` goes by the number of images."""
    target: float | None = Field(default=None, gt=-1, lt=1)
    """Of the mean sign of the real logits, towards which the strength is adjusted; none leaves the strength."""
    span: Annotated[float, Length()] = Field(default=500_000, gt=0)
    """Samples that an adjustment of the strength from 0 to 1 takes."""
    schedule: Schedule | None = None
    """The strength by the samples seen, in place of a target."""

    @model_validator(mode="before")
    @classmethod
    def _by_its_name(cls, data: Any) -> Any:
        if not isinstance(data, str):
            return data
        # Karras et al. 2020: the strength is found, from 0 on.
        return {"kind": data, **({"strength": 0.0, "target": 0.6} if data == "adaptive" else {})}

    @model_validator(mode="after")
    def _one_strength(self) -> Self:
        if self.target is not None and self.schedule is not None:
            raise ValueError("augmentation.target and augmentation.schedule both set the strength: give one")
        return self
