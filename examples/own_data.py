"""Data of your own: a Dataset of images and classes, as torchvision has them, in memory or read one by one."""

import numpy as np
from PIL import Image
from torch.utils.data import Dataset

import saddlepoint as sp


class Shapes(Dataset):
    """Discs and squares of 16x16 pixels."""

    def __len__(self) -> int:
        return 200

    def __getitem__(self, index: int) -> tuple[Image.Image, int]:
        rng = np.random.default_rng(index)
        y, x = np.mgrid[:16, :16] - rng.uniform(5, 11, (2, 1, 1))
        far = np.hypot(x, y) if index % 2 else np.maximum(abs(x), abs(y))
        return Image.fromarray(((far < 4) * 255).astype(np.uint8)), index % 2


run = sp.train("images", data=Shapes(), size=16, conditional=True, samples=640, out="own-data", progress=False)
print(run.sample(4, seed=7, label=1).shape)
