"""Archives of images, on a disk or on another machine: listed once, then read by position; nothing is unpacked."""

from saddlepoint.data.archives.reading import image_archives, photographs_of_archives
from saddlepoint.data.archives.stored import holds_archives, is_archive, is_remote

__all__ = ["holds_archives", "image_archives", "is_archive", "is_remote", "photographs_of_archives"]
