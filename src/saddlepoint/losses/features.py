"""Feature matching."""

from torch import Tensor


def feature_matching(real: Tensor, generated: Tensor) -> Tensor:
    """‖E φ(x) − E φ(G(z))‖² over features (N, …) of real and generated samples; 0 where their means agree.

    A loss for the generator, φ a layer of the discriminator or of any network. It sees means only, so it brings no
    diversity of its own.
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
