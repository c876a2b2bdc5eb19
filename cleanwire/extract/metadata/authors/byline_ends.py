"""Where the names of a byline end: at a date, a desk, a counter or somebody's other role.

Invariant: a text is only cut, and what is left begins as the text does.
"""

import re

from cleanwire.extract.metadata.months import month_of
from cleanwire.extract.vocabulary import alternation

AFTER_NAMES = re.compile(
    rf"\s[|•·–—-]\s|\s\d|[|•·]|\s(?:{alternation('before_a_date')})(?!\w)"
    rf"|\s(?:{alternation('before_a_numeric_date')})\s\d|,?\s\d"
)
"""What separates the names of a byline from what follows them."""

_OTHER_ROLE = re.compile(
    rf"(?:^|[\s.,;|])(?:{alternation('by_another_role')})(?!\w)", re.IGNORECASE
)
_LABEL_LENGTH = 60


def without_tail(text: str) -> str:
    """A byline up to the end of its names, without a date, a desk or a counter after them."""
    words = AFTER_NAMES.split(text, maxsplit=1)[0].split()
    while len(words) > 1 and month_of(words[-1].strip(".,"), inflected=False):
        words.pop()
    return " ".join(words)


def without_other_roles(text: str) -> str:
    """A text up to the words for somebody who is not the writer: `Reviewed by`."""
    found = _OTHER_ROLE.search(text)
    return text[: found.start()] if found else text


def ends_in_other_role(text: str) -> bool:
    """Whether a text ends with words that a name follows which is not the writer's."""
    text = text.rstrip(" :\u00a0\n\t")[-_LABEL_LENGTH:]
    found = None
    for found in _OTHER_ROLE.finditer(text):  # noqa: B007 - the last one counts
        pass
    return found is not None and found.end() == len(text)
