"""Where everything is that a step may change: tensors and numbers of players, optimizers and the method, by name."""

from collections.abc import Callable, Hashable, Iterator, MutableMapping, MutableSequence, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from itertools import chain
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from saddlepoint.core import Batches, Game, Method, Point
from saddlepoint.core.grouped import GroupedOptimizer
from saddlepoint.engine.forms import form_of
from saddlepoint.engine.numbers import Count, Number, Tape

#: Flags of an optimizer that say how it computes, not what.
HOW = ("foreach", "fused", "capturable")


@dataclass(frozen=True)
class Place:
    """Where a tensor of the state is: by name, as an update may bind the name to another tensor.

    Attributes:
        path: its name in words.
        holder: the dictionary or list that holds it.
        key: of the holder.
        trained: whether it is a parameter that is trained.
    """

    path: str
    holder: Callable[[], MutableMapping[Any, Any] | MutableSequence[Any]]
    key: Any
    trained: bool = False

    @property
    def tensor(self) -> Tensor:
        """The tensor that is there now."""
        tensor: Tensor = self.holder()[self.key]
        return tensor

    def put(self, tensor: Tensor) -> None:
        """Let what holds the tensor hold another one in its place."""
        self.holder()[self.key] = tensor


@dataclass(frozen=True)
class Leaf:
    """A number of the state.

    Attributes:
        path: its name in words.
        get, put: read and write what is there: a number, or what stands for one inside a trace.
        counts: tensors () of an optimizer that all hold this number, instead of Python.
    """

    path: str
    get: Callable[[], Any]
    put: Callable[[Any], None]
    counts: tuple[Place, ...] = ()


