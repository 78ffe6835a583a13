"""Steps of a method as graphs: `method.step(game, batches)` by what was made of it ahead of time."""

import copy
import statistics
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol

import torch
from torch import Tensor

from saddlepoint.core import Batch, Batches, Game, Method, Outcome, Step
from saddlepoint.engine.forms import form
from saddlepoint.engine.numbers import MOST, Unsettled, Untraceable
from saddlepoint.engine.state import State
from saddlepoint.engine.tracing import Trace, tensors_of, traced

#: A graph that runs: (numbers, state, constants, tensors of the batches) ↦ (losses…, finite); it writes to the state.
Program = Callable[..., Sequence[Tensor]]


class Build(Protocol):
    """A program on its way."""

    def ready(self) -> Program | None:
        """The program, or None while it is made. Raises Untraceable where it can't be."""

    def wait(self) -> Program:
        """The program, once it is made. Raises Untraceable where it can't be."""

    def stop(self) -> None:
        """Make it no more."""


#: What makes a program of a graph and of inputs like those that it will get.
Compiler = Callable[[torch.fx.GraphModule, Sequence[Tensor]], Build]


@dataclass(frozen=True)
class Interpreted:
    """A graph as it is, operation by operation: what a compiled one is held against."""

    graph: torch.fx.GraphModule
    inputs: Sequence[Tensor]

    def ready(self) -> Program:
        """The graph, which needs no compiler."""
        return self.wait()

    def wait(self) -> Program:
        """The graph, as `ready` gives it."""
        return self.graph

    def stop(self) -> None:
        """Nothing is being made."""


@dataclass(eq=False)
class Way:
    """One way that a step may go: the graph, and when it holds.

    Attributes:
        key: of the state, of what a graph holds fast, and of the first batch.
        forms: of the batches that it draws.
        trace: None where the step is played eagerly.
        reason: why it is.
        build: the program on its way.
        program: None until it is there.
    """

    key: Hashable
    forms: tuple[Hashable, ...] = ()
    trace: Trace | None = None
    reason: Untraceable | None = None
    build: Build | None = None
    program: Program | None = None

    def holds(self, numbers: Sequence[Any]) -> bool:
        """Whether a step that begins with these numbers goes this way."""
        return self.trace is None or all(f(numbers) == outcome for f, outcome in self.trace.conditions)


