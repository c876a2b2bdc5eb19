"""Bytes -> text: BOM, what the bytes can only be, HTTP header, meta, then detection.

Invariant: the text is what its bytes say. A charset is used only if the bytes are text in it.
Binary data is text in no charset, and a page that would come out as mojibake is rejected. Labels
are WHATWG's (encoding.spec.whatwg.org), so latin-1 means windows-1252.
"""

import codecs
import re
from collections.abc import Iterator

import webencodings
from resiliparse.parse.encoding import detect_encoding

from cleanwire.errors import Undecodable
from cleanwire.page.prescan import declared_in

_START = 4096

BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16le"), (b"\xfe\xff", "utf-16be"))
_COMPRESSED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}

_CONTROLS = bytes(c for c in range(0x20) if c not in b"\t\n\r\f\x1b\x00") + b"\x7f"
_C1 = re.compile(rb"\xc2[\x80-\x9f]")
_HIGH = bytes(range(0x80, 0x100))
_MAX_CONTROLS = 0.01
_REPLACEMENT = "\ufffd".encode()
"""From a larger share of control characters on, the body is binary data."""
_MOST_CHECKED = 1 << 20

_BAD_UTF8 = 50
"""UTF-8 may have one bad byte in this many: a broken teaser does not change the page's charset."""
_BAD = 1000
"""Any other charset may have one bad character in this many."""
_SEQUENCES = 20
"""This many good multi-byte characters for each bad byte are no accident."""

_JAPANESE = re.compile(rb"\x1b\$[@B](?:[\x21-\x7e]{2})+\x1b\([BJI]")
_STATEFUL = re.compile(rb"\x1b\$\)[ACG]")
_HZ = re.compile(rb"~\{(?:[\x21-\x77][\x21-\x7e]){2,}+~\}")
_LEAST_HZ = 3
"""This many shifts are no accident if nothing declares that the page is HZ."""

_CODECS = {
    "big5": ("big5hkscs", "cp950"),
    "euc-jp": ("euc_jp", "euc_jis_2004"),
    "euc-kr": ("cp949",),
    "gbk": ("gb18030",),
    "iso-2022-jp": ("iso2022_jp", "iso2022_jp_ext"),
    "shift_jis": ("cp932",),
}
"""The Python codecs nearest to WHATWG's. The first of each also decodes bytes that have faults."""

_DETECTED = {
    "euc_jp": "euc-jp",
    "euc_kr": "euc-kr",
    "cp949": "euc-kr",
    "uhc": "euc-kr",
    "iso2022_jp": "iso-2022-jp",
    "mac-cyrillic": "x-mac-cyrillic",
    "mac_cyrillic": "x-mac-cyrillic",
    "utf-16-le": "utf-16le",
    "utf-16-be": "utf-16be",
    "utf-8-sig": "utf-8",
}
"""The detector's names, which are Python's, that are no labels of WHATWG's."""

_WESTERN = frozenset({"windows-1252", "windows-1254", "iso-8859-15", "macintosh"})
_FALLBACK = "windows-1252"
_LOOKED_AT = 1 << 17
_RUN = re.compile(rb"[\x80-\x9f\xa1-\xff]{3,}")
_LEAST_HIGH = 12
"""Fewer bytes above ASCII may be a name in another script."""

_TABLE = "".join(bytes((byte,)).decode("cp1252", "ignore") or chr(byte) for byte in range(0x100))
_TO_WINDOWS_1252 = codecs.charmap_build(_TABLE)
_LEAST_DOUBLED = 12


def decode_bytes(body: bytes, declared: str | None) -> tuple[str, str]:
    """The text of a body, and the WHATWG name of its charset.

    Args:
        body: the bytes as fetched.
        declared: the charset of the HTTP header, or None.

    Raises:
        Undecodable: the body is binary or compressed data, or would come out as mojibake.
    """
    for magic, name in _COMPRESSED.items():
        if body.startswith(magic):
            raise Undecodable(f"the body is {name}-compressed; decompress it before publishing")
    for bom, codec in BOMS:
        if body.startswith(bom):
            return _checked(body[len(bom) :].decode(codec, "replace"), body), codec
    header = _name(declared)
    is_wide = _is_wide(header, body)
    if not is_wide and (text := _utf8(body)) is not None:
        return _checked(text, body, body), "utf-8"
    names = [name for name in (header, *declared_in(body)) if name is not None]
    if not is_wide:
        names = [name for name in names if not name.startswith("utf-16")]
        own = _by_its_bytes(body, names)
        if own is not None:
            return _checked(own[0], body), own[1]
    for name in (*names, *_guessed(body)):
        text = _decoded(body, name)
        if text is not None and not (name in _WESTERN and _is_mojibake(body)):
            return _checked(text, body), name
    raise Undecodable("the body is text in no charset that is known, or mojibake in each")


def _name(label: str | None) -> str | None:
    """The WHATWG name of a label; None if the label is unknown."""
    encoding = webencodings.lookup(label) if label else None
    return None if encoding is None else str(encoding.name)


def _is_wide(header: str | None, body: bytes) -> bool:
    """Whether a body without a BOM is UTF-16: only then its tags have zero bytes."""
    return header is not None and header.startswith("utf-16") and b"\0" in body[:_START]


def _utf8(body: bytes) -> str | None:
    """The text if the body is UTF-8 beyond ASCII; it may break off within a character.

    Valid multi-byte characters of UTF-8 are no accident.
    """
    if body.isascii():
        return None
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and not body[: error.start].isascii():
            return body[: error.start].decode("utf-8") + "\ufffd"
    return None


