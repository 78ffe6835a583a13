"""The terminal: what comes from files and names can't steer it."""

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

#: Control characters but the end of a line and the tab, each of which some terminal obeys.
_OBEYED = dict.fromkeys([*range(9), *range(11, 32), *range(127, 160)], "?")


class Terminal(Console):
    """A console that shows control characters in texts as question marks; colours are its own."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The parts of what is printed, harmless."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else text.translate(_OBEYED), style, control)
