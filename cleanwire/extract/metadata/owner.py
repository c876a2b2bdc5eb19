"""Which of the articles in a page's JSON-LD is the page's own.

Invariant: an article that names another page and another headline is another story, wherever
it stands; where the data do not tell, the first is believed, as it always was.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from cleanwire.extract.metadata.jsonld import as_list, text_of

_LONGEST = 2000
_TRACKING = ("utm_", "fbclid", "gclid", "ref=", "amp", "source=", "output")
_ALIKE = 0.6
_SHORTEST = 8

_Place = tuple[str, frozenset[str]]


def own_articles(
    articles: Sequence[dict[str, Any]],
    *,
    urls: Iterable[str | None],
    titles: Iterable[str | None],
) -> list[dict[str, Any]]:
    """The articles that are the page's own, the surest first.

    Args:
        articles: those of its JSON-LD, in order.
        urls: what the page calls itself, and where it was fetched.
        titles: its headlines: of its headings, its cards, its document.
    """
    here = {place for url in urls if (place := _place(url))}
    named = [folded for title in titles if title and (folded := _folded(title))]
    judged = [(_says(article, here, named), article) for article in articles]
    sure = [said for said, _ in judged if said > 0]
    if len(articles) > 1 and sure:
        # Of several that are sure each may tell what another leaves out; what is not sure may not.
        kept = [(said, article) for said, article in judged if said > 0 or _is_bare(article)]
        return [article for _, article in sorted(kept, key=lambda pair: -pair[0])]
    return [article for said, article in judged if said >= 0]


def _says(article: dict[str, Any], here: set[_Place], named: Sequence[str]) -> int:
    """How plainly an article is the page's own; below nothing, how plainly another's."""
    places = {place for url in _urls_of(article) if (place := _place(url))}
    said = [text_of(article.get(key)) for key in ("headline", "alternativeHeadline", "name")]
    headlines = [folded for text in said if text and (folded := _folded(text))]
    same_place = bool(places & here)
    same_title = any(_alike(headline, name) for headline in headlines for name in named)
    if same_place or same_title:
        return 2 * same_place + same_title
    if places and here and headlines and named:
        return -1
    return 0


def _is_bare(article: dict[str, Any]) -> bool:
    """Whether an article says nothing of which one it is."""
    return not any(_urls_of(article)) and not article.get("headline") and not article.get("name")


def _urls_of(article: dict[str, Any]) -> list[str]:
    found: list[str] = []
    for key in ("url", "@id", "mainEntityOfPage"):
        for value in as_list(article.get(key)):
            said = value.get("@id") or value.get("url") if isinstance(value, dict) else value
            if isinstance(said, str) and said.startswith(("http:", "https:", "/")):
                found.append(said[:_LONGEST])
    return found


def _place(url: str | None) -> _Place | None:
    """A URL by its path and query, without what often differs: scheme, host, fragment, tracking.

    An address without either is a site's, and no page's.
    """
    try:
        parts = urlsplit((url or "")[:_LONGEST])
    except ValueError:
        return None
    path = parts.path.rstrip("/").casefold()
    query = frozenset(
        part for part in parts.query.split("&") if part and not part.startswith(_TRACKING)
    )
    return (path, query) if path or query else None


def _alike(one: str, other: str) -> bool:
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    return len(short) > _SHORTEST and short in long and len(short) >= _ALIKE * len(long)


def _folded(text: str) -> str:
    return "".join(filter(str.isalnum, text[:_LONGEST].casefold()))
