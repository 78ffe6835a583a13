"""A player's forward pass, kept from one player's evaluation for its own, which follows on the same batch."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

Versions = list[tuple[int, int]]


@dataclass(frozen=True, eq=False)  # of tensors: one pass is another, whatever it holds
class _Pass:
    """A forward pass: what went in, what came out, and what it moved."""

    inputs: tuple[Any, ...]
    versions: Versions
    output: Tensor
    drawn: tuple[Tensor, Tensor] | None
    buffers: list[Tensor | None]


class ForwardPasses:
    """Forward passes of players who are asked for their own gradient next, on the same batch.

    While one player is evaluated the others are constants, and what they make of the batch is made again when their
    turn comes. Where neither their parameters nor their inputs have changed since, that is the same pass: it is taken
    once, with its graph, and the first player is shown what came out, detached. Equal to the last bit, dropout and
    batch-norm statistics included: numbers that the pass drew are drawn on, buffers are put where it left them.

    Args:
        players: modules by name. A pass is shared where it takes tensors that need no gradient, and gives one.
        trained: their parameters that are trained.
    """

    def __init__(self, players: Mapping[str, nn.Module], trained: Mapping[str, Sequence[Tensor]]) -> None:
        self._players, self._trained = players, trained
        self._places = {
            name: [(m._buffers, key) for m in player.modules() for key, t in m._buffers.items() if t is not None]
            for name, player in players.items()
        }
        self._fixed = {name: list(player.parameters()) for name, player in players.items()}
        self._kept: dict[str, list[_Pass]] = {}

    def forget(self) -> None:
        """Keep none."""
        self._kept = {}

    @contextmanager
    def shared(self, asked: Iterable[str], following: Iterable[str]) -> Iterator[None]:
        """Inside the block passes of the players that are asked are those that were kept, if they are the same.

        Args:
            asked: whose gradients the block takes.
            following: whose passes are kept for the block after this one.
        """
        kept, self._kept = self._kept, {}
        with ExitStack() as stack:
            for name in asked:
                if kept.get(name):
                    stack.enter_context(_forward(self._players[name], self._reused(name, kept[name])))
            for name in following:
                if not isinstance(self._players[name], torch.jit.ScriptModule):
                    self._kept[name] = []
                    stack.enter_context(_forward(self._players[name], self._recorded(name, self._versions(name))))
            yield

    def _versions(self, name: str) -> Versions:
        """What changes where a parameter or a buffer is written or replaced."""
        buffers = [owner[key] for owner, key in self._places[name]]
        return [(id(t), t._version) for t in (*self._fixed[name], *buffers) if t is not None]

    def _recorded(self, name: str, versions: Versions) -> Callable[..., Any]:
        forward = self._players[name].forward

        def record(*inputs: Any, **named: Any) -> Any:
            if named or not _constant(inputs):
                return forward(*inputs, **named)
            before = torch.default_generator.get_state()
            for parameter in self._trained[name]:
                parameter.requires_grad_(True)
            try:
                output = forward(*inputs)
            finally:
                for parameter in self._trained[name]:
                    parameter.requires_grad_(False)
            after = torch.default_generator.get_state()
            if not isinstance(output, Tensor):
                return output
            given = versions + [(id(x), x._version) for x in inputs]
            drawn = None if torch.equal(before, after) else (before, after)
            buffers = [None if (t := owner[key]) is None else t.clone() for owner, key in self._places[name]]
            self._kept[name].append(_Pass(inputs, given, output, drawn, buffers))
            return output.detach()

        return record

    def _reused(self, name: str, kept: list[_Pass]) -> Callable[..., Any]:
        forward = self._players[name].forward

        def reuse(*inputs: Any, **named: Any) -> Any:
            if named or not kept or not _constant(inputs):
                return forward(*inputs, **named)
            now = self._versions(name) + [(id(x), x._version) for x in inputs]
            one = next((one for one in kept if one.versions == now), None)
            if one is None or (one.drawn is not None and not torch.equal(one.drawn[0], _state())):
                return forward(*inputs)
            kept.remove(one)
            if one.drawn is not None:
                torch.default_generator.set_state(one.drawn[1])
            for (owner, key), value in zip(self._places[name], one.buffers, strict=True):
                if value is not None and (buffer := owner[key]) is not None:
                    with torch.no_grad():
                        buffer.copy_(value)
            return one.output

        return reuse


def _state() -> Tensor:
    return torch.default_generator.get_state()


def _constant(inputs: Sequence[Any]) -> bool:
    return all(isinstance(x, Tensor) and not x.requires_grad and x.device.type == "cpu" for x in inputs)


@contextmanager
def _forward(module: nn.Module, forward: Callable[..., Any]) -> Iterator[None]:
    """Inside the block a call of the module runs this in the place of its own `forward`."""
    before = module.__dict__.get("forward")
    module.forward = forward
    try:
        yield
    finally:
        if before is None:
            del module.forward
        else:
            module.forward = before
