"""Who wrote a page, from the witnesses of its tree and its text.

The rule here: the surest witness first, and the first that names anybody is believed: schema.org
data, meta tags, links and elements that call themselves an author's, and last a line that reads
as a byline. What stands among comments, in a box about the author or beside a picture is no
witness.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from cleanwire.extract.authors import names
from cleanwire.extract.dates import MONTHS
from cleanwire.extract.jsonld import as_list, text_of, types
from cleanwire.extract.text import squeezed

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
_LINKS = tuple(
    (f"/{part}/", f'a[href*="/{part}/"]')
    for part in (
        "author authors autor autoren auteur autore yazar profile staff person people redaktion "
        "contributors team"
    ).split()
)
_CLASSES = (
    *(
        (part, f'[class*="{part}"]')
        for part in (
            "byline author Author autor auteur Byline creator verfasser writer contributor"
        ).split()
    ),
    ("author", '[id*="author"]'),
    ("byline", '[id*="byline"]'),
    ("", "address"),
)
_ELSEWHERE = re.compile(
    r"comment|respon[ds]|avatar|image|thumb|photo|credit|caption|social|share|related|teaser|"
    r"widget|sidebar|footer|popular|recent|recommend|card-list|quote|follow|bio\b|-bio|about",
    re.IGNORECASE,
)
_READ = 12
_READ_CHARACTERS = 4_000_000
_LONGEST = 160
_UP = 6
_LABEL = re.compile(
    r"written|author|verfasst|geschrieben|escrito|écrit|autor|scritto|door", re.IGNORECASE
)
_BYLINE = re.compile(
    r"(?:^|[|•·–—,.]\s{0,2}|\s-\s{1,2}|\d\s{1,3})"
    r"(?:(?:(?:written|posted|published|story|text|words|report|interview|geschrieben|verfasst)\s{1,2})?"
    r"(?:by|von|par|por|door|przez|текст|автор|yazan|af|av|di)"
    r"(?:\s{0,2}[:/]\s{0,2}|\s{1,2})|(?-i:By(?=[A-Z]))|(?:作者|文|記者|بقلم)\s{0,2}[:：/]?\s{0,2})(?=\S)",
    re.IGNORECASE,
)
_AFTER_NAMES = re.compile(r"\s[|•·–—-]\s|\s\d|[|•·]|\son\s|\sam\s\d|,?\s\d")


def authors_said(
    metas: dict[str, list[str]],
    articles: Sequence[dict[str, Any]],
    linked: Sequence[dict[str, Any]],
    not_names: Iterable[str | None],
    *,
    organisations: bool = False,
) -> tuple[str, ...]:
    """The authors that a page's data name, in order; none where none is sure.

    Args:
        metas: the values of its meta tags by name.
        articles: the articles in its JSON-LD.
        linked: everything in its JSON-LD, where an author may be kept by its `@id`.
        not_names: what is no author: the site, the title.
        organisations: whether an agency or a publisher may be one.
    """
    excluded = tuple(not_names)
    for witness in _said(metas, articles, linked, organisations=organisations):
        found = names(witness, not_names=excluded, one_word=True, organisations=organisations)
        if found:
            return found
    return ()


def authors_in_tree(
    tree: LexborHTMLParser, written: str, not_names: Iterable[str | None]
) -> tuple[str, ...]:
    """The authors that elements name which call themselves an author's.

    Args:
        tree: the page.
        written: the attributes of its elements.
        not_names: as above.
    """
    excluded = tuple(not_names)
    for selectors, one_word in ((_MARKED, True), (_CLASSES, False), (_LINKS, False)):
        selector = those_in(written, selectors)
        read = seen = 0
        for node in tree.css(selector) if selector else ():
            text = squeezed(node.text(deep=True, separator=" ") or "")
            # Elements that hold each other have the same text again and again.
            seen += len(text)
            if seen > _READ_CHARACTERS:
                break
            if not 0 < len(text) <= _LONGEST or is_elsewhere(node):
                continue
            for part in map(_cut, _AFTER_NAMES.split(text)):
                if found := names([part], not_names=excluded, one_word=one_word):
                    return found
            read += 1
            if read == _READ:
                break
    return ()


def those_in(written: str, selectors: Iterable[tuple[str, str]]) -> str:
    """The selectors that can match at all: a search of the tree costs far more than of a text.

    Args:
        written: the attributes of a page's elements.
        selectors: of each what its attributes must hold, and itself.
    """
    return ",".join(selector for needed, selector in selectors if needed in written)


def authors_in_lines(lines: Iterable[str], not_names: Iterable[str | None]) -> tuple[str, ...]:
    """The authors that a byline among short lines names: `By Ada Quill | 3 May`."""
    excluded = tuple(not_names)
    for line in lines:
        if len(line) > _LONGEST:
            continue
        match = _BYLINE.search(line)
        if match and (found := names([_cut(line[match.end() :])], not_names=excluded)):
            return found
    return ()


def _cut(text: str) -> str:
    """A byline without what follows the names: a date, a desk, a counter."""
    words = _AFTER_NAMES.split(text, maxsplit=1)[0].split()
    while len(words) > 1 and words[-1].strip(".,").lower() in MONTHS:
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
    named = as_list(author.get("name") or known.get("name"))
    return [name for name in named if isinstance(name, str)]


def is_elsewhere(node: LexborNode | None) -> bool:
    """Whether an element stands among comments or teasers, by its class or one around it."""
    for _ in range(_UP):
        if node is None or node.tag in ("body", "article", "main", "html"):
            return False
        attributes = node.attributes
        if _ELSEWHERE.search(f"{attributes.get('class') or ''} {attributes.get('id') or ''}"[:300]):
            return True
        node = node.parent
    return False
