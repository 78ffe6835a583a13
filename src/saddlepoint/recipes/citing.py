"""What to cite for a run."""

from saddlepoint.core import Method
from saddlepoint.recipes.configuration import Config
from saddlepoint.recipes.registries import METHOD_REGISTRY


def citations(config: Config) -> list[str]:
    """BibTeX of the method, with all that it wraps, the averaging, and what a run minimises, each once.

    >>> from saddlepoint.recipes import RECIPES
    >>> [entry.partition("{")[2].partition(",")[0] for entry in citations(RECIPES["classic"]())]
    ['zhang2022near', 'goodfellow2014generative']
    """
    found = bibtex(METHOD_REGISTRY.build(config.method))
    if config.average is not None:
        found.append(METHOD_REGISTRY.entries["averaged"].paper)  # type: ignore[attr-defined]
    return [paper for paper in dict.fromkeys([*found, *config.bibtex]) if paper]


def bibtex(method: Method) -> list[str]:
    """BibTeX of a method and of all that it wraps, outermost first."""
    return [part.paper for part in _chain(method) if part.paper]


def _chain(method: Method) -> list[Method]:
    """The method and those that it wraps, outermost first."""
    inner = [value for value in vars(method).values() if isinstance(value, Method)]
    return [method, *(part for base in inner for part in _chain(base))]
