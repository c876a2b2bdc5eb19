"""The headline of a page, from several witnesses.

Invariant: the title is the headline that the page shows above its story, without the site's name.
"""

import dataclasses
import functools
import re
from collections.abc import Iterable, Sequence
from urllib.parse import unquote, urlsplit

from cleanwire.extract.metadata.titles.page_headings import PageHeadings
from cleanwire.extract.metadata.titles.site_names import MAX_TITLE, Site, folded

_WORD = re.compile(r"[^\W_]+")

_LOOSE_END = re.compile(r"(?<=\w)\s[|\-–—·•»«›:/~]{1,3}$")
"""A mark at the end of a title, behind which the site has nothing."""

_DATE_BEHIND = re.compile(r"\s\d{1,4}[./-]\s?\d{1,2}[./-]\s?\d{2,4}(?!\d)")
"""A numeric date behind a headline."""

_HEADLINE_WORDS = 3
"""A first-level heading of fewer words may be the name of the site or of a section."""

_SHORT_WORD = 3
"""A word of no more characters says nothing of a story."""

_SHARED_WORDS = 2
"""With so many long words in common two titles are of the same story."""

_SAME_WORDS = 3
"""With so many equal words at their start two titles are of the same story."""

_PART = 0.6
"""A second-level heading that is less of a title than this is not the headline."""

_SECTION_WORDS = 3
"""A first-level heading of no more words may be a section, with the headline below it."""

_FILE_TYPE = re.compile(r"\.[a-z]{2,5}$", re.IGNORECASE)
_ADDRESS_WORDS = 3
_ADDRESS_SHARE = 0.8
_HEADING_SHARE = 0.6
"""How many long words a heading and the page's address have in common, and which share of each."""

_LAST_SHARE = 0.75
"""How long the first part of a title has to be, in lengths of the site's name that ends it."""

_FIRST_SHARE = 2.0
"""How long the rest of a title has to be, in lengths of the site's name that begins it."""

_EQUAL, _INSIDE, _ALIKE = 3, 2, 1
"""How much two titles agree: they are equal, one contains the other, or most words are equal."""

