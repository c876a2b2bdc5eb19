"""The meta tags of a page, and the elements that are read on every page, by their names.

Invariant: values are squeezed, not empty, and at most `MAX_VALUE` characters long.
"""

import collections
from collections.abc import Iterable, Mapping, Sequence

from selectolax.lexbor import LexborNode

from cleanwire.extract.dom.text import squeezed

MAX_METAS = 300
MAX_VALUE = 2000
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
