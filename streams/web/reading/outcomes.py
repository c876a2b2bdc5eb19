"""One record of an outcome topic, as the overview shows it.

Invariant: any record is either read or raises `ValueError`, whatever program wrote it. No page
body is kept.
"""

from streams.kafka.outcome_topics import OutcomeTopic
from streams.web.reading.state import OutcomeView
from streams.web.store.model import OutcomeRecord, Place, Tombstone
from streams.web.store.record import Headers, read_record


def seen(outcome: OutcomeTopic, value: bytes | None, headers: Headers, at: float) -> OutcomeView:
    """Read a record of an outcome topic.

    Args:
        outcome: the topic that it is on.
        value: the record's value.
        headers: the record's headers, in their order.
        at: the record's time, in seconds since the epoch.

    Raises:
        ValueError: the record is not an outcome of this kind; a tombstone is none either.
    """
    place = Place(topic=outcome, partition=0, offset=0)
    record = read_record(outcome, place, None, value, headers, round(1000 * at))
    if isinstance(record, Tombstone):
        raise ValueError("a tombstone is no outcome")  # noqa: TRY004 - the caller's one exception
    return shown(record)


def shown(record: OutcomeRecord) -> OutcomeView:
    """An outcome as the overview shows it."""
    title, detail = record.title or record.url, record.detail or ""
    if record.outcome == "clean":
        detail = f"{record.words:,} words, {record.language or 'language unknown'}"
    if title is None:
        source = record.source
        place = "?:?" if source is None else f"{source.partition}:{source.offset}"
        title = f"raw page {place}"
    return OutcomeView(
        at=record.at / 1000,
        outcome=record.outcome,
        kind=record.kind,
        title=title,
        url=record.url,
        site=record.site,
        detail=detail,
        similarity=record.similarity,
        copy_of=record.copy_of_url,
        article=record.article,
        source=record.source,
        original=record.copy_of,
    )
