"""The inputs that are as large as a record may be, or as bad as their size allows: a fixed number.

Invariant: each is made when it is asked for, and is one of a kind.
"""

import json
import random
from collections.abc import Callable

from helpers.hostile_pages import events

_R = random.Random(0)
_PROSE = events.prose(_R)
_SIZE = 10_000_000


def _many(unit: str, size: int, start: str = "", end: str = _PROSE) -> Callable[[], bytes]:
    """A page of one thing again and again, made when it is asked for."""
    return lambda: events.event(random.Random(1), start + unit * (size // len(unit)) + end)


def _counted(unit: str, count: int, start: str, end: str) -> Callable[[], bytes]:
    return lambda: events.event(
        random.Random(1), start + "".join(unit.format(n) for n in range(count)) + end
    )


def _lines(unit: str, size: int) -> Callable[[], bytes]:
    return lambda: events.event(
        random.Random(1), unit * (size // len(unit)), content_type="text/plain"
    )


def _linked(start: str, unit: str, count: int, end: str) -> Callable[[], bytes]:
    script = "<script type='application/ld+json'>{}</script>"
    return lambda: events.event(
        random.Random(1), script.format(start + unit * count + end) + _PROSE
    )


def _searched() -> bytes:
    body = json.dumps({"@type": "Article", "articleBody": "abcdefgh " * 110_000})
    return events.event(
        random.Random(1),
        f"<script type='application/ld+json'>{body}</script>"
        + "<p>abcdefgh abcdefgi q.</p>" * 60_000,
    )


def _bytes(unit: bytes, size: int, content_type: str = "text/html") -> Callable[[], bytes]:
    return lambda: events.event(
        random.Random(1), unit * (size // len(unit)), content_type=content_type
    )


HUGE: dict[str, Callable[[], bytes]] = {
    "10 MB line of words": _many("word ", _SIZE),
    "10 MB line without a blank": _many("x", _SIZE),
    "10 MB of text on one line": _lines("Words and words. ", _SIZE),
    "10 MB of lines of one letter": _lines("a\n", _SIZE),
    "10 MB of blank lines": _lines("\n \n", _SIZE),
    "10 MB of line ends and blanks": _lines("x\n" + " \x0b" * 500_000, _SIZE),
    "100,000 deep": _counted("<div>", 100_000, "", _PROSE),
    "100,000 deep and closed": _many("<div>", 500_000, end=_PROSE + "</div>" * 100_000),
    "100,000 lists in each other": _many("<ul><li>", 800_000),
    "100,000 links in each other": _many("<a href=x><div>", 1_500_000),
    "100,000 font elements": _counted("<font a{}=1>", 100_000, "", _PROSE),
    "deep below the scan: 4,000 fonts in paragraphs": _counted("<p><font a{}=1>x</p>", 4000, "", _PROSE),
    "deep in a title in a drawing": _many("<div>", 500_000, "<html><body><p>x</p><svg><title>", _PROSE),
    "1,000,000 attributes": _counted("a{}=1 ", 1_000_000, "<p ", ">" + _PROSE),
    "1,000,000 attributes of one name": _many("a=1 ", 4_000_000, "<p ", ">" + _PROSE),
    "1,000,000 attributes of 10,000 bodies": _counted("<body a{0}=1 b{0}=1>", 10_000, "", _PROSE),
    "one attribute of 10 MB": _many("x", _SIZE, "<p class='", "'>" + _PROSE),
    "1,000,000 numeric entities": _many("&#x41;", 6_000_000),
    "1,000,000 named entities": _many("&notin;", 7_000_000),
    "1,000,000 open tags": _many("<b>", 3_000_000),
    "1,000,000 closing tags": _many("</p>", 4_000_000),
    "1,000,000 brackets": _many("<", 1_000_000),
    "1,000,000 comments": _many("<!---->", 7_000_000),
    "a comment without an end": _many("-", 5_000_000, "<!--"),
    "330,000 cells": _many("<tr>" + "<td>x</td>" * 10 + "</tr>", 3_600_000, "<table>"),
    "a row of 300,000 cells": _many("<td>x</td>", 3_000_000, "<table><tr>"),
    "100,000 tables in each other": _many("<table><tr><td>", 1_500_000),
    "100,000 options": _many("<option>x", 900_000, "<select>", "</select>" + _PROSE),
    "300,000 paragraphs": _many("<p>Sentence ends here.</p>", 7_500_000),
    "100,000 lists": _many("<ul><li>a</li><li>b</li></ul>", 2_900_000),
    "100,000 headings": _many("<h1>x y z</h1>", 1_400_000),
    "100,000 bylines": _many("<i class=byline>x</i>", 2_100_000),
    "500 bylines around 1 MB": _many("<p>Sentence ends here.</p>", 1_000_000, "<div class=byline>" * 500),
    "200,000 meta tags": _many("<meta name=author content=b>", 5_600_000),
    "100,000 scripts": _many("<script type='application/ld+json'>{}</script>", 4_600_000),
    "JSON-LD of 10,000 levels": _linked('{"@type":"Article","author":', "[", 10_000, "]" * 10_000 + "}"),
    "JSON-LD of 1,010 levels": _linked('{"@type":"Article","isAccessibleForFree":', "[", 1010, "]" * 1010 + "}"),
    "JSON-LD of 1 MB of articles": _linked("[", '{"@type":"Article"},', 50_000, "{}]"),
    "JSON-LD of 1 MB of commas": _linked("[", ", ", 500_000, "]"),
    "JSON-LD of a number of 1 MB": _linked('{"@type":"Article","name":', "9", 1_000_000, ",}"),
    "100,000 paragraphs, each in a body of 1 MB": _searched,
    "1 MB of marks on one letter": _many("\u0300\u0316", 400_000, _PROSE + "<p>" + "a good word or two " * 20),
    "1 MB of ligatures": _many("\ufdfa ", 400_000, "<p>"),
    "10 MB of Chinese": _many("\u4e2d\u6587\u3002", 3_300_000, "<p>"),
    "10 MB of zeros": _bytes(b"\x00", 7_000_000),
    "10 MB of escapes": _bytes(b"\x1b$B!!\x1b(B", 7_000_000, "text/html; charset=iso-2022-jp"),
    "7 MB in no charset": _bytes(b"word a\xe9 \x81\xfe. ", 7_000_000),
    "7 MB of surrogates": _bytes(b"\xed\xa0\x80 word", 7_000_000),
    "a JSON array of 10 MB": lambda: b"[" + b"1," * 5_000_000 + b"1]",
    "JSON of 100,000 levels": lambda: b'{"body":' * 100_000,
    "a URL of 1 MB": lambda: events.event(random.Random(1), _PROSE, url="https://a.example/" + "x" * 1_000_000),
    "100,000 headers": lambda: events.event(random.Random(1), _PROSE, headers={f"X-{n}": "v" for n in range(100_000)}),
    "a body of 11 MB": _many("word ", 11_000_000),
}  # fmt: skip
"""By name: what a test or a bench gives the pool once each."""
