"""The whole state of a training, as files: weights in safetensors, the rest loadable with weights_only."""

import pickle
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from saddlepoint.core import Batches, Game, Method

WEIGHTS, STATE = "weights.safetensors", "state.pt"


def save_state(folder: Path, game: Game, method: Method, batches: Batches, progress: dict[str, Any]) -> None:
    """Write everything that the next step depends on. Raises OSError where it can't be written."""
    weights = {f"{n}/{key}": t.contiguous() for n, m in game.players.items() for key, t in m.state_dict().items()}
    save_file(weights, folder / WEIGHTS)
    state = {
        "optimizers": {name: optimizer.state_dict() for name, optimizer in game.optimizers.items()},
        "method": method.state_dict(),
        "position": batches.position,
        "evaluations": game.evaluations,
        "products": game.products,
        "progress": progress,
    }
    # Through an open file, so that a full disk is an OSError and not an error of torch's own zip writer.
    with (folder / STATE).open("wb") as file:
        torch.save(state, file)


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
            raise ValueError(f"the checkpoint {folder} belongs to another {name}: {error}") from error
        game.optimizers[name].load_state_dict(state["optimizers"][name])
    method.load_state_dict(state["method"])
    batches.position = state["position"]
    game.evaluations, game.products = state["evaluations"], state["products"]
    progress: dict[str, Any] = state["progress"]
    return progress
