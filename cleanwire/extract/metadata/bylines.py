"""Who wrote a page, from the witnesses of its tree and its text.

Invariant: the surest witness first, and the first that names anybody is believed: schema.org
data, meta tags, links and elements that call themselves an author's, and last a line that reads
as a byline. What stands among comments, in a box about the author or beside a picture is no
witness.
"""

import dataclasses
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from cleanwire.extract.dom.selectors import Written
from cleanwire.extract.dom.text import squeezed
from cleanwire.extract.metadata.eastern_names import eastern_names, has_east
from cleanwire.extract.metadata.jsonld import as_list, text_of, types
from cleanwire.extract.metadata.months import month_of
from cleanwire.extract.metadata.person_names import MAX_AUTHORS, is_by, is_control, is_role, names
from cleanwire.extract.metadata.surroundings import is_elsewhere, words_around
from cleanwire.extract.vocabulary import alternation, words

_METAS = (
    "author article:author dc.creator dcterms.creator parsely-author sailthru.author byl "
    "citation_author article:author_name cxenseparse:author og:article:author dc.author "
    "authors creator author-name article.author rbauthors dcsext.author"
).split()

_MARKED = (
    ("author", '[rel~="author"]'),
    ("author", '[itemprop~="author"] [itemprop~="name"]'),
    ("author", '[itemprop~="author"]'),
    ("vcard", ".vcard .fn"),
    ("p-author", ".p-author"),
)
_LINKS = tuple((f"/{part}/", f'a[href*="/{part}/"]') for part in words("author_paths"))
_CLASSES = (
    *((part, f'[class*="{part}"]') for part in words("author_class_parts")),
    ("author", '[id*="author"]'),
    ("byline", '[id*="byline"]'),
    (' class="by', '[class~="by"]'),
    ("-by", '[class*="-by"]'),
    ("_by", '[class*="_by"]'),
    ("", "address"),
)
METAS = tuple(_METAS)
"""The names of the meta tags that name authors, the surest first."""

ELEMENTS = ",".join(selector for _, selector in (*_MARKED, *_CLASSES, *_LINKS))
"""Selects every element that may name an author."""

_AUTHOR_WORD = re.compile(
    r"(?:post|article|entry|story|news|blog|page|item|content|single|main|co|the|by|art|text)?"
    rf"(?:{alternation('author_classes')})"
    r"(?:name|names|link|links|info|line|block|meta|wrapper|wrap|text|list|title|data|item)?|by"
)
_INNER = ",".join(
    [
        'a[rel~="author"]',
        *(f'a[href*="/{part}"]' for part in words("author_path_starts")),
    ]
)
_BYLINE_LENGTH = 300
_READ = 12
_READ_CHARACTERS = 4_000_000
_LONGEST = 160
_SECTION = 1000
_UP = 3
_BETWEEN = 8
"""Characters between the elements of two authors of one line, at most: a comma, an "and"."""


def byline_pattern() -> re.Pattern[str]:
    """The beginning of a byline up to its names, at the start of a line or behind a mark."""
    by = alternation("by", "author_labels")
    unspaced = alternation("author_labels_unspaced", "author_labels_unspaced_in_lines")
    return re.compile(
        r"(?:^|[|•·–—,.]\s{0,2}|\s-\s{1,2}|\d\s{1,3})"
        rf"(?:(?:(?:{alternation('written', 'written_in_lines')})\s{{1,2}})?"
        rf"(?:{by})(?:\s{{0,2}}[:/]\s{{0,2}}|\s{{1,2}})"
        rf"|(?-i:By(?=[A-Z]))|(?:{unspaced})\s{{0,2}}[:：/]?\s{{0,2}})(?=\S)",
        re.IGNORECASE,
    )


_LABEL = re.compile(alternation("author_card_labels"), re.IGNORECASE)
_BYLINE = byline_pattern()
_BY_WORD = re.compile(rf"\b(?:{alternation('by_or_name')})\b", re.IGNORECASE)
_EASTERN = 80
_SAYS = re.compile(r"[^\W\d_]{5}")
_AFTER_NAMES = re.compile(
    rf"\s[|•·–—-]\s|\s\d|[|•·]|\s(?:{alternation('before_a_date')})\s"
    rf"|\s(?:{alternation('before_a_numeric_date')})\s\d|,?\s\d"
)


