"""The authors that a page's data name: schema.org data and meta tags.

Invariant: witnesses are asked in the order of how sure they are, and the first that names anybody
is believed.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.text import squeezed
from cleanwire.extract.metadata.authors.person_names import MAX_AUTHORS, names
from cleanwire.extract.metadata.jsonld import as_list, text_of, types
from cleanwire.extract.metadata.titles.site_names import folded
from cleanwire.extract.vocabulary import alternation

_NAME_LENGTH = 100
_SHORT = 3
"""A name of no more letters occurs in anything."""

METAS = (
    *(
        "author article:author citation_author citation_authors dc.creator dcterms.creator "
        "parsely-author sailthru.author byl article:author_name cxenseparse:author "
        "og:article:author dc.author authors creator author-name article.author rbauthors "
        "dcsext.author"
    ).split(),
    "microdata author",
)
"""The names of the meta tags that name authors, the surest first."""


_LABEL = re.compile(alternation("author_card_labels"), re.IGNORECASE)


def authors_in_data(  # noqa: PLR0913 - the options of `names`
    metas: dict[str, list[str]],
    articles: Sequence[dict[str, Any]],
    linked: Sequence[dict[str, Any]],
    not_names: Iterable[str | None],
    *,
    organisations: bool = False,
    publishers: Iterable[str | None] = (),
    sites: Iterable[str | None] = (),
    language: str | None = None,
) -> tuple[str, ...]:
    """The authors that a page's data name.

    Args:
        metas: the values of the page's meta tags, by name.
        articles: the articles in its JSON-LD.
        linked: all objects in its JSON-LD, among which an author is looked up by its `@id`.
        not_names: texts that are no author, such as the names of the site and the title.
        organisations: whether an agency or a publisher may be an author.
        publishers: texts such as a copyright notice: an author that one of them names is an
            organisation.
        sites: names of the site, which are not taken apart.
        language: the primary subtag (BCP 47) of the page.

    Returns:
        The names in order; none if no witness names anybody.
    """
    excluded = tuple(not_names)
    whole = tuple(sites)
    firms = [folded(text) for text in publishers if text]
    for witness in _names_in_data(metas, articles, linked, organisations=organisations):
        found = names(
            witness,
            not_names=excluded,
            one_word=True,
            organisations=organisations,
            single=True,
            whole=whole,
            language=language,
        )
        if people := tuple(name for name in found if not _is_in(folded(name), firms)):
            return people
    return ()


def are_shown(authors: Iterable[str], page: BlockList) -> bool:
    """Whether the blocks of a page have the last word of the name of one of these people.

    The account that put a story online is often an author in the data of a page, and nowhere on it.
    """
    words = {word for name in authors for word in name.partition(",")[0].split()[-1:]}
    if any(word in text for word in words for text in page.texts):
        return True
    known = {word.casefold() for word in words}
    return any(word in text for text in map(str.casefold, page.texts) for word in known)


def _is_in(name: str, texts: Iterable[str]) -> bool:
    """Whether a name that is long enough is part of a text."""
    return len(name) > _SHORT and any(name in text for text in texts)


def organisations_in_data(
    articles: Iterable[dict[str, Any]], sites: Iterable[str | None]
) -> tuple[str, ...]:
    """The organisations that schema.org data name as the author of an article, as they are.

    Args:
        articles: the articles in the page's JSON-LD.
        sites: names of the site, which the data may call a person.
    """
    found: dict[str, None] = {}
    known = {folded(name) for name in sites if name}
    for article in articles:
        for author in as_list(article.get("author") or article.get("creator")):
            if not isinstance(author, dict):
                continue
            name = squeezed((text_of(author.get("name")) or "")[:_NAME_LENGTH])
            is_firm = any("organization" in kind for kind in types(author))
            if (is_firm or folded(name) in known) and any(map(str.isalpha, name)):
                found[name] = None
    return tuple(name for name in found if "://" not in name)[:MAX_AUTHORS]


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
    yield from (metas[key] for key in METAS if key in metas)
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
