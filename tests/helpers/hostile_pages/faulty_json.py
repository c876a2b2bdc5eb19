"""Events that are JSON of a strange kind, or nearly JSON.

Invariant: one fault an event, in an event that is else sound.
"""

import json
import random

from helpers.hostile_pages import events

_NUMBERS = (
    "1e999", "-1e999", "-0", "-0.0", "18446744073709551616", "9223372036854775808", "1" * 5000, "0.1e-400", "NaN",
    "Infinity", "-Infinity", "01", "1.", ".5", "+1", "0x10", "1_000", "200.0", "2e2", "200", "199", "599", "600",
    "true", "null", '"200"', "[200]", "{}", "\u0662\u0660\u0660",
)  # fmt: skip
_FIELDS = ("url", "fetched_at", "body", "body_base64", "content_type", "status", "headers")


def _spliced(r: random.Random, name: str, raw: str) -> bytes:
    """A sound event in which one field has a value as it is written here."""
    event = events.fields(r, events.page(r))
    event.pop(name, None)
    text = json.dumps(event)
    return f'{text[:-1]}, "{name}": {raw}}}'.encode("utf-8", "surrogatepass")


def numbers(r: random.Random) -> bytes:
    """Numbers out of range, in `status` and elsewhere."""
    name = r.choice(("status", "status", "status", "x", *_FIELDS))
    return _spliced(r, name, r.choice(_NUMBERS))


def depths(r: random.Random) -> bytes:
    """Arrays and objects in each other, in a field that counts and in one that does not."""
    count = r.choice((10, 500, 1020, 1030, 10_000))
    opened, closed = r.choice((("[", "]"), ('{"a":', "}"), ('[{"@":', "}]")))
    raw = opened * count + "1" + r.choice((closed * count, ""))
    return r.choice((_spliced(r, r.choice(("x", *_FIELDS)), raw), raw.encode()))


def twice(r: random.Random) -> bytes:
    """A name that stands there twice."""
    name = r.choice(_FIELDS)
    return _spliced(r, name, '"x"')[:-1] + f', "{name}": {json.dumps(events.page(r))}}}'.encode()


def types(r: random.Random) -> bytes:
    """A field of the wrong type, or none."""
    value = r.choice(
        (None, True, 0, 7, -1.5, "", "x", [], {}, ["a"], {"a": 1}, {"a": {"b": []}}, "\x00", ...)
    )
    return events.event(r, events.page(r), **{r.choice(_FIELDS): value})


def surroundings(r: random.Random) -> bytes | None:
    """Bytes before or after the event, other encodings of it, or no event at all."""
    whole = events.event(r, events.page(r))
    return r.choice(
        (None, b"", b" ", b"null", b"{}", b"[]", b'"x"', b"\xef\xbb\xbf" + whole, whole + whole, whole + b"\x00",
         b"\n\t " + whole + b"\n", whole.decode().encode("utf-16"), whole.replace(b'"', b"'"), b"//x\n" + whole,
         whole.replace(b'"url"', b'"\\u0075rl"'), whole.replace(b'": ', b'":\x0b'), b"(" + whole + b")",
         whole.replace(b"body", b"bo\xffdy"), whole[:-1] + b",}", b"{" + whole + b"}", bytes(len(whole)))
    )  # fmt: skip


def headers(r: random.Random) -> bytes:
    """Headers of wrong types, of many names, of long values, with line ends in them."""
    return events.event(
        r,
        events.page(r),
        headers=r.choice(
            ({f"X-{n}": "v" for n in range(r.choice((10, 3000)))}, {"": ""}, {"a\r\nSet-Cookie": "b"}, {"A": "b\r\nC: d"},
             {"Content-Type": "image/png"}, {"a": None}, {"a": ["b"]}, {"a": 1}, [], "A: b", 5, {"x" * 9000: "y" * 9000},
             {"\ud800": "x"}, {"x": "\ud800"}, {"Content-Length": "-1"}, {"Refresh": "0; url=javascript:alert(1)"},
             {"\x00": "\x00"}, {"Content-Encoding": "gzip"}, {"Transfer-Encoding": "chunked"})
        ),
    )  # fmt: skip
