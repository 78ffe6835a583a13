"""What an optimizer multiplies a gradient by: the matrix of a look-ahead that is in the optimizer's own metric."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self, runtime_checkable

import torch
from torch import Tensor
from torch.optim import ASGD, SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, NAdam, Optimizer, RAdam, RMSprop

from saddlepoint.core.point import Point


class Diagonal:
    """A diagonal matrix on points, numbers of at least 0 that broadcast over each tensor of a point."""

    def __init__(self, tensors: Mapping[str, Sequence[Tensor]]) -> None:
        self.tensors = dict(tensors)

    @torch.no_grad()
    def __mul__(self, vector: Point) -> Point:
        """The product with a point of some or all of these players."""
        own = [t for name in vector.names for t in self.tensors[name]]
        return vector.like([a * b for a, b in zip(own, vector.tensors, strict=True)])

    def __pow__(self, power: float) -> Self:
        """The matrix to a power; what is 0 stays 0."""
        return type(self)({n: [torch.where(t > 0, t**power, 0.0) for t in own] for n, own in self.tensors.items()})

    @property
    def largest(self) -> float:
        """Its norm."""
        return max(float(t.max()) for own in self.tensors.values() for t in own)


@runtime_checkable
class Preconditioned(Protocol):
    """An optimizer from elsewhere that knows its own preconditioner."""

    def preconditioner(self, parameter: Tensor, gradient: Tensor, /) -> Tensor:
        """Positive numbers that broadcast over the parameter: its step for this gradient, over the gradient."""


def preconditioner(optimizer: Optimizer, parameters: Sequence[Tensor], gradients: Sequence[Tensor]) -> list[Tensor]:
    """P of `Game.preconditioner`, for the parameters of one player.

    Raises:
        ValueError: an optimizer whose step is no diagonal matrix times the gradient, or one that ascends.
    """
    groups = {id(p): group for group in optimizer.param_groups for p in group["params"]}
    return [_scale(optimizer, groups[id(p)], p, g) for p, g in zip(parameters, gradients, strict=True)]


def _scale(optimizer: Optimizer, group: dict[str, Any], parameter: Tensor, gradient: Tensor) -> Tensor:
    if isinstance(optimizer, Preconditioned):
        return optimizer.preconditioner(parameter, gradient)
    if group.get("maximize"):
        raise ValueError("an optimizer with maximize=True ascends: negate the player's loss, and leave maximize out")
    state = optimizer.state.get(parameter, {})
    rate = gradient.new_full((), group["lr"])
    step = _count(state) + 1
    g = gradient
    if _scales_decay(optimizer, group):
        kind = type(optimizer).__name__
        raise ValueError(
            f"this method looks ahead by what {kind} multiplies a gradient by, but {kind} with weight_decay adds the "
            f"decay to the gradient and scales both, by a number of any size where they cancel: take AdamW or SGD, "
            f"weight_decay=0, or the method extragradient, which looks ahead by a whole step of the optimizer"
        )
    match optimizer:
        case SGD():
            scale: Tensor = rate
        case ASGD():
            scale = state["eta"].to(gradient) if "eta" in state else rate  # it is computed one step before
        case Adagrad():
            total = state["sum"] + g * g
            scale = _over(rate / (1 + (step - 1) * group["lr_decay"]), total, group["eps"])
        case RMSprop():
            square = _mean(state, "square_avg", g * g, group["alpha"])
            if group["centered"]:
                square = square - _mean(state, "grad_avg", g, group["alpha"]).square()
            scale = _over(rate, square, group["eps"])
        case Adadelta():
            square = _mean(state, "square_avg", g * g, group["rho"])
            scale = (
                rate * ((state.get("acc_delta", torch.zeros_like(g)) + group["eps"]) / (square + group["eps"])).sqrt()
            )
        case Adamax():
            largest = state.get("exp_inf", torch.zeros_like(g)) * group["betas"][1]
            scale = rate / torch.maximum(largest, g.abs() + group["eps"])
            scale = torch.where((largest > 0) | (g != 0), scale, 0.0)
        case RAdam():
            scale = _rectified(state, group, g, rate, step)
        case Adam() | AdamW() | NAdam():
            square = _mean(state, "exp_avg_sq", g * g, group["betas"][1])
            if group.get("amsgrad"):
                square = torch.maximum(square, state.get("max_exp_avg_sq", torch.zeros_like(g)))
            scale = _over(rate, square / (1 - group["betas"][1] ** step), group["eps"])
        case _:
            raise ValueError(
                f"this method looks ahead by the optimizer's preconditioner, a positive number a coordinate, which "
                f"{type(optimizer).__name__} does not have: take SGD, RMSprop, Adam or another of their kind, or the "
                f"method extragradient, which looks ahead by a whole step of the optimizer"
            )
    return scale


def _scales_decay(optimizer: Optimizer, group: Mapping[str, Any]) -> bool:
    """Whether weight decay is added to the gradient before a size is taken of both, as in Adam and not in AdamW."""
    scaling = isinstance(optimizer, Adagrad | RMSprop | Adadelta | Adam | NAdam | RAdam | Adamax)
    decoupled = isinstance(optimizer, AdamW) or group.get("decoupled_weight_decay", False)
    return scaling and not decoupled and bool(group["weight_decay"])


def _count(state: Mapping[str, Any]) -> Any:
    """Steps that were made. A number of Python, or what stands for one while a step is recorded."""
    step = state.get("step", 0)
    return step if isinstance(step, int | float) else step.item()


def _over(rate: Tensor, square: Tensor, eps: float) -> Tensor:
    """rate/(√square + ε), and 0, with no derivative, where there was never a gradient: not the 1/ε that it would be."""
    root = (square + torch.finfo(square.dtype).tiny).sqrt()
    return torch.where(square > 0, rate / (root + eps), 0.0)


def _mean(state: Mapping[str, Tensor], key: str, now: Tensor, decay: float) -> Tensor:
    """A moving average, from 0 on, as it is after this gradient."""
    return torch.lerp(now, state[key], decay) if key in state else (1 - decay) * now


def _rectified(state: Mapping[str, Tensor], group: Mapping[str, Any], g: Tensor, rate: Tensor, step: Any) -> Tensor:
    beta = group["betas"][1]
    correction = 1 - beta**step
    limit = 2 / (1 - beta) - 1
    length = limit - 2 * step * beta**step / correction
    if length <= 5:
        return rate
    factor = ((length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)) ** 0.5
    square = _mean(state, "exp_avg_sq", g * g, beta)
    return _over(rate * factor * correction**0.5, square, group["eps"])
