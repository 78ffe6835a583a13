"""Readers that turn names and folders into images in memory."""

from saddlepoint.data.catalogue import DATASETS, Dataset, is_path, load_images
from saddlepoint.data.embedded import digits
from saddlepoint.data.folder import image_folder
from saddlepoint.data.idx import fashion_mnist, holds_idx, idx_folder, mnist
from saddlepoint.data.images import DataError, ImageData

__all__ = [
    "DATASETS",
    "DataError",
    "Dataset",
    "ImageData",
    "digits",
    "fashion_mnist",
    "holds_idx",
    "idx_folder",
    "image_folder",
    "is_path",
    "load_images",
    "mnist",
]
