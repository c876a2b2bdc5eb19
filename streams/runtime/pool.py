"""Cleans pages in killable processes, with a limit of time and memory for each page.

Invariant: whatever a page does to the parser (hang, crash, use up memory), it ends in one answer
for that page and affects nothing else. `killable/` holds that for any work; here is what the
processes do, and how pages and their outcomes are put into bytes.
"""

import dataclasses
import functools
import marshal
import struct
import time
from typing import TYPE_CHECKING

from cleanwire.clean import clean_event
from cleanwire.dedupe.deduper import event_time_of
from cleanwire.dedupe.records import CandidateRecord, pack_candidate
from cleanwire.errors import REASONS, PageRejected, ParserCrashed, TimeLimit, TooLarge
from cleanwire.events import Source
from cleanwire.page.formats.raw_record import RawRecord, as_record
from streams.runtime.killable.child import Role
from streams.runtime.killable.processes import KillableProcesses

if TYPE_CHECKING:
    from collections.abc import Callable

HEADROOM = 32 * 1024
"""Bytes that an outcome may need on top of its candidate: headers, the other URL of a duplicate,
the key in the changelog. A candidate that leaves less room is rejected as `too-large` before it is
sent."""

_HEAD = struct.Struct("<I")
"""In front of a request: the bytes of what is known of the page. The page's value follows them."""

_OUTCOME = struct.Struct("<d?I")
"""In front of an answer: seconds, whether there is an article, and the bytes of its id or of the
reason. The candidate or the detail follows those."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one page may cost.

    Attributes:
        seconds: wall time for one page.
        page_bytes: the largest body that is cleaned.
        message_bytes: the largest record on the bus.
        memory_bytes: what a process may allocate on top of what it holds when it starts. 0 is no
            limit. On systems other than Linux there is never a limit.
        require_article: whether a page that is no article is rejected.
    """

    seconds: float
    page_bytes: int
    message_bytes: int
    memory_bytes: int = 0
    require_article: bool = True


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """A page that gave an article.

    Attributes:
        id: the article's id.
        candidate: the candidate as bytes, as it goes on the bus.
    """

    id: str
    candidate: bytes


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
    began = time.perf_counter()
    result = _clean(*_unpack_request(request), limits)
    return _pack_outcome(result, time.perf_counter() - began)


def _clean(
    value: bytes | RawRecord | None, source: Source, received_at: float, limits: Limits
) -> Cleaned | PageRejected:
    try:
        return _to_candidate(value, source, received_at, limits)
    except PageRejected as error:
        return REASONS[error.reason](error.detail)
    except MemoryError:
        return ParserCrashed("the cleaning process ran out of memory")
    except Exception as error:  # noqa: BLE001 - any error in a parser costs only its page
        return ParserCrashed(f"the cleaner raised {type(error).__name__}")


def _to_candidate(
    value: bytes | RawRecord | None, source: Source, received_at: float, limits: Limits
) -> Cleaned | PageRejected:
    article = clean_event(
        value, max_page_bytes=limits.page_bytes, require_article=limits.require_article
    )
    event_time = event_time_of(article.fetched_at, received_at)
    candidate = pack_candidate(
        CandidateRecord(article=article, source=source, event_time=event_time)
    )
    if len(candidate) > limits.message_bytes - HEADROOM:
        return TooLarge(
            f"the article is {len(candidate)} bytes as an event, "
            f"over the limit of {limits.message_bytes - HEADROOM}"
        )
    return Cleaned(id=article.id, candidate=candidate)
