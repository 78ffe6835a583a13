"""Feature matching."""

from collections.abc import Sequence

from torch import Tensor


def feature_matching(real: Tensor, generated: Tensor) -> Tensor:
    """‖E φ(x) − E φ(G(z))‖² over features (N, …) of real and generated samples; 0 where their means agree.

    A loss for the generator, φ a layer of the discriminator or of any network. It sees means only, so it brings no
    diversity of its own, and it is no mean over samples: the loss of a batch is not the mean of its parts'.
    Salimans, Goodfellow, Zaremba, Cheung, Radford, Chen 2016, "Improved techniques for training GANs",
    arXiv 1606.03498.

    Raises:
        ValueError: features of different shapes; the numbers of samples may differ.

    >>> import torch
    >>> float(feature_matching(torch.tensor([[0.0, 1.0], [2.0, 1.0]]), torch.tensor([[1.0, 3.0]])))
    4.0
    """
    if real.shape[1:] != generated.shape[1:]:
        raise ValueError(
            f"features of a real sample have shape {tuple(real.shape[1:])}, of a generated one "
            f"{tuple(generated.shape[1:])}: take both from the same layer"
        )
    return (real.mean(0) - generated.mean(0)).square().sum()


def layer_matching(real: Sequence[Tensor], generated: Sequence[Tensor]) -> Tensor:
    """The mean over layers l of E |φ_l(x) − φ_l(G(z))|, each generated sample against its own real one.

    What pairs are known for, as in translation, where `feature_matching` compares means over a batch.
    Wang, Liu, Zhu, Tao, Kautz, Catanzaro 2018 (pix2pixHD), arXiv 1711.11585, equation 4.

    Raises:
        ValueError: no layers, or not the same ones.

    >>> import torch
    >>> float(layer_matching([torch.zeros(1, 2), torch.zeros(4)], [torch.ones(1, 2), torch.full((4,), 3.0)]))
    2.0
    """
    if not real or [t.shape for t in real] != [t.shape for t in generated]:
        raise ValueError(
            f"layers have shapes {[tuple(t.shape) for t in real]} for real and "
            f"{[tuple(t.shape) for t in generated]} for generated samples: give the same layers of both"
        )
    distances = [(x - y).abs().mean() for x, y in zip(real, generated, strict=True)]
    return sum(distances[1:], distances[0]) / len(distances)
