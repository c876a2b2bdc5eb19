"""An endless stream of made-up news for the demo: stories, their copies, and what is no article.

Invariant: the stream is a function of its seed. Towns, people and papers are invented, and no
page is of this world.
"""

import dataclasses
import datetime as dt
import random
from collections.abc import Iterator
from typing import Any

import orjson

from streams.testing.samples import shapes
from streams.testing.samples.stories import Story

PAPERS = {
    "The Velmora Herald": "herald.example",
    "Brenn Courier": "courier.example",
    "Valley Post": "valley.example",
    "Saltmarsh Echo": "echo.example",
    "The Northern Ferryman": "ferryman.example",
}
MIRRORS = ("mirror.example", "reader.example", "allnews.example")
FARMS = {
    "NovaPulse": ("AssetHarbor", "assetharbor.example"),
    "CoinVista": ("MarketLoom", "marketloom.example"),
    "TrendOrbit": ("DailyQuill", "dailyquill.example"),
    "PrimeWave": ("InfoBasin", "infobasin.example"),
}

_TOWNS = "Velmora Brenn Hallin Ostby Karsund Tolmere Grenwick Aldvik Marrow Fennholt Skarra Lindow Estvale Norrick Pellam Quayle".split()
_FIRST = "Lida Tamsin Bertil Wenna Rosk Ylva Oskar Mirela Tobin Anselm Freya Corin Ketil Dagny Emrys Solveig".split()
_LAST = "Carrow Okell Aune Prior Ammerell Strand Holm Venter Quist Larkin Bray Ostrom Tallis Verne Wick Hale".split()
_OFFICES = (
    "harbour master", "mayor", "head teacher", "fire chief", "chair of the parish council",
    "county engineer", "museum director", "district nurse", "ferry captain", "chief forester",
)  # fmt: skip
_THINGS = (
    "slipway", "grain store", "reading room", "swimming pool", "town hall roof", "signal box",
    "fish market", "school kitchen", "boat shed", "weather station", "bus depot", "water tower",
    "concert hall", "footbridge", "bakery", "lighthouse stair", "dairy", "ice rink",
)  # fmt: skip
_SEASONS = (
    "before the frost",
    "by midsummer",
    "after the harvest",
    "in time for the regatta",
    "before the autumn gales",
    "once the snow is gone",
)
_CAUSES = (
    "a burst pipe", "dry rot in two beams", "a lorry that took the corner too fast", "salt in the mortar",
    "a fault in the wiring", "the root of an old lime tree", "a flood nine winters ago", "a nest of mice in the insulation",
)  # fmt: skip
_MATERIALS = (
    "oak",
    "larch",
    "granite",
    "galvanised steel",
    "reclaimed brick",
    "slate",
    "copper",
    "lime plaster",
)
_GROUPS = (
    "rowing club",
    "choir",
    "volunteer brigade",
    "sixth form",
    "beekeepers",
    "retired welders",
    "chess circle",
    "allotment holders",
)
_VERBS = {
    "reopens": "reopened on {day} after {weeks} weeks of work that followed {cause}",
    "needs repairs": "will stay shut until {season}, because {cause} did more harm than anyone had thought",
    "is saved": "will not be sold after all: the {group} collected {amount} crowns in {weeks} weeks",
    "wins prize": "won the prize for small places on {day}, {weeks} months after {cause} had almost ended it",
    "changes hands": "passed on {day} from the town to the {group}, who paid {amount} crowns",
    "divides council": "kept the council at its table until {hour} o'clock at night, and {votes} members voted for it",
}
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SENTENCES = (
    "“{quote},” said {person}, the {office}, who has known the {thing} for {years} years.",
    "The first estimate, {amount} crowns, was too low by {percent} per cent, according to a paper that {person} laid before the {group} in {town}.",
    "{Material} for the {part} came by boat from {town}, {tonnes} tonnes in all, and was carried up the hill by the {group}.",
    "A second look at the {part} showed {cause}, which the survey of {year} had missed entirely.",
    "In {town}, {kilometres} kilometres away, a {other} of the same age was pulled down in {year}, and many there regret it.",
    "{person} remembers that the {thing} was painted {colour} when {years} children went there every {day}.",
    "The {group} of {town} lent {tonnes} ladders and a crane that is older than its driver.",
    "Insurance pays {percent} per cent; the rest has to be found {season}, {person} told a meeting of {years} neighbours.",
    "Nobody was hurt when {cause} was noticed on a {day} morning, because the {office} had closed the door the night before.",
    "From {day} on, visitors enter through the {part}, and a ticket costs {votes} crowns for a family.",
    "The builders, a firm from {town} with {years} workers, found a bottle in the wall with a letter from {year} that asks the finder to {errand}.",
    "“{quote},” {person} wrote to this newspaper, and {years} readers signed the letter.",
    "Whether the {other} next door is to follow will be decided {season}; the plans hang in the library of {town}.",
    "The town gets {amount} crowns from a fund for islands, on condition that the {part} is of {material} and not of concrete.",
    "{person}, {years}, who swept the {thing} for half a lifetime, was given the first key and hung it beside the stove.",
    "Critics such as {person} call the {part} too large by {percent} per cent and the bill a burden until {later}.",
)
_QUOTES = (
    "We counted every nail twice", "It smells of fresh paint and of my childhood", "I would do it again, but not this winter",
    "There was soup for everyone, and that settled it", "You cannot eat a monument, but you can meet in one",
    "The drawings were wrong and the masons were right", "My knees say no, my heart says yes", "First the roof, then the speeches",
)  # fmt: skip
_PARTS = (
    "east wing",
    "stairwell",
    "great door",
    "cellar",
    "gallery",
    "north wall",
    "loading ramp",
    "clock",
    "gutter",
    "kitchen",
)
_ERRANDS = (
    "ring the bell once",
    "plant a pear tree",
    "feed the goose",
    "forgive the carpenter",
    "look under the third step",
)
_COLOURS = (
    "sea green",
    "ox-blood red",
    "a yellow that hurt the eyes",
    "white with blue sills",
    "grey, like everything then",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Printed:
    """A story as a paper printed it."""

    story: Story
    paper: str
    url: str
    at: dt.datetime


def newsroom(seed: int, *, start: dt.datetime, every: dt.timedelta) -> Iterator[bytes]:
    """Yield raw-page events without end.

    About a third are new stories, the others their copies, revisions and recrawls, and pages that
    are no articles.

    Args:
        seed: what the stream is drawn from.
        start: when the first page is fetched.
        every: the time between two fetches.
    """
    draw = random.Random(seed)  # noqa: S311 - a made-up world
    known: list[_Printed] = []
    number = 0
    while True:
        at = start + number * every
        number += 1
        kind = draw.choices(
            ("story", "farm", "mirror", "teaser", "revision", "recrawl", "other"),
            (34, 22, 14, 6, 5, 8, 11),
        )[0]
        if kind == "story" or not known:
            printed = _print(draw, at, number)
            known = [*known[-40:], printed]
            yield _event(printed.url, at, _newspaper(printed))
            continue
        # The newest stories are copied most.
        printed = known[-min(int(draw.expovariate(0.25)) + 1, len(known))]
        yield _again(draw, kind, printed, at, number)


def _again(
    draw: random.Random, kind: str, printed: _Printed, at: dt.datetime, number: int
) -> bytes:
    """A page that is not the first to tell its story."""
    story = printed.story
    if kind == "farm":
        return _farmed(draw, story, at, number)
    if kind == "mirror":
        host = draw.choice(MIRRORS)
        return _event(f"https://{host}/a/{number}", at, shapes.crowded(story, site="Mirror"))
    if kind == "teaser":
        page = shapes.teaser(story, site="Island Digest")
        return _event(f"https://digest.example/{number}", at, page)
    if kind == "revision":
        more = _sentences(draw, 2)
        revised = dataclasses.replace(story, paragraphs=(*story.paragraphs, " ".join(more)))
        return _event(printed.url, at, _newspaper(dataclasses.replace(printed, story=revised)))
    if kind == "recrawl":
        return _event(f"{printed.url}?utm_source=mail", at, _newspaper(printed))
    return _other(draw, printed, at, number)


def _farmed(draw: random.Random, story: Story, at: dt.datetime, number: int) -> bytes:
    """A content farm's copy; three of ten are flattened to lines, and cut."""
    brand, (site, host) = draw.choice(list(FARMS.items()))
    wrapped = {"brand": brand, "site": site, "section": "News"}
    dated = f"{at:%Y-%m-%d %H:%M:%S}"
    if draw.randrange(10) < 3:  # noqa: PLR2004 - three of ten
        kept = len(story.paragraphs) - 1
        page = shapes.farm_text(story, **wrapped, dated=dated, kept=kept)
        return _event(f"https://{host}/t/{number}", at, page, content_type="text/plain")
    page = shapes.farm_html(story, **wrapped, dated=dated)
    return _event(f"https://{host}/news/{number}.html", at, page)


def _other(draw: random.Random, printed: _Printed, at: dt.datetime, number: int) -> bytes:
    """A page that is no article, or broken."""
    host = PAPERS[printed.paper]
    kind = draw.randrange(5)
    if kind == 0:
        return _event(f"https://{host}/", at, shapes.home_page(printed.paper))
    if kind == 1:
        return _event(f"https://{host}/search?q=island", at, shapes.search_results("island"))
    if kind == 2:  # noqa: PLR2004 - one of five
        return _event(f"https://{host}/old/{number}", at, shapes.error_page(), status=404)
    if kind == 3:  # noqa: PLR2004 - one of five
        return _event(f"https://{host}/gone/{number}", at, shapes.error_page())
    return _event(
        f"https://{host}/map/{number}.pdf", at, "%PDF-1.7", content_type="application/pdf"
    )


def _event(url: str, at: dt.datetime, body: str, **more: Any) -> bytes:  # noqa: ANN401 - members of the event
    event = {
        "url": url,
        "fetched_at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "content_type": "text/html",
        "status": 200,
        "body": body,
    }
    return orjson.dumps({**event, **more})


def _newspaper(printed: _Printed) -> str:
    return shapes.newspaper(printed.story, published=f"{printed.at:%Y-%m-%dT%H:%M:%SZ}")


def _print(draw: random.Random, at: dt.datetime, number: int) -> _Printed:
    paper = draw.choice(list(PAPERS))
    town, thing = draw.choice(_TOWNS), draw.choice(_THINGS)
    happens, told = draw.choice(list(_VERBS.items()))
    lead = f"{town.upper()}, Ostrava Isles (NWA) — The {thing} of {town} " + _filled(
        draw, told, thing
    )
    sentences = _sentences(draw, 13, thing)
    groups = [sentences[place : place + 3] for place in range(0, len(sentences), 3)]
    story = Story(
        title=f"{town}'s {thing} {happens} {draw.choice(_SEASONS)}",
        paragraphs=(f"{lead}, said {_person(draw)}, the {draw.choice(_OFFICES)}.", *map(" ".join, groups)),
        author=_person(draw),
        language="en",
    )  # fmt: skip
    slug = f"{town}-{thing}".lower().replace(" ", "-")
    url = f"https://{PAPERS[paper]}/{at:%Y/%m/%d}/{slug}-{number}"
    return _Printed(story=story, paper=paper, url=url, at=at)


def _sentences(draw: random.Random, count: int, thing: str | None = None) -> list[str]:
    return [
        _filled(draw, text, thing or draw.choice(_THINGS))
        for text in draw.sample(_SENTENCES, count)
    ]


def _filled(draw: random.Random, text: str, thing: str) -> str:
    material = draw.choice(_MATERIALS)
    return text.format(
        thing=thing,
        other=draw.choice([other for other in _THINGS if other != thing]),
        person=_person(draw),
        office=draw.choice(_OFFICES),
        town=draw.choice(_TOWNS),
        group=draw.choice(_GROUPS),
        cause=draw.choice(_CAUSES),
        season=draw.choice(_SEASONS),
        material=material,
        Material=material.capitalize(),
        part=draw.choice(_PARTS),
        colour=draw.choice(_COLOURS),
        errand=draw.choice(_ERRANDS),
        quote=draw.choice(_QUOTES),
        day=draw.choice(_DAYS),
        amount=f"{draw.randrange(3, 900) * 1000:,}",
        percent=draw.randrange(4, 96),
        tonnes=draw.randrange(2, 60),
        kilometres=draw.randrange(3, 140),
        years=draw.randrange(19, 94),
        weeks=draw.randrange(3, 40),
        year=draw.randrange(1890, 2020),
        later=draw.randrange(2031, 2060),
        hour=draw.choice(("ten", "eleven", "twelve")),
        votes=f"{draw.randrange(8, 30)}",
    )  # fmt: skip


def _person(draw: random.Random) -> str:
    return f"{draw.choice(_FIRST)} {draw.choice(_LAST)}"