def authors_said(  # noqa: PLR0913 - as of `names`
    metas: dict[str, list[str]],
    articles: Sequence[dict[str, Any]],
    linked: Sequence[dict[str, Any]],
    not_names: Iterable[str | None],
    *,
    organisations: bool = False,
    language: str | None = None,
) -> tuple[str, ...]:
    """The authors that a page's data name, in order; none where none is sure.

    Args:
        metas: the values of its meta tags by name.
        articles: the articles in its JSON-LD.
        linked: everything in its JSON-LD, where an author may be kept by its `@id`.
        not_names: what is no author: the site, the title.
        organisations: whether an agency or a publisher may be one.
        language: primary subtag of the page.
    """
    excluded = tuple(not_names)
    for witness in _said(metas, articles, linked, organisations=organisations):
        found = names(
            witness,
            not_names=excluded,
            one_word=True,
            organisations=organisations,
            single=True,
            language=language,
        )
        if found:
            return found
    return ()


def authors_in_tree(
    tree: LexborHTMLParser | LexborNode,
    written: Written,
    not_names: Iterable[str | None],
    *,
    language: str | None = None,
) -> tuple[str, ...]:
    """The authors that elements name which call themselves an author's.

    Several elements are several authors if they stand together.

    Args:
        tree: the page, or a part of it.
        written: the attributes of its elements.
        not_names: what is no author: the site, the title.
        language: primary subtag of the page.
    """
    excluded = tuple(not_names)
    for selectors, one_word in ((_MARKED, True), (_CLASSES, False), (_LINKS, False)):
        selector = written.those_in(selectors)
        reading = _Reading(excluded, one_word=one_word, language=language)
        if selector and (found := _together(tree.css(selector), reading, selectors is _CLASSES)):
            return found
    return ()


@dataclasses.dataclass(frozen=True, slots=True)
class _Reading:
    """How names are read from elements of one kind."""

    not_names: tuple[str | None, ...]
    one_word: bool
    language: str | None

    def names(self, texts: Iterable[str]) -> tuple[str, ...]:
        return names(
            texts, not_names=self.not_names, one_word=self.one_word, language=self.language
        )


def _together(nodes: Sequence[LexborNode], reading: _Reading, by_class: bool) -> tuple[str, ...]:  # noqa: FBT001 - private
    """The authors of the first element that names any, and of those that stand beside it."""
    found: dict[str, None] = {}
    around = 0
    last: LexborNode | None = None
    read = seen = 0
    for node in nodes:
        raw = node.text(deep=True, separator=" ") or ""
        # Elements that hold each other have the same text again and again.
        seen += len(raw)
        text = squeezed(raw[:_SECTION])
        if seen > _READ_CHARACTERS or read == _READ:
            break
        if not 0 < len(text) <= _LONGEST or (by_class and not _is_of_author(node)):
            continue
        beside = last is not None and _adjoins(node, last)
        if is_elsewhere(node) or (found and not beside and not _stands_in(node, around)):
            continue
        read += 1
        people = _people_in(node, text, reading)
        if people and not found:
            around = _place_of(node)
        if people and (beside or not found):
            last = node
        found.update(dict.fromkeys(people))
    return tuple(found)[:MAX_AUTHORS]


def _people_in(node: LexborNode, text: str, reading: _Reading) -> tuple[str, ...]:
    """The people that one element names: its links to authors, its text, or parts of that."""
    inner = node.css(_INNER)
    if not inner and "itemprop" in node.attributes:
        inner = node.css('[itemprop~="name"]')
    if inner:
        linked = [squeezed(link.text(deep=True, separator=" ") or "") for link in inner[:_READ]]
        if people := reading.names(linked):
            return people
    for part in map(_cut, _AFTER_NAMES.split(text)):
        if people := reading.names([part]):
            return people
    parts = (node.text(deep=True, separator="\n") or "").split("\n")
    pieces = [squeezed(part) for part in parts]
    found: list[str] = []
    for piece in pieces if len(pieces) > 1 else ():
        people = reading.names([_cut(piece)])
        if not people and _SAYS.search(piece) and not is_role(piece) and not is_control(piece):
            break
        found += people
    return tuple(dict.fromkeys(found))


