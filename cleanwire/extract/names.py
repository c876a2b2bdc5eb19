"""What the names of elements say: class, id, role, itemprop, and the element's own.

The rule here: a name is worth what it was worth on other sites. The table tells for each token
how much of the text under it was content, on average over the sites that use it, and how much
that is above what was around it. A token that no three sites share is in no table and says
nothing; so does a page's own choice of words in any language that the table does not have.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

MAX_TOKENS = 14
MAX_VALUE = 200
Lookup = Callable[[str], tuple[float, float] | None]
"""Token -> (share of content under it, gain over what was around it)."""

MAX_KEPT = 20_000
MAX_KEY = 400
_CLASS_ALONE = len(' class=""')


def value_of(attributes: str, name: str) -> str:
    """An attribute's value in attributes as a written tree has them; empty if there is none."""
    start = attributes.find(f' {name}="')
    if start < 0:
        return ""
    start += len(name) + 3
    return attributes[start : attributes.find('"', start)]


def class_tokens(value: str) -> list[str]:
    """The tokens of a class or an id."""
    value = value[:MAX_VALUE].lower().replace("-", " ").replace("_", " ")
    # Seldom, and a translation table costs more than all the rest.
    for mark in ":./":
        if mark in value:
            value = value.replace(mark, " ")
    return value.split()[:MAX_TOKENS]


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
        or "display:none" in value_of(attributes, "style").replace(" ", "")
    ):
        tokens.append("=hidden")
    return tokens


def tokens_of(tag: str, attributes: str) -> list[str]:
    """All tokens of an element's names, for the making of a table."""
    return [
        *(["<" + tag] if tag in MEANINGFUL else []),
        *class_tokens(value_of(attributes, "class")),
        *class_tokens(value_of(attributes, "id")),
        *other_tokens(attributes),
    ]


class Worth(NamedTuple):
    """What an element's names are worth, and its class, by which its looks are known."""

    share_low: float
    share_high: float
    low: float
    looks: str


UNKNOWN = Worth(0.4, 0.4, 0.0, "")
"""Of an element whose names say nothing: least and greatest share, least gain."""


class Names:
    """What names are worth by a table; remembers what it has looked up."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._elements: dict[str, Worth] = {}
        self._values: dict[str, tuple[float, float, float]] = {}

    def worth(self, tag: str, attributes: str) -> Worth:
        """The worth of an element's tokens."""
        key = tag + attributes
        found = self._elements.get(key)
        if found is None:
            found = self._look(tag, attributes)
            if len(key) <= MAX_KEY:
                _bounded(self._elements)[key] = found
        return found

    def _look(self, tag: str, attributes: str) -> Worth:
        looks = value_of(attributes, "class")
        low, high, gain = self._of(looks)
        rest = len(attributes) - len(looks)
        if ' id="' in attributes:
            name = value_of(attributes, "id")
            rest -= len(name) + 6
            low2, high2, gain2 = self._of(name)
            low, high, gain = min(low, low2), max(high, high2), min(gain, gain2)
        # Most elements have a class and an id and no more.
        tokens = other_tokens(attributes) if rest > _CLASS_ALONE else []
        if tag in MEANINGFUL:
            tokens.append("<" + tag)
        for token in tokens:
            known = self._lookup(token)
            if known is not None:
                low, high = min(low, known[0]), max(high, known[0])
                gain = min(gain, known[1])
        return Worth(0.4, 0.4, 0.0, looks) if high < 0 else Worth(low, high, gain, looks)

    def _of(self, value: str) -> tuple[float, float, float]:
        found = self._values.get(value)
        if found is None:
            known = [worth for worth in map(self._lookup, class_tokens(value)) if worth]
            if known:
                shares, gains = zip(*known, strict=True)
                found = min(shares), max(shares), min(0.0, *gains)
            else:
                found = 2.0, -1.0, 0.0
            _bounded(self._values)[value] = found
        return found


def _bounded(cache: dict[str, Any]) -> dict[str, Any]:
    if len(cache) >= MAX_KEPT:
        cache.clear()
    return cache
