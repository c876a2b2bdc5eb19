"""Removes brands that content farms glue into the stories they copy.

Invariant: a brand is removed only if two witnesses agree. The first witness is the title: it begins
with the brand, then a dash without a blank after it. This alone proves nothing, because
"Spider-Man", "Covid-19" and "Anti-war" look the same. The second witness is one of these, which no
editor writes:

- the text has the brand directly after a comma: "KYIV,NovaPulse Ukraine";
- the page has the same title elsewhere without the brand, or its keywords are the brand alone and
  a site's name is glued to the end of another title or line;
- a breadcrumb has the branded title glued to its section ("> StocksNovaPulse-Nato"), and the brand
  is CamelCase or the line ends in a glued site name (" -AssetHarbor");
- a line above the story is a date with its label glued to it ("Date:2031-04-09 01:35:10"), or a
  site's name is glued to the end of the title; the brand is CamelCase, and nothing else on the page
  names it.

A brand stays if the text has the whole compound: with "Spider-Man" in the body it is a word of the
story.
"""

import dataclasses
import re
from collections.abc import Iterable, Sequence

_DASHES = "\\-\u2010\u2011\u2012\u2013\u2014_|:~"
_GLUED = re.compile(rf"((?:[^\s{_DASHES}]{{2,40}} ){{0,2}}[^\s{_DASHES}]{{2,40}})[{_DASHES}](?=\S)")
_SUFFIX = re.compile(r"\s[-\u2013\u2014|_~]\S{2,40}(?: \S{1,40}){0,2}$")
_CAMEL = re.compile(r"[^\W\d_][a-z\d]+[A-Z]")
_DATE_LINE = re.compile(
    r"(?:[^\W\d_]{2,12} )?(?:[^\W\d_]{2,12}):(?:19|20)\d\d-\d\d-\d\d \d\d:\d\d:\d\d$"
)
"""A date with a label glued to it, as content farms have it: `Date:2031-04-09 01:35:10`."""

_HEADLINE_WORDS = 3
_BREADCRUMB_MARKS = re.compile(r"[>»›→/|]")
_WORD_END = r"(?![\w\-\u2010-\u2014])"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Unbranded:
    """A title and paragraphs without the brand.

    Attributes:
        title: the headline; None if the page has none.
        paragraphs: the texts of the story.
        removed: from how many places the brand was removed.
        brand: what was removed; None if nothing was.
        witness: the second witness, in words; None if nothing was removed.
    """

    title: str | None
    paragraphs: tuple[str, ...]
    removed: int
    brand: str | None = None
    witness: str | None = None


def unbrand(  # noqa: PLR0913 - one argument a witness
    title: str | None,
    paragraphs: Sequence[str],
    *,
    other_titles: Iterable[str] = (),
    lines: Sequence[str] = (),
    page: Sequence[str] = (),
    keywords: str | None = None,
) -> Unbranded:
    """Remove a glued brand from a title and its story, if there are two witnesses.

    Args:
        title: the headline as the page has it.
        paragraphs: the story.
        other_titles: other forms of the title on the page.
        lines: the lines above the story, breadcrumbs among them.
        page: all lines of the page up to the end of the story; the story may have lost its
            dateline.
        keywords: the page's meta keywords.

    Returns:
        The title and the story; as they were if no brand was found.
    """
    story = tuple(paragraphs)
    match = _GLUED.match(title or "")
    if title is None or match is None:
        return Unbranded(title=title, paragraphs=story, removed=0)
    brand, rest = match[1], title[match.end() :]
    text = "\n".join(story)
    if _is_compound(match[0] + rest[:1], text, rest):
        return Unbranded(title=title, paragraphs=story, removed=0)
    after_comma = re.compile(rf"([,，、;:.])(?={re.escape(brand)}{_WORD_END})")
    if after_comma.search(text) or any(map(after_comma.search, page)):
        witness = "after a comma in the text, without a blank"
    elif any(_is_same_text(rest, _SUFFIX.sub("", other)) for other in other_titles):
        witness = "the title elsewhere without it"
    elif _is_same_text(keywords or "", brand) and _has_suffix((*other_titles, *lines), title):
        witness = "the keywords, and a site's name after the title"
    elif _in_breadcrumb(brand, title, lines):
        witness = "a breadcrumb that the title is glued to"
    elif _is_of_farm(title, (*other_titles, *lines)) and _is_unknown(
        brand, rest, [*story, *page], title
    ):
        witness = "the frame of a content farm, and a page that never names it"
    else:
        return Unbranded(title=title, paragraphs=story, removed=0)
    cleaned, count = _without_brand(brand, story)
    return Unbranded(
        title=rest.strip(),
        paragraphs=cleaned,
        removed=count + 1,
        brand=brand,
        witness=witness,
    )


