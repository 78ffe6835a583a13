"""Image generation: the task that judges a game of images, draws its pictures and hands over its generator."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from saddlepoint.core import Batch, Game, NonFinite, generator, seed_for
from saddlepoint.data.stream import ImageBatch, ImageStream
from saddlepoint.metrics import frechet_distance
from saddlepoint.runs import write_atomically
from saddlepoint.tasks.trained import TrainedGenerator, image_grid

#: Images that monitors look at: enough for a share to ±3 %, and cheap.
MONITORED = 256
#: Images that the pixel Fréchet distance compares, and the side to which it averages them.
JUDGED, SIDE = 2048, 8


class ImageTask:
    """Measures a game of a generator and a discriminator of images.

    Args:
        game: the players.
        trained: the generator with its description; shares its network with the game.
        images: the data, uint8 (N, C, H, W).
        stream: gives the batches; its order decides which images are looked at.
        card: the model card's facts.
    """

    def __init__(
        self, game: Game, trained: TrainedGenerator, images: Tensor, stream: ImageStream, card: Mapping[str, Any]
    ) -> None:
        self.game, self.trained, self.card = game, trained, dict(card)
        chosen = torch.randperm(len(images), generator=generator(stream.seed, "judged"))
        self._watched = self._batch(images, chosen[:MONITORED], stream)
        self._features = features(images[chosen[:JUDGED]])
        self._real_spread = spread(images[chosen[:MONITORED]])

    def _batch(self, images: Tensor, indices: Tensor, stream: ImageStream) -> Batch:
        real = images[indices].to(stream.device, torch.get_default_dtype()) * stream.scale + stream.low
        latent = self.trained.latents(len(real), stream.seed).to(stream.device)
        mix = torch.full((len(real), 1, 1, 1), 0.5, device=stream.device)
        return Batch(ImageBatch(real, latent, mix), seed=seed_for(stream.seed, "watched"))

    def monitors(self) -> dict[str, float]:
        """Numbers that tell a healthy game from a failing one, on batches that never change.

        `separation`: how often the discriminator ranks a real image above a generated one (½: it can't tell;
        1: it always can). `diversity`: mean distance between generated images over that between real ones (1:
        as diverse; 0: collapsed). `…_field`: norm of each player's gradient.
        """
        value: ImageBatch = self._watched.value
        discriminator = self.game.players["discriminator"]
        with torch.no_grad(), self.game.untouched():
            generated = self.game.players["generator"](value.latent)
            real_logits, generated_logits = discriminator(value.real), discriminator(generated)
            separation = (real_logits[:, None] > generated_logits[None, :]).float().mean()
        numbers = {
            "separation": float(separation),
            "diversity": spread(self.trained.render(value.latent)) / max(self._real_spread, 1e-9),
        }
        try:
            with self.game.untouched():
                field = self.game.field(self._watched, base=False)
            numbers |= {f"{name}_field": float(field.only(name).norm()) for name in field.names}
        except NonFinite:
            numbers |= {f"{name}_field": float("nan") for name in self.game.names}
        return numbers

    def metrics(self) -> dict[str, float]:
        """`pixel_frechet`: the Fréchet distance of images averaged to at most 8x8 pixels, in [0, 1] units."""
        generated = self.trained.sample(len(self._features), seed=1)
        return {"pixel_frechet": frechet_distance(self._features.numpy(), features(generated).numpy())}

    def snapshot(self, path: Path) -> None:
        """A grid of 64 images from latents that never change."""
        grid = image_grid(self.trained.sample(64, seed=0), columns=8)
        write_atomically(path, lambda file: Image.fromarray(grid).save(file, format="PNG"))

    def deliver(self, folder: Path) -> None:
        """The generator with its configuration and model card."""
        facts = "\n".join(f"- {key}: {value}" for key, value in self.card.items())
        self.trained.save(folder, _CARD.format(facts=facts))


def features(images: Tensor) -> Tensor:
    """Images (uint8, N C H W) averaged to at most 8x8 pixels, flat, in [0, 1]."""
    side = (min(SIDE, images.shape[2]), min(SIDE, images.shape[3]))
    return adaptive_avg_pool2d(images.double() / 255, side).flatten(1)


def spread(images: Tensor) -> float:
    """Mean Euclidean distance between pairs of different images (uint8, N C H W)."""
    if len(images) < 2:
        return 0.0
    return float(torch.pdist(images.flatten(1).float() / 255).mean())


_CARD = """# A generator trained with Saddlepoint

{facts}

Weights are in `generator.safetensors`, the network and its input in `config.yaml`. Draw from it:

    saddle sample THIS_FOLDER -n 64 --seed 7 --out grid.png

or in Python:

    from pathlib import Path
    from saddlepoint.tasks.trained import TrainedGenerator
    images = TrainedGenerator.load(Path("THIS_FOLDER")).sample(64, seed=7)   # uint8, (64, C, H, W)
"""
