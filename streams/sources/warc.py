"""The pages of a WARC file (ISO 28500): HTTP responses, HTML resources and converted text.

Invariant: every record is a page, or is skipped for a reason that is counted. One page at a time is
in memory, and no more of it than the limit. Codings are undone within that limit, so a compression
bomb comes out as a page that is too large.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from streams.errors import OperationalError
from streams.sources.codings import undo
from streams.sources.input import InputPage, page_event, place, refused
from streams.sources.message import Message, read_message
from streams.sources.records import MOST_FAULTS, Damage, Record, read_records
from streams.sources.tally import Tally
from streams.sources.unpacking import Foreign, Readable, unpack

_HEADER = 1 << 18
"""Bytes that a block may have on top of the page's: the HTTP header."""
_HTML = ("text/html", "application/xhtml+xml")
_WEB = ("", "http", "https")
_TYPES = ("warcinfo", "request", "metadata", "revisit", "continuation")
_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d{1,9})?\d{0,9})?)?)?)?[Zz]?",
    re.ASCII,
)


def read_warc(name: str, file: Readable, limit: int, tally: Tally) -> Iterator[InputPage]:
    """Read the pages of a WARC file.

    Args:
        name: the file's name, for the sources of the pages and for faults.
        file: the open file, at its start; its first bytes tell how it is compressed.
        limit: bytes of the largest event. A larger page comes out with a `refusal`.
        tally: counts the records, the pages and the skipped records. Once the file is read, all
            its damages become one fault.

    Yields:
        Each page, in the order of the file; the offset of its source is its index among the pages
        of the file, from 0.

    Raises:
        OperationalError: the file has a format that is not read.
        OSError: the file cannot be read.
    """
    index = places = 0
    first = ""
    try:
        for record in read_records(unpack(file), limit + _HEADER):
            if isinstance(record, Damage):
                noun = "page" if index == 1 else "pages"
                first = first or f"after {index} {noun}: {record}"
                places += 1
                continue
            tally.records += 1
            made = _page_or_reason(record, name, index, limit)
            if isinstance(made, str):
                tally.skipped[made] += 1
                continue
            index += 1
            tally.pages += 1
            yield made
    except Foreign as foreign:
        raise OperationalError(f"{name} is {foreign.what}", foreign.fix) from None
    if places:
        many = f" in {places} places, first" if places > 1 else ""
        rest = " (the rest of the file is not read)" if places >= MOST_FAULTS else ""
        fix = "the pages that can be read were taken; mend the file"
        tally.fault(f"{name} is damaged{many} {first}{rest}; {fix}", places)


def _page_or_reason(record: Record, name: str, index: int, limit: int) -> InputPage | str:
    """The page of a record, or the reason why the record is no page."""
    kind = record.headers.get("warc-type", "").lower()
    if kind not in _DECIDERS:
        return kind if kind in _TYPES else "unknown"
    url = record.headers.get("warc-target-uri", "").strip("<> ")
    media = record.headers.get("content-type", "")
    reason = _DECIDERS[kind](url, media.partition(";")[0].strip().lower())
    if reason:
        return reason
    source = place(name, index)
    if record.block is None:
        return refused(source, record.size, limit)
    message = None
    body = record.block
    if kind == "response" or media.lower().startswith("application/http"):
        message = read_message(record.block)
        if message is None and not media.lower().startswith(_HTML):
            return f"{kind}-not-http"
    if message is not None:
        media = message.get("content-type") or ""
        body = _decoded(message, limit)
    if len(body) > limit:
        return refused(source, len(body), limit)
    return page_event(
        source=source,
        limit=limit,
        url=url,
        fetched_at=_moment(record.headers.get("warc-date", "")),
        content_type=media or None,
        status=message.status if message is not None else None,
        headers=message.headers if message is not None else None,
        body=body,
    )


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


def _moment(date: str) -> str:
    """A WARC-Date as RFC 3339 has it. It is in UTC, and may have the year alone (WARC/1.1).

    A date of another form is returned as it is, for the pipeline to reject.
    """
    found = _DATE.fullmatch(date.strip()[:64])
    if found is None:
        return date
    year, month, day, hour, minute, second, fraction = found.groups()
    rest = f"{hour or '00'}:{minute or '00'}:{second or '00'}{fraction or ''}Z"
    return f"{year}-{month or '01'}-{day or '01'}T{rest}"
