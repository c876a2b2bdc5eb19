"""What a process does with one page, and what the page may cost.

Invariant: a page gives a candidate, or a reason why there is none. No error of a parser gets out.
"""

import dataclasses
import sys
import time
from pathlib import Path

from cleanwire.clean import clean_event
from cleanwire.dedupe.deduper import event_time_of
from cleanwire.dedupe.records import CandidateRecord, pack_candidate
from cleanwire.errors import REASONS, PageRejected, ParserCrashed, TooLarge
from cleanwire.events import Source
from cleanwire.page.formats.raw_record import RawRecord

HEADROOM = 32 * 1024
"""Bytes that an outcome may need on top of its candidate: headers, the other URL of a duplicate,
the key in the changelog. A candidate that leaves less room is rejected as `too-large` before it is
sent."""


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


def clean_timed(
    value: bytes | RawRecord | None, source: Source, received_at: float, limits: Limits
) -> tuple[Cleaned | PageRejected, float]:
    """The outcome of a page, and the seconds that it took."""
    began = time.perf_counter()
    result = _clean(value, source, received_at, limits)
    return result, time.perf_counter() - began


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


def limit_memory(size: int) -> None:
    """Let this process allocate `size` bytes on top of what it holds; 0 sets no limit.

    RLIMIT_DATA is the limit of Linux that counts allocated memory. It counts neither code nor
    address space that is only reserved.
    """
    if not size or sys.platform != "linux":
        return
    import resource  # noqa: PLC0415 - not every system has this module

    held = int(Path("/proc/self/statm").read_text("ascii").split()[5]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    soft = held + size
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
