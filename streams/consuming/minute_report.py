"""A line a minute of what a command did, and one of all of it at its end.

Invariant: a line has counts and no content of a record.
"""

import collections
import time
from collections.abc import Callable, Mapping

REPORT_SECONDS = 60.0


class MinuteReport:
    """Counts what was done.

    Args:
        say: prints a line.
        words: of each thing that is counted, its name in the singular and the plural, in the
            order of the line.
    """

    def __init__(self, say: Callable[[str], None], words: Mapping[str, str]) -> None:
        self._say = say
        self._words = words
        self._all: collections.Counter[str] = collections.Counter()
        self._since: collections.Counter[str] = collections.Counter()
        self._began = self._at = time.monotonic()

    def count(self, done: Mapping[str, int]) -> None:
        """Add what was done, by the singular of its name; "record" is what was read."""
        self._all.update(done)
        self._since.update(done)

    def minute(self, behind: int) -> bool:
        """Print a line if a minute is over and something was done in it; tells if it is over."""
        now = time.monotonic()
        if now - self._at < REPORT_SECONDS:
            return False
        if self._since["record"]:
            self._say(self._line(self._since, now - self._at, behind))
        self._since.clear()
        self._at = now
        return True

    def end(self, behind: int) -> None:
        """Print a line of all that was done."""
        self._say(self._line(self._all, time.monotonic() - self._began, behind))

    def _line(self, done: Mapping[str, int], seconds: float, behind: int) -> str:
        parts = [
            f"{done.get(one, 0)} {one if done.get(one, 0) == 1 else many}"
            for one, many in self._words.items()
        ]
        read = done.get("record", 0)
        records = "record" if read == 1 else "records"
        rate = read / seconds if seconds else 0.0
        return f"{read} {records}, {rate:.1f}/s: {', '.join(parts)}; {behind} behind"
