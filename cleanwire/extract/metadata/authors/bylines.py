"""The authors of a page, from its data, its elements and its lines.

Invariant: the surest witness that names anybody is believed. First come the page's data, then
elements that are marked as an author's, links to a person's page, and a line that reads as a
byline. If no text shows the name in the data, marks and bylines beat it; mere links do not.
Elements in comments, in a box about the author, beside a picture or another story are no witnesses.
"""

import dataclasses
import re
from collections.abc import Iterable, Sequence

from selectolax.lexbor import LexborHTMLParser, LexborNode

from cleanwire.extract.dom.selectors import AttributeText
from cleanwire.extract.dom.text import squeezed
from cleanwire.extract.metadata.authors.byline_ends import (
    AFTER_NAMES,
    ends_in_other_role,
    without_other_roles,
    without_tail,
)
from cleanwire.extract.metadata.authors.person_names import MAX_AUTHORS, is_control, is_role, names
from cleanwire.extract.metadata.surroundings import (
    in_comments_or_teaser,
    is_in_card,
    words_of_element,
)
from cleanwire.extract.metadata.titles.site_names import folded
from cleanwire.extract.vocabulary import alternation, words
from cleanwire.urls import host_of

_MARKUP = (
    ("author", '[rel~="author"]'),
    ("author", '[itemprop~="author"] [itemprop~="name"]'),
    ("author", '[itemprop~="author"]'),
    ("vcard", ".vcard .fn"),
    ("p-author", ".p-author"),
)
"""Elements that are marked as an author's. Of each a text that the attributes must contain for the
selector to match (`AttributeText`), and the selector."""

_PATHS = frozenset(words("author_paths"))
_LINKS = tuple((f"/{part}/", f'a[href*="/{part}/"]') for part in _PATHS)
_CLASSES = (
    *((part, f'[class*="{part}"]') for part in words("author_class_parts")),
    ("author", '[id*="author"]'),
    ("byline", '[id*="byline"]'),
    (' class="by', '[class~="by"]'),
    ("-by", '[class*="-by"]'),
    ("_by", '[class*="_by"]'),
    ("", "address"),
)
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

_WORD = re.compile(r"[^\W\d_]{5}")
"""A text with so many letters in a row says something. In a byline it ends the names."""

_INLINE = frozenset({"a", "b", "em", "i", "span", "strong"})
_LABELS = _INLINE | {"label", "p", "small"}
"""Elements that may hold the label of the element behind them."""

_LINKED_LENGTH = 3
"""The fewest letters of one word that a link to an author's page has as a name."""

_MOST_ANCESTORS = 3
_MOST_BETWEEN = 8
"""The most characters between the elements of two authors of one byline: a comma, an "and"."""


@dataclasses.dataclass(frozen=True, slots=True)
class AuthorElements:
    """The elements of a page that may name an author.

    Attributes:
        tree: the page, or a part of it.
        written: the attributes of its elements.
        titles: the titles of the page.
        hosts: its hosts; a link to a person's page elsewhere tells nothing.
        unnamed: the texts of elements in which no person was found, those in markup first, with
            whether they are.
    """

    tree: LexborHTMLParser | LexborNode
    written: AttributeText
    titles: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    unnamed: list[tuple[str, bool]] = dataclasses.field(default_factory=list)


def authors_in_tree(
    elements: AuthorElements,
    not_names: Iterable[str | None],
    *,
    language: str | None = None,
    links: bool = True,
) -> tuple[str, ...]:
    """The authors that elements name which are marked as an author's.

    Several elements name several authors only if they are in the same byline.

    Args:
        elements: the elements of the page, or of a part of it.
        not_names: texts that are no author, such as the names of the site and the title.
        language: the primary subtag (BCP 47) of the page.
        links: whether links to a person's page, with no mark of an author, are read too.

    Returns:
        The names in order; none if no element names anybody.
    """
    excluded = tuple(not_names)
    for selectors in (_MARKUP, _CLASSES, _LINKS) if links else (_MARKUP, _CLASSES):
        reader = _NameReader(
            excluded,
            one_word=selectors is _MARKUP,
            language=language,
            marked=selectors is not _LINKS,
            titles=elements.titles,
            hosts=elements.hosts,
        )
        selector = elements.written.selectors_present(selectors)
        nodes = elements.tree.css(selector) if selector else ()
        unnamed: list[str] = []
        found = _authors_of_elements(nodes, reader, unnamed, by_class=selectors is _CLASSES)
        if found:
            return found
        if selectors is not _LINKS:
            elements.unnamed.extend((text, selectors is _MARKUP) for text in unnamed)
    return ()


def others_in_tree(
    elements: AuthorElements,
    not_names: Iterable[str | None],
    *,
    language: str | None = None,
) -> tuple[str, ...]:
    """The pseudonyms, agencies and desks that elements name as authors.

    They are asked for only if a page names no person.

    Args:
        elements: the elements that `authors_in_tree` has read.
        not_names: as for `authors_in_tree`.
        language: as for `authors_in_tree`.
    """
    excluded = tuple(not_names)
    for text, marked in elements.unnamed:
        found = names(
            [without_tail(without_other_roles(text))],
            not_names=excluded,
            one_word=marked,
            organisations=True,
            pseudonyms=marked,
            language=language,
        )
        if found:
            return found
    return ()


