"""Penalty on the distance of logits from a memory of the other side's."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from saddlepoint.penalties.penalty import DiscriminatorPass, Memory, Penalty


class Anchors(Memory):
    """Moving averages of the discriminator's logits, α ← α + (s/w) (E D − α), s = 1 − ½^(N/half_life).

    w ← w + s (1 − w) grows from 0 to 1, so that they begin at the first batch's means, and not at a 0 that says nothing
    where the loss does not determine a constant in D.

    Args:
        half_life: in samples, so that a changed batch size keeps its meaning.
    """

    real: Tensor
    generated: Tensor
    weight: Tensor

    def __init__(self, half_life: float) -> None:
        super().__init__()
        self.half_life = half_life
        self.register_buffer("real", torch.zeros(()))
        self.register_buffer("generated", torch.zeros(()))
        self.register_buffer("weight", torch.zeros(()))

    @torch.no_grad()
    def observe(self, seen: DiscriminatorPass) -> None:
        """Move both averages towards the batch's means."""
        real, generated = seen.whole(seen.real_logits.detach()), seen.whole(seen.generated_logits.detach())
        samples = len(seen.real) * len(real) / len(seen.real_logits)
        share = 1.0 - 0.5 ** (samples / self.half_life)
        # New tensors, not new values in the old ones: the penalty's graph may hold those.
        self.weight = self.weight + share * (1 - self.weight)
        self.real = torch.lerp(self.real, real.mean().to(self.real), share / self.weight)
        self.generated = torch.lerp(self.generated, generated.mean().to(self.generated), share / self.weight)


@dataclass(frozen=True)
class LeCam(Penalty):
    """λ (E (r − α_F)² + E (f − α_R)²): logits stay near moving averages α_R, α_F of the other side's (LeCam).

    With r = D(real), f = D(generated) and the Wasserstein loss this minimises a LeCam divergence, which is bounded,
    so that a discriminator of few data has less to gain from being sure. α are constants here: the means of earlier
    steps, with a half-life of `half_life` samples (4,400 is a decay of 0.99 a step at 64 a batch). At the first step
    there are none, and no penalty, so that a constant in D from the beginning on changes nothing. They live in
    `memory`, which has to become a part of the discriminator: as its buffers they are saved with it and move once a
    step. Tseng, Jiang, Liu, Yang, Yang 2021, "Regularizing GANs under limited data", arXiv 2104.03310.

    Raises:
        ValueError: a negative weight, or a half-life of 0 or below.
    """

    weight: float = 0.1
    half_life: float = 4_400
    memory: Anchors = field(init=False, compare=False, repr=False)
    mean_over_samples = False  # the memory moves from part to part
    paper = """@inproceedings{tseng2021regularizing,
  title={Regularizing Generative Adversarial Networks under Limited Data},
  author={Tseng, Hung-Yu and Jiang, Lu and Liu, Ce and Yang, Ming-Hsuan and Yang, Weilong},
  booktitle={CVPR}, year={2021}}"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.half_life <= 0:
            raise ValueError(f"half_life is {self.half_life}: give a number of samples above 0")
        object.__setattr__(self, "memory", Anchors(self.half_life))

    def __call__(self, seen: DiscriminatorPass) -> Tensor:
        """λ (E (r − α_F)² + E (f − α_R)²)."""
        real = (seen.real_logits - self.memory.generated).square().mean()
        total = real + (seen.generated_logits - self.memory.real).square().mean()
        return torch.where(self.memory.weight > 0, self.weight * total, 0.0)
