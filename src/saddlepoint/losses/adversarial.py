"""Adversarial losses: pure functions of the discriminator's logits, r = D(real) and f = D(generated).

Each player minimises its own. Logits have shape (N,), or (N, …) where patches or pixels are judged; a loss is a scalar,
a mean over all of them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus


@dataclass(frozen=True)
class AdversarialLoss:
    """A pair of losses.

    Attributes:
        discriminator: (r, f) ↦ L_D.
        generator: (r, f) ↦ L_G; r is None unless `generator_sees_real`.
        generator_sees_real: whether L_G is a function of r too.
        mean_over_samples: whether both are means over samples (or over pairs of a real and a generated one), so that
            the loss of a batch is the mean of those of its parts, on which `Game(parts=…)` relies.
        ratio: whether L_D is least where D = log p − log q and a constant, p real and q generated.
        paper: BibTeX.
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor | None, Tensor], Tensor]
    generator_sees_real: bool = False
    mean_over_samples: bool = True
    ratio: bool = False
    paper: str = ""


_GOODFELLOW = """@inproceedings{goodfellow2014generative,
  title={Generative Adversarial Nets},
  author={Goodfellow, Ian and Pouget-Abadie, Jean and Mirza, Mehdi and Xu, Bing and Warde-Farley, David
          and Ozair, Sherjil and Courville, Aaron and Bengio, Yoshua},
  booktitle={NeurIPS}, year={2014}}"""


def _cross_entropy(real: Tensor, generated: Tensor) -> Tensor:
    """−E log σ(r) − E log(1 − σ(f)); least at σ(D) = p/(p + q)."""
    return softplus(-real).mean() + softplus(generated).mean()


def minimax() -> AdversarialLoss:
    """The zero-sum value function V = E log σ(r) + E log(1 − σ(f)): L_D = −V, L_G = V, saturating.

    The generator's gradient vanishes where the discriminator is sure. At all-zero logits L_D = 2 log 2. The
    generator sees the real logits so that L_G + L_D = 0 holds as a value; its gradient does not depend on them.
    Goodfellow et al. 2014, arXiv 1406.2661.

    >>> loss, zero = minimax(), torch.zeros(4)
    >>> value = loss.discriminator(zero, zero)
    >>> round(float(value), 4), float(value + loss.generator(zero, zero))
    (1.3863, 0.0)
    """

    def generator(real: Tensor | None, generated: Tensor) -> Tensor:
        assert real is not None
        return -_cross_entropy(real, generated)

    return AdversarialLoss(_cross_entropy, generator, generator_sees_real=True, ratio=True, paper=_GOODFELLOW)


def non_saturating() -> AdversarialLoss:
    """Cross-entropy: L_D = −E log σ(r) − E log(1 − σ(f)), L_G = −E log σ(f); L_D is least at σ(D) = p/(p + q).

    The classical choice: the fixed points of `minimax`, with a strong gradient where the discriminator is sure.
    Goodfellow et al. 2014, arXiv 1406.2661.

    >>> loss, zero = non_saturating(), torch.zeros(4)
    >>> round(float(loss.generator(None, zero)), 4)
    0.6931
    """
    return AdversarialLoss(
        _cross_entropy, lambda _, generated: softplus(-generated).mean(), ratio=True, paper=_GOODFELLOW
    )


def double_sigmoid() -> AdversarialLoss:
    """A classic mistake, kept to be shown: a sigmoid in the discriminator, then a cross-entropy that has its own.

    The logits r, f go through σ before the cross-entropy on logits. σ(σ(·)) lies in (½, .731), so L_D can't
    fall below softplus(−1) + softplus(0) = .3133 + .6931, and every gradient shrinks by a further factor
    σ'(·) ≤ ¼, which vanishes for a sure discriminator: training is slower, and a wrong but sure discriminator
    does not recover.
    """
    return AdversarialLoss(
        lambda real, generated: _cross_entropy(torch.sigmoid(real), torch.sigmoid(generated)),
        lambda _, generated: softplus(-torch.sigmoid(generated)).mean(),
        paper=_GOODFELLOW,
    )


def least_squares() -> AdversarialLoss:
    """Squares: L_D = ½ E (r − 1)² + ½ E f², L_G = ½ E (f − 1)²; L_D is least at D = p/(p + q).

    Mao et al. 2017, arXiv 1611.04076.
    """
    return AdversarialLoss(
        lambda real, generated: 0.5 * ((real - 1) ** 2).mean() + 0.5 * (generated**2).mean(),
        lambda _, generated: 0.5 * ((generated - 1) ** 2).mean(),
        paper="""@inproceedings{mao2017least,
  title={Least Squares Generative Adversarial Networks},
  author={Mao, Xudong and Li, Qing and Xie, Haoran and Lau, Raymond Y. K. and Wang, Zhen
          and Smolley, Stephen Paul},
  booktitle={ICCV}, year={2017}}""",
    )