def _is_of_author(node: LexborNode) -> bool:
    """Whether a class or an id has an author's word as a whole: `authority` is none."""
    if node.tag == "address":
        # In a footer it is where a firm is found.
        around = node.parent
        while around is not None and around.tag != "footer":
            around = around.parent
        return around is None
    return any(_AUTHOR_WORD.fullmatch(word) for word in words_around(node))


def _place_of(node: LexborNode) -> int:
    """The element around an author's in which the others stand: a byline, no list of stories."""
    place = node
    for _ in range(_UP):
        around = place.parent
        if around is None or around.tag in ("body", "article", "main", "html", "section"):
            break
        if len(squeezed(around.text(deep=True, separator=" ") or "")) > _BYLINE_LENGTH:
            break
        place = around
    return place.mem_id


def _adjoins(node: LexborNode, other: LexborNode) -> bool:
    """Whether nothing but a few characters stands between an element and one before it."""
    between = 0
    before = node.prev
    while before is not None and between <= _BETWEEN:
        if before.mem_id == other.mem_id:
            return True
        if before.is_element_node:
            return False
        between += len((before.text_content or "").strip())
        before = before.prev
    return False


def _stands_in(node: LexborNode | None, place: int) -> bool:
    for _ in range(_UP + _UP):
        if node is None:
            return False
        if node.mem_id == place:
            return True
        node = node.parent
    return False


def authors_in_lines(
    lines: Iterable[str], not_names: Iterable[str | None], *, language: str | None = None
) -> tuple[str, ...]:
    """The authors that a byline among short lines names: `By Ada Quill | 3 May`.

    Args:
        lines: those around the start of the story.
        not_names: what is no author: the site, the title.
        language: primary subtag of the page.
    """
    excluded = tuple(not_names)
    for line in lines:
        if len(line) > _LONGEST:
            continue
        match = _BYLINE.search(line)
        if match and (found := names([_cut(line[match.end() :])], not_names=excluded)):
            word = _BY_WORD.search(match[0])
            if not (word and language) or is_by(word[0].lower(), language):
                return found
        if has_east(line) and len(line) <= _EASTERN and (found := eastern_names(line)):
            return names(found, not_names=excluded)
    return ()


def _cut(text: str) -> str:
    """A byline without what follows the names: a date, a desk, a counter."""
    words = _AFTER_NAMES.split(text, maxsplit=1)[0].split()
    while len(words) > 1 and month_of(words[-1].strip(".,"), inflected=False):
        words.pop()
    return " ".join(words)


def _said(
    metas: dict[str, list[str]],
    articles: Sequence[dict[str, Any]],
    linked: Sequence[dict[str, Any]],
    *,
    organisations: bool,
) -> Iterator[list[str]]:
    """What the page's data say, the surest first."""
    by_id = {node["@id"]: node for node in linked if isinstance(node.get("@id"), str)}
    for article in articles:
        authors = as_list(article.get("author") or article.get("creator"))
        named = [_named(author, by_id, organisations=organisations) for author in authors]
        yield [name for found in named for name in found]
    yield from (metas[key] for key in _METAS if key in metas)
    for number in ("1", "2"):
        if _LABEL.search((metas.get(f"twitter:label{number}") or [""])[0]):
            yield metas.get(f"twitter:data{number}", [])
    for node in linked:
        if text_of(node.get("@type")) == "Person":
            yield _named(node, by_id, organisations=False)


def _named(author: object, by_id: dict[str, dict[str, Any]], *, organisations: bool) -> list[str]:
    """The names in a JSON-LD author: text, an object, or a reference to one."""
    if isinstance(author, str):
        author = by_id.get(author, {"name": author})
    if not isinstance(author, dict):
        return []
    identifier = author.get("@id")
    known = by_id.get(identifier, {}) if isinstance(identifier, str) else {}
    kinds = types(author) or types(known)
    if any("organization" in kind for kind in kinds) and not organisations:
        return []
    named = as_list(author.get("name") or known.get("name") or _full_name(author))
    # A site may put the person where the name should stand.
    plain = [name.get("name") if isinstance(name, dict) else name for name in named]
    return [name for name in plain if isinstance(name, str)]


def _full_name(author: dict[str, Any]) -> str:
    parts = (text_of(author.get(key)) for key in ("givenName", "familyName"))
    return " ".join(filter(None, parts))
