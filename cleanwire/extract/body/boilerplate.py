"""Tests that tell boilerplate lines by their shape: rules, counters, breadcrumbs, date lines.

Invariant: a test looks at the shape of a line, never at its words, so it holds for every language.
The shapes are those that sentences of a story do not have.
"""

import re

from cleanwire.extract.metadata.dates import find_date

_COUNTER = re.compile(
    r"\D{1,60}\(\s?\d[\d.,\s]{0,12}[KkMm]?\s?\)|[^\d:]{1,40}[:：]\s?\d[\d.,]{0,12}[KkMm]?(?:\s\w{1,12})?"
)
_BREADCRUMB = re.compile(r"\S\s{0,3}[>»›]\s{0,3}\S")
_COUNTER_WORDS = 8
"""The most words of a counter."""

_DATE_LINE_LENGTH = 60
"""The most characters of a date line."""


def is_separator(text: str) -> bool:
    """Whether a line is a rule of dashes, stars or the like: it has no letter and no digit."""
    return not text[:1].isalnum() and not any(map(str.isalnum, text))


def is_counter(text: str) -> bool:
    """Whether a short line counts something: `Like (12)`, `Views: 1,234`."""
    return (
        (":" in text or "(" in text or "：" in text)
        and len(text.split()) <= _COUNTER_WORDS
        and _COUNTER.fullmatch(text[:120]) is not None
    )


def is_breadcrumb(text: str) -> bool:
    """Whether a line lists the sections that lead to the page: `Home > Markets > ...`."""
    return (">" in text or "»" in text or "›" in text) and _BREADCRUMB.search(
        text[:200]
    ) is not None


def is_date_line(text: str) -> bool:
    """Whether a line is a date and little else, as sites print it above a story."""
    if len(text) > _DATE_LINE_LENGTH:
        return False
    letters, digits = sum(map(str.isalpha, text)), sum(map(str.isdigit, text))
    return 2 * digits > letters and find_date(text) is not None
