"""What the names of elements say: class, id, role, itemprop, and the element's own name.

Invariant: a name counts for what it was on other sites. For each token the table tells which share
of the text under it was content, on average over the sites that use it, and how much that is above
the share around it. A token that fewer than three sites use is not in the table and says nothing.
Neither does a token in a language that the table does not have.
"""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from cleanwire.extract.dom.attributes import value_of
from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.parsing import name_hash
from cleanwire.extract.model.name_values import (
    MAX_TOKENS,
    MAX_VALUE,
    MEANINGFUL,
    PREFIXES,
    STYLES,
    TAG_STYLES,
    TAG_TOKENS,
    NameTable,
    look_up,
)
from cleanwire.extract.model.sums import number_keys

Lookup = Callable[[str], tuple[float, float] | None]
"""Token -> (share of content under it, gain over the share around it); None if it is unknown."""

MAX_KEPT = 4_000_000
"""The cache of element names is cleared above this many characters."""

_CLASS_ALONE, _ID_ALONE = len(' class=""'), len(' id=""')


def split(value: str) -> list[str]:
    """The first tokens of a class or an id."""
    return _apart(value[:MAX_VALUE]).split()[:MAX_TOKENS]


def _apart(value: str) -> str:
    """Names in lower case, with a blank in place of each mark."""
    value = value.lower().replace("-", " ").replace("_", " ")
    # These marks are rare, and `str.translate` takes longer than all the rest of this function.
    for mark in ":./":
        if mark in value:
            value = value.replace(mark, " ")
    return value


def other_tokens(attributes: str) -> list[str]:
    """The tokens of attributes other than class and id: itemprop, role, and hiding."""
    tokens = []
    if ' itemprop="' in attributes:
        tokens.append("itemprop=" + value_of(attributes, "itemprop").lower()[:MAX_VALUE])
    if ' role="' in attributes:
        tokens.append("role=" + value_of(attributes, "role").lower()[:MAX_VALUE])
    if (
        ' hidden="' in attributes
        or ' aria-hidden="true"' in attributes
        # A cheap test first: it is right about most elements.
        or (
            "none" in attributes
            and "display:none" in value_of(attributes, "style").replace(" ", "")
        )
    ):
        tokens.append("=hidden")
    return tokens


def tokens_of(tag: str, attributes: str) -> list[str]:
    """All tokens of an element, for making the table."""
    return [
        *(["<" + tag] if tag in MEANINGFUL else []),
        *split(value_of(attributes, "class")),
        *split(value_of(attributes, "id")),
        *other_tokens(attributes),
    ]


def tokens_of_all(elements: Iterable[tuple[str, str]]) -> set[str]:
    """The tokens of many elements, each a tag and its attributes.

    The result is what `tokens_of` gives for each of them. Short names are split all at once.
    """
    found: set[str] = set()
    short: list[str] = []
    for tag, attributes in elements:
        if tag in MEANINGFUL:
            found.add("<" + tag)
        if not attributes:
            continue
        for mark in (' class="', ' id="'):
            start = attributes.find(mark)
            if start >= 0:
                start += len(mark)
                value = attributes[start : attributes.find('"', start)]
                if len(value) < 2 * MAX_TOKENS:
                    short.append(value)
                else:
                    found.update(split(value))
        found.update(other_tokens(attributes))
    found.update(_apart(" ".join(short)).split())
    return found


UNKNOWN = (0.4, 0.4, 0.0)
"""The values of an element whose names say nothing: least and greatest share, least gain."""


