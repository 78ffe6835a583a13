"""The folder for what can be had again: downloads, decoded images, the catalogue of names."""

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """The environment's SADDLE_CACHE, else the system's cache folder."""
    return Path(os.environ.get("SADDLE_CACHE") or platformdirs.user_cache_dir("saddlepoint")).expanduser()
