"""What was read of the input: records, pages, what was skipped, and faults.

Invariant: every record of the input is a page or is skipped for a reason that is counted,
and every place where input could not be read is a fault of its file.
"""

import collections
import dataclasses


@dataclasses.dataclass(slots=True)
class Tally:
    """Counts over all inputs of one command.

    Attributes:
        records: records of archives, lines of events, and files that are one page.
        pages: the records that were passed on as pages, refused ones included.
        skipped: records that are no pages, by reason.
        faults: one line for each file that could not be read whole.
        places: how many places could not be read.
    """

    records: int = 0
    pages: int = 0
    skipped: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    faults: list[str] = dataclasses.field(default_factory=list)
    places: int = 0

    def fault(self, line: str, places: int = 1) -> None:
        """Note a file that is damaged in so many places."""
        self.faults.append(line)
        self.places += places

    def __str__(self) -> str:
        parts = [_counted(self.records, "record"), _counted(self.pages, "page")]
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(self.skipped.items()))
        skipped = f"{self.skipped.total()} skipped" + (f" ({reasons})" if reasons else "")
        return ", ".join((*parts, skipped, _counted(self.places, "fault")))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
