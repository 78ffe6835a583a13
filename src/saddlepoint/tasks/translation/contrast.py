"""Translation without pairs, one way only: a patch of the output is to be told by its place in the input (CUT)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from saddlepoint.components.adversary import DiscriminatorInput, Forward, Players
from saddlepoint.data.pair_stream import PairBatch
from saddlepoint.networks import EncodingTranslator


class Contrasted(nn.Module):
    """A translator with, for each layer of its first half, a small network that its patches are compared through.

    Args:
        translator: what is trained.
        width: numbers in a patch's code.
    """

    def __init__(self, translator: EncodingTranslator, width: int) -> None:
        super().__init__()
        self.translator = translator
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(channels, width), nn.ReLU(), nn.Linear(width, width))
            for channels in translator.encoded_channels
        )

    def forward(self, images: Tensor, places: Tensor | None = None) -> Tensor | list[Tensor]:
        """(N, C, H, W) → what is made of them; with places in [0, 1), (layers, S), codes of the patches there.

        The codes are (N, S, width) a layer, of length 1.
        """
        if places is None:
            made: Tensor = self.translator(images)
            return made
        codes = []
        for layer, head, shares in zip(self.translator.encoded(images), self.heads, places, strict=True):
            patches = layer.flatten(2)
            at = (shares * patches.shape[2]).long()
            codes.append(normalize(head(patches[:, :, at].transpose(1, 2)), dim=2))
        return codes


class OfContrast:
    """Outputs of G: x → y, whose patches are to resemble the input's at the same place, and no other's.

        content = μ [nce(x, G(x)) + nce(y, G(y))]
        nce(x, z) = mean over layers and places i of −log softmax_j(⟨code_i(z), code_j(x)⟩ / τ)_i

    Codes are of the first half of G, j runs over the places of the same image. The second term asks of G that it
    leaves an image of the targets as it is. Gradients pass through both codes: it is the gradient of L_G as it
    stands. Places come from torch's global generator on the CPU, which a batch seeds.

    Park, Efros, Zhang, Zhu 2020, arXiv 2007.15651.

    Args:
        layers: that the generator tells patches by.
        weight: μ.
        patches: places of each layer.
        temperature: τ.
        identity: whether the second term is there.

    Raises:
        ValueError: a negative weight, fewer than two patches, or a temperature of 0 or below.
    """

    def __init__(
        self,
        *,
        layers: int,
        weight: float = 1.0,
        patches: int = 64,
        temperature: float = 0.07,
        identity: bool = True,
    ) -> None:
        if weight < 0 or patches < 2 or temperature <= 0:
            raise ValueError(
                f"weight is {weight}, patches {patches} and temperature {temperature}: give a weight of at least 0, at "
                f"least 2 patches, and a temperature above 0"
            )
        self.layers, self.weight, self.patches, self.temperature = layers, weight, patches, temperature
        self.identity = identity

    def __call__(self, players: Players, batch: PairBatch, names: Sequence[str]) -> Forward:  # noqa: ARG002
        """What the generator makes of a batch; its codes when the content is asked for."""
        generator, x, y = players["generator"], batch.source, batch.target
        made = generator(x)

        def content() -> Tensor:
            both = [(x, made), (y, generator(y))] if self.identity else [(x, made)]
            terms = [self.weight * self._contrast(generator, before, after) for before, after in both]
            return torch.stack(terms).sum()

        return Forward((DiscriminatorInput(players["discriminator"], y, made),), content)

    def _contrast(self, generator: nn.Module, before: Tensor, after: Tensor) -> Tensor:
        # By a generator that is named: the places are of the batch and not of its samples, whoever shares it.
        places = torch.rand(self.layers, self.patches, generator=torch.default_generator).to(before.device)
        terms = [
            contrast(new, old, self.temperature)
            for new, old in zip(generator(after, places), generator(before, places), strict=True)
        ]
        return torch.stack(terms).mean()


def contrast(queries: Tensor, keys: Tensor, temperature: float) -> Tensor:
    """−E log softmax_j(⟨q_i, k_j⟩/τ)_i over the places of each image, codes (N, S, d); log S where none can be told.

    van den Oord, Li, Vinyals 2018, arXiv 1807.03748 (InfoNCE).

    >>> same = torch.ones(1, 4, 2)
    >>> round(contrast(same, same, 1.0).item(), 4)
    1.3863
    """
    likeness = queries @ keys.transpose(1, 2) / temperature
    places = torch.arange(queries.shape[1], device=queries.device).expand(len(queries), -1)
    return cross_entropy(likeness.flatten(0, 1), places.flatten())
