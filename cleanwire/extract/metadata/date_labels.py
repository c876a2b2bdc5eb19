"""Reads the labels of dates: words that call a date published, modified, or something else.

Invariant: a date with a label for a modification is never taken for the date of publication. A date
with a label for something else (today, a copyright, an event) is no date of the page.
"""

import re
from collections.abc import Iterable

from cleanwire.extract.metadata.dates import DateHints
from cleanwire.extract.vocabulary import alternation

Dates = tuple[str | None, str | None]
"""When a page was published and when it was modified, as ISO 8601; None if unknown."""

KINDS = ("other_date", "modified", "published")
"""The categories of labels. If several match at one position in a text, the first counts."""


def label_pattern() -> re.Pattern[str]:
    """An expression for the label of a date; the name of the group that matches is its kind."""
    other, modified, published = (
        rf"(?<!\w)(?:{alternation(kind)})(?!\w)|{alternation(f'{kind}_unspaced')}" for kind in KINDS
    )
    return re.compile(
        rf"(?P<other>{other}|©|\(c\))|(?P<modified>{modified})|(?P<published>{published})",
        re.IGNORECASE,
    )


_LABEL = label_pattern()
_DIGIT = re.compile(r"\d")
_LONGEST = 300
_LABEL_ALONE = 40


def kind_of(text: str) -> str | None:
    """The kind of the last label in a text: `published`, `modified`, `other`; None without any."""
    kind = None
    for found in _LABEL.finditer(text[-_LONGEST:]):
        kind = found.lastgroup
    return kind


def dates_in(text: str, hints: DateHints) -> Dates:
    """The dates in a line, by their labels; a date without a label is the date of publication.

    Args:
        text: the line; its first 300 characters are read.
        hints: how the page writes dates.
    """
    text = text[:_LONGEST]
    if not _DIGIT.search(text):
        return None, None
    labels = list(_LABEL.finditer(text))
    if not labels:
        return hints.find(text), None
    kinds: list[str | None] = [None, *(label.lastgroup for label in labels)]
    starts = [0, *(label.end() for label in labels)]
    ends = [*(label.start() for label in labels), len(text)]
    found = [hints.find(text[start:end]) for start, end in zip(starts, ends, strict=True)]
    if found[0] and not _DIGIT.search(text, starts[-1]):
        # In "2025年11月20日 公開" the label follows its date.
        found = [None, *found[:-1]]
    published = unlabelled = modified = None
    for kind, date in zip(kinds, found, strict=True):
        if kind == "published":
            published = published or date
        elif kind == "modified":
            modified = modified or date
        elif kind is None:
            unlabelled = unlabelled or date
    return published or unlabelled, modified


def dates_of(lines: Iterable[str], hints: DateHints, *, words: int) -> Dates:
    """The dates in the lines around a story.

    Of several dates the nearest to the story that has a time is believed; if none has a time, the
    nearest. A label alone on its line belongs to the line below it.

    Args:
        lines: the lines, the farthest from the story first.
        hints: how the page writes dates.
        words: the most words of a line; longer lines are prose and are passed over.
    """
    published: list[str] = []
    modified: list[str] = []
    kind_above: str | None = None
    for line in lines:
        kind, kind_above = kind_above, None
        if len(line.split()) > words:
            continue
        if not _DIGIT.search(line):
            if len(line) <= _LABEL_ALONE:
                kind_above = kind_of(line)
            continue
        was_published, was_modified = dates_in(line, hints)
        if kind in ("modified", "other") and was_published and not kind_of(line):
            was_published, was_modified = None, was_published if kind == "modified" else None
        if was_published:
            published.append(was_published)
        if was_modified:
            modified.append(was_modified)
    return _nearest(published), _nearest(modified)


def _nearest(dates: list[str]) -> str | None:
    """The last date that has a time, else the last date."""
    timed = [date for date in dates if "T" in date] or dates
    return timed[-1] if timed else None
