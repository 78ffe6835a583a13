"""Randomness as a function of a key: (seed, position, purpose) names a draw; no generator state travels.

A resumed run continues as if it had never stopped, because a draw depends on where the run is and not on
what was drawn before.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_MPS = torch.backends.mps.is_available()


def seed_for(*key: int | str) -> int:
    """Hash a key to a seed in [0, 2⁶³).

    >>> seed_for(0, 64, "latent") == seed_for(0, 64, "latent")
    True
    >>> seed_for(0, 64, "latent") == seed_for(0, 64, "order")
    False
    """
    digest = hashlib.blake2b(repr(key).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def rng(*key: int | str) -> torch.Generator:
    """A fresh CPU generator for a key. Draw on the CPU and move: the numbers then agree on every device."""
    return torch.Generator().manual_seed(seed_for(*key))


@contextmanager
def seeded(seed: int | None) -> Iterator[None]:
    """Run a block, dropout and the like included, under a seed, and give the caller's CPU state back.

    None leaves the global generator alone. On CUDA the device generators are seeded and not given back:
    reading their state would wait for the device at every step.
    """
    if seed is None:
        yield
        return
    with rewound():
        _seed_all(seed)
        yield


@contextmanager
def rewound() -> Iterator[None]:
    """Run a block, and give the CPU's generator back: what follows draws as if the block had drawn nothing."""
    state = torch.default_generator.get_state()
    try:
        yield
    finally:
        torch.default_generator.set_state(state)


def _seed_all(seed: int) -> None:
    """Seed the CPU's generator and those of the devices in use.

    Not `torch.manual_seed`: for every kind of device that is not in use it formats a traceback and keeps it in a
    queue, at every call, which costs more than a small network's step and never gives the memory back.
    """
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(seed)
    if torch.xpu.is_initialized():
        torch.xpu.manual_seed_all(seed)
    if _MPS:
        torch.mps.manual_seed(seed)
