"""The pages on which outcomes are looked up: over a real store, without a broker."""

import asyncio
import dataclasses
import http.client
import http.server
import itertools
import re
import threading
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from cleanwire.events import CleanArticle
from cleanwire.explain import Difference, Explanation, explain_copy, explain_event
from cleanwire.explain.explanation import AsItCame, Brand, Rejected, Unseen
from cleanwire.explain.word_diff import diff_words
from cleanwire.similarity.index import Thresholds
from cleanwire.urls import normalize_url
from helpers.view_pages import GONE, Bus, Explainer, browsing, decided
from streams.runtime.explainer import ExplainerBusyError
from streams.settings import Settings
from streams.testing.ports import free_port
from streams.testing.samples import sample_pages
from streams.web.articles.page_story import looked_at, published_of
from streams.web.articles.record_reader import Found, Missing, RecordReader
from streams.web.articles.search_form import query_of
from streams.web.articles.source_text import source_of
from streams.web.pages.article import (
    MOST_BLOCKS,
    MOST_SOURCE,
    Comparison,
    Known,
    Looked,
    article,
    pieces,
    segments,
    source,
)
from streams.web.pages.article_links import filter_by_name, name_of_page
from streams.web.pages.articles import Answer, Form, Listing, articles
from streams.web.pages.rendering import NAVIGATION
from streams.web.store.model import Count, OutcomeRecord, Part, Place, Stored

SHARED = "sixteen-and-more"
NOW = 1_800_000_000.0
SAMPLES = sample_pages()
LIMITS = Thresholds(near=0.45, excerpt=0.7)
NO_COUNT = Count(number=0, more=False)


def offset_of(kind):
    return next(n for n, one in enumerate(SAMPLES) if one.expected.endswith(kind))


@pytest.fixture(scope="module")
def stand(tmp_path_factory):
    """The view over the sample pages: its port, the outcomes, and the bus."""
    bus = Bus()
    entries = decided([sample.value for sample in SAMPLES], bus)
    with browsing(tmp_path_factory.mktemp("stand"), entries, bus) as port:
        yield port, entries, bus


def ask(port, path, method="GET", **headers):
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        client.request(method, path, headers=headers)
        answer = client.getresponse()
        return answer.status, answer.read().decode()
    finally:
        client.close()


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


# The list


def test_a_page_is_found_by_url_id_words_and_place(stand):
    near = of_kind(stand, "near")
    original = next(one for one in stand[1] if one.article == near.copy_of)
    wanted = f"./articles/{near.article}"
    assert wanted in listed(stand, "?" + urllib.parse.urlencode({"q": near.url}))
    assert listed(stand, f"?q={near.article.upper()}") == [wanted]
    assert listed(stand, f"?q=raw-pages:0:{near.source.offset}") == [wanted]
    words = urllib.parse.urlencode({"q": " ".join(original.title.split()[:3])})
    assert f"./articles/{original.article}" in listed(stand, f"?{words}&outcome=clean")
    assert listed(stand, "?q=lighthouse+nowhere+ever") == []


@pytest.mark.parametrize("kind", ["new", "near", "excerpt", "no-article", "not-json"])
def test_the_list_is_filtered_by_kind_and_outcome(stand, kind):
    tree = tree_of(stand, f"/articles?kind={kind}")
    found = [node.text().split() for node in tree.css("tbody tr td:nth-child(2)")]
    expected = [one for one in stand[1] if one.kind == kind]
    assert found == [[one.outcome, kind] for one in expected]
    assert words_of(tree, "h2").startswith(f"{len(expected)} outcome")
    assert (
        tree.css_first(f"select[name=kind] option[value={kind}]").attributes.get("selected", 0)
        is None
    )


