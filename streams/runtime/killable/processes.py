"""Several killable processes, and the pages that wait for them.

Invariant: whatever a page does to its process (hang, crash, use up memory), it ends in one answer
for that page and affects nothing else. A process that hangs or dies is replaced. The other pages
that it had go to the front of the queue again: work on a page changes nothing, so it may be done
twice.

Which page it was is read from the process's clock, not from the order of the pages. Answers wait in
the process, so the oldest page without an answer may be done.
"""

import asyncio
import atexit
import collections
import itertools
import logging
import signal
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from cleanwire.errors import PageRejected, ParserCrashed, TimeLimit
from streams.errors import OperationalError
from streams.runtime.killable.child import Role
from streams.runtime.killable.clock import Reading
from streams.runtime.killable.process import Process, Request
from streams.settings import PAGE_ATTEMPTS

PAGES_PER_PROCESS = 20_000
"""The number of pages after which a process is replaced, so that a leak in a parser cannot grow."""

LOOK_SECONDS = 0.25
"""Seconds between two looks at the clocks, while there is something to look for."""

LEAST_PATIENCE = 5.0
"""Seconds, or the limit of a page if that is longer, for which a process with pages may be silent
while it works on none. Then it was stopped, and is replaced."""

START_SECONDS = 300.0
"""Seconds that a process may take to start. Where nothing was compiled before, it compiles."""

STARTS = 3
STARTS_KILLED = 100
"""Failed starts in a row after which no more is tried: of processes that end by themselves, and of
processes that somebody kills."""

PAUSE_SECONDS = 0.5
"""Seconds between a failed start and the next start."""

log = logging.getLogger(__name__)


