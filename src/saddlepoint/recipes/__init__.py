"""Named configurations. `RECIPES` is the list that the command line reads."""

from collections.abc import Callable, Mapping
from typing import Any

from saddlepoint.configuration import ConfigurationError, nearest
from saddlepoint.recipes.audio import (
    AudioBaseline,
    AudioConfig,
    SoundDataConfig,
    audio,
    audio_vae,
    audio_wave,
    spoken_digits,
)
from saddlepoint.recipes.baseline import ImageBaseline, autoencoder, baseline, vae
from saddlepoint.recipes.building import Assembled
from saddlepoint.components.citing import citations
from saddlepoint.recipes.configuration import AdversarialConfig, Config
from saddlepoint.recipes.enhancement import EnhancementConfig, enhance
from saddlepoint.recipes.image import (
    ImageConfig,
    ImageDataConfig,
    classic,
    digits,
    fashion_mnist,
    images,
    mnist,
    modern,
    stacked_mnist,
)
from saddlepoint.recipes.image_to_image import ImageToImageConfig
from saddlepoint.recipes.points import PointConfig, grid, grid_pacgan, ring, ring_pacgan
from saddlepoint.recipes.series import SeriesBaseline, SeriesConfig, SeriesDataConfig, series, series_vae
from saddlepoint.recipes.table import TableBaseline, TableConfig, TableDataConfig, table, table_vae
from saddlepoint.recipes.text import TextConfig, text
from saddlepoint.recipes.translation import TranslationConfig, translate

RECIPES: dict[str, Callable[[], Config]] = {
    "digits": digits,
    "mnist": mnist,
    "fashion-mnist": fashion_mnist,
    "stacked-mnist": stacked_mnist,
    "images": images,
    "modern": modern,
    "classic": classic,
    "ring": ring,
    "grid": grid,
    "ring-pacgan": ring_pacgan,
    "grid-pacgan": grid_pacgan,
    "vae": vae,
    "autoencoder": autoencoder,
    "enhance": enhance,
    "translate": translate,
    "table": table,
    "table-vae": table_vae,
    "series": series,
    "series-vae": series_vae,
    "audio": audio,
    "spoken-digits": spoken_digits,
    "audio-wave": audio_wave,
    "audio-vae": audio_vae,
    "text": text,
}


def parse_config(data: Mapping[str, Any]) -> Config:
    """The configuration that plain data, a `config.yaml`, describe; its recipe tells the task.

    Raises:
        ConfigurationError: no recipe or an unknown one, or settings that do not fit.
    """
    recipe = data.get("recipe")
    if not isinstance(recipe, str) or recipe not in RECIPES:
        raise ConfigurationError(f"there is no recipe {recipe!r}: {nearest(str(recipe), RECIPES)}")
    return type(RECIPES[recipe]()).read(data)


__all__ = [
    "RECIPES",
    "AdversarialConfig",
    "Assembled",
    "AudioBaseline",
    "AudioConfig",
    "Config",
    "EnhancementConfig",
    "ImageBaseline",
    "ImageConfig",
    "ImageDataConfig",
    "ImageToImageConfig",
    "PointConfig",
    "SeriesBaseline",
    "SeriesConfig",
    "SeriesDataConfig",
    "SoundDataConfig",
    "TableBaseline",
    "TableConfig",
    "TableDataConfig",
    "TextConfig",
    "TranslationConfig",
    "baseline",
    "citations",
    "parse_config",
]
