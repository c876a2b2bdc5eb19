"""Explanations of pages: the same answer as cleaning, every block, every place, always bounded."""

import gzip
import json
import random

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanwire.clean import clean_event, clean_page
from cleanwire.errors import PageRejected
from cleanwire.explain import differences, explain_event, explain_page
from cleanwire.explain.explanation import (
    MOST_BLOCK_CHARACTERS,
    MOST_BLOCKS,
    MOST_CHARACTERS,
    MOST_ELEMENTS,
    MOST_PLACES,
    MOST_SAID,
)
from cleanwire.extract.body.rules import Rule
from helpers.hostile_pages import KINDS, make
from streams.testing.samples import sample_pages

STORY = [
    "The old mill at the end of the valley turned again on Friday, after four years of silence.",
    "Three hundred people each paid two hundred crowns for a share, and for the new roof.",
    "Eleven workers can make four thousand sheets a day, and the first orders have come in.",
    "The water board had closed the weir in the spring, and opened it again in the autumn.",
]
PARAGRAPHS = "".join(f"<p>{line}</p>" for line in STORY)
MORE = PARAGRAPHS.replace("mill", "forge").replace("paid", "lent").replace("Eleven", "Twelve")
GATE = "The gate of the old mill was hidden by the reeds, and nobody had opened it for years."
URL = "https://post.example/2026/05/03/mill"


def cleaned(clean, *args, **options):
    """The article, or the reason and detail of the rejection."""
    try:
        return clean(*args, **options)
    except PageRejected as error:
        return error.reason, error.detail


def answer(explanation):
    """What `cleaned` gives, of an explanation."""
    rejected = explanation.rejected
    return explanation.article if rejected is None else (rejected.reason, rejected.detail)


def check(explanation):
    """The bounds and the form of an explanation hold."""
    written = orjson.dumps(explanation)
    assert orjson.loads(written)["cleaner"] == explanation.cleaner
    assert (explanation.article is None) == (explanation.rejected is not None)
    for field in explanation.fields:
        assert len(field.places) <= MOST_PLACES
        assert sum(place.stands == "used" for place in field.places) <= 1
        assert all(len(place.said) <= MOST_SAID for place in field.places)
    blocks = explanation.blocks
    if blocks is not None:
        assert len(blocks.listed) <= MOST_BLOCKS
        assert all(len(block.text) <= MOST_BLOCK_CHARACTERS for block in blocks.listed)
        assert sum(len(block.text) for block in blocks.listed) <= MOST_CHARACTERS
        assert len(blocks.unseen) <= MOST_ELEMENTS
        assert blocks.left_out >= 0


def explained(body, **options):
    explanation = explain_page(body, url=URL, fetched_at="2026-05-04T00:00:00Z", **options)
    check(explanation)
    return explanation


def by_text(explanation):
    return {block.text: block for block in explanation.blocks.listed}


def places(explanation, name):
    field = next(field for field in explanation.fields if field.name == name)
    return field.value, {place.where: place.stands for place in field.places}


@pytest.mark.parametrize("sample", sample_pages(), ids=lambda sample: sample.name)
@pytest.mark.parametrize("require_article", [True, False])
def test_a_sample_page_is_explained_as_it_is_cleaned(sample, require_article):
    explanation = explain_event(sample.value, require_article=require_article)
    check(explanation)
    expected = cleaned(clean_event, sample.value, require_article=require_article)
    assert answer(explanation) == expected


@pytest.mark.slow
def test_300_real_pages_are_explained_as_they_are_cleaned(shared):
    paths = sorted((shared / "data" / "extraction").glob("*/pages/*.html.gz"))
    assert len(paths) > 1000
    kinds = set()
    for path in random.Random(7).sample(paths, 300):
        body = gzip.decompress(path.read_bytes())
        fetch = {"url": f"https://a.example/{path.stem}", "fetched_at": "2026-11-03T10:00:00Z"}
        explanation = explain_page(body, content_type="text/html; charset=utf-8", **fetch)
        check(explanation)
        expected = cleaned(clean_page, body, content_type="text/html; charset=utf-8", **fetch)
        assert answer(explanation) == expected, path.name
        kinds.add(explanation.rejected is None)
        article = explanation.article
        if article is not None and not explanation.blocks.from_data:
            whole = " ".join(article.text.split())
            listed = [block for block in explanation.blocks.listed if block.fate == "body"]
            kept = sum(block.text[:60] in whole for block in listed)
            assert kept >= 0.9 * len(listed), path.name
    assert kinds == {True, False}


