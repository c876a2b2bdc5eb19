"""The view over the sample pages, without a broker, and how tests ask it."""

import contextlib

from selectolax.lexbor import LexborHTMLParser

from cleanwire.similarity.index import Thresholds
from helpers import web_server
from helpers.view_pages import Bus, browsing, decided
from streams.testing.samples import sample_pages
from streams.web.pages.article import Known
from streams.web.pages.article_links import name_of_page
from streams.web.store.model import Count, Part, Stored

SHARED = "sixteen-and-more"
NOW = 1_800_000_000.0
SAMPLES = sample_pages()
LIMITS = Thresholds(near=0.45, excerpt=0.7)
NO_COUNT = Count(number=0, more=False)


def offset_of(kind):
    return next(n for n, one in enumerate(SAMPLES) if one.expected.endswith(kind))


@contextlib.contextmanager
def standing(folder):
    """The view over the sample pages: its port, the outcomes, and the bus."""
    bus = Bus()
    entries = decided([sample.value for sample in SAMPLES], bus)
    with browsing(folder, entries, bus) as port:
        yield port, entries, bus


def ask(port, path, method="GET", **headers):
    """The status and the body of an answer."""
    return web_server.ask(port, path, method, **headers)[:2]


def tree_of(stand, path, status=200):
    got, body = ask(stand[0], path)
    assert got == status, body
    return LexborHTMLParser(body)


def words_of(tree, selector="main"):
    return " ".join(tree.css_first(selector).text(deep=True).split())


def of_kind(stand, kind):
    return next(one for one in stand[1] if one.kind == kind)


def listed(stand, query):
    return [
        node.attributes["href"] for node in tree_of(stand, f"/articles{query}").css("td.page > a")
    ]


def known(seen, **more):
    empty = {
        "name": name_of_page(seen) or "x",
        "timeline": Part(items=(Stored(key=1, record=seen),), following=None),
        "copies": Part(items=(), following=None),
        "count": NO_COUNT,
        "originals": {},
        "before": {"timeline": None, "copies": None},
    }
    return Known(seen=seen, **empty | more)