def test_the_list_is_filtered_by_site_and_time(stand):
    one = of_kind(stand, "excerpt")
    tree = tree_of(stand, f"/articles?site={one.site.upper()}&outcome=duplicate")
    assert one.url in words_of(tree)
    assert listed(stand, "?since=2100-01-01T00:00") == []
    assert listed(stand, "?until=1999-12-31") == []
    assert listed(stand, "?since=1999-12-31T23:59:59%2B01:00&kind=near")


def test_the_list_goes_on_where_it_ended(tmp_path):
    bus = Bus()
    record = decided([SAMPLES[0].value], bus)[0]
    many = [
        dataclasses.replace(
            record, at=record.at - n, source=dataclasses.replace(record.source, offset=n)
        )
        for n in range(120)
    ]
    with browsing(tmp_path, many, bus) as port:
        seen, query, pages = [], "?outcome=clean", 0
        while query:
            tree = LexborHTMLParser(ask(port, f"/articles{query}")[1])
            assert words_of(tree, "main h2") == "120 outcomes"
            seen += [node.text() for node in tree.css("tbody time")]
            links = {node.text(): node.attributes["href"] for node in tree.css(".pager a")}
            assert ("Newest" in links) == (pages > 0)
            query, pages = links.get("Older"), pages + 1
        assert (len(seen), pages) == (120, 3)
        assert seen == sorted(seen, reverse=True)


def test_a_copy_shows_the_title_of_what_it_copies(stand):
    near = of_kind(stand, "near")
    original = next(one for one in stand[1] if one.article == near.copy_of)
    tree = tree_of(stand, f"/articles?q={near.article}")
    link = tree.css_first(f'td a[href="./articles/{near.copy_of}"]')
    assert link.text() == original.title


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("since=yesterday", "The time “yesterday” in “from” cannot be read"),
        ("until=2026-13-45T10:00", "The time “2026-13-45T10:00” in “until” cannot be read"),
        ("since=9999999999999999999", "cannot be read; write it like 2026-11-03T10:00"),
        ("since=2026-11-04&until=2026-11-03", "The time range is empty"),
        ("outcome=lost", "There is no outcome “lost”; choose clean, duplicate, rejected."),
        ("kind=%3Cb%3E", "There is no kind or reason “<b>”"),
        ("outcome=clean&kind=near", "No clean page has the kind near"),
        ("before=-1", "The list cannot go on at “-1”"),
        ("before=99999999999999999999", "which is no key"),
        ("q=%21%3F", "has no letter and no digit"),
        ("since=" + "9" * 3000, "…”"),
    ],
)
def test_a_query_that_is_wrong_is_told_what_is(stand, query, says):
    tree = tree_of(stand, f"/articles?{query}", status=400)
    assert says in words_of(tree, "[role=alert]")
    assert not tree.css("table")


@given(
    st.dictionaries(
        st.sampled_from(["q", "site", "outcome", "kind", "since", "until", "before"]),
        st.text(max_size=30)
        | st.sampled_from(["clean", "near", "0001-01-01T00:00+23:59", "9999-12-31T23:59-23:59", "20261103", "2026-W45", "1"]),
    )
)  # fmt: skip
def test_any_query_is_a_filter_or_a_sentence(given_):
    asked = query_of(given_)
    page = articles(asked.form, Answer(problems=asked.problems), NOW)
    assert len(LexborHTMLParser(page).css("[role=alert] p")) == len(asked.problems)
    if not asked.problems:
        # What a form sends of what it shows is the same query.
        again = {name: text for name, text in dataclasses.asdict(asked.form).items() if text}
        assert query_of(again).wanted == asked.wanted


def test_a_store_that_is_off_says_why_and_the_latest_are_shown(tmp_path):
    with browsing(tmp_path, is_on=False) as port:
        status, body = ask(port, "/articles?kind=near")
        assert status == 200
        assert "The store is off: it is not open yet." in body
        status, body = ask(port, "/articles/" + 32 * "0")
        assert (status, "The store is off" in body) == (503, True)


