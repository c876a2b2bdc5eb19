"""Lines that are no part of a story, told by their shape.

Invariant: a shape, never a word; and only where a story has none of it. What is removed is
counted by kind.
"""

import re

from cleanwire.extract.metadata.dates import find_date

_COUNTER = re.compile(
    r"\D{1,60}\(\s?\d[\d.,\s]{0,12}[KkMm]?\s?\)|[^\d:]{1,40}[:：]\s?\d[\d.,]{0,12}[KkMm]?(?:\s\w{1,12})?"
)
_CRUMB = re.compile(r"\S\s{0,3}[>»›]\s{0,3}\S")
_COUNTER_WORDS = 8
_DATE_LINE = 60


def is_separator(text: str) -> bool:
    """A rule of dashes, stars or the like: no letter, no digit."""
    return not text[:1].isalnum() and not any(map(str.isalnum, text))


def is_counter(text: str) -> bool:
    """A short line that counts something: `Like (12)`, `Views: 1,234`."""
    return (
        (":" in text or "(" in text or "：" in text)
        and len(text.split()) <= _COUNTER_WORDS
        and _COUNTER.fullmatch(text[:120]) is not None
    )


def is_breadcrumb(text: str) -> bool:
    """Sections on the way to a page: `Home > Markets > ...`."""
    return (">" in text or "»" in text or "›" in text) and _CRUMB.search(text[:200]) is not None


def is_date_line(text: str) -> bool:
    """A date and little else, as it stands above a story."""
    if len(text) > _DATE_LINE:
        return False
    letters, digits = sum(map(str.isalpha, text)), sum(map(str.isdigit, text))
    return 2 * digits > letters and find_date(text) is not None
