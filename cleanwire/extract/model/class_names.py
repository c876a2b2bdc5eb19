"""What the names of elements say: class, id, role, itemprop, and the element's own.

Invariant: a name is worth what it was worth on other sites. The table tells for each token
how much of the text under it was content, on average over the sites that use it, and how much
that is above what was around it. A token that no three sites share is in no table and says
nothing; so does a page's own choice of words in any language that the table does not have.
"""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from cleanwire.extract.dom.attributes import value_of
from cleanwire.extract.dom.block_list import BlockList

MAX_TOKENS = 14
MAX_VALUE = 200
Lookup = Callable[[str], tuple[float, float] | None]
"""Token -> (share of content under it, gain over what was around it)."""

MAX_KEPT = 4_000_000
"""Characters of what is remembered."""

_CLASS_ALONE, _ID_ALONE = len(' class=""'), len(' id=""')


def split(value: str) -> list[str]:
    """The first tokens of a class or an id."""
    return _apart(value[:MAX_VALUE]).split()[:MAX_TOKENS]


def _apart(value: str) -> str:
    """Names in lower case, with a blank for each mark in them."""
    value = value.lower().replace("-", " ").replace("_", " ")
    # Seldom, and a translation table costs more than all the rest.
    for mark in ":./":
        if mark in value:
            value = value.replace(mark, " ")
    return value


MEANINGFUL = frozenset(
    "nav aside footer header main article section figure figcaption form menu address".split()
)
"""Elements whose own name tells what they are for."""


def other_tokens(attributes: str) -> list[str]:
    """The tokens of the attributes beside class and id that tell something."""
    tokens = []
    if ' itemprop="' in attributes:
        tokens.append("itemprop=" + value_of(attributes, "itemprop").lower()[:MAX_VALUE])
    if ' role="' in attributes:
        tokens.append("role=" + value_of(attributes, "role").lower()[:MAX_VALUE])
    if (
        ' hidden="' in attributes
        or ' aria-hidden="true"' in attributes
        # Cheap, and right about most elements.
        or (
            "none" in attributes
            and "display:none" in value_of(attributes, "style").replace(" ", "")
        )
    ):
        tokens.append("=hidden")
    return tokens


def tokens_of(tag: str, attributes: str) -> list[str]:
    """All tokens of an element's names, for the making of a table."""
    return [
        *(["<" + tag] if tag in MEANINGFUL else []),
        *split(value_of(attributes, "class")),
        *split(value_of(attributes, "id")),
        *other_tokens(attributes),
    ]


def tokens_of_all(elements: Iterable[tuple[str, str]]) -> set[str]:
    """The tokens of many elements' names, each a tag and its attributes.

    The same as `tokens_of` says of each; names that are short are split all at once.
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
"""Of an element whose names say nothing: least and greatest share, least gain."""


class Names:
    """What names are worth by a table; remembers what it has looked up."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._forget()

    def _forget(self) -> None:
        self._places: dict[str, int] = {}
        self._looks: dict[str, int] = {}
        self._worths = np.empty((0, 3))
        self._looked = np.empty(0, np.intp)
        self._size = 0

    def of(self, page: BlockList) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """What the names of a page's elements are worth, and how the elements look.

        Returns:
            Least and greatest share and least gain, shape (3, elements); and of each element
            a number that it shares with those of its tag and class. An element without text
            is asked for its tag alone.
        """
        if self._size > MAX_KEPT:
            self._forget()
        keys = [
            tag + attributes if first < last else tag
            for tag, attributes, first, last in zip(
                page.tags, page.attributes, page.starts, page.ends, strict=True
            )
        ]
        places = list(map(self._places.get, keys))
        if None in places:
            self._add(dict(zip(keys, page.tags, strict=True)))
            places = list(map(self._places.get, keys))
        rows = np.array(places)
        return self._worths[rows].T, self._looked[rows]

    def _add(self, elements: Mapping[str, str]) -> None:
        """Look up those of the elements (tag and attributes -> tag) that are not known."""
        new = [key for key in elements if key not in self._places]
        first = len(self._places)
        worths, looked = [], []
        for place, key in enumerate(new, first):
            tag = elements[key]
            *worth, looks = self.worth(tag, key[len(tag) :])
            worths.append(worth)
            looked.append(self._looks.setdefault(f"{tag} {looks}", len(self._looks)))
            self._places[key] = place
            self._size += len(key)
        last = len(self._places)
        if last > len(self._looked):
            self._worths = np.resize(self._worths, (2 * last, 3))
            self._looked = np.resize(self._looked, 2 * last)
        self._worths[first:last] = worths
        self._looked[first:last] = looked

    def worth(self, tag: str, attributes: str) -> tuple[float, float, float, str]:
        """Least and greatest share and least gain of an element's tokens, and its class."""
        looks = ""
        tokens: list[str] = []
        rest = len(attributes)
        start = attributes.find(' class="')
        if start >= 0:
            looks = attributes[start + 8 : attributes.find('"', start + 8)]
            tokens = split(looks)
            rest -= len(looks) + _CLASS_ALONE
        start = attributes.find(' id="')
        if start >= 0:
            name = attributes[start + 5 : attributes.find('"', start + 5)]
            tokens += split(name)
            rest -= len(name) + _ID_ALONE
        # Most elements have a class and an id and no more.
        if rest > 0:
            tokens += other_tokens(attributes)
        if tag in MEANINGFUL:
            tokens.append("<" + tag)
        low, high, least = 2.0, -1.0, 0.0
        # Comparisons, since min and max cost as much as all the rest.
        for known in map(self._lookup, tokens):
            if known is not None:
                share, gain = known
                if share < low:  # noqa: PLR1730 - as above
                    low = share
                if share > high:  # noqa: PLR1730 - as above
                    high = share
                if gain < least:  # noqa: PLR1730 - as above
                    least = gain
        return (*UNKNOWN, looks) if high < 0 else (low, high, least, looks)
