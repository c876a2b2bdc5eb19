"""The lines in which a page tells who wrote its story and when.

Invariant: the lines are those around the start and the end of the story, at most a few of each
place, because lines of other stories may follow.
"""

import dataclasses
import itertools
import re

from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.metadata.date_labels import kind_of
from cleanwire.extract.metadata.surroundings import lines_below_bars

HEAD_LINES = 12
"""How many lines above the story are searched for title, date and byline."""

BYLINE_AFTER = 3
"""How many blocks of the story itself may hold its byline."""

_GAP = 14
"""The most lines between a standfirst and the story below it."""

_BELOW_TITLE = 8
"""How many lines below the headline are read if a table of contents parts it from the story."""

_LABEL_LENGTH = 40
_DIGIT = re.compile(r"\d")
_DATELINE = re.compile(
    r"[(\[]?([^()\[\]]{0,60}?(?<!\d)(?:19|20)\d\d(?!\d)[^()\[\]–—|]{0,12})[)\]–—|]"
)
"""The start of a paragraph up to the mark after a date: `BERLIN, 5 May 2031 – ...`."""


@dataclasses.dataclass(frozen=True, slots=True)
class StartLines:
    """The lines by their place; each is read when it is asked for.

    Attributes:
        page: the blocks of the page.
        chosen: the places of the blocks of the story, in order.
        first: the place of the first of them.
        title: the headline.
    """

    page: BlockList
    chosen: list[int]
    first: int
    title: str | None

    @property
    def _head(self) -> int:
        return max(0, self.first - HEAD_LINES)

    @property
    def _last(self) -> int:
        return self.chosen[-1] + 1 if self.chosen else 0

    def above(self) -> list[str]:
        """The lines above the story, without those in a bar of the site."""
        return lines_below_bars(self.page, self._head, self.first)

    def byline(self) -> list[str]:
        """All lines above the story and its first blocks, then those below a standfirst."""
        near = self.page.texts[self._head : self.first + BYLINE_AFTER]
        return [*near, *_in_gap(self.page, self.chosen), *self.below_title()]

    def top(self) -> list[str]:
        """The first blocks of the story."""
        return self.page.texts[self.first : self.first + BYLINE_AFTER]

    def gap(self) -> list[str]:
        """The lines between a standfirst and the story, the nearest to its start last."""
        return _with_labels(_in_gap(self.page, self.chosen))[::-1]

    def dateline(self) -> list[str]:
        """The start of the first paragraphs, up to the mark after a date."""
        return [found[1] for text in self.top() if (found := _DATELINE.match(text))]

    def below_title(self) -> list[str]:
        """The lines below the headline, if it is above the lines that are read anyway."""
        texts = self.page.texts
        places = [at for at in range(self._head) if self.title and texts[at] == self.title]
        return texts[places[-1] + 1 : places[-1] + 1 + _BELOW_TITLE] if places else []

    def end(self) -> list[str]:
        """The last blocks of the story, and the lines behind it."""
        return self.page.texts[max(0, self._last - BYLINE_AFTER) : self._last + BYLINE_AFTER]

    def after(self) -> list[str]:
        """The lines behind the story, the nearest one last."""
        return _with_labels(self.page.texts[self._last : self._last + HEAD_LINES])[::-1]


def _in_gap(page: BlockList, chosen: list[int]) -> list[str]:
    """The lines of the first gap among the first blocks of the story."""
    for before, after in itertools.pairwise(chosen[: BYLINE_AFTER + 1]):
        if 1 < after - before <= _GAP:
            return page.texts[before + 1 : after]
    return []


def _with_labels(lines: list[str]) -> list[str]:
    """The lines, each joined with the label that stands alone above it.

    If they are read from the last to the first, a label would belong to another line.
    """
    joined: list[str] = []
    label = ""
    for line in lines:
        if len(line) <= _LABEL_LENGTH and not _DIGIT.search(line) and kind_of(line):
            label = line
            continue
        joined.append(f"{label} {line}" if label else line)
        label = ""
    return joined
