"""Readers of data, and the stream of batches."""

from saddlepoint.data.folder import image_folder
from saddlepoint.data.idx import load_idx
from saddlepoint.data.images import DataError, ImageData
from saddlepoint.data.sources import DATASETS, Source, load_images
from saddlepoint.data.stream import ImageBatch, ImageStream

__all__ = [
    "DATASETS",
    "DataError",
    "ImageBatch",
    "ImageData",
    "ImageStream",
    "Source",
    "image_folder",
    "load_idx",
    "load_images",
]
