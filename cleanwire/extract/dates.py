"""Times as pages write them -> ISO 8601.

The rule here: nothing is invented. A time without a zone stays without one, a day without a
time stays a day, and what is no date of a page (a year alone, the year 1) is None.
"""

import datetime as dt
import email.utils
import re

EARLIEST = 1990
LATEST = 2100

_ISO = re.compile(
    r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})"
    r"(?:(?:T|\s{1,3}|,\s?|\s-\s)(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?"
    r"\s?(Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?(?![\d/])",
    re.IGNORECASE,
)
_CJK = re.compile(
    r"(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일](?:\D{0,6}(\d{1,2})[:：時时시]\s?(\d{2}))?"
)
_NUMERIC = re.compile(
    r"(?<![\d.])(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?:\D{1,6}(\d{1,2})[:.](\d{2}))?(?!\d)"
)
_SHORT = re.compile(
    r"(?<![\d.])(\d{2})\.(\d{2})\.([0-3]\d)(?:\D{1,6}(\d{1,2})[:.](\d{2}))?(?![\d.])"
)
_NAMED = re.compile(
    r"(?<!\d)(?:(\d{1,2})(?:st|nd|rd|th|er|\.|º|ª)?\s?(?:de |d[’'])?\s?([^\W\d_]{3,12})"
    r"\.?,?\s?(?:de |del )?(\d{4})"
    r"|([^\W\d_]{3,12})\.?\s(\d{1,2})(?:st|nd|rd|th)?,?\s(\d{4}))"
    r"(?:\D{1,12}(\d{1,2})[:.h](\d{2})\s?([ap])?\.?(?:m\.?)?)?",
    re.IGNORECASE,
)

_POLISH = (
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października "
    "listopada grudnia"
)
MONTHS: dict[str, int] = {}
for _names in (
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "january february march april may june july august september october november december",
    "januar februar märz april mai juni juli august september oktober november dezember",
    "jän feb mrz apr mai jun jul aug sept okt nov dez",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "janv févr mars avr mai juin juil août sept oct nov déc",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "ene feb mar abr may jun jul ago set oct nov dic",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "gen feb mar apr mag giu lug ago set ott nov dic",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "januari februari maart april mei juni juli augustus september oktober november december",
    _POLISH,
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık",
    "januar februar mars april mai juni juli august september oktober november desember",
    "januari februari mars april maj juni juli augusti september oktober november december",
    "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
):
    for _number, _name in enumerate(_names.split(), 1):
        MONTHS.setdefault(_name, _number)

_MAX_LENGTH = 300


def find_date(text: str, *, day_first: bool | None = None) -> str | None:  # noqa: C901, PLR0911 - one way of writing dates after the other
    """The first date in a short text (a meta value or a line), as ISO 8601.

    With the time and zone that stand there: `2025-04-09T01:35:10`, `2025-04-09T01:35:10+02:00`
    or `2025-04-09`.

    Args:
        text: what is looked at; of a longer one the first 300 characters.
        day_first: what 04/09/2025 means here; None if that is unknown, and then it is no date.
    """
    text = text.strip()[:_MAX_LENGTH]
    if not any(map(str.isdigit, text)):
        return None
    if found := _ISO.search(text):
        year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
        time = (hour, minute, second) if found[4] else None
        return _iso(year, month, day, time, found[7])
    if found := _CJK.search(text):
        year, month, day = (int(found[group]) for group in (1, 2, 3))
        return _iso(year, month, day, _time(found[4], found[5]))
    if found := _NAMED.search(text):
        day_text, name, year_text = (
            (found[1], found[2], found[3]) if found[1] else (found[5], found[4], found[6])
        )
        named = MONTHS.get(name.lower())
        if named:
            if text[3:4] == "," and (rfc := _rfc5322(text)):
                return rfc
            return _iso(int(year_text), named, int(day_text), _time(found[7], found[8], found[9]))
    if found := _NUMERIC.search(text):
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        # 04/09/2025 is two days; dots, a number over 12 or the page's language tell which.
        if found[2] == "." or first > 12 or (day_first and second <= 12):  # noqa: PLR2004 - months
            return _iso(year, second, first, _time(found[5], found[6]))
        if second > 12 or day_first is False:  # noqa: PLR2004 - months
            return _iso(year, first, second, _time(found[5], found[6]))
    if found := _SHORT.search(text):
        day, month, year = (int(found[group]) for group in (1, 2, 3))
        return _iso(2000 + year, month, day, _time(found[4], found[5]))
    return None


def _rfc5322(text: str) -> str | None:
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment.isoformat() if EARLIEST <= moment.year <= LATEST else None


def _time(
    hour: str | None, minute: str | None, half: str | None = None
) -> tuple[int, int, int] | None:
    if hour is None or minute is None:
        return None
    hours = int(hour)
    if half:
        hours = hours % 12 + 12 * (half.lower() == "p")
    return hours, int(minute), 0


def _iso(
    year: int, month: int, day: int, time: tuple[int, int, int] | None, zone: str | None = None
) -> str | None:
    if not EARLIEST <= year <= LATEST:
        return None
    try:
        date = dt.date(year, month, day)
        if time is None:
            return date.isoformat()
        moment = dt.datetime.combine(date, dt.time(*time))
    except ValueError:
        return None
    return moment.isoformat() + _zone(zone or "")


def _zone(said: str) -> str:
    """A zone as RFC 3339 has it, in digits of ASCII; empty where there is none on Earth."""
    if said[:1] not in ("+", "-"):
        return "Z" if said else ""
    hours, minutes = int(said[1:3]), int(said[-2:])
    on_earth = hours <= 14 and minutes < 60  # noqa: PLR2004 - UTC+14 is the easternmost
    return f"{said[0]}{hours:02}:{minutes:02}" if on_earth else ""
