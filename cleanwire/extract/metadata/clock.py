"""The time of day that follows a date in a text.

Invariant: a half of the day (`PM`, `下午`, `μ.μ.`) is part of the time. A time whose half is
unclear counts as none, and so does what no clock shows (`25:70`). The date is kept in either case.
"""

import re
from collections.abc import Iterable

from cleanwire.extract.metadata.months import CALENDAR

Clock = tuple[int, int, int, str]
"""Hour, minute, second, and the zone as in RFC 3339; "" if the text has no zone."""

_AMBIGUOUS = frozenset(
    # Words that often have another meaning, and words for hours on both sides of midnight.
    "to то este diena nat nit em ch sa tk yh fm pg ptg vm yb fm ip ap "
    "ليلاً الليل де день gündüz өдөр ҝүндүз".split()
) | {"في المساء", "منتصف الليل", "tengah malam"}

_AM = [name for name in CALENDAR["am"] if name not in _AMBIGUOUS] + [
    "ص",
    "夜中",
    "早朝",
    "새벽",
    "早晨",
    "صباحا",
]
_PM = [name for name in CALENDAR["pm"] if name not in _AMBIGUOUS] + [
    "م", "مساء", "عصرا", "傍晚", "晚間", "晚间", "夜间", "夜晚", "夜", "昼", "낮", "밤", "ตอนค่ำ",
]  # fmt: skip
_NIGHT = ("晚", "夜", "밤")


def _pattern(names: Iterable[str]) -> str:
    """An alternative for each name, the longest first.

    A dot at the end is optional, except on a name of up to three letters without another dot.
    """
    found = []
    for name in sorted(set(names), key=len, reverse=True):
        bare = name.rstrip(".")
        last = r"\." if name.endswith(".") and name.count(".") == 1 and len(bare) <= 3 else r"\.?"  # noqa: PLR2004 - "du." is a half, "du" an article
        found.append(re.escape(bare).replace(r"\ ", r"\s?").replace(r"\.", r"\.\s?") + last)
    return "|".join(found)


_HALF = re.compile(
    rf"(?P<am>a\.?\s?m\.?|SA|ÖÖ|{_pattern(_AM)})(?![^\W\d_])|(?P<pm>p\.?\s?m\.?|CH|ÖS|"
    rf"{_pattern(_PM)})(?![^\W\d_])".replace("|SA|", "|(?-i:SA)|").replace("|CH|", "|(?-i:CH)|"),
    re.IGNORECASE,
)
# These halves come only after a time. Before a time no blank is required between half and number,
# and "am" is German for "on the".
_ONLY_AFTER = frozenset({"am", "a.m.", "a. m.", "pm", "p.m.", "p. m."})
_BEFORE = re.compile(
    rf"(?:^|[\s\d(（]|\b)(?:(?P<am>ÖÖ|{_pattern(set(_AM) - _ONLY_AFTER)})"
    rf"|(?P<pm>ÖS|{_pattern(set(_PM) - _ONLY_AFTER)}))\s?$",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"(\D{0,14}?)(?<!\d)(\d{1,2})(?:\s?[：時时點点시]\s?|[:.hH])(\d{2})(?!\d)"
    r"\s?[分분]?(?:[:：]?\s?(\d{2})(?!\d)(?:\s?[秒초]|[.,]\d{1,9})?)?"
)
_UNIT_AFTER = re.compile(r"\s?(?:min|sec|sek|km|kg|%|€|\$|£|°|MB|GB|/)", re.IGNORECASE)
_ZONE = re.compile(
    r"\s?(?:\(?(?:UTC|GMT)\s?([+-]\d{1,2}(?::?\d{2})?)|([+-]\d{2}:?\d{2})|\(?(Z|UTC|GMT))(?![^\W_])",
    re.IGNORECASE,
)


def clock_after(text: str, end: int) -> Clock | None:
    """The time that follows a date; None if there is none.

    Args:
        text: a line with its digits in ASCII.
        end: the position at which the date in it ends.
    """
    found = _TIME.match(text, end)
    if not found:
        return None
    after = found.end()
    if _UNIT_AFTER.match(text, after):
        return None
    hour, minute, second = int(found[2]), int(found[3]), int(found[4] or 0)
    half = _HALF.match(text, after + (text[after : after + 1].isspace()))
    half_found = half or (_BEFORE.search(found[1]) if found[1].strip(" ,T") else None)
    if half_found and hour <= 12:  # noqa: PLR2004 - later hours need no half
        if hour == 12 and half_found[0].strip().startswith(_NIGHT):  # noqa: PLR2004 - noon or midnight
            return None
        hour = hour % 12 + 12 * (half_found["pm"] is not None)
    if hour > 23 or minute > 59 or second > 59:  # noqa: PLR2004 - a day's
        return None
    return hour, minute, second, zone_after(text, half.end() if half else after)


def zone_after(text: str, end: int) -> str:
    """The zone at a position in a text, as in RFC 3339; "" if there is none that exists."""
    found = _ZONE.match(text, end)
    if not found:
        return ""
    offset = found[1] or found[2]
    return zone_of(offset) if offset else "Z"


def zone_of(offset: str) -> str:
    """An offset (`+1`, `+0100`, `+01:00`) as in RFC 3339; "" if no zone on Earth has it."""
    digits = offset[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    exists = hours <= 14 and minutes < 60  # noqa: PLR2004 - UTC+14 is the easternmost
    return f"{offset[0]}{hours:02}:{minutes:02}" if exists else ""
