"""A response of Scrapy -> its raw-page event, or the reason why it is none.

Invariant: the body is the bytes that the server sent, with content codings undone. The response is
not changed. Cookies that the server sets are not copied, because they may log somebody in.
"""

import base64
import datetime as dt
from collections.abc import Mapping

import orjson
from scrapy.http import HtmlResponse, Response

from cleanwire.errors import PageRejected
from cleanwire.page.archive.codings import undo
from cleanwire.page.mime import content_type as parsed_type
from cleanwire.page.raw_page import check_url

META = "cleanwire"
"""The key of `Request.meta` that decides about one response: False leaves it out, and True
publishes it whatever its type is."""

_LEFT_OUT = frozenset({"set-cookie", "set-cookie2"})
_PARTIAL = frozenset({"partial", "dataloss", "download_stopped"})


class Skipped(Exception):  # noqa: N818 - no error: the response is no page
    """A response that is not published; the text is the reason, as it is counted."""


def event_of(response: Response, now: dt.datetime, most_bytes: int) -> bytes:
    """The raw-page event of a response.

    Args:
        response: what a spider meets.
        now: the time, for a response that was downloaded just now. One from Scrapy's cache has the
            time at which it was stored there.
        most_bytes: bytes of the largest event.

    Raises:
        Skipped: the response is no page.
    """
    meta = response.meta if response.request is not None else {}
    wanted = meta.get(META)
    if wanted is False:
        raise Skipped("asked")
    if _PARTIAL.intersection(response.flags):
        raise Skipped("partial")
    headers = _headers(response)
    said = _header(headers, "content-type")
    if wanted is not True and not _is_page(response, said):
        raise Skipped("not-html")
    try:
        url = check_url(response.url)
    except PageRejected:
        raise Skipped("url") from None
    if not response.body:
        raise Skipped("empty")
    coding = _header(headers, "content-encoding")
    body = undo(response.body, transfer=None, content=coding, limit=most_bytes)
    if len(body) > most_bytes:
        raise Skipped("too-large")
    event: dict[str, object] = {
        "url": url,
        "fetched_at": _fetched_at(response, meta, now),
        "status": response.status,
        "headers": headers,
        "body_base64": base64.b64encode(body).decode("ascii"),
    }
    if said:
        event["content_type"] = said
    value = orjson.dumps(event)
    if len(value) > most_bytes:
        raise Skipped("too-large")
    return value


def _is_page(response: Response, said: str | None) -> bool:
    """Whether a response is HTML, as Scrapy has found out, or says that it is plain text."""
    return isinstance(response, HtmlResponse) or parsed_type(said)[0] == "text/plain"


def _fetched_at(response: Response, meta: Mapping[str, object], now: dt.datetime) -> str:
    stored = meta.get("cache_timestamp")
    if "cached" in response.flags and isinstance(stored, int | float):
        now = dt.datetime.fromtimestamp(stored, dt.UTC)
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _headers(response: Response) -> dict[str, str]:
    """The response headers; several values of one name are joined as RFC 9110 has it."""
    found = {}
    for name, values in response.headers.items():
        text = name.decode("iso-8859-1")
        if text.lower() not in _LEFT_OUT:
            found[text] = ", ".join(_text(value) for value in values)
    return found


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("iso-8859-1")


def _header(headers: Mapping[str, str], name: str) -> str | None:
    return next((value for written, value in headers.items() if written.lower() == name), None)
