"""The authors of a page, from its data, its elements and its lines.

Invariant: witnesses are asked in the order of how sure they are, and the first that names anybody
is believed. First come schema.org data and meta tags, then links and elements that are marked as an
author's, and last a line that reads as a byline. Elements in comments, in a box about the author or
beside a picture are no witnesses.
"""

import dataclasses
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from cleanwire.extract.dom.selectors import AttributeText
from cleanwire.extract.dom.text import squeezed
from cleanwire.extract.metadata.eastern_names import eastern_names, has_eastern_script
from cleanwire.extract.metadata.jsonld import as_list, text_of, types
from cleanwire.extract.metadata.months import month_of
from cleanwire.extract.metadata.person_names import MAX_AUTHORS, is_by, is_control, is_role, names
from cleanwire.extract.metadata.surroundings import in_comments_or_teaser, words_of_element
from cleanwire.extract.vocabulary import alternation, words

_METAS = (
    "author article:author dc.creator dcterms.creator parsely-author sailthru.author byl "
    "citation_author article:author_name cxenseparse:author og:article:author dc.author "
    "authors creator author-name article.author rbauthors dcsext.author"
).split()

_MARKUP = (
    ("author", '[rel~="author"]'),
    ("author", '[itemprop~="author"] [itemprop~="name"]'),
    ("author", '[itemprop~="author"]'),
    ("vcard", ".vcard .fn"),
    ("p-author", ".p-author"),
)
"""Elements that are marked as an author's. Of each a text that the attributes must contain for the
selector to match (`AttributeText`), and the selector."""

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

ELEMENTS = ",".join(selector for _, selector in (*_MARKUP, *_CLASSES, *_LINKS))
"""Selects every element that may name an author."""

_AUTHOR_WORD = re.compile(
    r"(?:post|article|entry|story|news|blog|page|item|content|single|main|co|the|by|art|text)?"
    rf"(?:{alternation('author_classes')})"
    r"(?:name|names|link|links|info|line|block|meta|wrapper|wrap|text|list|title|data|item)?|by"
)
_INNER_NAMES = ",".join(
    [
        'a[rel~="author"]',
        *(f'a[href*="/{part}"]' for part in words("author_path_starts")),
    ]
)
_BYLINE_LENGTH = 300
"""The most characters of the element around the authors of one byline."""

_MOST_READ = 12
"""How many elements of one kind are read at most."""

_MOST_READ_CHARACTERS = 4_000_000
_LONGEST = 160
"""The most characters of an element or a line that names authors."""

_SECTION_LENGTH = 1000
"""How many characters of an element are read."""

_MOST_ANCESTORS = 3
_MOST_BETWEEN = 8
"""The most characters between the elements of two authors of one byline: a comma, an "and"."""


def byline_pattern() -> re.Pattern[str]:
    """An expression for a byline up to its names, at the start of a line or after a mark."""
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
_EASTERN_LENGTH = 80
"""The most characters of a line that is a Chinese, Japanese or Korean byline."""

_WORD = re.compile(r"[^\W\d_]{5}")
"""A text with so many letters in a row says something. In a byline it ends the names."""

_AFTER_NAMES = re.compile(
    rf"\s[|•·–—-]\s|\s\d|[|•·]|\s(?:{alternation('before_a_date')})\s"
    rf"|\s(?:{alternation('before_a_numeric_date')})\s\d|,?\s\d"
)