def test_more_than_can_be_counted_is_said():
    listing = Listing(
        part=Part(items=(), following=None), count=Count(number=10_000, more=True), originals={}
    )
    assert "More than 10,000 outcomes" in articles(Form(), Answer(listing=listing), NOW)


# One page's story


def story(stand, kind, status=200):
    record = of_kind(stand, kind)
    return record, tree_of(stand, f"/articles/{name_of_page(record)}", status)


def test_a_copys_page_shows_what_it_copies_the_figures_and_the_words(stand):
    near, tree = story(stand, "near")
    original = next(one for one in stand[1] if one.article == near.copy_of)
    assert "Dropped as a near copy" in words_of(tree, "#verdict")
    link = tree.css_first("#verdict a")
    assert (link.text(), link.attributes["href"]) == (original.title, f"../articles/{near.copy_of}")
    checks = {
        row.css_first("th").text(): [cell.text() for cell in row.css("td")]
        for row in tree.css(".checks tbody tr")
    }
    assert float(checks["similarity"][0]) == pytest.approx(near.similarity, abs=1e-3)
    assert checks["similarity"][1:3] == ["0.45", "yes"]
    assert checks["equal digests"][2] == "no"
    assert f"{near.similarity:.4f}" in words_of(tree, "#beside-original details")
    mine = explain_event(SAMPLES[near.source.offset].value).article.text
    theirs = explain_event(SAMPLES[original.source.offset].value).article.text
    diff = diff_words(theirs, mine)
    runs = [run for run in diff.runs if run.kind != "equal"]
    assert runs
    for run, node in zip(runs, tree.css(".diff del, .diff ins"), strict=True):
        assert node.tag == {"deleted": "del", "inserted": "ins"}[run.kind]
        assert node.text().partition(": ")[2].split() == run.text.split()


def test_a_rejected_pages_page_shows_why(stand):
    record, tree = story(stand, "no-article")
    assert name_of_page(record) == f"raw-pages:0:{record.source.offset}"
    assert words_of(tree, "#verdict").startswith(
        "Rejected as no-article, because nothing on it is an article"
    )
    assert record.detail in words_of(tree, "#verdict")
    assert tree.css_first("#kind details").attributes.keys() == {"open"}
    record, tree = story(stand, "not-json")
    assert "no JSON object" in words_of(tree, "#verdict")
    assert "URL of the page is not known" in words_of(tree)


def test_an_articles_page_shows_text_metadata_and_copies(stand):
    near = of_kind(stand, "near")
    tree = tree_of(stand, f"/articles/{near.copy_of}")
    article_ = explain_event(
        SAMPLES[next(one for one in stand[1] if one.article == near.copy_of).source.offset].value
    ).article
    assert words_of(tree, "#verdict").startswith("Published, because")
    assert "and nothing differs." in words_of(tree, "#again")
    assert [line.split() for line in tree.css_first(".text .prose").text().split("\n\n")] == [
        line.split() for line in article_.text.split("\n\n")
    ]
    metadata = {row.css_first("th").text(): row for row in tree.css(".metadata tbody tr")}
    assert metadata["title"].css_first("td").text() == article_.title
    assert metadata["title"].css("td")[1].text().strip()
    kept = [node.text(deep=True).split() for node in tree.css(".kept p")]
    assert kept
    assert all(" ".join(words).find("text, by ") > 0 for words in kept)
    assert all(re.search(r"out, by \S", node.text(deep=True)) for node in tree.css(".out p"))
    assert f"../articles/{near.article}" in [
        node.attributes["href"] for node in tree.css("#copies td a")
    ]
    copies = [one for one in stand[1] if one.copy_of == near.copy_of and one.kind != "recrawl"]
    assert words_of(tree, "#copies h2") == f"{len(copies)} copies"


def test_a_revisions_page_shows_what_changed_and_the_timeline(stand):
    record, tree = story(stand, "revision")
    assert "Published as revision 2" in words_of(tree, "#verdict")
    assert tree.css_first("#beside-revision .diff ins, #beside-revision .diff del")
    same = [one for one in stand[1] if normalize_url(one.url or "") == normalize_url(record.url)]
    assert len(tree.css("#timeline tbody tr")) == len(same) > 1


