"""Raw-page events for a fault run: synthetic articles, and what a crawl does to them.

Invariant: an event is a function of the seed, of the time at which the load ends, and of its
number. A reader of the topic can therefore make each event again and compare it with the record.

Time runs fast: a thousand events are a day. A repetition comes at most `REACH` events after its
event, which is well inside the replay horizon that the run sets.
"""

import base64
import dataclasses
import datetime as dt
import random
import zlib
from typing import Literal

import orjson

Kind = Literal[
    "story", "exact", "near", "excerpt", "recrawl", "revision", "twice", "poison", "oversize"
]

SHARES: dict[Kind, float] = {
    "story": 0.545,
    "exact": 0.1,
    "near": 0.08,
    "excerpt": 0.06,
    "recrawl": 0.07,
    "revision": 0.06,
    "twice": 0.07,
    "poison": 0.012,
    "oversize": 0.003,
}
HOT = "hot.example"
HOT_SHARE = 0.4
SITES = 400
REACH = 5000
EVENTS_A_DAY = 1000
DAY = 86_400.0
HOUR = 3600.0
OFF_SHARE = 0.02
"""Share of events whose clock is days late, and also of those whose clock is days early."""

MAX_PAGE_BYTES = 64 << 10
HEADER = "load.event"
"""The header of a raw record that says which event it is."""

_DRAW = random.Random("words")  # noqa: S311 - a vocabulary, no secret
WORDS = [
    "".join(_DRAW.choice("bdfgklmnprstv") + _DRAW.choice("aeiou") for _ in range(2 + n % 3))
    for n in range(3000)
]
"""Words of no language, so two stories have only words in common that were drawn by chance."""

Story = list[list[str]]
"""Paragraphs of words."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A record to publish.

    Attributes:
        number: from 0.
        kind: what the event is.
        key: the site's host name, as a crawler would use.
        partition: follows from the key.
        value: the raw-page event; broken for a poison.
    """

    number: int
    kind: Kind
    key: bytes
    partition: int
    value: bytes | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """All events of a run.

    Attributes:
        seed: everything that is drawn follows from it.
        events: how many events there are.
        partitions: how many partitions `raw-pages` has.
        ends: the time of the last event, in seconds since the epoch.
    """

    seed: int
    events: int
    partitions: int
    ends: float

    def event(self, number: int) -> Event:
        """Make one event; `number` is 0 to `events` - 1."""
        kind, shown = self.kind(number), number
        while self.kind(shown) == "twice":
            shown = self._before(shown)
        host, value = self._page(shown)
        partition = zlib.crc32(host.encode()) % self.partitions
        return Event(number=number, kind=kind, key=host.encode(), partition=partition, value=value)

    def kind(self, number: int) -> Kind:
        """The kind of an event; the first one is a story."""
        if not number:
            return "story"
        (kind,) = self._draw("kind", number).choices(list(SHARES), list(SHARES.values()))
        return kind

    def _draw(self, what: str, number: int) -> random.Random:
        return random.Random(f"{self.seed} {what} {number}")  # noqa: S311 - test data, no secret

    def _before(self, number: int) -> int:
        """An earlier event within `REACH`, each with the same probability.

        A story therefore has few copies, and the index reaches none of its bounds. When it evicts
        entries is another question than whether pages are lost.
        """
        return number - 1 - self._draw("before", number).randrange(min(number, REACH))

    def _story_before(self, number: int) -> int:
        found = self._before(number)
        while self.kind(found) != "story":
            found -= 1
        return found

    def _host(self, number: int) -> str:
        draw = self._draw("host", number)
        return HOT if draw.random() < HOT_SHARE else f"site{draw.randrange(SITES)}.example"

    def _page(self, number: int) -> tuple[str, bytes | None]:
        """The site and the value of an event that is not the repetition of another one."""
        kind, draw = self.kind(number), self._draw("page", number)
        at, host = self._fetched(number, draw), self._host(number)
        url = f"https://{host}/{number}"
        if kind == "poison":
            return host, _poison(draw, url, at)
        if kind == "oversize":
            size = draw.randrange(MAX_PAGE_BYTES + 1, 2 * MAX_PAGE_BYTES)
            return host, orjson.dumps({"url": url, "fetched_at": at, "body": "<p>" + "a " * size})
        told = number if kind == "story" else self._story_before(number)
        story = self._story(told)
        if kind in ("recrawl", "revision"):
            host = self._host(told)
            url = f"https://{host}/{told}"
        if kind == "near":
            story = [[_other(draw, word, 0.05) for word in words] for words in story]
        elif kind == "excerpt":
            story = story[:2]
        elif kind == "revision":
            story = [*story, _paragraph(draw)]
        html = _html(story).encode()
        event = {"url": url, "fetched_at": at, "status": 200, "content_type": "text/html"}
        if draw.random() < 0.1:  # noqa: PLR2004 - a share
            return host, orjson.dumps({**event, "body_base64": base64.b64encode(html).decode()})
        return host, orjson.dumps({**event, "body": html.decode()})

    def _story(self, number: int) -> Story:
        draw = self._draw("story", number)
        return [_paragraph(draw) for _ in range(draw.randint(4, 6))]

    def _fetched(self, number: int, draw: random.Random) -> str:
        """The time at which the crawler says that it fetched the page."""
        at = self.ends - (self.events - number) / EVENTS_A_DAY * DAY
        at += draw.gauss(0, HOUR)
        clock = draw.random()
        if clock < OFF_SHARE:
            at -= draw.uniform(1, 40) * DAY
        elif clock < 2 * OFF_SHARE:
            at += draw.uniform(1, 3) * DAY
        elif clock < 2.5 * OFF_SHARE and number > 0.95 * self.events:
            # Only near the end: such a time moves the window to the present, and every page after
            # it is late.
            at += draw.uniform(1, 70) * 365 * DAY
        return dt.datetime.fromtimestamp(int(at), dt.UTC).isoformat()