_LONG = 8
"""A text of no more characters occurs in anything."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Agreement:
    """A heading and a witness that agree; `rank` is the larger the surer the pair is."""

    heading: str
    witness: str
    rank: tuple[int, ...]

    @property
    def is_equal(self) -> bool:
        """Whether the two are equal."""
        return folded(self.heading) == folded(self.witness)


def choose_title(  # noqa: PLR0911, PLR0913 - one argument a witness, one answer after the other
    *,
    headline: str | None,
    social: str | None,
    headings: PageHeadings,
    document_title: str | None,
    site_names: Iterable[str | None] = (),
    address: str | None = None,
) -> str | None:
    """The headline of a page: a heading that another witness agrees with, else the best witness.

    Args:
        headline: the headline in schema.org data.
        social: the title for OpenGraph or a card.
        headings: the headings.
        document_title: the content of `<title>`.
        site_names: names and hosts of the site, which may be beside a title.
        address: the URL of the page, whose last part may be made of the headline's words.

    Returns:
        None if no witness has a title.
    """
    texts = [
        _LOOSE_END.sub("", text[:MAX_TITLE]) if text else ""
        for text in (social, headline, document_title)
    ]
    site = Site.of(site_names, texts, headings=headings.of_site)
    witnesses = [
        bare
        for text, guess in zip(texts, (False, False, True), strict=True)
        if text and not site.is_name(bare := site.taken_off(text, guess=guess))
    ]
    if shown := _shown_as_witness(headings.first, witnesses):
        # No other pair can be surer, and most pages have this one.
        return _with_kicker(site.taken_off(shown), texts[1], texts[0], site)
    above = [*headings.first]
    if told := _told_by_title(texts[2], headings):
        above = [told[0], *(text for text in above if text != told[1])]
    first = [
        text
        for text in above
        if len(text) <= MAX_TITLE and not site.is_name(text) and not _is_of_site(text, texts)
    ]
    second = [text for text in headings.second if len(text) <= MAX_TITLE and not site.is_name(text)]
    own = [text for text in first if len(text.split()) >= _HEADLINE_WORDS]
    is_only = len(own) == 1 and _is_of_story(own[0], witnesses)
    agreed = _best_agreement(first, second, witnesses)
    if agreed and is_only and agreed.heading not in first and not agreed.is_equal:
        return site.taken_off(own[0])
    if agreed and agreed.heading not in first and _is_small_part(agreed, witnesses):
        return agreed.witness
    if agreed:
        heading = site.taken_off(agreed.heading)
        return _with_kicker(_shorter(heading, agreed.witness, witnesses), texts[1], texts[0], site)
    if named := _named_by_address(address, (*first, *second)):
        return site.taken_off(named)
    if is_only or (len(own) == 1 and not (headline or social)):
        return site.taken_off(own[0])
    if witnesses:
        return witnesses[0]
    if others := own or first or second:
        return site.taken_off(others[0])
    every = (document_title, *headings.all_first, *headings.second)
    return next((text[:MAX_TITLE] for text in every if text), None)


def _shown_as_witness(headings: Sequence[str], witnesses: Sequence[str]) -> str | None:
    """The first-level heading of some words that is the first witness; None if none is."""
    name = folded(witnesses[0]) if witnesses else ""
    for heading in headings:
        if (
            len(heading) <= MAX_TITLE
            and folded(heading) == name
            and len(heading.split()) > _SECTION_WORDS
        ):
            return heading
    return None


def _best_agreement(
    first: Sequence[str], second: Sequence[str], witnesses: Sequence[str]
) -> _Agreement | None:
    """The heading and the witness that agree most surely; None if none agree.

    A first-level heading goes before one of the second level.
    """
    found = []
    for place, witness in enumerate(witnesses):
        for higher, headings in ((True, first), (False, second)):
            for heading in headings:
                agreement = _agreement(heading, witness)
                if agreement > (0 if higher else _ALIKE):
                    equal = agreement == _EQUAL
                    surer = _surety(heading, agreement, higher=higher)
                    # Of headings that are parts of a witness the longest is best.
                    length = len(folded(heading)) if agreement == _INSIDE else 0
                    rank = (surer, agreement, -place if equal else 0, higher, length, -place)
                    found.append(_Agreement(heading, witness, rank))
    return max(found, key=lambda pair: pair.rank, default=None)


def _surety(heading: str, agreement: int, *, higher: bool) -> int:
    """How sure a heading is; one that only resembles a title is less so than one that equals it."""
    words = len(heading.split())
    if higher and words > _SECTION_WORDS:
        return 3 if agreement > _ALIKE else 1
    return 2 if agreement == _EQUAL and words >= _HEADLINE_WORDS else 0


def _told_by_title(title: str, headings: PageHeadings) -> tuple[str, str] | None:
    """The headline and the site's name, if headings are the two ends of the document title.

    The name is a first-level heading, and mostly the last part. If it is the first part, the rest
    of the title has to be a heading that is much longer.
    """
    whole = folded(title)
    names = [
        (name, text) for text in headings.first if len(text) <= MAX_TITLE and (name := folded(text))
    ]
    every = (*headings.first, *headings.second, *headings.third)
    others = [text for text in every if len(text) <= MAX_TITLE]
    for name, text in names:
        if name == whole or not (whole.startswith(name) or whole.endswith(name)):
            continue
        for other in others:
            story = folded(other)
            if len(story) <= _LONG or len(story) + len(name) > len(whole):
                continue
            if whole.endswith(name):
                if whole.startswith(story) and len(story) >= _LAST_SHARE * len(name):
                    return other, text
            elif whole == name + story and len(story) >= _FIRST_SHARE * len(name):
                return other, text
    return None


def _is_of_site(heading: str, titles: Sequence[str]) -> bool:
    """Whether a heading is what one title of the page has beside another title."""
    name = folded(heading)
    for title in titles:
        whole = folded(title)
        for other in titles:
            rest = folded(other)
            if rest and whole != rest and whole in (name + rest, rest + name):
                return True
    return False


def _named_by_address(address: str | None, headings: Iterable[str]) -> str | None:
    """The heading whose words are those of the last part of a URL; None if none is."""
    try:
        path = unquote(urlsplit((address or "")[:MAX_TITLE]).path)
    except ValueError:
        return None
    slug = _FILE_TYPE.sub("", path.rstrip("/").rpartition("/")[2])
    name, words = folded(slug), _long_words(slug.replace("_", " "))
    for heading in headings:
        if len(name) > _LONG and folded(heading) == name:
            return heading
        own = _long_words(heading)
        common = len(words & own)
        # An address leaves out words of the headline more often than it has others.
        if (
            common >= _ADDRESS_WORDS
            and common >= _ADDRESS_SHARE * len(words)
            and common >= _HEADING_SHARE * len(own)
        ):
            return heading
    return None


def _is_of_story(heading: str, titles: Iterable[str]) -> bool:
    """Whether a heading has two long words of one of the titles, or all of them, or its start."""
    words = _long_words(heading)
    begin = _WORD.findall(heading.casefold())[:_SAME_WORDS]
    for title in titles:
        others = _long_words(title)
        if len(words & others) >= min(_SHARED_WORDS, len(words), len(others)):
            return True
        if begin == _WORD.findall(title.casefold())[:_SAME_WORDS] and len(begin) == _SAME_WORDS:
            return True
    return False


def _is_small_part(agreed: _Agreement, witnesses: Sequence[str]) -> bool:
    """Whether a heading is only a part of a title that two witnesses have."""
    inside, outside = folded(agreed.heading), folded(agreed.witness)
    seconded = sum(folded(other) == outside for other in witnesses) > 1
    return seconded and inside in outside and len(inside) < _PART * len(outside)


def _shorter(heading: str, witness: str, witnesses: Sequence[str]) -> str:
    """A heading, or a witness that has only one end of it.

    The heading may begin with a kicker. It may end with a date or a standfirst, which no mark sets
    off; then a second witness has to agree, because a witness alone may be cut.
    """
    inside, outside = folded(witness), folded(heading)
    if inside == outside:
        return heading
    if _DATE_BEHIND.match(heading.removeprefix(witness)) and heading.startswith(witness):
        return witness
    if 2 * len(inside) <= len(outside):
        return heading
    if outside.endswith(inside):
        return witness
    joined = heading.startswith(f"{witness} ") and heading[len(witness) + 1].isalnum()
    seconded = sum(folded(other) == inside for other in witnesses) > 1
    return witness if joined and seconded else heading


def _with_kicker(heading: str, headline: str, social: str, site: Site) -> str:
    """A heading with the words before a colon that the data and the card both have before it.

    One word before the colon is a section.
    """
    if f": {heading}" not in headline:
        return heading
    longer = [site.taken_off(title) for title in (headline, social)]
    if not all(title.endswith(f": {heading}") for title in longer):
        return heading
    return longer[1] if " " in longer[1].removesuffix(f": {heading}") else heading


def _agreement(one: str, other: str) -> int:
    """How much two titles agree; 0 if they do not."""
    name, other_name = folded(one), folded(other)
    if not name or not other_name:
        return 0
    if name == other_name:
        return _EQUAL
    if name in other_name or other_name in name:
        return _INSIDE if min(len(name), len(other_name)) > _LONG else 0
    words, other_words = _words(one), _words(other)
    if len(words) <= _HEADLINE_WORDS:
        return 0
    alike = 2 * len(words & other_words) >= 1.2 * min(len(words), len(other_words))
    return _ALIKE if alike else 0


def _long_words(text: str) -> set[str]:
    """The words of a text that say something, without the marks around them."""
    return {word for word in _WORD.findall(text.casefold()) if len(word) > _SHORT_WORD}


@functools.lru_cache(maxsize=256)
def _words(text: str) -> frozenset[str]:
    return frozenset(text.casefold().split())
