"""The statistic by which the strength of augmentation is fed back."""

from math import erf, sqrt

import pytest
import torch

from saddlepoint.augment import DiffAugment, overfitting
from saddlepoint.components.augmented import Augmented


def logits(shift: float = 0.0, n: int = 100_000) -> tuple[torch.Tensor, torch.Tensor]:
    source = torch.Generator().manual_seed(0)
    real, generated = (torch.randn(n, generator=source, dtype=torch.float64) for _ in range(2))
    return real + shift, generated


@pytest.mark.parametrize("gap", [0.0, 0.5, 1.7, 4.0])
def test_of_two_normals_a_gap_apart_it_is_the_paper_s_for_a_centred_discriminator(gap: float) -> None:
    """E sign(N(gap/2, 1)) = 2 Φ(gap/2) − 1 = erf(gap/√8)."""
    assert float(overfitting(*logits(gap))) == pytest.approx(erf(gap / sqrt(8)), abs=0.01)


def test_it_is_one_where_all_real_samples_are_known_by_heart() -> None:
    assert float(overfitting(torch.tensor([[3.0, 4.0], [3.5, 9.0]]), torch.tensor([-5.0, 1.0, -2.0]))) == 1.0


@pytest.mark.parametrize("bias", [-5.0, 0.0, 5.0])
def test_a_constant_in_the_discriminator_changes_no_strength(bias: float) -> None:
    """Of three discriminators that differ in their last bias alone, which many losses do not determine."""
    strengths = []
    for constant in (0.0, bias):
        seen = Augmented(DiffAugment(), strength=0.2, target=0.6, span=1_000)
        for step in range(20):
            real, generated = logits(0.1 * step, n=32)
            seen.observe(real + constant, generated + constant, 32)
        strengths.append(float(seen.strength))
    assert strengths[0] == strengths[1]
    assert 0 <= strengths[0] <= 1