@settings(max_examples=150)
@given(st.sampled_from(sorted(KINDS)), st.integers(0, 2**32), st.booleans())
def test_hostile_events_are_explained_as_they_are_cleaned(kind, seed, require_article):
    value = make(kind, seed, 0).value
    explanation = explain_event(value, require_article=require_article, max_page_bytes=1 << 20)
    check(explanation)
    expected = cleaned(clean_event, value, require_article=require_article, max_page_bytes=1 << 20)
    assert answer(explanation) == expected


@settings(max_examples=150)
@given(
    st.binary(max_size=400),
    st.sampled_from([None, "text/html", "text/plain", "text/html; charset=gbk", "\x00;charset=x"]),
    st.booleans(),
)
def test_any_bytes_are_explained(noise, content_type, inside):
    body = PARAGRAPHS.encode() + noise + PARAGRAPHS.encode() if inside else noise
    explanation = explain_page(body, content_type=content_type)
    check(explanation)
    assert answer(explanation) == cleaned(clean_page, body, content_type=content_type)


@settings(max_examples=100)
@given(st.binary(max_size=300))
def test_any_event_is_explained(value):
    explanation = explain_event(value)
    check(explanation)
    assert answer(explanation) == cleaned(clean_event, value)


def test_a_page_of_many_blocks_is_cut_and_says_how_much():
    explanation = explained("".join(f"<p>Paragraph {n} ends here.</p>" for n in range(5000)))
    blocks = explanation.blocks
    assert (len(blocks.listed), blocks.left_out) == (MOST_BLOCKS, 5000 - MOST_BLOCKS)
    long = explained("<p>" + "word " * 5000 + "ends.</p>" + PARAGRAPHS)
    assert long.blocks.listed[0].text.endswith("…")
    navigated = explained("<nav>" + "<p>Way out</p>" * 3000 + "</nav>" + PARAGRAPHS)
    assert len(navigated.blocks.listed) + navigated.blocks.left_out == 3004


def test_how_a_page_came():
    latin = "<meta charset=koi8-r><p>Старая мельница в конце долины заработала снова.</p>"
    came = explained(latin.encode("koi8-r"), content_type="text/html").came
    assert (came.kind, came.charset, came.charset_by) == ("html", "koi8-r", "meta")
    came = explained(latin.encode("utf-8"), content_type="text/html; charset=koi8-r").came
    assert (came.charset, came.charset_by) == ("utf-8", "the bytes")
    assert came.declared == {"header": "koi8-r", "meta": "koi8-r"}
    came = explained(latin.encode("utf-8-sig")).came
    assert (came.charset_by, came.declared["BOM"]) == ("BOM", "utf-8")
    came = explained("Ein Text über Mühlen".encode("cp1252"), content_type="text/plain").came
    assert (came.kind, came.charset_by, came.size) == ("text", "detection", 20)
    assert explained("plain").came.charset_by == "event"


