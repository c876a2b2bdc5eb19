"""Dates and times as pages write them -> ISO 8601.

Invariant: nothing is invented. A time without a zone is given without one, and a day without a time
is given as a day. A text that has no date of a page gives None: a year alone, the year 1, or a day
that is still to come when the page is fetched.
"""

import dataclasses
import datetime as dt
import email.utils
import re
from collections.abc import Callable

from cleanwire.extract.metadata.clock import Clock, clock_after, zone_of
from cleanwire.extract.metadata.months import month_of, named_date

EARLIEST = 1990
LATEST = 2100

BUDDHIST = 543
"""Years of the Buddhist calendar are larger by this: 2533 to 2643 can only be 1990 to 2100."""

GRACE = dt.timedelta(hours=24)
"""How much later than its fetch a page's date may be, because it is written in another zone."""

_ISO = re.compile(r"(?<!\d)(\d{4})(?:[-/.‐‑−]|\.\s)(\d{1,2})(?:[-/.‐‑−]|\.\s)(\d{1,2})(?![\d/])")
_COMPACT = re.compile(
    r"(?<!\d)(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(?:(\d\d)(?:[.,]\d{1,9})?)?(Z|[+-]\d\d:?(?:\d\d)?)?(?![\d])",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?")
_EPOCH = re.compile(r"(\d{10})(?:\d{3}|\.\d{1,9})?")
_EAST_ASIAN = re.compile(
    r"(?:(?<!\d)(\d{4})|(民國|民国|令和|平成)\s?(\d{1,3}|"
    r"元))\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일号號]?"
)
_ERAS = {"民國": 1911, "民国": 1911, "令和": 2018, "平成": 1988}
_NUMBERED_MONTH = (
    re.compile(r"(?<!\d)(\d{1,2})\s?tháng\s?(\d{1,2}),?\s?(?:năm\s?)?(\d{4})(?!\d)", re.IGNORECASE),
    re.compile(
        r"(?<!\d)(\d{4})\s?оны?\s(\d{1,2})\s?-?\s?(?:р\s)?сарын\s(\d{1,2})(?!\d)", re.IGNORECASE
    ),
)
_CTIME = re.compile(
    r"([^\W\d_]{3,12})\s{1,2}(\d{1,2})\s(\d\d):(\d\d)(?::(\d\d))?\s(?:([+-]\d{4}|"
    r"[A-Z]{1,5})\s)?(\d{4})(?!\d)"
)
_NUMERIC = re.compile(r"(?<![\d.])(\d{1,2})\s?([./-])\s?(\d{1,2})\s?\2\s?(\d{4})(?!\d)")
_SHORT_YEAR = re.compile(
    r"(?<![\d./])(?:(?=\d\d\.\d\d\.)|(?=\d{1,2}/))(\d{1,2})([./])(\d{1,2})\2([0-3]\d)(?![\d./])"
)
_SHORT_YEAR_NAMED = (
    re.compile(
        r"(?<!\d)(?P<day>\d{1,2})(?:[.-]\s?|\s)(?P<month>[^\W\d_]{3,12})"
        r"(?:[.,]?\s?['’‘]|[-.]|[.]\s)(?P<year>[0-3]\d)(?![\d:.])"
    ),
    re.compile(
        r"(?<![^\W_])(?P<month>[^\W\d_]{3,12})\.?\s(?P<day>\d{1,2})(?:,?\s?['’‘])"
        r"(?P<year>[0-3]\d)(?![\d:.])"
    ),
    re.compile(
        r"(?<!\d)(?P<day>\d{1,2})\s?(?P<month>[\u0e00-\u0e7f.]{3,12})\s?(?P<year>[5-9]\d)(?![\d:.])"
    ),
)
_WEEKDAY = re.compile(r"\b(mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},?\s{0,3}$", re.IGNORECASE)
_THAI = re.compile("[\u0e00-\u0e7f]")
# The zones of RFC 5322 and of Europe. CST and IST are missing: several countries use each.
_ZONES = {"UTC": "Z", "GMT": "Z", "Z": "Z", "EST": "-05:00", "EDT": "-04:00", "CDT": "-05:00",
          "MST": "-07:00", "MDT": "-06:00", "PST": "-08:00", "PDT": "-07:00", "WET": "Z",
          "WEST": "+01:00", "CET": "+01:00", "CEST": "+02:00", "MEZ": "+01:00", "MESZ": "+02:00",
          "EET": "+02:00", "EEST": "+03:00", "MSK": "+03:00", "JST": "+09:00"}  # fmt: skip
_YEAR = re.compile(r"\d{4}")
_LETTER = re.compile(r"[^\W\d_]")
_MAX_LENGTH = 300

_OTHER_DIGIT = re.compile(r"[^\D0-9]")
_DIRECTION_MARK = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DateHints:
    """How the dates of a page are to be read.

    Attributes:
        day_first: whether 04/09/2025 is the fourth of September; None if that is unknown, and then
            it is no date.
        language: the primary subtag (BCP 47); it decides names that mean two months.
        latest: the latest time that can be a date of the page; None for no bound.
    """

    day_first: bool | None = None
    language: str | None = None
    latest: dt.datetime | None = None

    def find(self, text: str, *, coded: bool = False) -> str | None:
        """The date that `find_date` finds, unless it is later than `latest`."""
        found = find_date(text, day_first=self.day_first, language=self.language, coded=coded)
        return found if found and self.has_come(found) else None

    def find_coded(self, text: str) -> str | None:
        """The date in a value that is written for programs, where 04/09/2025 is no date."""
        found = find_date(text, language=self.language, coded=True)
        return found if found and self.has_come(found) else None

    def has_come(self, date: str) -> bool:
        """Whether a date is no later than `latest`."""
        if self.latest is None:
            return True
        if "T" not in date:
            return dt.date.fromisoformat(date) <= self.latest.date()
        moment = dt.datetime.fromisoformat(date)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=dt.UTC)
        return moment <= self.latest


