"""Where a run computes."""

import re

import torch

from saddlepoint.configuration import ConfigurationError

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
    if name == "auto":
        return accelerator or torch.device("cpu")
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
