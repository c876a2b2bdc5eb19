"""Brands that content farms glue into the stories they copy.

Invariant: the first witness of a brand is the title, where it stands before a dash with no
blank after it; it is removed only on a second witness, because "Spider-Man", "Covid-19" and
"Anti-war" look the same. Second witnesses are shapes that no editor writes:

- in the text, the word glued behind a comma: "KYIV,NovaPulse Ukraine";
- the same title elsewhere on the page without it;
- a breadcrumb in which the branded title is glued to its section ("> StocksNovaPulse-Nato"),
  if the brand is CamelCase or the line ends in a glued site name (" -AssetHarbor").

And one witness speaks for the word: the compound itself in the text ("Spider-Man" in the body)
makes it part of the story.
"""

import dataclasses
import re
from collections.abc import Iterable, Sequence

_DASHES = "\\-\u2010\u2011\u2012\u2013\u2014_|:~"
_GLUED = re.compile(rf"((?:[^\s{_DASHES}]{{2,40}} ){{0,2}}[^\s{_DASHES}]{{2,40}})[{_DASHES}](?=\S)")
_SUFFIX = re.compile(r"\s[-\u2013\u2014|_~]\S{2,40}(?: \S{1,40}){0,2}$")
_CAMEL = re.compile(r"[^\W\d_][a-z\d]+[A-Z]")
_CRUMBS = re.compile(r"[>»›→/|]")
_WORD_END = r"(?![\w\-\u2010-\u2014])"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Unbranded:
    """A title and paragraphs without the brand.

    Attributes:
        title: the headline without the brand.
        paragraphs: the story without the brand.
        removed: in how many places the brand stood.
        brand: what was removed; None if nothing was.
        witness: the second witness, in words; None if nothing was removed.
    """

    title: str | None
    paragraphs: tuple[str, ...]
    removed: int
    brand: str | None = None
    witness: str | None = None


def unbrand(
    title: str | None,
    paragraphs: Sequence[str],
    *,
    other_titles: Iterable[str] = (),
    lines: Sequence[str] = (),
    keywords: str | None = None,
) -> Unbranded:
    """Remove a glued brand from a title and its story, if there are two witnesses.

    Args:
        title: the headline as the page has it.
        paragraphs: the story.
        other_titles: other forms of the title on the page.
        lines: the lines above the story, breadcrumbs among them.
        keywords: the page's meta keywords.
    """
    story = tuple(paragraphs)
    match = _GLUED.match(title or "")
    if title is None or match is None:
        return Unbranded(title=title, paragraphs=story, removed=0)
    brand, rest = match[1], title[match.end() :]
    text = "\n".join(story)
    if _is_compound(match[0] + rest[:1], text, rest):
        return Unbranded(title=title, paragraphs=story, removed=0)
    behind_comma = re.compile(rf"([,，、;:.])(?={re.escape(brand)}{_WORD_END})")
    if behind_comma.search(text) is not None:
        witness = "glued behind a comma in the text"
    elif any(_same(rest, _SUFFIX.sub("", other)) for other in other_titles):
        witness = "the title elsewhere without it"
    elif _same(keywords or "", brand) and _has_suffix((*other_titles, *lines), title):
        witness = "the keywords, and a site's name behind the title"
    elif _in_breadcrumb(brand, title, lines):
        witness = "a breadcrumb that the title is glued to"
    else:
        return Unbranded(title=title, paragraphs=story, removed=0)
    cleaned, count = _unglued(brand, story)
    return Unbranded(
        title=rest.strip(),
        paragraphs=cleaned,
        removed=count + 1,
        brand=brand,
        witness=witness,
    )


def _is_compound(glued: str, text: str, rest: str) -> bool:
    """Whether the text itself has brand, dash and next word as one word."""
    first = re.match(r"\w+", rest)
    compound = glued[:-1] + (first[0] if first else rest[:1])
    pattern = re.escape(compound).replace(re.escape("-"), "[-\u2010-\u2014]")
    return re.search(rf"(?<!\w){pattern}(?!\w)", text) is not None


def _same(one: str, other: str) -> bool:
    return bool(one.strip()) and one.strip().casefold() == other.strip().casefold()


def _has_suffix(lines: Iterable[str], title: str) -> bool:
    return any(title in line and _SUFFIX.search(line) for line in lines)


def _in_breadcrumb(brand: str, title: str, lines: Sequence[str]) -> bool:
    for line in lines:
        at = line.find(title)
        if at < 1 or not line[at - 1].isalnum() or not _CRUMBS.search(line[:at]):
            continue
        if _CAMEL.search(brand) or _SUFFIX.search(line[at + len(title) :]):
            return True
    return False


def _unglued(brand: str, story: Sequence[str]) -> tuple[tuple[str, ...], int]:
    name = re.escape(brand)
    # Before a parenthesis or more punctuation the comma came with the brand.
    with_comma = re.compile(rf",{name}{_WORD_END}(?=\s*[(,.;—–])")
    glued = re.compile(rf"(?<=[,，、;:.!?]){name}{_WORD_END}")
    inside = re.compile(rf"(?<=[^\W_]){name}{_WORD_END}")
    cleaned, count = [], 0
    for paragraph in story:
        text, found = with_comma.subn("", paragraph)
        text, more = glued.subn("", text)
        text, inner = inside.subn("", text) if _CAMEL.search(brand) else (text, 0)
        count += found + more + inner
        cleaned.append(" ".join(text.split()) if found or more or inner else paragraph)
    return tuple(cleaned), count
