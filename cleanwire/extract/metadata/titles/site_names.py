"""Takes the name of the site off a title.

Invariant: only a part of a title between separators is taken off, and never all of it. A part is
the name if it is nearly a known name or a label of the host. A word that a label merely contains
is none: on `parisguide.example`, "Paris" begins headlines.
"""

import dataclasses
import functools
import re
from collections.abc import Iterable, Sequence

from cleanwire.extract.dom.text import squeezed

_SEPARATOR = re.compile(r"\s+[|\-–—·•»«:›/~]+\s+|\s*[|｜»«]\s*|\s+[-–—](?=\S)|:{2,}")
_QUOTES = ("«", "»")
"""Two separators that are quotation marks if a title has both."""

MAX_TITLE = 500

_SHORT = 4
"""A name of so many characters or fewer occurs in anything: only an equal part is that name."""

_SHARE = 0.5
"""The least share of the longer of two texts that the shorter one must be for them to be alike."""

_SHARE_AT_START = 0.75
"""The same share for the first part of a title: a headline may begin with a place or a name."""

_SHARE_AT_END = 0.3
"""The same share for a label of the host in the last part of a title."""

_NAME_WORDS = 4
"""The most words of a last part that is taken for a name that nothing else tells."""


@dataclasses.dataclass(frozen=True, slots=True)
class Site:
    """What is known of a site's name.

    Attributes:
        names: its names, folded.
        plain: those of them that are no host.
        labels: the labels of its host that are long enough to be a name.
    """

    names: frozenset[str]
    plain: frozenset[str]
    labels: frozenset[str]

    @classmethod
    def of(
        cls, names: Iterable[str | None], titles: Sequence[str], headings: Iterable[str] = ()
    ) -> "Site":
        """The site with these names and hosts.

        Args:
            names: names and hosts; None is passed over.
            titles: the titles of the page: a long name that is one of them is no name of the site.
            headings: headings that lead to the home page or a section; only a part that is equal to
                one is a name, because a word of a heading may be the topic of every story.
        """
        given = [name for name in names if name]
        hosts = {folded(label) for name in given if "." in name for label in name.split(".")}
        labels = frozenset(label for label in hosts if len(label) > _SHORT - 1)
        known = [
            name
            for name in given
            if len(name.split()) <= _NAME_WORDS
            or all(folded(title) != folded(name) for title in titles)
            or any(_is_near(folded(name), label) for label in labels)
        ]
        return cls(
            frozenset(map(folded, (*known, *headings))),
            frozenset(folded(name) for name in known if "." not in name),
            labels,
        )

    def is_name(self, text: str) -> bool:
        """Whether a text is a name of the site and nothing else."""
        return folded(text) in self.names

    def taken_off(self, title: str, *, guess: bool = False) -> str:
        """A title without the site's name before or after it.

        Args:
            title: the title as the page has it.
            guess: whether to take off a short last part even if it is no known name.
        """
        quotes = "«" in title and "»" in title
        parts = [
            (found.start(), found.end())
            for found in _SEPARATOR.finditer(title)
            if not (quotes and found[0].strip() in _QUOTES)
        ]
        if not parts:
            return title
        first, last = parts[0], parts[-1]
        tail, head, body = title[last[1] :], title[: first[0]], title[: last[0]]
        if (self._is_part(tail) or self._ends_in_label(tail)) and body.strip():
            return self.taken_off(squeezed(body))
        if self._is_part(head, share=_SHARE_AT_START) and title[first[1] :].strip():
            return squeezed(title[first[1] :])
        words = len(tail.split())
        if guess and 0 < words <= _NAME_WORDS and len(body.split()) >= 2 * words:
            return squeezed(body)
        return title

    def _is_part(self, part: str, *, share: float = _SHARE) -> bool:
        """Whether a part of a title is a known name of the site, or nearly."""
        name = folded(part)
        return bool(name) and (
            name in self.names
            or name in self.labels
            or any(_is_near(name, other, share) for other in self.labels)
            or any(
                _contains(name, other) and (share <= _SHARE or len(name) <= len(other) / share)
                for other in self.plain
            )
        )

    def _ends_in_label(self, part: str) -> bool:
        """Whether a label of the host is a good part of the last part of a title."""
        name = folded(part)
        return any(
            len(label) > _SHORT and label in name and len(label) >= _SHARE_AT_END * len(name)
            for label in self.labels
        )


def _contains(one: str, other: str) -> bool:
    """Whether one of two names of some length contains the other."""
    return min(len(one), len(other)) > _SHORT and (one in other or other in one)


def _is_near(one: str, other: str, share: float = _SHARE) -> bool:
    """Whether one of two names contains the other and little else."""
    short, long = sorted((one, other), key=len)
    return _contains(one, other) and len(short) >= share * len(long)


@functools.lru_cache(maxsize=256)
def folded(text: str) -> str:
    """The letters and digits of a text, without case."""
    # Cached, because each witness is compared with each heading.
    return "".join(filter(str.isalnum, text.casefold()))
