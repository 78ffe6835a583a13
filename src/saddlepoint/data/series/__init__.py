"""Time series: windows of a table of numbers, coded for networks, and back."""

from saddlepoint.data.series.coding import Representation, SeriesCoding
from saddlepoint.data.series.windows import SeriesData, read_series, written

__all__ = ["Representation", "SeriesCoding", "SeriesData", "read_series", "written"]