def authors_in_data(  # noqa: PLR0913 - the options of `names`
    metas: dict[str, list[str]],
    articles: Sequence[dict[str, Any]],
    linked: Sequence[dict[str, Any]],
    not_names: Iterable[str | None],
    *,
    organisations: bool = False,
    language: str | None = None,
) -> tuple[str, ...]:
    """The authors that a page's data name.

    Args:
        metas: the values of the page's meta tags, by name.
        articles: the articles in its JSON-LD.
        linked: all objects in its JSON-LD, among which an author is looked up by its `@id`.
        not_names: texts that are no author, such as the names of the site and the title.
        organisations: whether an agency or a publisher may be an author.
        language: the primary subtag (BCP 47) of the page.

    Returns:
        The names in order; none if no witness names anybody.
    """
    excluded = tuple(not_names)
    for witness in _names_in_data(metas, articles, linked, organisations=organisations):
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
    written: AttributeText,
    not_names: Iterable[str | None],
    *,
    language: str | None = None,
) -> tuple[str, ...]:
    """The authors that elements name which are marked as an author's.

    Several elements name several authors only if they are in the same byline.

    Args:
        tree: the page, or a part of it.
        written: the attributes of its elements.
        not_names: texts that are no author, such as the names of the site and the title.
        language: the primary subtag (BCP 47) of the page.

    Returns:
        The names in order; none if no element names anybody.
    """
    excluded = tuple(not_names)
    for selectors, one_word in ((_MARKUP, True), (_CLASSES, False), (_LINKS, False)):
        selector = written.selectors_present(selectors)
        reader = _NameReader(excluded, one_word=one_word, language=language)
        nodes = tree.css(selector) if selector else ()
        found = _authors_of_elements(nodes, reader, by_class=selectors is _CLASSES)
        if found:
            return found
    return ()


@dataclasses.dataclass(frozen=True, slots=True)
class _NameReader:
    """How names are read from the elements of one kind of selector: the options of `names`."""

    not_names: tuple[str | None, ...]
    one_word: bool
    language: str | None

    def names(self, texts: Iterable[str]) -> tuple[str, ...]:
        """The names in texts."""
        return names(
            texts, not_names=self.not_names, one_word=self.one_word, language=self.language
        )


def _authors_of_elements(
    nodes: Sequence[LexborNode], reader: _NameReader, *, by_class: bool
) -> tuple[str, ...]:
    """The authors of the first element that names any, and of the others in the same byline."""
    found: dict[str, None] = {}
    around = 0
    last: LexborNode | None = None
    read = seen = 0
    for node in nodes:
        raw = node.text(deep=True, separator=" ") or ""
        # Nested elements have the same text again and again, so the text read is bounded.
        seen += len(raw)
        text = squeezed(raw[:_SECTION_LENGTH])
        if seen > _MOST_READ_CHARACTERS or read == _MOST_READ:
            break
        if not 0 < len(text) <= _LONGEST or (by_class and not _is_of_author(node)):
            continue
        beside = last is not None and _adjoins(node, last)
        if in_comments_or_teaser(node) or (found and not beside and not _is_inside(node, around)):
            continue
        read += 1
        people = _people_in(node, text, reader)
        if people and not found:
            around = _byline_around(node)
        if people and (beside or not found):
            last = node
        found.update(dict.fromkeys(people))
    return tuple(found)[:MAX_AUTHORS]


def _people_in(node: LexborNode, text: str, reader: _NameReader) -> tuple[str, ...]:
    """The people that one element names, by its links to authors, its text, or parts of it."""
    inner = node.css(_INNER_NAMES)
    if not inner and "itemprop" in node.attributes:
        inner = node.css('[itemprop~="name"]')
    if inner:
        linked = [
            squeezed(link.text(deep=True, separator=" ") or "") for link in inner[:_MOST_READ]
        ]
        if people := reader.names(linked):
            return people
    for part in map(_without_tail, _AFTER_NAMES.split(text)):
        if people := reader.names([part]):
            return people
    parts = (node.text(deep=True, separator="\n") or "").split("\n")
    pieces = [squeezed(part) for part in parts]
    found: list[str] = []
    for piece in pieces if len(pieces) > 1 else ():
        people = reader.names([_without_tail(piece)])
        if not people and _WORD.search(piece) and not is_role(piece) and not is_control(piece):
            break
        found += people
    return tuple(dict.fromkeys(found))


def _is_of_author(node: LexborNode) -> bool:
    """Whether a class or an id has a whole word for an author; `authority` is none."""
    if node.tag == "address":
        # In a footer, `address` is the postal address of a firm.
        around = node.parent
        while around is not None and around.tag != "footer":
            around = around.parent
        return around is None
    return any(_AUTHOR_WORD.fullmatch(word) for word in words_of_element(node))