def test_every_sample_has_a_page_with_one_heading_and_ordered_levels(stand):
    for record in stand[1]:
        status, body = ask(stand[0], f"/articles/{name_of_page(record)}")
        assert status == 200
        tree = LexborHTMLParser(body)
        levels = [int(node.tag[1]) for node in tree.css("main h1, main h2, main h3")]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
        assert not tree.css("[style], main script, main img, main iframe")


def test_the_source_is_shown_as_text(stand):
    record = of_kind(stand, "new")
    tree = tree_of(stand, f"/articles/{record.article}/source")
    shown = tree.css_first("pre").text()
    assert "<html" in shown.lower()
    assert {node.tag for node in tree.css("pre *")} == set()
    assert "<b>7</b>" in words_of(tree, "details")
    bad = of_kind(stand, "not-json")
    tree = tree_of(stand, f"/articles/raw-pages:0:{bad.source.offset}/source")
    assert "The record is no JSON object" in words_of(tree)


def test_a_record_that_is_gone_is_said_in_its_place(stand):
    port, entries, bus = stand
    near = of_kind(stand, "near")
    kept = dict(bus.kept)
    try:
        del bus.kept["raw-pages", near.source.offset]
        tree = tree_of(stand, f"/articles/{near.article}")
        assert GONE in words_of(tree, ".story")
        assert "could not be made again" in words_of(tree, "#beside-original")
        assert GONE in words_of(tree_of(stand, f"/articles/{near.article}/source"), "[role=alert]")
        bus.kept.update(kept)
        original = next(one for one in entries if one.article == near.copy_of)
        del bus.kept["clean-articles", original.place.offset]
        assert GONE in words_of(tree_of(stand, f"/articles/{near.article}"), "#beside-original")
        assert GONE in words_of(tree_of(stand, f"/articles/{near.copy_of}"), "#again")
    finally:
        bus.kept.update(kept)
    assert port


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/articles/" + 32 * "0", 404, "The store has no outcome of it"),
        ("/articles/raw-pages:0:99999/source", 404, "The store has no outcome of it"),
        ("/articles/nothing", 404, "32 hexadecimal digits"),
        ("/articles/%3Cb%3E%2F..%2Fx", 404, "32 hexadecimal digits"),
        ("/articles/%00%ff/source", 404, "32 hexadecimal digits"),
        ("/articles/" + 32 * "0" + "?copies=x", 400, "The copies cannot go on at “x”"),
    ],
)
def test_a_name_without_a_page_is_told_why(stand, path, status, says):
    tree = tree_of(stand, path, status)
    assert says in words_of(tree, "[role=alert]")
    base = f"http://h{path}"
    assert {
        urllib.parse.urljoin(base, node.attributes["href"]) for node in tree.css("nav a, main a")
    } == {f"http://h/{target}" for target, _ in NAVIGATION}


def test_no_text_of_a_page_that_was_taken_down_is_read():
    gone = OutcomeRecord(
        place=Place(topic="rejected-pages", partition=0, offset=1),
        at=0,
        outcome="rejected",
        kind="withdrawn",
        source=Place(topic="raw-pages", partition=0, offset=0),
        article=32 * "a",
    )
    bus = Bus()
    looked = asyncio.run(looked_at(known(gone), bus, Explainer()))
    assert (bus.asked, looked.explanation) == ([], None)
    page = article(known(gone), looked, LIMITS, NOW)
    assert "taken down, so its text is not shown" in page
    assert "/source" not in page


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


def test_a_busy_explainer_is_said():
    class Busy(Explainer):
        async def explain(self, _):
            raise ExplainerBusyError(4)

    bus = Bus()
    (seen,) = decided([SAMPLES[0].value], bus)
    looked = asyncio.run(looked_at(known(seen), bus, Busy()))
    assert looked.explanation_fault.startswith("The page was not cleaned again: 4 pages wait")
    assert looked.published is not None
    assert looked.explanation_fault in article(known(seen), looked, LIMITS, NOW)