def latest_of(fetched_at: str | None) -> dt.datetime | None:
    """The latest time that can be a date of a page.

    Args:
        fetched_at: when the page was fetched (RFC 3339).

    Returns:
        The time plus `GRACE`, in UTC; None, for no bound, if `fetched_at` is None or no time.
    """
    if not fetched_at:
        return None
    try:
        moment = dt.datetime.fromisoformat(fetched_at.upper())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=dt.UTC)
        return moment.astimezone(dt.UTC) + GRACE
    except (ValueError, OverflowError):
        return None


def find_date(  # noqa: PLR0911 - one form of dates after the other
    text: str,
    *,
    day_first: bool | None = None,
    language: str | None = None,
    coded: bool = False,
) -> str | None:
    """The first date in a short text, such as a meta value or a line.

    Args:
        text: the text; its first 300 characters are read.
        day_first: as in `DateHints`.
        language: as in `DateHints`.
        coded: whether the text is written for programs. Only then a number of seconds since 1970 is
            a time.

    Returns:
        ISO 8601 with the time and the zone that the text has: `2025-04-09`, `2025-04-09T01:35:10`
        or `2025-04-09T01:35:10+02:00`; None if there is no date.
    """
    text = text.strip()[:_MAX_LENGTH]
    if not text.isascii():
        text = _DIRECTION_MARK.sub("", _OTHER_DIGIT.sub(lambda digit: str(int(digit[0])), text))
    if not _YEAR.search(text):
        return _short_year(text, day_first=day_first, language=language) or _east_asian(text)
    for form in _FORMS:
        found = form(text)
        if found is not None:
            return found or None
    if coded and (epoch := _EPOCH.fullmatch(text)):
        return _epoch(int(epoch[1]))
    if _LETTER.search(text):
        if (found := _ctime(text, language)) is not None:
            return found or None
        if named := named_date(text, language):
            if text[3:4] == "," and (rfc := _rfc5322(text)):
                return rfc
            return _iso(named.year, named.month, named.day, clock_after(text, named.end))
    return _numeric(text, day_first=day_first) or _short_year(
        text, day_first=day_first, language=language
    )


def _year_first(text: str) -> str | None:
    """`2025-11-20`, with or without a time."""
    found = _ISO.search(text)
    if not found:
        return None
    year, month, day = map(int, found.groups())
    return _iso(year, month, day, clock_after(text, found.end())) or ""


def _compact(text: str) -> str | None:
    """`20251120T101500Z`, or digits alone: `20251120`, `202511201015`."""
    if found := _COMPACT.search(text):
        year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
        zone = found[7] or ""
        clock = (hour, minute, second, zone_of(zone) if zone[:1] in ("+", "-") else zone.upper())
        return _iso(year, month, day, clock) or ""
    if (found := _DIGITS.fullmatch(text)) and (found[4] is None or found[1] < "2101"):
        year, month, day, *time = (int(part or 0) for part in found.groups())
        hour, minute, second = time
        return _iso(year, month, day, (hour, minute, second, "") if found[4] else None)
    return None


def _east_asian(text: str) -> str | None:
    """`2025年11月20日`, `2025년 11월 20일`, or with the year of an era: `令和7年11月20日`."""
    found = _EAST_ASIAN.search(text)
    if not found:
        return None
    if found[1]:
        year = int(found[1])
    else:
        year = _ERAS[found[2]] + (1 if found[3] == "元" else int(found[3]))
    return _iso(year, int(found[4]), int(found[5]), clock_after(text, found.end())) or ""


