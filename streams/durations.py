"""Durations as people write them: `30d`, `12h`, `90s`, ISO 8601, or a number of seconds.

Invariant: a duration without a unit is in seconds. A text that is none is refused.
"""

import re

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)([smhdw]?)")


def parse_duration(value: object) -> object:
    """Read a duration with a unit as its seconds; anything else is returned for pydantic to read.

    Raises:
        ValueError: the text is no duration.
    """
    if not isinstance(value, str):
        return value
    text = value.strip()
    if found := _DURATION.fullmatch(text.lower()):
        return float(found[1]) * _UNITS[found[2]]
    if text[:1] in ("P", "p"):
        return text.upper()
    raise ValueError("use a duration such as 30d, 12h, 90s, P30D, or seconds")