def _byline_around(node: LexborNode) -> int:
    """The identity (`mem_id`) of the byline around an author's element.

    The byline is the largest element around it, up to `_MOST_ANCESTORS` above, whose text is no
    longer than a byline's.
    """
    byline = node
    for _ in range(_MOST_ANCESTORS):
        around = byline.parent
        if around is None or around.tag in ("body", "article", "main", "html", "section"):
            break
        if len(squeezed(around.text(deep=True, separator=" ") or "")) > _BYLINE_LENGTH:
            break
        byline = around
    return byline.mem_id


def _adjoins(node: LexborNode, other: LexborNode) -> bool:
    """Whether an element comes before another one with only a few characters between them."""
    between = 0
    before = node.prev
    while before is not None and between <= _MOST_BETWEEN:
        if before.mem_id == other.mem_id:
            return True
        if before.is_element_node:
            return False
        between += len((before.text_content or "").strip())
        before = before.prev
    return False


def _is_inside(node: LexborNode | None, byline: int) -> bool:
    """Whether an element is, or is inside, the element with this identity."""
    for _ in range(_MOST_ANCESTORS + _MOST_ANCESTORS):
        if node is None:
            return False
        if node.mem_id == byline:
            return True
        node = node.parent
    return False


def authors_in_lines(
    lines: Iterable[str], not_names: Iterable[str | None], *, language: str | None = None
) -> tuple[str, ...]:
    """The authors that a byline among lines names: `By Ada Quill | 3 May`.

    Args:
        lines: the lines around the start of the story; long ones are passed over.
        not_names: texts that are no author, such as the names of the site and the title.
        language: the primary subtag (BCP 47) of the page.

    Returns:
        The names in the first byline that names anybody.
    """
    excluded = tuple(not_names)
    for line in lines:
        if len(line) > _LONGEST:
            continue
        match = _BYLINE.search(line)
        if match and (found := names([_without_tail(line[match.end() :])], not_names=excluded)):
            word = _BY_WORD.search(match[0])
            if not (word and language) or is_by(word[0].lower(), language):
                return found
        if (
            has_eastern_script(line)
            and len(line) <= _EASTERN_LENGTH
            and (found := eastern_names(line))
        ):
            return names(found, not_names=excluded)
    return ()


def _without_tail(text: str) -> str:
    """A byline up to the end of its names, without a date, a desk or a counter after them."""
    words = _AFTER_NAMES.split(text, maxsplit=1)[0].split()
    while len(words) > 1 and month_of(words[-1].strip(".,"), inflected=False):
        words.pop()
    return " ".join(words)


def _names_in_data(
    metas: dict[str, list[str]],
    articles: Sequence[dict[str, Any]],
    linked: Sequence[dict[str, Any]],
    *,
    organisations: bool,
) -> Iterator[list[str]]:
    """The names in each witness among the page's data, the surest witness first."""
    by_id = {node["@id"]: node for node in linked if isinstance(node.get("@id"), str)}
    for article in articles:
        authors = as_list(article.get("author") or article.get("creator"))
        named = [_names_of(author, by_id, organisations=organisations) for author in authors]
        yield [name for found in named for name in found]
    yield from (metas[key] for key in _METAS if key in metas)
    for number in ("1", "2"):
        if _LABEL.search((metas.get(f"twitter:label{number}") or [""])[0]):
            yield metas.get(f"twitter:data{number}", [])
    for node in linked:
        if text_of(node.get("@type")) == "Person":
            yield _names_of(node, by_id, organisations=False)


def _names_of(
    author: object, by_id: dict[str, dict[str, Any]], *, organisations: bool
) -> list[str]:
    """The names in an author of JSON-LD: a text, an object, or a reference to an object."""
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
    # Some sites have an object of the person in the place of the name.
    plain = [name.get("name") if isinstance(name, dict) else name for name in named]
    return [name for name in plain if isinstance(name, str)]


def _full_name(author: dict[str, Any]) -> str:
    """The given name and the family name of a person, whichever there are."""
    parts = (text_of(author.get(key)) for key in ("givenName", "familyName"))
    return " ".join(filter(None, parts))
