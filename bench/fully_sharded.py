"""Whether `torch.autograd.grad` and R1 hold through `fully_shard` (FSDP2): gradients beside those of the whole network.

Each rank has samples of its own; what is right is the mean over ranks. A gap of 0 holds, any other is silently wrong.

    torchrun --nproc-per-node 2 bench/fully_sharded.py
"""

from collections.abc import Callable
from itertools import product

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

Loss = Callable[[nn.Module, Tensor], Tensor]


def network(convolutional: bool) -> nn.Sequential:
    torch.manual_seed(0)
    if convolutional:
        head = [nn.Unflatten(1, (1, 2, 2)), nn.Conv2d(1, 8, 3, padding=1), nn.SiLU(), nn.Flatten()]
        return nn.Sequential(*head, nn.Linear(32, 1)).double()
    return nn.Sequential(nn.Linear(4, 16), nn.SiLU(), nn.Linear(16, 16), nn.SiLU(), nn.Linear(16, 1)).double()


def mean(judge: nn.Module, x: Tensor) -> Tensor:
    scores: Tensor = judge(x)
    return scores.mean()


def r1(judge: nn.Module, x: Tensor) -> Tensor:
    x = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(judge(x).sum(), x, create_graph=True)
    return gradient.square().sum()


def gap(loss: Loss, x: Tensor, convolutional: bool, layers: bool, reshard: bool, backward: bool) -> float:
    whole, parted = network(convolutional), network(convolutional)
    expected = list(torch.autograd.grad(loss(whole, x), list(whole.parameters()), materialize_grads=True))
    for gradient in expected:
        dist.all_reduce(gradient)
        gradient /= dist.get_world_size()
    mesh = init_device_mesh("cpu", (dist.get_world_size(),))
    own = [layer for layer in parted if list(layer.parameters())] if layers else []
    for module in (*own, parted):
        fully_shard(module, mesh=mesh, reshard_after_forward=reshard)
    value = loss(parted, x)
    if backward:
        value.backward()
        some = [parameter.grad for parameter in parted.parameters()]
        found = [torch.zeros_like(e) if g is None else g for g, e in zip(some, expected, strict=True)]
    else:
        found = list(torch.autograd.grad(value, list(parted.parameters()), materialize_grads=True))
    full = [g.full_tensor() if hasattr(g, "full_tensor") else g for g in found]
    return max(float((g - e).abs().max()) for g, e in zip(full, expected, strict=True))


def main() -> None:
    dist.init_process_group("gloo")
    source = torch.Generator().manual_seed(dist.get_rank())
    x = torch.randn(6, 4, dtype=torch.float64, generator=source)
    for convolutional, layers, reshard in product((False, True), repeat=3):
        for loss, backward in product((mean, r1), (True, False)):
            try:
                said = f"gap {gap(loss, x, convolutional, layers, reshard, backward):.2g}"
            except RuntimeError as error:
                said = f"error: {str(error)[:80]!r}"
            if dist.get_rank() == 0:
                kind = f"{'convolutions' if convolutional else 'linear layers'}, {'each layer' if layers else 'whole'}"
                how = f"{'backward' if backward else 'autograd.grad'} of {loss.__name__}"
                print(f"{kind}, reshard {reshard}, {how}: {said}", flush=True)
            dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
