"""The field as one compiled graph: forward and backward passes traced together, then handed to `torch.compile`.

A *loss* that was compiled can't be differentiated twice, and penalties differentiate inside of it. So the trace is
taken of the whole evaluation, gradients included, down to a flat list of tensor operations, of which there is nothing
left to differentiate.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.fx.experimental.proxy_tensor import make_fx

Losses = Callable[[Mapping[str, nn.Module], Any, Sequence[str]], Mapping[str, Tensor]]
T = TypeVar("T")
Gradients = tuple[dict[str, Sequence[Tensor]], dict[str, Tensor]]

_REMEDY = "construct the game with compiled=False"


class CompiledField:
    """Gradients of the players' losses, compiled once for every form of a batch and set of players.

    What is not a tensor of the players or of the batch becomes a constant of the graph: a loss must be a pure function
    of both. Each graph is held once against the eager evaluation, on the batch that it was made for.

    Args:
        players: as the game has them.
        losses: (players, value of a batch, names) ↦ the named players' losses.
        backend: of `torch.compile`.
    """

    def __init__(self, players: Mapping[str, nn.Module], losses: Losses, backend: str) -> None:
        self._whole = _Whole(players, losses)
        self._backend = backend
        self._graphs: dict[Hashable, Callable[..., list[Tensor]]] = {}

    def __call__(self, value: Any, names: Sequence[str]) -> Gradients:
        """The named players' gradients and losses; the players' buffers move.

        Raises:
            ValueError: it can't be compiled, or compiled it says something else; names the cause and the remedy.
        """
        state = self._whole.state()
        own = {name: self._whole.trained(name) for name in names}
        buffers = [key for key, _ in self._whole.named_buffers()]
        seen: list[Tensor] = []
        form = _form(value, seen), tuple(names), tuple(m.training for m in self._whole.modules())
        inputs = [t.detach() for t in (*state.values(), *seen)]
        graph = self._graphs.get(form)
        if graph is None:
            pure = _pure(self._whole, list(state), own, buffers, value)
            graph = self._graphs[form] = self._compile(pure, inputs, names)
        with torch.no_grad():
            outputs = iter(graph(inputs))
            gradients: dict[str, Sequence[Tensor]] = {n: [next(outputs) for _ in keys] for n, keys in own.items()}
            losses = {name: next(outputs) for name in names}
            for key in buffers:
                state[key].copy_(next(outputs))
        return gradients, losses

    def _compile(
        self, pure: Callable[[list[Tensor]], list[Tensor]], inputs: list[Tensor], names: Sequence[str]
    ) -> Callable[[list[Tensor]], list[Tensor]]:
        try:
            trace = _drawing_alike(make_fx(pure), inputs)
            graph: Callable[[list[Tensor]], list[Tensor]] = torch.compile(
                trace, fullgraph=True, dynamic=False, backend=self._backend
            )
            with torch.no_grad():
                compiled = _drawing_alike(graph, inputs)
        except RuntimeError as error:
            # What follows the first empty line is advice to whoever develops the backend.
            cause = " ".join(str(error).strip().split("\n\n")[0].split())
            raise ValueError(f"the field of {', '.join(names)} can't be compiled ({cause}): {_REMEDY}") from error
        for ours, theirs in zip(compiled, _drawing_alike(pure, inputs), strict=True):
            _agree(ours, theirs.detach(), names)
        return graph


def _drawing_alike(function: Callable[[list[Tensor]], T], inputs: list[Tensor]) -> T:
    """The function's value; global generators are put back, so that whoever comes next draws the same."""
    with torch.random.fork_rng({t.device for t in inputs if t.is_cuda}):
        return function(inputs)


