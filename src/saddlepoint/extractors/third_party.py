"""Networks from elsewhere: TorchScript files, and timm's models."""

import hashlib
from pathlib import Path

import torch

from saddlepoint.disk import found_at
from saddlepoint.extractors.extractor import Extractor


def torchscript(path: Path, device: str | torch.device = "cpu") -> Extractor:
    """A network in a TorchScript file, fed with images in [0, 1] of their own size and channels.

    What it wants done to images it has to do itself; or wrap `torch.jit.load(path)` in an `Extractor` that does it.

    Raises:
        ValueError: there is no such file, or it is not TorchScript. Other files are pickles and are not opened.
    """
    if found := found_at(path):
        raise ValueError(f"{path} {found}: give the path of a TorchScript file")
    try:
        module = torch.jit.load(str(path), map_location="cpu")
    except RuntimeError:
        raise ValueError(
            f"{path} is not a TorchScript file: make one with torch.jit.trace(network, example).save(path); "
            f"pickled networks and weights are not opened"
        ) from None
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()[:16]
    return Extractor(module, None, channels=None, name=path.name, digest=digest, device=device)


def timm_model(name: str, device: str | torch.device = "cpu") -> Extractor:
    """A pretrained model of timm (Wightman 2019) by its name there; features are its pooled last grid.

    Images are stretched to the size it was trained on and normalised as it was; nothing is cropped.

    Raises:
        ValueError: the extra is missing, timm has no such model, or its weights can't be had.
    """
    try:
        import timm
    except ImportError as error:
        raise ValueError(
            f"the extractor timm:{name} needs timm ({error}): pip install 'saddlepoint[timm]', "
            f"or take another extractor"
        ) from None
    try:
        model = timm.create_model(name, pretrained=True, num_classes=0)
    # OSError: no network, also as what huggingface_hub and requests raise; RuntimeError: no such model or weights.
    except (OSError, RuntimeError) as error:
        raise ValueError(
            f"timm gave no pretrained model {name!r} ({error}): take a name of timm.list_pretrained(), connect once "
            f"for its weights, or give features made elsewhere (--features FILE)"
        ) from None
    wants = timm.data.resolve_model_data_config(model)
    channels, height, width = wants["input_size"]
    return Extractor(
        model,
        (height, width),
        channels=channels,
        mean=wants["mean"],
        std=wants["std"],
        name=f"timm:{name}",
        batch=64,
        device=device,
    )
