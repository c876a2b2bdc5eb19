"""The pages of sites and stories: what pages say stays text, and the pictures are right."""

import dataclasses
import unicodedata
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from helpers.view_sites import NOW, record
from streams.web.pages.graphs import MOST_CELLS, MOST_NEIGHBOURS, cut, matrix, neighbours
from streams.web.pages.problem import problem
from streams.web.pages.rendering import site_path
from streams.web.pages.sites import Listed, site_page, sites_page
from streams.web.pages.stories import RANGES, stories_page
from streams.web.store.model import (
    Copying,
    KindCount,
    Site,
    SiteCount,
    Stored,
    Story,
)

HOSTILE = st.lists(
    st.sampled_from(
        ["<script>alert(1)</script>", "</title>", "</bdi>", "</text>", "</svg>", "<!--", "-->", "'",
         '"', "`", "&#60;b&#62;", "&lt;", "<", ">", "=", "\x00", "\x1b[31m", "\r\n", "\x85", "\u2028",
         "\u202e", "\u2066", "\ufeff", "\U000e0041", "javascript:alert(1)", " onload=alert(1) ", "é",
         "/", "..", "?", "#", "%2e", "\\", "日本", "אב"]
    )
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    max_size=8,
).map("".join)  # fmt: skip

CHANGES = ("href", "value", "aria-label")
"""Attributes that hold a name."""


def pages(site, other, title, url, detail):
    """Every page with these texts in it."""
    seen = Stored(
        key=1,
        record=record(
            1, "http-error", 1, site=site, url=f"u{url}", title=f"t{title}", detail=f"d{detail}"
        ),
    )
    copy = record(2, "near", 2, article="0" * 32, copy_of="1" * 32, title=f"t{title}", site=site)
    copy = dataclasses.replace(copy, copy_of_url=f"u{url}", copy_of_site=other, similarity=0.5)
    counts = SiteCount(
        site=site, count=3, kinds=(KindCount(outcome="rejected", kind="http-error", count=3),)
    )
    there = Copying(site=site, original=other, count=7)
    back = Copying(site=other, original=site, count=5)
    yield sites_page(NOW, Listed(counts=[counts], name=f"n{other}", following=50), [there, back])
    one = Site(counts=counts, first=1, last=2, copies=(there,), copied_by=(back,))
    yield site_page(NOW, one, [seen, Stored(key=2, record=copy)], most=50)
    story = Story(article="1" * 32, original=seen, copies=1, sites=1, hours=((1, 1),))
    yield stories_page(NOW, [story], RANGES["day"], most=20)
    yield problem(NOW, "sites/site", "No such site", f"x{detail}")


@pytest.mark.slow
@given(st.tuples(*[HOSTILE] * 5))
def test_nothing_that_a_page_says_becomes_an_element_or_an_attribute(texts):
    names = [f"s{texts[0]}", f"o{texts[1]}"]
    # A name that can be in no path has no link.
    plain = ["s" if site_path(names[0]) else "s/", "o" if site_path(names[1]) else "o/"]
    for hostile, harmless in zip(
        pages(*names, *texts[2:]), pages(*plain, "a", "a", "a"), strict=True
    ):
        trees = [LexborHTMLParser(one) for one in (hostile, harmless)]
        shapes = [
            [
                (
                    node.tag,
                    {
                        name: "" if name in CHANGES else value
                        for name, value in node.attributes.items()
                    },
                )
                for node in tree.css("*")
            ]
            for tree in trees
        ]
        assert shapes[0] == shapes[1]
        text = trees[0].root.text(deep=True)
        assert all(sign.isprintable() for sign in text.replace("\n", ""))
        for node in trees[0].css("[href]"):
            assert node.attributes["href"].startswith(("./", "../", "?", "#"))


@given(HOSTILE.map("s".__add__))
def test_the_path_of_a_site_leads_to_it(name):
    path = site_path(name)
    if not path:
        assert "/" in name or "\\" in name
        return
    joined = urllib.parse.urlsplit(urllib.parse.urljoin("http://h/a/sites/x", f"../{path}"))
    assert joined.netloc == "h"
    assert not joined.query + joined.fragment
    assert joined.path.count("/") == 3
    assert urllib.parse.unquote(joined.path.removeprefix("/a/sites/")) == name


@pytest.mark.parametrize("name", [".", "..", "...", "", " ", "a/b", "\\", "a\\b", ". ."])
def test_a_name_that_is_another_path_has_no_link(name):
    assert site_path(name) == ""


def width_of(text):
    wide = {"W": 2, "F": 2}
    return sum(
        0 if unicodedata.combining(one) else wide.get(unicodedata.east_asian_width(one), 1)
        for one in text
    )


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_a_long_name_is_cut_in_its_middle(name):
    shown = cut(name)
    printable = "".join(one if one.isprintable() else "\ufffd" for one in name)
    assert width_of(shown) <= MOST_CELLS
    if width_of(printable) <= MOST_CELLS:
        assert shown == printable
        return
    assert width_of(shown) >= MOST_CELLS - 2
    assert any(
        printable.startswith(shown[:place]) and printable.endswith(shown[place + 1 :])
        for place, sign in enumerate(shown)
        if sign == "…"
    )


def test_both_ends_of_a_long_name_are_shown():
    assert cut("a-newspaper-with-a-long-name.co.example") == "a-newspaper…co.example"


COUNTS = st.lists(st.integers(1, 10**9), max_size=60).map(lambda one: sorted(one, reverse=True))


@given(COUNTS, COUNTS)
def test_the_lines_add_up_and_fit(left, right):
    by = [Copying(site=f"s{n}", original="x", count=count) for n, count in enumerate(left)]
    of = [Copying(site="x", original=f"o{n}", count=count) for n, count in enumerate(right)]
    tree = LexborHTMLParser(str(neighbours("x", by, of, most=60)))
    _, _, width, height = map(float, tree.css_first("svg").attributes["viewBox"].split())
    titles = [one.text().rsplit(": ", 1) for one in tree.css("g > title")]
    assert sum(int(count.replace(",", "")) for _, count in titles) == sum(left) + sum(right)
    lines = tree.css("path")
    assert len(lines) == min(len(left), MOST_NEIGHBOURS) + min(len(right), MOST_NEIGHBOURS)
    wides = [float(one.attributes["stroke-width"]) for one in lines]
    assert all(1.5 <= wide <= 22.05 for wide in wides)
    for text in tree.css("text"):
        assert 0 <= float(text.attributes["x"]) <= width
        assert 0 <= float(text.attributes["y"]) <= height
    bar = tree.css_first("rect.site").attributes
    assert float(bar["y"]) >= 0
    assert float(bar["y"]) + float(bar["height"]) <= height + 0.1
    assert ("none" in [one.text() for one in tree.css("text")]) == (not left or not right)
    many = any(len(side) > MOST_NEIGHBOURS and len(side) >= 60 for side in (left, right))
    assert any("+ more sites" in name for name, _ in titles) == many


def test_a_matrix_has_the_greatest_first():
    tree = LexborHTMLParser(
        str(
            matrix(
                [
                    Copying(site="a", original="x", count=3),
                    Copying(site="b", original="y", count=1_234_567),
                    Copying(site="b", original="x", count=2),
                ]
            )
        )
    )
    names = [one.text() for one in tree.css("text.name")]
    assert names == ["b", "a", "y", "x"]
    assert "1M" in [one.text() for one in tree.css("text")]
    assert len(tree.css("rect")) == 3
    fills = [float(one.attributes["fill-opacity"]) for one in tree.css("rect")]
    assert max(fills) == fills[1] == 0.45
