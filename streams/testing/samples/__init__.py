"""Sample pages for the demo and the tests: every outcome a page can have, once or more.

Invariant: the bytes and their order are fixed, so the outcomes are the same every time.
"""

import base64
import dataclasses
from typing import Any

import orjson

from streams.testing.samples import shapes, stories

_DAY = "2026-11-03"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A raw-page event and its expected outcome.

    Attributes:
        name: what the page is, in a few words.
        value: the event, as JSON bytes (or as bytes that are no event, for the broken ones).
        expected: `clean`, or `duplicate/` and the kind, or `rejected/` and the reason.
    """

    name: str
    value: bytes
    expected: str


def sample_pages() -> list[Sample]:
    """The sample pages, in their order."""
    return [*_copies(), *_languages(), *_not_articles(), *_broken()]


def _sample(name: str, expected: str, url: str, at: str, body: str | bytes, **more: Any) -> Sample:  # noqa: ANN401 - members of the event
    event: dict[str, Any] = {
        "url": url,
        "fetched_at": f"{_DAY}T{at}Z",
        "content_type": "text/html",
        "status": 200,
    }
    if isinstance(body, bytes):
        event["body_base64"] = base64.b64encode(body).decode("ascii")
    else:
        event["body"] = body
    return Sample(name=name, value=orjson.dumps({**event, **more}), expected=expected)


def _copies() -> list[Sample]:
    story, herald = stories.BRIDGE, "https://herald.example/islands/velmora-bridge"
    printed = shapes.newspaper(story, published=f"{_DAY}T06:00:00Z")
    revised = shapes.newspaper(stories.BRIDGE_REVISED, published=f"{_DAY}T06:00:00Z")
    farm = shapes.farm_html(
        story, brand="NovaPulse", site="AssetHarbor", section="Stocks", dated="2031-04-09 01:35:10"
    )
    cut = shapes.farm_text(
        story,
        brand="CoinVista",
        site="MarketLoom",
        section="Markets",
        dated="2031-04-11 19:02:44",
        kept=7,
    )
    return [
        _sample("wire story", "clean", herald, "06:10:00", printed),
        _sample(
            "content farm",
            "duplicate/exact",
            "https://assetharbor.example/stocks/8812.html",
            "07:00:00",
            farm,
        ),
        _sample(
            "content farm, cut, as text",
            "duplicate/near",
            "https://marketloom.example/m/17",
            "07:30:00",
            cut,
            content_type="text/plain",
        ),
        _sample(
            "teaser",
            "duplicate/excerpt",
            "https://digest.example/velmora",
            "08:00:00",
            shapes.teaser(story, site="Island Digest"),
        ),
        _sample(
            "same page again", "duplicate/recrawl", f"{herald}?utm_source=mail", "09:00:00", printed
        ),
        _sample("revision", "clean", herald, "21:15:00", revised),
        _sample(
            "verbatim copy",
            "duplicate/exact",
            "https://mirror.example/velmora-bridge",
            "21:30:00",
            shapes.crowded(story, site="Mirror"),
        ),
        _sample(
            "little text, much navigation",
            "clean",
            "https://valley.example/pears",
            "10:00:00",
            shapes.crowded(stories.ORCHARD, site="Valley Post"),
        ),
    ]


def _languages() -> list[Sample]:
    pages = (
        ("German, windows-1252", stories.SCHLEUSE, "windows-1252", "strict"),
        ("Russian, koi8-r", stories.LIBRARY, "koi8-r", "strict"),
        ("Japanese, Shift_JIS", stories.LANTERN, "shift_jis", "strict"),
        ("French, UTF-8 with BOM", stories.MOULIN, "utf-8-sig", "strict"),
    )
    return [
        _sample(
            name,
            "clean",
            f"https://{story.language}.example/{at}",
            f"1{at}:00:00",
            shapes.plain_site(story, charset=codec.removesuffix("-sig"), site="Example").encode(
                codec, errors if codec != "koi8-r" else "xmlcharrefreplace"
            ),
        )
        for at, (name, story, codec, errors) in enumerate(pages, 1)
    ]


def _not_articles() -> list[Sample]:
    herald = "https://herald.example"
    error = shapes.error_page()
    return [
        _sample(
            "home page",
            "rejected/no-article",
            f"{herald}/",
            "12:00:00",
            shapes.home_page("The Velmora Herald"),
        ),
        _sample(
            "search results",
            "rejected/no-article",
            f"{herald}/search?q=bridge",
            "12:01:00",
            shapes.search_results("bridge"),
        ),
        _sample(
            "missing page", "rejected/http-error", f"{herald}/gone", "12:02:00", error, status=404
        ),
        _sample(
            "missing page, status 200",
            "rejected/no-article",
            f"{herald}/gone-too",
            "12:03:00",
            error,
        ),
        _sample("empty body", "rejected/no-article", f"{herald}/empty", "12:04:00", ""),
        _sample(
            "picture",
            "rejected/unsupported-type",
            f"{herald}/a.png",
            "12:05:00",
            b"\x89PNG\r\n\x1a\n" + bytes(64),
            content_type="image/png",
        ),
    ]


def _broken() -> list[Sample]:
    story = stories.BRIDGE
    url = "https://broken.example/"
    deep = "<div>" * 20_000 + f"<p>{stories.ORCHARD.paragraphs[0]}</p>"
    injected = dataclasses.replace(
        stories.ORCHARD,
        title="<script>alert(1)</script> & other titles",
        paragraphs=tuple(reversed(story.paragraphs[7:])),
    )
    event = {"url": url, "fetched_at": f"{_DAY}T13:00:00Z"}
    return [
        Sample(name="not JSON", value=b"<html>no event</html>", expected="rejected/not-json"),
        Sample(
            name="no URL",
            value=orjson.dumps({"fetched_at": event["fetched_at"], "body": "x"}),
            expected="rejected/invalid-event",
        ),
        Sample(
            name="both bodies",
            value=orjson.dumps({**event, "body": "x", "body_base64": "eA=="}),
            expected="rejected/invalid-event",
        ),
        Sample(
            name="invalid UTF-8",
            value=b'{"url": "https://a.example/\xff\xfe"}',
            expected="rejected/not-json",
        ),
        Sample(name="100,000 open brackets", value=b"[" * 100_000, expected="rejected/not-json"),
        _sample("binary as HTML", "rejected/undecodable", url, "13:01:00", bytes(range(256)) * 40),
        _sample("20,000 nested elements", "rejected/too-large", f"{url}deep", "13:02:00", deep),
        _sample(
            "cut off in a tag",
            "duplicate/near",
            f"{url}cut",
            "13:03:00",
            shapes.newspaper(story, published=f"{_DAY}T06:00:00Z")[:3000],
        ),
        _sample(
            "markup in the title",
            "duplicate/excerpt",
            f"{url}title",
            "13:04:00",
            shapes.plain_site(injected, charset="utf-8", site="Broken"),
        ),
    ]
