"""The Inception network of the Fréchet Inception distance, with the weights that every published FID is made with.

The network is torch-fidelity's (Apache-2.0), which agrees with the original to the last step; the weights are
downloaded once and kept.
"""

import hashlib
import io
import urllib.error
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from saddlepoint.cache import cache_folder

#: The start of its SHA-256 is in the file's name, as torch.hub wants it.
FILE, PREFIX = "weights-inception-2015-12-05-6726825d.pth", "6726825d"
MIRRORS = (
    f"https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/{FILE}",
    "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth",
)
RESIZING = (
    "grey repeated to RGB, stretched to 299x299 by TensorFlow 1's bilinear rule without antialias, (x − 128) / 128"
)


class FidInception(nn.Module):
    """Colour images in [0, 1], of any size, to the 2048 features of FID.

    Args:
        network: torch-fidelity's, asked for the features called 2048.

    Szegedy et al. 2016, arXiv 1512.00567 (the network); Heusel et al. 2017, arXiv 1706.08500 (the distance).
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) → (N, 2048)."""
        (features,) = self.network(images.mul(255).round().byte())
        assert isinstance(features, Tensor)
        return features


def fid_inception(mirrors: Sequence[str] = MIRRORS) -> tuple[FidInception, nn.Linear]:
    """The network, and its last layer without the bias, as the Inception Score has it.

    Raises:
        ValueError: the extra is missing, or the weights can't be had; says what to do.
    """
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    except ImportError as error:
        raise ValueError(
            f"the extractor inception needs torch-fidelity ({error}): pip install 'saddlepoint[inception]', "
            f"or take another extractor"
        ) from None
    # torch-fidelity unpickles whatever file it is given; it is given bytes that come from a safe reading.
    state = torch.load(weights(mirrors), map_location="cpu", weights_only=True)
    buffer = io.BytesIO()
    torch.save(state, buffer)
    buffer.seek(0)
    network: Any = FeatureExtractorInceptionV3("inception", ["2048"], feature_extractor_weights_path=buffer)
    head = nn.Linear(network.fc.in_features, network.fc.out_features, bias=False)
    head.load_state_dict({"weight": network.fc.weight})
    return FidInception(network), head


def weights(mirrors: Sequence[str] = MIRRORS) -> Path:
    """The weights' file in the cache ($SADDLE_CACHE, else the system's), downloaded where it is missing.

    Raises:
        ValueError: no mirror gave the file; names each with its reason.
    """
    cache = cache_folder() / "inception"
    path = cache / FILE
    if path.is_file() and _is_whole(path):
        return path
    cache.mkdir(parents=True, exist_ok=True)
    tried = []
    for mirror in mirrors:
        try:
            # Written under a temporary name, checked, then renamed.
            torch.hub.download_url_to_file(mirror, str(path), hash_prefix=PREFIX)
            return path
        except urllib.error.URLError as error:
            tried.append(f"{mirror} ({error.reason})")
        except (OSError, RuntimeError) as error:
            tried.append(f"{mirror} ({error})")
    raise ValueError(
        f"the weights of the extractor inception could not be downloaded. Tried: {'; '.join(tried)}. Connect once, or "
        f"put {FILE} into {cache}, or give features made elsewhere (--features FILE)"
    )


def _is_whole(path: Path) -> bool:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest().startswith(PREFIX)
