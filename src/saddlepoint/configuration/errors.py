"""What a user is told of a configuration that is none."""

import difflib
from collections.abc import Iterable


class ConfigurationError(ValueError):
    """What a user asked for is not a configuration; the message names the remedy."""


def nearest(word: str, known: Iterable[str]) -> str:
    """'did you mean …?' for a misspelt word, or the list of the known ones.

    >>> nearest("altrenating", ["alternating", "simultaneous"])
    "did you mean 'alternating'?"
    """
    known = list(known)
    close = difflib.get_close_matches(word, known, n=1)
    if not close:
        close = difflib.get_close_matches(word.lower(), [k.lower() for k in known], n=1)
        close = [k for k in known if close and k.lower() == close[0]]
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known) or 'none'}"
