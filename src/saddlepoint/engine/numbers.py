"""Numbers that change over a run, inside a trace: inputs of the graph, never constants of it.

A trace plays a step with a `Number` in the place of every rate, beta, count and position. Python's arithmetic on it
makes another one and remembers how. Where it multiplies a tensor, it becomes an input of the graph. Where it is
compared, the outcome is a condition under which the graph holds. It can't be read, for what was read would be frozen.
So each step evaluates the same arithmetic in Python that an eager step would, to the last bit.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NoReturn

import torch
from torch import Tensor
from torch.utils._pytree import tree_map

#: A number of Python, from those that a step begins with.
Formula = Callable[[Sequence[Any]], Any]
#: Numbers that one graph can take.
MOST = 256


class Untraceable(ValueError):
    """A step can't be made one graph; says why."""


class Unsettled(Untraceable):
    """A step makes memory that was not there, as a first one does; the next may be made one graph."""


class Tape:
    """What a trace does with numbers.

    Args:
        vector: the graph's input that holds them, float64 (MOST,).

    Attributes:
        inputs: what each place of the vector holds, in order.
        conditions: comparisons, each with its outcome, under which the trace holds.
    """

    def __init__(self, vector: Tensor) -> None:
        self._vector = vector
        self._places: dict[str, Tensor] = {}
        self.inputs: list[Formula] = []
        self.conditions: dict[str, tuple[Formula, bool]] = {}

    def leaf(self, index: int, value: Any) -> "Number":
        """The number that the step begins with at this index."""
        return Number(self, f"n{index}", value, operator.itemgetter(index))

    def tensor(self, number: "Number") -> Tensor:
        """A number as a tensor of the graph, float64 ()."""
        if number.key not in self._places:
            if len(self.inputs) == MOST:
                raise Untraceable(f"it multiplies tensors by more than {MOST} different numbers")
            self._places[number.key] = self._vector[len(self.inputs)]
            self.inputs.append(number.formula)
        return self._places[number.key]


