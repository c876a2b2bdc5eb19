"""One page's story: over a real store, without a broker."""

import asyncio
import dataclasses
import itertools
import re
import urllib.parse

import pytest
from selectolax.lexbor import LexborHTMLParser

from cleanwire.events import CleanArticle
from cleanwire.explain import Explanation, explain_event
from cleanwire.explain.explanation import AsItCame, Rejected
from cleanwire.explain.word_diff import diff_words
from cleanwire.urls import normalize_url
from helpers.view_pages import GONE, Bus, Explainer, decided
from helpers.view_stand import (
    LIMITS,
    NOW,
    SAMPLES,
    ask,
    known,
    of_kind,
    offset_of,
    standing,
    tree_of,
    words_of,
)
from streams.errors import OperationalError
from streams.runtime.explainer import ExplainerBusyError
from streams.settings import Settings
from streams.testing.ports import free_port
from streams.web.articles.page_story import looked_at, published_of
from streams.web.articles.record_reader import Found, Missing, RecordReader
from streams.web.articles.source_text import source_of
from streams.web.pages.article import (
    MOST_BLOCKS,
    MOST_SOURCE,
    Looked,
    article,
    pieces,
    segments,
)
from streams.web.pages.article_links import filter_by_name, name_of_page
from streams.web.pages.rendering import NAVIGATION
from streams.web.store.model import OutcomeRecord, Place


@pytest.fixture(scope="module")
def stand(tmp_path_factory):
    """The view over the sample pages: its port, the outcomes, and the bus."""
    with standing(tmp_path_factory.mktemp("stand")) as found:
        yield found


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


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ExplainerBusyError(4), "4 pages wait"),
        (OperationalError("no process", "mount it"), "no process; mount it."),
    ],
)
def test_an_explainer_that_is_busy_or_unfit_is_said(error, why):
    class Busy(Explainer):
        async def explain(self, _):
            raise error

    bus = Bus()
    (seen,) = decided([SAMPLES[0].value], bus)
    looked = asyncio.run(looked_at(known(seen), bus, Busy()))
    assert looked.explanation_fault.startswith(f"The page was not cleaned again: {why}")
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
    (seen,) = decided([SAMPLES[offset_of("near")].value], bus)
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
