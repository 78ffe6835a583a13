"""Named configurations. `RECIPES` is the list that the command line reads."""

from collections.abc import Callable

from saddlepoint.recipes.building import Assembled, build
from saddlepoint.recipes.citing import citations
from saddlepoint.recipes.configuration import ImageRun
from saddlepoint.recipes.image import classic, digits, fashion_mnist, images, mnist

RECIPES: dict[str, Callable[[], ImageRun]] = {
    "digits": digits,
    "mnist": mnist,
    "fashion-mnist": fashion_mnist,
    "images": images,
    "classic": classic,
}

__all__ = ["RECIPES", "Assembled", "ImageRun", "build", "citations"]
