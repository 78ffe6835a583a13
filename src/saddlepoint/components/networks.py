"""The one place where a run's networks are made."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from saddlepoint.components.registries import NETWORK_REGISTRY
from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import seed_for
from saddlepoint.core.randomness import seeded

Choice = Mapping[str, Any]


class Networks:
    """Makes networks as a run's seed begins with them, on the run's device.

    Args:
        seed: of the run; every role has an initialisation of its own.
        device: where they go.
        given: modules of the caller's, by role, which take the place of what a choice names.
        latent: size of the latent, for networks that take one; 0 where there is none.
    """

    def __init__(
        self, seed: int, device: torch.device, given: Mapping[str, nn.Module] | None = None, latent: int = 0
    ) -> None:
        self.seed, self.device, self.given, self.latent = seed, device, dict(given or {}), latent

    def __call__(self, role: str, choice: Choice, **supplied: Any) -> nn.Module:
        """A network for a role.

        Args:
            role: as `generator`.
            choice: what the configuration names, with its arguments.
            supplied: what the task knows and the choice does not say: `shape`, `classes`, `source` and the like.

        Raises:
            ConfigurationError: a network that does not fit.
        """
        if role in self.given:
            return self.given[role].to(self.device)
        if self.latent:
            supplied["latent"] = self.latent
        with seeded(seed_for(self.seed, role, "initialisation")):
            try:
                network = NETWORK_REGISTRY.build(choice, **supplied)
            except ConfigurationError as error:
                raise ConfigurationError(f"{role}: {error}") from error
        return network.to(self.device)


def check_shapes(choices: Mapping[str, Choice], latent: int, **supplied: Any) -> None:
    """Raise ConfigurationError where a network can't have these shapes; nothing is initialised, so it takes no time.

    Args:
        choices: networks by role; those of the caller's own, and those that need to know classes, are left alone.
        latent: size of the latent; 0 where there is none.
        supplied: `shape` and the like.
    """
    make = Networks(0, torch.device("meta"), None, latent)
    with torch.device("meta"):
        for role, choice in choices.items():
            if choice["name"] != "own" and not choice.get("auxiliary"):
                make(role, choice, **supplied)
