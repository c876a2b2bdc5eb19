"""The HTTP responses of a WARC file (ISO 28500), compressed or not.

The rule here: one page is held at a time, and no more of it than the limit; transfer and
content codings are undone with that bound, so that a bomb is a refusal.
"""

from collections.abc import Iterator
from pathlib import Path

from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

from cleanwire.errors import Undecodable
from cleanwire.events import Source
from streams.faults import OperationError
from streams.sources.input import InputPage, page_event, place, refused


def read_warc(path: Path, limit: int) -> Iterator[InputPage]:
    """The response records of a file, in order; offsets count them from 0."""
    index = 0
    with path.open("rb") as file:
        records = iter(
            ArchiveIterator(
                file, record_types=WarcRecordType.response, parse_http=True, auto_decode="all"
            )
        )
        while True:
            try:
                record = next(records)
            except StopIteration:
                return
            except Exception as error:  # noqa: BLE001 - whatever the reader says of a damaged file
                raise OperationError(
                    f"{path} is damaged after {index} pages: {error}",
                    "the pages before the damage were taken; mend the file",
                ) from None
            if record.is_http:
                yield _page(record, place(str(path), index), limit)
                index += 1


def _page(record: WarcRecord, source: Source, limit: int) -> InputPage:
    try:
        body = record.reader.read(limit + 1)
    except (OSError, ValueError) as error:
        why = Undecodable(f"the WARC record's body cannot be read: {type(error).__name__}")
        return InputPage(value=b"", source=source, refusal=why)
    if len(body) > limit:
        return refused(source, len(body), limit)
    http = record.http_headers
    headers = dict(http.asdict())
    return page_event(
        source=source,
        limit=limit,
        url=(record.headers.get("WARC-Target-URI") or "").strip("<>"),
        fetched_at=record.headers.get("WARC-Date") or "",
        content_type=headers.get("Content-Type") or headers.get("content-type"),
        status=http.status_code,
        headers=headers,
        body=body,
    )
