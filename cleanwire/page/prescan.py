"""The charset that a page declares in its first bytes (HTML standard, "prescan a byte stream").

Invariant: a tag in a comment, in a script or in an attribute's value declares nothing. The time is
linear in the bytes read.
"""

import re

import webencodings

_MOST = 1 << 14
"""How many bytes are read. The standard has 1,024 or more, and pages put scripts first."""

_TAG = re.compile(rb"<(/?)([A-Za-z][^\s/>]*+)")
_ATTRIBUTE = re.compile(
    rb"[\s/]*+([^\s/>][^\s/>=]*+)"
    rb"(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>][^\s>]*+)|(?=>)))?+"
)
_END = re.compile(rb"[\s/]*+>")
_EQUALS = re.compile(rb"\s*+=")
_CHARSET = re.compile(
    rb"charset\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s;\"'][^\s;]*+))", re.IGNORECASE
)
_XML = re.compile(
    rb"\s{0,16}<\?xml[^>]{0,200}?encoding\s{0,8}=\s{0,8}[\"']([A-Za-z0-9_:.\-]{2,40})"
)
_MARKUP = (b"!", b"/", b"?")
_RAW = frozenset(
    (b"script", b"style", b"title", b"textarea", b"xmp", b"iframe", b"noembed", b"noframes")
)


def declared_in(body: bytes) -> list[str]:
    """The WHATWG names that a meta tag and an XML declaration give, in this order.

    A page whose tags can be read is not UTF-16, so the standard takes a declared UTF-16 for UTF-8.
    """
    start = body[:_MOST]
    found = _XML.match(start)
    names = [_in_meta(start), _name(found[1], {}) if found else None]
    return [name for name in names if name is not None]


def _in_meta(start: bytes) -> str | None:
    """The charset of the first meta tag that declares one."""
    lower = start.lower()
    at = 0
    while (at := start.find(b"<", at)) >= 0:
        if start.startswith(b"<!--", at):
            at = _after(start, b"-->", at + 2)
        elif (tag := _TAG.match(start, at)) is not None:
            attributes, at = _attributes(start, tag.end())
            name = tag[2].lower()
            if not tag[1] and name == b"meta" and at >= 0:
                label = _of_meta(attributes)
                if label is not None:
                    return label
            elif not tag[1] and name in _RAW and at >= 0:
                at = lower.find(b"</" + name, at)
        elif start[at + 1 : at + 2] in _MARKUP:
            at = _after(start, b">", at)
        else:
            at += 1
        if at < 0:
            return None
    return None


def _after(start: bytes, end: bytes, at: int) -> int:
    """The position after the next occurrence of `end`, or -1."""
    found = start.find(end, at)
    return found + len(end) if found >= 0 else -1


def _attributes(start: bytes, at: int) -> tuple[dict[bytes, bytes], int]:
    """A tag's attributes, and the position after the tag; -1 if the bytes end first."""
    attributes: dict[bytes, bytes] = {}
    while (end := _END.match(start, at)) is None:
        found = _ATTRIBUTE.match(start, at)
        if found is None or _EQUALS.match(start, found.end()):
            return attributes, -1
        attributes.setdefault(found[1].lower(), found[2] or found[3] or found[4] or b"")
        at = found.end()
    return attributes, end.end()


def _of_meta(attributes: dict[bytes, bytes]) -> str | None:
    """The charset that a meta tag's attributes declare."""
    if b"charset" in attributes:
        return _name(attributes[b"charset"], {"x-user-defined": "windows-1252"})
    if attributes.get(b"http-equiv", b"").strip().lower() != b"content-type":
        return None
    found = _CHARSET.search(attributes.get(b"content", b""))
    if found is None:
        return None
    return _name(found[1] or found[2] or found[3] or b"", {"x-user-defined": "windows-1252"})


def _name(label: bytes, instead: dict[str, str]) -> str | None:
    """The WHATWG name of a label; `instead` replaces some names."""
    encoding = webencodings.lookup(label[:100].decode("ascii", "replace"))
    if encoding is None:
        return None
    name = str(encoding.name)
    if name in {"utf-16le", "utf-16be"}:
        return "utf-8"
    return instead.get(name, name)