class CompiledSteps:
    """`method.step(game, batches)` by compiled graphs, where there are such; eagerly where not.

    Which steps are compiled depends on the state and the batch alone, not on what this process did before, so that a
    resumed run rounds as the one that it continues. A step that makes memory, as a first one of Adam does, is eager.

    Args:
        game, method: which know nothing of it. All state stays in their tensors and numbers.
        compiler: makes programs of graphs.
    """

    def __init__(self, game: Game, method: Method, compiler: Compiler = Interpreted) -> None:
        self.game, self.method, self.compiler = game, method, compiler
        #: Steps of this process by graphs, and all others.
        self.compiled, self.eager = 0, 0
        #: Why steps of a kind are eager for good.
        self.refused: list[Untraceable] = []
        self._ways: list[Way] = []
        self._state: State | None = None
        self._numbers = torch.zeros(MOST, dtype=torch.float64)

    def forget_places(self) -> None:
        """Look for all tensors anew: another state was loaded."""
        self._state = None

    def look_ahead(self, batches: Batches) -> None:
        """Trace the first step to come that makes no memory, and begin to compile it; the game and the method stay.

        Raises:
            Untraceable: it can't be one graph; says why.
        """
        method, ahead = copy.deepcopy(self.method), Batches(batches.draw, batches.position)
        ahead.sequential = batches.sequential
        with self.game.rehearsal():
            for _ in range(_FIRST):
                way = self._traced(State(self.game, method), ahead)
                if not isinstance(way.reason, Unsettled):
                    break
                method.step(self.game, ahead)
        if way.reason is not None:
            raise way.reason
        self._ways.append(way)

    def prepare(self, batches: Batches) -> bool:
        """Begin to make what the next step needs; whether it is there, or the step is an eager one."""
        way, _, _ = self._way(batches)
        if way.build is not None:
            self._receive(way, batches, way.build.ready)
        return way.build is None

    def built(self) -> bool:
        """Whether nothing is being compiled. Raises Untraceable where something could not be."""
        return all(way.build.ready() is not None for way in self._ways if way.build is not None)

    def timed(self, batches: Batches) -> float:
        """Seconds of the next step's program, on copies of all that it writes to.

        Raises:
            Untraceable: that step is an eager one, or another than the eager one.
        """
        way, state, numbers = self._way(batches)
        if way.build is not None:
            self._receive(way, batches, way.build.wait)
        if way.program is None or way.trace is None:
            raise way.reason or Untraceable("it is none")
        drawn, _ = _rehearsed(state, batches)
        ours, times = [t.detach().clone() for t in state.tensors()], []
        for _ in range(_TIMED):
            began = time.perf_counter()
            self._run(way.program, way.trace, ours, tensors_of(drawn), numbers)
            times.append(time.perf_counter() - began)
        return statistics.median(times)

    def stop(self) -> None:
        """Let what is being compiled end."""
        for way in self._ways:
            if way.build is not None:
                way.build.stop()

    def step(self, batches: Batches) -> Step:
        """One step; waits for what it needs."""
        way, state, numbers = self._way(batches)
        if way.build is not None:
            self._receive(way, batches, way.build.wait)
        if way.program is None or way.trace is None:
            return self._eager(batches)
        position = batches.position
        drawn = [batches.next() for _ in way.forms]
        tensors: list[Tensor] = []
        if tuple(form(batch, tensors) for batch in drawn) != way.forms:
            batches.position = position
            return self._eager(batches)
        *losses, finite = self._run(way.program, way.trace, state.tensors(), tensors, numbers)
        if not finite:  # nothing moved: the eager step says who failed, and leaves the state that it always leaves
            batches.position = position
            return self._eager(batches)
        trace, game = way.trace, self.game
        for leaf, value in [(state.leaves[i], formula(numbers)) for i, formula in trace.written]:
            leaf.put(value)
        game.loss_values.update(zip(trace.losses, losses, strict=True))
        game.evaluations += trace.evaluations
        game.products += trace.products
        game.rested = trace.rested
        self.compiled += 1
        return Step()

    # --- inside ----------------------------------------------------------------------------------------------

    def _eager(self, batches: Batches) -> Step:
        self._state = None  # it may make memory
        self.eager += 1
        return self.method.step(self.game, batches)

    def _run(
        self, program: Program, trace: Trace, state: list[Tensor], batch: list[Tensor], numbers: Sequence[Any]
    ) -> Sequence[Tensor]:
        values = [formula(numbers) for formula in trace.inputs]
        self._numbers[: len(values)] = torch.tensor(values, dtype=torch.float64)
        with torch.no_grad():
            return program(self._numbers, *state, *trace.constants, *batch)

    def _way(self, batches: Batches) -> tuple[Way, State, list[Any]]:
        """The way of the next step, traced if it is new, the state, and the numbers that it begins with."""
        if self._state is None or self._state.stale:
            self._state = State(self.game, self.method)
        state = self._state
        numbers = state.numbers(batches)
        key = _key(state, batches)
        way = next((way for way in self._ways if way.key == key and way.holds(numbers)), None)
        if way is None:
            way = self._traced(state, batches)
            self._ways.append(way)
        return way, state, numbers

    def _traced(self, state: State, batches: Batches) -> Way:
        key = _key(state, batches)
        try:
            if batches.sequential:
                raise Untraceable("its batches come in their order only, and a trace looks ahead")
            if self.game.device.type != "cpu":
                raise Untraceable(f"it is played on {self.game.device.type}, and graphs are made for the CPU alone")
            for optimizer in chain.from_iterable(state.members.values()):
                if isinstance(optimizer, COUNTING):
                    raise Untraceable(f"{type(optimizer).__name__} reads its own counts off tensors as it steps")
            drawn, _ = _rehearsed(state, batches)
            trace = traced(state, drawn, batches.position)
            forms = tuple(form(batch, []) for batch in drawn)
            inputs = [self._numbers, *state.tensors(), *trace.constants, *tensors_of(drawn)]
            return Way(key, forms, trace, build=self.compiler(trace.graph, inputs))
        except Untraceable as error:
            if not isinstance(error, Unsettled):
                self.refused.append(error)
            return Way(key, reason=error)

    def _receive(self, way: Way, batches: Batches, get: Callable[[], Program | None]) -> None:
        """Take the program if it is there, and hold its first step against the eager one."""
        try:
            program = get()
            if program is None:
                return
            assert way.trace is not None
            assert self._state is not None
            self._compare(self._state, program, way.trace, batches)
            way.program = program
        except Untraceable as error:
            way.trace, way.reason = None, error
            self.refused.append(error)
        way.build = None

    def _compare(self, state: State, program: Program, trace: Trace, batches: Batches) -> None:
        """Raise Untraceable where the program makes another step of where the game is than the method does."""
        drawn, expected = _rehearsed(state, batches)
        before = state.tensors()
        ours = [t.detach().clone() for t in before]
        *losses, finite = self._run(program, trace, ours, tensors_of(drawn), state.numbers(batches))
        if not finite:
            return  # the eager step will say so
        pairs = [
            (f"the loss of {n}", a, expected[f"the loss of {n}"]) for n, a in zip(trace.losses, losses, strict=True)
        ]
        pairs += [(place.path, a, expected[place.path]) for place, a in zip(state.places, ours, strict=True)]
        for name, a, b in pairs:
            if not _near(a, b):
                raise Untraceable(f"as a graph it gives another {name} than as the method plays it")
        # Adam makes a whole step of a gradient that is zero but for rounding: of few numbers, if the rest is right.
        moved = [
            (a - b).abs() <= 10 * _tolerance(b) * (b - old).abs() + _ROUNDING * torch.finfo(b.dtype).eps * (1 + b.abs())
            for place, a, old in zip(state.places, ours, before, strict=True)
            if place.trained and (b := expected[place.path]).is_floating_point()
        ]
        if torch.cat([m.flatten() for m in moved]).double().mean() < _MOST:
            raise Untraceable("as a graph it moves the players otherwise than the method does")


