"""Notices when the share of rejected pages jumps.

Invariants:

- A jump is one warning, however long it lasts, and its end is one line too.
- The rule needs nothing but counts, so no line can hold anything of a page.

The rule: pages are gathered until there are `LEAST_PAGES`, and for a minute at least. Their share
of rejected is compared with the usual one: the mean of the shares before, in which each counts a
fifth less than the one after it. A share that is `JUMP` above the usual is a jump. It ends when the
share is less than half of `JUMP` above the usual. While it lasts, the usual share stays as it was,
for `ACCEPTED_SECONDS`: then what came is the usual. A worker that has just started knows no usual
share and takes `FIRST_USUAL`.
"""

import collections
import dataclasses
from collections.abc import Mapping

LEAST_PAGES = 50
JUMP = 0.25
FIRST_USUAL = 0.25
WEIGHT = 0.2
"""How much the latest share counts in the usual one."""

ACCEPTED_SECONDS = 3600.0
MOST_REASONS = 3
"""Reasons that a line names."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The share of rejected pages jumped, or a jump is over.

    Attributes:
        jumped: True for a jump, False for its end.
        pages: how many pages the share is of.
        rejected: how many of them were rejected.
        usual: the usual share, 0 to 1; None if the worker has just started.
        seconds: in what time that was.
        reasons: the most frequent reasons, with their numbers.
    """

    jumped: bool
    pages: int
    rejected: int
    usual: float | None
    seconds: float
    reasons: Mapping[str, int]

    def __str__(self) -> str:
        share = self.rejected / self.pages
        before = "" if self.usual is None else f", {self.usual:.0%} before"
        why = ", ".join(f"{reason} {count}" for reason, count in self.reasons.items())
        if not self.jumped:
            return f"the share of rejected pages is back at {share:.0%} of {self.pages}{before}"
        return (
            f"the share of rejected pages jumped: {share:.0%} of {self.pages} pages in "
            f"{self.seconds:.0f} s{before} ({why})"
        )


class Rejections:
    """The share of rejected pages of one stage."""

    def __init__(self) -> None:
        self._usual: float | None = None
        self._seconds = self._pages = self._rejected = 0.0
        self._reasons: collections.Counter[str] = collections.Counter()
        self._lasted: float | None = None

    def look(
        self, pages: int, rejected: int, reasons: Mapping[str, int], seconds: float
    ) -> Change | None:
        """Take in what was done since the last call.

        Args:
            pages: events with an outcome.
            rejected: those of them that were rejected.
            reasons: how many were rejected, by reason.
            seconds: the time since the last call.

        Returns:
            What changed; None if nothing did.
        """
        if self._lasted is not None:
            self._lasted += seconds
        if not pages:
            return None
        self._seconds += seconds
        self._pages += pages
        self._rejected += rejected
        self._reasons.update(reasons)
        if self._pages < LEAST_PAGES:
            return None
        change = self._judge(self._rejected / self._pages)
        self._seconds = self._pages = self._rejected = 0.0
        self._reasons.clear()
        return change

    def _judge(self, share: float) -> Change | None:
        usual = FIRST_USUAL if self._usual is None else self._usual
        if self._lasted is None:
            if share >= usual + JUMP:
                self._lasted = 0.0
                return self._change(jumped=True)
            self._learn(share)
            return None
        if share < usual + JUMP / 2:
            change = self._change(jumped=False)
            self._lasted = None
            self._learn(share)
            return change
        if self._lasted >= ACCEPTED_SECONDS:
            self._lasted, self._usual = None, share
        return None

    def _learn(self, share: float) -> None:
        before = self._usual
        self._usual = share if before is None else before + WEIGHT * (share - before)

    def _change(self, *, jumped: bool) -> Change:
        return Change(
            jumped=jumped,
            pages=int(self._pages),
            rejected=int(self._rejected),
            usual=self._usual,
            seconds=self._seconds,
            reasons=dict(self._reasons.most_common(MOST_REASONS)),
        )
