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
    """The lines by their place.

    Attributes:
        above: the lines above the story, without those in a bar of the site.
        byline: all lines above it, and its first blocks.
        top: its first blocks.
        gap: the lines between a standfirst and the story, the farthest from its start first.
        below_title: the lines below the headline, if it is far above the story.
        dateline: the start of the first paragraph, up to the mark after a date.
        end: its last blocks, and the lines behind it.
        after: the lines behind it, the nearest one last.
    """

    above: list[str]
    byline: list[str]
    top: list[str]
    gap: list[str]
    below_title: list[str]
    dateline: list[str]
    end: list[str]
    after: list[str]


def start_lines(page: BlockList, chosen: list[int], *, first: int, title: str | None) -> StartLines:
    """The lines of a page that may have its byline and its dates.

    Args:
        page: its blocks.
        chosen: the places of the blocks of the story, in order.
        first: the place of the first of them.
        title: the headline.
    """
    head = max(0, first - HEAD_LINES)
    last = chosen[-1] + 1 if chosen else 0
    top = page.texts[first : first + BYLINE_AFTER]
    return StartLines(
        above=lines_below_bars(page, head, first),
        byline=page.texts[head : first + BYLINE_AFTER],
        top=top,
        gap=_in_gap(page, chosen)[::-1],
        below_title=_below(page, head, title),
        dateline=[found[1] for text in top if (found := _DATELINE.match(text))],
        end=page.texts[max(0, last - BYLINE_AFTER) : last + BYLINE_AFTER],
        after=_with_labels(page.texts[last : last + HEAD_LINES])[::-1],
    )


def _in_gap(page: BlockList, chosen: list[int]) -> list[str]:
    """The lines of the first gap among the first blocks of the story."""
    for before, after in itertools.pairwise(chosen[: BYLINE_AFTER + 1]):
        if 1 < after - before <= _GAP:
            return _with_labels(page.texts[before + 1 : after])
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


def _below(page: BlockList, head: int, title: str | None) -> list[str]:
    """The lines below the headline, if it is above the lines that are read anyway."""
    places = [at for at in range(head) if title and page.texts[at] == title]
    return page.texts[places[-1] + 1 : places[-1] + 1 + _BELOW_TITLE] if places else []
