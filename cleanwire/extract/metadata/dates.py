"""Times as pages write them -> ISO 8601.

Invariant: nothing is invented. A time without a zone stays without one, a day without a
time stays a day, and what is no date of a page (a year alone, the year 1, a day that has not
come when the page is fetched) is None.
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
"""Years from 1990 to 2100 are 2533 to 2643 in the Buddhist calendar, and no other's."""

GRACE = dt.timedelta(hours=24)
"""So long after its fetch a page's date may be: it is written in another zone."""

_ISO = re.compile(r"(?<!\d)(\d{4})(?:[-/.‐‑−]|\.\s)(\d{1,2})(?:[-/.‐‑−]|\.\s)(\d{1,2})(?![\d/])")
_COMPACT = re.compile(
    r"(?<!\d)(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(?:(\d\d)(?:[.,]\d{1,9})?)?(Z|[+-]\d\d:?(?:\d\d)?)?(?![\d])",
    re.IGNORECASE,
)
_BARE = re.compile(r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d))?")
_EPOCH = re.compile(r"(\d{10})(?:\d{3}|\.\d{1,9})?")
_CJK = re.compile(
    r"(?:(?<!\d)(\d{4})|(民國|民国|令和|平成)\s?(\d{1,3}|"
    r"元))\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일号號]?"
)
_ERAS = {"民國": 1911, "民国": 1911, "令和": 2018, "平成": 1988}
_NUMBERED = (
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
_SHORT = re.compile(r"(?<![\d.])(\d{2})\.(\d{2})\.([0-3]\d)(?![\d.])")
# Of RFC 5322 and of Europe; CST and IST are zones of several countries.
_ZONES = {"UTC": "Z", "GMT": "Z", "Z": "Z", "EST": "-05:00", "EDT": "-04:00", "CDT": "-05:00",
          "MST": "-07:00", "MDT": "-06:00", "PST": "-08:00", "PDT": "-07:00", "WET": "Z",
          "WEST": "+01:00", "CET": "+01:00", "CEST": "+02:00", "MEZ": "+01:00", "MESZ": "+02:00",
          "EET": "+02:00", "EEST": "+03:00", "MSK": "+03:00", "JST": "+09:00"}  # fmt: skip
_YEAR = re.compile(r"\d{4}")
_LETTER = re.compile(r"[^\W\d_]")
_MAX_LENGTH = 300

_OTHER_DIGIT = re.compile(r"[^\D0-9]")
_DIRECTION = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DateHints:
    """What a page tells of how its dates are to be read.

    Attributes:
        day_first: what 04/09/2025 means; None if that is unknown, and then it is no date.
        language: primary subtag (BCP 47); of names that mean two months it says which.
        latest: what is later is no date of the page; None if that is unknown.
    """

    day_first: bool | None = None
    language: str | None = None
    latest: dt.datetime | None = None

    def find(self, text: str, *, coded: bool = False) -> str | None:
        """`find_date`, and only if the date has come."""
        found = find_date(text, day_first=self.day_first, language=self.language, coded=coded)
        return found if found and self.may_be(found) else None

    def find_coded(self, text: str) -> str | None:
        """The date in a value for programs: 04/09/2025 means nothing there in any language."""
        found = find_date(text, language=self.language, coded=True)
        return found if found and self.may_be(found) else None

    def may_be(self, date: str) -> bool:
        """Whether a date has come when the page is fetched."""
        if self.latest is None:
            return True
        if "T" not in date:
            return dt.date.fromisoformat(date) <= self.latest.date()
        moment = dt.datetime.fromisoformat(date)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=dt.UTC)
        return moment <= self.latest


