"""Samples that are chosen among candidates are distributed as the judge says, and the first do not depend on n."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import rng
from saddlepoint.runs.judging import logistic
from saddlepoint.tasks.candidates import Choice

#: Of four states that candidates have alike.
WANTED = torch.tensor([0.1, 0.2, 0.3, 0.4]).double()


class Known:
    """log p − log q of states."""

    bound = float((4 * WANTED.max()).log())

    def __call__(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        return (4 * WANTED)[samples].log()


def states(judge: Known) -> Callable[[Tensor, int], tuple[Tensor, tuple[Tensor, ...]]]:
    def propose(places: Tensor, seed: int) -> tuple[Tensor, tuple[Tensor, ...]]:
        drawn = torch.randint(4, (len(places),), generator=rng(seed))
        return judge(drawn), (drawn, places)

    return propose


@pytest.mark.parametrize("among", [64, None])
def test_chosen_samples_are_distributed_as_the_judge_says(among: int | None) -> None:
    n, judge = 4000, Known()
    drawn, places = Choice(judge, among)(n, 3, states(judge))
    assert places.tolist() == list(range(n))
    # Among 64 the weights' mean is 1 to 1/64 of their variance, .2.
    torch.testing.assert_close(drawn.bincount(minlength=4) / n, WANTED.float(), atol=0.025, rtol=0)


def test_among_two_the_likelier_is_taken_by_the_odds() -> None:
    n, judge = 8000, Known()
    (drawn, _) = Choice(judge, 2)(n, 0, states(judge))
    pairs = WANTED[:, None] / (WANTED[:, None] + WANTED)
    torch.testing.assert_close(drawn.bincount(minlength=4).double() / n, pairs.mean(1) / 2, atol=0.015, rtol=0)


@pytest.mark.parametrize("among", [8, None])
def test_the_first_samples_of_a_seed_do_not_depend_on_how_many_are_drawn(among: int | None) -> None:
    choice = Choice(Known(), among)
    many = choice(70, 5, states(choice.judge))[0]
    for n in (1, 15, 16, 17):
        assert torch.equal(choice(n, 5, states(choice.judge))[0], many[:n])
    assert not torch.equal(choice(70, 6, states(choice.judge))[0], many)


def test_a_rejection_that_takes_next_to_nothing_says_what_to_do() -> None:
    judge = Known()
    judge.bound = 100.0
    with pytest.raises(ConfigurationError, match=r"candidates the judge took 0.*give --resample 8"):
        Choice(judge, None)(1, 0, states(judge))


def test_a_calibration_finds_the_logit_of_two_normals_whatever_constant_and_scale_a_loss_left() -> None:
    source = rng(0, "normals")
    real, made = torch.randn(20_000, generator=source).double() + 1, torch.randn(20_000, generator=source).double()
    for scale, constant in ((1.0, 0.0), (0.2, 40.0), (30.0, -7.0)):
        slope, level = logistic(scale * real + constant, scale * made + constant)
        assert slope * scale == pytest.approx(1, abs=0.05)
        assert level + slope * constant == pytest.approx(-0.5, abs=0.05)
    assert logistic(made, real)[0] == 0  # a judge that is wrong chooses nothing
    apart, _ = logistic(torch.arange(5.0, 9).double(), torch.arange(4.0).double())
    assert 0 < apart < 100
