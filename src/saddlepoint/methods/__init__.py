"""The iterations, one idea a file. `METHODS` is the list that the command line and the shared test suite read."""

from saddlepoint.core import Method
from saddlepoint.methods.alternating import Alternating
from saddlepoint.methods.averaged import Averaged
from saddlepoint.methods.extragradient import Extragradient
from saddlepoint.methods.lookahead import Lookahead
from saddlepoint.methods.optimistic import Optimistic
from saddlepoint.methods.simultaneous import Simultaneous

METHODS: dict[str, type[Method]] = {
    "simultaneous": Simultaneous,
    "alternating": Alternating,
    "extragradient": Extragradient,
    "optimistic": Optimistic,
    "lookahead": Lookahead,
    "averaged": Averaged,
}

__all__ = ["METHODS", "Alternating", "Averaged", "Extragradient", "Lookahead", "Optimistic", "Simultaneous"]