def hinge() -> AdversarialLoss:
    """Margins: L_D = E max(0, 1 − r) + E max(0, 1 + f), L_G = −E f; L_D is least at D = sign(p − q).

    Lim and Ye 2017, arXiv 1705.02894.
    """
    return AdversarialLoss(
        lambda real, generated: relu(1 - real).mean() + relu(1 + generated).mean(),
        lambda _, generated: -generated.mean(),
        paper="""@article{lim2017geometric,
  title={Geometric {GAN}},
  author={Lim, Jae Hyun and Ye, Jong Chul},
  journal={arXiv:1705.02894}, year={2017}}""",
    )


def wasserstein() -> AdversarialLoss:
    """A difference of means: L_D = E f − E r, L_G = −E f; unbounded below without a penalty on the discriminator.

    A constant added to D changes no gradient, only the value of L_G.
    Arjovsky, Chintala, Bottou 2017, arXiv 1701.07875. Take it with `gradient-penalty`.
    """
    return AdversarialLoss(
        lambda real, generated: generated.mean() - real.mean(),
        lambda _, generated: -generated.mean(),
        paper="""@inproceedings{arjovsky2017wasserstein,
  title={Wasserstein Generative Adversarial Networks},
  author={Arjovsky, Martin and Chintala, Soumith and Bottou, L{\\'e}on},
  booktitle={ICML}, year={2017}}""",
    )


def relativistic() -> AdversarialLoss:
    """Real and generated in pairs: L_D = E softplus(f_i − r_i), L_G = E softplus(r_i − f_i).

    Only differences matter, so a constant added to D changes nothing, and no generated mode can be judged
    without a real one beside it. Both are log 2 where D can't tell. Jolicoeur-Martineau 2018,
    arXiv 1807.00734; Huang, Gokaslan, Kuleshov, Tompkin 2024, arXiv 2501.05441.

    Both functions raise ValueError where real and generated logits differ in number.

    >>> loss, logits = relativistic(), torch.tensor([1.0, -2.0])
    >>> round(float(loss.discriminator(logits, logits)), 4)
    0.6931
    """

    def generator(real: Tensor | None, generated: Tensor) -> Tensor:
        assert real is not None
        return softplus(_paired(real, generated)).mean()

    return AdversarialLoss(
        lambda real, generated: softplus(-_paired(real, generated)).mean(),
        generator,
        generator_sees_real=True,
        ratio=True,
        paper="""@inproceedings{huang2024gan,
  title={The {GAN} is Dead; Long Live the {GAN}! A Modern {GAN} Baseline},
  author={Huang, Yiwen and Gokaslan, Aaron and Kuleshov, Volodymyr and Tompkin, James},
  booktitle={NeurIPS}, year={2024}}""",
    )


def relativistic_average() -> AdversarialLoss:
    """Each side against the mean of the other: L_D = E softplus(f̄ − r) + E softplus(f − r̄), L_G the same with r ↔ f.

    A constant added to D changes nothing, as with `relativistic`, and the batches may differ in size. Both losses
    are 2 log 2 where D is constant. Jolicoeur-Martineau 2018, arXiv 1807.00734 (RaGAN).

    >>> loss, zero = relativistic_average(), torch.zeros(4)
    >>> round(float(loss.discriminator(zero, zero)), 4)
    1.3863
    """

    def judged(real: Tensor, generated: Tensor) -> Tensor:
        return _cross_entropy(real - generated.mean(), generated - real.mean())

    def generator(real: Tensor | None, generated: Tensor) -> Tensor:
        assert real is not None
        return judged(generated, real)

    return AdversarialLoss(
        judged,
        generator,
        generator_sees_real=True,
        mean_over_samples=False,
        paper="""@inproceedings{jolicoeur2019relativistic,
  title={The Relativistic Discriminator: A Key Element Missing from Standard {GAN}},
  author={Jolicoeur-Martineau, Alexia},
  booktitle={ICLR}, year={2019}}""",
    )


def _paired(real: Tensor, generated: Tensor) -> Tensor:
    if real.shape != generated.shape:
        raise ValueError(
            f"the relativistic loss pairs real with generated logits, given {tuple(real.shape)} and "
            f"{tuple(generated.shape)}: use batches of one size"
        )
    return real - generated
