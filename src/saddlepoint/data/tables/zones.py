"""Zones of time: their offsets from UTC, their short names, and the zone that explains the offsets of a column."""

from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
from numpy.typing import NDArray

#: Short names that people write, in hours from UTC; of two meanings the likelier.
ABBREVIATIONS: dict[str, float] = {
    **{"UTC": 0, "GMT": 0, "UT": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2},
    **{"EEST": 3, "MSK": 3, "IST": 5.5, "ICT": 7, "WIB": 7, "SGT": 8, "HKT": 8, "PHT": 8, "AWST": 8, "JST": 9},
    **{"KST": 9, "ACST": 9.5, "ACDT": 10.5, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13, "NST": -3.5, "NDT": -2.5},
    **{"AST": -4, "ADT": -3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7},
    **{"AKST": -9, "AKDT": -8, "HST": -10, "BRT": -3, "ART": -3, "SAST": 2, "EAT": 3, "CAT": 2, "WAT": 1, "PKT": 5},
}
#: Zones that are tried first.
LIKELY = (
    *("Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles", "America/Chicago", "America/Denver"),
    *("Europe/Helsinki", "Europe/Lisbon", "Australia/Sydney", "America/Sao_Paulo", "Pacific/Auckland"),
)
#: Moments by which a zone is judged.
JUDGED = 400


def offsets_of(zone: str, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a zone's clocks are ahead of UTC at moments in seconds since 1970, in seconds.

    >>> offsets_of("Europe/Berlin", np.array([0.0, 1_625_000_000.0])).tolist(), offsets_of("-03:30", np.zeros(1))[0]
    ([3600.0, 7200.0], np.float64(-12600.0))
    """
    if zone in ("", "UTC"):
        return np.zeros(len(seconds))
    if zone[0] in "+-":
        return np.full(len(seconds), offset_from(zone))
    moments = _moments(seconds)
    walls = moments.tz_localize("UTC").tz_convert(zone).tz_localize(None)
    return np.asarray((walls - moments).total_seconds(), dtype=np.float64)


def to_utc(zone: str, walls: NDArray[np.float64]) -> NDArray[np.float64]:
    """Moments at which a zone's clocks show these seconds since 1970; the first where they show it twice."""
    if zone in ("", "UTC") or zone[0] in "+-":
        return walls - offsets_of(zone, walls)
    whole = np.floor(walls)
    moments = _moments(whole).tz_localize(zone, ambiguous=np.ones(len(walls), dtype=bool), nonexistent="shift_forward")
    utc = moments.tz_convert("UTC").tz_localize(None).to_numpy().astype("M8[s]")
    return np.asarray(utc, dtype=np.float64) + (walls - whole)


def offset_from(text: str) -> float:
    """Seconds of an offset in any spelling: Z, +02:00, +0200, +02, or a short name; NaN for anything else.

    The earth has offsets from -12 to +14 hours, in quarters of one: 9:00-17:30 is a time and another.
    """
    if text.upper() in ABBREVIATIONS:
        return 3600.0 * ABBREVIATIONS[text.upper()]
    if text in ("Z", "z"):
        return 0.0
    hour, _, minute = text[1:].partition(":") if ":" in text else (text[1:3], "", text[3:])
    if not (hour + (minute or "00")).isdigit() or len(hour) > 2 or len(minute) not in (0, 2):
        return float("nan")
    hours, minutes = int(hour), int(minute or 0)
    below = text[0] in "-−"
    if 60 * hours + minutes > 60 * (12 if below else 14) or minutes % 15:
        return float("nan")
    size = 3600.0 * hours + 60.0 * minutes
    return -size if below else size


def offset_text(seconds: float, style: str) -> str:
    """An offset as one of the directives writes it.

    >>> [offset_text(19_800, style) for style in ("z", ":z", ":::z")], offset_text(-7200, ":::z")
    (['+0530', '+05:30', '+05:30'], '-02')
    """
    hours, minutes = divmod(round(abs(seconds)) // 60, 60)
    sign = "-" if seconds < 0 else "+"
    if style == "::z":
        return f"{sign}{hours}" + (f":{minutes:02d}" if minutes else "")
    if style == "z":
        return f"{sign}{hours:02d}{minutes:02d}"
    return f"{sign}{hours:02d}" + (f":{minutes:02d}" if style == ":z" or minutes else "")


def zone_of(seconds: NDArray[np.float64], offsets: NDArray[np.float64]) -> str:
    """The zone whose clocks are ahead of UTC by these seconds at these moments; "" where there is none.

    Where all are equal it is that offset, or UTC.
    """
    if (offsets == offsets[0]).all():
        return "UTC" if offsets[0] == 0 else offset_text(offsets[0], ":z")
    step = max(1, len(seconds) // JUDGED)
    seconds, offsets = seconds[::step], offsets[::step]
    for zone in (*LIKELY, *_other_zones()):
        # Two moments first: most zones fail on them.
        if (offsets_of(zone, seconds[:2]) == offsets[:2]).all() and (offsets_of(zone, seconds) == offsets).all():
            return zone
    return ""


@cache
def _other_zones() -> tuple[str, ...]:
    return tuple(sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")))


@cache
def short_name(zone: str, offset: float) -> str:
    """What a zone's clocks are called when they are so many seconds ahead of UTC: CET, CEST."""
    if zone == "UTC" or zone[:1] in ("+", "-", ""):
        return next((name for name, hours in ABBREVIATIONS.items() if 3600 * hours == offset), "UTC")
    from datetime import UTC, datetime, timedelta

    for month in range(1, 13):
        moment = datetime(2023, month, 15, tzinfo=UTC).astimezone(ZoneInfo(zone))
        if moment.utcoffset() == timedelta(seconds=offset):
            return str(moment.tzname())
    return next((name for name, hours in ABBREVIATIONS.items() if 3600 * hours == offset), "UTC")


def known_zone(name: str) -> bool:
    """Whether there is a zone of this name, as Europe/Berlin."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return False
    return True


def _moments(seconds: NDArray[np.float64]) -> Any:
    import pandas

    return pandas.DatetimeIndex(np.rint(seconds * 1e6).astype(np.int64).astype("M8[us]"))
