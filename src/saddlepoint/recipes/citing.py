"""What to cite for a run."""

from saddlepoint.core import Method
from saddlepoint.recipes.configuration import Run
from saddlepoint.recipes.registries import LOSS_REGISTRY, METHOD_REGISTRY, PENALTY_REGISTRY, REGULARISER_REGISTRY


def citations(config: Run) -> list[str]:
    """BibTeX of the method, with all that it wraps, the averaging, the loss, penalties and regularisers of a run.

    >>> from saddlepoint.recipes import RECIPES
    >>> [entry.partition("{")[2].partition(",")[0] for entry in citations(RECIPES["classic"]())]
    ['zhang2022near', 'goodfellow2014generative']
    """
    found = papers(METHOD_REGISTRY.build(config.method))
    if config.average is not None:
        found.append(METHOD_REGISTRY.entries["averaged"].paper)  # type: ignore[attr-defined]
    found.append(LOSS_REGISTRY.build(config.loss).paper)
    found += [PENALTY_REGISTRY.build({"name": name, **spec}).paper for name, spec in config.penalties.items()]
    found += [REGULARISER_REGISTRY.build({"name": name, **spec}).paper for name, spec in config.regularisers.items()]
    return [paper for paper in dict.fromkeys(found) if paper]


def papers(method: Method) -> list[str]:
    """BibTeX of a method and of all that it wraps, outermost first."""
    return [part.paper for part in _chain(method) if part.paper]


def _chain(method: Method) -> list[Method]:
    """The method and those that it wraps, outermost first."""
    inner = [value for value in vars(method).values() if isinstance(value, Method)]
    return [method, *(part for base in inner for part in _chain(base))]
