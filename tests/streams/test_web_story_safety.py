"""The pages on which outcomes are looked up: what pages say stays text, and who may read them."""

import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from cleanwire.events import CleanArticle
from cleanwire.explain import Difference, explain_copy, explain_event
from cleanwire.explain.explanation import AsItCame, Brand, Rejected, Unseen
from helpers.view_pages import Bus, browsing, decided
from helpers.view_records import name_of, outcome
from helpers.view_stand import (
    LIMITS,
    NO_COUNT,
    NOW,
    SAMPLES,
    SHARED,
    ask,
    known,
    offset_of,
    standing,
)
from helpers.web_server import followed_below_a_path
from streams.web.articles.record_reader import Found
from streams.web.articles.source_text import source_of
from streams.web.pages.article import (
    Comparison,
    Looked,
    article,
    source,
)
from streams.web.pages.articles import Answer, Form, Listing, articles
from streams.web.store.model import OutcomeRecord, Part, Place, Stored
from streams.web.store.writer import now_ms


@pytest.fixture(scope="module")
def stand(tmp_path_factory):
    """The view over the sample pages: its port, the outcomes, and the bus."""
    with standing(tmp_path_factory.mktemp("stand")) as found:
        yield found


HOSTILE = st.lists(
    st.sampled_from(
        ["<script>alert(1)</script>", "</title>", "</bdi>", "</pre>", "</textarea>", "<!--", "-->", "<svg onload=x>",
         "'", '"', "`", "&#60;b&#62;", "<", ">", "\x00", "\x1b[31m", "\r\n", "\u2028", "\u202e", "\ufeff", "\ufdd0",
         "\U000e0041", "javascript:alert(1)", "{{ 7 * 7 }}", "{% raw %}", "é"]
    )
    | st.text(max_size=8),
    max_size=6,
).map("".join)  # fmt: skip


def elements(html):
    tree = LexborHTMLParser(html)
    return [(node.tag, node.attributes) for node in tree.css("*")], tree.root.text(deep=True)


def everything(said):
    """Every page of a page whose every text is `said`."""
    place = Place(topic=f"t{said}", partition=0, offset=1)
    raw = Place(topic="raw-pages", partition=0, offset=1)
    seen = OutcomeRecord(
        place=place, at=0, outcome="duplicate", kind="near", source=raw, article=32 * "a", similarity=0.5,
        url=f"u{said}", site=f"s{said}", title=f"t{said}", lead=f"l{said}", language=f"g{said}", words=7,
        copy_of=32 * "b", copy_of_url=f"c{said}", copy_of_site=f"d{said}", detail=f"e{said}",
        published_at=f"p{said}", modified_at=f"m{said}",
    )  # fmt: skip
    original = dataclasses.replace(
        seen, article=32 * "b", outcome="clean", kind="new", copy_of=None
    )
    rejected = dataclasses.replace(
        seen, article=None, outcome="rejected", kind="no-article", copy_of=None
    )
    originals = {32 * "b": original}
    items = (
        Stored(key=1, record=seen),
        Stored(key=2, record=original),
        Stored(key=3, record=rejected),
    )
    part = Part(items=items, following=None)
    explanation = explain_event(EVENT)
    block = explanation.blocks.listed[0]
    explanation = dataclasses.replace(
        explanation,
        came=AsItCame(url=f"u{said}", content_type=f"c{said}", declared={"meta": f"m{said}"}),
        rejected=Rejected(reason="no-article", detail=f"d{said}", step="article"),
        blocks=dataclasses.replace(
            explanation.blocks,
            listed=tuple(
                dataclasses.replace(block, text=f"b{said}", path=f"p{said}", fate=fate)
                for fate in ("body", "out")
            ),
            brand=Brand(
                brand=f"b{said}",
                first_witness=f"f{said}",
                second_witness=f"s{said}",
                title_before=f"t{said}",
                title=f"t{said}",
                places=1,
                paragraphs=(),
            ),
            unseen=(Unseen(tag="select", path=f"p{said}", text=f"t{said}"),),
            unseen_counts={"select": 1},
        ),
        kind=dataclasses.replace(explanation.kind, tokens=((f"t{said}", 0.1),)),
        fields=tuple(
            dataclasses.replace(
                field,
                value=f"v{said}",
                places=tuple(
                    dataclasses.replace(one, where=f"w{said}", said=f"s{said}")
                    for one in field.places
                ),
            )
            for field in explanation.fields
        ),
    )
    result = explain_copy("one two three", "one two four", LIMITS)
    runs = tuple(dataclasses.replace(run, text=f"r{said}") for run in result.diff.runs)
    compared = Comparison(
        with_="original",
        result=dataclasses.replace(result, diff=dataclasses.replace(result.diff, runs=runs)),
    )
    looked = Looked(
        explanation=explanation,
        published=None,
        published_fault=f"f{said}",
        comparisons=(compared, Comparison(with_="revision", why_not=f"y{said}")),
    )
    yield article(
        known(seen, timeline=part, originals=originals, name=32 * "a"), looked, LIMITS, NOW
    )
    published = CleanArticle(
        **{field.name: f"x{said}" for field in dataclasses.fields(CleanArticle)}
    )
    looked = dataclasses.replace(
        looked,
        published=published,
        differences=(Difference(field="tags", published=(f"p{said}",), now=f"n{said}"),),
    )
    copies = Part(items=items[:1], following=7)
    yield article(known(original, copies=copies, name=32 * "b"), looked, LIMITS, NOW)
    yield article(
        known(rejected, name="raw-pages:0:1"), Looked(explanation_fault=f"f{said}"), LIMITS, NOW
    )
    listing = Listing(part=part, count=NO_COUNT, originals=originals)
    yield articles(Form(), Answer(listing=listing), NOW)
    yield articles(Form(), Answer(problems=[f"p{said}"]), NOW)
    shown = source_of(
        Found(
            value=f"v{said}".encode("utf-8", "replace"),
            headers=[(f"h{said}", f"h{said}".encode("utf-8", "replace"))],
        )
    )
    yield source(
        32 * "a", seen, dataclasses.replace(shown, members=[(f"m{said}", f"n{said}")]), NOW
    )


