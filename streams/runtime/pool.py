"""Cleans pages in killable processes, with a limit of time and memory for each page.

Invariant: whatever a page does to the parser (hang, crash, use up memory), it ends in one answer
for that page and affects nothing else. `killable/` holds that for any work; here is what the
processes do, and how pages and their outcomes are put into bytes.
"""

import functools
import marshal
import struct
from typing import TYPE_CHECKING

from cleanwire.errors import REASONS, PageRejected, TimeLimit
from cleanwire.events import Source
from cleanwire.page.formats.raw_record import RawRecord, as_record
from streams.cleaning.page_cleaning import Cleaned, Limits, clean_timed
from streams.runtime.killable.child import Role
from streams.runtime.killable.processes import KillableProcesses

if TYPE_CHECKING:
    from collections.abc import Callable

_HEAD = struct.Struct("<I")
"""In front of a request: the bytes of what is known of the page. The page's value follows them."""

_OUTCOME = struct.Struct("<d?I")
"""In front of an answer: seconds, whether there is an article, and the bytes of its id or of the
reason. The candidate or the detail follows those."""


class CleaningPool(KillableProcesses):
    """A pool of cleaning processes.

    Args:
        processes: how many pages are cleaned at a time.
        limits: what one page may cost.

    Attributes:
        cleaned: called with the seconds that a process took for a page, without the wait for the
            process. It is not called for a page that cost its process, because that time is not
            known; a page that took too long counts with the limit.
    """

    def __init__(self, processes: int, limits: Limits) -> None:
        role = Role(
            handler=functools.partial(_answer, limits),
            seconds=limits.seconds,
            memory_bytes=limits.memory_bytes,
        )
        super().__init__(processes, role)
        self._limits = limits
        self.cleaned: Callable[[float], None] = _ignore

    async def clean(
        self, value: bytes | RawRecord | None, source: Source, received_at: float
    ) -> Cleaned | PageRejected:
        """Clean one raw page in one of the processes, as `ask` does.

        Args:
            value: the record as it is on the bus, or the value alone of a raw-page event; None for
                a tombstone, which is rejected.
            source: where the event came from; it becomes part of the candidate.
            received_at: when the bus took the event in, in seconds since the epoch. It caps the
                event time.

        Returns:
            The candidate, or the reason why the page is rejected. The reasons include what the page
            did to its process, as for `ask`; `ParserCrashed` also if it ran out of memory.

        Raises:
            RuntimeError, OperationalError: as for `ask`.
        """
        answer = await self.ask(_pack_request(as_record(value), source, received_at))
        if isinstance(answer, TimeLimit):
            self.cleaned(self._limits.seconds)
        if isinstance(answer, PageRejected):
            return answer
        result, seconds = _unpack_outcome(answer)
        self.cleaned(seconds)
        return result


def _ignore(_: float) -> None:
    """Measure nothing."""


def _pack_request(record: RawRecord, source: Source, received_at: float) -> tuple[bytes, bytes]:
    """A page as bytes, in two pieces, so that its value is not copied."""
    head = marshal.dumps(
        (
            record.value is not None,
            record.key,
            record.headers,
            record.timestamp,
            record.unmarked,
            source.topic,
            source.partition,
            source.offset,
            received_at,
        )
    )
    return _HEAD.pack(len(head)) + head, record.value or b""


def _unpack_request(request: memoryview) -> tuple[RawRecord, Source, float]:
    (size,) = _HEAD.unpack_from(request)
    end = _HEAD.size + size
    has_value, key, headers, timestamp, unmarked, topic, partition, offset, received_at = (
        marshal.loads(request[_HEAD.size : end])  # noqa: S302 - from our own parent
    )
    record = RawRecord(
        value=bytes(request[end:]) if has_value else None,
        key=key,
        headers=headers,
        timestamp=timestamp,
        unmarked=unmarked,
    )
    return record, Source(topic=topic, partition=partition, offset=offset), received_at


def _pack_outcome(result: Cleaned | PageRejected, seconds: float) -> bytes:
    if isinstance(result, Cleaned):
        name, rest = result.id.encode(), result.candidate
    else:
        name, rest = result.reason.encode(), result.detail.encode("utf-8", "surrogatepass")
    return _OUTCOME.pack(seconds, isinstance(result, Cleaned), len(name)) + name + rest


def _unpack_outcome(answer: bytes) -> tuple[Cleaned | PageRejected, float]:
    seconds, is_article, size = _OUTCOME.unpack_from(answer)
    end = _OUTCOME.size + size
    name = answer[_OUTCOME.size : end].decode()
    if is_article:
        return Cleaned(id=name, candidate=answer[end:]), seconds
    return REASONS[name](answer[end:].decode("utf-8", "surrogatepass")), seconds


def _answer(limits: Limits, request: memoryview) -> bytes:
    """Clean the page of a request, in a process."""
    return _pack_outcome(*clean_timed(*_unpack_request(request), limits))