class _Whole(nn.Module):
    """All players as one module, so that `functional_call` can put other tensors in their places."""

    def __init__(self, players: Mapping[str, nn.Module], losses: Losses) -> None:
        super().__init__()
        self._names = tuple(players)
        self._losses = losses
        # By number: a player's name may hold a dot, a module's may not.
        self._players = nn.ModuleList(players.values())
        self._trained = {
            name: [f"_players.{i}.{key}" for key, p in player.named_parameters() if p.requires_grad]
            for i, (name, player) in enumerate(players.items())
        }

    def state(self) -> dict[str, Tensor]:
        """Every parameter and buffer, by its full name."""
        return {**dict(self.named_parameters()), **dict(self.named_buffers())}

    def trained(self, name: str) -> list[str]:
        """The full names of one player's parameters that are trained, in the order of the game's point."""
        return self._trained[name]

    def forward(self, value: Any, names: Sequence[str]) -> Mapping[str, Tensor]:
        """The named players' losses."""
        return self._losses(dict(zip(self._names, self._players, strict=True)), value, names)


def _pure(
    whole: _Whole, keys: Sequence[str], own: Mapping[str, Sequence[str]], buffers: Sequence[str], value: Any
) -> Callable[[list[Tensor]], list[Tensor]]:
    """(State, tensors of the batch) ↦ gradients, losses, buffers as they are after: nothing else is read or written."""

    def evaluate(tensors: list[Tensor]) -> list[Tensor]:
        state = {key: t.detach() for key, t in zip(keys, tensors, strict=False)}
        state |= {key: state[key].clone() for key in buffers}
        for key in (key for trained in own.values() for key in trained):
            state[key].requires_grad_()
        leaves = {name: [state[key] for key in trained] for name, trained in own.items()}
        losses = functional_call(whole, state, (_filled(value, iter(tensors[len(keys) :])), tuple(own)))
        gradients = [
            gradient
            for name, mine in leaves.items()
            for gradient in torch.autograd.grad(
                losses[name], mine, retain_graph=True, allow_unused=True, materialize_grads=True
            )
        ]
        return [*gradients, *(losses[name].detach() for name in own), *(state[key].detach() for key in buffers)]

    return evaluate


def _agree(compiled: Tensor, eager: Tensor, names: Iterable[str]) -> None:
    """Refuse a graph that differs from the eager evaluation by more than the root of the precision."""
    if not eager.is_floating_point() or not eager.isfinite().all():
        return
    tolerance = torch.finfo(eager.dtype).eps ** 0.5 * (1 + float(torch.linalg.vector_norm(eager)))
    distance = float(torch.linalg.vector_norm(compiled - eager))
    if not distance <= tolerance:
        raise ValueError(
            f"the compiled field of {', '.join(names)} is {distance:.3g} away from the eager one, expected at most "
            f"{tolerance:.3g}; a loss must be a pure function of players and batch, without dropout where the backend "
            f"draws in its own way: {_REMEDY}"
        )


def _form(value: Any, seen: list[Tensor]) -> Hashable:
    """What decides the graph: the structure of a batch, shapes, and all that is no tensor. Appends the tensors."""
    if isinstance(value, Tensor):
        seen.append(value)
        return value.shape, value.dtype, value.device
    if is_dataclass(value):
        return type(value), *(_form(getattr(value, f.name), seen) for f in fields(value))
    if isinstance(value, Mapping):
        return tuple((key, _form(part, seen)) for key, part in value.items())
    if isinstance(value, list | tuple):
        return type(value), *(_form(part, seen) for part in value)
    if value is None or isinstance(value, bool | int | str):
        return value
    raise ValueError(f"a batch holds {value!r}, which a compiled field can't take: give it as a tensor, or {_REMEDY}")


def _filled(value: Any, tensors: Iterable[Tensor]) -> Any:
    """The same structure with other tensors, in the order of `_form`."""
    if isinstance(value, Tensor):
        return next(iter(tensors))
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _filled(getattr(value, f.name), tensors) for f in fields(value)})
    if isinstance(value, Mapping):
        return {key: _filled(part, tensors) for key, part in value.items()}
    if isinstance(value, list | tuple):
        parts = [_filled(part, tensors) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value
