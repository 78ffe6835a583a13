"""A trained generator on its own: what a run hands over, and all that `sample` needs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn.functional import interpolate

from saddlepoint.configuration import ConfigurationError, Registry
from saddlepoint.core import generator as keyed_generator
from saddlepoint.data.stream import Distribution, draw_latent
from saddlepoint.networks import NETWORKS
from saddlepoint.runs import write_atomically

WEIGHTS, CONFIG, CARD = "generator.safetensors", "config.yaml", "README.md"
#: Latents that are drawn together.
BLOCK = 64
NETWORK_REGISTRY: Registry[nn.Module] = Registry("network", NETWORKS, supplied=("shape", "latent", "classes"))


@dataclass(frozen=True)
class Latent:
    """The generator's input: standard normal, or uniform on [−1, 1]."""

    size: int
    distribution: Distribution


@dataclass
class TrainedGenerator:
    """A generator network with what is needed to draw from it.

    Attributes:
        network: (N, latent) → (N, C, H, W).
        spec: its choice in the registry of networks.
        shape: (C, H, W).
        latent: its input.
        low, high: the network's values for black and white.

    Load and use it in three lines:

        from saddlepoint.tasks.trained import TrainedGenerator
        generator = TrainedGenerator.load(Path("runs/digits/generator"))
        images = generator.sample(16, seed=7)          # uint8, (16, C, H, W)
    """

    network: nn.Module
    spec: Mapping[str, Any]
    shape: tuple[int, int, int]
    latent: Latent
    low: float
    high: float

    def save(self, folder: Path, card: str) -> None:
        """Write weights, configuration and model card, each whole or absent."""
        folder.mkdir(parents=True, exist_ok=True)
        weights = {key: tensor.contiguous() for key, tensor in self.network.state_dict().items()}
        config = {
            "network": json.loads(json.dumps(dict(self.spec))),
            "shape": list(self.shape),
            "latent": {"size": self.latent.size, "distribution": self.latent.distribution},
            "range": [self.low, self.high],
        }
        write_atomically(folder / WEIGHTS, save(weights))
        write_atomically(folder / CONFIG, yaml.safe_dump(config, sort_keys=False))
        write_atomically(folder / CARD, card)

    @classmethod
    def load(cls, folder: Path) -> "TrainedGenerator":
        """Load from a `generator/` folder, or from the run folder around it.

        Raises:
            ValueError: there is no generator, or its files are damaged; says what is missing.
        """
        if not (folder / WEIGHTS).exists() and (folder / "generator" / WEIGHTS).exists():
            folder = folder / "generator"
        missing = [name for name in (WEIGHTS, CONFIG) if not (folder / name).is_file()]
        if missing:
            raise ValueError(
                f"no trained generator in {folder}: {' and '.join(missing)} missing; give a run folder whose "
                f"training has ended or was stopped, or its generator/ folder"
            )
        try:
            config = yaml.safe_load((folder / CONFIG).read_text(encoding="utf-8"))
            shape, latent = tuple(config["shape"]), Latent(**config["latent"])
            low, high = config["range"]
            network = NETWORK_REGISTRY.build(config["network"], shape=shape, latent=latent.size)
            network.load_state_dict(load_file(folder / WEIGHTS))
        except ConfigurationError:
            raise
        except (yaml.YAMLError, KeyError, TypeError, ValueError, RuntimeError, OSError, SafetensorError) as error:
            raise ValueError(f"the generator in {folder} is damaged: {error}") from error
        network.eval()
        return cls(network, config["network"], shape, latent, float(low), float(high))

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """Draw n images, uint8 (n, C, H, W). The first ones of a seed do not depend on n (to a grey level)."""
        return self.render(self.latents(n, seed))

    def latents(self, n: int, seed: int) -> Tensor:
        """n latents of a seed, (n, latent size); the first do not depend on n, so they are drawn by whole blocks."""
        blocks = [
            draw_latent(BLOCK, self.latent.size, self.latent.distribution, keyed_generator(seed, block, "sample"))
            for block in range(-(-n // BLOCK))
        ]
        return torch.cat(blocks)[:n] if blocks else torch.empty(0, self.latent.size)

    @torch.no_grad()
    def render(self, latents: Tensor) -> Tensor:
        """Images of latents, uint8 (n, C, H, W), in batches of 256."""
        device = next(self.network.parameters()).device
        training = self.network.training
        self.network.eval()
        try:
            parts = [self.network(part.to(device)).cpu() for part in latents.split(256)]
        finally:
            self.network.train(training)
        images = torch.cat(parts) if parts else torch.empty(0, *self.shape)
        return ((images.float() - self.low) / (self.high - self.low) * 255).round().clamp(0, 255).to(torch.uint8)

    def walk(self, stops: int, frames: int, seed: int) -> Tensor:
        """Images along a closed walk through latent space, uint8 (stops · frames, C, H, W).

        Normal latents are joined on the sphere (slerp), so that every point between has a usual norm; uniform
        ones by straight lines.
        """
        ends = self.latents(stops, seed)
        weights = torch.arange(frames) / frames
        legs = [self._leg(a, b, weights) for a, b in zip(ends, ends.roll(-1, 0), strict=True)]
        return self.render(torch.cat(legs))

    def _leg(self, a: Tensor, b: Tensor, weights: Tensor) -> Tensor:
        w = weights[:, None]
        if self.latent.distribution == "uniform":
            return torch.lerp(a, b, w)
        angle = torch.arccos(torch.dot(a, b) / (a.norm() * b.norm())).clamp_min(1e-6)
        return (torch.sin((1 - w) * angle) * a + torch.sin(w * angle) * b) / torch.sin(angle)


#: Side in pixels to which pictures enlarge small images, and below which they do so smoothly.
SIDE, SMOOTH = 48, 24


def image_grid(
    images: Tensor, columns: int | None = None, scale: int | None = None, gap: int = 2, side: int = SIDE
) -> NDArray[np.uint8]:
    """Images side by side, as one picture.

    Args:
        images: uint8 (N, C, H, W), one or three channels.
        columns: None makes the grid as square as it gets.
        scale: whole factor by which every pixel is enlarged; None enlarges small images to at least `side` pixels,
            and tiny ones smoothly, as bare pixels of 8x8 or 16x16 images are hard to read.
        gap: grey pixels around every image, so that one does not run into the next.
        side: see scale.

    Returns:
        uint8 (rows · (H · scale + gap) + gap, columns · (W · scale + gap) + gap, 3).
    """
    n = len(images)
    columns = columns or max(1, round(n**0.5))
    rows = -(-n // columns)
    tiles = _enlarged(images, scale, side).expand(-1, 3, -1, -1).permute(0, 2, 3, 1).numpy()
    height, width = tiles.shape[1:3]
    down, across = height + gap, width + gap
    grid = np.full((rows * down + gap, columns * across + gap, 3), 96, dtype=np.uint8)
    for k, tile in enumerate(tiles):
        top, left = gap + (k // columns) * down, gap + (k % columns) * across
        grid[top : top + height, left : left + width] = tile
    return grid


def _enlarged(images: Tensor, scale: int | None, side: int) -> Tensor:
    longer = max(images.shape[2:])
    if scale is None and longer < SMOOTH:
        factor = -(-side // longer)
        return interpolate(images.float(), scale_factor=factor, mode="bicubic").round().clamp(0, 255).byte()
    factor = scale or max(1, -(-side // longer))
    return images.repeat_interleave(factor, 2).repeat_interleave(factor, 3)


def frames_of(images: Tensor, scale: int | None = 1, side: int = SIDE) -> Sequence[NDArray[np.uint8]]:
    """Each image as its own picture, for animations and single files."""
    return [image_grid(image[None], columns=1, scale=scale, gap=0, side=side) for image in images]
