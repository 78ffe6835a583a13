"""Top-k: the best samples, and only they, teach the generator."""

import pytest
import torch

from saddlepoint.losses import LOSSES, hinge, of_best, top_k

LOGITS = torch.tensor([0.5, -2.0, 3.0, 1.0, -1.0], dtype=torch.float64)


@pytest.mark.parametrize("base", ["non-saturating", "least-squares", "hinge", "wasserstein"])
@pytest.mark.parametrize(("share", "kept"), [(0.2, [2]), (0.4, [2, 3]), (0.41, [0, 2, 3]), (1.0, [0, 1, 2, 3, 4])])
def test_the_generators_loss_is_that_of_the_best_and_the_discriminators_that_of_all(base, share, kept) -> None:
    loss, plain = top_k(base, share), LOSSES[base]()
    torch.testing.assert_close(loss.generator(None, LOGITS), plain.generator(None, LOGITS[kept]))
    torch.testing.assert_close(loss.discriminator(LOGITS, -LOGITS), plain.discriminator(LOGITS, -LOGITS))


def test_a_sample_left_out_has_no_gradient() -> None:
    logits = LOGITS.clone().requires_grad_()
    (slope,) = torch.autograd.grad(top_k(share=0.4).generator(None, logits), logits)
    assert (slope != 0).tolist() == [False, False, True, True, False]
    torch.testing.assert_close(slope[2:4], -torch.sigmoid(-LOGITS[2:4]) / 2)


@pytest.mark.parametrize("share", [0.0, -0.5, 1.5])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        of_best(hinge(), share)


@pytest.mark.parametrize("name", ["relativistic", "relativistic-average", "minimax"])
def test_a_loss_that_compares_with_real_logits_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="non-saturating or hinge"):
        of_best(LOSSES[name](), 0.5)


def test_an_unknown_base_is_refused() -> None:
    with pytest.raises(ValueError, match="choose one of"):
        top_k("relativistic")  # type: ignore[arg-type]
