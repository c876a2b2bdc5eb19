"""A WARC record -> its page, or the reason why it holds none.

Invariants:

- Files and values on the bus are read by this one function, so a record gives the same page by
  either way.
- Codings are undone within the limit, so a compression bomb comes out as a page that is too large.
"""

import dataclasses
import re
from urllib.parse import urlsplit

from cleanwire.events import RawPage
from cleanwire.page.archive.codings import undo
from cleanwire.page.archive.message import Message, read_message
from cleanwire.page.archive.records import Record

MOST_HEADER = 1 << 18
"""Bytes that a block may have on top of the page's: the HTTP header."""

TYPES = ("warcinfo", "request", "metadata", "revisit", "continuation")
"""The types of records that hold no page."""

_HTML = ("text/html", "application/xhtml+xml")
_PAGES = (*_HTML, "text/plain")
_WEB = ("", "http", "https")
_IDENTIFIED = ("warc-identified-payload-type", "warc-payload-type")
_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d{1,9})?\d{0,9})?)?)?)?[Zz]?",
    re.ASCII,
)


@dataclasses.dataclass(frozen=True, slots=True)
class NoPage:
    """A record that holds no page.

    Attributes:
        reason: its type, such as `request`, or what kind of record it is: `response-not-http`,
            `resource-not-html`, `conversion-not-text`, `unknown`.
    """

    reason: str


@dataclasses.dataclass(frozen=True, slots=True)
class Oversized:
    """A page that is over the limit; `size` is its bytes, as far as they are known."""

    size: int


def page_in(record: Record, limit: int) -> RawPage | NoPage | Oversized:
    """The page of a record; its URL and its date are not checked.

    Args:
        record: the record.
        limit: bytes of the largest body.
    """
    kind = record.headers.get("warc-type", "").lower()
    if kind not in _DECIDERS:
        return NoPage(kind if kind in TYPES else "unknown")
    url = target_of(record.headers)
    media = record.headers.get("content-type", "")
    reason = _DECIDERS[kind](url, _type(media))
    if reason:
        return NoPage(reason)
    if record.block is None:
        return Oversized(record.size)
    message = None
    body = record.block
    if kind == "response" or media.lower().startswith("application/http"):
        message = read_message(record.block)
        if message is None and not media.lower().startswith(_HTML):
            return NoPage(f"{kind}-not-http")
    if message is not None:
        media = message.get("content-type") or _identified(record)
        body = _decoded(message, limit)
    if len(body) > limit:
        return Oversized(len(body))
    return RawPage(
        url=url,
        fetched_at=moment_of(record.headers),
        content_type=media or None,
        status=message.status if message is not None else None,
        headers=message.headers if message is not None else None,
        body=body,
    )


def target_of(headers: dict[str, str]) -> str:
    """The URL of a record; wget writes it within angle brackets, as WARC/1.0 has it."""
    return headers.get("warc-target-uri", "").strip("<> ")


def moment_of(headers: dict[str, str]) -> str:
    """A record's WARC-Date as RFC 3339 has it.

    The date is in UTC, and may have the year alone (WARC/1.1). A date of another form is returned
    as it is.
    """
    date = headers.get("warc-date", "")
    found = _DATE.fullmatch(date.strip()[:64])
    if found is None:
        return date
    year, month, day, hour, minute, second, fraction = found.groups()
    rest = f"{hour or '00'}:{minute or '00'}:{second or '00'}{fraction or ''}Z"
    return f"{year}-{month or '01'}-{day or '01'}T{rest}"


def _type(media: str) -> str:
    return media.partition(";")[0].strip().lower()


def _identified(record: Record) -> str:
    """The type that the crawler found out, if it is a page's: the server did not say one."""
    said = (record.headers.get(name, "") for name in _IDENTIFIED)
    return next((media for media in said if _type(media) in _PAGES), "")


def _decoded(message: Message, limit: int) -> bytes:
    return undo(
        message.body,
        transfer=message.get("transfer-encoding"),
        content=message.get("content-encoding"),
        limit=limit,
    )


def _response(url: str, media: str) -> str:
    is_http = media in {"", "application/http", *_HTML} or url.startswith(("http:", "https:"))
    return "" if _of_the_web(url) and is_http else "response-not-http"


def _resource(url: str, media: str) -> str:
    is_page = media in {"application/http", *_HTML}
    return "" if _of_the_web(url, "file") and is_page else "resource-not-html"


def _conversion(url: str, media: str) -> str:
    is_text = media in {"", "text/plain", *_HTML}
    return "" if _of_the_web(url, "file") and is_text else "conversion-not-text"


def _of_the_web(url: str, *more: str) -> bool:
    try:
        return urlsplit(url).scheme in {*_WEB, *more}
    except ValueError:
        # The pipeline rejects the event and names the URL in the detail.
        return True


_DECIDERS = {"response": _response, "resource": _resource, "conversion": _conversion}