def site_in_tree(elements: AuthorElements, sites: Iterable[str | None]) -> tuple[str, ...]:
    """The site itself, if an element that is marked as an author's names it.

    Args:
        elements: the elements that `authors_in_tree` has read.
        sites: the name and the host of the site.
    """
    known = {folded(part) for name in sites if name for part in (name, *name.split("."))}
    for text, marked in elements.unnamed:
        name = without_tail(without_other_roles(text))
        if marked and len(name) > _LINKED_LENGTH and folded(name) in known:
            return (name,)
    return ()


@dataclasses.dataclass(frozen=True, slots=True)
class _NameReader:
    """How names are read from the elements of one kind of selector: the options of `names`."""

    not_names: tuple[str | None, ...]
    one_word: bool
    language: str | None
    marked: bool = True
    """Whether the elements are marked as an author's, not only links to a person's page."""

    titles: tuple[str, ...] = ()
    """The titles of the page, which a linked heading may repeat."""

    hosts: tuple[str, ...] = ()
    """The hosts of the page."""

    def names(self, texts: Iterable[str]) -> tuple[str, ...]:
        """The names in texts."""
        return names(
            texts,
            not_names=self.not_names,
            one_word=self.one_word,
            language=self.language,
        )


def _authors_of_elements(
    nodes: Sequence[LexborNode], reader: _NameReader, unnamed: list[str], *, by_class: bool
) -> tuple[str, ...]:
    """The authors of the first element that names any, and of the others in the same byline.

    `unnamed` gets the texts of the elements that name nobody.
    """
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
        if not reader.marked and not _leads_to_person(node, reader.hosts):
            continue
        beside = last is not None and _adjoins(node, last)
        if (
            _is_of_other_role(node)
            or in_comments_or_teaser(node)
            or (found and not beside and not _is_inside(node, around))
        ):
            continue
        read += 1
        people = _people_in(node, text, reader)
        if people and is_in_card(node, (*people, *reader.titles)):
            continue
        if not people:
            unnamed.append(text)
        elif not found:
            around = _byline_around(node)
        if people and (beside or not found):
            last = node
        found.update(dict.fromkeys(people))
    return tuple(found)[:MAX_AUTHORS]


def _people_in(node: LexborNode, text: str, reader: _NameReader) -> tuple[str, ...]:
    """The people that one element names, by its links to authors, its text, or parts of it."""
    text = without_other_roles(text)
    inner = [link for link in node.css(_INNER_NAMES) if not _is_of_other_role(link)]
    if not inner and "itemprop" in node.attributes:
        inner = node.css('[itemprop~="name"]')
    if inner:
        linked = [name for link in inner[:_MOST_READ] for name in _linked_names(link, reader)]
        if linked:
            return tuple(dict.fromkeys(linked))
    if found := _in_first_piece(node, reader):
        return found
    for part in map(without_tail, AFTER_NAMES.split(text)):
        if people := reader.names([part]):
            return people
    pieces = _pieces(node)
    several: list[str] = []
    for piece in pieces if len(pieces) > 1 else ():
        people = reader.names([without_tail(piece)])
        if not people and _WORD.search(piece) and not is_role(piece) and not is_control(piece):
            break
        several += people
    return tuple(dict.fromkeys(several))


def _pieces(node: LexborNode) -> list[str]:
    """The texts of an element that its markup parts, also those that are empty."""
    return [squeezed(piece) for piece in (node.text(deep=True, separator="\n") or "").split("\n")]


def _in_first_piece(node: LexborNode, reader: _NameReader) -> tuple[str, ...]:
    """The name that an element begins with, if its markup parts it from a role after it."""
    pieces = [piece for piece in _pieces(node) if piece]
    if len(pieces) > 1 and is_role(pieces[1]) and (found := reader.names([pieces[0]])):
        return found
    return ()


def _linked_names(link: LexborNode, reader: _NameReader) -> tuple[str, ...]:
    """The names in the text of a link; one word is a name if the address has it too."""
    text = squeezed(link.text(deep=True, separator=" ") or "")
    found = reader.names([text])
    if found or not reader.marked:
        return found
    address = (link.attributes.get("href") or "").rstrip("/").rpartition("/")[2].casefold()
    if text.isalpha() and len(text) >= _LINKED_LENGTH and address.startswith(text.casefold()):
        return dataclasses.replace(reader, one_word=True).names([text])
    return ()


def _is_of_other_role(node: LexborNode) -> bool:
    """Whether the words before an element say that it names somebody who is not the writer."""
    before = node.prev
    if before is None and node.parent is not None and node.parent.tag in _INLINE:
        before = node.parent.prev
    return before is not None and ends_in_other_role(
        before.text(deep=True, separator=" ")
        if before.is_element_node
        else before.text_content or ""
    )


def _is_of_author(node: LexborNode) -> bool:
    """Whether a class or an id has a whole word for an author; `authority` is none."""
    if node.tag == "address":
        # In a footer, `address` is the postal address of a firm.
        around = node.parent
        while around is not None and around.tag != "footer":
            around = around.parent
        return around is None
    return any(_AUTHOR_WORD.fullmatch(word) for word in words_of_element(node))


def _leads_to_person(link: LexborNode, hosts: Iterable[str]) -> bool:
    """Whether a link leads to a person's page of the site, not to a story in a section `people`."""
    href = link.attributes.get("href") or ""
    host = host_of(href)
    if host and hosts and not any(_domain(host) == _domain(other) for other in hosts):
        return False
    path = href.partition("?")[0].rstrip("/").split("/")
    at = next((at for at, part in enumerate(path) if part in _PATHS), len(path))
    return len([part for part in path[at + 1 :] if not part.isdigit()]) == 1


def _domain(host: str) -> str:
    """The last two labels of a host, which hosts of one site have in common."""
    return ".".join(host.split(".")[-2:])


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
