"""HTML or plain text -> title, byline, dates, language and body blocks.

The rule here: both kinds of page take the same way. They become blocks (`blocks`), the body is
decided on (`decide`), what is furniture by its shape goes (`furniture`), glued brands go on two
witnesses (`brand`), and what is no article is refused (`article`).
"""

import dataclasses
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from selectolax.lexbor import LexborHTMLParser

from cleanwire.errors import NoArticle
from cleanwire.extract.article import check_article
from cleanwire.extract.blocks import Page, read_html, read_lines
from cleanwire.extract.brand import unbrand
from cleanwire.extract.dates import find_date
from cleanwire.extract.decide import body_blocks
from cleanwire.extract.furniture import is_breadcrumb, is_counter, is_separator
from cleanwire.extract.metadata import read_metadata
from cleanwire.extract.text import ends_sentence, squeezed, words_in
from cleanwire.language import language_of

HEAD_LINES = 12
"""So many lines above the story are looked at for title and date."""

_DATE_LINE_WORDS = 14
_MIN_JSONLD = 2.0
_PARAGRAPHS = re.compile(r"\n\s*\n")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """What a page holds.

    Attributes:
        title: the headline, without site name and glued brand.
        authors: names of people.
        published_at: RFC 3339, or ISO 8601 without what the page does not tell (zone, time).
        modified_at: the same.
        canonical_url: what the page calls itself; no identity.
        language: primary subtag (BCP 47).
        paragraphs: the body, one line each.
        removed: how many blocks or places were stripped, by kind.
    """

    title: str | None
    authors: tuple[str, ...]
    published_at: str | None
    modified_at: str | None
    canonical_url: str | None
    language: str | None
    paragraphs: tuple[str, ...]
    removed: Mapping[str, int]


def extract_html(html: str, *, url: str | None = None, require_article: bool = True) -> Extracted:
    """Extract an HTML page.

    Args:
        html: the page, decoded.
        url: where it was fetched.
        require_article: whether a page that is no article is refused.

    Raises:
        NoArticle: home page, link list, error page, empty body.
    """
    tree = LexborHTMLParser(html)
    metadata = read_metadata(tree, url)
    page = read_html(tree)
    chosen = body_blocks(page)
    paragraphs, removed = _body(page, chosen, metadata.title)
    body = metadata.article_body
    if body and words_in(body) > _MIN_JSONLD * sum(map(words_in, paragraphs)):
        paragraphs = _split(body)
    first = chosen[0] if chosen else len(page.blocks)
    head = [block.text for block in page.blocks[max(0, first - HEAD_LINES) : first]]
    other_titles = [*metadata.headings]
    if metadata.document_title:
        other_titles.append(metadata.document_title)
    unbranded = unbrand(
        metadata.title,
        paragraphs,
        other_titles=other_titles,
        lines=[*head, *other_titles],
        keywords=metadata.keywords,
    )
    if unbranded.removed:
        removed["brand"] = unbranded.removed
    if require_article:
        check_article(
            page,
            unbranded.paragraphs,
            (unbranded.title, metadata.document_title),
            dated=bool(metadata.published_at or metadata.authors),
        )
    return Extracted(
        title=unbranded.title,
        authors=metadata.authors,
        published_at=metadata.published_at or _dated(head),
        modified_at=metadata.modified_at,
        canonical_url=metadata.canonical_url,
        language=language_of(" ".join(unbranded.paragraphs), metadata.language),
        paragraphs=unbranded.paragraphs,
        removed=dict(removed),
    )


def extract_text(text: str, *, url: str | None = None, require_article: bool = True) -> Extracted:
    """Extract a page that was flattened to lines.

    Args:
        text: the lines; paragraphs may be hard-wrapped if blank lines part them.
        url: where it was fetched.
        require_article: whether a page that is no article is refused.

    Raises:
        NoArticle: as `extract_html`.
    """
    del url
    page = read_lines(_lines(text))
    chosen = body_blocks(page)
    first = chosen[0] if chosen else len(page.blocks)
    head = [block.text for block in page.blocks[:first]][-HEAD_LINES:]
    title = _title_line(head)
    paragraphs, removed = _body(page, chosen, title)
    unbranded = unbrand(title, paragraphs, other_titles=(), lines=head)
    if unbranded.removed:
        removed["brand"] = unbranded.removed
    if require_article:
        check_article(
            page, unbranded.paragraphs, (unbranded.title,), dated=_dated(head) is not None
        )
    return Extracted(
        title=unbranded.title,
        authors=(),
        published_at=_dated(head),
        modified_at=None,
        canonical_url=None,
        language=language_of(" ".join(unbranded.paragraphs), None),
        paragraphs=unbranded.paragraphs,
        removed=dict(removed),
    )


def _body(
    page: Page, chosen: Sequence[int], title: str | None
) -> tuple[tuple[str, ...], Counter[str]]:
    removed: Counter[str] = Counter()
    paragraphs: list[str] = []
    for place in chosen:
        text = page.blocks[place].text
        if is_separator(text):
            removed["separator"] += 1
        elif is_counter(text) and not ends_sentence(text):
            removed["counter"] += 1
        elif not paragraphs and text == title:
            removed["title"] += 1
        else:
            paragraphs.append(text)
    kept = set(chosen)
    for place, block in enumerate(page.blocks):
        if place not in kept:
            removed[_kind(block.text, linked=block.link_density >= 0.5, foreign=block.foreign)] += 1  # noqa: PLR2004 - mostly links
    return tuple(paragraphs), removed


def _kind(text: str, *, linked: bool, foreign: bool) -> str:
    if is_separator(text):
        return "separator"
    if is_breadcrumb(text):
        return "breadcrumb"
    if linked:
        return "link"
    if is_counter(text):
        return "counter"
    return "furniture" if foreign else "other"


def _split(text: str) -> tuple[str, ...]:
    """A body that came as one string: its lines, or, of HTML in a string, its text."""
    if "</" in text:
        page = read_html(LexborHTMLParser(text))
        return tuple(block.text for block in page.blocks)
    return tuple(line for part in text.splitlines() if (line := squeezed(part)))


def _lines(text: str) -> list[str]:
    """The lines of a page; a hard-wrapped paragraph becomes one."""
    lines = text.splitlines()
    blocks = _PARAGRAPHS.split(text.strip())
    filled = [line for line in lines if line.strip()]
    longest = max(map(len, filled), default=0)
    wrapped = (
        len(blocks) > 1
        and longest <= 100  # noqa: PLR2004 - a terminal's or a mail's width
        and len(filled) >= 2 * len(blocks)
    )
    return [" ".join(block.split()) for block in blocks] if wrapped else lines


def _title_line(head: Sequence[str]) -> str | None:
    """The title above the story: a line that another one repeats, else the longest."""
    candidates = [
        line
        for line in head
        if len(line.split()) > 1 or words_in(line) > 2  # noqa: PLR2004 - a word is a section
    ]
    for line in candidates:
        if words_in(line) > 2 and any(other is not line and line in other for other in head):  # noqa: PLR2004 - as above
            return line
    plain = [line for line in candidates if not is_breadcrumb(line) and find_date(line) is None]
    return max(plain, key=words_in, default=None)


def _dated(head: Sequence[str]) -> str | None:
    """The date in the lines above the story; the nearest line with a time, else the nearest."""
    dates = [
        date
        for line in reversed(head)
        if len(line.split()) <= _DATE_LINE_WORDS and (date := find_date(line))
    ]
    return next((date for date in dates if "T" in date), dates[0] if dates else None)


__all__ = ["Extracted", "NoArticle", "extract_html", "extract_text"]
