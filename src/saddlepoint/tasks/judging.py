"""What the tasks share: a batch that is watched, numbers of a game's health, pictures, the model card."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from saddlepoint.core import Batch, Game, NonFinite, rng, seed_for
from saddlepoint.core.randomness import seeded
from saddlepoint.data.stream import SampleBatch, SampleStream
from saddlepoint.storage import write_atomically
from saddlepoint.tasks.trained import Sampler


def watched(stream: SampleStream, indices: Tensor, trained: Sampler) -> Batch:
    """A batch that never changes: the samples at these indices, latents of the stream's seed, halfway mixes.

    Of the samples, those that fill whole packs.
    """
    indices = indices[: stream.in_packs(len(indices))]
    real = stream.prepared(stream.samples[indices])
    source = rng(stream.seed, "watched", "augmentation")
    value = SampleBatch(
        real=real,
        latent=trained.latents(len(real), stream.seed).to(stream.device),
        mix=torch.full((len(real), *(1 for _ in real.shape[1:])), 0.5, device=stream.device),
        labels=None if stream.labels is None else stream.labels[indices].to(stream.device),
        augmentation=stream.draws(len(real), source),
        **stream.scheduled(0),
    )
    return Batch(value, seed=seed_for(stream.seed, "watched"))


def discriminator_auc(game: Game, batch: SampleBatch) -> float:
    """How often the discriminator ranks a real sample above a generated one (½: it can't tell; 1: it always can).

    Where it judges packs, a pack. Noise that networks draw is the same at every look.
    """
    discriminator = game.players["discriminator"]
    with torch.no_grad(), game.untouched(), seeded(seed_for("separation")):
        generated = game.players["generator"](batch.latent, *batch.conditions)
        real_logits = discriminator(batch.real, *batch.conditions)
        generated_logits = discriminator(generated, *batch.conditions)
        return float((real_logits[:, None] > generated_logits[None, :]).float().mean())


def gradient_norms(game: Game, batch: Batch) -> dict[str, float]:
    """`…_gradient_norm`: the norm of each player's gradient; NaN where it is not finite."""
    try:
        with game.untouched():
            field = game.field(batch, base=False)
    except NonFinite:
        return {f"{name}_gradient_norm": float("nan") for name in game.names}
    return {f"{name}_gradient_norm": float(field.only(name).norm()) for name in field.names}


def write_picture(path: Path, picture: NDArray[np.uint8]) -> None:
    """A PNG file, whole or absent."""
    write_atomically(path, lambda file: Image.fromarray(picture).save(file, format="PNG"))


def card_of(facts: Mapping[str, Any]) -> str:
    """The model card."""
    return _CARD.format(facts="\n".join(f"- {key}: {value}" for key, value in facts.items()))


_CARD = """# A generator trained with Saddlepoint

{facts}

Weights are in `generator.safetensors`, the network and its input in `config.yaml`. Draw from it:

    saddle sample THIS_FOLDER -n 64 --seed 7 --out samples.png

or in Python:

    from pathlib import Path
    from saddlepoint.tasks.trained import Sampler
    samples = Sampler.load(Path("THIS_FOLDER")).sample(64, seed=7)   # images: uint8, (64, C, H, W)
"""
