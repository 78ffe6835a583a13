"""Everything that can be chosen by name, with the constructors' own signatures as the schema."""

import inspect

import torch
from torch import nn
from torch.optim import Optimizer

from saddlepoint.augment import AUGMENTATIONS, Augmentation
from saddlepoint.autoencoders import MODELS, Autoencoder
from saddlepoint.components.content import CONTENT_LOSSES, ContentLoss
from saddlepoint.components.projected import ProjectedDiscriminator
from saddlepoint.components.regularisers import REGULARISERS, Regulariser
from saddlepoint.configuration import Registry
from saddlepoint.core import Method
from saddlepoint.core.grouped import by_name, by_shape, muon
from saddlepoint.games import GAMES, AnalyticGame
from saddlepoint.losses import LOSSES, AdversarialLoss
from saddlepoint.methods import METHODS
from saddlepoint.networks import NETWORKS
from saddlepoint.penalties import PENALTIES, Consistency, Penalty

#: LBFGS evaluates the loss itself, which is the method's office here; SparseAdam wants sparse gradients.
_UNFIT = {"Optimizer", "LBFGS", "SparseAdam"}

#: What black and white are in the images is the run's to say.
AUGMENTATION_REGISTRY: Registry[Augmentation] = Registry(
    "augmentation", AUGMENTATIONS, supplied=("low", "high"), base=Augmentation
)


def consistency(
    weight: float = 10.0,
    generated_weight: float = 10.0,
    augmentation: str = "diffaugment",
    strength: float = 1.0,
    low: float = -1.0,
    high: float = 1.0,
) -> Consistency:
    """λ E (D(x) − D(T x))² at real and μ E (D(x) − D(T x))² at generated samples, T an augmentation (bCR).

    The `Consistency` of an augmentation that is chosen by its name.
    """
    augment = AUGMENTATION_REGISTRY.build(augmentation, low=low, high=high)
    return Consistency(weight, generated_weight, strength, augment=augment)


def own(of: str) -> nn.Module:
    """A network that a Python caller gave; `of` says which class it is of."""
    raise ValueError(
        f"a network of your own ({of}): give it again, as saddlepoint.load(folder, networks={{role: network}})"
    )


NETWORK_REGISTRY: Registry[nn.Module] = Registry(
    "network",
    {**NETWORKS, "projected-discriminator": ProjectedDiscriminator, "own": own},
    supplied=("source", "shape", "latent", "classes", "base"),
    base=nn.Module,
)
METHOD_REGISTRY: Registry[Method] = Registry("method", METHODS, base=Method)
LOSS_REGISTRY: Registry[AdversarialLoss] = Registry("loss", LOSSES, base=AdversarialLoss)
PENALTY_REGISTRY: Registry[Penalty] = Registry(
    "penalty", {**PENALTIES, "consistency": consistency}, supplied=("low", "high"), base=Penalty
)
REGULARISER_REGISTRY: Registry[Regulariser] = Registry("regulariser", REGULARISERS, base=Regulariser)
CONTENT_REGISTRY: Registry[ContentLoss] = Registry(
    "content loss", CONTENT_LOSSES, supplied=("low", "high", "device"), base=ContentLoss
)
GAME_REGISTRY: Registry[AnalyticGame] = Registry("game", GAMES)
MODEL_REGISTRY: Registry[Autoencoder] = Registry(
    "model", MODELS, supplied=("encoder", "decoder", "latent", "low", "high")
)
OPTIMIZER_REGISTRY: Registry[Optimizer] = Registry(
    "optimizer",
    {
        name: kind
        for name, kind in vars(torch.optim).items()
        if inspect.isclass(kind) and issubclass(kind, Optimizer) and name not in _UNFIT
    }
    | {"Muon": muon, "by-shape": by_shape, "by-name": by_name},
    supplied=("params", "names"),
    base=Optimizer,
    own_scales=True,
)

__all__ = [
    "AUGMENTATION_REGISTRY",
    "CONTENT_REGISTRY",
    "GAME_REGISTRY",
    "LOSS_REGISTRY",
    "METHOD_REGISTRY",
    "MODEL_REGISTRY",
    "NETWORK_REGISTRY",
    "OPTIMIZER_REGISTRY",
    "PENALTY_REGISTRY",
    "REGULARISER_REGISTRY",
]
