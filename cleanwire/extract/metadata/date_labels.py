"""What a word beside a date says of it: when the page was published, or changed, or neither.

Invariant: a date that a word calls updated is never the published one, and one that belongs
to something else (today's, a copyright's, an event's) is no date of the page.
"""

import re
from collections.abc import Iterable

from cleanwire.extract.metadata.dates import DateHints
from cleanwire.extract.vocabulary import alternation

Dates = tuple[str | None, str | None]
"""When a page was published and when it was modified."""

KINDS = ("other_date", "modified", "published")
"""The categories of labels; at one place in a text the first of them that matches counts."""


def label_pattern() -> re.Pattern[str]:
    """A label of a date; its groups are the kinds."""
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
    """`published`, `modified`, `other`, or None: what the last label in a text says."""
    kind = None
    for found in _LABEL.finditer(text[-_LONGEST:]):
        kind = found.lastgroup
    return kind


def dates_in(text: str, hints: DateHints) -> Dates:
    """The dates of a line by what it calls them; one that it calls nothing is the published one.

    Args:
        text: a line; of a longer one the first 300 characters.
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
        # "2025年11月20日 公開": here a label stands behind its date.
        found = [None, *found[:-1]]
    published = plain = modified = None
    for kind, date in zip(kinds, found, strict=True):
        if kind == "published":
            published = published or date
        elif kind == "modified":
            modified = modified or date
        elif kind is None:
            plain = plain or date
    return published or plain, modified


def dates_of(lines: Iterable[str], hints: DateHints, *, words: int) -> Dates:
    """The dates of the lines around a story, the farthest first.

    Of several the nearest with a time is believed, else the nearest. A label alone on its line
    speaks for the line below it.

    Args:
        lines: in the order of the page.
        hints: how the page writes dates.
        words: lines of more words are prose.
    """
    published: list[str] = []
    modified: list[str] = []
    above: str | None = None
    for line in lines:
        kind, above = above, None
        if len(line.split()) > words:
            continue
        if not _DIGIT.search(line):
            if len(line) <= _LABEL_ALONE:
                above = kind_of(line)
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
    timed = [date for date in dates if "T" in date] or dates
    return timed[-1] if timed else None
