"""Bytes -> text: BOM, HTTP header, meta, then detection.

The rule here: a charset is taken only if every byte is text in it, and binary data is text
in none. Labels are WHATWG's (encoding.spec.whatwg.org), so latin-1 means windows-1252.
"""

import re

import webencodings
from resiliparse.parse.encoding import detect_encoding

from cleanwire.errors import Undecodable

_PRESCAN = 4096
_META = re.compile(
    rb"<meta[^>]{0,300}?charset\s{0,8}=\s{0,8}[\"']?\s{0,8}([A-Za-z0-9_:.\-]{2,40})", re.IGNORECASE
)
_XML = re.compile(
    rb"^\s{0,16}<\?xml[^>]{0,200}?encoding\s{0,8}=\s{0,8}[\"']([A-Za-z0-9_:.\-]{2,40})"
)

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16le"), (b"\xfe\xff", "utf-16be"))
_COMPRESSED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}

_CONTROLS = bytes(c for c in range(0x20) if c not in b"\t\n\r\f\x1b\x00") + b"\x7f"
_MAX_CONTROLS = 0.01
"""A larger share of control characters is binary data."""

_SINGLE_BYTE_FALLBACK = "windows-1252"


def decode_bytes(body: bytes, declared: str | None) -> tuple[str, str]:
    """The text of a body, and the WHATWG name of its charset.

    Args:
        body: the bytes as fetched.
        declared: the charset of the HTTP header, if it has one.

    Raises:
        Undecodable: binary or compressed data.
    """
    for magic, name in _COMPRESSED.items():
        if body.startswith(magic):
            raise Undecodable(f"the body is {name}-compressed; decompress it before publishing")
    for bom, codec in _BOMS:
        if body.startswith(bom):
            return _checked(body[len(bom) :].decode(codec, "replace")), codec
    witnesses = [declared, *_in_document(body)]
    if _is_multibyte_utf8(body) and not any(_is_wide(label) for label in witnesses):
        # Valid UTF-8 of some length is no accident, whatever the page claims.
        return _checked(body.decode("utf-8")), "utf-8"
    if body.isascii():
        witnesses.append("utf-8")
    for witness in (*witnesses, detect_encoding(body), _SINGLE_BYTE_FALLBACK, "utf-8"):
        decoded = _try(body, witness)
        if decoded is not None:
            return _checked(decoded[0]), decoded[1]
    raise Undecodable("the body is text in no charset that is known")


def _in_document(body: bytes) -> list[str]:
    start = body[:_PRESCAN]
    found = (_META.search(start), _XML.search(start))
    labels = [match[1].decode("ascii") for match in found if match]
    # A meta tag that can be read says by that alone that the page is no UTF-16.
    return [label for label in labels if not _is_wide(label)]


def _is_wide(label: str | None) -> bool:
    return label is not None and label.strip().lower().startswith(("utf-16", "utf16", "ucs-2"))


def _is_multibyte_utf8(body: bytes) -> bool:
    if body.isascii():
        return False
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _try(body: bytes, label: str | None) -> tuple[str, str] | None:
    encoding = webencodings.lookup(label) if label else None
    if encoding is None or encoding.name in ("replacement", "x-user-defined"):
        return None
    if encoding.name == "gbk":
        encoding = webencodings.lookup("gb18030") or encoding
    try:
        return encoding.codec_info.decode(body, "strict")[0], encoding.name
    except (UnicodeDecodeError, ValueError):
        pass
    # One bad byte in a long page is a typo, not another charset.
    text = encoding.codec_info.decode(body, "replace")[0]
    if text.count("\ufffd") <= len(text) // 1000:
        return text, encoding.name
    return None


def _checked(text: str) -> str:
    if "\x00" in text[:_PRESCAN] and text.count("\x00") > len(text) // 100:
        raise Undecodable("the body is binary data, not text")
    sample = text if len(text) < 1 << 20 else text[: 1 << 20]
    encoded = sample.encode("utf-8", "replace")
    strange = len(encoded) - len(encoded.translate(None, _CONTROLS)) + sample.count("\ufffd")
    if strange > max(8, len(sample) * _MAX_CONTROLS):
        raise Undecodable("the body is binary data, not text in any charset")
    return text
