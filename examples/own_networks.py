"""Networks of your own in a recipe of images: any two modules with the right shapes."""

import torch
from torch import Tensor, nn

import saddlepoint as sp


class Generator(nn.Module):
    """Latents (N, 64) to images (N, 1, 16, 16) in [-1, 1]."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 256), nn.Tanh())

    def forward(self, latents: Tensor) -> Tensor:
        return self.layers(latents).view(-1, 1, 16, 16)


class Discriminator(nn.Module):
    """Images (N, 1, 16, 16) to logits (N,)."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(256, 128), nn.LeakyReLU(0.2), nn.Linear(128, 1))

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images).squeeze(1)


images = torch.randint(0, 256, (200, 1, 16, 16), dtype=torch.uint8)  # your images
run = sp.train(
    "images",
    data=images,
    generator=Generator(),
    discriminator=Discriminator(),
    samples=640,
    out="own-networks",
    progress=False,
)
print(run.sample(4, seed=7).shape)
