"""Counts of what was read of the input: records, pages, skipped records, and faults.

Invariant: every record of the input is a page, or is skipped for a reason that is counted. Every
place where input could not be read is a fault of its file.
"""

import collections
import dataclasses


@dataclasses.dataclass(slots=True)
class Tally:
    """Counts over all inputs of one command.

    Attributes:
        records: how many records of archives, lines of events, and bare files there were.
        pages: how many of them were passed on as pages, including those that are too large.
        skipped: how many of them are no pages, by reason.
        faults: one line for each file that could not be read completely.
        places: how many places of these files could not be read.
    """

    records: int = 0
    pages: int = 0
    skipped: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    faults: list[str] = dataclasses.field(default_factory=list)
    places: int = 0

    def fault(self, line: str, places: int = 1) -> None:
        """Enter a file that could not be read completely.

        Args:
            line: which file, what is wrong, and what to do, for people.
            places: in how many places.
        """
        self.faults.append(line)
        self.places += places

    def __str__(self) -> str:
        parts = [_counted(self.records, "record"), _counted(self.pages, "page")]
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(self.skipped.items()))
        skipped = f"{self.skipped.total()} skipped" + (f" ({reasons})" if reasons else "")
        return ", ".join((*parts, skipped, _counted(self.places, "fault")))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
