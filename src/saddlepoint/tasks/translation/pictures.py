"""Images that belong together, in one picture."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from saddlepoint.evaluation.fidelity import in_channels
from saddlepoint.tasks.pictures import image_grid

#: Groups that stand in a row; what is hidden, in pictures.
ACROSS, HIDDEN = 3, 128


def visible(inputs: Tensor, *, masked: bool) -> Tensor:
    """Inputs (uint8, N C H W) as pictures show them: without their mask, what it hides in grey."""
    if not masked:
        return inputs
    return torch.where(inputs[:, -1:] > 0, torch.tensor(HIDDEN, dtype=torch.uint8), inputs[:, :-1])


def beside_each_other(columns: Sequence[Tensor]) -> NDArray[np.uint8]:
    """Images (uint8, N C H W) of several kinds, those that belong together side by side, as one picture.

    Smaller ones are enlarged by the nearest pixel, grey ones shown in grey.
    """
    largest = max((images.shape[2:] for images in columns), key=tuple)
    colour = [in_channels(interpolate(images, largest, mode="nearest"), 3) for images in columns]
    rows = torch.stack(colour, 1).flatten(0, 1)
    return image_grid(rows, columns=len(columns) * ACROSS)