def _numbered_month(text: str) -> str | None:
    """A date whose month has a number and a word beside it, as in Vietnamese and Mongolian."""
    for pattern, (year, month, day) in zip(_NUMBERED_MONTH, ((3, 2, 1), (1, 2, 3)), strict=True):
        if found := pattern.search(text):
            clock = clock_after(text, found.end())
            return _iso(int(found[year]), int(found[month]), int(found[day]), clock) or ""
    return None


_FORMS: tuple[Callable[[str], str | None], ...] = (
    _year_first,
    _compact,
    _east_asian,
    _numbered_month,
)
"""The forms that can mean only one day. Each gives a date; None if the text does not have this
form; "" if it has this form and no valid date."""


def _ctime(text: str, language: str | None) -> str | None:
    """`Thu Nov 20 10:15:00 2025`, with or without a zone before the year."""
    found = _CTIME.search(text)
    month = month_of(found[1], language) if found else None
    if not found or not month:
        return None
    hour, minute, second = int(found[3]), int(found[4]), int(found[5] or 0)
    zone = found[6] or ""
    offset = zone_of(zone) if zone[:1] in ("+", "-") else _ZONES.get(zone, "")
    return _iso(int(found[7]), month, int(found[2]), (hour, minute, second, offset)) or ""


def _numeric(text: str, *, day_first: bool | None) -> str | None:
    """`20/11/2025` or `20.11.2025`, in either order of day and month."""
    found = _NUMERIC.search(text)
    if not found:
        return None
    clock = clock_after(text, found.end())
    first, second, year = int(found[1]), int(found[3]), int(found[4])
    if weekday := _WEEKDAY.search(text[: found.start()]):
        by_weekday = [
            date
            for date in (_iso(year, second, first, clock), _iso(year, first, second, clock))
            if date and f"{dt.datetime.fromisoformat(date):%a}" == weekday[1].title()
        ]
        if len(set(by_weekday)) == 1:
            return by_weekday[0]
    return _day_and_month(first, found[2], second, year, clock, day_first=day_first)


def _day_and_month(  # noqa: PLR0913 - the parts of a date
    first: int, mark: str, second: int, year: int, clock: Clock | None, *, day_first: bool | None
) -> str | None:
    """The date of a day and a month in either order."""
    # 04/09/2025 can be two days. Dots, a number over 12, or `day_first` decide.
    if mark == "." or first > 12 or (day_first and second <= 12):  # noqa: PLR2004 - months
        return _iso(year, second, first, clock)
    if second > 12 or day_first is False:  # noqa: PLR2004 - months
        return _iso(year, first, second, clock)
    return _iso(year, first, first, clock) if first == second else None


def _short_year(text: str, *, day_first: bool | None, language: str | None) -> str | None:
    """`20.11.25`, `11/20/25`, `20-Nov-25` or `Nov 20, '25`, with a year of two digits."""
    if found := _SHORT_YEAR.search(text):
        clock = clock_after(text, found.end())
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        return _day_and_month(first, found[2], second, 2000 + year, clock, day_first=day_first)
    for pattern in _SHORT_YEAR_NAMED:
        found = pattern.search(text)
        month = month_of(found["month"], language, inflected=False) if found else None
        if found and month:
            clock = clock_after(text, found.end())
            # Thai pages write the years of the Buddhist calendar.
            century = 2500 if _THAI.search(found["month"]) else 2000
            return _iso(century + int(found["year"]), month, int(found["day"]), clock)
    return None


def _epoch(seconds: int) -> str | None:
    """Seconds since 1970, in UTC."""
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    if not EARLIEST <= moment.year <= LATEST:
        return None
    return moment.isoformat().replace("+00:00", "Z")


def _rfc5322(text: str) -> str | None:
    """`Thu, 20 Nov 2025 10:15:00 +0100` (RFC 5322)."""
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment.isoformat() if EARLIEST <= moment.year <= LATEST else None


def _iso(year: int, month: int, day: int, clock: Clock | None) -> str | None:
    """A date as ISO 8601; None if there is no such day or time, or the year is out of bounds."""
    if EARLIEST <= year - BUDDHIST <= LATEST:
        year -= BUDDHIST
    if not EARLIEST <= year <= LATEST:
        return None
    try:
        date = dt.date(year, month, day)
        if clock is None:
            return date.isoformat()
        hour, minute, second, zone = clock
        return dt.datetime.combine(date, dt.time(hour, minute, second)).isoformat() + zone
    except ValueError:
        return None
