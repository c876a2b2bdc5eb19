"""A Content-Type header -> its type and its charset, as Fetch and browsers read it.

Invariant: the header is read as servers send it, not as a grammar allows. A value that names no
type counts as no type, so that the page's own bytes decide (Fetch, "extract a MIME type";
mimesniff.spec.whatwg.org).
"""

import re

_MOST = 1000
"""How many characters of a header are read."""

_TYPE = re.compile(
    r"[\s\"']{0,8}([!#$%&*+.^_`|~0-9A-Za-z-]{1,100}/[!#$%&*+.^_`|~0-9A-Za-z-]{1,100})"
)
_CHARSET = re.compile(
    r"(?<![\w-])charset\s{0,8}[=:]\s{0,8}[\"']?\s{0,8}([^\s\"';,]{1,100})", re.IGNORECASE
)
_ANY = "*/*"


def content_type(header: str | None) -> tuple[str, str | None]:
    """The type, in lower case and "" if there is none, and the charset.

    Args:
        header: the value; the values of several headers are joined by commas.
    """
    media, charset = "", None
    for value in _values((header or "")[:_MOST]):
        type_match = _TYPE.match(value)
        charset_match = _CHARSET.search(value, type_match.end() if type_match else 0)
        label = charset_match[1] if charset_match else None
        essence = type_match[1].lower() if type_match else ""
        if essence == _ANY or (not essence and media):
            charset = charset or label
            continue
        # A later value with the same type and no charset keeps the earlier charset.
        charset = label or (charset if essence == media or not media else None)
        media = essence
    return media, charset


def _values(header: str) -> list[str]:
    """The values of a comma-separated list; a comma within closed quotes is part of a value."""
    pieces = header.split('"')
    if len(pieces) % 2:
        pieces[1::2] = [piece.replace(",", " ") for piece in pieces[1::2]]
    return '"'.join(pieces).split(",")