def latest_of(fetched_at: str | None) -> dt.datetime | None:
    """The latest time that a page may have as its date.

    Args:
        fetched_at: when it was fetched (RFC 3339); None, or what is no time, sets no bound.
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


def find_date(  # noqa: PLR0911 - one way of writing dates after the other
    text: str,
    *,
    day_first: bool | None = None,
    language: str | None = None,
    coded: bool = False,
) -> str | None:
    """The first date in a short text (a meta value or a line), as ISO 8601.

    With the time and zone that stand there: `2025-04-09T01:35:10`, `2025-04-09T01:35:10+02:00`
    or `2025-04-09`.

    Args:
        text: what is looked at; of a longer one the first 300 characters.
        day_first: what 04/09/2025 means here; None if that is unknown, and then it is no date.
        language: primary subtag of the page, for names that mean two months.
        coded: whether the text is written for programs, where seconds since 1970 are a time.
    """
    text = text.strip()[:_MAX_LENGTH]
    if not text.isascii():
        text = _DIRECTION.sub("", _OTHER_DIGIT.sub(lambda digit: str(int(digit[0])), text))
    if not _YEAR.search(text):
        return _two_digits(text) or _of_an_era(text)
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
    return _numeric(text, day_first=day_first) or _two_digits(text)


def _year_first(text: str) -> str | None:
    found = _ISO.search(text)
    if not found:
        return None
    year, month, day = map(int, found.groups())
    return _iso(year, month, day, clock_after(text, found.end())) or ""


def _compact(text: str) -> str | None:
    if found := _COMPACT.search(text):
        year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
        zone = found[7] or ""
        clock = (hour, minute, second, zone_of(zone) if zone[:1] in ("+", "-") else zone.upper())
        return _iso(year, month, day, clock) or ""
    if (found := _BARE.fullmatch(text)) and (found[4] is None or found[1] < "2101"):
        year, month, day, *time = (int(part or 0) for part in found.groups())
        hour, minute, second = time
        return _iso(year, month, day, (hour, minute, second, "") if found[4] else None)
    return None


def _of_an_era(text: str) -> str | None:
    found = _CJK.search(text)
    if not found:
        return None
    if found[1]:
        year = int(found[1])
    else:
        year = _ERAS[found[2]] + (1 if found[3] == "元" else int(found[3]))
    return _iso(year, int(found[4]), int(found[5]), clock_after(text, found.end())) or ""


def _numbered(text: str) -> str | None:
    for pattern, (year, month, day) in zip(_NUMBERED, ((3, 2, 1), (1, 2, 3)), strict=True):
        if found := pattern.search(text):
            clock = clock_after(text, found.end())
            return _iso(int(found[year]), int(found[month]), int(found[day]), clock) or ""
    return None


_FORMS: tuple[Callable[[str], str | None], ...] = (_year_first, _compact, _of_an_era, _numbered)
"""Forms that can mean but one day: each gives a date, nothing if it is another form, or an empty
text if it is this form and no date."""


def _ctime(text: str, language: str | None) -> str | None:
    """`Thu Nov 20 10:15:00 2025`, with or without a zone before the year."""
    found = _CTIME.search(text)
    month = month_of(found[1], language) if found else None
    if not found or not month:
        return None
    hour, minute, second = int(found[3]), int(found[4]), int(found[5] or 0)
    zone = found[6] or ""
    said = zone_of(zone) if zone[:1] in ("+", "-") else _ZONES.get(zone, "")
    return _iso(int(found[7]), month, int(found[2]), (hour, minute, second, said)) or ""


def _numeric(text: str, *, day_first: bool | None) -> str | None:
    found = _NUMERIC.search(text)
    if not found:
        return None
    first, second, year = int(found[1]), int(found[3]), int(found[4])
    clock = clock_after(text, found.end())
    # 04/09/2025 is two days; dots, a number over 12 or the page's language tell which.
    if found[2] == "." or first > 12 or (day_first and second <= 12):  # noqa: PLR2004 - months
        return _iso(year, second, first, clock)
    if second > 12 or day_first is False:  # noqa: PLR2004 - months
        return _iso(year, first, second, clock)
    return _iso(year, first, first, clock) if first == second else None


def _two_digits(text: str) -> str | None:
    found = _SHORT.search(text)
    if not found:
        return None
    day, month, year = map(int, found.groups())
    return _iso(2000 + year, month, day, clock_after(text, found.end()))


def _epoch(seconds: int) -> str | None:
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    if not EARLIEST <= moment.year <= LATEST:
        return None
    return moment.isoformat().replace("+00:00", "Z")


def _rfc5322(text: str) -> str | None:
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment.isoformat() if EARLIEST <= moment.year <= LATEST else None


def _iso(year: int, month: int, day: int, clock: Clock | None) -> str | None:
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