#: Optimizers that read numbers off their own tensors.
COUNTING = (torch.optim.Adagrad, torch.optim.ASGD, torch.optim.NAdam, torch.optim.RAdam)
#: Steps in which a method may make memory that it keeps.
_FIRST = 4
#: Steps that are timed.
_TIMED = 15
#: Share of the parameters that have to move alike.
_MOST = 0.75
#: Units in the last place that sums in another order may differ by.
_ROUNDING = 256


def _key(state: State, batches: Batches) -> Hashable:
    """What decides which graph a step needs, but for the outcomes of comparisons."""
    return state.signature, state.constants(), form(batches.peek(), [])


def _rehearsed(state: State, batches: Batches) -> tuple[list[Batch], dict[str, Tensor]]:
    """The batches that the next step draws, and where it leads: losses, and tensors by their paths. All stays.

    Raises:
        Untraceable: it is not finite.
    """
    drawn: list[Batch] = []

    def draw(position: int) -> Batch:
        drawn.append(batches.draw(position))
        return drawn[-1]

    game, method = state.game, copy.deepcopy(state.method)
    with game.rehearsal():
        game.loss_values = {}
        if method.step(game, Batches(draw, batches.position)).outcome is not Outcome.RUNNING:
            raise Unsettled("it is not finite")
        ends: dict[str, Tensor] = {p.path: p.tensor.detach().clone() for p in State(game, method).places}
        ends |= {f"the loss of {name}": value for name, value in game.loss_values.items()}
    return drawn, ends


def _tolerance(of: Tensor) -> float:
    return 1e-8 if of.dtype == torch.float64 else 1e-2


def _near(a: Tensor, b: Tensor) -> bool:
    if not b.is_floating_point():
        return torch.equal(a, b)
    distance = torch.linalg.vector_norm(a.double() - b.double())
    return bool(distance <= _tolerance(b) * (1 + torch.linalg.vector_norm(b.double())))
