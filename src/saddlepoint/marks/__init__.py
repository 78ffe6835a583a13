"""What a file says of itself: that it was generated, by what, and from which seed."""

from saddlepoint.marks.containers import embed, mark_in
from saddlepoint.marks.mark import CREATED, EDITED, Mark
from saddlepoint.marks.sidecar import mark_beside, sidecar_of
from saddlepoint.marks.writing import write_marked

__all__ = [
    "CREATED",
    "EDITED",
    "Mark",
    "embed",
    "mark_beside",
    "mark_in",
    "sidecar_of",
    "write_marked",
]