class State:
    """All places of a game and a method as they are now. Another state is to be taken where places were bound anew.

    Attributes:
        places: of tensors, each tensor once.
        leaves: numbers, the position of the batches last.
        outline: what `outlined` said when this was taken.
        signature: that, and which counts are equal. States of one signature have the same graphs.
    """

    def __init__(self, game: Game, method: Method) -> None:
        self.game, self.method = game, method
        self.methods = list(_methods(method))
        self.members = {n: _members(o) for n, o in game.optimizers.items()}
        self._states = [(member, member.state) for member in chain(*self.members.values())]
        self._optimizers = dict(game.optimizers)
        self._modules = [m for player in game.players.values() for m in player.modules()]
        self.alike: dict[int, list[Place]] = {}
        for place in self._everywhere():
            self.alike.setdefault(id(place.tensor), []).append(place)
        self.places = [together[0] for together in self.alike.values()]
        self.leaves = [*self._numbers_of_optimizers(), *self._numbers_of_methods()]
        self.outline = self.outlined()
        self.signature = self.outline, tuple((leaf.path, len(leaf.counts)) for leaf in self.leaves)

    def outlined(self) -> Hashable:
        """What is there now: names, shapes, kinds, and which names share a tensor."""
        first: dict[int, str] = {}
        tensors = [(p, p.tensor) for p in self._everywhere()]
        return (
            tuple((p.path, first.setdefault(id(t), p.path), p.trained, form_of(t)) for p, t in tensors),
            tuple((path, tuple(memory)) for path, memory in self._memories()),
            tuple(_kinds(m) for m in self.methods),
        )

    @property
    def stale(self) -> bool:
        """Whether optimizers were given another memory since, as `load_state_dict` does."""
        return self.game.optimizers != self._optimizers or any(m.state is not own for m, own in self._states)

    def tensors(self) -> list[Tensor]:
        """What is in the places now."""
        return [place.tensor for place in self.places]

    def numbers(self, batches: Batches) -> list[Any]:
        """What the leaves are now, and the position."""
        return [*(leaf.get() for leaf in self.leaves), batches.position]

    def constants(self) -> tuple[Any, ...]:
        """What a graph holds fast, and what may still be set otherwise between two steps."""
        flags = tuple(m.training for m in self._modules)
        return (flags, *(_fixed(m) for m in self.methods), *map(_fixed_of, chain(*self.members.values())))

    @contextmanager
    def standing_in(self, tensors: Sequence[Tensor], tape: Tape, numbers: Sequence[Any]) -> Iterator[None]:
        """Inside the block other tensors are in the places, and `Number`s are the leaves; then all is as it was."""
        game, old = self.game, self.tensors()
        new = [
            t.detach().requires_grad_() if place.trained else t.detach()
            for t, place in zip(tensors, self.places, strict=True)
        ]
        swap = {id(o): n for o, n in zip(old, new, strict=True)}
        point, counted = (
            list(game.point.tensors),
            (game.evaluations, game.products, dict(game.loss_values), game.rested),
        )
        bound = [(m, f.name, _copied(getattr(m, f.name))) for m in self.methods for f in fields(m)]
        groups = [
            (g, dict(g, params=list(g["params"])))
            for members in self.members.values()
            for o in members
            for g in o.param_groups
        ]
        memories = [
            (o, o.state, {p: dict(own) for p, own in o.state.items()})
            for members in self.members.values()
            for o in members
        ]
        try:
            for together, tensor in zip(self.alike.values(), new, strict=True):
                for place in together:
                    place.put(tensor)
            game.point.tensors[:] = [swap[id(p)] for p in point]
            _flatten(self._modules)
            for i, (leaf, value) in enumerate(zip(self.leaves, numbers, strict=False)):
                leaf.put(tape.leaf(i, value))
            for optimizer, _, memory in memories:
                optimizer.state = type(optimizer.state)(dict, {swap.get(id(p), p): optimizer.state[p] for p in memory})
                for group in optimizer.param_groups:
                    group["params"] = [swap.get(id(p), p) for p in group["params"]]
                    group.update({key: False for key in HOW if key in group})
            yield
        finally:
            for optimizer, state, memory in memories:
                optimizer.state = state
                for parameter, own in memory.items():
                    state[parameter].clear()
                    state[parameter].update(own)
            for group, was in groups:
                group.clear()
                group.update(was)
            for m, name, value in bound:
                setattr(m, name, value)
            for together, tensor in zip(self.alike.values(), old, strict=True):
                for place in together:
                    place.put(tensor)
            game.point.tensors[:] = point
            _flatten(self._modules)
            game.evaluations, game.products, game.loss_values, game.rested = counted

    # --- tensors ---------------------------------------------------------------------------------------------

    def _everywhere(self) -> Iterator[Place]:
        return chain(self._of_players(), self._of_optimizers(), self._of_methods())

    def _of_players(self) -> Iterator[Place]:
        for name, player in self.game.players.items():
            for path, module in player.named_modules():
                yield from _of_module(f"{name}.{path}", module)

    def _of_optimizers(self) -> Iterator[Place]:
        for path, memory in self._memories():
            for key, value in memory.items():
                if isinstance(value, Tensor) and value.dim():
                    yield Place(f"{path}.{key}", _always(memory), key)

    def _of_methods(self) -> Iterator[Place]:
        for i, m in enumerate(self.methods):
            for f in fields(m):
                value = getattr(m, f.name)
                for j, point in enumerate(value if isinstance(value, list) else [value]):
                    if isinstance(point, Point):
                        index = j if isinstance(value, list) else None
                        yield from (
                            Place(f"{i}.{f.name}.{index}.{k}", _tensors_at(m, f.name, index), k)
                            for k in range(len(point.tensors))
                        )

    def _memories(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, members in self.members.items():
            parameters = {id(p): i for i, p in enumerate(self.game.point[name])}
            for optimizer in members:
                for p, memory in optimizer.state.items():
                    yield f"{name}.{parameters[id(p)]}", memory

    # --- numbers ---------------------------------------------------------------------------------------------

    def _numbers_of_optimizers(self) -> Iterator[Leaf]:
        for name, members in self.members.items():
            for i, group in enumerate(group for optimizer in members for group in optimizer.param_groups):
                for key, value in group.items():
                    if type(value) is float:
                        yield Leaf(f"{name}.{i}.{key}", _getter(group, key), _setter(group, key))
                    elif _changing(value):
                        yield from (
                            Leaf(f"{name}.{i}.{key}.{j}", _member(group, key, j), _put_member(group, key, j))
                            for j in range(len(value))
                        )
        alike: dict[Any, list[Place]] = {}
        for path, memory in self._memories():
            for key, value in memory.items():
                if isinstance(value, Tensor) and not value.dim():
                    kind = (path.rpartition(".")[0], key, value.dtype, value.item())
                    alike.setdefault(kind, []).append(Place(f"{path}.{key}", _always(memory), key))
                elif type(value) in (int, float):
                    yield Leaf(f"{path}.{key}", _getter(memory, key), _setter(memory, key))
        for (owner, key, _, _), places in alike.items():
            yield Leaf(f"{owner}.{key}.{places[0].path}", _count_of(places), _put_counts(places), tuple(places))

    def _numbers_of_methods(self) -> Iterator[Leaf]:
        for i, m in enumerate(self.methods):
            for f in fields(m):
                if not f.init and type(getattr(m, f.name)) in (int, float):
                    yield Leaf(f"{i}.{f.name}", _attribute(m, f.name), _put_attribute(m, f.name))


def _members(optimizer: Optimizer) -> list[Optimizer]:
    if isinstance(optimizer, GroupedOptimizer):
        return [inner for member in optimizer.members for inner in _members(member)]
    return [optimizer]


def _methods(method: Method) -> Iterator[Method]:
    yield method
    for f in fields(method):
        if isinstance(inner := getattr(method, f.name), Method):
            yield from _methods(inner)


def _of_module(path: str, module: nn.Module) -> Iterator[Place]:
    for key, p in module._parameters.items():
        if p is not None:
            yield Place(f"{path}.{key}", _always(module._parameters), key, p.requires_grad)
    for key, b in module._buffers.items():
        if b is not None:
            yield Place(f"{path}.{key}", _always(module._buffers), key)


def _flatten(modules: Sequence[nn.Module]) -> None:
    """Recurrent layers keep their parameters in a list besides."""
    for module in modules:
        if isinstance(module, nn.RNNBase):
            module._flat_weights = [module._parameters.get(name) for name in module._flat_weights_names]


def _kinds(method: Method) -> tuple[Any, ...]:
    """What each field of a method is: how many points of which players, a number, or a constant itself."""
    return tuple((f.name, _kind(getattr(method, f.name))) for f in fields(method))


def _kind(value: Any) -> Hashable:
    if isinstance(value, Point):
        return value.names, value.resting
    if isinstance(value, list):
        return tuple(_kind(x) for x in value)
    if isinstance(value, Number) or type(value) in (int, float):
        return "number"
    return type(value).__name__


def _fixed(method: Method) -> Hashable:
    """What a method was constructed with, and what it remembers that is neither a number nor a point."""
    found = [(f.init, getattr(method, f.name)) for f in fields(method)]
    return type(method), *(
        value
        for init, value in found
        if isinstance(value, bool | str | tuple | None) or (init and isinstance(value, int | float | complex))
    )


def _fixed_of(optimizer: Optimizer) -> Hashable:
    """The settings of an optimizer that are no numbers that change: flags, words, whole numbers."""
    return tuple(
        (key, value)
        for group in optimizer.param_groups
        for key, value in group.items()
        if key not in HOW and isinstance(value, bool | str | int | tuple | None) and not _changing(value)
    )


def _changing(value: Any) -> bool:
    """Whether a setting of an optimizer is numbers that may change over a run, as rates and betas."""
    return type(value) is float or (isinstance(value, tuple) and {type(x) for x in value} == {float})


def _copied(value: Any) -> Any:
    return list(value) if isinstance(value, list) else value


def _always(holder: Any) -> Callable[[], Any]:
    return lambda: holder


def _tensors_at(method: Method, name: str, index: int | None) -> Callable[[], list[Tensor]]:
    def tensors() -> list[Tensor]:
        value = getattr(method, name)
        found: list[Tensor] = (value if index is None else value[index]).tensors
        return found

    return tensors


def _getter(holder: dict[str, Any], key: str) -> Callable[[], Any]:
    return lambda: holder[key]


def _setter(holder: dict[str, Any], key: str) -> Callable[[Any], None]:
    return lambda value: holder.update({key: value})


def _member(holder: dict[str, Any], key: str, index: int) -> Callable[[], Any]:
    return lambda: holder[key][index]


def _put_member(holder: dict[str, Any], key: str, index: int) -> Callable[[Any], None]:
    return lambda value: holder.update({key: (*holder[key][:index], value, *holder[key][index + 1 :])})


def _attribute(method: Method, name: str) -> Callable[[], Any]:
    return lambda: getattr(method, name)


def _put_attribute(method: Method, name: str) -> Callable[[Any], None]:
    return lambda value: setattr(method, name, value)


def _count_of(places: Sequence[Place]) -> Callable[[], Any]:
    """What all of them hold; inside a trace, what stands for it where all agree, and None where they don't."""

    def get() -> Any:
        held = [place.holder()[place.key] for place in places]
        if isinstance(held[0], Tensor):
            return held[0].item()
        keys = {_key(h.number) for h in held}
        return held[0].number if len(keys) == 1 else None

    return get


def _put_counts(places: Sequence[Place]) -> Callable[[Any], None]:
    def put(value: Any) -> None:
        if isinstance(value, Number):
            for place in places:
                place.holder()[place.key] = Count(value)
        else:
            for place in places:
                place.tensor.fill_(value)

    return put


def _key(number: Any) -> str:
    return number.key if isinstance(number, Number) else repr(number)