def _by_its_bytes(body: bytes, names: list[str]) -> tuple[str, str] | None:
    """The text and charset that the bytes can only be, whatever is declared; else None."""
    if body.isascii():
        return _by_escapes(body, names)
    text = body.decode("utf-8", "replace")
    bad = text.count("\ufffd") - body.count("\ufffd".encode())
    if bad * _BAD_UTF8 > len(body):
        return None
    bad_bytes = len(body) - len(text.encode("utf-8")) + len("\ufffd".encode()) * bad
    good = len(text) - len(body.translate(None, _HIGH)) - bad
    # A page that is declared as UTF-8, and whose only bytes above ASCII are bad ones that begin no
    # character, holds letters of a western charset.
    is_utf8 = good >= bad * _SEQUENCES or (
        "utf-8" in names[:1] and (good >= bad or bad_bytes >= 2 * bad)
    )
    return (text, "utf-8") if is_utf8 and bad_bytes * _BAD_UTF8 <= len(body) else None


def _by_escapes(body: bytes, names: list[str]) -> tuple[str, str] | None:
    """The text of ASCII bytes, by the escape sequences of seven-bit charsets.

    Raises:
        Undecodable: the body is ISO-2022-KR, ISO-2022-CN or HZ.
    """
    if b"\x1b" in body:
        if _JAPANESE.search(body) is not None:
            text = _decoded(body, "iso-2022-jp")
            if text is not None:
                return text, "iso-2022-jp"
        if b"\x0e" in body and _STATEFUL.search(body) is not None:
            raise Undecodable(
                "the body is ISO-2022-KR or ISO-2022-CN, which browsers read as nothing"
            )
    if b"~{" in body:
        shifts = sum(1 for _ in _HZ.finditer(body))
        if shifts >= (1 if "replacement" in names else _LEAST_HZ):
            raise Undecodable("the body is HZ, which browsers read as nothing")
    for name in (*names, "utf-8"):
        text = _decoded(body, name)
        if text is not None:
            return text, name
    return None


def _guessed(body: bytes) -> Iterator[str]:
    """Charsets to try in turn: the detected one, then the fallbacks."""
    found = (detect_encoding(body, html5_compatible=False) or "").lower()
    name = _name(_DETECTED.get(found, found.replace("iso8859-", "iso-8859-")))
    yield name or "utf-8"
    yield _FALLBACK
    yield "utf-8"


def _decoded(body: bytes, name: str) -> str | None:
    """The text in a charset, or None if the bytes are no text in it."""
    if name in {"replacement", "x-user-defined"}:
        return None
    names = _CODECS.get(name) or (webencodings.lookup(name).codec_info.name,)
    for codec in names:
        try:
            return body.decode(codec)
        except UnicodeDecodeError:
            continue
        except ValueError:
            return None
    # One bad byte in a long page is a typo, not a sign of another charset.
    text = body.decode(names[0], "replace")
    bad = text.count("\ufffd")
    if bad <= len(text) // _BAD or (bad == 1 and text.endswith("\ufffd")):
        return text
    return None


def _is_mojibake(body: bytes) -> bool:
    """Whether most bytes above ASCII come in runs, as in no language of Western Europe."""
    sample = body[:_LOOKED_AT]
    high = len(sample) - len(sample.translate(None, _HIGH)) - sample.count(b"\xa0")
    if high < _LEAST_HIGH:
        return False
    runs = [run for run in _RUN.findall(sample) if len(set(run)) > 2]  # noqa: PLR2004 - a line of dashes has one
    return 2 * sum(map(len, runs)) > high


def _is_doubled(text: str) -> bool:
    """Whether a text is UTF-8 that was read as windows-1252, and nothing in it is anything else."""
    if text.isascii():
        return False
    try:
        text.encode("ascii")
    except UnicodeEncodeError as error:
        # The first character above ASCII would be the lead byte of a UTF-8 character, and the next
        # one its second byte.
        first, second = text[error.start], text[error.start + 1 : error.start + 2]
        if not "\u00c2" <= first <= "\u00f4" or second.isascii():
            return False
    try:
        body = codecs.charmap_encode(text, "strict", _TO_WINDOWS_1252)[0]
        once = body.decode("utf-8")
    except UnicodeError:
        return False
    return len(body) - len(once) >= _LEAST_DOUBLED


def _checked(text: str, body: bytes, utf8: bytes | None = None) -> str:
    """The text, once it has passed the checks.

    Args:
        text: the decoded text.
        body: the bytes it was decoded from.
        utf8: the text in UTF-8, if it is at hand.

    Raises:
        Undecodable: the text is binary data, or UTF-8 that was encoded twice.
    """
    if "\x00" in text[:_START] and text.count("\x00") > len(text) // 100:
        raise Undecodable("the body is binary data, not text")
    if _is_doubled(text[:_MOST_CHECKED]):
        raise Undecodable("the body is UTF-8 that was read as windows-1252 and encoded again")
    # Binary data shows in the first bytes, and counting in all of them takes as long as decoding.
    start = text[:_LOOKED_AT].encode("utf-8", "replace") if utf8 is None else utf8[:_LOOKED_AT]
    strange = len(start) - len(start.translate(None, _CONTROLS))
    if _REPLACEMENT in start:
        # Count only the replacement characters of the page itself: those of decoding were judged
        # before.
        strange += body[:_LOOKED_AT].count(_REPLACEMENT)
    if start.count(b"\xc2") > _LEAST_HIGH:
        strange += sum(1 for _ in _C1.finditer(start))
    if strange > max(8, min(len(text), _LOOKED_AT) * _MAX_CONTROLS):
        raise Undecodable("the body is binary data, not text in any charset")
    return text
