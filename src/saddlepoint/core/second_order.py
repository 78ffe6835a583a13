"""Normalisation that can be differentiated as often as products with the Jacobian of a penalised game ask for."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.overrides import TorchFunctionMode


class ElementaryNormalisation(TorchFunctionMode):
    """Inside the block batch, instance, layer and weight normalisation are made of elementary operations.

    PyTorch's own are right to the second derivative only, weight normalisation to the first: after that they take the
    mean and the deviation, or the norm, for constants. A product with the Jacobian of a player is a second derivative,
    and a third one where a penalty differentiates the player. In evaluation mode batch normalisation is linear, and
    PyTorch's own stays. Attention takes PyTorch's plain form, for the fused ones have no second derivative.

    Values and running statistics are the same to rounding; the elementary ones take more time and memory.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """The function, or what stands in its place."""
        return _ELEMENTARY.get(func, func)(*args, **(kwargs or {}))


@contextmanager
def missing_derivatives_named() -> Iterator[None]:
    """Say what can be done where PyTorch has no derivative of an operation.

    Raises:
        ValueError: inside the block a derivative is asked for that is not implemented.
    """
    try:
        yield
    except RuntimeError as error:
        if "derivative for" not in str(error) or "not implemented" not in str(error):
            raise
        attention = "attention" in str(error)
        remedy = "torch.nn.attention.sdpa_kernel(SDPBackend.MATH) in its forward" if attention else "another operation"
        raise ValueError(
            f"a penalty or the method differentiates a player twice, and PyTorch can't ({error}): "
            f"use {remedy}, or take a loss without gradient penalties"
        ) from error


def _normalised(x: Tensor, over: Sequence[int], eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """(x − mean)/√(variance + eps), with the mean and the variance (not Bessel's) over some dimensions."""
    mean = x.mean(dim=tuple(over), keepdim=True)
    centred = x - mean
    variance = (centred * centred).mean(dim=tuple(over), keepdim=True)
    return centred * (variance + eps).rsqrt(), mean, variance


def _affine(x: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    """A gain and a shift a channel, the second dimension."""
    shape = [1, -1] + [1] * (x.dim() - 2)
    x = x if weight is None else x * weight.reshape(shape)
    return x if bias is None else x + bias.reshape(shape)


def _batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    if not training:
        return F.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)
    over = [0, *range(2, input.dim())]
    count = input.numel() // input.shape[1]
    if count == 1:
        raise ValueError(f"batch norm needs more than one value a channel in training, given {tuple(input.shape)}")
    normal, mean, variance = _normalised(input, over, eps)
    if running_mean is not None and running_var is not None:
        with torch.no_grad():
            running_mean.lerp_(mean.reshape(-1).to(running_mean), momentum)
            running_var.lerp_(variance.reshape(-1).to(running_var) * (count / (count - 1)), momentum)
    return _affine(normal, weight, bias)


def _instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    if not use_input_stats:
        return F.instance_norm(input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps)
    over = list(range(2, input.dim()))
    count = input.shape[2:].numel()
    normal, mean, variance = _normalised(input, over, eps)
    if running_mean is not None and running_var is not None:
        with torch.no_grad():
            running_mean.lerp_(mean.mean(0).reshape(-1).to(running_mean), momentum)
            running_var.lerp_(variance.mean(0).reshape(-1).to(running_var) * (count / (count - 1)), momentum)
    return _affine(normal, weight, bias)


def _layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    normal, _, _ = _normalised(input, range(-len(normalized_shape), 0), eps)
    normal = normal if weight is None else normal * weight
    return normal if bias is None else normal + bias


def _weight_norm(v: Tensor, g: Tensor, dim: int = 0) -> Tensor:
    others = list(range(v.dim())) if dim == -1 else [d for d in range(v.dim()) if d != dim % v.dim()]
    weight: Tensor = v * (g / torch.linalg.vector_norm(v, dim=others, keepdim=True))
    return weight


def _attention(*args: Any, **kwargs: Any) -> Tensor:
    with sdpa_kernel(SDPBackend.MATH):
        return F.scaled_dot_product_attention(*args, **kwargs)


def _torch_batch_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
    *_: bool,
) -> Tensor:
    return _batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


def _torch_instance_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    use_input_stats: bool,
    momentum: float,
    eps: float,
    *_: bool,
) -> Tensor:
    return _instance_norm(input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps)


def _torch_layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    *_: bool,
) -> Tensor:
    return _layer_norm(input, normalized_shape, weight, bias, eps)


def _native_layer_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None, bias: Tensor | None, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    _, mean, variance = _normalised(input, range(-len(normalized_shape), 0), eps)
    return _layer_norm(input, normalized_shape, weight, bias, eps), mean, (variance + eps).rsqrt()


_ELEMENTARY: dict[Callable[..., Any], Callable[..., Any]] = {
    F.batch_norm: _batch_norm,
    F.instance_norm: _instance_norm,
    F.layer_norm: _layer_norm,
    F.scaled_dot_product_attention: _attention,
    torch.batch_norm: _torch_batch_norm,
    torch.instance_norm: _torch_instance_norm,
    torch.layer_norm: _torch_layer_norm,
    torch.native_layer_norm: _native_layer_norm,
    torch._weight_norm: _weight_norm,
}