class Names:
    """What element names say by a table, with a cache of what was looked up.

    Args:
        lookup: the table.
    """

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._clear()

    def _clear(self) -> None:
        """Empty the cache."""
        self._rows: dict[str, int] = {}
        self._style_ids: dict[str, int] = {}
        self._shares = np.empty((0, 3))
        self._styles = np.empty(0, np.int64)
        self._size = 0

    def of(self, page: BlockList) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """What the names of a page's elements say, and the styles of the elements.

        Returns:
            The least and greatest content share and the least gain of each element, float64, shape
            (3, elements); and for each element the number of its style (its tag and class),
            integer, shape (elements,). An element without text counts by its tag alone.
        """
        if self._size > MAX_KEPT:
            self._clear()
        keys = [
            tag + attributes if first < last else tag
            for tag, attributes, first, last in zip(
                page.tags, page.attributes, page.starts, page.ends, strict=True
            )
        ]
        known = list(map(self._rows.get, keys))
        if None in known:
            self._add(dict(zip(keys, page.tags, strict=True)))
            known = list(map(self._rows.get, keys))
        rows = np.array(known)
        return self._shares[rows].T, self._styles[rows]

    def _add(self, elements: Mapping[str, str]) -> None:
        """Look up those of the elements (tag and attributes -> tag) that are not in the cache."""
        new = [key for key in elements if key not in self._rows]
        first = len(self._rows)
        shares, styles = [], []
        for number, key in enumerate(new, first):
            tag = elements[key]
            *content_shares, class_value = self.content_shares(tag, key[len(tag) :])
            shares.append(content_shares)
            styles.append(self._style_ids.setdefault(f"{tag} {class_value}", len(self._style_ids)))
            self._rows[key] = number
            self._size += len(key)
        last = len(self._rows)
        if last > len(self._styles):
            self._shares = np.resize(self._shares, (2 * last, 3))
            self._styles = np.resize(self._styles, 2 * last)
        self._shares[first:last] = shares
        self._styles[first:last] = styles

    def content_shares(self, tag: str, attributes: str) -> tuple[float, float, float, str]:
        """Least and greatest share and least gain of an element's tokens, and its class."""
        class_value = ""
        tokens: list[str] = []
        rest = len(attributes)
        start = attributes.find(' class="')
        if start >= 0:
            class_value = attributes[start + 8 : attributes.find('"', start + 8)]
            tokens = split(class_value)
            rest -= len(class_value) + _CLASS_ALONE
        start = attributes.find(' id="')
        if start >= 0:
            name = attributes[start + 5 : attributes.find('"', start + 5)]
            tokens += split(name)
            rest -= len(name) + _ID_ALONE
        # Most elements have no attribute beside class and id.
        if rest > 0:
            tokens += other_tokens(attributes)
        if tag in MEANINGFUL:
            tokens.append("<" + tag)
        low, high, least = 2.0, -1.0, 0.0
        # Comparisons: `min` and `max` cost as much as the rest of this function.
        for known in map(self._lookup, tokens):
            if known is not None:
                share, gain = known
                if share < low:  # noqa: PLR1730 - `min` and `max` cost more
                    low = share
                if share > high:  # noqa: PLR1730 - `min` and `max` cost more
                    high = share
                if gain < least:  # noqa: PLR1730 - `min` and `max` cost more
                    least = gain
        return (*UNKNOWN, class_value) if high < 0 else (low, high, least, class_value)


class TabledNames(Names):
    """The same by a table of arrays, which a compiled pass looks up; nothing is kept.

    Args:
        shares: token -> content share and gain.
    """

    def __init__(self, shares: Mapping[str, tuple[float, float]]) -> None:
        super().__init__(shares.get)
        self._table = NameTable(shares)

    def of(self, page: BlockList) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """As `Names.of`."""
        arrays = page.as_arrays()
        count = len(arrays.tags)
        found, hashes = np.empty((3, count)), np.empty(count, np.int64)
        left = np.empty(count, np.uint8)
        look_up(
            arrays.data,
            arrays.attributes_at,
            arrays.attributes_end,
            arrays.tags,
            (arrays.starts < arrays.ends).view(np.uint8),
            TAG_STYLES,
            TAG_TOKENS,
            PREFIXES,
            self._table.hashes,
            self._table.values,
            found,
            hashes,
            left,
        )
        for element in np.flatnonzero(left).tolist():
            attributes = page.attributes[element]
            tag = page.tags[element]
            has_text = page.starts[element] < page.ends[element]
            *found[:, element], name = self.content_shares(tag, attributes if has_text else "")
            hashes[element] = name_hash(f"{tag} {name}") & STYLES
        found[:, found[1] < 0] = np.array(UNKNOWN)[:, None]
        styles = np.empty(count, np.int64)
        number_keys(hashes, styles)
        return found, styles