def _paragraph(draw: random.Random) -> list[str]:
    return [draw.choice(WORDS) for _ in range(draw.randint(24, 40))]


def _other(draw: random.Random, word: str, share: float) -> str:
    return draw.choice(WORDS) if draw.random() < share else word


def _html(story: Story) -> str:
    paragraphs = []
    for words in story:
        sentences = (" ".join(words[n : n + 12]).capitalize() for n in range(0, len(words), 12))
        paragraphs.append(f"<p>{'. '.join(sentences)}.</p>")
    title = " ".join(story[0][:6]).capitalize()
    return (
        f"<html><head><title>{title}</title></head><body><nav><a href='/'>Home</a> "
        f"<a href='/news'>News</a></nav><article><h1>{title}</h1>{''.join(paragraphs)}</article>"
        "<footer>All rights reserved</footer></body></html>"
    )


def _poison(draw: random.Random, url: str, at: str) -> bytes | None:
    page = {"url": url, "fetched_at": at}
    return draw.choice(
        (
            draw.randbytes(40),
            None,
            b"[1, 2]",
            b'{"url": "' + url.encode(),
            orjson.dumps({"fetched_at": at, "body": "no url"}),
            orjson.dumps({**page, "fetched_at": "soon", "body": "no time"}),
            orjson.dumps({**page, "body": "two", "body_base64": "eA=="}),
            orjson.dumps({**page, "body_base64": "e$"}),
            orjson.dumps({**page, "status": 404, "body": "<p>gone</p>"}),
            orjson.dumps({**page, "content_type": "image/png", "body": "x"}),
            orjson.dumps({**page, "body": "<html><body></body></html>"}),
            orjson.dumps({**page, "body": "<nav><a href='/'>Home</a></nav>"}),
        )
    )
