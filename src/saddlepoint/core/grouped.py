"""Several optimizers for one player, each for some of its parameters."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor
from torch.optim import AdamW, Optimizer

from saddlepoint.core.preconditioner import preconditioner


def muon(
    params: Iterable[Tensor],
    lr: float = 1e-3,
    weight_decay: float = 0.1,
    momentum: float = 0.95,
    nesterov: bool = True,
    ns_steps: int = 5,
    adjust_lr_fn: Literal["original", "match_rms_adamw"] | None = None,
    others: Callable[..., Optimizer] = AdamW,
) -> Optimizer:
    """Muon for matrices, whose momentum it orthogonalises, and another optimizer for all other parameters.

    Args:
        params: of one player.
        lr, weight_decay, momentum, nesterov, ns_steps, adjust_lr_fn: of `torch.optim.Muon`.
        others: makes the optimizer of what is no matrix: convolutions, biases, gains.

    Raises:
        ValueError: no parameters, or a PyTorch before 2.9, which has no Muon.

    Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks".
    """
    if not hasattr(torch.optim, "Muon"):
        raise ValueError(f"PyTorch {torch.__version__} has no Muon: install 2.9 or later, or take Adam")
    own = partial(
        torch.optim.Muon,
        lr=lr,
        weight_decay=weight_decay,
        momentum=momentum,
        nesterov=nesterov,
        ns_steps=ns_steps,
        adjust_lr_fn=adjust_lr_fn,
    )
    return by_shape(params, own, others)


def by_shape(
    params: Iterable[Tensor],
    matrices: Callable[..., Optimizer] = AdamW,
    others: Callable[..., Optimizer] = AdamW,
) -> Optimizer:
    """Matrices by one optimizer, all other parameters (convolutions, biases, gains) by another.

    Args:
        params: of one player.
        matrices: makes the optimizer of parameters of two dimensions.
        others: makes that of all the others.

    Raises:
        ValueError: no parameters.
    """
    return _parted(list(params), lambda parameter: parameter.dim() == 2, matrices, others)


def by_name(
    params: Iterable[Tensor],
    names: Mapping[Tensor, str],
    pattern: str = r"bias$",
    matching: Callable[..., Optimizer] = AdamW,
    others: Callable[..., Optimizer] = AdamW,
) -> Optimizer:
    """Parameters whose name matches a pattern by one optimizer, all others by another.

    Args:
        params: of one player.
        names: of these parameters, as `named_parameters` has them, and perhaps of more.
        pattern: a regular expression, searched for anywhere in a name.
        matching: makes the optimizer of parameters whose name matches.
        others: makes that of all the others; another `by-name` makes three groups.

    Raises:
        ValueError: no parameters, no regular expression, or one that no name matches.

    >>> from torch import nn
    >>> net = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 1))
    >>> names = {parameter: name for name, parameter in net.named_parameters()}
    >>> optimizer = by_name(net.parameters(), names, "^0", torch.optim.SGD, torch.optim.Adam)
    >>> [[names[p] for p in group["params"]] for group in optimizer.param_groups]
    [['0.weight', '0.bias'], ['1.weight', '1.bias']]
    """
    params = list(params)
    try:
        found = re.compile(pattern)
    except re.error as error:
        raise ValueError(f"the pattern {pattern!r} is no regular expression: {error}") from error
    own = [names[p] for p in params]
    if params and not any(map(found.search, own)):
        few = ", ".join(own[:8]) + (", …" if len(own) > 8 else "")
        raise ValueError(f"no parameter's name matches {pattern!r}: there are {few}")
    return _parted(params, lambda parameter: found.search(names[parameter]) is not None, matching, others)


def _parted(
    params: list[Tensor],
    first: Callable[[Tensor], bool],
    one: Callable[..., Optimizer],
    another: Callable[..., Optimizer],
) -> Optimizer:
    """Those that are `first` by one optimizer, the rest by another; one alone where it has all."""
    if not params:
        raise ValueError("there are no parameters to move: give those of a network")
    kinds = ((one, [p for p in params if first(p)]), (another, [p for p in params if not first(p)]))
    members = [make(params=own) for make, own in kinds if own]
    return members[0] if len(members) == 1 else GroupedOptimizer(members)


class GroupedOptimizer(Optimizer):
    """Optimizers that step together: its groups and its state are theirs.

    Args:
        members: at least one, over parameters of their own.

    Raises:
        ValueError: no members, or a parameter that two of them have.
    """

    def __init__(self, members: Sequence[Optimizer]) -> None:
        params = [p for member in members for group in member.param_groups for p in group["params"]]
        if len({id(p) for p in params}) != len(params):
            raise ValueError("two optimizers have a parameter in common: give each its own")
        self.members: tuple[Optimizer, ...] = ()
        super().__init__(params, {})
        self.members = tuple(members)

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """The members' groups, in their order; a rate that is set here is theirs."""
        return [group for member in self.members for group in member.param_groups]

    @param_groups.setter
    def param_groups(self, _groups: list[dict[str, Any]]) -> None:
        """Ignored: the base class sets it where it begins."""

    @property
    def state(self) -> defaultdict[Tensor, Any]:
        """What the members remember, by parameter."""
        return defaultdict(dict, {p: own for member in self.members for p, own in member.state.items()})

    @state.setter
    def state(self, _state: defaultdict[Tensor, Any]) -> None:
        """Ignored, as that of the groups."""

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Every member makes a step."""
        assert closure is None
        for member in self.members:
            member.step()

    def preconditioner(self, parameter: Tensor, gradient: Tensor, /) -> Tensor:
        """That of the parameter's own optimizer. Raises ValueError where it has none."""
        for member in self.members:
            if any(parameter is p for group in member.param_groups for p in group["params"]):
                return preconditioner(member, [parameter], [gradient])[0]
        raise ValueError("the parameter belongs to none of the optimizers")

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Give each member its share of what `state_dict` gave."""
        groups = list(state_dict["param_groups"])
        for member in self.members:
            own, groups = groups[: len(member.param_groups)], groups[len(member.param_groups) :]
            numbers = {old: new for new, old in enumerate(i for group in own for i in group["params"])}
            member.load_state_dict(
                {
                    "state": {numbers[i]: s for i, s in state_dict["state"].items() if i in numbers},
                    "param_groups": [{**group, "params": [numbers[i] for i in group["params"]]} for group in own],
                }
            )

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "members": self.members}
