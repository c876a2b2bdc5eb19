"""Parses a page, after one pass over its bytes has measured its depth and its attributes.

Invariant: a page that would take a parser quadratic time is rejected before it is parsed, and no
page that people read is rejected. A parser checks for each tag the open elements around it, and for
each attribute the others of its element. Both take time in the square of their number, so 100 kB
can keep a parser busy for a minute. Browsers flatten elements deeper than 512, so people do read
pages whose authors forgot a few hundred closing tags.

The pass follows the HTML standard on which tags end which elements. It measures the depth exactly,
except where the standard treats misnested formatting elements. If the measured depth
is too small, the page is parsed all the same, and the time and memory limits of the cleaning
processes apply.
"""

import numpy as np
from numpy.typing import NDArray
from selectolax.lexbor import LexborHTMLParser

from cleanwire.errors import TooLarge
from cleanwire.native import compiled, inlined

MAX_DEPTH = 4096
MAX_ATTRIBUTES = 16_384
"""Of 1,712 labelled pages the deepest has a depth of 56, and no element more than 99 attributes."""

PRIME = np.uint64(0x100000001B3)
"""Of FNV-1a with 64 bits, by which tags, names and styles are hashed."""
_SLOTS = 1024
"""The size of the table of element names, a power of two."""

_ORDINARY, _VOID, _RAW, _FORMAT, _BLOCK, _ITEM, _CELL, _SCOPE, _TABLE, _FOREIGN, _ROOT = range(11)
_NAMES = {
    _VOID: (
        "area base basefont bgsound br col embed frame hr img input keygen link meta param source "
        "track wbr"
    ),
    _RAW: "script style textarea title xmp iframe noembed noframes plaintext",
    _FORMAT: "a b big code em font i nobr s small strike strong tt u form",
    _BLOCK: (
        "address article aside blockquote center details dialog dir div dl fieldset figcaption "
        "figure footer h1 h2 h3 h4 h5 h6 header hgroup main menu nav ol pre section summary ul "
        "select button frameset listing search"
    ),
    _ITEM: "p li dd dt option optgroup",
    _CELL: "td th tr tbody thead tfoot colgroup",
    _SCOPE: "caption template object marquee applet foreignobject",
    _TABLE: "table",
    _FOREIGN: "svg math",
    _ROOT: "html head body",
}
# These end each other: a `dt` ends an open `dd`.
_END_EACH_OTHER = {"dt": "dd", "th": "td", "thead": "tbody", "tfoot": "tbody"}


def name_hash(name: str) -> int:
    """The 64-bit FNV-1a hash of a name, as `extremes` computes it, from an offset of 0."""
    value = 0
    for byte in name.encode():
        value = ((value ^ byte) * int(PRIME)) % 2**64
    return value


def _table() -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.int64]]:
    """The element names as a hash table with open addressing.

    Returns:
        For each slot the hash of a name, the hash of the name that it counts as, and its kind.
    """
    hashes, same = np.zeros(_SLOTS, np.uint64), np.zeros(_SLOTS, np.uint64)
    kinds = np.zeros(_SLOTS, np.int64)
    for kind, names in _NAMES.items():
        for name in names.split():
            at = name_hash(name) % _SLOTS
            while hashes[at]:
                at = (at + 1) % _SLOTS
            hashes[at], same[at] = name_hash(name), name_hash(_END_EACH_OTHER.get(name, name))
            kinds[at] = kind
    return hashes, same, kinds


_HASHES, _COUNTS_AS, _KINDS = _table()


@inlined
def _blank(byte: int) -> bool:
    """Whether a byte is white space of HTML."""
    return byte in (0x20, 0x0A, 0x09, 0x0C, 0x0D)