def test_every_block_says_what_took_it():
    comments = "".join(
        f"<li class=comment><p>Reader {n} says that the wheel is a joy to see and to hear.</p></li>"
        for n in range(3)
    )
    page = (
        "<style>.g { display: none }</style>"
        "<nav><a href=/n>News</a></nav><article><h1>Mill turns again</h1>"
        f"<p>3 May 2026</p>{PARAGRAPHS}<div class=g><p>{GATE}</p></div>{MORE}"
        "</article>"
        f"<section id=comments><h2>3 comments</h2><ul>{comments}</ul></section>"
        "<footer><p>Imprint</p></footer><button>Share this</button>"
    )
    explanation = explained(page)
    blocks = by_text(explanation)
    assert (blocks["News"].by, blocks["News"].probability) == ("navigation", None)
    assert blocks["Imprint"].by == "navigation"
    assert (blocks[GATE].fate, blocks[GATE].by) == ("out", "hidden")
    assert blocks[GATE].probability > 0.5
    assert all(block.by == "comments" for text, block in blocks.items() if "Reader" in text)
    body = [block for block in explanation.blocks.listed if block.fate == "body"]
    assert [block.text for block in body][: len(STORY)] == STORY
    assert all(block.by == "model" and block.probability > 0.5 for block in body)
    order = [block.text for block in explanation.blocks.listed]
    assert order.index("News") < order.index(STORY[0]) < order.index("Imprint")
    assert blocks[STORY[0]].path == "article > p"
    assert explanation.blocks.unseen_counts == {"button": 1}
    assert explanation.blocks.unseen[0].text == "Share this"
    assert 0.5 < explanation.blocks.expected_f1 <= 1
    assert 0 < explanation.blocks.least_probability <= 1


def test_a_second_printing_is_named():
    twice = f"<div class=phone>{PARAGRAPHS}</div><div class=desk>{PARAGRAPHS}</div>"
    explanation = explained(f"<article><h1>Mill turns again</h1>{MORE}{twice}</article>")
    twice = STORY[:3]
    fates = [(block.fate, block.by) for block in explanation.blocks.listed if block.text in twice]
    assert fates == [("body", "model")] * 3 + [("out", "second printing")] * 3


def test_every_rule_has_a_name_that_some_page_shows():
    seen = {
        block.by
        for sample in sample_pages()
        if (explanation := explain_event(sample.value)).blocks is not None
        for block in explanation.blocks.listed
    }
    assert {"model", "navigation", "title"} <= seen
    assert seen <= {*Rule.__args__, "model", "model again", "navigation", "JSON-LD"}


def test_a_plain_text_page_names_what_its_rules_took():
    lines = ["Valley Post", "Mill turns again at last", "3 May 2026", *STORY, "Views: 312"]
    explanation = explained("\n".join(lines), content_type="text/plain")
    blocks = by_text(explanation)
    assert all(blocks[line].fate == "body" for line in STORY)
    assert blocks["Views: 312"].fate == "out"
    assert blocks["Views: 312"].looks_like == "counter"
    title = explanation.fields[0]
    assert title.value == title.places[0].said == "Mill turns again at last"
    assert (title.places[0].where, title.places[0].stands) == ("line above the body", "used")
    assert places(explanation, "published_at")[0] == "2026-05-03"


def test_a_glued_brand_names_both_witnesses():
    explanation = explain_event(sample_pages()[1].value)
    brand = explanation.blocks.brand
    assert brand.brand == "NovaPulse"
    assert brand.title_before == f"NovaPulse-{brand.title}"
    assert brand.second_witness == "after a comma in the text, without a blank"
    assert brand.paragraphs == (0,)
    assert brand.places == 2


def test_every_value_says_where_it_stood():
    data = {
        "@type": "NewsArticle",
        "headline": "Mill turns again",
        "datePublished": "2026-05-03T08:00:00Z",
        "dateModified": "2026-05-03T09:00:00Z",
        "author": [{"@type": "Person", "name": "Ada Quill"}],
        "publisher": {"@type": "Organization", "name": "Valley Post"},
        "articleSection": "Water",
        "isAccessibleForFree": False,
        "inLanguage": "en-GB",
    }
    page = (
        "<html lang=en><head><title>Mill turns again | Valley Post</title>"
        "<meta property=og:title content='Mill turns'><meta property=og:image content=/mill.jpg>"
        "<meta property=article:published_time content='2026-05-02T08:00:00Z'>"
        "<meta name=keywords content='mill, water'><link rel=canonical href=/mill>"
        f"<script type='application/ld+json'>{json.dumps(data)}</script></head><body><article>"
        f"<h1>Mill turns again</h1><p class=byline>By Ada Quill</p>{PARAGRAPHS}</article></html>"
    )
    explanation = explained(page)
    value, said = places(explanation, "title")
    assert value == "Mill turns again"
    assert said["h1 (article > h1)"] == "used"
    assert said["JSON-LD NewsArticle.headline"] == said["title element"] == "agrees"
    value, said = places(explanation, "published_at")
    assert value == "2026-05-03T08:00:00Z"
    assert said["JSON-LD NewsArticle.datePublished"] == "used"
    assert said["meta article:published_time"] == "differs"
    assert said["day in the URL"] == "agrees"
    value, said = places(explanation, "authors")
    assert value == ("Ada Quill",)
    assert said["JSON-LD NewsArticle.author"] == "used"
    assert said["element article > p.byline"] == "agrees"
    used = {
        field.name: place.where
        for field in explanation.fields
        for place in field.places
        if place.stands == "used"
    }
    assert used["modified_at"] == "JSON-LD NewsArticle.dateModified"
    assert used["declared_language"] == used["language"] == "html lang"
    assert used["canonical_url"] == "link rel=canonical"
    assert used["site_name"] == "JSON-LD NewsArticle.publisher.name"
    assert used["image"] == "meta og:image"
    assert used["section"] == "JSON-LD NewsArticle.articleSection"
    assert used["tags"] == "meta keywords"
    assert used["paywalled"] == "JSON-LD NewsArticle.isAccessibleForFree"
    assert places(explanation, "paywalled")[0] is True


