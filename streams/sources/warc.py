"""The pages of a WARC file (ISO 28500): HTTP responses, HTML resources and converted text.

Invariant: every record is a page, or is skipped for a reason that is counted. One page at a time is
in memory, and no more of it than the limit.
"""

from collections.abc import Iterator

from cleanwire.page.archive.archived_page import MOST_HEADER, NoPage, Oversized, page_in
from cleanwire.page.archive.records import MOST_FAULTS, Damage, Record, read_records
from cleanwire.page.archive.unpacking import Foreign, Readable, unpack
from streams.errors import OperationalError
from streams.sources.input import InputPage, page_event, place, refused
from streams.sources.tally import Tally


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
        for record in read_records(unpack(file), limit + MOST_HEADER):
            if isinstance(record, Damage):
                noun = "page" if index == 1 else "pages"
                first = first or f"after {index} {noun}: {record}"
                places += 1
                continue
            tally.records += 1
            made = _input_page(record, name, index, limit)
            if isinstance(made, NoPage):
                tally.skipped[made.reason] += 1
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


def _input_page(record: Record, name: str, index: int, limit: int) -> InputPage | NoPage:
    """The event of a record's page, or why the record holds none."""
    found = page_in(record, limit)
    if isinstance(found, NoPage):
        return found
    source = place(name, index)
    if isinstance(found, Oversized):
        return refused(source, found.size, limit)
    return page_event(
        source=source,
        limit=limit,
        url=found.url,
        fetched_at=found.fetched_at,
        content_type=found.content_type,
        status=found.status,
        headers=found.headers,
        body=found.body if isinstance(found.body, bytes) else found.body.encode(),
    )
