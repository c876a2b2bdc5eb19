"""Tells which of the articles in a page's JSON-LD are the page's own.

Invariant: an article with the URL of another page and another headline is another story, wherever
it is in the data. An article with neither URL nor headline is always kept. Other articles of which
the data do not tell are kept only if no article is surely the page's own.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from cleanwire.extract.metadata.jsonld import as_list, text_of

_LONGEST = 2000
_TRACKING = ("utm_", "fbclid", "gclid", "ref=", "amp", "source=", "output")
_ALIKE = 0.6
"""The least share of a headline that a shorter one must be to be alike."""

_SHORTEST = 8
"""A shorter headline is alike only to an equal one."""

_Address = tuple[str, frozenset[str]]


def own_articles(
    articles: Sequence[dict[str, Any]],
    *,
    urls: Iterable[str | None],
    titles: Iterable[str | None],
) -> list[dict[str, Any]]:
    """The articles that are the page's own, the surest first.

    Args:
        articles: the articles in its JSON-LD, in order.
        urls: the URLs that the page gives itself, and the one it was fetched from.
        titles: its headlines, from headings, cards and `<title>`.
    """
    here = {address for url in urls if (address := _address(url))}
    title_keys = [folded for title in titles if title and (folded := _folded(title))]
    judged = [(_evidence(article, here, title_keys), article) for article in articles]
    own = [evidence for evidence, _ in judged if evidence > 0]
    if len(articles) > 1 and own:
        # Each article that is sure may have a field that another one lacks. An article that is not
        # sure is dropped, unless it does not name its page at all.
        kept = [
            (evidence, article)
            for evidence, article in judged
            if evidence > 0 or _is_anonymous(article)
        ]
        return [article for _, article in sorted(kept, key=lambda pair: -pair[0])]
    return [article for evidence, article in judged if evidence >= 0]


def _evidence(article: dict[str, Any], here: set[_Address], title_keys: Sequence[str]) -> int:
    """3 to 1 if an article is the page's own, the surest 3; -1 if another's; 0 if unknown."""
    addresses = {address for url in _urls_of(article) if (address := _address(url))}
    texts = [text_of(article.get(key)) for key in ("headline", "alternativeHeadline", "name")]
    headlines = [folded for text in texts if text and (folded := _folded(text))]
    same_address = bool(addresses & here)
    same_title = any(_alike(headline, name) for headline in headlines for name in title_keys)
    if same_address or same_title:
        return 2 * same_address + same_title
    if addresses and here and headlines and title_keys:
        return -1
    return 0


def _is_anonymous(article: dict[str, Any]) -> bool:
    """Whether an article has neither a URL nor a headline."""
    return not any(_urls_of(article)) and not article.get("headline") and not article.get("name")


def _urls_of(article: dict[str, Any]) -> list[str]:
    """The URLs that an article gives its page."""
    found: list[str] = []
    for key in ("url", "@id", "mainEntityOfPage"):
        for value in as_list(article.get(key)):
            url = value.get("@id") or value.get("url") if isinstance(value, dict) else value
            if isinstance(url, str) and url.startswith(("http:", "https:", "/")):
                found.append(url[:_LONGEST])
    return found


def _address(url: str | None) -> _Address | None:
    """The path and the query of a URL, without tracking parameters.

    Scheme, host and fragment often differ for one page. None for a URL without a path and a query,
    because it is that of a site.
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
    """Whether two headlines are equal, or one is most of the other."""
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    return len(short) > _SHORTEST and short in long and len(short) >= _ALIKE * len(long)


def _folded(text: str) -> str:
    """The letters and digits of a text, without case."""
    return "".join(filter(str.isalnum, text[:_LONGEST].casefold()))
