"""JSON-LD that is deep, vast, cyclic, broken or of wrong types.

Invariant: each field that the extraction reads gets each wrong value, alone and in all the
ways that schema.org lets it be said: a value, a list, an object, a reference.
"""

import json
import random
from typing import Any

from helpers.hostile_pages import events

_FIELDS = (
    "headline", "name", "author", "creator", "datePublished", "dateCreated", "dateModified", "inLanguage",
    "articleBody", "publisher", "image", "articleSection", "keywords", "isAccessibleForFree", "@type", "@id",
    "@graph", "mainEntity", "mainEntityOfPage", "@context",
)  # fmt: skip
_RAW = (
    "null", "true", "0", "1e999", "NaN", "-Infinity", "9" * 5000, '""', '"x"', "[]", "{}", "[[]]", '[null, 1, "x"]',
    '{"@value": "x"}', '{"@value": 1}', '{"name": {"name": "x"}}', '{"@id": "#a"}', '{"@id": ["#a"]}', '{"@id": 1}',
    '{"@type": ["Person", 1, null], "name": ["Ada Quill", 2]}', '{"@type": {"a": 1}}', '"\\ud800"', '"\\u0000"',
    '"2025-13-45T99:99:99+99:99"', '"9999-12-31T23:59:59-23:59"', '"0000-00-00"', '"javascript:alert(1)"', '"</p>"',
    '"<div><p>x</p>"', '"//[::1"', '"http://a:99999/"', '{"url": []}', '{"url": {"url": "x"}}', '"' + "x" * 20_000 + '"',
    '"<p>' + "long words in a body. " * 400 + '</p>"',
)  # fmt: skip


def _page(r: random.Random, *scripts: str) -> bytes:
    kind = r.choice(
        (
            "application/ld+json",
            "application/ld+json",
            "APPLICATION/LD+JSON",
            "application/ld+json; charset=x",
        )
    )
    written = "".join(f"<script type='{kind}'>{script}</script>" for script in scripts)
    return events.event(r, events.page(r, head=written))


def types(r: random.Random) -> bytes:
    """An article of which some fields have wrong values."""
    parts = {"@type": '"NewsArticle"', "headline": '"A head line of some words"'}
    parts |= {name: r.choice(_RAW) for name in r.sample(_FIELDS, r.randint(1, 5))}
    inner = ", ".join(f'"{name}": {raw}' for name, raw in parts.items())
    return _page(r, "{" + inner + r.choice(("", "", ",")) + "}")


def depths(r: random.Random) -> bytes:
    """A field, or a graph, so deep that a recursion would not come back."""
    count = r.choice((100, 990, 1000, 1010, 1020, 3000, 10_000))
    name = r.choice(_FIELDS)
    opened, closed = r.choice(
        (
            ("[", "]"),
            ('{"@type":', "}"),
            ('{"@type": "Article", "@graph": [', "]}"),
            ('{"mainEntity":', "}"),
        )
    )
    deep = opened * count + r.choice(('"x"', "")) + closed * count
    return _page(r, f'{{"@type": "NewsArticle", "{name}": {deep}{r.choice(("", ","))}}}')


def vast(r: random.Random) -> bytes:
    """Arrays of thousands: of articles, authors, types, keywords, scripts."""
    count = r.choice((500, 501, 2000))
    article: dict[str, Any] = {
        "@type": "NewsArticle",
        "headline": "x y z",
        "author": {"name": "Ada Quill"},
    }
    return r.choice(
        (
            lambda: _page(r, json.dumps([article] * count)),
            lambda: _page(r, json.dumps({"@graph": [{"@graph": [article] * 30}] * (count // 30)})),
            lambda: _page(
                r, json.dumps(article | {"author": [{"name": f"Ada Q{n}"} for n in range(count)]})
            ),
            lambda: _page(
                r, json.dumps(article | {"@type": ["Article"] * count, "keywords": ["x"] * count})
            ),
            lambda: _page(r, *([json.dumps(article)] * 300)),
            lambda: _page(r, json.dumps({f"k{n}": n for n in range(count)} | article)),
        )
    )()


def cycles(r: random.Random) -> bytes:
    """Objects that name each other, or themselves, by `@id`."""
    nodes = [
        {"@id": f"#{n}", "@type": r.choice(("Person", "NewsArticle", "Organization")),
         "author": {"@id": f"#{(n + 1) % 3}"}, "publisher": {"@id": f"#{n}"}, "mainEntity": {"@id": f"#{n}"},
         "name": {"@id": f"#{n}"}}
        for n in range(3)
    ]  # fmt: skip
    return _page(r, json.dumps({"@graph": nodes}))


def broken(r: random.Random) -> bytes:
    """A script that is cut, doubled, commented, or no JSON."""
    whole = json.dumps(
        {"@type": "NewsArticle", "headline": "A head line", "author": [{"name": "Ada Quill"}]}
    )
    at = r.randrange(len(whole))
    return _page(
        r,
        r.choice(
            (whole[:at], whole[:at] + whole, whole + whole, f"<!--{whole}-->", f"//<![CDATA[\n{whole}\n//]]>", whole + ";",
             whole.replace("}", ",}"), whole.replace('"', "'"), whole.replace(":", ""), "\x00" + whole, "<script>" + whole,
             whole.replace('"A head', '"A\nhead'), "[" * at + whole, whole[:at] + "\\ud83d" + whole[at:])
        ),
    )  # fmt: skip
