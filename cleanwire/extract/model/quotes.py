"""Which texts stand in another text, for many texts at once.

Invariant: the answer is that of `in`. Python searches the whole text for each of them; here the
places of all runs of four characters are listed once, and a text is compared only where its own
first four are. If those recur all over the body, the text is left to Python.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cleanwire.native import compiled

_RUN = 4
_BITS = 14
_MOST_STEPS = 2
"""How many characters are compared for each of the body, before a text is left to Python."""
_LEFT = 2

Codes = NDArray[np.uint32]


def quoted(texts: Sequence[str], body: str) -> NDArray[np.bool_]:
    """Whether each text stands in a body.

    Args:
        texts: what is looked for.
        body: where it is looked for.

    Returns:
        bool, shape (texts,).
    """
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    found = np.empty(len(texts), np.uint8)
    _find(_codes("".join(texts)), lengths, _codes(body), found)
    for index in np.flatnonzero(found == _LEFT).tolist():
        found[index] = texts[index] in body
    return found.view(np.bool_)


def _codes(text: str) -> Codes:
    """The code points of a text, uint32."""
    # A bytearray, because compiled passes reject a read-only buffer.
    return np.frombuffer(bytearray(text.encode("utf-32-le", "surrogatepass")), np.uint32)


@compiled("int64(uint32[::1], int64)")
def _slot(codes: Codes, at: int) -> int:
    """The slot of the four characters that begin at a place."""
    run = 0
    for step in range(_RUN):
        run = ((run * 31) ^ int(codes[at + step])) & 0xFFFFFFFF
    return ((run * 2654435761) & 0xFFFFFFFF) >> (32 - _BITS)


@compiled("void(uint32[::1], int64[::1], uint32[::1], uint8[::1])")
def _find(texts: Codes, lengths: NDArray[np.int64], body: Codes, found: NDArray[np.uint8]) -> None:
    """Tell which texts stand in a body.

    Args:
        texts: the code points of all texts, one after the other.
        lengths: how many each has, shape (texts,).
        body: the code points of the body.
        found: filled with 0 and 1, and with 2 for a text that is left to Python; shape (texts,).
    """
    heads = np.full(1 << _BITS, -1, np.int64)
    following = np.full(max(len(body), 1), -1, np.int64)
    for at in range(len(body) - _RUN, -1, -1):
        slot = _slot(body, at)
        following[at] = heads[slot]
        heads[slot] = at
    start = 0
    for text in range(len(lengths)):
        length = lengths[text]
        found[text] = 0
        steps = _MOST_STEPS * len(body) + length
        place = 0 if length < _RUN else heads[_slot(texts, start)]
        while 0 <= place <= len(body) - length:
            same = 0
            while same < length and body[place + same] == texts[start + same]:
                same += 1
            if same == length:
                found[text] = 1
                break
            steps -= same + 1
            if steps < 0:
                found[text] = _LEFT
                break
            place = place + 1 if length < _RUN else following[place]
        start += length
