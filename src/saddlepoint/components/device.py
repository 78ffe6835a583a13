"""Where a run computes."""

import os
import re

import torch

from saddlepoint.configuration import ConfigurationError
from saddlepoint.core.ranks import rank, world

#: How torch says that a kind of device has no such operation, or no such numbers.
_MISSING = re.compile(
    r"operator '(?P<name>[\w:.]+)' is not currently implemented for the (?P<device>\w+) device|"
    r"Could not run '(?P<run>[\w:.]+)' with arguments from the '(?P<backend>\w+)' backend|"
    r"Cannot convert a (?P<kind>\w+) Tensor to (?P<type>\w+)"
)


def pick_device(name: str) -> torch.device:
    """`auto` is the accelerator that torch finds (cuda, mps, xpu …), or else the CPU.

    Raises:
        ConfigurationError: the device can't be used here; names those that can.
    """
    accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    if world() > 1 and accelerator is not None and name in ("auto", accelerator.type):
        return _own_device(accelerator.type)
    if name == "auto":
        return accelerator or torch.device("cpu")
    if world() > 1 and ":" in name:
        raise ConfigurationError(
            f"--device {name} is one device for {world()} processes: give {name.partition(':')[0]}"
        )
    try:
        device = torch.device(name)
        if device.type == "meta":
            raise RuntimeError("it holds no numbers")
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        found = []
        if accelerator is not None:
            found = [accelerator.type]
            found += [f"{accelerator.type}:{number}" for number in range(1, torch.accelerator.device_count())]
        raise ConfigurationError(
            f"the device {name!r} can't be used here: take --device {', or '.join(['cpu', *found])}"
        ) from error
    return device


def _own_device(kind: str) -> torch.device:
    """The accelerator of this process among those of its machine. Raises ConfigurationError where there are too few."""
    number, there = int(os.environ.get("LOCAL_RANK", rank())), torch.accelerator.device_count()
    if number >= there:
        raise ConfigurationError(
            f"there are more processes on this machine than the {there} of {kind}: give --processes {there} (or "
            f"--nproc-per-node {there}), or --device cpu"
        )
    torch.accelerator.set_device_index(number)
    return torch.device(kind, number)


def missing_operation(error: BaseException) -> str | None:
    """A sentence with the remedy, where an error says that a device lacks an operation; None otherwise.

    >>> missing_operation(ValueError("no such class")) is None
    True
    """
    said = _MISSING.search(str(error))
    if said is None:
        return None
    device = str(said["device"] or said["backend"] or said["kind"]).lower()
    what = f"numbers of type {said['type']}" if said["type"] else f"the operation {said['name'] or said['run']}"
    fallback = " (or set PYTORCH_ENABLE_MPS_FALLBACK=1, which does that alone on the CPU)" if device == "mps" else ""
    return f"torch {torch.__version__} has not {what} for {device}: give --device cpu{fallback}"
