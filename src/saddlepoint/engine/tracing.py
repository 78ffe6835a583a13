"""A step of any method as one graph: its own `step`, recorded with other tensors in the places of the state."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from unittest import mock

import torch
from torch import Tensor, fx
from torch._functorch.compile_utils import fx_graph_cse
from torch.func import functionalize
from torch.fx.experimental.proxy_tensor import make_fx

from saddlepoint.core import Batch, Batches
from saddlepoint.core.recording import recording
from saddlepoint.engine.forms import filled, form
from saddlepoint.engine.numbers import MOST, Formula, Number, Tape, Unread, Unsettled, Untraceable, constant
from saddlepoint.engine.state import State

aten = torch.ops.aten
#: Operations that give what they are given where nothing is written.
_COPIES = {aten.detach.default, aten.clone.default, aten.alias.default, aten.lift_fresh_copy.default}


def _batch_norm(
    x: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    mean: Tensor | None,
    variance: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
) -> Any:
    if mean is None or variance is None:
        return aten._native_batch_norm_legit.no_stats(x, weight, bias, training, momentum, eps)
    return aten._native_batch_norm_legit.default(x, weight, bias, mean, variance, training, momentum, eps)


#: What writes to running statistics and does not say so, by what does.
_TOLD = {aten.native_batch_norm.default: _batch_norm}


@dataclass(frozen=True)
class Trace:
    """One step as a graph.

    Attributes:
        graph: (numbers, state, constants, tensors of the batches) ↦ (losses…, finite). It writes to the state, or
            leaves all as it is where `finite`, a tensor (), is false.
        constants: tensors that the losses read besides; the graph is given them, so it follows what is written to them.
        inputs: the numbers that the graph is given, in order.
        conditions: comparisons with the outcomes for which it holds.
        written: of each number that changes, which leaf it is and its formula.
        losses: the players whose losses it tells.
        evaluations, products: that the step counts.
        rested: the players that rest in it.
    """

    graph: fx.GraphModule
    constants: tuple[Tensor, ...]
    inputs: tuple[Formula, ...]
    conditions: tuple[tuple[Formula, bool], ...]
    written: tuple[tuple[int, Formula], ...]
    losses: tuple[str, ...]
    evaluations: int
    products: int
    rested: frozenset[str]


def traced(state: State, batches: Sequence[Batch], position: int) -> Trace:
    """Record the step that draws these batches.

    Raises:
        Untraceable: it can't be one graph; says why.
    """
    recorder = _Recorder(state, batches, position)
    tensors, numbers = state.tensors(), torch.zeros(MOST, dtype=torch.float64)
    drawn = tensors_of(batches)
    try:
        record = make_fx(recorder.play, _TOLD, tracing_mode="fake", _allow_non_fake_inputs=True)
        first = record(numbers, *tensors, *drawn)
        _refuse_draws(first)
        constants = _lifted(first, 1 + len(tensors), tensors)
        graph = _functional(first, [numbers, *tensors, *constants, *drawn])
        _write(graph, len(tensors))
    except Untraceable:
        raise
    except Exception as error:  # whatever torch raises for what it can't record
        said = next((line for line in str(error).splitlines() if line.strip()), "")
        raise Untraceable(f"torch can't record it ({type(error).__name__}: {said[:160]})") from error
    return Trace(graph, tuple(constants), *recorder.found)


def tensors_of(batches: Sequence[Batch]) -> list[Tensor]:
    """All tensors of batches, in the order of `form`."""
    seen: list[Tensor] = []
    for batch in batches:
        form(batch, seen)
    return seen


class _Recorder:
    """Plays the step that is recorded.

    Attributes:
        found: what `Trace` has besides the graph and its constants.
    """

    def __init__(self, state: State, batches: Sequence[Batch], position: int) -> None:
        self._state, self._batches, self._position = state, batches, position
        self.found: tuple[Any, ...] = ()

    def play(self, vector: Tensor, *tensors: Tensor) -> list[Tensor]:
        """(Numbers, state, tensors of the batches) ↦ (state…, losses…, finite)."""
        state, game, tape = self._state, self._state.game, Tape(vector)
        many, before = len(state.places), (game.evaluations, game.products)
        given = iter(tensors[many:])
        drawn = iter([filled(batch, given) for batch in self._batches])
        batches = Batches(lambda _: next(drawn), tape.leaf(len(state.leaves), self._position))  # type: ignore[arg-type]
        values = state.numbers(batches)
        begun = [t.clone() for t in tensors[:many]]
        compiling = mock.patch.object(torch.compiler, "_is_compiling_flag", True)  # optimizers then look at no tensor
        with state.standing_in(begun, tape, values), recording() as looked_at, Unread(), compiling:
            game.loss_values = {}
            state.method.step(game, batches)
            if state.outlined() != state.outline:
                raise Unsettled("it makes memory that was not there, as a first step does")
            if next(drawn, None) is not None:
                raise Untraceable("it draws other batches than the step before it")
            ends = [place.tensor.detach() for place in state.places]
            losses = {name: value.detach() for name, value in game.loss_values.items()}
            written = _written(state)
            counted = game.evaluations - before[0], game.products - before[1]
            rested = game.rested
        norms = [torch.linalg.vector_norm(t).double() for t in looked_at]
        finite = torch.stack(norms).sum().isfinite() if norms else torch.ones((), dtype=torch.bool)
        ends = [torch.where(finite, end, old) for end, old in zip(ends, tensors[:many], strict=True)]
        self.found = tuple(tape.inputs), tuple(tape.conditions.values()), written, tuple(losses), *counted, rested
        return [*ends, *losses.values(), finite]


def _written(state: State) -> tuple[tuple[int, Formula], ...]:
    """The leaves that are others now, and how they are computed."""
    found = []
    for i, leaf in enumerate(state.leaves):
        value = leaf.get()
        if isinstance(value, Number):
            if value.key != f"n{i}":
                found.append((i, value.formula))
        elif type(value) in (int, float):
            found.append((i, constant(value)))
        else:
            raise Untraceable(f"{leaf.path} becomes {type(value).__name__}, where a number was")
    return tuple(found)


def _refuse_draws(graph: fx.GraphModule) -> None:
    for node in graph.graph.nodes:
        if torch.Tag.nondeterministic_seeded in getattr(node.target, "tags", ()):
            raise Untraceable("it draws random numbers (dropout, noise) that are no part of the batch")


def _lifted(graph: fx.GraphModule, place: int, state: Sequence[Tensor]) -> list[Tensor]:
    """Make inputs of the tensors that a graph holds, after so many others; these tensors.

    Raises:
        Untraceable: one of them is a tensor of the state, which the graph would not see move.
    """
    own = {t.untyped_storage().data_ptr() for t in state if t.numel()}
    after = [node for node in graph.graph.nodes if node.op == "placeholder"][place - 1]
    lifted: dict[int, tuple[Tensor, fx.Node]] = {}
    for node in [node for node in graph.graph.nodes if node.op == "get_attr"]:
        tensor = getattr(graph, str(node.target))
        if tensor.numel() and tensor.untyped_storage().data_ptr() in own:
            raise Untraceable("it reads a parameter, a buffer or a moment from another place than the players' own")
        if id(tensor) not in lifted:
            with graph.graph.inserting_after(after):
                after = graph.graph.placeholder(f"constant_{len(lifted)}")
            lifted[id(tensor)] = tensor, after
        node.replace_all_uses_with(lifted[id(tensor)][1])
        graph.graph.erase_node(node)
    graph.recompile()
    return [tensor.detach() for tensor, _ in lifted.values()]


def _functional(graph: fx.GraphModule, inputs: Sequence[Tensor]) -> fx.GraphModule:
    """The same without writes, and equal expressions merged: the generator's forward pass serves both players."""
    run = functionalize(fx.Interpreter(graph).run, remove="mutations")
    made = make_fx(run, tracing_mode="fake", _allow_non_fake_inputs=True)(*inputs)
    for node in list(made.graph.nodes):
        if node.target is aten.copy_.default:
            raise Untraceable("it writes to a batch, or to a tensor that is no part of players, optimizers and method")
        if node.target in _COPIES and _strides(node) == _strides(node.args[0]):
            node.replace_all_uses_with(node.args[0])
    made.graph.eliminate_dead_code()
    return fx.GraphModule(made, fx_graph_cse(made.graph))


def _strides(node: Any) -> object:
    value = node.meta.get("val")
    return None if value is None else value.stride()


def _write(graph: fx.GraphModule, many: int) -> None:
    """Let the graph write the first outputs, the state, in the place of its inputs; it gives the others."""
    places = [node for node in graph.graph.nodes if node.op == "placeholder"][1 : 1 + many]
    output = graph.graph.output_node()
    values = list(output.args[0])  # type: ignore[arg-type]
    with graph.graph.inserting_before(output):
        for place, value in zip(places, values, strict=False):
            if value is not place and value.args[1] is not place:  # where(finite, new, old), and new is not old
                graph.graph.call_function(aten.copy_.default, (place, value)).meta["val"] = place.meta["val"]
    output.args = (tuple(values[many:]),)
    graph.graph.eliminate_dead_code()
    graph.recompile()
