"""Where a run computes."""

import torch

from saddlepoint.configuration import ConfigurationError


def pick_device(name: str) -> torch.device:
    """`auto` is the first GPU where there is one. Raises ConfigurationError where the device can't be used."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        found = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
        found += ["mps"] * torch.backends.mps.is_available()
        raise ConfigurationError(
            f"the device {name!r} can't be used here: take --device {', or '.join(['cpu', *found])}"
        ) from error
    return device
