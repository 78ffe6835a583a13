"""A classifier whose weights are a file of safetensors, as those are that come with the installation."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn


class StoredClassifier(nn.Module, ABC):
    """Saved with facts about its weights, and loaded from them alone."""

    @classmethod
    @abstractmethod
    def shaped(cls, state: Mapping[str, Tensor]) -> Self:
        """One of the sizes that weights have; KeyError where they are another network's."""

    def save(self, path: Path, facts: Mapping[str, object]) -> None:
        """Weights in half precision as safetensors, with facts about them in the header."""
        state = {k: v.half() if v.is_floating_point() else v for k, v in self.state_dict().items()}
        save_file(state, path, {k: v if isinstance(v, str) else json.dumps(v) for k, v in facts.items()})

    @classmethod
    def load(cls, path: Path) -> Self:
        """The classifier that `save` wrote, in single precision, ready to read with.

        Raises:
            ValueError: there is no such file, or it holds something else.
        """
        try:
            with safe_open(path, framework="pt") as file:
                state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, not a dict
            network = cls.shaped(state)
            network.load_state_dict(state)
        except (OSError, SafetensorError, KeyError, RuntimeError) as error:
            raise ValueError(
                f"{path} does not hold a {cls.__name__} ({error}): give a file that its save wrote"
            ) from None
        return network.eval()


def facts(path: Path) -> dict[str, str]:
    """What the header of a safetensors file says about the weights in it."""
    with safe_open(path, framework="pt") as file:
        return dict(file.metadata() or {})
