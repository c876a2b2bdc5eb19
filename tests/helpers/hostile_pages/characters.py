"""Characters that cannot be seen, that turn text round, or that are none.

Invariant: they stand in every place that ends up in an article: title, byline, body, image.
"""

import json
import random

from helpers.hostile_pages import events

_STRANGE = (
    "\x00", "\x01", "\x07", "\x08", "\x0b", "\x0c", "\x1b[31m", "\x1f", "\x7f", "\x80", "\x85", "\x9f", "\xad",
    "\u061c", "\u115f", "\u180e", "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a",
    "\u202d", "\u202e", "\u202c", "\u2060", "\u2066", "\u2067", "\u2069", "\u3164", "\ufe0f", "\ufeff", "\ufff9",
    "\ufffc", "\ufffd", "\ufffe", "\uffff", "\U000e0001", "\U000e0041", "\U0010ffff", "\U0001f468\u200d\U0001f469",
    "\u0300" * 40, "\ufdfa", "\u1e9e", "\u0130", "\u00df", "\u0345", "\u3099", "\u1100\u1161\u11a8",
)  # fmt: skip
_SURROGATES = ("\ud800", "\udfff", "\udc00\ud800", "\ud83d", "\udbff\udbff")


def _everywhere(r: random.Random, strange: tuple[str, ...]) -> str:
    def spoiled(text: str) -> str:
        at = r.randrange(len(text))
        return text[:at] + r.choice(strange) * r.choice((1, 1, 3, 30)) + text[at:]

    linked = json.dumps(
        {"@type": "NewsArticle", "headline": spoiled("A head line of some words"), "author": spoiled("Ada Quill"),
         "image": spoiled("https://a.example/a.png"), "articleSection": spoiled("News"),
         "keywords": [spoiled("one"), spoiled("two")], "datePublished": spoiled("2025-03-04T10:00:00+01:00"),
         "publisher": {"name": spoiled("Valley Post")}}
    )  # fmt: skip
    if r.random() < 0.5:
        linked = linked.replace("}}", "},}")
    head = (
        f"<script type='application/ld+json'>{linked}</script>"
        f"<meta property='og:image' content='{spoiled('https://a.example/b.png')}'>"
        f"<link rel='canonical' href='{spoiled('https://a.example/c')}'><meta name=author content='{spoiled('Bo Ek')}'>"
    )
    body = f"<p class='{spoiled('byline')}'>By {spoiled('Cy Dunn')}</p><p>{spoiled(events.sentence(r))}</p>"
    return spoiled(events.page(r, f"{body}<pre>{spoiled('a code line')}</pre>", head))


def unseen(r: random.Random) -> bytes:
    """Controls, zero-width and directional characters, no characters."""
    return events.event(r, _everywhere(r, _STRANGE))


def unseen_bytes(r: random.Random) -> bytes:
    """The same as bytes, in UTF-8 or another charset."""
    codec = r.choice(("utf-8", "utf-8", "gb18030", "utf-16"))
    return events.event(r, _everywhere(r, _STRANGE).encode(codec, "replace"))


def surrogates(r: random.Random) -> bytes:
    """Lone surrogates: as escapes in the event's JSON, in JSON-LD, or encoded as if they were."""
    text = _everywhere(r, _SURROGATES)
    form = r.randrange(4)
    if form == 0:
        return events.event(r, text)
    if form == 1:
        return events.event(r, text.encode("utf-8", "surrogatepass"))
    if form == 2:
        raw = json.dumps(events.fields(r, text), ensure_ascii=False)
        return raw.encode("utf-8", "surrogatepass")
    # The escapes survive, since JSON-LD is text on the page.
    return events.event(r, text.encode("ascii", "ignore").decode())


def plain_text(r: random.Random) -> bytes:
    """A plain-text page with them."""
    lines = [
        events.sentence(r)
        + r.choice(_STRANGE)
        + r.choice(("\n", "\r", "\r\n", "\n\n", "\x0b", "\x1c", "\u2028"))
        for _ in range(20)
    ]
    return events.event(r, "".join(lines), content_type="text/plain")
