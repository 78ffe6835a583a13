"""The whole state of a training, as files: weights in safetensors, the rest loadable with weights_only."""

import io
import math
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from saddlepoint.core import Batches, Game, Method
from saddlepoint.storage import named_in_utf8, shortage

WEIGHTS, STATE = "weights.safetensors", "state.pt"
#: Letters of a message that a library's own is cut to.
MESSAGE = 500
#: Memory of methods that may be of some players only: of those that moved.
PARTIAL = frozenset({"ahead", "before", "previous"})


def save_state(folder: Path, game: Game, method: Method, batches: Batches, progress: dict[str, Any]) -> None:
    """Write everything that the next step depends on. Raises OSError where it can't be written."""
    weights = {f"{n}/{key}": t.contiguous() for n, m in game.players.items() for key, t in m.state_dict().items()}
    state = {
        "names": game.parameter_names,
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
        ValueError: the files do not belong to this game or method, or are not what `save_state` writes; names what.
    """
    weights, state = read_state(folder, game.device)
    try:
        _check(state, game)
    except ValueError as error:
        raise ValueError(f"the checkpoint {folder} is none of this run: {error}") from error
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


def read_state(folder: Path, device: torch.device) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The files of a checkpoint: tensors by player and name, and the rest. Raises ValueError for what can't be read."""
    try:
        _check_size(folder / STATE)
        with named_in_utf8(folder / WEIGHTS) as file:
            weights = load_file(file, device=str(device))
        state = torch.load(folder / STATE, map_location=device, weights_only=True)
    except Exception as error:  # whatever the libraries that read them raise for content that is none of theirs
        if shortage(error) is not None:  # the checkpoint is whole, and stays
            raise
        raise ValueError(f"the checkpoint {folder} can't be read: {' '.join(str(error).split())[:MESSAGE]}") from error
    return weights, state


# --- what a state may hold -----------------------------------------------------------------------------------


def _check_size(path: Path) -> None:
    """Refuse an archive that unpacks to more than it is: what is saved here is not compressed."""
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > path.stat().st_size:
        raise ValueError(f"{path.name} would unpack to {unpacked:,} bytes")


def _check(state: Any, game: Game) -> None:
    """Raise ValueError, naming the part, where a state is not of the kinds and shapes that `save_state` writes."""
    _keys(state, ("names", "optimizers", "method", "position", "evaluations", "products", "progress"), "the state")
    if state["names"] != game.parameter_names:
        raise ValueError("it is of other parameters")
    for name in ("position", "evaluations", "products"):
        _count(state[name], name)
    progress = state["progress"]
    _keys(progress, ("steps", "seconds", "unrecorded", "sums", "count"), "progress")
    for name in ("steps", "count"):
        _count(progress[name], name)
    if not _is_number(progress["seconds"]) or progress["seconds"] < 0:
        raise ValueError(f"seconds is {progress['seconds']!r}: a time is expected")
    for name in ("unrecorded", "sums"):
        if not _are_numbers(progress[name]):
            raise ValueError(f"{name} holds no numbers by name")
    _keys(state["optimizers"], tuple(game.optimizers), "optimizers")
    for name, optimizer in game.optimizers.items():
        check_optimizer(state["optimizers"][name], optimizer, name)
    check_memory(state["method"], game, "the method's memory")


def check_optimizer(state: Any, optimizer: torch.optim.Optimizer, name: str) -> None:
    """Raise ValueError where a state is not one of such an optimizer."""
    what = f"the optimizer of the {name}"
    _keys(state, ("state", "param_groups"), what)
    expected = optimizer.state_dict()["param_groups"]
    groups = state["param_groups"]
    if not isinstance(groups, list) or len(groups) != len(expected):
        raise ValueError(f"{what} has other groups of parameters")
    for group, own in zip(groups, expected, strict=True):
        _keys(group, tuple(own), what)
        for key, value in own.items():
            if key != "params" and not _alike(group[key], value):
                raise ValueError(f"{key} of {what} is {str(group[key])[:40]!r}, where one like {value!r} is expected")
        if group["params"] != own["params"]:
            raise ValueError(f"{what} has other parameters")
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    if not isinstance(state["state"], Mapping):
        raise ValueError(f"{what} has no memory by parameter")
    for place, memory in state["state"].items():
        if not isinstance(place, int) or not 0 <= place < len(parameters) or not isinstance(memory, Mapping):
            raise ValueError(f"{what} remembers something of parameter {place!r}, which there is not")
        for key, value in memory.items():
            if not _is_memory(value) or (key == "step" and not _is_scalar(value)):
                raise ValueError(f"{key} of {what} is {type(value).__name__}, where tensors or numbers are expected")
            if isinstance(value, Tensor) and not _broadcasts(value.shape, parameters[place].shape):
                raise ValueError(f"{key} of {what} is of shape {tuple(value.shape)}, and its parameter of another")

    if type(optimizer).__module__.startswith("torch.optim.") and not isinstance(optimizer, torch.optim.Adafactor):
        # Which of them remember the same of each parameter that has had a gradient.
        for group in groups:
            memories = [set(state["state"][place]) for place in group["params"] if state["state"].get(place)]
            missing = set().union(*memories) - set.intersection(*memories) if memories else set()
            if missing:
                raise ValueError(f"{what} lacks {', '.join(sorted(map(str, missing)))} of some parameters")


def check_memory(value: Any, game: Game, what: str, name: str = "") -> None:
    """Raise ValueError where a method's memory, or the field `name` of it, is anything but points and numbers."""
    if isinstance(value, Mapping) and value and set(value) <= set(game.names):
        for key, inner in value.items():
            own = inner if isinstance(inner, list) else [None]
            shapes = [tuple(t.shape) if isinstance(t, Tensor) else None for t in own]
            if shapes != [tuple(t.shape) for t in game.point[key]]:
                raise ValueError(f"{what} holds a point of another {key}")
        if (missing := set(game.names) - set(value)) and name not in PARTIAL:
            raise ValueError(f"{what} holds a point without {', '.join(sorted(missing))}")
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            check_memory(inner, game, what, str(key))
    elif isinstance(value, list):
        for inner in value:
            check_memory(inner, game, what, name)
    elif not (value is None or isinstance(value, str | bool) or _is_scalar(value)):
        raise ValueError(f"{what} holds {type(value).__name__}, where points and numbers are expected")


def _keys(value: Any, expected: tuple[str, ...], what: str) -> None:
    if not isinstance(value, Mapping):
        raise ValueError(f"{what} is {type(value).__name__}, where values by name are expected")
    if missing := [key for key in expected if key not in value]:
        raise ValueError(f"{what} lacks {', '.join(map(str, missing))}")


def _count(value: Any, what: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{what} is {value!r}: a count is expected")


def _is_memory(value: Any) -> bool:
    """Whether a value is one that optimizers keep of a parameter: tensors, numbers, words, or lists of them (SOAP)."""
    if isinstance(value, list):
        return all(map(_is_memory, value))
    return value is None or isinstance(value, Tensor | int | float | str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _is_scalar(value: Any) -> bool:
    return (isinstance(value, Tensor) and value.numel() == 1) or isinstance(value, int | float)


def _are_numbers(value: Any) -> bool:
    """Whether a value holds numbers by name, or by group and name."""
    if not isinstance(value, Mapping):
        return False
    return all(_is_scalar(inner) or _are_numbers(inner) for inner in value.values())


def _alike(value: Any, own: Any) -> bool:
    """Whether a setting of an optimizer may stand in the place of another one."""
    if isinstance(own, list | tuple):
        same = isinstance(value, list | tuple) and len(value) == len(own)
        return same and all(_alike(a, b) for a, b in zip(value, own, strict=True))
    if isinstance(own, bool) or own is None or isinstance(own, str):
        return bool(value == own)
    if isinstance(own, int | float):
        return _is_number(value)
    return _is_scalar(value) if isinstance(own, Tensor) else True


def _broadcasts(shape: torch.Size, parameter: torch.Size) -> bool:
    """Whether a moment is one of a parameter: as large, or factored, with ones in the place of some sides."""
    if len(shape) > len(parameter):
        return shape.numel() == 1
    return all(side in (1, own) for side, own in zip(reversed(shape), reversed(parameter), strict=False))