def test_a_date_of_an_element_and_a_detected_language():
    page = f"<h1>Mill turns again</h1><time class=when datetime=2026-05-03>Sunday</time>{PARAGRAPHS * 3}"
    explanation = explained(page)
    _, said = places(explanation, "published_at")
    assert said["element time.when datetime"] == "used"
    value, said = places(explanation, "language")
    assert (value, said) == ("en", {"detected in the text": "used"})


def test_a_list_shows_the_figures_that_rejected_it():
    home = next(sample for sample in sample_pages() if sample.name == "home page")
    explanation = explain_event(home.value)
    assert (explanation.rejected.reason, explanation.rejected.step) == ("no-article", "article")
    kind = explanation.kind
    assert kind.links >= kind.fewest_links
    assert kind.first < kind.sure
    assert kind.second < kind.threshold
    assert kind.features["blocks"] > 0
    assert kind.tokens
    assert all(lever.probability >= kind.threshold for lever in kind.levers)
    # Its blocks are shown, and what cleaning makes of it where every page is taken.
    assert explanation.blocks.listed
    taken = clean_event(home.value, require_article=False)
    assert explanation.would_be == taken
    assert explanation.signature.words == taken.word_count


def test_an_error_page_shows_its_blocks_and_status():
    missing = next(sample for sample in sample_pages() if sample.name == "missing page")
    explanation = explain_event(missing.value)
    assert (explanation.rejected.reason, explanation.rejected.step) == ("http-error", "event")
    assert explanation.came.status == 404
    assert explanation.blocks.listed


def test_what_an_event_without_a_page_tells_is_shown():
    value = orjson.dumps({"url": "ftp://a.example/", "fetched_at": "x", "status": 200, "body": ""})
    explanation = explain_event(value)
    assert explanation.rejected.reason == "invalid-event"
    assert (explanation.came.url, explanation.came.status) == ("ftp://a.example/", 200)
    assert explain_event(None).rejected.reason == "not-json"


def test_a_body_from_json_ld_is_told():
    body = " ".join(STORY * 10)
    data = json.dumps({"@type": "NewsArticle", "headline": "Mill", "articleBody": body})
    page = f"<h1>Mill turns again</h1><script type='application/ld+json'>{data}</script><p>{STORY[0]}</p>"
    explanation = explained(page)
    assert explanation.blocks.from_data
    assert by_text(explanation)[STORY[0]].by == "JSON-LD"
    assert all(block.fate == "out" for block in explanation.blocks.listed)


def test_differences_name_the_fields():
    one = explained(f"<h1>Mill turns again</h1>{PARAGRAPHS}").article
    other = explained(
        f"<h1>Mill turns again at last</h1>{PARAGRAPHS}<p>{STORY[0]} Again.</p>"
    ).article
    assert differences(one, one) == ()
    assert [found.field for found in differences(other, one)] == [
        "id",
        "title",
        "word_count",
        "text",
        "blocks",
    ]
