"""What turns images into rows of numbers that can be compared."""

import copy
import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from saddlepoint.extractors.preparation import Preparation


class Extracted(NamedTuple):
    """What a network says about n images, float32 on the CPU.

    Attributes:
        features: (n, d).
        logits: (n, classes), or None where the network has no classes.
    """

    features: Tensor
    logits: Tensor | None


class Extractor:
    """Reads images with a network that never changes.

    The network is copied, put into evaluation mode and read in batches without gradients, so that memory is bounded
    by the batch and what is returned. Two numbers made with extractors of one `digest` can be compared.

    Args:
        module: prepared images (float32, N C H W) to features; dimensions after the first are flattened.
        size: pixels a side, or (height, width), to which images are stretched; None leaves them.
        channels: 1 makes colour grey, 3 repeats grey, None leaves them.
        mean: taken off images in [0, 1]; one number, or one a channel.
        std: divides them after that.
        head: features to logits, where the network has classes.
        places: what losses between pairs of images take in place of the module, as it tells where things are.
        name: what to call it.
        digest: of the weights' file, where they come from one; a hash of the module's state where None.
        resizing: a sentence about what happens to images; composed from the arguments above where None.
        blind: what a distance between sets of its features can't see, a few words.
        batch: images read at once.
        device: where the network lives; images may be anywhere.

    Raises:
        ValueError: a size, channels, mean, std or batch out of range.

    >>> flat = Extractor(nn.Flatten(), size=2)
    >>> flat(torch.zeros(7, 3, 8, 8, dtype=torch.uint8)).shape
    torch.Size([7, 12])
    """

    def __init__(
        self,
        module: nn.Module,
        size: int | tuple[int, int] | None,
        *,
        channels: int | None = 3,
        mean: float | Sequence[float] = 0.0,
        std: float | Sequence[float] = 1.0,
        head: nn.Module | None = None,
        places: nn.Module | None = None,
        name: str = "module",
        digest: str | None = None,
        resizing: str | None = None,
        blind: str = "",
        batch: int = 256,
        device: str | torch.device = "cpu",
    ) -> None:
        if batch < 1:
            raise ValueError(f"the batch is {batch} images: give at least 1")
        self.name, self.blind, self.batch, self.device = name, blind, batch, torch.device(device)
        self.size = (size, size) if isinstance(size, int) else size
        self._prepare = Preparation(self.size, channels, _several(mean), _several(std))
        self.resizing = str(self._prepare) if resizing is None else resizing
        self._module = self._frozen(module)
        self._head = None if head is None else self._frozen(head)
        self._places = self._module if places is None else self._frozen(places)
        self.digest = _digest(self.resizing, self._module, self._head) if digest is None else digest

    def __call__(self, images: Tensor) -> Tensor:
        """Features, float32 (n, d) on the CPU, of images, uint8 (n, C, H, W); raises as `read`."""
        return self.read(images).features

    def logits(self, images: Tensor) -> Tensor:
        """Logits, float32 (n, classes) on the CPU; raises as `read`, and where the network has no classes."""
        logits = self.read(images).logits
        if logits is None:
            raise ValueError(f"the extractor {self.name} has no classes: take one that has, as digits or inception")
        return logits

    def read(self, images: Tensor) -> Extracted:
        """Features and logits of images (uint8, N C H W) in one pass.

        Raises:
            ValueError: other images, or a network that does not give one row of finite numbers an image.
        """
        if images.dtype != torch.uint8 or images.ndim != 4 or 0 in images.shape:
            raise ValueError(
                f"images are {images.dtype} {tuple(images.shape)}, expected torch.uint8 (N, C, H, W), none of them 0"
            )
        features, logits = [], []
        # TF32 and a search for the quickest kernel would make the numbers depend on the card and on the hour.
        exact = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
        with torch.no_grad(), exact:
            for part in images.split(self.batch):
                rows = self._module(self._prepare(part.to(self.device)))
                if not isinstance(rows, Tensor) or rows.ndim < 2 or len(rows) != len(part):
                    shape = tuple(rows.shape) if isinstance(rows, Tensor) else type(rows).__name__
                    raise ValueError(
                        f"the extractor {self.name} gave {shape} for {len(part)} images, "
                        f"expected one tensor ({len(part)}, d)"
                    )
                rows = rows.flatten(1)
                features.append(rows.float().cpu())
                if self._head is not None:
                    logits.append(self._head(rows).float().cpu())
        reading = Extracted(torch.cat(features), torch.cat(logits) if logits else None)
        if not reading.features.isfinite().all():
            raise ValueError(
                f"the extractor {self.name} gave features that are not finite: its weights or scale are wrong"
            )
        return reading

    def differentiable(self, images: Tensor) -> Tensor:
        """Features (N, d) with their graph, for losses: of images float (N, C, H, W) in [0, 1] on its device.

        As `read` has them, but that nothing is rounded on the way, and place by place where the extractor tells that.

        Raises:
            ValueError: the network rounds on its own, so that no gradient comes through it.
        """
        features: Tensor = self._places(self._prepare.differentiable(images)).flatten(1)
        if images.requires_grad and not features.requires_grad:
            raise ValueError(
                f"the extractor {self.name} lets no gradient through: take another one for a loss, "
                f"as pixels, digits, fashion or timm:NAME"
            )
        return features

    def _frozen(self, module: nn.Module) -> nn.Module:
        with torch.no_grad():  # else TorchScript's copies of parameters are no leaves
            frozen = copy.deepcopy(module).to(self.device, torch.float32).eval()
        for parameter in frozen.parameters():  # TorchScript's modules know no requires_grad_
            parameter.requires_grad_(False)
        return frozen


def _several(values: float | Sequence[float]) -> tuple[float, ...]:
    return (float(values),) if isinstance(values, int | float) else tuple(float(value) for value in values)


def _digest(resizing: str, *modules: nn.Module | None) -> str:
    """16 hex digits of a SHA-256 over what is done to images, the modules' classes and their states."""
    digest = hashlib.sha256(resizing.encode())
    for module in modules:
        digest.update(type(module).__qualname__.encode())
        for name, value in module.state_dict().items() if module is not None else ():
            array = value.detach().cpu().contiguous()
            digest.update(f"{name} {array.dtype} {tuple(array.shape)}".encode())
            digest.update(array.view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()[:16]
