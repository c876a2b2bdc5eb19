"""Cleans a page in a forked process: for a few pages, where a pool would take longer to start.

Invariant: as in the pool, a page that hangs, crashes or uses up memory ends in one answer for that
page and affects nothing else. The answer does not depend on whether the loops are plain Python: a
page that takes long in plain loops is cleaned once more with machine code, and only then does its
time count.
"""

import contextlib
import os
import pickle
import select
import signal
import sys
import time
import warnings
from collections.abc import Iterator

from cleanwire import native
from cleanwire.errors import PageRejected, ParserCrashed, TimeLimit
from cleanwire.events import Source
from cleanwire.page.formats.raw_record import RawRecord
from streams.cleaning.page_cleaning import Cleaned, Limits, clean_timed, limit_memory

IS_POSSIBLE = sys.platform == "linux"
"""Whether processes are forked here. The system libraries of macOS do not bear it."""

LOAD_SECONDS = 1.0
"""Seconds that a page may take in plain loops if machine code is kept."""

COMPILE_SECONDS = 5.0
"""Seconds that a page may take in plain loops at all."""

_PIPE = 1 << 16
_ORPHAN_SECONDS = 60


def clean_forked(
    value: bytes | RawRecord | None, source: Source, received_at: float, limits: Limits
) -> Cleaned | PageRejected:
    """Clean one raw page in a process of its own, as `CleaningPool.clean` does.

    The loops of this process become machine code once they have taken long enough for that.

    Args:
        value: as for `CleaningPool.clean`; the other arguments, too.
        source: where the event came from.
        received_at: when it was received, in seconds since the epoch.
        limits: what the page may cost.
    """
    if not native.is_native():
        with _started(value, source, received_at, limits) as child:
            answer = child.answer(LOAD_SECONDS)
            if answer is None and not native.is_kept():
                answer = child.answer(COMPILE_SECONDS - LOAD_SECONDS)
        if answer is not None:
            return answer
        native.get()
    with _started(value, source, received_at, limits) as child:
        answer = child.answer(limits.seconds)
    if answer is None:
        return TimeLimit(f"cleaning took longer than {limits.seconds:g} s")
    return answer


class _Child:
    """A process that cleans one page."""

    def __init__(self, pid: int, pipe: int) -> None:
        self._pid = pid
        self._pipe = pipe
        self._read = bytearray()

    def answer(self, seconds: float) -> Cleaned | PageRejected | None:
        """The answer, if it comes within some seconds."""
        deadline = time.monotonic() + seconds
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._pipe], [], [], left)[0]:
                return None
            data = os.read(self._pipe, _PIPE)
            if not data:
                break
            self._read += data
        code = self._ended()
        if code:
            return ParserCrashed(f"the cleaning process died (exit code {code})")
        answer: Cleaned | PageRejected
        answer, plain = pickle.loads(self._read)  # noqa: S301 - what this program's own fork wrote
        native.spend(plain)
        return answer

    def end(self) -> None:
        """Kill the process, if it has not ended."""
        os.close(self._pipe)
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            self._ended()

    def _ended(self) -> int:
        _, status = os.waitpid(self._pid, 0)
        self._pid = 0
        return os.waitstatus_to_exitcode(status)


@contextlib.contextmanager
def _started(
    value: bytes | RawRecord | None, source: Source, received_at: float, limits: Limits
) -> Iterator[_Child]:
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # Python 3.12 and later warn if there is another thread. Those of numpy's libraries and of
        # the progress bar hold no lock that the child takes.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if not pid:
        _work(writer, value, source, received_at, limits)
    os.close(writer)
    child = _Child(pid, reader)
    try:
        yield child
    finally:
        child.end()


def _work(
    pipe: int, value: bytes | RawRecord | None, source: Source, received_at: float, limits: Limits
) -> None:
    """Clean the page, write the answer, and end: whatever happens, this process never returns."""
    code = 1
    try:
        # Ctrl-C is for the parent, which kills this process. If the parent is killed, this process
        # ends by the alarm.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(int(limits.seconds) + _ORPHAN_SECONDS)
        native.stay_plain()
        before = native.spent()
        limit_memory(limits.memory_bytes)
        answer, _ = clean_timed(value, source, received_at, limits)
        left = memoryview(pickle.dumps((answer, native.spent() - before)))
        while left:
            left = left[os.write(pipe, left) :]
        code = 0
    finally:
        os._exit(code)
