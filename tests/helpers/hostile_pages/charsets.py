"""Charsets that lie: header, meta, BOM and bytes tell different things.

Invariant: the text is real, so that what is made of it can be seen to be text or refused.
"""

import random

from helpers.hostile_pages import events

_TEXTS = {
    "utf-8": "Zürich \u4e16\u754c \U0001f600 Привет",
    "windows-1251": "Сельская библиотека получила книги",
    "koi8-r": "Сельская библиотека получила книги",
    "iso-8859-1": "Grüße aus Zürich für Señor",
    "shift_jis": "\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8",
    "euc-jp": "\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8",
    "iso-2022-jp": "\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8",
    "iso-2022-kr": "\ud55c\uad6d\uc5b4",
    "gb18030": "\u4e2d\u6587\u6587\u672c\U0001f600",
    "hz": "\u4e2d\u6587\u6587\u672c",
    "big5": "\u4e2d\u6587\u6587\u672c",
    "euc-kr": "\ud55c\uad6d\uc5b4",
    "utf-16-le": "Grüße \U0001f600",
    "utf-16-be": "Grüße \U0001f600",
    "utf-32-le": "Grüße \U0001f600",
    "utf-7": "Grüße",
    "cp037": "text",
}
_LABELS = (
    *_TEXTS, "latin-1", "x-user-defined", "replacement", "utf-8-sig", "none", "\u0000", "unicode-1-1-utf-8",
    "x" * 500, "utf-8; charset=koi8-r", "idna", "punycode", "rot13", "base64", "zip", "unicode_escape",
    "raw_unicode_escape", "mbcs", "undefined", "../../etc/passwd", "utf-16", "\ud800", "UTF-8\n", "\"utf-8'",
)  # fmt: skip
_BOMS = (
    b"",
    b"",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xfe\xff",
    b"\xff\xfe\x00\x00",
    b"+/v8",
    b"\xef\xbb",
)
_OVERLONG = (
    b"\xc0\xbc",
    b"\xe0\x80\xbc",
    b"\xf0\x80\x80\xbc",
    b"\xc0\x80",
    b"\xfc\x80\x80\x80\x80\xbc",
)
_NO_SCALARS = (
    b"\xed\xa0\x80",
    b"\xed\xb0\x80",
    b"\xed\xa0\x80\xed\xb0\x80",
    b"\xf4\x90\x80\x80",
    b"\xff\xfe\xfd",
)
_ESCAPES = (
    b"\x1b$B",
    b"\x1b(J",
    b"\x1b(B",
    b"\x1b$)C",
    b"\x0e",
    b"\x0f",
    b"~{",
    b"~}",
    b"\x1b%/1",
    b"\x1b$",
)


def _body(r: random.Random, codec: str, meta: str) -> bytes:
    text = events.page(r, f"<p>{_TEXTS[codec]}</p>" * 3, f"<meta charset='{meta}'>" if meta else "")
    return text.encode(codec, "replace")


def disagreement(r: random.Random) -> bytes:
    """Bytes in one charset, a header that says another, a meta tag a third, a BOM a fourth."""
    header, meta = (r.choice(("", r.choice(_LABELS), r.choice(tuple(_TEXTS)))) for _ in range(2))
    body = r.choice(_BOMS) + _body(r, r.choice(tuple(_TEXTS)), meta)
    kind = f"text/html; charset={header}" if header else r.choice(("text/html", None, "text/plain"))
    return events.event(r, body, content_type=kind)


def halves(r: random.Random) -> bytes:
    """UTF-16 or UTF-32 that lacks a byte, has lone surrogates, or turns into other bytes."""
    codec = r.choice(("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"))
    data = events.page(r, "<p>\ud800\udc00 \udfff</p>").encode(codec, "surrogatepass")
    broken = r.choice(
        (
            data[1:],
            data[:-1],
            data[: len(data) // 2] + b"x" + data[len(data) // 2 :],
            data + events.page(r).encode(),
        )
    )
    label = r.choice(("", "; charset=utf-16", "; charset=utf-16le", "; charset=utf-32"))
    return events.event(r, r.choice(_BOMS) + broken, content_type="text/html" + label)


def overlong(r: random.Random) -> bytes:
    """UTF-8 that is longer than it may be, or that encodes what is no character."""
    bad = r.choice((*_OVERLONG, *_NO_SCALARS)) + b"script>"
    body = events.page(r).encode()
    for _ in range(r.choice((1, 2, 20, 200))):
        at = r.randrange(len(body))
        body = body[:at] + bad + body[at:]
    return events.event(r, body, content_type=f"text/html; charset={r.choice(_LABELS)}")


def escapes(r: random.Random) -> bytes:
    """Escape sequences that switch the charset in the midst of a tag, and back never."""
    body = events.page(r).encode()
    for _ in range(r.randint(1, 12)):
        at = r.randrange(len(body))
        body = body[:at] + r.choice(_ESCAPES) + body[at:]
    label = r.choice(("iso-2022-jp", "iso-2022-kr", "hz-gb-2312", "utf-8", "gb18030"))
    return events.event(r, body, content_type=f"text/html; charset={label}")
