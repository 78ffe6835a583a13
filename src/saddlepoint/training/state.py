"""The whole state of a training, as files: weights in safetensors, the rest loadable with weights_only."""

import io
import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from saddlepoint.core import Batches, Game, Method

WEIGHTS, STATE = "weights.safetensors", "state.pt"


def save_state(folder: Path, game: Game, method: Method, batches: Batches, progress: dict[str, Any]) -> None:
    """Write everything that the next step depends on. Raises OSError where it can't be written."""
    weights = {f"{n}/{key}": t.contiguous() for n, m in game.players.items() for key, t in m.state_dict().items()}
    state = {
        "optimizers": {name: optimizer.state_dict() for name, optimizer in game.optimizers.items()},
        "method": method.state_dict(),
        "position": batches.position,
        "evaluations": game.evaluations,
        "products": game.products,
        "progress": progress,
    }
    # Written by Python, so that a full disk is an OSError: neither library's own writer raises one.
    buffer = io.BytesIO()
    torch.save(state, buffer)
    (folder / WEIGHTS).write_bytes(save(weights))
    (folder / STATE).write_bytes(buffer.getbuffer())


def overflowed(game: Game, method: Method) -> str | None:
    """The first player of which `save_state` would write an infinity or a NaN, or None.

    Looked at are parameters, buffers, and what the player's optimizer and the method remember.
    """
    memory = method.state_dict()
    for name, module in game.players.items():
        held = [module.state_dict(), game.optimizers[name].state_dict()["state"], *_parts(memory, name)]
        if not all(bool(t.isfinite().all()) for t in _tensors(held) if t.is_floating_point()):
            return name
    return None


def _parts(state: Mapping[str, Any], name: str) -> Iterator[Any]:
    """What belongs to a player in the state of a method, however deep it is wrapped."""
    for key, value in state.items():
        if key == name:
            yield value
        elif isinstance(value, Mapping):
            yield from _parts(value, name)


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        yield from _tensors(list(value.values()))
    elif isinstance(value, list | tuple):
        for member in value:
            yield from _tensors(member)


def load_state(folder: Path, game: Game, method: Method, batches: Batches) -> dict[str, Any]:
    """Put everything back and return the progress.

    Raises:
        ValueError: the files do not belong to this game or method, or are not what `save_state` writes.
    """
    device = game.point.tensors[0].device
    try:
        weights = load_file(folder / WEIGHTS, device=str(device))
        state = torch.load(folder / STATE, map_location=device, weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise ValueError(f"the checkpoint {folder} can't be read: {error}") from error
    for name, module in game.players.items():
        own = {key.removeprefix(f"{name}/"): t for key, t in weights.items() if key.startswith(f"{name}/")}
        try:
            module.load_state_dict(own)
        except RuntimeError as error:
            what = " ".join(str(error).split())
            raise ValueError(f"the checkpoint {folder} belongs to another {name}: {what}") from error
        game.optimizers[name].load_state_dict(state["optimizers"][name])
    method.load_state_dict(state["method"])
    batches.position = state["position"]
    game.evaluations, game.products = state["evaluations"], state["products"]
    progress: dict[str, Any] = state["progress"]
    return progress
