"""A raw-page event -> its page, decoded to text or HTML.

Invariant: one event gives one answer. Every fault of the event or of its body is a rejection. Its
detail is one line that names the field and the fault, and quotes no body.
"""

import binascii
import dataclasses
import datetime as dt
import re
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

import orjson

from cleanwire.errors import HttpError, InvalidEvent, NotJson, TooLarge, UnsupportedType
from cleanwire.events import RawPage
from cleanwire.page.charset import decode_bytes
from cleanwire.page.mime import content_type as parsed_type

MAX_URL = 8192
"""The longest URL, in characters; browsers, servers and archives refuse longer ones."""

SCHEMES = ("http", "https", "file")

_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_OK = range(200, 300)
_PARTIAL = 206
_STATUS = range(100, 600)

_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml", "application/vnd.wap.xhtml+xml"})
_TEXT_TYPES = frozenset({"text/plain"})
_UNKNOWN_TYPES = frozenset(
    {"", "application/octet-stream", "unknown/unknown", "application/unknown", "*/*", "text/*"}
)
_MARKUP_TYPES = frozenset({"application/xml", "text/xml"})

_MAGIC = {
    b"%PDF-": "PDF",
    b"\x89PNG\r\n": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"RIFF": "RIFF media",
    b"PK\x03\x04": "a ZIP archive",
    b"Rar!": "a RAR archive",
    b"\x7fELF": "a program",
    b"OggS": "Ogg media",
    b"ID3": "MP3 audio",
    b"\x00\x00\x00\x1cftyp": "MP4 media",
    b"\x00\x00\x00\x20ftyp": "MP4 media",
    b"wOFF": "a font",
    b"wOF2": "a font",
}
_BOM = b"\xef\xbb\xbf"
_SNIFFED = 2048
_TAG = re.compile(
    r"<(?:!doctype|!--|html|head|body|meta|title|script|style|link|div|p|h[1-6]|a|table|article"
    r"|section|main|header|nav|span|ul|ol|br|img|iframe|font|b)(?:[\s>/]|$|--)",
    re.IGNORECASE,
)
_FEED = re.compile(r"<(?:rss|feed|urlset|sitemapindex|rdf:rdf|svg|opml)[\s>]", re.IGNORECASE)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A decoded page.

    Attributes:
        kind: whether the page is HTML or plain text.
        text: the page's text, markup included.
        utf8: `text` in UTF-8. Encoding a page takes as long as hashing it, so it is done once.
        charset: the WHATWG name; None for a body that came as text.
    """

    kind: Literal["html", "text"]
    text: str
    utf8: bytes
    charset: str | None


def parse_raw_page(value: bytes | None, *, max_page_bytes: int | None = None) -> RawPage:
    """Read a raw-page event.

    Args:
        value: the record's value, JSON.
        max_page_bytes: the largest body, in bytes; None for no limit.

    Raises:
        NotJson: the value is no JSON object.
        InvalidEvent: the object does not follow `schemas/raw-page`.
        HttpError: the fetch gave no page.
        TooLarge: the body is over the limit.
    """
    page = read_event(value, max_page_bytes)
    check_status(page.status)
    return page


def read_event(value: bytes | None, max_page_bytes: int | None = None) -> RawPage:
    """Read a raw-page event, whatever its status says of the fetch.

    Args:
        value: as for `parse_raw_page`.
        max_page_bytes: as for `parse_raw_page`.

    Raises:
        NotJson, InvalidEvent, TooLarge: as for `parse_raw_page`.
    """
    event = json_object(value)
    return RawPage(
        url=check_url(text_member(event, "url")),
        fetched_at=check_fetched_at(text_member(event, "fetched_at")),
        status=status_member(event, "status"),
        content_type=optional_text(event, "content_type"),
        headers=_headers(event),
        body=_body(event, max_page_bytes, len(value or b"")),
    )


def check_status(status: int | None) -> None:
    """Reject a fetch that gave no page.

    Args:
        status: the HTTP status; None if it is not known.

    Raises:
        HttpError: the status is outside 200 to 299, or 206.
    """
    if status == _PARTIAL:
        raise HttpError("the page was fetched with status 206, a part of it; fetch it whole")
    if status is not None and status not in _OK:
        raise HttpError(f"the page was fetched with status {status}")


def decode(body: str | bytes, content_type: str | None = None) -> Content:
    """Decode a body, and tell HTML from plain text.

    Args:
        body: text, or bytes that are decoded by BOM, HTTP header, meta or detection.
        content_type: the HTTP header with its parameters; None if there is none.

    Raises:
        UnsupportedType: the body is neither HTML nor plain text.
        Undecodable: the bytes are text in no charset.
    """
    media, label = parsed_type(content_type)
    if isinstance(body, bytes):
        for magic, name in _MAGIC.items():
            if body.startswith(magic):
                raise UnsupportedType(f"the body is {name}")
    if media not in _HTML_TYPES | _TEXT_TYPES | _UNKNOWN_TYPES | _MARKUP_TYPES:
        raise UnsupportedType(f"content type {printable(media, 100)}")
    charset = None
    if isinstance(body, bytes):
        text, charset = decode_bytes(body, label)
    else:
        text = body.removeprefix("\ufeff")
    if charset == "utf-8" and isinstance(body, bytes) and _is_exact(text, body):
        utf8 = body
    else:
        try:
            utf8 = text.encode("utf-8")
        except UnicodeEncodeError:
            utf8 = text.encode("utf-8", "replace")
            text = utf8.decode("utf-8")
    return Content(kind=_kind(text, media), text=text, utf8=utf8, charset=charset)


def _is_exact(text: str, body: bytes) -> bool:
    """Whether a body is the UTF-8 of its text: nothing was replaced, and no BOM was removed."""
    return "\ufffd" not in text and not body.startswith(_BOM)


def _kind(text: str, media: str) -> Literal["html", "text"]:
    """Whether a page is HTML, by its type and its first characters.

    Raises:
        UnsupportedType: the page is a feed, other XML, or JSON.
    """
    start = text[:_SNIFFED].lstrip()
    if _FEED.search(start) and not re.search(r"<(?:!doctype html|html|body)", start, re.IGNORECASE):
        raise UnsupportedType("a feed, site map or drawing, not a page")
    if media in _HTML_TYPES:
        return "html"
    looks_like_html = _TAG.match(start) is not None or start[:5].lower() == "<?xml"
    if media in _MARKUP_TYPES and not re.search(r"<html[\s>]", start, re.IGNORECASE):
        raise UnsupportedType("XML that is no XHTML page")
    if not looks_like_html and media in _UNKNOWN_TYPES and _is_json(start, text):
        raise UnsupportedType("the body is JSON")
    return "html" if looks_like_html else "text"


def _is_json(start: str, text: str) -> bool:
    """Whether a text looks like a JSON object or array, by its first and last characters."""
    return start[:1] in ("{", "[") and text.rstrip()[-1:] in ("}", "]")


def json_object(value: bytes | None) -> dict[str, Any]:
    """The JSON object in a record's value.

    Raises:
        NotJson: there is none.
    """
    if not value:
        raise NotJson("the record has no value")
    try:
        event = orjson.loads(value.removeprefix(_BOM))
    except orjson.JSONDecodeError as error:
        raise NotJson(f"the value is no JSON: {error.msg} at byte {error.pos}") from None
    if not isinstance(event, dict):
        raise NotJson(f"the value is a JSON {_name(event)}, not an object")
    return event


def check_url(url: str) -> str:
    """The URL, unchanged, if a page can have it.

    Raises:
        InvalidEvent: it is not a URL that a page can have.
    """
    if len(url) > MAX_URL:
        raise InvalidEvent(f"url has {len(url)} characters, more than {MAX_URL}")
    shown = printable(url)
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError as error:
        why = printable(str(error))
        raise InvalidEvent(f"url {shown} cannot be parsed: {why}") from None
    if parts.scheme.lower() not in SCHEMES:
        raise InvalidEvent(f"url {shown} is not http, https or file")
    if parts.scheme.lower() != "file" and not host:
        raise InvalidEvent(f"url {shown} has no host")
    if any(ord(character) <= 0x20 or ord(character) == 0x7F for character in url):  # noqa: PLR2004 - C0, blank, DEL
        raise InvalidEvent(f"url {shown} has blanks or control characters")
    return url


def check_fetched_at(fetched_at: str) -> str:
    """The fetch time, unchanged, if it is an RFC 3339 time with a zone.

    Raises:
        InvalidEvent: it is none.
    """
    if _RFC3339.fullmatch(fetched_at[:64]) and len(fetched_at) <= 64:  # noqa: PLR2004 - longest form
        try:
            moment = dt.datetime.fromisoformat(fetched_at.upper().replace(" ", "T"))
            moment.astimezone(dt.UTC)
        except (ValueError, OverflowError):
            pass
        else:
            return fetched_at
    raise InvalidEvent(f"fetched_at {printable(fetched_at, 64)} is no RFC 3339 time with a zone")


def status_member(event: Mapping[str, Any], name: str) -> int | None:
    """The HTTP status in a member, or None if the member is missing or null.

    Raises:
        InvalidEvent: it is no HTTP status.
    """
    status = event.get(name)
    if status is None:
        return None
    if isinstance(status, bool) or not isinstance(status, int):
        raise InvalidEvent(f"{name} is a JSON {_name(status)}, not a whole number")
    return check_status_code(status, name)


def check_status_code(status: int, name: str) -> int:
    """The status, if HTTP can have it.

    Args:
        status: the number.
        name: the field that it is in.

    Raises:
        InvalidEvent: HTTP has no such status.
    """
    if status not in _STATUS:
        raise InvalidEvent(f"{name} {status} is not within 100 and 599")
    return status


def _headers(event: dict[str, Any]) -> dict[str, str] | None:
    """The member `headers`, or None.

    Raises:
        InvalidEvent: it is no object of texts.
    """
    headers = event.get("headers")
    if headers is None:
        return None
    if not isinstance(headers, dict):
        raise InvalidEvent(f"headers is a JSON {_name(headers)}, not an object")
    for name, value in headers.items():
        if not isinstance(value, str):
            raise InvalidEvent(f"header {printable(name, 64)} is a JSON {_name(value)}, not text")
    return headers


def _body(event: dict[str, Any], limit: int | None, event_bytes: int) -> str | bytes:
    """The body: the text in `body`, or the bytes in `body_base64`.

    Args:
        event: the event.
        limit: the most bytes of a body; None for no limit.
        event_bytes: the bytes of the event as JSON. A body has no more in UTF-8, because no
            character of JSON stands for more bytes than it has. So a text is encoded to count its
            bytes only where the whole event is over the limit.

    Raises:
        InvalidEvent: there is none, there are both, or it is no text or no base64.
        TooLarge: the body has more than `limit` bytes.
    """
    body: str | bytes
    text, encoded = event.get("body"), event.get("body_base64")
    if text is None and encoded is None:
        raise InvalidEvent("there is neither body nor body_base64")
    if text is not None and encoded is not None:
        raise InvalidEvent("there are both body and body_base64")
    if text is not None:
        body = text_member(event, "body", may_be_empty=True)
        is_short = limit is None or event_bytes <= limit
        size = 0 if is_short else len(body.encode("utf-8", "surrogatepass"))
    else:
        try:
            body = binascii.a2b_base64(
                text_member(event, "body_base64", may_be_empty=True), strict_mode=True
            )
        except (binascii.Error, ValueError) as error:
            raise InvalidEvent(f"body_base64 is no base64: {error}") from None
        size = len(body)
    check_size(size, limit)
    return body


def check_size(size: int, limit: int | None) -> None:
    """Reject a body that is over the limit.

    Args:
        size: its bytes.
        limit: the most bytes; None for no limit.

    Raises:
        TooLarge: it has more.
    """
    if limit is not None and size > limit:
        raise TooLarge(f"the body has {size} bytes, more than {limit}")


def optional_text(event: Mapping[str, Any], field: str) -> str | None:
    """The text in a member, or None if the member is missing or null."""
    return None if event.get(field) is None else text_member(event, field, may_be_empty=True)


def text_member(event: Mapping[str, Any], field: str, *, may_be_empty: bool = False) -> str:
    """The text in a member.

    Raises:
        InvalidEvent: it is missing, no text, or empty when it may not be.
    """
    if field not in event:
        raise InvalidEvent(f"{field} is missing")
    value = event[field]
    if not isinstance(value, str):
        raise InvalidEvent(f"{field} is a JSON {_name(value)}, not text")
    if not value and not may_be_empty:
        raise InvalidEvent(f"{field} is empty")
    return value


def _name(value: object) -> str:
    """The JSON name of a value's type."""
    names = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")


def printable(text: str, length: int = 200) -> str:
    """A text for an error message: at most `length` characters, and control characters escaped."""
    shown = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text[:length])
    return f"{shown}..." if len(text) > length else shown
