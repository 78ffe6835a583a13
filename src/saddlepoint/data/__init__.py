"""Readers that turn names, folders and files into images."""

from saddlepoint.data.arrays import array_file
from saddlepoint.data.bundled import digits
from saddlepoint.data.cifar import cifar_10, cifar_100, cifar_folder
from saddlepoint.data.folder import image_folder
from saddlepoint.data.hugging_face import hugging_face
from saddlepoint.data.idx import fashion_mnist, holds_idx, idx_folder, mnist
from saddlepoint.data.images import DataError, ImageData, Split
from saddlepoint.data.known_sets import DATASETS, Dataset, is_path, load_images, load_photographs
from saddlepoint.data.stacked import stacked_mnist

__all__ = [
    "DATASETS",
    "DataError",
    "Dataset",
    "ImageData",
    "Split",
    "array_file",
    "cifar_10",
    "cifar_100",
    "cifar_folder",
    "digits",
    "fashion_mnist",
    "holds_idx",
    "hugging_face",
    "idx_folder",
    "image_folder",
    "is_path",
    "load_images",
    "load_photographs",
    "mnist",
    "stacked_mnist",
]