class Number:
    """A number inside a trace.

    Attributes:
        key: how it is computed, in words; equal keys are equal numbers.
        value: what it is at the step that is traced; only comparisons look at it.
        formula: computes it from the numbers that a step begins with.
    """

    __slots__ = ("formula", "key", "tape", "value")

    def __init__(self, tape: Tape, key: str, value: Any, formula: Formula) -> None:
        self.tape, self.key, self.value, self.formula = tape, key, value, formula

    def _of(self, function: Callable[..., Any], *operands: Any) -> Any:
        """The number that a function makes of operands, of which this is one."""
        if not all(isinstance(x, Number | int | float) for x in operands):
            return NotImplemented
        key = f"{function.__name__}({', '.join(x.key if isinstance(x, Number) else repr(x) for x in operands)})"
        value = function(*(x.value if isinstance(x, Number) else x for x in operands))
        parts = [x.formula if isinstance(x, Number) else constant(x) for x in operands]
        if len(parts) == 1:
            (only,) = parts
            return Number(self.tape, key, value, lambda leaves: function(only(leaves)))
        left, right = parts
        return Number(self.tape, key, value, lambda leaves: function(left(leaves), right(leaves)))

    def _decided(self, function: Callable[..., Any], *operands: Any) -> Any:
        """The outcome of a comparison, on which the trace depends from now on."""
        found = self._of(function, *operands)
        if found is NotImplemented:
            return NotImplemented
        outcome = bool(found.value)
        self.tape.conditions[found.key] = found.formula, outcome
        return outcome

    def __add__(self, other: Any) -> Any:
        return self._of(operator.add, self, other)

    def __radd__(self, other: Any) -> Any:
        return self._of(operator.add, other, self)

    def __sub__(self, other: Any) -> Any:
        return self._of(operator.sub, self, other)

    def __rsub__(self, other: Any) -> Any:
        return self._of(operator.sub, other, self)

    def __mul__(self, other: Any) -> Any:
        return self._of(operator.mul, self, other)

    def __rmul__(self, other: Any) -> Any:
        return self._of(operator.mul, other, self)

    def __truediv__(self, other: Any) -> Any:
        return self._of(operator.truediv, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._of(operator.truediv, other, self)

    def __floordiv__(self, other: Any) -> Any:
        return self._of(operator.floordiv, self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return self._of(operator.floordiv, other, self)

    def __mod__(self, other: Any) -> Any:
        return self._of(operator.mod, self, other)

    def __rmod__(self, other: Any) -> Any:
        return self._of(operator.mod, other, self)

    def __pow__(self, other: Any) -> Any:
        return self._of(operator.pow, self, other)

    def __rpow__(self, other: Any) -> Any:
        return self._of(operator.pow, other, self)

    def __neg__(self) -> Any:
        return self._of(operator.neg, self)

    def __abs__(self) -> Any:
        return self._of(operator.abs, self)

    def __lt__(self, other: Any) -> Any:
        return self._decided(operator.lt, self, other)

    def __le__(self, other: Any) -> Any:
        return self._decided(operator.le, self, other)

    def __gt__(self, other: Any) -> Any:
        return self._decided(operator.gt, self, other)

    def __ge__(self, other: Any) -> Any:
        return self._decided(operator.ge, self, other)

    def __eq__(self, other: Any) -> Any:
        return self._decided(operator.eq, self, other)

    def __ne__(self, other: Any) -> Any:
        return self._decided(operator.ne, self, other)

    def __bool__(self) -> bool:
        return bool(self._decided(operator.truth, self))

    def _read(self, *_: Any) -> NoReturn:
        raise Untraceable("it reads a count, a rate or the position in a way that would freeze it")

    __float__ = __int__ = __index__ = __round__ = __hash__ = __repr__ = __str__ = __format__ = _read

    @classmethod
    def __torch_function__(
        cls, func: Callable[..., Any], types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """A function of tensors and numbers, the numbers as tensors of the graph."""
        return _applied(func, args, kwargs or {})


class Count:
    """A number that an optimizer keeps in a tensor () and changes in place, as its count of steps."""

    device = torch.device("cpu")

    def __init__(self, number: Number) -> None:
        self.number: Any = number

    def __iadd__(self, other: Any) -> "Count":
        self.number = self.number + other
        return self

    def __imul__(self, other: Any) -> "Count":
        self.number = self.number * other
        return self

    def item(self) -> Any:
        """What it is now."""
        return self.number

    def __add__(self, other: Any) -> Any:
        return self.number + other

    def __sub__(self, other: Any) -> Any:
        return self.number - other

    def __mul__(self, other: Any) -> Any:
        return self.number * other

    def __rsub__(self, other: Any) -> Any:
        return other - self.number

    def __rpow__(self, other: Any) -> Any:
        return other**self.number

    __radd__, __rmul__ = __add__, __mul__


def constant(value: float) -> Formula:
    """The formula of a number that stays."""
    return lambda _: value


def _applied(func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    name = func.__name__.lstrip("_")
    if name.startswith("foreach_"):
        return _each(name.removeprefix("foreach_"), args, kwargs)
    base = name.rstrip("_")
    like = next((x for x in args if isinstance(x, Tensor)), None)
    if base in _SCALED and (factor := kwargs.get(_SCALED[base])) is not None:
        # a ± α b, a + v b c, a + v b / c: the factor goes to b.
        return func(args[0], args[1] * factor, *args[2:])
    if base == "new_full" and like is not None:
        _, size, value = args
        return _tensor(value, like).expand(size).clone()
    # Types are promoted by a tensor (), and not by a number of Python; lerp promotes none.
    same = like if like is not None and (base == "lerp" or like.dim() == 0) else None
    return func(*tree_map(lambda x: _tensor(x, same), args), **tree_map(lambda x: _tensor(x, same), dict(kwargs)))


def _each(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[Tensor] | None:
    """A function of lists of tensors, a member at a time."""
    many = len(args[0])
    rows = [[x[i] if isinstance(x, list | tuple) else x for x in args] for i in range(many)]
    made = [getattr(Tensor, name)(*row, **kwargs) for row in rows]
    return None if name.endswith("_") else made


def _tensor(value: Any, like: Tensor | None) -> Any:
    if not isinstance(value, Number):
        return value
    tensor = value.tape.tensor(value)
    return tensor.to(like.dtype) if like is not None and like.is_floating_point() else tensor


#: What is given a factor by this name, of its second argument.
_SCALED = {"add": "alpha", "sub": "alpha", "addcmul": "value", "addcdiv": "value"}


class Unread(torch.overrides.TorchFunctionMode):
    """Inside the block no number is taken off a tensor: it would be that of the step that is traced."""

    _READING: ClassVar = {
        *(Tensor.item, Tensor.tolist, Tensor.numpy, Tensor.__bool__, Tensor.__float__, Tensor.__int__),
        *(Tensor.__index__, Tensor.__array__, torch.equal, Tensor.equal, torch.allclose, Tensor.allclose),
    }

    def __torch_function__(
        self, func: Callable[..., Any], types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """The function, unless it reads."""
        if func in self._READING:
            raise Untraceable(
                "it reads a number off a tensor (float, if), so that its path depends on what the step computes"
            )
        return func(*args, **(kwargs or {}))
