"""Lines that are no part of a story, told by their shape.

The rule here: a shape, never a word; and only where a story has none of it. What is removed is
counted by kind.
"""

import re

_COUNTER = re.compile(
    r"\D{1,60}\(\s?\d[\d.,\s]{0,12}[KkMm]?\s?\)|[^\d:]{1,40}[:：]\s?\d[\d.,]{0,12}[KkMm]?(?:\s\w{1,12})?"
)
_CRUMB = re.compile(r"\S\s{0,3}[>»›]\s{0,3}\S")
_COUNTER_WORDS = 8


def is_separator(text: str) -> bool:
    """A rule of dashes, stars or the like: no letter, no digit."""
    return not any(map(str.isalnum, text))


def is_counter(text: str) -> bool:
    """A short line that counts something: `Like (12)`, `Views: 1,234`."""
    return len(text.split()) <= _COUNTER_WORDS and _COUNTER.fullmatch(text[:120]) is not None


def is_breadcrumb(text: str) -> bool:
    """Sections on the way to a page: `Home > Markets > ...`."""
    return _CRUMB.search(text[:200]) is not None
