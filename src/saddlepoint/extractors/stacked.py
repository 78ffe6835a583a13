"""A classifier of grey images, read off each channel of a colour image: ten digits become a thousand numbers."""

from torch import Tensor, nn


class StackedFeatures(nn.Module):
    """The features of each channel side by side.

    Args:
        body: grey images (n, 1, H, W) to features (n, d).

    >>> import torch
    >>> StackedFeatures(nn.Flatten())(torch.zeros(5, 3, 2, 2)).shape
    torch.Size([5, 12])
    """

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) → (N, 3·d), red first."""
        features: Tensor = self.body(images.flatten(0, 1).unsqueeze(1))
        return features.view(len(images), -1)


class StackedLogits(nn.Module):
    """log p(abc) = log p(a) + log p(b) + log p(c): the outer sum of three log-softmaxes, the channels independent.

    The class of the digits a, b, c is the number abc.

    Args:
        head: features (n, d) to logits (n, classes).

    >>> import torch
    >>> p = StackedLogits(nn.Identity())(torch.randn(5, 30)).exp()
    >>> p.shape, torch.allclose(p.sum(1), torch.ones(5))
    (torch.Size([5, 1000]), True)
    """

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.head = head

    def forward(self, features: Tensor) -> Tensor:
        """(N, 3·d) → (N, classes³)."""
        rows = features.view(3 * len(features), -1)
        red, green, blue = self.head(rows).log_softmax(1).view(len(features), 3, -1).unbind(1)
        logits: Tensor = red[:, :, None, None] + green[:, None, :, None] + blue[:, None, None, :]
        return logits.flatten(1)
