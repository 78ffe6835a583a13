"""Packs: m samples side by side in their channels are judged as one."""

import pytest
import torch
from torch import Tensor, nn

from saddlepoint.networks import NETWORKS

#: Of what is no image or sound: their shapes are those of their own tests.
OWN = ("table", "window", "sequence", "vocoder")
DISCRIMINATORS = [name for name in NETWORKS if name.endswith("discriminator") and not name.startswith(OWN)]
FLAT = ["mlp-discriminator", "maxout-discriminator"]
SMALL = {"dcgan": {"width": 4}, "sngan": {"width": 4, "widest": 8}, "residual": {"width": 8}}
SMALL |= {"patch": {"width": 4, "depth": 1, "scales": 2}, "unet": {"width": 4, "depth": 2}}
CASES = [
    *((name, (2, 256) if name.startswith("wavegan") else (2, 16, 16)) for name in DISCRIMINATORS),
    *((name, (2,)) for name in FLAT),
]


def network(name: str, shape: tuple[int, ...], packing: int) -> nn.Module:
    torch.manual_seed(0)
    dials = SMALL.get(name.partition("-")[0], {})
    return NETWORKS[name](shape=shape, packing=packing, **dials).double().eval()


def samples(n: int, shape: tuple[int, ...]) -> Tensor:
    return torch.randn(n, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("packing", [1, 2, 3])
@pytest.mark.parametrize(("name", "shape"), CASES)
def test_a_pack_is_one_sample_with_the_channels_of_all(name: str, shape: tuple[int, ...], packing: int) -> None:
    """The same weights as a plain network of m times the channels, whose input is put together by hand."""
    packed, plain = network(name, shape, packing), network(name, (packing * shape[0], *shape[1:]), 1)
    plain.load_state_dict(packed.state_dict())
    x = samples(6, shape)
    by_hand = torch.stack([torch.cat([x[packing * i + j] for j in range(packing)]) for i in range(6 // packing)])
    assert torch.equal(packed(x), plain(by_hand))
    assert packed(x, None, True).features.shape[0] == 6 // packing


@pytest.mark.parametrize(("name", "shape"), CASES)
def test_packs_in_another_order_give_logits_in_that_order_and_no_pack_sees_another(
    name: str, shape: tuple[int, ...]
) -> None:
    judge, x = network(name, shape, 2), samples(6, shape).requires_grad_()
    logits = judge(x)
    order = torch.tensor([2, 0, 1])
    torch.testing.assert_close(judge(x.unflatten(0, (3, 2))[order].flatten(0, 1)), logits[order])
    (gradient,) = torch.autograd.grad(logits[1].sum(), x)
    touched = gradient.flatten(1).abs().amax(1) > 0
    assert touched.tolist() == [False, False, True, True, False, False]


@pytest.mark.parametrize(("name", "shape"), CASES)
def test_samples_that_do_not_fill_packs_are_refused(name: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="5 samples don't fill packs of 2"):
        network(name, shape, 2)(samples(5, shape))


def test_the_order_in_a_pack_is_that_of_the_first_weights() -> None:
    """Samples swapped in every pack and the first layer's blocks of inputs swapped: the same logits."""
    judge, x = network("mlp-discriminator", (2,), 2), samples(6, (2,))
    swapped = x.unflatten(0, (3, 2)).flip(1).flatten(0, 1)
    before, mixed = judge(x), judge(swapped)
    assert not torch.allclose(before, mixed)
    with torch.no_grad():
        weight = judge.body[0].weight
        weight.copy_(weight.unflatten(1, (2, 2)).flip(1).flatten(1).clone())
    torch.testing.assert_close(judge(swapped), before)


def test_a_pack_of_equal_samples_can_be_told_from_a_varied_one() -> None:
    """What packing is for: one linear unit finds the difference of a pack, which is 0 where a generator collapsed."""
    judge = NETWORKS["mlp-discriminator"](shape=(1,), widths=(2,), packing=2, activation="relu")
    with torch.no_grad():
        judge.body[0].weight.copy_(torch.tensor([[1.0, -1.0], [-1.0, 1.0]]))
        judge.body[2].weight.fill_(1.0)
        for layer in (judge.body[0], judge.body[2]):
            layer.bias.zero_()
        assert judge(torch.tensor([[3.0], [3.0], [3.0], [5.0]])).tolist() == [0.0, 2.0]