@pytest.mark.parametrize(
    "value", [b"", b"[]", b"7", b"{}", b'{"text": 7}', b'{"authors": 7}', b"[" * 100_000, b"\xff"]
)
def test_a_foreign_record_is_no_article(value):
    assert published_of(Found(value=value)) == (
        None,
        "The record is no article as this version writes it.",
    )


def test_what_was_published_is_read_back_whole():
    bus = Bus()
    (seen,) = decided([SAMPLES[0].value], bus)
    published, why = published_of(bus.kept["clean-articles", 0])
    assert (published.id, why) == (seen.article, "")
    assert published == CleanArticle(**{
        field.name: getattr(published, field.name) for field in dataclasses.fields(CleanArticle)
    })  # fmt: skip
    # A changed text is shown beside the one of now.
    changed = bus.kept["clean-articles", 0].value.replace(b'"text":"', b'"text":"Furthermore ')
    bus.kept["clean-articles", 0] = Found(value=changed)
    looked = asyncio.run(looked_at(known(seen), bus, Explainer()))
    assert [one.field for one in looked.differences] == ["text", "blocks"]
    (beside,) = looked.comparisons
    assert (beside.with_, beside.result.diff.deleted) == ("published", 1)
    page = article(known(seen), looked, LIMITS, NOW)
    assert "and differs:" in page
    assert "Furthermore" in LexborHTMLParser(page).css_first("#beside-published .diff del").text()


def test_names_of_pages_and_their_filters_belong_together():
    assert filter_by_name(32 * "a").article == 32 * "a"
    place = Place(topic="raw-pages", partition=3, offset=17)
    assert filter_by_name("raw-pages:3:17").source == place
    for name in (
        "",
        32 * "A",
        "raw-pages:3",
        "raw pages:3:17",
        "a:b:c",
        "a:1:" + 19 * "9",
        "\u0663" * 32,
    ):
        assert filter_by_name(name) is None


def test_a_long_source_is_cut_and_any_record_has_one():
    body = "x" * (MOST_SOURCE + 7)
    found = source_of(Found(value=b'{"url": "u", "body": "' + body.encode() + b'"}'))
    assert (len(found.text), found.length) == (MOST_SOURCE, MOST_SOURCE + 7)
    for value in (
        None,
        b"",
        b"\xff\xfe",
        b"[1]",
        b"{}",
        b'{"body": 7}',
        b'{"body_base64": "!"}',
        b'{"body_base64": "JVBERi0="}',
    ):
        assert isinstance(source_of(Found(value=value)).text, str)
    latin = source_of(
        Found(
            value=b'{"content_type": "text/html; charset=iso-8859-1", "body_base64": "PHA+Z3L8bg=="}'
        )
    )
    assert latin.text == "<p>grün"


def test_segments_keep_every_block_in_its_order():
    longest = 0
    for sample in SAMPLES:
        blocks = explain_event(sample.value).blocks
        found = segments(blocks.listed if blocks else ())
        for one in found:
            assert all(block.fate == "body" for block in one.kept)
            assert all(block.fate == "out" for run in one.out for block in run)
            longest = max(longest, *map(len, one.out), 0)
        flat = [block for one in found for run in (*one.out, one.kept) for block in run]
        assert flat == list(blocks.listed if blocks else ())
    assert longest > 1


def test_a_long_common_passage_is_shown_at_its_ends():
    text = " ".join(f"word{n}" for n in range(1000))
    shown = list(pieces(diff_words(f"{text} old", f"{text} new")))
    assert [one.kind for one in shown] == ["equal", "note", "equal", "deleted", "inserted"]
    assert "1,000 words" in shown[1].text


# What pages say stays text

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