class KillableProcesses:
    """Processes that work on one page at a time each, and are killed when it takes too long.

    They belong to the event loop that asks; one after the other may. They start with the first
    request.

    Args:
        count: how many pages are worked on at a time.
        role: what each process does, within which limits.
        work: what that is called, for the answers about a page that ended a process.
    """

    def __init__(self, count: int, role: Role, *, work: str = "cleaning") -> None:
        self._count = count
        self._role = role
        self._work = work
        self._numbers = itertools.count(1)
        self._waiting: collections.deque[Request] = collections.deque()
        self._processes: list[Process] = []
        self._killed: list[Process] = []
        self._failed_starts = 0.0
        self._start_after = 0.0
        self._is_wanted = False
        self._is_closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._look: asyncio.TimerHandle | None = None
        # A program that forgets to close them would wait for them at its end.
        atexit.register(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the processes; whoever waits for a page that is in them is cancelled."""
        self._is_closed, self._is_wanted = True, False
        atexit.unregister(self.close)
        left = [*self._waiting]
        self._waiting.clear()
        for process in [*self._processes]:
            left += process.requests.values()
            self._kill(process)
        self._reap()
        if self._look is not None:
            self._look.cancel()
        if self._loop is not None and not self._loop.is_closed():
            for request in left:
                request.answer.cancel()

    async def ask(self, parts: Sequence[bytes]) -> bytes | PageRejected:
        """Have one of the processes answer a request.

        A request waits while all processes are busy; its time limit begins when a process begins
        with it. If a process ends before it begins with its next page, that page is tried again,
        `PAGE_ATTEMPTS` times in all.

        Args:
            parts: the bytes of the request, in pieces that are put together.

        Returns:
            The answer, or what the page did to its process: `TimeLimit` after the limit of wall
            time, and `ParserCrashed` if the process died.

        Raises:
            RuntimeError: the processes are closed.
            OperationalError: no process can be started, or there is no memory for the request.
        """
        if self._is_closed:
            raise RuntimeError("the processes are closed")
        loop = asyncio.get_running_loop()
        self._belong_to(loop)
        request = Request(parts, sum(map(len, parts)), loop.create_future())
        self._waiting.append(request)
        self._is_wanted = True
        self._go_on()
        try:
            answer: bytes | PageRejected = await request.answer
        finally:
            # Whatever the queue still holds of a page that nobody waits for is no longer its bytes.
            request.parts = ()
        return answer

    def _belong_to(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._loop is loop:
            return
        before, self._loop, self._look = self._loop, loop, None
        for process in self._processes:
            if before is not None and not before.is_closed():
                before.remove_reader(process)
            loop.add_reader(process, self._hear, process)

    def _go_on(self) -> None:
        """Start what is missing, hand out what waits, and look again soon if anything is left."""
        self._fill()
        self._hand_out()
        is_busy = (
            self._waiting
            or self._killed
            or (self._is_wanted and len(self._processes) < self._count)
            or any(process.requests or not process.is_ready for process in self._processes)
        )
        if is_busy and self._look is None and self._loop is not None and not self._is_closed:
            self._look = self._loop.call_later(LOOK_SECONDS, self._look_at_clocks)

    def _fill(self) -> None:
        """Start the processes that are missing, unless starts have failed just now."""
        while (
            self._is_wanted
            and self._loop is not None
            and len(self._processes) < self._count
            and time.monotonic() >= self._start_after
        ):
            try:
                process = Process(self._role)
            except OSError as error:
                self._note_failed_start(error.strerror or str(error), STARTS)
                continue
            self._processes.append(process)
            self._loop.add_reader(process, self._hear, process)

    def _hand_out(self) -> None:
        while self._waiting:
            request = self._waiting[0]
            if request.answer.done():
                self._waiting.popleft()
                continue
            free = [
                one
                for one in self._processes
                if one.taken < PAGES_PER_PROCESS and one.has_room(request.size)
            ]
            if not free:
                return
            self._waiting.popleft()
            try:
                min(free, key=lambda one: one.load).give(next(self._numbers), request)
            except OSError as error:
                request.answer.set_exception(
                    OperationalError(
                        f"there is no memory to share a page of {request.size} bytes with a "
                        f"{self._work} process: {error.strerror or error}",
                        "give this system more memory, or more room for temporary files",
                    )
                )

    def _hear(self, process: Process) -> None:
        """Take the answers of a process, and replace it if it has ended or had its share."""
        was_ready = process.is_ready
        self._take_answers(process)
        if process.is_ready and not was_ready:
            self._failed_starts = 0.0
        if process.has_ended:
            self._replace_dead(process)
        elif process.taken >= PAGES_PER_PROCESS and not process.requests:
            self._kill(process)
        self._go_on()

    @staticmethod
    def _take_answers(process: Process) -> None:
        for request, answer in process.answers():
            if not request.answer.done():
                request.answer.set_result(answer)

    def _look_at_clocks(self) -> None:
        """Find the processes whose page takes too long, and those that were stopped."""
        self._look = None
        self._reap()
        for process in [*self._processes]:
            if self._is_late(process):
                # Its answer may be there by now.
                self._take_answers(process)
                if self._is_late(process):
                    self._end_late(process)
            elif process.clock.began:
                process.moved = time.monotonic()
            else:
                self._end_if_silent(process)
        self._go_on()

    def _is_late(self, process: Process) -> bool:
        began = process.clock.began
        return began > 0 and time.monotonic() - began > self._role.seconds

    def _end_late(self, process: Process) -> None:
        clock = process.clock
        self._kill(process)
        self._settle(process, clock, self._too_long())

    def _end_if_silent(self, process: Process) -> None:
        """Replace a process that does not start, or does not begin with its next page."""
        silent = time.monotonic() - process.moved
        if not process.is_ready and silent > START_SECONDS:
            self._kill(process)
            self._note_failed_start("it took too long", STARTS)
        elif process.requests and silent > max(self._role.seconds, LEAST_PATIENCE):
            self._end_late(process)

    def _replace_dead(self, process: Process) -> None:
        clock = process.clock
        self._forget(process)
        code = process.wait()
        if not process.is_ready:
            by_itself = code is not None and code >= 0
            self._note_failed_start(f"exit code {code}", STARTS if by_itself else STARTS_KILLED)
        # SIGALRM ends a process whose parent was too busy to look at its clock.
        self._settle(
            process,
            clock,
            self._too_long()
            if code == -signal.SIGALRM
            else ParserCrashed(f"the {self._work} process died (exit code {code})"),
        )

    def _settle(self, process: Process, clock: Reading, why: PageRejected) -> None:
        """Answer for the page that a process ended with; its other pages are the next ones."""
        blamed = process.requests.pop(clock.number, None)
        if blamed is not None:
            self._reject(blamed, why)
        else:
            self._count_attempt(process, clock.finished)
        self._waiting.extendleft(reversed(process.requests.values()))
        process.requests.clear()

    def _count_attempt(self, process: Process, finished: int) -> None:
        """Count an attempt at the page that a process would have begun with next.

        No page is known to be at fault, but one that ends its process before it is begun with would
        otherwise be tried for ever.
        """
        after = [number for number in process.requests if number > finished]
        if not after:
            return
        request = process.requests[after[0]]
        request.attempts += 1
        if request.attempts >= PAGE_ATTEMPTS:
            del process.requests[after[0]]
            why = f"the {self._work} processes died {PAGE_ATTEMPTS} times over it"
            self._reject(request, ParserCrashed(why))

    @staticmethod
    def _reject(request: Request, why: PageRejected) -> None:
        if not request.answer.done():
            request.answer.set_result(why)

    def _too_long(self) -> TimeLimit:
        return TimeLimit(f"{self._work} took longer than {self._role.seconds:g} s")

    def _kill(self, process: Process) -> None:
        """Kill a process that is asked no more; `_reap` releases it."""
        self._forget(process)
        process.kill()
        self._killed.append(process)

    def _forget(self, process: Process) -> None:
        self._processes.remove(process)
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_reader(process)

    def _reap(self) -> None:
        """Release the killed processes that are dead."""
        for process in [*self._killed]:
            if process.is_dead() or self._is_closed:
                process.wait()
                self._killed.remove(process)

    def _note_failed_start(self, why: str, most: int) -> None:
        """Pause before the next start; after `most` in a row, give up until somebody asks again."""
        log.warning("a %s process could not be started: %s", self._work, why)
        self._failed_starts += 1 / most
        self._start_after = time.monotonic() + PAUSE_SECONDS
        if self._failed_starts < 1:
            return
        self._failed_starts, self._is_wanted = 0.0, False
        error = OperationalError(
            f"no {self._work} process can be started: {why}",
            "see the log above; a process needs memory, open files and, where the system has no "
            "memfd_create, room in TMPDIR",
        )
        waiting, self._waiting = self._waiting, collections.deque()
        for request in waiting:
            if not request.answer.done():
                request.answer.set_exception(error)
