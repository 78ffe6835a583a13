"""Ranks of one game, forked: each plays a list of configurations in float64, and says where its game is."""

import copy
import multiprocessing
import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, is_dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from saddlepoint.core import Batches, Outcome
from saddlepoint.core.ranks import by_itself, rank
from saddlepoint.runs import configured
from saddlepoint.runs.assembly import Assembly, assemble
from saddlepoint.tasks import task_of

#: Where a game is: all parameters and buffers, and what optimizers and the method remember.
State = Mapping[str, Any]


@dataclass(frozen=True)
class Played:
    """A configuration that is played: its recipe, data and settings."""

    recipe: str
    data: Path | None
    settings: Sequence[str]


@dataclass(frozen=True)
class _Double:
    """A source whose numbers are float64."""

    source: Any

    def __call__(self, position: int) -> Any:
        batch = self.source(position)
        return replace(batch, value=_doubled(batch.value))

    def part(self, *args: Any, **kwargs: Any) -> "_Double":
        return _Double(self.source.part(*args, **kwargs))


def _doubled(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.double() if value.is_floating_point() else value
    if is_dataclass(value):
        return replace(value, **{name: _doubled(part) for name, part in vars(value).items()})
    return [_doubled(part) for part in value] if isinstance(value, list | tuple) else value


@contextmanager
def _float64() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


def _assembled(played: Played) -> Assembly:
    config = configured(
        played.recipe, data=None if played.data is None else str(played.data), assignments=played.settings
    )
    config = config.planned(config.budget.samples)
    data = task_of(config).read(config)
    with by_itself():
        assembly = assemble(config, data)
    for player in assembly.setup.players.values():
        player.double()
    return replace(assembly, setup=replace(assembly.setup, batches=_Double(assembly.setup.batches)))


def _tensors(value: Any, name: str = "") -> Iterator[tuple[str, Tensor]]:
    if isinstance(value, Tensor):
        yield name, value.detach().double()
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _tensors(part, f"{name}/{key}")
    elif isinstance(value, list | tuple):
        for number, part in enumerate(value):
            yield from _tensors(part, f"{name}/{number}")


def _play(played: Played, steps: int, state: Any) -> tuple[dict[str, Tensor], Any]:
    """Steps of a configuration from a state on; what it came to, and the state."""
    with _float64():
        assembly = _assembled(played)
        game, method, batches = assembly.game, assembly.method, assembly.batches
        if state is not None:
            for name, player in game.players.items():
                player.load_state_dict(state["players"][name])
                game.optimizers[name].load_state_dict(copy.deepcopy(state["optimizers"][name]))
            method.load_state_dict(state["method"])
            batches.position = state["position"]
        for _ in range(steps):
            step = method.step(game, batches)
            assert step.outcome is Outcome.RUNNING, step
        state = {
            "players": {name: player.state_dict() for name, player in game.players.items()},
            "optimizers": {name: optimizer.state_dict() for name, optimizer in game.optimizers.items()},
            "method": method.state_dict(),
            "position": batches.position,
        }
        state = copy.deepcopy(state)
        found = {**dict(_tensors(state)), **{f"loss of {n}": v.double() for n, v in game.loss_values.items()}}
        return found, state


def _rank(number: int, many: int, port: int, work: Callable[..., Any], args: Sequence[Any], said: Any) -> None:
    torch.set_num_threads(1)
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    try:
        if many > 1:
            dist.init_process_group("gloo", rank=number, world_size=many, timeout=timedelta(seconds=60))
        found = work(*args)
        if many > 1:
            dist.barrier()  # whoever leaves early takes its sockets along
    except BaseException as error:
        import traceback

        found = f"{error!r}\n{traceback.format_exc()}"
    if said is not None:
        torch.save(found, said)
    os._exit(0)


def on_ranks(many: int, work: Callable[..., Any], *args: Any, folder: Path) -> list[Any]:
    """What `work(*args)` gives on each of so many ranks.

    Raises:
        AssertionError: a rank failed.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    context = multiprocessing.get_context("fork")
    files = [folder / f"{many}-{number}.pt" for number in range(many)]
    processes = [
        context.Process(target=_rank, args=(number, many, port, work, args, files[number])) for number in range(many)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(600)
        assert process.exitcode == 0
    found = [torch.load(file, weights_only=False) for file in files]
    failed = [result for result in found if isinstance(result, str)]
    assert not failed, failed[0]
    return found


def play_all(cases: Mapping[str, Played], steps: int, states: Mapping[str, Any]) -> dict[str, Any]:
    """Play each configuration for some steps; by name, what it came to and its state, or why it failed."""
    found: dict[str, Any] = {}
    for name, case in cases.items():
        try:
            found[name] = _play(case, steps, states.get(name))
        except Exception as error:  # told by the test, by name
            import traceback

            found[name] = f"{type(error).__name__}: {error}\n{traceback.format_exc()}"
    return (
        found
        if rank() == 0
        else {name: result if isinstance(result, str) else result[0] for name, result in found.items()}
    )


def apart(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> tuple[float, str]:
    """The largest difference, over the norm of what differs (1 at least), and where it is."""
    assert set(one) == set(other)
    return max((float((one[k] - other[k]).norm() / one[k].norm().clamp_min(1)), k) for k in one)


__all__ = ["Batches", "Played", "apart", "on_ranks", "play_all"]
