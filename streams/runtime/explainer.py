"""Explains pages for people in a killable process of its own, behind the crawl.

Invariants:
    - An explanation never costs the stream more than one process at the lowest priority: one page
      or pair is explained at a time, few wait, and others are told at once that it is busy.
    - A page that hangs, crashes or uses up memory ends in an answer that says so.
    - The process exists only while somebody asks: it starts with the first question, and ends some
      minutes after the last.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Protocol, Self

from cleanwire.clean import CLEANER
from cleanwire.errors import PageRejected, ParserCrashed
from cleanwire.explain import CopyExplanation, Explanation, explain_copy, explain_event
from cleanwire.explain.explanation import AsItCame, Rejected
from cleanwire.page.formats.raw_record import RawRecord
from cleanwire.similarity.index import Thresholds
from streams.cleaning.page_cleaning import Limits
from streams.runtime.killable.calls import Answer, CallingProcesses

NICENESS = 19
"""The lowest priority: the process takes what the crawl leaves."""

MOST_WAITING = 4
"""How many questions may wait or be answered at a time."""

IDLE_SECONDS = 300.0
"""Seconds without a question after which the process ends."""


ENDING = "The process that explains is ending; try again."
"""What people are told whose question comes while the explainer closes."""


class Explains(Protocol):
    """What explains pages and pairs."""

    async def explain(self, value: bytes | RawRecord | None) -> Explanation:
        """Explain one raw page."""
        ...

    async def explain_copy(self, article: str, original: str) -> CopyExplanation | PageRejected:
        """Explain what makes one text a copy of another, or not."""
        ...


class ExplainerBusyError(Exception):
    """Too many questions wait already; the same question can be asked again soon."""

    def __init__(self, waiting: int) -> None:
        super().__init__(f"{waiting} pages wait to be explained; try again in some seconds")


class Explainer:
    """Answers why a page became what it became, one question at a time.

    It belongs to one event loop.

    Args:
        limits: what one page may cost; those of cleaning.
        thresholds: when two texts are one story.
        most_waiting: how many questions may wait or be answered at a time.
        idle_seconds: seconds without a question after which the process ends.
    """

    def __init__(
        self,
        limits: Limits,
        thresholds: Thresholds | None = None,
        *,
        most_waiting: int = MOST_WAITING,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._limits = limits
        self._thresholds = thresholds
        self._most_waiting = most_waiting
        self._idle_seconds = idle_seconds
        self._turn = asyncio.Lock()
        self._asked = 0
        self._closed = False
        self._processes: CallingProcesses | None = None
        self._idle: asyncio.TimerHandle | None = None

    @property
    def is_running(self) -> bool:
        """Whether there is a process."""
        return self._processes is not None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End the process; a question that is in it gets no answer."""
        self._closed = True
        self._end()

    async def explain(self, value: bytes | RawRecord | None) -> Explanation:
        """Explain one raw page.

        Args:
            value: the record as it is on the bus, or the value alone of a raw-page event.

        Returns:
            The explanation. If the page did something to its process, it names that, and nothing
            else is known of the page.

        Raises:
            ExplainerBusyError: too many questions wait.
            RuntimeError: the explainer is closed.
        """
        answer = await self._ask(_explain, value, self._limits)
        if not isinstance(answer, PageRejected):
            return answer
        rejected = Rejected(reason=answer.reason, detail=answer.detail, step="process")
        return Explanation(came=AsItCame(), rejected=rejected, cleaner=CLEANER)

    async def explain_copy(self, article: str, original: str) -> CopyExplanation | PageRejected:
        """Explain what makes one text a copy of another, or not.

        Args:
            article: the body of the later article.
            original: the body of the earlier one.

        Returns:
            The explanation, or `TimeLimit` or `ParserCrashed` if the texts were too much.

        Raises:
            ExplainerBusyError: too many questions wait.
            RuntimeError: the explainer is closed.
        """
        return await self._ask(_explain_copy, article, original, self._thresholds)

    async def _ask(
        self, function: Callable[..., Answer | PageRejected], *args: object
    ) -> Answer | PageRejected:
        async with self._queued():
            return await self._running().run(function, *args)

    @contextlib.asynccontextmanager
    async def _queued(self) -> AsyncIterator[None]:
        """A turn of one's own; the process stays while there are questions."""
        if self._asked >= self._most_waiting:
            raise ExplainerBusyError(self._asked)
        self._asked += 1
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        try:
            async with self._turn:
                yield
        finally:
            self._asked -= 1
            if not self._asked and not self._closed:
                self._idle = asyncio.get_running_loop().call_later(self._idle_seconds, self._end)

    def _running(self) -> CallingProcesses:
        """The process; it is started if there is none."""
        if self._closed:
            raise RuntimeError("the explainer is closed")
        if self._processes is None:
            self._processes = CallingProcesses(
                1,
                seconds=self._limits.seconds,
                memory_bytes=self._limits.memory_bytes,
                niceness=NICENESS,
                work="explaining",
                preload=("cleanwire.explain",),
            )
        return self._processes

    def _end(self) -> None:
        """End the process, if there is one; the next question starts another."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if self._processes is not None:
            self._processes.close()
            self._processes = None


def _explain(value: bytes | RawRecord | None, limits: Limits) -> Explanation | PageRejected:
    try:
        return explain_event(
            value, max_page_bytes=limits.page_bytes, require_article=limits.require_article
        )
    except MemoryError:
        return ParserCrashed("the explaining process ran out of memory")
    except Exception as error:  # noqa: BLE001 - any error in a parser is an answer about its page
        return ParserCrashed(f"the explainer raised {type(error).__name__}")


def _explain_copy(
    article: str, original: str, thresholds: Thresholds | None
) -> CopyExplanation | PageRejected:
    try:
        return explain_copy(article, original, thresholds)
    except MemoryError:
        return ParserCrashed("the explaining process ran out of memory")