EVENT = SAMPLES[offset_of("near")].value


def without_site(found):
    """The elements without the link to the site's page, whose address has the site's name.

    Names that cannot be in a path have no link.
    """
    sites = [one for one in found if "/sites/" in (one[1].get("href") or "")]
    assert len(sites) <= 1
    for tag, attributes in sites:
        assert tag == "a"
        assert list(attributes) == ["href"]
        assert re.fullmatch(r"\.\./sites/[A-Za-z0-9._~%-]+", attributes["href"])
    return [one for one in found if one not in sites]


@pytest.mark.slow
@given(HOSTILE)
def test_nothing_that_a_page_says_becomes_an_element_or_an_attribute(said):
    for hostile, plain in zip(everything(said), everything("plain"), strict=True):
        (found, text), (expected, _) = elements(hostile), elements(plain)
        assert without_site(found) == without_site(expected)
        assert all(sign.isprintable() for sign in text.replace("\n", ""))


@given(HOSTILE)
def test_what_is_typed_stays_the_value_of_its_field(said):
    form = Form(**dict.fromkeys([field.name for field in dataclasses.fields(Form)], f"x{said}"))
    tree = LexborHTMLParser(articles(form, Answer(), NOW))
    plain = LexborHTMLParser(
        articles(
            Form(**dict.fromkeys([field.name for field in dataclasses.fields(Form)], "x")),
            Answer(),
            NOW,
        )
    )
    assert [node.tag for node in tree.css("*")] == [node.tag for node in plain.css("*")]
    assert {tuple(node.attributes) for node in tree.css("input")} == {
        tuple(node.attributes) for node in plain.css("input")
    }


@pytest.mark.parametrize(
    ("url", "is_linked"),
    [
        ("https://gull.example/a?b=1", True),
        ("HTTP://gull.example/", True),
        ("javascript:alert(1)//https://x", False),
        ("file:///etc/passwd", False),
        ("https://gull.example/a b", False),
        ("https://gull.example/\u202e", False),
    ],
)
def test_only_a_web_address_is_a_link_to_its_site(url, is_linked):
    seen = OutcomeRecord(
        place=Place(topic="t", partition=0, offset=0),
        at=0,
        outcome="clean",
        kind="new",
        url=url,
        article=32 * "a",
    )
    links = LexborHTMLParser(article(known(seen), Looked(), LIMITS, NOW)).css("a[rel]")
    assert [node.attributes["href"] for node in links] == ([url] if is_linked else [])
    assert all(node.attributes["rel"].startswith("noreferrer nofollow") for node in links)


def test_all_pages_work_below_a_path_of_a_proxy(tmp_path):
    bus = Bus()
    kinds = ("clean", "duplicate/near", "clean", "rejected/no-article")
    values = [next(one.value for one in SAMPLES if one.expected == kind) for kind in kinds]
    with browsing(tmp_path, decided(values, bus), bus) as port:
        _, seen = followed_below_a_path(port)
    assert set(seen.values()) == {200}
    assert sum(address.endswith("/source") for address in seen) >= 2


def test_stories_and_sources_need_the_token(tmp_path):
    bus = Bus()
    entries = decided([SAMPLES[0].value], bus)
    with browsing(tmp_path, entries, bus, token=SHARED) as port:
        for path in (
            "/articles",
            f"/articles/{entries[0].article}",
            f"/articles/{entries[0].article}/source",
        ):
            assert ask(port, path)[0] == 401
            assert ask(port, path, Authorization=f"Bearer {SHARED}")[0] == 200
            assert ask(port, path, "POST", Authorization=f"Bearer {SHARED}")[0] == 405
    assert len(bus.asked) > 0


@pytest.mark.parametrize("path", ["", "/source"])
def test_only_raw_pages_are_read_as_raw_pages(tmp_path, path):
    """Whoever may write an outcome could name the record of a withdrawn article as its raw page."""
    bus = Bus()
    place = Place(topic="clean-articles", partition=0, offset=7)
    bus.kept["clean-articles", 7] = Found(value=b'{"text": "what was withdrawn"}')
    entry = outcome(1, "near", at=now_ms() - 1000, source=place, similarity=0.9)
    with browsing(tmp_path, [entry], bus) as port:
        status, page = ask(port, f"/articles/{name_of(1)}{path}")
    assert status == 200
    assert "what was withdrawn" not in page
    assert "a record of another topic as its raw record" in page
    assert place not in bus.asked
