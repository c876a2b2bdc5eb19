"""A Content-Type header -> its type and its charset, as Fetch and browsers read it.

Invariant: the header is what a server sends, not what a grammar allows. A value that names
no type is no type, so that the page's own bytes decide (Fetch, "extract a MIME type";
mimesniff.spec.whatwg.org).
"""

import re

_MOST = 1000
"""Characters of a header that are looked at."""

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
        header: the value; of several headers of that name, the values with commas between them.
    """
    media, charset = "", None
    for value in _values((header or "")[:_MOST]):
        named = _TYPE.match(value)
        found = _CHARSET.search(value, named.end() if named else 0)
        label = found[1] if found else None
        essence = named[1].lower() if named else ""
        if essence == _ANY or (not essence and media):
            charset = charset or label
            continue
        # A later value that names the same type without a charset keeps the earlier one's.
        charset = label or (charset if essence == media or not media else None)
        media = essence
    return media, charset


def _values(header: str) -> list[str]:
    """The values of a list; a comma within closed quotes is part of one."""
    pieces = header.split('"')
    if len(pieces) % 2:
        pieces[1::2] = [piece.replace(",", " ") for piece in pieces[1::2]]
    return '"'.join(pieces).split(",")
