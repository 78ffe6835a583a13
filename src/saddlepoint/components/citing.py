"""What to cite for a run."""

from collections.abc import Iterable

from saddlepoint.core import Method
from saddlepoint.methods import Averaged


def citations(method: Method | None, minimised: Iterable[str], *, averaged: bool) -> list[str]:
    """BibTeX of the method, with all that it wraps, the averaging, and what a run minimises, each once.

    No method is that of a model that is fitted at once.

    >>> from saddlepoint.methods import Alternating
    >>> [entry.partition("{")[2].partition(",")[0] for entry in citations(Alternating(), [], averaged=False)]
    ['zhang2022near']
    """
    found = [*([] if method is None else bibtex(method)), *([Averaged.paper] if averaged else []), *minimised]
    return [paper for paper in dict.fromkeys(found) if paper]


def bibtex(method: Method) -> list[str]:
    """BibTeX of a method and of all that it wraps, outermost first."""
    return [part.paper for part in _chain(method) if part.paper]


def _chain(method: Method) -> list[Method]:
    """The method and those that it wraps, outermost first."""
    inner = [value for value in vars(method).values() if isinstance(value, Method)]
    return [method, *(part for base in inner for part in _chain(base))]