@pytest.mark.slow
@given(HOSTILE)
def test_nothing_that_a_page_says_becomes_an_element_or_an_attribute(said):
    for hostile, plain in zip(everything(said), everything("plain"), strict=True):
        (found, text), (expected, _) = elements(hostile), elements(plain)
        assert found == expected
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


# Where the pages are served


class Prefix(http.server.BaseHTTPRequestHandler):
    """A proxy that shows the view below a path of its own, and nothing elsewhere."""

    prefix, upstream = "/ops/cleanwire", 0

    def do_GET(self):
        if not self.path.startswith(f"{self.prefix}/"):
            self.send_error(404)
            return
        status, body = ask(self.upstream, self.path.removeprefix(self.prefix))
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


def test_all_pages_work_below_a_path_of_a_proxy(tmp_path):
    bus = Bus()
    kinds = ("clean", "duplicate/near", "clean", "rejected/no-article")
    values = [next(one.value for one in SAMPLES if one.expected == kind) for kind in kinds]
    handler = type("Handler", (Prefix,), {})
    with (
        browsing(tmp_path, decided(values, bus), bus) as handler.upstream,
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as proxy,
    ):
        thread = threading.Thread(target=proxy.serve_forever)
        thread.start()
        try:
            base = f"http://127.0.0.1:{proxy.server_port}{Prefix.prefix}/"
            seen, left = {}, {base}
            while left:
                address = left.pop()
                seen[address], body = ask(
                    proxy.server_port, address.partition(str(proxy.server_port))[2]
                )
                for node in LexborHTMLParser(body).css("[href], [src], [action]"):
                    for name in ("href", "src", "action"):
                        given_ = node.attributes.get(name)
                        if given_ is not None and not given_.startswith(("http:", "https:")):
                            left.add(
                                urllib.parse.urldefrag(urllib.parse.urljoin(address, given_)).url
                            )
                left -= set(seen)
        finally:
            proxy.shutdown()
            thread.join()
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


def test_a_broker_that_is_away_is_a_sentence(monkeypatch):
    monkeypatch.setattr("streams.web.articles.record_reader.READ_SECONDS", 0.5)

    async def read():
        reader = RecordReader(Settings(broker=f"127.0.0.1:{free_port()}"))
        try:
            return await reader.read([Place(topic="raw-pages", partition=0, offset=0)] * 2)
        finally:
            await reader.close()

    found = asyncio.run(read())
    assert len(found) == 2
    assert all(isinstance(one, Missing) and one.why.startswith("Kafka") for one in found)


def test_a_long_page_is_folded_and_cut():
    bus = Bus()
    (seen,) = decided([EVENT], bus)
    looked = asyncio.run(looked_at(known(seen), bus, Explainer()))
    blocks = looked.explanation.blocks
    many = dataclasses.replace(blocks, listed=blocks.listed[:1] * 1000, left_out=5)
    looked = dataclasses.replace(
        looked,
        explanation=dataclasses.replace(looked.explanation, blocks=many),
        published=dataclasses.replace(looked.published, text="word " * 100_000),
    )
    page = article(known(seen), looked, LIMITS, NOW)
    assert f"{1000 - MOST_BLOCKS} more blocks</summary>" in page
    assert "5 more blocks are not shown" in page
    assert "Only its first 200,000 characters are shown" in page
    assert len(page) < MOST_SOURCE + 1000 * 400


def test_an_explanation_without_blocks_is_a_page():
    seen = OutcomeRecord(
        place=Place(topic="t", partition=0, offset=0),
        at=0,
        outcome="rejected",
        kind="time-limit",
        detail="10 s",
    )
    rejected = Rejected(reason="parser-crashed", detail="it died", step="process")
    looked = Looked(explanation=Explanation(came=AsItCame(), rejected=rejected, cleaner="c"))
    page = article(known(seen), looked, LIMITS, NOW)
    assert "Cleaned again, the page is rejected as parser-crashed: <bdi>it died</bdi>." in page