def _is_compound(glued: str, text: str, rest: str) -> bool:
    """Whether the text has the words around the dash as one word, also in lower case."""
    first = re.match(r"\w+", rest)
    compound = glued[:-1].rpartition(" ")[2] + (first[0] if first else rest[:1])
    pattern = re.escape(compound).replace(re.escape("-"), "[-\u2010-\u2014]")
    return re.search(rf"(?<!\w){pattern}(?!\w)", text, re.IGNORECASE) is not None


def _is_same_text(one: str, other: str) -> bool:
    """Whether two texts are equal but for case and outer blanks; an empty text equals none."""
    return bool(one.strip()) and one.strip().casefold() == other.strip().casefold()


def _is_of_farm(title: str, lines: Sequence[str]) -> bool:
    """Whether lines have what content farms glue: a label to a date, a site's name to the title."""
    return any(map(_DATE_LINE.match, lines)) or _has_suffix(lines, title)


def _is_unknown(brand: str, rest: str, texts: Iterable[str], title: str) -> bool:
    """Whether a CamelCase brand before a whole headline occurs nowhere else on the page."""
    return (
        _CAMEL.search(brand) is not None
        and (rest[:1].isupper() or rest[:1].isdigit())
        and len(rest.split()) >= _HEADLINE_WORDS
        and not any(brand in text.replace(title, "") for text in texts)
    )


def _has_suffix(lines: Iterable[str], title: str) -> bool:
    """Whether a line has the title in it and ends in a glued site name."""
    return any(title in line and _SUFFIX.search(line) for line in lines)


def _in_breadcrumb(brand: str, title: str, lines: Sequence[str]) -> bool:
    """Whether a breadcrumb has the title glued to its section, as the module says."""
    for line in lines:
        at = line.find(title)
        if at < 1 or not line[at - 1].isalnum() or not _BREADCRUMB_MARKS.search(line[:at]):
            continue
        if _CAMEL.search(brand) or _SUFFIX.search(line[at + len(title) :]):
            return True
    return False


def _without_brand(brand: str, story: Sequence[str]) -> tuple[tuple[str, ...], int]:
    """The paragraphs without the brand, and from how many places it was removed."""
    name = re.escape(brand)
    # If a parenthesis or more punctuation follows, the comma came with the brand and goes too.
    with_comma = re.compile(rf",{name}{_WORD_END}(?=\s*[(,.;—–])")
    glued = re.compile(rf"(?<=[,，、;:.!?]){name}{_WORD_END}")
    inside = re.compile(rf"(?<=[^\W_]){name}{_WORD_END}")
    cleaned, count = [], 0
    for paragraph in story:
        text, found = with_comma.subn("", paragraph)
        text, more = glued.subn("", text)
        text, in_words = inside.subn("", text) if _CAMEL.search(brand) else (text, 0)
        count += found + more + in_words
        cleaned.append(" ".join(text.split()) if found or more or in_words else paragraph)
    return tuple(cleaned), count
