"""A decision as the bytes of a row and of its texts, as `DecisionTable` keeps it.

Invariant: a decision that is read back equals the decision that was written, field by field.
"""

import itertools
import struct

import numpy as np

from cleanwire.dedupe.decision import DECISION_KINDS, Decision
from cleanwire.similarity.entry_batch import chosen
from cleanwire.similarity.key_table import ID_BYTES, Bools, key_of

NO_ROW = -1
TEXT_LENGTHS = struct.Struct(">HHH")
_MOST_TEXT = 2**16 - 1
_NO_KEY = b"\0" * (ID_BYTES + 1)


ROW = np.dtype(
    [
        ("digest", "S8"),
        ("fetched", np.float64),
        ("similarity", np.float64),
        ("order", np.int64),
        ("bucket", np.int32),
        ("next", np.int32),
        ("revision", np.uint32),
        ("chunk", np.uint32),
        ("text", np.uint32),
        ("outcome", np.uint8),
    ]
)


PACKED = struct.Struct("=8s2dq2i3IB")
"""The same layout as `ROW`. Reading and writing a row by `struct` costs a third of what numpy
costs."""


class DecisionBatch:
    """Decisions on their way into a `DecisionTable`, as bytes."""

    def __init__(self) -> None:
        self.id_keys = bytearray()
        self.url_keys = bytearray()
        self.rows = bytearray()
        self.texts: list[bytes] = []

    def append(self, key: bytes, decision: Decision) -> None:
        """Append a decision whose id is the hex form of `key`, 16 bytes."""
        self.texts.append(texts_of(decision.url, decision.referenced_id, b""))
        self.id_keys += key
        self.url_keys += decision.url_key
        # The chunk and the text offset are set when the table adds the batch.
        self.rows += row_of(decision, 0, 0)

    def kept(self, which: Bools) -> "DecisionBatch":
        """A batch of the decisions for which `which` is true, in the same order."""
        other = DecisionBatch()
        other.id_keys = chosen(self.id_keys, ID_BYTES, which)
        other.url_keys = chosen(self.url_keys, ID_BYTES, which)
        other.rows = chosen(self.rows, PACKED.size, which)
        other.texts = list(itertools.compress(self.texts, which))
        return other


def row_of(decision: Decision, chunk: int, text: int) -> bytes:
    """A decision as the bytes of one `ROW`; `text` is the offset of its texts in its chunk."""
    return PACKED.pack(
        decision.digest,
        decision.fetched,
        decision.similarity,
        decision.sequence,
        decision.bucket,
        NO_ROW,
        decision.revision,
        chunk,
        text,
        DECISION_KINDS.index(decision.outcome),
    )


def texts_of(url: str, referenced_id: str | None, own: bytes) -> bytes:
    """The texts of a decision: three lengths, the URL, the packed referenced id, the own id."""
    address, other = encoded(url), _packed(referenced_id)
    if max(len(address), len(other), len(own)) > _MOST_TEXT:
        raise ValueError(f"a URL or an id has more than {_MOST_TEXT} bytes: {url[:80]}")
    return TEXT_LENGTHS.pack(len(address), len(other), len(own)) + address + other + own


def _packed(referenced_id: str | None) -> bytes:
    """A referenced id as bytes.

    An id of 32 hex digits becomes the 16 bytes it spells. Any other id becomes 17 zero bytes and
    its text: so the two forms differ in length, even for a short text.
    """
    if referenced_id is None:
        return b""
    key = key_of(referenced_id)
    return key if key.hex() == referenced_id else _NO_KEY + encoded(referenced_id)


def unpacked_id(packed: bytes) -> str | None:
    """A referenced id from its bytes; None if they are empty."""
    if not packed:
        return None
    return packed.hex() if len(packed) == ID_BYTES else decoded(packed[len(_NO_KEY) :])


def encoded(text: str) -> bytes:
    """A text as UTF-8; lone surrogates stay what they are."""
    return text.encode("utf-8", "surrogatepass")


def decoded(text: bytes | bytearray) -> str:
    """The inverse of `encoded`."""
    return text.decode("utf-8", "surrogatepass")
