"""The meta tags of a page by name, and what one declaration tells: its language and its URL.

Invariant: values are squeezed, not empty, and at most `MAX_VALUE` characters long.
"""

import collections
from collections.abc import Iterable, Mapping, Sequence

from selectolax.lexbor import LexborHTMLParser, LexborNode

from cleanwire.extract.dom.text import squeezed
from cleanwire.urls import absolute_url

MAX_METAS = 300
MAX_VALUE = 2000
LANGUAGES = ("content-language", "language", "dc.language", "og:locale")
_MICRODATA = {"author": "microdata author", "creator": "microdata author"}
"""Names of microdata that are less sure than those of other meta tags."""


def by_tag(nodes: Iterable[LexborNode]) -> Mapping[str, list[LexborNode]]:
    """Elements by tag, in document order; a tag without elements has an empty list."""
    found: dict[str, list[LexborNode]] = collections.defaultdict(list)
    for node in nodes:
        found[node.tag or ""].append(node)
    return found


def values_by_name(nodes: Sequence[LexborNode]) -> dict[str, list[str]]:
    """The values of meta tags by name, in lower case; a tag may have several names.

    Microdata count only for names that no other tag has: they may be of a work in a list.
    """
    metas: dict[str, list[str]] = {}
    items: dict[str, list[str]] = {}
    for node in nodes[:MAX_METAS]:
        attributes = node.attributes
        value = squeezed((attributes.get("content") or "")[:MAX_VALUE])
        if not value:
            continue
        for key in ("property", "name", "itemprop", "http-equiv"):
            name = attributes.get(key)
            if name:
                name = name.strip().lower()
                if key != "itemprop":
                    metas.setdefault(name, []).append(value)
                else:
                    items.setdefault(_MICRODATA.get(name, name), []).append(value)
    return items | metas


def first_value(metas: dict[str, list[str]], keys: tuple[str, ...] | list[str]) -> str | None:
    """The first value of the first meta tag in `keys` that the page has."""
    return next((metas[key][0] for key in keys if key in metas), None)


def all_values(metas: dict[str, list[str]], keys: tuple[str, ...]) -> list[str]:
    """All values of meta tags, in the order of `keys`."""
    return [value for key in keys for value in metas.get(key, ())]


def cleaned(text: str | None) -> str | None:
    """A text squeezed and cut to `MAX_VALUE`; None if nothing is left."""
    return squeezed(text[:MAX_VALUE]) or None if text else None


def absolute_declared(declared: str | None, url: str | None) -> str | None:
    """A declared URL as an absolute URL; None if it is no http or https URL."""
    declared = (declared or "")[: MAX_VALUE + 1].strip()
    # A URL with a lone surrogate, which JSON-LD may have, could not be encoded.
    if not declared or len(declared) > MAX_VALUE or declared != squeezed(declared):
        return None
    return absolute_url(declared, url)


def canonical_url(
    links: Sequence[LexborNode], metas: dict[str, list[str]], url: str | None
) -> str | None:
    """The URL that a page gives itself, as an absolute URL; None if it gives none."""
    declared = (links[0].attributes.get("href") if links else None) or first_value(
        metas, ("og:url",)
    )
    return absolute_declared(declared, url)


def language_tag_of(tree: LexborHTMLParser, metas: dict[str, list[str]]) -> str | None:
    """The language tag (BCP 47) that a page declares, region included."""
    root = tree.root
    attributes = root.attributes if root is not None else {}
    declared = attributes.get("lang") or attributes.get("xml:lang")
    return declared or first_value(metas, LANGUAGES)


def primary_language(*declared: str | None) -> str | None:
    """The primary subtag of the first tag that has a valid one, in lower case."""
    for value in declared:
        tag = (value or "").strip().lower().replace("_", "-").partition("-")[0]
        if tag.isascii() and tag.isalpha() and len(tag) in (2, 3):
            return tag
    return None