@compiled("Tuple((int64, int64))(uint8[::1])")
def extremes(data: NDArray[np.uint8]) -> tuple[int, int]:
    """The depth of a page and the most attributes of one of its elements.

    Counting stops shortly after either limit is passed. The attributes of all `html` and `body`
    tags are added up, because a parser puts them on one element.

    Args:
        data: the page in UTF-8, uint8, contiguous and writable, shape (bytes,).
    """
    size = len(data)
    stack = np.zeros(MAX_DEPTH + 2, np.uint64)
    kinds = np.zeros(MAX_DEPTH + 2, np.int64)
    depth = deepest = most = merged = foreign = at = 0
    while at < size:
        if data[at] != 0x3C:
            at += 1
            continue
        at += 1
        closing = at < size and data[at] == 0x2F
        if closing:
            at += 1
        if at >= size:
            break
        byte = data[at] | 0x20
        if not 0x61 <= byte <= 0x7A:
            if data[at] == 0x21 and at + 2 < size and data[at + 1] == data[at + 2] == 0x2D:
                # A comment; `<!-->` is a complete one.
                at += 3
                while at < size and not (
                    (data[at] == 0x3E and data[at - 1] == 0x2D and (data[at - 2] == 0x2D))
                    or (
                        data[at] == 0x3E
                        and data[at - 1] == 0x21
                        and data[at - 2] == data[at - 3] == 0x2D
                    )
                ):
                    at += 1
            elif closing or data[at] in (0x21, 0x3F):
                while at < size and data[at] != 0x3E:
                    at += 1
            continue
        name = np.uint64(0)
        while at < size and not (_blank(data[at]) or data[at] in (0x2F, 0x3E)):
            byte = data[at]
            if 0x41 <= byte <= 0x5A:
                byte |= 0x20
            name = (name ^ np.uint64(byte)) * PRIME
            at += 1
        count = 0
        while at < size and data[at] != 0x3E:
            if _blank(data[at]) or data[at] == 0x2F:
                at += 1
                continue
            count += 1
            at += 1
            while at < size and not (_blank(data[at]) or data[at] in (0x2F, 0x3D, 0x3E)):
                at += 1
            while at < size and _blank(data[at]):
                at += 1
            if at < size and data[at] == 0x3D:
                at += 1
                while at < size and _blank(data[at]):
                    at += 1
                if at < size and data[at] in (0x22, 0x27):
                    quote = data[at]
                    at += 1
                    while at < size and data[at] != quote:
                        at += 1
                    at += 1
                else:
                    while at < size and not (_blank(data[at]) or data[at] == 0x3E):
                        at += 1
        slot = np.int64(name & np.uint64(_SLOTS - 1))
        while _HASHES[slot] not in (np.uint64(0), name):
            slot = (slot + 1) & (_SLOTS - 1)
        kind = _KINDS[slot]
        if _HASHES[slot] == name:
            name = _COUNTS_AS[slot]
        if kind == _ROOT:
            merged += count
            count = merged
        most = max(most, count)
        if most > MAX_ATTRIBUTES:
            break
        if kind in (_VOID, _ROOT) or (foreign > 0 and at > 0 and data[at - 1] == 0x2F):
            continue
        if kind == _RAW:
            if closing or foreign > 0:
                continue
            # Raw text, up to the closing tag of the same name.
            while at < size:
                while at < size and data[at] != 0x3C:
                    at += 1
                if at + 1 < size and data[at + 1] == 0x2F:
                    other = np.uint64(0)
                    end = at + 2
                    while end < size and not (_blank(data[end]) or data[end] in (0x2F, 0x3E)):
                        byte = data[end]
                        if 0x41 <= byte <= 0x5A:
                            byte |= 0x20
                        other = (other ^ np.uint64(byte)) * PRIME
                        end += 1
                    if other == name:
                        break
                at += 1
            continue
        # The element that this tag ends: a closing tag ends its own element, and an opening tag the
        # open one of those that end each other.
        found = depth
        crossed = False
        if closing or kind in (_ITEM, _CELL):
            above = depth - 1
            while above >= 0:
                if stack[above] == name:
                    found = above
                    break
                other_kind = kinds[above]
                if other_kind == _TABLE or (
                    kind not in (_CELL, _TABLE) and other_kind in (_CELL, _SCOPE)
                ):
                    break
                if other_kind in (_BLOCK, _SCOPE, _CELL):
                    crossed = True
                    if kind == _ORDINARY or (kind == _ITEM and not closing):
                        break
                above -= 1
        if closing and kind == _FORMAT and crossed and found < depth:
            # A formatting element ends alone; the elements inside it stay open.
            for level in range(found, depth - 1):
                stack[level] = stack[level + 1]
                kinds[level] = kinds[level + 1]
            depth -= 1
        elif found < depth:
            for level in range(found, depth):
                foreign -= kinds[level] == _FOREIGN
            depth = found
        if not closing:
            if depth > MAX_DEPTH:
                break
            stack[depth] = name
            kinds[depth] = kind
            foreign += kind == _FOREIGN
            depth += 1
            deepest = max(deepest, depth)
    return deepest, most


def parsed(html: str | bytes) -> LexborHTMLParser:
    """Parse a page, unless that would take quadratic time.

    Args:
        html: the page, as text or in UTF-8.

    Raises:
        TooLarge: elements nest deeper than `MAX_DEPTH`, or one has more than `MAX_ATTRIBUTES`
            attributes.
    """
    data = html.encode("utf-8", "replace") if isinstance(html, str) else html
    # A bytearray, because the compiled pass rejects a read-only buffer.
    deepest, most = extremes(np.frombuffer(bytearray(data), np.uint8))
    if deepest > MAX_DEPTH:
        raise TooLarge(f"elements are nested deeper than {MAX_DEPTH}")
    if most > MAX_ATTRIBUTES:
        raise TooLarge(f"an element has more than {MAX_ATTRIBUTES} attributes")
    return LexborHTMLParser(data)
