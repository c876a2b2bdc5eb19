"""Trace context: which trace a page belongs to, from its raw page to its outcome.

Invariant: a trace context that is carried on is valid by W3C Trace Context (Level 2), and unchanged
byte for byte. One that is not valid is dropped, as the specification asks, and is no fault of the
page.

Cleanwire makes no spans of its own. So the `traceparent` of an outcome names the span that sent the
raw page.
"""

import re
from collections.abc import Iterable, Mapping
from typing import cast

from streams.kafka.headers import TRACEPARENT, TRACESTATE

LONGEST_TRACEPARENT = 256
"""Bytes of the longest `traceparent`. Version 00 has 55; later versions may append fields."""

LONGEST_TRACESTATE = 512
"""Bytes of the longest `tracestate` that is carried, which is the least that W3C asks for. Of a
longer one, whole members are left out."""

_LONG_MEMBER = 128
"""Characters of a member that is left out before all others."""
_MOST_MEMBERS = 32

_TRACEPARENT = re.compile(
    rb"(?!ff)([0-9a-f]{2})-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-[!-~]*)?"
)
_MEMBER = re.compile(r"[a-z0-9][a-z0-9_*/@-]{0,255}=[ -+\--<>-~]{0,255}[!-+\--<>-~]")

RecordHeaders = Iterable[tuple[str, bytes | None]] | Mapping[str, bytes] | None


def trace_context(headers: RecordHeaders) -> list[tuple[str, bytes]]:
    """The trace context in a record's headers, as headers for the record that it leads to.

    Names are read in any case, and returned in lower case.

    Args:
        headers: the headers of the record, as pairs.

    Returns:
        `traceparent`, and `tracestate` if there is a valid one. Nothing, if there is no valid
        `traceparent` or more than one.
    """
    # The consumer gives headers as pairs; Faust's type allows a mapping too.
    pairs = list(cast("Iterable[tuple[str, bytes | None]]", headers or ()))
    parents = [value for name, value in pairs if name.lower() == TRACEPARENT]
    if len(parents) != 1 or not _is_valid(parents[0] or b""):
        return []
    found = [(TRACEPARENT, parents[0] or b"")]
    states = [value or b"" for name, value in pairs if name.lower() == TRACESTATE]
    # Several headers of this name are one list, in their order.
    if state := _shortened(b",".join(states)):
        found.append((TRACESTATE, state))
    return found


def _is_valid(parent: bytes) -> bool:
    if len(parent) > LONGEST_TRACEPARENT:
        return False
    found = _TRACEPARENT.fullmatch(parent)
    # Only later versions may have more fields than version 00.
    return found is not None and not (found[1] == b"00" and found[2])


def _shortened(state: bytes) -> bytes:
    """A `tracestate` that is short enough; empty if it is not valid."""
    try:
        members = [member.strip(" \t") for member in state.decode("ascii").split(",")]
    except UnicodeDecodeError:
        return b""
    members = [member for member in members if member]
    keys = {member.partition("=")[0] for member in members}
    if len(members) > _MOST_MEMBERS or len(keys) < len(members):
        return b""
    if not all(map(_MEMBER.fullmatch, members)):
        return b""
    if len(state) <= LONGEST_TRACESTATE:
        return state if members else b""
    members = [member for member in members if len(member) <= _LONG_MEMBER]
    while members and len(",".join(members)) > LONGEST_TRACESTATE:
        members.pop()
    return ",".join(members).encode()
